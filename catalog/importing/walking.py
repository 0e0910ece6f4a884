"""Files and folders on this machine as candidates. Imports only its neighbours and `definition`."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from catalog.definition.limits import MAX_SOURCE_BYTES

from .candidates import NOT_MARKDOWN, Candidate, Refused, is_markdown, is_passed_over, printable, refused, too_large


def open_regular(path: str) -> BinaryIO:
    """The file at `path` for reading, if it is an ordinary one; never blocks, never follows a link.

    Raises Refused.
    """
    # A FIFO without a writer blocks a plain open for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:
        raise unreadable(error) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused("not-a-file", "This is not an ordinary file.")
    return file


def unreadable(error: Exception) -> Refused:
    return Refused("file-unreadable", f"The file cannot be read: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return printable(getattr(error, "strerror", None) or str(error))


def read_file(path: str) -> bytes:
    """The bytes of one file, at most MAX_SOURCE_BYTES of them. Raises Refused."""
    with open_regular(path) as file:
        try:
            data = file.read(MAX_SOURCE_BYTES + 1)
            size = max(os.fstat(file.fileno()).st_size, len(data))
        except OSError as error:
            raise unreadable(error) from None
    if len(data) > MAX_SOURCE_BYTES:
        raise too_large(size)
    return data


def single_file(path: str, shown: str) -> Candidate:
    return Candidate(printable(shown), (), lambda: read_file(path))


def files_under(root: str, prefix: str, passed_over: Counter[str]) -> Iterator[Candidate]:
    """The Markdown files of a folder and its sub-folders, in the order of their names.

    What belongs to a system or a tool is passed over. Links are not followed out of `root`.
    """
    real_root = os.path.realpath(root)
    # A stack, not recursion: a tree may be deeper than Python's.
    open_folders: list[tuple[tuple[str, ...], Iterator[os.DirEntry[str]]]] = [((), _listing(real_root))]
    while open_folders:
        folders, entries = open_folders[-1]
        try:
            entry = next(entries, None)
        except OSError as error:
            entry = None
            shown = printable(prefix + "/".join(folders)) or "."
            yield refused(shown, "folder-unreadable", f"The folder cannot be read: {_reason(error)}.")
        if entry is None:
            open_folders.pop()
        elif entry.is_dir(follow_symlinks=False):
            open_folders.append(((*folders, entry.name), _listing(entry.path)))
        else:
            yield from _candidates(entry, real_root, prefix, folders, passed_over)


def _listing(path: str) -> Iterator[os.DirEntry[str]]:
    """What a folder holds, by name. Raises OSError at the first entry."""
    with os.scandir(path) as scan:
        entries = [entry for entry in scan if not is_passed_over(entry.name)]
    entries.sort(key=lambda entry: os.fsencode(entry.name), reverse=True)
    while entries:  # each is let go once it was looked at
        yield entries.pop()


def _candidates(
    entry: os.DirEntry[str], real_root: str, prefix: str, folders: tuple[str, ...], passed_over: Counter[str]
) -> Iterator[Candidate]:
    shown = printable(prefix + "/".join([*folders, entry.name]))
    if entry.is_symlink():
        yield from _linked(entry, real_root, shown, folders)
    elif is_markdown(entry.name):
        path = entry.path
        yield Candidate(shown, folders, lambda: read_file(path))
    else:
        passed_over[NOT_MARKDOWN] += 1


def _linked(entry: os.DirEntry[str], real_root: str, shown: str, folders: tuple[str, ...]) -> Iterator[Candidate]:
    """A link to a file inside the root is read; one to a folder inside is not: its files are met there."""
    try:
        target = os.path.realpath(entry.path, strict=True)
    except OSError:
        if is_markdown(entry.name):
            yield refused(shown, "broken-link", "The link leads nowhere.")
        return
    is_folder = os.path.isdir(target)
    if not is_folder and not is_markdown(entry.name):
        return
    if not Path(target).is_relative_to(real_root):
        yield refused(shown, "link-leaves-folder", "The link leads out of the folder; it is not followed.")
    elif not is_folder:
        yield Candidate(shown, folders, lambda: read_file(target))
    elif any(map(is_passed_over, Path(target).relative_to(real_root).parts)):
        message = "The link leads to a folder that is not read, such as node_modules."
        yield refused(shown, "link-to-passed-over", message)
