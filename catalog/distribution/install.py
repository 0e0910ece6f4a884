"""Installs agents of the catalog into a folder and keeps them up to date; imports nothing but Python's own library.

  python3 install.py code-reviewer test-writer@2   the newest code-reviewer, and test-writer pinned to version 2
  python3 install.py                               updates all that is installed; pinned agents stay as they are
  python3 install.py --outdated                    says what has a newer version, and changes nothing

agents.lock.json beside the agents tells which version of each is installed, by its digest. A file with a text that the
catalog never published was changed by somebody: it is kept unless you say --force. Who wants an older version to stay
pins it. Installed again without @NUMBER, an agent is pinned no more.

A private catalog is read with a token: CATALOG_TOKEN in the environment.
Exit status: 0 all is as you asked, 2 something was refused or failed; with --outdated 1 where something is outdated
that is not pinned, or withdrawn, or not known to the catalog.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import time
import unicodedata
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

CATALOG = "http://127.0.0.1:8000"
LOCK = "agents.lock.json"
DEVICES = re.compile("con|prn|aux|nul|(com|lpt)[0-9¹²³]", re.IGNORECASE)  # no file can be called so on Windows
DIGEST = re.compile("sha256:[0-9a-f]{64}")
MALFORMED = (ValueError, LookupError, TypeError, AttributeError)  # raised by JSON of another form than expected


class Refused(Exception):
    """Something is not done, and a sentence says why."""


class Entry(NamedTuple):
    """What the lock file says of an agent."""

    number: int
    digest: str
    pinned: bool


def checked(name: str) -> str:
    """The name, which is about to become part of a path and of an address."""
    letters = all(c.isalnum() or c == "-" or unicodedata.category(c) in ("Mn", "Mc") for c in name)
    if not letters or not name[:1].isalnum():
        raise Refused("this is not the name of an agent. Letters, digits and hyphens make one.")
    if DEVICES.fullmatch(name):
        raise Refused("no file can have this name on Windows.")
    return name


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def say(sentence: str, to: TextIO = sys.stdout) -> None:
    """Whatever a terminal cannot show, or would obey, is escaped."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
    print(plain.encode(to.encoding, "backslashreplace").decode(to.encoding), file=to, flush=True)


