"""The block between the fences: find it, and read it in three passes as `formats.md` observed real clients do.

1. strict: YAML 1.2 without aliases, merge keys and tags.
2. quoted: one-line values that hold a special character are put in double quotes, then read again.
3. recovered: a field starts where a known key starts at column 0; every other line belongs to the one above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from frontmatter.default_handlers import BaseHandler

from .fields import FIELDS
from .limits import MAX_FRONTMATTER_BYTES
from .values import Entry, NotStrict, read_mapping

BOM = "\ufeff"
_OPEN = re.compile(r"\ufeff?---[ \t]*(?:\r?\n)")
_CLOSE = re.compile(r"\n---[ \t]*(?:\r?\n|\r?\Z)")
_LATE_OPEN = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_LONG_CLOSE = re.compile(r"^-{4,}[ \t]*\r?$", re.MULTILINE)

# What the real client quotes on its second try (formats.md 1.3).
_ONE_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*\s*:\s+)(?=\S)")
_SPECIAL = re.compile(r": |[\[\]{}#*&!|>%@`]")

# Keys of other tools that real files carry; like the known ones they end a description that spilled over lines.
_FOREIGN_KEYS = frozenset(("author", "category", "emoji", "license", "services", "tags", "version", "vibe"))
_FIELD_START = re.compile(
    r"(" + "|".join(sorted({*FIELDS, *_FOREIGN_KEYS}, key=len, reverse=True)) + r")[ \t]*:(?:[ \t]+|$)"
)
# Fields whose text may run on over several lines; in the others a second line is a field of its own.
_PROSE = frozenset(("description", "initialPrompt"))


class Reading(StrEnum):
    """Which pass could read the block; for `strict` every client can."""

    STRICT = "strict"
    QUOTED = "quoted"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text has no readable block: a finding's code, sentence and line (from 1)."""

    code: str
    message: str
    line: int | None = 1


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """A source cut at its fences, and what its block says.

    `opening + block + closing + prompt` is the source. Lines of `entries` count from 0 in `block`, which
    begins on line 2 of the source. Without a block all but `prompt` is empty and `fault` says why.
    """

    opening: str
    block: str
    closing: str
    prompt: str
    entries: tuple[Entry, ...] = ()
    reading: Reading = Reading.STRICT
    fault: Fault | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The fields by key; of a key that stands twice the last one, as the real client has it."""
        return {entry.key: entry.value for entry in self.entries}


class DefinitionHandler(BaseHandler):
    """The strict pass as a handler of python-frontmatter: `frontmatter.loads(text, handler=DefinitionHandler())`."""

    FM_BOUNDARY = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "---"

    def detect(self, text: str) -> bool:
        return _OPEN.match(text) is not None

    def split(self, text: str) -> tuple[str, str]:
        cut = split(text)
        return cut.block, cut.prompt

    def load(self, fm: str, **kwargs: object) -> dict[str, Any]:
        return {entry.key: entry.value for entry in read_mapping(fm)}


def split(source: str) -> Frontmatter:
    """Cut a source at its fences; linear, never raises."""
    if not (opening := _OPEN.match(source)):
        return Frontmatter("", "", "", source, fault=_no_opening(source))
    # The fence's own line break may be the one before the closing fence: an empty block.
    if not (closing := _CLOSE.search(source, opening.end() - 1)):
        return Frontmatter("", "", "", source, fault=_no_closing(source, opening.end()))
    start, end = opening.end(), max(closing.start() + 1, opening.end())
    cut = Frontmatter(source[:start], source[start:end], source[end : closing.end()], source[closing.end() :])
    if len(cut.block) > MAX_FRONTMATTER_BYTES or len(cut.block.encode(errors="surrogatepass")) > MAX_FRONTMATTER_BYTES:
        message = (
            f"The block between the --- lines is larger than {MAX_FRONTMATTER_BYTES // 1024} KiB. "
            "Long text belongs into the prompt, under the second --- line."
        )
        return replace(cut, fault=Fault("frontmatter-too-large", message))
    return cut


def read_frontmatter(source: str) -> Frontmatter:
    """Cut and read a source in three passes; linear, never raises."""
    cut = split(source)
    if cut.fault:
        return cut
    try:
        return replace(cut, entries=tuple(read_mapping(cut.block)))
    except NotStrict as error:
        trouble = error
    if trouble.reason.startswith("is nested"):
        line = None if trouble.line is None else trouble.line + 2
        fault = Fault("frontmatter-too-deep", f"The block between the --- lines {trouble.reason}.", line)
        return replace(cut, fault=fault)
    try:
        entries = _read_quoted(cut.block)
        return replace(cut, entries=entries, reading=Reading.QUOTED)
    except NotStrict:
        entries = tuple(_recover(cut.block))
        return replace(cut, entries=entries, reading=Reading.RECOVERED)


def _no_opening(source: str) -> Fault:
    if not source.strip(BOM + " \t\r\n"):
        return Fault("file-empty", "The file is empty.", None)
    if (late := _LATE_OPEN.search(source)) and not source[: late.start()].strip(BOM + " \t\r\n"):
        line = source.count("\n", 0, late.start()) + 1
        return Fault(
            "frontmatter-not-first",
            f"The opening --- stands on line {line}; it must be the very first line. Delete the empty lines above it.",
            line,
        )
    if source.lstrip(BOM).startswith("---\r") and "\n" not in source:
        message = "The lines of the file end as on an old Mac (CR alone), which coding tools read as one line. "
        return Fault("frontmatter-one-line", message + "Save it again with Unix or Windows line ends.")
    return Fault(
        "no-frontmatter",
        "The file does not begin with a --- line, so it has no name and no description. "
        "Begin it with ---, a name: line, a description: line and another --- line.",
    )


def _no_closing(source: str, start: int) -> Fault:
    message = "The block that begins on line 1 is never closed. Put a line of exactly three dashes (---) below it."
    if longer := _LONG_CLOSE.search(source, start):
        line = source.count("\n", 0, longer.start()) + 1
        message = f"Line {line} has more than three dashes, so it does not close the block. Make it exactly ---."
        return Fault("frontmatter-not-closed", message, line)
    return Fault("frontmatter-not-closed", message)


def _read_quoted(block: str) -> tuple[Entry, ...]:
    lines = block.split("\n")
    quoted = {n: _quote(line) for n, line in enumerate(lines)}
    entries = read_mapping("\n".join(quoted.values()))
    return tuple(
        entry._replace(style="", value_end=None) if quoted[entry.line] != lines[entry.line] else entry
        for entry in entries
    )


def _quote(line: str) -> str:
    if not (match := _ONE_LINE.match(line)):
        return line
    key, value = match.group(1), line[match.end() :].rstrip()
    rest = line[match.end() + len(value) :]
    if value[0] in "\"'" and len(value) > 1 and value[-1] == value[0]:
        return line
    begins_quoted = value[0] in "\"'" and value.find(value[0], 1) > 0
    if not _SPECIAL.search(value) and not begins_quoted:
        return line
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}"{escaped}"{rest}'


def _recover(block: str) -> Iterable[Entry]:
    """The entries of a block that no YAML reader accepts, chunk by chunk; what belongs to no field is left out."""
    lines = block.split("\n")
    if lines[-1] == "":
        lines.pop()
    starts = [n for n, line in enumerate(lines) if _FIELD_START.match(line)]
    for start, end in pairwise([*starts, len(lines)]):
        yield from _recover_field(lines, start, end)


def _recover_field(lines: list[str], start: int, end: int) -> Iterable[Entry]:
    chunk = lines[start:end]
    for attempt in (chunk, [_quote(chunk[0]), *chunk[1:]]):
        try:
            entries = read_mapping("\n".join(attempt) + "\n")
        except NotStrict:
            continue
        if len(entries) == 1 or entries[0].key not in _PROSE:
            quoted = attempt[0] != chunk[0]
            for entry in entries:
                moved = entry.moved(start)
                yield moved._replace(style="", value_end=None) if quoted and entry.line == 0 else moved
            return
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    match = _FIELD_START.match(lines[start])
    assert match is not None  # noqa: S101  # each chunk begins where this matched
    text = "\n".join(line.removesuffix("\r") for line in [lines[start][match.end() :], *lines[start + 1 : end]])
    yield Entry(match.group(1), _unquoted(text.strip()), start, end, style="raw")


def _unquoted(text: str) -> str:
    """Spilled text without the quotes around it, where it has both or lacks only the closing one."""
    if text[:1] != '"':
        return text
    inner = text[1:-1] if len(text) > 1 and text.endswith('"') and not text.endswith('\\"') else text[1:]
    return inner.replace('\\"', '"')
