"""Uploaded files between their report and their import: on disk under names of our own, for a day. Imports nothing.

A folder's name cannot be guessed, and only the session that made it may open it. What a sender called a file is
kept in the session and never becomes a path.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]
else:
    Upload = UploadedFile

KEPT_SECONDS = 24 * 60 * 60
_SESSION_KEY = "uploads"
_MOST_REMEMBERED = 5
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_TAKEN, _REPORT, _PROGRESS = "taken", "report.json", "progress"


def _root() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def keep(request: HttpRequest, files: Sequence[Upload], paths: Sequence[str] = ()) -> str:
    """Store the files for this session; gives the token they are found by.

    `paths`, where given, says of each file where in a folder it stood.
    """
    sweep()
    token = secrets.token_urlsafe(24)
    folder = _root() / token
    folder.mkdir(parents=True, mode=0o700)
    for number, file in enumerate(files):
        with (folder / str(number)).open("xb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
    remembered = request.session.get(_SESSION_KEY, {})
    newest = dict(list(remembered.items())[1 - _MOST_REMEMBERED :])
    called = list(paths) if len(paths) == len(files) else [file.name or "" for file in files]
    request.session[_SESSION_KEY] = {**newest, token: called}
    return token


def names(request: HttpRequest, token: str) -> list[str] | None:
    """What the sender called the files; None where this session has no such upload."""
    found: list[str] | None = request.session.get(_SESSION_KEY, {}).get(token)
    return found if found is not None and _TOKEN.fullmatch(token) and (_root() / token).is_dir() else None


def is_taken(token: str) -> bool:
    return (_root() / token / _TAKEN).exists()


def take(token: str) -> bool:
    """Claim an upload for its import; False where that was done before, by a second click perhaps."""
    try:
        (_root() / token / _TAKEN).touch(exist_ok=False)
    except OSError:
        return False
    return True


@contextmanager
def opened(token: str, called: Sequence[str]) -> Iterator[list[tuple[str, BinaryIO]]]:
    """The files of an upload, each with what its sender called it."""
    with ExitStack() as stack:
        folder = _root() / token
        yield [(name, stack.enter_context((folder / str(n)).open("rb"))) for n, name in enumerate(called)]


def note_progress(token: str, files: int) -> None:
    """Say how many files of an import are through, for those who wait."""
    (_root() / token / _PROGRESS).write_text(str(files), encoding="utf-8")


def progress(token: str) -> int:
    try:
        return int((_root() / token / _PROGRESS).read_text(encoding="utf-8") or 0)
    except (OSError, ValueError):
        return 0


def finish(token: str, report: Any) -> None:
    """Remove the files and keep what is to be told of them."""
    tell(token, report)
    for path in (_root() / token).iterdir():
        if path.name.isdecimal():
            path.unlink()


def tell(token: str, report: Any) -> None:
    """Keep what is to be told of an import, in the place of what was told before."""
    folder = _root() / token
    written = folder / f"{secrets.token_urlsafe(6)}.new"
    written.write_text(json.dumps(report), encoding="utf-8")
    written.replace(folder / _REPORT)


def report(token: str) -> Any | None:
    """What `finish` was given; None where the import is not through."""
    try:
        return json.loads((_root() / token / _REPORT).read_text(encoding="utf-8"))
    except OSError:
        return None


def remove(token: str) -> None:
    shutil.rmtree(_root() / token, ignore_errors=True)


def sweep() -> None:
    """Remove what is older than a day."""
    if not _root().is_dir():
        return
    for folder in _root().iterdir():
        try:
            is_old = folder.stat().st_mtime < time.time() - KEPT_SECONDS
        except OSError:
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)
