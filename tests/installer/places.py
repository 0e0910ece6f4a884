"""A project folder in which the installer is run, as people run it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

PYTHON = os.environ.get("INSTALLER_PYTHON", sys.executable)  # to try what else people have
SOURCE = Path(__file__).resolve().parents[2] / "catalog" / "distribution" / "install.py"
LOCK = "agents.lock.json"
MINE = "My own reviewer.\n"
KEPT = "--force replaces it and keeps your text beside it.\n"


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

    def stopped(self, reached: Event, how: int, *words: str) -> tuple[int, bytes]:
        """A run of these words that gets this signal while it waits for a file: its status, what it complained of."""
        command, pipe = self.command("-", *words), subprocess.PIPE
        with subprocess.Popen(command, cwd=self.root, env=self.environment(), stdin=pipe, stderr=pipe) as run:
            run.stdin.write(self.script)
            run.stdin.close()
            assert reached.wait(60)
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
