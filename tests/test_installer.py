"""The installer, as it is served and run: against the catalog itself, and against a server that fails as told."""

import ast
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple
from urllib.parse import unquote
from urllib.request import urlopen

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from catalog import publishing
from catalog.models import Version
from tests.programs import program_of
from tests.sources import agent_source

Publish = Callable[..., Version]
PYTHON = os.environ.get("INSTALLER_PYTHON", sys.executable)  # to try what else people have
SOURCE = Path(__file__).resolve().parents[1] / "catalog" / "distribution" / "install.py"
LOCK = "agents.lock.json"


class Ran(NamedTuple):
    status: int
    said: str
    complained: str


class Place:
    """A project folder in which the installer of one catalog is run."""

    def __init__(self, root: Path, script: bytes) -> None:
        self.root, self.script, self.agents = root, script, root / ".claude" / "agents"

    def command(self, *words: str) -> list[str]:
        return [PYTHON, "-W", "error", *words]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        return {**kept, "PYTHONIOENCODING": "utf-8", **more}

    def run(self, *words: str, **environment: str) -> Ran:
        """As `curl -fsS …/install.py | python3 - NAME …` does."""
        ran = subprocess.run(
            self.command("-", *words),
            input=self.script,
            cwd=self.root,
            env=self.environment(**environment),
            capture_output=True,
            timeout=60,
        )
        assert b"Traceback" not in ran.stderr, ran.stderr.decode()
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def stopped(self, catalog: "Catalog", how: int, *words: str) -> tuple[int, bytes]:
        """A run of these words that gets this signal while it waits for a file: its status, what it complained of."""
        command, pipe = self.command("-", *words), subprocess.PIPE
        with subprocess.Popen(command, cwd=self.root, env=self.environment(), stdin=pipe, stderr=pipe) as run:
            run.stdin.write(self.script)
            run.stdin.close()
            assert catalog.reached.wait(60)
            run.send_signal(how)
            complained = run.stderr.read()
        return run.returncode, complained

    def lock(self) -> dict[str, Any]:
        return json.loads((self.agents / LOCK).read_bytes())["agents"]

    def write(self, name: str, text: str) -> None:
        self.agents.mkdir(parents=True, exist_ok=True)
        (self.agents / name).write_text(text, encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in self.root.rglob("*") if file.is_file()}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# --- What is served --------------------------------------------------------------------------------


def test_the_script_is_served_as_it_is_but_for_its_catalog(client: Client, settings: Settings) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example.com"
    response = client.get("/install.py")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/x-python; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
    served, ours = response.content.decode().splitlines(), SOURCE.read_text(encoding="utf-8").splitlines()
    changed = [(before, after) for before, after in zip(ours, served, strict=True) if before != after]
    assert changed == [('CATALOG = "http://127.0.0.1:8000"', "CATALOG = 'https://agents.example.com'")]


def test_who_has_the_script_is_not_sent_it_again(client: Client) -> None:
    etag = client.get("/install.py")["ETag"]
    assert client.get("/install.py", headers={"If-None-Match": etag}).status_code == 304
    assert client.head("/install.py").status_code == 200
    assert client.post("/install.py").status_code == 405


def test_no_address_of_a_catalog_becomes_code(client: Client, settings: Settings) -> None:
    settings.CATALOG_BASE_URL = "https://example.com/\"'\\\nimport os"
    tree = ast.parse(client.get("/install.py").content)
    [value] = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "CATALOG"]
    assert ast.literal_eval(value) == settings.CATALOG_BASE_URL


def test_the_script_needs_python_3_9_and_nothing_else() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


# --- Installing from the catalog itself --------------------------------------------------------------


