"""A throw-away catalog on loopback: its data folder, its server, and what those who publish do meanwhile."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import urlopen
from zipfile import ZipFile

from tests.clients.table import Failed

ROOT = Path(__file__).resolve().parents[2]
MARKETPLACE = "agent-catalog"
AT_ONCE = 100  # names in one address
IN_A_COLLECTION = 100  # the most that one holds


class Exported(NamedTuple):
    """Agents in the format of a tool: the files by path in a project, and of those left out the reasons by name."""

    files: Mapping[str, bytes]
    left_out: dict[str, str]


class Catalog:
    """One data folder. `address` is there while it is served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.changed = folder / "changed"
        self.changed.mkdir(parents=True)
        self.address = ""

    # --- Before it is served ---

    def fill(self, agents: Path) -> str:
        """Publish a folder of files instead of the starters. What `import_agents` says of them."""
        self.folder.mkdir(mode=0o700)
        self.manage("migrate", "-v0")
        self.manage("createsuperuser", "--noinput", "--username=admin", "--email=admin@example.com")
        return self.manage("import_agents", "--publish", str(agents), status=None)

    def prepare(self) -> None:
        self.manage("quickstart", "--no-serve")

    @contextmanager
    def served(self, **configured: str) -> Iterator[str]:
        """Served as people serve it, by `quickstart`."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, str(ROOT / "manage.py"), "quickstart", "--port", str(port)]
        with (self.folder.parent / "server.log").open("ab") as log:
            server = subprocess.Popen(command, env=self._environment(configured), stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", server)
            self.address = f"http://127.0.0.1:{port}"
            yield self.address
        finally:
            self.address = ""
            server.send_signal(signal.SIGTERM)
            server.wait(30)

    # --- What is asked of it ---

    @property
    def repository(self) -> str:
        return f"{self.address}/catalog.git"

    def opened_with(self, token: str, path: str = "catalog.git") -> str:
        """An address with a token in it, as people give it to tools that know no other way."""
        return f"{self.address}/{path}".replace("://", f"://x:{token}@")

    def read(self, path: str, **asked: str) -> bytes:
        query = f"?{urlencode(asked)}" if asked else ""
        with urlopen(f"{self.address}{path}{query}", timeout=300) as response:
            content: bytes = response.read()
        return content

    def names(self) -> list[str]:
        """Every agent on offer."""
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = json.loads(self.read("/api/v1/agents", limit="100", **({"cursor": cursor} if cursor else {})))
            found += [agent["name"] for agent in page["items"]]
            cursor = page["next_cursor"]
        return found

    def source_of(self, name: str) -> bytes:
        return self.read(f"/api/v1/agents/{quote(name)}/versions/latest/download")

    def exported(self, names: Sequence[str], key: str) -> Exported:
        """Agents for a tool, from the bundles that people download and unpack in their project."""
        files: dict[str, bytes] = {}
        left_out: dict[str, str] = {}
        for start in range(0, len(names), AT_ONCE):
            content = self.read("/api/v1/bundle", agents=",".join(names[start : start + AT_ONCE]), format=key)
            with ZipFile(io.BytesIO(content)) as archive:
                manifest = json.loads(archive.read("manifest.json"))
                # Of each reason the first sentence: what follows says what to do.
                left_out |= {left["name"]: left["reasons"][0].split(". ")[0] for left in manifest.get("left_out", [])}
                files |= {
                    info.filename: archive.read(info)
                    for info in archive.infolist()
                    if not info.is_dir() and info.filename != "manifest.json"
                }
        return Exported(files, left_out)

    # --- What is done to it meanwhile ---

    def publish_next(self, name: str) -> str:
        """Publish a version of an agent that differs in its last line: that line."""
        line = f"Changed at {time.time_ns()}."
        file = self.changed / f"{name}.md"
        file.write_bytes(self.source_of(name).rstrip() + f"\n\n{line}\n".encode())
        self.manage("import_agents", "--publish", str(file))
        return line

    def withdraw_latest(self, name: str) -> None:
        """Yank the newest version of an agent."""
        self._do(
            "from catalog import publishing",
            "from catalog.models import Agent",
            f"publishing.yank(Agent.objects.get(name={name!r}).latest_version, by=admin, reason='A try.')",
        )

    def collect_everything(self) -> list[str]:
        """Public collections that hold all agents between them: their names."""
        return self._do(
            "from catalog import collecting",
            "from catalog.models import Agent",
            "agents = list(Agent.objects.order_by('name'))",
            f"for start in range(0, len(agents), {IN_A_COLLECTION}):",
            f"    collection = collecting.create(f'Part {{start // {IN_A_COLLECTION} + 1}}', by=admin)",
            f"    members = [(agent, '') for agent in agents[start : start + {IN_A_COLLECTION}]]",
            "    collecting.set_members(collection, members, by=admin)",
            "    collecting.publish(collection, by=admin)",
            "    print(collection.name)",
        ).split()

    def rename(self, name: str, new_name: str) -> None:
        self._do(
            "from catalog import publishing",
            "from catalog.models import Agent",
            f"publishing.rename(Agent.objects.get(name={name!r}), {new_name!r}, by=admin)",
        )

    def new_token(self) -> str:
        """A secret that may read."""
        return self._do(
            "from datetime import timedelta",
            "from django.utils import timezone",
            "from catalog import tokens",
            "from catalog.models import Scope",
            "until = timezone.now() + timedelta(days=1)",
            "token, secret = tokens.issue(admin, by=admin, label='Clients', scopes=[Scope.READ], expires_at=until)",
            "print(secret)",
        )

    def manage(self, *arguments: str, status: int | None = 0) -> str:
        """What a command of the catalog prints."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self._environment({}),
            capture_output=True,
            text=True,
            check=False,
        )
        if status is not None and done.returncode != status:
            said = (done.stderr or done.stdout).strip()[-500:]
            raise Failed(f"manage.py {arguments[0]} ended with {done.returncode}: {said}")
        return done.stdout.strip()

    def _do(self, *lines: str) -> str:
        admin = ("from django.contrib.auth.models import User", "admin = User.objects.get(username='admin')")
        return self.manage("shell", "--no-imports", "-c", "\n".join((*admin, *lines)))

    def _environment(self, configured: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "CATALOG_DATA_DIR": str(self.folder),
            "CATALOG_ADMIN_PASSWORD": "a throw-away password",
            "DJANGO_SUPERUSER_PASSWORD": "a throw-away password",
            "SECRET_KEY": "of a catalog that lives for some minutes, on loopback, and holds nothing of anybody's",
            "LANG": "C.UTF-8",
            **configured,
        }


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise Failed("the server ended before it answered; its words are in server.log")
        try:
            urlopen(address, timeout=10).close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise Failed("the server did not answer in two minutes")
