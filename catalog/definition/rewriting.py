"""One field of a source set to another value, every other byte kept. Text in, text out.

Each way of writing the value is tried in the file's own manner first and is only taken when the result, read
again, gives the new value and leaves every other field as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from .fields import FIELDS, ORDER, Kind
from .findings import InvalidValue
from .frontmatter import Frontmatter, Reading, read_frontmatter
from .values import Entry

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KEY_AS_WRITTEN = re.compile(r"\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'#?][^:\n]*?)[ \t]*:(?=\s|$)")
_COMMENT = re.compile(r"[ \t]+#[^\n]*?(?=\r?\n?\Z)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U000f0000-\U0010ffff]")
LITERAL_NEWLINE = "\\n"
_RANK = {reading: rank for rank, reading in enumerate(Reading)}  # the later, the fewer clients can read it


class Quoted(str):
    """Text to be written in double quotes whatever the file's manner: every client reads that alike."""

    __slots__ = ()


def rewrite(source: str, key: str, value: Any) -> str:
    """`source` with the field `key` set to `value`; None removes the field.

    `value` is text, a number, a boolean, a list or a mapping, as JSON has them. A source without a block gets one.
    Where the change makes a lenient reading strict, other fields may read as the strict reading has them; no byte
    of theirs changes. Raises InvalidValue for a value that no way of writing brings back.
    """
    refuse_unwritable(value)
    before = read_frontmatter(source)
    if not _KEY.fullmatch(key) and key not in before.values:
        raise InvalidValue(f"“{key}” cannot be the name of a field. Use letters, digits and hyphens.")
    if before.fault and not before.opening:
        return _with_new_block(before, key, value)
    if before.fault:
        raise InvalidValue(before.fault.message)
    if value is None:
        return _removed(before, key)
    wanted = list(value) if isinstance(value, tuple) else value
    others = {k: v for k, v in before.values.items() if k != key}
    acceptable: dict[tuple[bool, bool], str] = {}  # (others read otherwise, reads worse): the best of that sort
    for text in _attempts(before, key, value):
        after = read_frontmatter(text)
        values = after.values
        if after.fault or after.prompt != before.prompt or key not in values:
            continue
        if not is_same(_as_read(key, values.pop(key)), wanted) or values.keys() != others.keys():
            continue
        sort = (not is_same(values, others), _RANK[after.reading] > _RANK[before.reading])
        if sort == (False, False):
            return text
        acceptable.setdefault(sort, text)
    if not acceptable:
        raise InvalidValue(_why_not(key, value))
    return acceptable[min(acceptable)]


def refuse_unwritable(value: Any) -> None:
    """Raise InvalidValue for what no file can hold: half a character, or a value JSON has no form for."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise InvalidValue("The text holds half a character (a lone surrogate). Type it anew.") from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue("A field holds text, numbers, true or false, lists and mappings of these.") from None


def as_decoded(value: Any) -> Any:
    r"""A description as the real client reads it: a literal `\n` is a line break."""
    return value.replace(LITERAL_NEWLINE, "\n") if isinstance(value, str) else value


def _as_read(key: str, value: Any) -> Any:
    if value is None and is_list_field(key):
        return []  # `tools:` with nothing behind it is an empty list
    return as_decoded(value) if key == "description" else value


def is_same(a: Any, b: Any) -> bool:
    """Equal in type too, so that true is not 1."""
    return bool(a == b) and json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def _why_not(key: str, value: Any) -> str:
    if key == "description" and isinstance(value, str) and LITERAL_NEWLINE in value:
        return "A description cannot hold a backslash followed by n: coding tools turn it into a line break."
    label = FIELDS[key].label if key in FIELDS else key
    return f"{label} cannot hold this value in this file. What was there is kept."


def _with_new_block(before: Frontmatter, key: str, value: Any) -> str:
    if value is None:
        return before.prompt
    bom = "\ufeff" if before.prompt.startswith("\ufeff") else ""
    text = before.prompt.removeprefix(bom) if bom else before.prompt
    newline = newline_of(text)
    return rewrite(f"{bom}---{newline}---{newline}{text}", key, value)


def newline_of(text: str) -> str:
    """The line end a text uses: that of its first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