def with_token(request: Request) -> Request:
    """The request, from whoever may read a private catalog. A redirect takes no token along by itself."""
    if token := os.environ.get("CATALOG_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return request


class Redirects(HTTPRedirectHandler):
    """From a former name to the present one, with the token where that is here, too."""

    def redirect_request(self, req: Any, *about: Any) -> Any:
        leads_to = super().redirect_request(req, *about)
        if leads_to and leads_to.full_url.startswith(f"{CATALOG}/"):
            with_token(leads_to)
        return leads_to

    def http_error_308(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:  # new in Python 3.11
        return self.http_error_302(req, fp, 301, msg, headers)


def ask(path: str, what: str, body: bytes | None = None, patience: int = 2) -> bytes:
    """The catalog's answer; any failure is a sentence."""
    headers = {"User-Agent": "agent-catalog-install", "Content-Type": "application/json"}
    request = Request(f"{CATALOG}/api/v1/{path}", body, headers)  # noqa: S310
    try:
        with build_opener(Redirects).open(with_token(request), timeout=30) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        error.close()
        if error.code == 429 and patience:
            after = error.headers.get("Retry-After", "")
            seconds = min(int(after), 60) if after.isdecimal() else 5
            say(f"The catalog is busy and asks for {seconds} s of patience.", sys.stderr)
            time.sleep(seconds)
            return ask(path, what, body, patience - 1)
        reasons = {
            401: "the catalog is private: put a token that is valid into the environment, as CATALOG_TOKEN.",
            404: f"the catalog has no {what}.",
            410: "it was withdrawn from the catalog.",
            429: "the catalog is asked too often from here. Try again later.",
        }
        raise Refused(reasons.get(error.code, f"the catalog failed ({error.code}). Try again later.")) from None
    except (OSError, HTTPException) as error:
        raise Refused(f"{CATALOG} does not answer ({getattr(error, 'reason', error)}).") from None


def find(name: str, number: int | None) -> tuple[str, Entry]:
    """What this agent is called now, and its version of this number or its newest."""
    what = f"version {number} of an agent of this name" if number else "agent of this name"
    try:
        found = json.loads(ask(f"agents/{quote(name)}/versions/{number or 'latest'}", what))
        version = found["version"]
        if version.get("yanked_at"):
            say(f"{name}: version {version['number']} was WITHDRAWN: {version['yank_reason']}", sys.stderr)
        if advice := found.get("deprecation"):
            instead = f" Use {advice['successor']} instead." if advice["successor"] else ""
            say(f"{name}: deprecated. {advice['note']}{instead}", sys.stderr)
        return checked(found["name"]), Entry(int(version["number"]), str(version["digest"]), number is not None)
    except MALFORMED:
        raise Refused(f"what {CATALOG} answered describes no agent.") from None


class News(NamedTuple):
    """What there is to say of an agent that is not in its newest version."""

    sentence: str
    is_outdated: bool  # and nothing worse: neither withdrawn nor unknown to the catalog


def published(name: str, digest: str) -> str:
    """Which version of this agent has this text; "" where none has, so that somebody wrote it."""
    try:
        body = json.dumps({"pins": [{"name": name, "digest": digest}]}).encode()
        told = json.loads(ask("outdated", "way to tell what was published", body))
        if told["current"] == 1:
            return "the newest version"
        [row] = told["outdated"]
        return f"version {row['number']}" if row["status"] != "unknown" else ""
    except MALFORMED:
        return ""


def outdated(lock: dict[str, Entry]) -> dict[str, News]:
    """By name, the news of each agent that is not in its newest version."""
    pins = [{"name": name, "digest": version.digest} for name, version in lock.items()]
    news = {}
    try:
        for start in range(0, len(pins), 1_000):  # the catalog takes no more at once
            body = json.dumps({"pins": pins[start : start + 1_000]}).encode()
            for row in json.loads(ask("outdated", "way to tell what is outdated", body))["outdated"]:
                name, latest = row["name"], row["latest"]
                gone = f" and was WITHDRAWN ({row['reason']})" if row["status"] == "withdrawn" else ""
                gone = " with a text that the catalog does not know" if row["status"] == "unknown" else gone
                here = f"version {lock[name].number} is here{', pinned' if lock[name].pinned else ''}{gone}; "
                newest = f"version {latest['number']} is the newest." if latest else "the catalog offers none any more."
                renamed = f" It is called {latest['name']} now." if latest and latest["name"] != name else ""
                news[name] = News(here + newest + renamed, not gone)
    except MALFORMED:
        raise Refused(f"what {CATALOG} answered does not tell what is outdated.") from None
    return news


def write(file: Path, content: bytes) -> None:
    """All of it or nothing, whatever happens meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{LOCK}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


class Folder:
    """The agents of one folder, and the lock file that tells which they are."""

    def __init__(self, path: Path, dry_run: bool, force: bool) -> None:
        self.path, self.dry_run, self.force = path, dry_run, force
        self.lock: dict[str, Entry] = {}
        file = path / LOCK
        if not file.exists():
            return
        try:
            text = json.loads(file.read_bytes())
            catalog = text["catalog"]
            self.lock = {checked(name): Entry(**agent) for name, agent in text["agents"].items()}
            if not all(held.number > 0 and DIGEST.fullmatch(held.digest) for held in self.lock.values()):
                raise ValueError
        except (*MALFORMED, Refused):
            raise Refused(f"{file} cannot be understood. Mend it or take it away.") from None
        if catalog != CATALOG:
            raise Refused(f"{file} is of another catalog, {catalog}. Choose another folder with --into.")

    def save(self) -> None:
        agents = {name: version._asdict() for name, version in sorted(self.lock.items())}
        text = json.dumps({"catalog": CATALOG, "agents": agents}, ensure_ascii=False, indent=2)
        write(self.path / LOCK, f"{text}\n".encode())

    def install(self, name: str, version: Entry) -> None:
        """First the file, then the lock: an interruption between leaves a file that the next run knows."""
        file, held = self.path / f"{name}.md", self.lock.get(name)
        here = digest_of(file.read_bytes()) if file.exists() else None
        other = here not in (None, version.digest, held and held.digest)
        another = published(name, str(here)) if other else ""
        edited = other and not another
        if here == version.digest:
            done = "is here already"
        elif edited and not self.force:
            why = "it was changed here" if held else "a file that the catalog did not install has its place"
            raise Refused(f"kept, because {why}. --force replaces it and keeps your text beside it.")
        elif self.dry_run:
            done = "would be installed, and your text kept beside it" if edited else "would be installed"
        else:
            done = f"installed, in place of {another}" if another else "installed"
            self.replace(file, name, version, edited)
        if version != held and not self.dry_run:
            self.lock[name] = version
            self.save()
        say(f"{name}: version {version.number} {done}{', pinned' if version.pinned else ''}.")

    def replace(self, file: Path, name: str, version: Entry, edited: bool) -> None:
        what = f"version {version.number}"
        content = ask(f"agents/{quote(name)}/versions/{version.number}/download", f"{what} of it")
        if digest_of(content) != version.digest:
            raise Refused(f"what arrived is not {what}, because its digest is another. It was not written.")
        if edited:
            copies = (file.with_name(f"{file.name}.orig{number or ''}") for number in count())
            copy = next(copy for copy in copies if not os.path.lexists(copy))
            write(copy, file.read_bytes())
            say(f"{name}: your text is in {copy.name} now.")
        write(file, content)

    def leave(self, former: str, name: str) -> None:
        """Take away what is installed under a name that the agent no longer has."""
        file = self.path / f"{former}.md"
        here = digest_of(file.read_bytes()) if file.exists() else None
        edited = here not in (None, self.lock[former].digest) and not published(name, str(here))
        if not self.dry_run:
            del self.lock[former]
            self.save()
            if not edited:
                file.unlink(missing_ok=True)
        left = "was changed here, and stays" if edited else "would be removed" if self.dry_run else "was removed"
        say(f"{former}: called {name} now. {file.name} {left}.")


def install(folder: Folder, asked: str) -> None:
    name, at, number = asked.partition("@")
    if at and not re.fullmatch("[1-9][0-9]{0,8}", number):
        raise Refused("after the @ comes the number of a version.")
    present, version = find(checked(name), int(number) if at else None)
    folder.install(present, version)
    if name != present and name in folder.lock:
        folder.leave(name, present)


def bring(folder: Folder, agents: list[str]) -> int:
    """One agent after the other: that one is refused does not keep the others."""
    old = {} if agents else outdated({name: held for name, held in folder.lock.items() if not held.pinned})
    status = 0
    for agent in agents or sorted(folder.lock):
        try:
            if agents or agent in old:
                install(folder, agent)
            else:
                folder.install(agent, folder.lock[agent])
        except (Refused, OSError) as error:
            say(f"{agent}: {error}", sys.stderr)
            status = 2
    return status


def tell(folder: Folder, agents: list[str]) -> int:
    if unknown := set(agents) - set(folder.lock):
        raise Refused(f"{', '.join(sorted(unknown))} is not installed in {folder.path}.")
    old = outdated({name: folder.lock[name] for name in agents or sorted(folder.lock)})
    for name, news in old.items():
        say(f"{name}: {news.sentence}")
    if not old:
        say(f"Up to date: {', '.join(agents)}." if agents else "All that is installed is up to date.")
    return int(any(not (news.is_outdated and folder.lock[name].pinned) for name, news in old.items()))


def main() -> int:
    usage = "install.py [--into FOLDER] [--dry-run] [--force] [--outdated] [NAME[@NUMBER] ...]"
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(usage=usage, description=__doc__, formatter_class=form)
    parser.add_argument("agents", nargs="*", metavar="NAME[@NUMBER]", help="an agent, and the version to pin it to")
    parser.add_argument("--into", metavar="FOLDER", default=".claude/agents", help="instead of %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.add_argument("--force", action="store_true", help="replace changed files, their text kept as NAME.md.orig")
    parser.add_argument("--outdated", action="store_true", help="say what has a newer version, and change nothing")
    options = parser.parse_intermixed_args()
    try:
        folder = Folder(Path(options.into), options.dry_run, options.force)
        if not folder.lock and (options.outdated or not options.agents):
            raise Refused(f"nothing is installed in {folder.path} yet. Name the agents to install.")
        return tell(folder, options.agents) if options.outdated else bring(folder, options.agents)
    except (Refused, OSError) as error:
        say(f"Nothing was changed: {error}", sys.stderr)
    except KeyboardInterrupt:
        say("Interrupted. The lock file tells what was installed until then.", sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
