"""Throw-away homes: a client started here finds no settings, no login and no network but this machine's own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from tests.clients.table import Failed

NOWHERE = "http://127.0.0.1:9"  # the port of the discard service: nobody listens
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "COPILOT_AUTO_UPDATE": "false",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}


class Home:
    """A home folder with an empty project in it."""

    def __init__(self, folder: Path, programs: Path | None = None, **environment: str) -> None:
        self.folder, self.project = folder, folder / "project"
        self.project.mkdir(parents=True)
        (folder / "tmp").mkdir()
        node = Path(_found("node")).parent
        path = [str(programs)] if programs else []
        self.environment = {
            "PATH": os.pathsep.join([*path, str(node), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
            **_QUIET,
            **environment,
        }

    def run(self, *command: str, status: int | None = 0, timeout: float = 300) -> str:
        """What a program prints, on either stream. Another exit status than the one named is a failure; None: any."""
        with TemporaryFile() as output:  # some end before a pipe has taken all that they print
            done = subprocess.run(
                command,
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
            output.seek(0)
            printed = _COLOURS.sub("", output.read().decode(errors="replace"))
        if status is not None and done.returncode != status:
            raise Failed(f"{_shown(command)} ended with {done.returncode}: {printed.strip()[-400:]}")
        return printed

    def fill(self, folder: str, files: Mapping[str, bytes]) -> list[Path]:
        """Write files into a folder below the home, under their last names."""
        place = self.folder / folder
        place.mkdir(parents=True, exist_ok=True)
        written = [place / Path(path).name for path in files]
        for path, content in zip(written, files.values(), strict=True):
            path.write_bytes(content)
        return written

    def the_file(self, pattern: str) -> Path:
        """The one file below the home whose path is like this."""
        found = sorted(self.folder.glob(pattern))
        if len(found) != 1:
            raise Failed(f"{len(found)} files are like {pattern}, not one")
        return found[0]


def _found(program: str) -> str:
    for folder in os.environ["PATH"].split(os.pathsep):
        if (Path(folder) / program).is_file():
            return str(Path(folder) / program)
    raise Failed(f"there is no {program} on this machine")


def _shown(command: Sequence[str]) -> str:
    return f"`{' '.join(Path(word).name if word.startswith('/') else word for word in command[:5])}`"