# --- Where the field stands ------------------------------------------------------------------------


def _split_keeping(block: str) -> list[str]:
    """Lines with their ends, cut at LF only (str.splitlines also cuts at CR, U+2028 and others)."""
    parts = block.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _removed(before: Frontmatter, key: str) -> str:
    """The source without a field. What stood behind it may come to light as the same field: that goes too."""
    after = before
    for _ in before.entries:
        text = _without(after, key)
        after = read_frontmatter(text)
        if key not in after.values:
            break
    others = {k: v for k, v in before.values.items() if k != key}
    if key in after.values or (before.reading is Reading.STRICT and not is_same(after.values, others)):
        label = FIELDS[key].label if key in FIELDS else key
        raise InvalidValue(f"{label} cannot be taken out without changing another field. Nothing was changed.")
    return after.opening + after.block + after.closing + after.prompt


def _without(before: Frontmatter, key: str) -> str:
    lines = _split_keeping(before.block)
    gone = {n for entry in before.entries if entry.key == key for n in range(entry.line, entry.end)}
    kept = "".join(line for n, line in enumerate(lines) if n not in gone)
    return before.opening + kept + before.closing + before.prompt


def _attempts(before: Frontmatter, key: str, value: Any) -> Iterator[str]:
    """Whole sources with the value written in, best way first."""
    lines = _split_keeping(before.block)
    newline = newline_of(before.opening)
    existing = next((entry for entry in reversed(before.entries) if entry.key == key), None)
    places: list[tuple[int, int]]
    if existing:
        places = [(existing.line, existing.end)]
    else:
        places = list(dict.fromkeys((n, n) for n in _insertion_lines(before.entries, key, len(lines))))
    for start, end in places:
        for written in _ways(key, value, existing, "".join(lines[start:end]), before):
            text = "".join((line + newline) for line in written)
            block = "".join(lines[:start]) + text + "".join(lines[end:])
            yield before.opening + block + before.closing + before.prompt


def _insertion_lines(entries: Iterable[Entry], key: str, end: int) -> Iterator[int]:
    """Where a new field may go: behind the one that usually precedes it, at the end, at the beginning."""
    entries = list(entries)
    rank = ORDER.index(key) if key in ORDER else len(ORDER)
    before = [entry for entry in entries if entry.key in ORDER and ORDER.index(entry.key) < rank]
    if before and key in ORDER:
        yield max(before, key=lambda entry: ORDER.index(entry.key)).end
    elif entries and key in ORDER:
        yield entries[0].line
    if entries:
        yield entries[-1].end
    yield end
    yield 0


# --- How the value is written ----------------------------------------------------------------------


def _ways(key: str, value: Any, existing: Entry | None, old: str, before: Frontmatter) -> Iterator[list[str]]:
    """The field's lines without their ends, in the manner of the old ones first."""
    head, indent, comment = _head(key, existing, old, before)
    comments = [comment, ""] if comment else [""]
    if isinstance(value, (list, tuple)):
        yield from _list_ways(head, indent, list(value), existing)
    elif isinstance(value, dict):
        yield [head, *(f"{indent}  {line}" for line in _dumped(value))]
        yield [f"{head} {_as_json(value)}"]
    elif isinstance(value, str):
        for lines in _text_ways(key, head, indent, value, existing):
            for end in comments if len(lines) == 1 else [""]:
                yield [lines[0] + end, *lines[1:]]
    else:
        for end in comments:
            yield [f"{head} {json.dumps(value)}{end}"]


