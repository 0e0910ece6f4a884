"""One file offered to an import, wherever it was found. Imports only `definition`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from catalog.definition import Finding, Severity
from catalog.definition.limits import MAX_SOURCE_BYTES

# Spoken of in the summary of an import, counted while walking.
NOT_MARKDOWN = "not Markdown"


class Refused(Exception):
    """A file that is not read, with the finding that says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(code=code, severity=Severity.ERROR, message=message)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Markdown file of a folder or archive, not read yet.

    `path` is for people and safe to print; `folders` lie between the given root and the file, outermost
    first; `read` gives the bytes or raises Refused.
    """

    path: str
    folders: tuple[str, ...]
    read: Callable[[], bytes]


def refused(path: str, code: str, message: str) -> Candidate:
    """A candidate whose refusal is known before it is read."""

    def read() -> NoReturn:
        raise Refused(code, message)

    return Candidate(path, (), read)


def too_large(size: int) -> Refused:
    return Refused(
        "file-too-large",
        f"The file has {size:,} bytes; an agent file has at most {MAX_SOURCE_BYTES:,}.",
    )


# What version control, package managers and macOS leave behind: none of it was written for this catalog.
_NOT_OURS = frozenset(
    (".git", ".hg", ".svn", ".venv", ".tox", ".nox", ".cache", ".DS_Store", "node_modules", "__pycache__", "__MACOSX")
)


# What people and tools put beside agents: `README.ja.md`, `CLAUDE.md`. An agent's own `security.md` has small letters.
_BESIDE_AGENTS = re.compile(
    r"(?:(?i:readme)(?:[._-][A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?)?"  # with a language, perhaps
    r"|CHANGELOG|CONTRIBUTING|CODE_OF_CONDUCT|LICENSE|NOTICE|SECURITY|AGENTS|CLAUDE|GEMINI)"
    r"\.(?i:md)"
)


def is_markdown(name: str) -> bool:
    return name.lower().endswith(".md")


def is_beside_agents(path: str) -> bool:
    """Whether a file is called as those that tell of a folder are; it may be an agent all the same."""
    return _BESIDE_AGENTS.fullmatch(path.rpartition("/")[2]) is not None


def is_passed_over(name: str) -> bool:
    """Whether a file or folder is a system's or a tool's own. Other hidden ones are not: agents live in `.claude`."""
    return name in _NOT_OURS or name.startswith("._")


def is_hidden(char: str) -> bool:
    """Whether a character cannot be seen, or changes how others are seen: controls, direction marks, tags.

    The two joiners are not counted: several scripts and emoji are written with them.
    """
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\u200c\u200d"


def printable(text: str) -> str:
    r"""Text as it may stand on a terminal: hidden characters become `\x1b`, `\u202e` and the like.

    Bytes of a file name that are not UTF-8 (Python's surrogate escapes) become `\xff`.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(char) if is_hidden(char) else char for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
