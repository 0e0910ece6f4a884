"""What is wrong with a path inside an archive. Plain Python; imports its neighbours and `definition`."""

from __future__ import annotations

import re
import unicodedata

from catalog.definition import DEVICE

from .candidates import Refused, is_hidden

MAX_PATH_LENGTH = 200

_DRIVE = re.compile(r"[A-Za-z]:")


def check_safe(path: str) -> None:
    """Refuse a path that no honest archive holds, whatever kind of file it names. Raises Refused."""
    if not path:
        raise Refused("archive-path-empty", "The file has no name.")
    if "\0" in path:
        raise Refused("archive-path-nul", "The name holds a NUL character, at which some programs cut it.")
    if not path.isprintable() and any(is_hidden(char) for char in path):
        raise Refused(
            "archive-path-hidden-characters",
            "The name holds characters that cannot be seen or that turn the reading direction.",
        )
    if "\\" in path:
        raise Refused("archive-path-backslash", "The path holds a backslash; folders are separated by /.")
    if path.startswith("/"):
        raise Refused("archive-path-absolute", "The path is absolute: it names a place on this machine.")
    if _DRIVE.match(path):
        raise Refused("archive-path-drive", "The path begins with a drive letter.")
    parts = path.removesuffix("/").split("/")
    if ".." in parts:
        raise Refused("archive-path-traversal", "The path leads out of the archive (..).")
    if "" in parts or "." in parts:
        raise Refused("archive-path-not-plain", "The path has an empty part or a lone dot.")


def check_suitable(path: str) -> None:
    """Refuse a path that not every system can hold. Raises Refused."""
    if len(path) > MAX_PATH_LENGTH:
        raise Refused(
            "archive-path-too-long",
            f"The path has {len(path)} characters; at most {MAX_PATH_LENGTH} are read.",
        )
    for part in path.split("/"):
        if DEVICE.fullmatch(part.split(".")[0].rstrip(" ")):
            raise Refused("archive-path-reserved", f"Windows reserves the name {part.split('.')[0]} for a device.")


def collision_key(path: str) -> str:
    """Equal for two paths that some system takes for one: other case, other Unicode form, trailing dots."""
    if len(path) > MAX_PATH_LENGTH:
        return path  # refused anyway, and normalising long runs of combining marks takes quadratic time
    plain = "/".join(part.rstrip(" .") or part for part in path.split("/"))
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())