def _head(key: str, existing: Entry | None, old: str, before: Frontmatter) -> tuple[str, str, str]:
    """The key with its colon as the file has it, the indentation, and the comment behind a one-line value."""
    column = existing.column if existing else (before.entries[0].column if before.entries else 0)
    indent = " " * column
    if not existing:
        return f"{indent}{key}:", indent, ""
    match = _KEY_AS_WRITTEN.match(old)
    head = match.group().lstrip("\n") if match and match.group().strip() else f"{indent}{key}:"
    comment = ""
    if existing.value_end and existing.value_end[0] == existing.line and existing.style in ("", "'", '"'):
        found = _COMMENT.match(old, existing.value_end[1])
        comment = found.group().rstrip("\r\n") if found else ""
    return head, indent, comment


def _text_ways(key: str, head: str, indent: str, value: str, existing: Entry | None) -> Iterator[list[str]]:
    if isinstance(value, Quoted):
        yield [f"{head} {_double_quoted(value)}"]
        return
    old = existing.value if existing and isinstance(existing.value, str) else ""
    literal = key == "description" and LITERAL_NEWLINE in old
    one_line = value.replace("\n", LITERAL_NEWLINE) if literal else value
    style = existing.style if existing else ""
    if _UNPRINTABLE.search(value):
        yield [f"{head} {_double_quoted(value)}"]
        return
    if style == "'" and "\n" not in one_line:
        yield [f"{head} '" + one_line.replace("'", "''") + "'"]
    elif style == '"':
        yield [f"{head} {_double_quoted(one_line)}"]
    elif style in ("|", ">"):
        yield from _block_ways(head, indent, value, style)
    elif style == "raw" and "\n" in value:
        yield from _block_ways(head, indent, value, "|")
    elif "\n" not in one_line and one_line and not one_line.isspace():
        yield [f"{head} {one_line}"]
    yield [f"{head} {_double_quoted(one_line)}"]
    yield [f"{head} {_double_quoted(value)}"]
    if "\n" in value:
        yield from _block_ways(head, indent, value, "|")


def _double_quoted(text: str) -> str:
    r"""A YAML double-quoted scalar: JSON's escapes, every other character as it is unless unprintable."""
    return _as_json(str(text))


def _as_json(value: Any) -> str:
    return _UNPRINTABLE.sub(lambda match: _escape(match.group()), json.dumps(value, ensure_ascii=False))


def _dumped(value: Any) -> list[str]:
    """Lines of block-style YAML; characters that would not come back as they are written as escapes."""
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10**6)
    if _UNPRINTABLE.search(text):
        text = yaml.safe_dump(value, sort_keys=False, width=10**6)
    return text.removesuffix("\n").split("\n")


def _escape(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"


def _block_ways(head: str, indent: str, value: str, style: str) -> Iterator[list[str]]:
    body = value.rstrip("\n")
    chomp = {0: "-", 1: ""}.get(len(value) - len(body), "+")
    lines = value.split("\n")
    if chomp == "+" or not body.rpartition("\n")[2].strip():
        return  # its last lines would be blank, and blank lines belong to no field
    if chomp == "":
        lines.pop()
    if style == ">":
        yield [
            f"{head} >{chomp}",
            *(f"{indent}  {line}" if line else "" for line in "\n\n".join(lines).split("\n")),
        ]
    hint = "2" if body[:1] in (" ", "\n", "\t", "#") else ""
    yield [f"{head} |{hint}{chomp}", *(f"{indent}  {line}" if line else "" for line in lines)]


def _list_ways(head: str, indent: str, items: list[Any], existing: Entry | None) -> Iterator[list[str]]:
    """As one comma-separated line, as `[a, b]`, or as `- a` lines: in the manner the field has, else in that order."""
    plain = all(isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in items)
    flow = [f"{head} {_as_json(items)}"]
    if not items:
        yield from (flow, [head])
        return
    block = [head, *(f"{indent}  {line}" for line in _dumped(items))]
    bare = [f"{head} [{', '.join(str(item) for item in items)}]"]
    ways = [bare, flow, block] if plain and existing and existing.nested == "flow" else [block, flow]
    yield from ways


def is_list_field(key: str) -> bool:
    """Whether a field holds tools, which stand as comma-separated text or as a list."""
    return key in FIELDS and FIELDS[key].kind is Kind.TOOLS