@pytest.fixture
def place(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Place:
    settings.CATALOG_BASE_URL = live_server.url
    with urlopen(f"{live_server.url}/install.py", timeout=10) as answer:
        return Place(tmp_path, answer.read())


@pytest.fixture
def versions(place: Place, publish_source: Publish) -> list[Version]:
    """Three of code-reviewer."""
    prompts = ("You review.\n", "You review code.\r\n", "You review code. 直す\n")
    return [publish_source(agent_source(prompt=prompt)) for prompt in prompts]


def test_the_newest_version_is_installed_byte_for_byte(place: Place, versions: list[Version]) -> None:
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert (place.agents / "code-reviewer.md").read_bytes() == versions[2].source.encode()
    assert place.lock() == {"code-reviewer": {"number": 3, "digest": versions[2].digest, "pinned": False}}


def test_the_script_runs_as_a_file_too(place: Place, versions: list[Version], tmp_path: Path) -> None:
    script = tmp_path / "install.py"
    script.write_bytes(place.script)
    command = place.command(str(script), "--into", str(tmp_path / "else where"), "code-reviewer")
    assert subprocess.run(command, env=place.environment(), capture_output=True, timeout=60).returncode == 0
    assert {file.name for file in (tmp_path / "else where").iterdir()} == {"code-reviewer.md", LOCK}


def test_a_version_is_pinned_by_its_number(place: Place, versions: list[Version]) -> None:
    assert place.run("code-reviewer@2") == (0, "code-reviewer: version 2 installed, pinned.\n", "")
    assert (place.agents / "code-reviewer.md").read_bytes() == versions[1].source.encode()
    assert place.lock()["code-reviewer"]["pinned"] is True


def test_an_agent_named_without_a_number_is_pinned_no_more(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@2")
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert place.lock()["code-reviewer"]["pinned"] is False


def test_the_lock_file_is_sorted_and_ends_its_last_line(place: Place, publish_source: Publish) -> None:
    for name in ("beta", "alpha"):
        publish_source(agent_source(name))
    assert place.run("beta", "alpha").status == 0
    text = (place.agents / LOCK).read_text(encoding="utf-8")
    assert list(json.loads(text)["agents"]) == ["alpha", "beta"]
    assert text.endswith("}\n")


def test_what_is_there_already_is_not_written_again(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer")
    before = {file: file.stat().st_mtime_ns for file in place.agents.iterdir()}
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 is here already.\n", "")
    assert {file: file.stat().st_mtime_ns for file in place.agents.iterdir()} == before


def test_a_dry_run_changes_nothing(place: Place, versions: list[Version]) -> None:
    assert place.run("--dry-run", "code-reviewer") == (0, "code-reviewer: version 3 would be installed.\n", "")
    assert list(place.root.iterdir()) == []
    place.run("code-reviewer@1")
    before = place.files()
    assert place.run("--dry-run", "code-reviewer").said == "code-reviewer: version 3 would be installed.\n"
    assert place.files() == before


def test_options_may_stand_between_names(place: Place, publish_source: Publish) -> None:
    for name in ("alpha", "beta"):
        publish_source(agent_source(name))
    assert place.run("alpha", "--dry-run", "beta").said.count("would be installed") == 2


def test_a_name_in_japanese_is_installed(place: Place, publish_source: Publish) -> None:
    publish_source(agent_source("コード-レビュー"))
    assert place.run("コード-レビュー", PYTHONUTF8="1") == (0, "コード-レビュー: version 1 installed.\n", "")
    assert (place.agents / "コード-レビュー.md").exists()
    assert list(place.lock()) == ["コード-レビュー"]
    assert "コード" in (place.agents / LOCK).read_text(encoding="utf-8")


def test_a_name_that_the_terminal_cannot_show_is_installed(place: Place, publish_source: Publish) -> None:
    publish_source(agent_source("コード"))
    ran = place.run("コード", PYTHONUTF8="1", PYTHONIOENCODING="ascii")
    assert ran == (0, r"\u30b3\u30fc\u30c9: version 1 installed." + "\n", "")


def test_another_spelling_of_a_name_installs_under_the_name(place: Place, versions: list[Version]) -> None:
    assert place.run("Code-Reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert set(place.files()) == {"code-reviewer.md", LOCK}


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/b", "a\\b", "a.b", ".", "", "a\nb", "a\x1b[2Jb", "a b", "a_b", "a%2fb", "@2", "﹒", "a?b", "a#b"],
)
def test_what_is_no_name_is_neither_asked_for_nor_written(place: Place, name: str) -> None:
    ran = place.run(name)
    assert (ran.status, ran.said) == (2, "")
    assert ran.complained.endswith(": this is not the name of an agent. Letters, digits and hyphens make one.\n")
    assert re.fullmatch(r"[^\x00-\x1f]*\n", ran.complained)
    assert list(place.root.iterdir()) == []


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt9", "aux", "com²"])
def test_a_name_that_windows_keeps_for_itself_is_refused(place: Place, name: str) -> None:
    assert place.run(name) == (2, "", f"{name}: no file can have this name on Windows.\n")


@pytest.mark.parametrize("number", ["", "0", "01", "-1", "two", "latest", "1@2", "9999999999"])
def test_what_is_no_number_is_refused(place: Place, versions: list[Version], number: str) -> None:
    ran = place.run(f"code-reviewer@{number}")
    assert ran == (2, "", f"code-reviewer@{number}: after the @ comes the number of a version.\n")


def test_what_the_catalog_has_not_is_said_and_the_others_are_installed(place: Place, versions: list[Version]) -> None:
    ran = place.run("nobody", "code-reviewer@7", "code-reviewer")
    assert (ran.status, ran.said) == (2, "code-reviewer: version 3 installed.\n")
    assert ran.complained.splitlines() == [
        "nobody: the catalog has no agent of this name.",
        "code-reviewer@7: the catalog has no version 7 of an agent of this name.",
    ]


def test_a_withdrawn_agent_is_said_to_be_withdrawn(place: Place, publish_source: Publish, publisher: User) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="It was wrong.")
    assert place.run("code-reviewer") == (2, "", "code-reviewer: it was withdrawn from the catalog.\n")
    assert place.run("code-reviewer@1").status == 0


def test_the_catalog_itself_tells_what_is_outdated(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    place.run("code-reviewer", "other@1")
    assert place.run("--outdated") == (0, "All that is installed is up to date.\n", "")
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())
    publish_source(agent_source("other", prompt="Another prompt.\n"))
    ran = place.run("--outdated")
    assert ran.said.splitlines() == [
        "code-reviewer: version 3 is here; version 4 is the newest. It is called reviewer now.",
        "other: version 1 is here, pinned; version 2 is the newest.",
    ]
    assert (ran.status, ran.complained) == (1, "")
    assert place.run().status == 0
    assert {name: held["number"] for name, held in place.lock().items()} == {"other": 1, "reviewer": 4}


def test_a_withdrawn_version_is_replaced_by_the_newest_that_is_not(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer")
    publishing.yank(versions[2], by=User.objects.get(), reason="It was wrong.")
    said = "code-reviewer: version 3 is here and was WITHDRAWN (It was wrong.); version 2 is the newest.\n"
    assert place.run("--outdated") == (1, said, "")
    assert place.run() == (0, "code-reviewer: version 2 installed.\n", "")


def test_a_text_that_the_catalog_published_was_changed_by_nobody(place: Place, versions: list[Version]) -> None:
    """Whatever brought it: `curl`, an earlier run whose lock file is gone, or somebody who put an older one back."""
    place.write("code-reviewer.md", versions[0].source)
    said = "code-reviewer: version 3 installed, in place of version 1.\n"
    assert place.run("code-reviewer") == (0, said, "")
    place.write("code-reviewer.md", versions[1].source)
    said = "code-reviewer: version 3 installed, in place of version 2.\n"
    assert place.run() == (0, said, "")
    said = "code-reviewer: version 1 installed, pinned.\n"
    assert place.run("code-reviewer@1") == (0, said, "")
    place.write("code-reviewer.md", versions[2].source)
    said = "code-reviewer: version 1 installed, in place of the newest version, pinned.\n"
    assert place.run("code-reviewer@1") == (0, said, "")
    assert sorted(place.files()) == [LOCK, "code-reviewer.md"], "and no copy is kept of it"


def test_after_a_rename_a_published_text_does_not_stay_under_the_former_name(
    place: Place, versions: list[Version]
) -> None:
    place.run("code-reviewer")
    place.write("code-reviewer.md", versions[0].source)
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())
    assert place.run().said.splitlines()[-1].endswith("code-reviewer.md was removed.")
    assert sorted(place.files()) == [LOCK, "reviewer.md"]


# --- What was changed here ----------------------------------------------------------------------------

MINE = "My own reviewer.\n"
KEPT = "--force replaces it and keeps your text beside it.\n"


def test_a_file_that_was_changed_is_kept_and_the_others_go_on(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    place.run("code-reviewer@1")
    place.write("code-reviewer.md", MINE)
    before = place.lock()
    ran = place.run("code-reviewer", "other")
    assert (ran.status, ran.said) == (2, "other: version 1 installed.\n")
    assert ran.complained == f"code-reviewer: kept, because it was changed here. {KEPT}"
    assert place.files()["code-reviewer.md"] == MINE.encode()
    assert place.lock()["code-reviewer"] == before["code-reviewer"]


def test_a_file_that_was_never_installed_is_kept(place: Place, versions: list[Version]) -> None:
    place.write("code-reviewer.md", MINE)
    ran = place.run("code-reviewer")
    why = "a file that the catalog did not install has its place"
    assert ran == (2, "", f"code-reviewer: kept, because {why}. {KEPT}")
    assert place.files() == {"code-reviewer.md": MINE.encode()}


def test_an_emptied_file_is_a_change_too(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    place.write("code-reviewer.md", "")
    assert place.run("code-reviewer").status == 2
    assert place.files()["code-reviewer.md"] == b""


def test_a_file_with_the_text_of_the_version_is_taken_into_the_lock(place: Place, versions: list[Version]) -> None:
    place.agents.mkdir(parents=True)
    (place.agents / "code-reviewer.md").write_bytes(versions[2].source.encode())
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 is here already.\n", "")
    assert place.lock()["code-reviewer"]["number"] == 3


def test_force_replaces_a_changed_file_and_keeps_every_text(place: Place, versions: list[Version]) -> None:
    for text in ("first\n", "second\n", "third\n"):
        place.write("code-reviewer.md", text)
        assert place.run("--force", "code-reviewer").status == 0
    files = place.files()
    assert files["code-reviewer.md"] == versions[2].source.encode()
    kept = [files[f"code-reviewer.md.orig{number}"] for number in ("", "1", "2")]
    assert kept == [b"first\n", b"second\n", b"third\n"]


def test_force_says_where_the_text_is(place: Place, versions: list[Version]) -> None:
    place.write("code-reviewer.md", MINE)
    tried = place.run("--force", "--dry-run", "code-reviewer")
    assert tried == (0, "code-reviewer: version 3 would be installed, and your text kept beside it.\n", "")
    assert place.files() == {"code-reviewer.md": MINE.encode()}
    said = "code-reviewer: your text is in code-reviewer.md.orig now.\ncode-reviewer: version 3 installed.\n"
    assert place.run("--force", "code-reviewer") == (0, said, "")


def test_force_keeps_no_copy_of_what_nobody_changed(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    place.run("--force", "code-reviewer")
    assert set(place.files()) == {"code-reviewer.md", LOCK}


def test_what_cannot_be_written_is_said_and_the_others_go_on(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    (place.agents / "code-reviewer.md").mkdir(parents=True)
    ran = place.run("code-reviewer", "other")
    assert (ran.status, ran.said) == (2, "other: version 1 installed.\n")
    assert ran.complained.startswith("code-reviewer: ")


def test_a_file_in_the_place_of_the_folder_is_left_alone(place: Place, versions: list[Version]) -> None:
    (place.root / ".claude").write_text("mine")
    assert place.run("code-reviewer").status == 2
    assert place.files() == {".claude": b"mine"}


# --- The lock file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<<<<<<< HEAD\n{",
        "[]",
        "{}",
        '{"catalog": "CATALOG"}',
        '{"catalog": "CATALOG", "agents": []}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": "1", "digest": "DIGEST", "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1, "digest": null, "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1, "digest": "sha256:\\ud800", "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"../a": {"number": 1, "digest": "DIGEST", "pinned": false}}}',
        "\udcff",
    ],
)
def test_a_lock_file_that_cannot_be_understood_is_left_alone(place: Place, live_server: LiveServer, text: str) -> None:
    text = text.replace("CATALOG", live_server.url).replace("DIGEST", digest_of(b""))
    place.agents.mkdir(parents=True)
    (place.agents / LOCK).write_bytes(text.encode("utf-8", "surrogateescape"))
    before = place.files()
    for words in (["code-reviewer"], [], ["--outdated"], ["--force"]):
        ran = place.run(*words)
        where = Path(".claude") / "agents" / LOCK
        told = f"Nothing was changed: {where} cannot be understood. Mend it or take it away.\n"
        assert ran == (2, "", told)
    assert place.files() == before


def test_a_lock_file_of_another_catalog_is_left_alone(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    lock = place.agents / LOCK
    text = json.loads(lock.read_bytes()) | {"catalog": "https://other.example"}
    lock.write_text(json.dumps(text))
    before = place.files()
    ran = place.run("code-reviewer")
    assert (ran.status, ran.said) == (2, "")
    assert "is of another catalog, https://other.example. Choose another folder" in ran.complained
    assert place.files() == before


@pytest.mark.parametrize("words", [[], ["--outdated"]])
def test_a_folder_without_a_lock_file_has_nothing_to_look_after(place: Place, words: list[str]) -> None:
    ran = place.run(*words)
    where = Path(".claude") / "agents"
    told = f"Nothing was changed: nothing is installed in {where} yet. Name the agents to install.\n"
    assert ran == (2, "", told)
    assert list(place.root.iterdir()) == []


# --- An agent that was renamed --------------------------------------------------------------------------


@pytest.fixture
def renamed(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@3")
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())


def test_a_renamed_agent_moves_to_its_present_name(place: Place, renamed: None) -> None:
    ran = place.run("code-reviewer")
    assert ran.said.splitlines() == [
        "reviewer: version 4 installed.",
        "code-reviewer: called reviewer now. code-reviewer.md was removed.",
    ]
    assert (ran.status, ran.complained) == (0, "")
    assert set(place.files()) == {"reviewer.md", LOCK}
    assert list(place.lock()) == ["reviewer"]


def test_an_earlier_version_of_a_renamed_agent_is_pinned_under_its_present_name(place: Place, renamed: None) -> None:
    assert place.run("code-reviewer@2").status == 0
    assert [(name, held["number"], held["pinned"]) for name, held in place.lock().items()] == [("reviewer", 2, True)]


def test_a_renamed_agent_that_was_changed_here_keeps_its_old_file(place: Place, renamed: None) -> None:
    place.write("code-reviewer.md", MINE)
    ran = place.run("code-reviewer")
    assert ran.said.endswith("code-reviewer: called reviewer now. code-reviewer.md was changed here, and stays.\n")
    assert place.files()["code-reviewer.md"] == MINE.encode()
    assert list(place.lock()) == ["reviewer"]


def test_a_dry_run_says_that_an_agent_was_renamed(place: Place, renamed: None) -> None:
    before = place.files()
    ran = place.run("--dry-run", "code-reviewer")
    assert "code-reviewer: called reviewer now. code-reviewer.md would be removed.\n" in ran.said
    assert place.files() == before


def test_a_renamed_agent_stays_where_its_new_file_cannot_be_written(place: Place, renamed: None) -> None:
    place.write("reviewer.md", MINE)
    before = place.files()
    assert place.run("code-reviewer").status == 2
    assert place.files() == before


# --- A private catalog ----------------------------------------------------------------------------------


def test_a_private_catalog_is_read_with_the_token_of_the_environment(
    place: Place, publisher: User, versions: list[Version], settings: Settings
) -> None:
    publishing.rename(versions[0].agent, "critic", by=publisher)
    settings.CATALOG_PRIVATE = True
    without = place.run("critic")
    assert without.status == 2
    assert "put a token that is valid into the environment, as CATALOG_TOKEN" in without.complained
    secret = program_of(publisher, "read").bearer.removeprefix("Bearer ")
    assert place.run("code-reviewer", CATALOG_TOKEN=secret).status == 0  # by its former name
    assert (place.agents / "critic.md").exists()
    assert place.run("--outdated", CATALOG_TOKEN=secret).status == 0


# --- Updating, and what is outdated: a small catalog that keeps the same promises ------------------------


class Catalog(ThreadingHTTPServer):
    """A catalog in memory. It answers with the `failures` first, and with `forged` bytes where a file is asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.agents: dict[str, list[bytes]] = {}
        self.renamed: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.yanked = ""  # why every version that is not the newest is
        self.failures: list[tuple[int, dict[str, str], bytes]] = []
        self.forged: bytes | None = None
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.reached, self.go_on = Event(), Event()
        self.held_back = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def latest(self, name: str) -> dict[str, Any] | None:
        name = self.renamed.get(name, name)
        if name not in self.agents or name in self.withdrawn:
            return None
        return self.version(name, len(self.agents[name]))

    def version(self, name: str, number: int) -> dict[str, Any]:
        return {"name": name, "number": number, "digest": digest_of(self.agents[name][number - 1])}

    def outdated(self, pins: list[dict[str, str]]) -> list[dict[str, Any]]:
        rows = [{**pin, **self.known(**pin), "latest": self.latest(pin["name"])} for pin in pins]
        return [row for row in rows if not row["latest"] or row["latest"]["digest"] != row["digest"]]

    def known(self, name: str, digest: str) -> dict[str, Any]:
        digests = [digest_of(text) for text in self.agents.get(self.renamed.get(name, name), [])]
        if digest not in digests:
            return {"number": None, "status": "unknown"}
        return {"number": digests.index(digest) + 1} | (
            {"status": "withdrawn", "reason": self.yanked} if self.yanked else {"status": "outdated"}
        )


class Answering(BaseHTTPRequestHandler):
    server: Catalog

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def fails(self) -> bool:
        self.server.tokens.append(self.headers["Authorization"])
        self.server.asked.append(unquote(self.path).removeprefix("/api/v1/"))
        if self.server.failures:
            status, headers, content = self.server.failures.pop(0)
            self.answer(status, content, headers)
            return True
        return False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert len(body["pins"]) <= 1_000
        if not self.fails():
            rows = self.server.outdated(body["pins"])
            self.answer(200, json.dumps({"current": len(body["pins"]) - len(rows), "outdated": rows}).encode())

    def do_GET(self) -> None:
        if self.fails():
            return
        catalog, path = self.server, unquote(self.path)
        name, number, download = re.fullmatch("/api/v1/agents/(.+)/versions/([^/]+)(/download)?", path).groups()
        if name in catalog.renamed:
            return self.answer(308, headers={"Location": self.path.replace(name, catalog.renamed[name])})
        if name not in catalog.agents:
            return self.answer(404)
        if name in catalog.withdrawn and number == "latest":
            return self.answer(410)
        if download and name == catalog.held_back:
            catalog.reached.set()
            catalog.go_on.wait(60)
        found = catalog.version(name, len(catalog.agents[name]) if number == "latest" else int(number))
        text = catalog.forged or catalog.agents[name][found["number"] - 1]
        self.answer(200, text if download else json.dumps({"name": name, "version": found}).encode())


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with Catalog() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.go_on.set()
        server.shutdown()


@pytest.fixture
def there(catalog: Catalog, client: Client, settings: Settings, tmp_path: Path) -> Place:
    """A project with three agents of this catalog, `pinned` in its first version."""
    settings.CATALOG_BASE_URL = catalog.url
    place = Place(tmp_path, client.get("/install.py").content)
    catalog.agents = {name: [f"{name} 1\n".encode()] for name in ("alpha", "beta", "pinned")}
    assert place.run("alpha", "beta", "pinned@1").status == 0
    catalog.asked.clear()
    return place


def test_an_update_brings_what_is_newer_and_leaves_what_is_pinned(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    catalog.agents["pinned"].append(b"pinned 2\n")
    ran = there.run()
    assert ran.said.splitlines() == [
        "alpha: version 2 installed.",
        "beta: version 1 is here already.",
        "pinned: version 1 is here already, pinned.",
    ]
    assert (ran.status, ran.complained) == (0, "")
    assert there.files()["alpha.md"] == b"alpha 2\n"
    assert {name: held["number"] for name, held in there.lock().items()} == {"alpha": 2, "beta": 1, "pinned": 1}
    assert catalog.asked == ["outdated", "agents/alpha/versions/latest", "agents/alpha/versions/2/download"]


def test_an_update_brings_back_what_is_missing(there: Place) -> None:
    before = there.files()
    (there.agents / "beta.md").unlink()
    (there.agents / "pinned.md").unlink()
    assert there.run().status == 0
    assert there.files() == before


def test_an_update_tells_of_a_change_though_nothing_is_newer(there: Place) -> None:
    there.write("pinned.md", MINE)
    ran = there.run()
    assert (ran.status, ran.complained) == (2, f"pinned: kept, because it was changed here. {KEPT}")


def test_an_update_in_a_dry_run_changes_nothing(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    before = there.files()
    ran = there.run("--dry-run")
    assert (ran.status, ran.said.splitlines()[0]) == (0, "alpha: version 2 would be installed.")
    assert there.files() == before


def test_an_update_follows_a_rename(catalog: Catalog, there: Place) -> None:
    catalog.agents["omega"] = [*catalog.agents.pop("alpha"), b"omega 2\n"]
    catalog.renamed["alpha"] = "omega"
    assert there.run().status == 0
    assert list(there.lock()) == ["beta", "omega", "pinned"]
    assert set(there.files()) == {"beta.md", "omega.md", "pinned.md", LOCK}


def test_an_update_keeps_what_was_withdrawn_or_is_gone(catalog: Catalog, there: Place) -> None:
    catalog.withdrawn.add("alpha")
    del catalog.agents["beta"]
    before = there.files()
    ran = there.run()
    assert (ran.status, ran.said) == (2, "pinned: version 1 is here already, pinned.\n")
    assert ran.complained.splitlines() == [
        "alpha: it was withdrawn from the catalog.",
        "beta: the catalog has no agent of this name.",
    ]
    assert there.files() == before


def test_nothing_outdated_is_status_0(catalog: Catalog, there: Place) -> None:
    assert there.run("--outdated") == (0, "All that is installed is up to date.\n", "")
    assert catalog.asked == ["outdated"]


def test_what_is_pinned_is_told_and_no_failure_unless_it_was_withdrawn(catalog: Catalog, there: Place) -> None:
    catalog.agents["pinned"].append(b"pinned 2\n")
    told = "pinned: version 1 is here, pinned; version 2 is the newest.\n"
    assert there.run("--outdated") == (0, told, "")
    catalog.yanked = "It was wrong."
    ran = there.run("--outdated")
    assert (ran.status, "version 1 is here, pinned and was WITHDRAWN (It was wrong.)" in ran.said) == (1, True)


def test_what_is_outdated_is_said_with_status_1_and_nothing_changes(catalog: Catalog, there: Place) -> None:
    catalog.agents["omega"] = [*catalog.agents.pop("alpha"), b"omega 2\n"]
    catalog.renamed["alpha"] = "omega"
    catalog.agents["pinned"].append(b"pinned 2\n")
    catalog.withdrawn.add("beta")
    before = there.files()
    ran = there.run("--outdated")
    assert ran.said.splitlines() == [
        "alpha: version 1 is here; version 2 is the newest. It is called omega now.",
        "beta: version 1 is here; the catalog offers none any more.",
        "pinned: version 1 is here, pinned; version 2 is the newest.",
    ]
    assert (ran.status, ran.complained) == (1, "")
    assert there.files() == before


def test_a_pin_that_the_catalog_does_not_know_is_a_failure(catalog: Catalog, there: Place) -> None:
    catalog.agents["pinned"] = [b"another 1\n", b"another 2\n"]
    ran = there.run("--outdated")
    assert (ran.status, "pinned with a text that the catalog does not know" in ran.said) == (1, True)


def test_where_the_catalog_does_not_say_whose_a_text_is_it_is_kept(catalog: Catalog, there: Place) -> None:
    there.write("alpha.md", MINE)
    for answer in (b'{"outdated": []}', b'{"current": 0, "outdated": []}', b"[]", b"odd"):
        catalog.agents["alpha"].append(answer + b"\n")
        latest = catalog.latest("alpha")
        catalog.failures = [
            (200, {}, json.dumps({"name": "alpha", "version": latest, "deprecation": None}).encode()),
            (200, {}, answer),
        ]
        assert there.run("alpha").status == 2
        assert (there.agents / "alpha.md").read_text() == MINE


def test_what_is_outdated_is_said_of_the_named_agents_alone(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    assert there.run("--outdated", "beta") == (0, "Up to date: beta.\n", "")
    assert there.run("--outdated", "alpha").status == 1
    ran = there.run("--outdated", "alpha", "nobody")
    where = Path(".claude") / "agents"
    assert ran == (2, "", f"Nothing was changed: nobody is not installed in {where}.\n")


def test_the_catalog_is_asked_about_a_thousand_at_once(catalog: Catalog, there: Place) -> None:
    held = {"number": 1, "digest": digest_of(b"old"), "pinned": False}
    names = [f"agent-{number}" for number in range(2_001)]
    catalog.agents |= {name: [b"new"] for name in names}
    text = {"catalog": catalog.url, "agents": dict.fromkeys(names, held)}
    (there.agents / LOCK).write_text(json.dumps(text))
    ran = there.run("--outdated")
    assert (ran.status, len(ran.said.splitlines())) == (1, 2_001)
    assert catalog.asked == ["outdated"] * 3


# --- When something goes wrong -----------------------------------------------------------------------------


def test_a_text_with_another_digest_is_not_written(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    catalog.forged = b"evil\n"
    before = there.files()
    ran = there.run("--force", "alpha")
    told = "alpha: what arrived is not version 2, because its digest is another. It was not written.\n"
    assert ran == (2, "", told)
    assert there.files() == before


def test_a_missing_file_comes_back_only_with_the_digest_of_the_lock(catalog: Catalog, there: Place) -> None:
    (there.agents / "pinned.md").unlink()
    catalog.agents["pinned"] = [b"evil\n"]
    assert there.run().status == 2
    assert "pinned.md" not in there.files()


def test_a_text_that_breaks_off_is_not_written(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    before = there.files()
    found = json.dumps({"name": "alpha", "version": catalog.version("alpha", 2)}).encode()
    catalog.failures = [(200, {}, found), (200, {"Content-Length": "100"}, b"alpha")]
    ran = there.run("alpha")
    assert (ran.status, ran.said) == (2, "")
    assert f"alpha: {catalog.url} does not answer (IncompleteRead" in ran.complained
    assert there.files() == before


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_catalog_that_fails_is_said_to_fail(catalog: Catalog, there: Place, status: int) -> None:
    catalog.failures = [(status, {}, b"<h1>Sorry</h1>")]
    ran = there.run("alpha", "beta")
    assert (ran.status, ran.said) == (2, "beta: version 1 is here already.\n")
    assert ran.complained == f"alpha: the catalog failed ({status}). Try again later.\n"


def test_a_catalog_that_does_not_answer_is_said_to(catalog: Catalog, there: Place) -> None:
    before = there.files()
    catalog.shutdown()
    catalog.server_close()
    for words in (["alpha"], [], ["--outdated"]):
        ran = there.run(*words)
        assert (ran.status, ran.said) == (2, "")
        assert f"{catalog.url} does not answer (" in ran.complained
        assert len(ran.complained.splitlines()) == 1
    assert there.files() == before


def test_the_installer_waits_when_it_is_asked_to(catalog: Catalog, there: Place) -> None:
    catalog.failures = [(429, {"Retry-After": "1"}, b"")]
    ran = there.run("alpha")
    assert ran == (0, "alpha: version 1 is here already.\n", "The catalog is busy and asks for 1 s of patience.\n")


def test_the_installer_waits_twice_and_no_more(catalog: Catalog, there: Place) -> None:
    catalog.failures = [(429, {"Retry-After": "0"}, b"")] * 3
    ran = there.run("alpha")
    assert ran.status == 2
    assert ran.complained.splitlines()[-1] == "alpha: the catalog is asked too often from here. Try again later."
    assert catalog.asked == ["agents/alpha/versions/latest"] * 3


@pytest.mark.parametrize(
    "text",
    [
        b"<h1>Log in to this network</h1>",
        b"[]",
        b"{}",
        b'{"name": "alpha", "version": null}',
        b'{"name": 5, "version": {"number": 2, "digest": "x"}}',
        b'{"outdated": [{}]}',
        b'{"outdated": [{"name": "stranger", "latest": null}]}',
        b"\xff",
    ],
)
@pytest.mark.parametrize("words", [["alpha"], []])
def test_an_answer_of_something_else_is_said_to_be_one(
    catalog: Catalog, there: Place, words: list[str], text: bytes
) -> None:
    before = there.files()
    catalog.failures = [(200, {}, text)]
    ran = there.run(*words)
    assert (ran.status, ran.said) == (2, "")
    assert f"what {catalog.url} answered" in ran.complained
    assert there.files() == before


def test_no_name_that_the_catalog_gives_leaves_the_folder(catalog: Catalog, there: Place) -> None:
    version = {"number": 1, "digest": digest_of(b"evil")}
    catalog.failures = [(200, {}, json.dumps({"name": "../evil", "version": version}).encode()), (200, {}, b"evil")]
    before = there.files()
    assert there.run("alpha").status == 2
    assert there.files() == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_leaves_a_lock_that_is_true(catalog: Catalog, there: Place, how: int) -> None:
    for name in ("alpha", "beta"):
        catalog.agents[name].append(f"{name} 2\n".encode())
    catalog.held_back = "beta"
    status, complained = there.stopped(catalog, how, "alpha", "beta")
    assert b"Traceback" not in complained
    assert how != signal.SIGINT or status == 2
    files = there.files()
    assert {name: held["digest"] for name, held in there.lock().items()} == {
        name: digest_of(files[f"{name}.md"]) for name in ("alpha", "beta", "pinned")
    }
    assert (files["alpha.md"], files["beta.md"]) == (b"alpha 2\n", b"beta 1\n")
    catalog.go_on.set()
    assert there.run().status == 0
    assert there.files()["beta.md"] == b"beta 2\n"


def test_a_file_that_came_before_its_lock_was_written_is_known_again(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    there.write("alpha.md", "alpha 2\n")
    assert there.run().said.startswith("alpha: version 2 is here already.\n")
    assert there.lock()["alpha"]["number"] == 2


def test_the_token_is_told_to_nobody_else(catalog: Catalog, tmp_path: Path) -> None:
    catalog.agents["test-writer"] = [b"One.\n"]
    with Catalog() as elsewhere:
        Thread(target=elsewhere.serve_forever, args=(0.01,), daemon=True).start()
        elsewhere.agents["test-writer"] = [b"One.\n"]
        leads_away = {"Location": f"{elsewhere.url}/api/v1/agents/test-writer/versions/latest"}
        catalog.failures = [(302, leads_away, b"")]
        place = Place(tmp_path, SOURCE.read_bytes().replace(b"http://127.0.0.1:8000", catalog.url.encode()))
        assert place.run("test-writer", CATALOG_TOKEN="secret").status == 0
        assert elsewhere.tokens == [None]
        assert set(catalog.tokens) == {"Bearer secret"}
        elsewhere.shutdown()
