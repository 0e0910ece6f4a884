"""YAML 1.2 values from a bounded event stream: no alias, merge key or tag is ever expanded.

Imports PyYAML's parser (events only, its constructors are not used) and nothing of the catalog but limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from .limits import MAX_NESTING

# libyaml's parser where the wheel has it (all wheels on PyPI do); the Python one gives the same events.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The core schema of YAML 1.2 (yaml.org/spec/1.2.2, section 10.3.2): `no` and `on` and dates are strings.
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}|0o[0-7]{1,15}|0x[0-9a-fA-F]{1,12}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]{1,2})?")

_MOST_DIGITS = 17  # of a number that a double can hold
_LARGEST = 2**53  # beyond it databases give back another number than was stored

# YAML 1.2 and the real client break lines at LF and CR LF only and take any character; PyYAML (YAML 1.1)
# also breaks at these and refuses others. They travel through it as private-use characters.
_STRANGERS = re.compile("\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_DISGUISE = 0xF0000
_DISGUISED = re.compile("[\U000f0000-\U000fffff]")


class NotStrict(Exception):
    """The text is not a YAML mapping within the bounds. `line` counts from 0 in the block, where known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Entry(NamedTuple):
    """One key of the block with its value and where it stands (lines and columns from 0, in the block)."""

    key: str
    value: Any
    line: int  # of the key
    end: int  # the line behind its last line
    column: int = 0
    style: str = ""  # of a scalar: "" plain, "'", '"', "|", ">"; "raw" for spilled text; "[" or "{" for nested
    value_end: tuple[int, int] | None = None  # where a scalar ends: line, column
    eaten: str = ""  # the anchor or tag that YAML takes from the front of a value
    nested: str = ""  # "block" or "flow" for a list or mapping

    def moved(self, lines: int) -> Entry:
        """The entry as it stands that many lines further down."""
        value_end = (self.value_end[0] + lines, self.value_end[1]) if self.value_end else None
        return self._replace(line=self.line + lines, end=self.end + lines, value_end=value_end)


def read_mapping(block: str) -> list[Entry]:
    """The entries of a block mapping, one per line-starting key, in order, duplicates included.

    Raises NotStrict for everything that is not plain data within the bounds. Linear in the length of `block`.
    """
    disguised = _STRANGERS.sub(lambda m: chr(_DISGUISE + ord(m.group())), block)
    if disguised is not block and disguised != block:
        if _DISGUISED.search(block):
            raise NotStrict("mixes control characters with private-use characters")
    else:
        disguised = block
    try:
        entries = list(_entries(yaml.parse(disguised, Loader=_Loader), disguised is not block))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or "is not readable")
        raise NotStrict(reason, mark.line if mark else None) from None
    return _with_ends(entries, block)


def _entries(events: Iterator[Any], disguised: bool) -> Iterator[Entry]:
    next(events)  # stream start
    event = next(events)
    if isinstance(event, yaml.StreamEndEvent):
        return
    first = next(events)
    if isinstance(first, yaml.ScalarEvent) and first.value == "" and first.implicit[0]:
        return  # comments and blank lines only
    if not isinstance(first, yaml.MappingStartEvent) or first.flow_style:
        raise NotStrict("is not a list of fields, one a line", first.start_mark.line)
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise NotStrict("has a key that is not text", key.start_mark.line)
        yield _entry(key, next(events), events, disguised)
    next(events)  # document end
    if not isinstance(extra := next(events), yaml.StreamEndEvent):
        raise NotStrict("holds a second document", extra.start_mark.line)


def _entry(key: Any, event: Any, events: Iterator[Any], disguised: bool) -> Entry:
    value = _value(event, events, 1)
    scalar = isinstance(event, yaml.ScalarEvent)
    text = key.value
    if disguised:
        value, text = _reveal(value), _reveal(text)
    eaten = ""
    if event.anchor or (event.tag and event.tag != "!"):
        eaten = f"&{event.anchor}" if event.anchor else str(event.tag)
    return Entry(
        key=text,
        value=value,
        line=key.start_mark.line,
        end=0,
        column=key.start_mark.column,
        style=(event.style or "") if scalar else ("[" if isinstance(value, list) else "{"),
        value_end=(event.end_mark.line, event.end_mark.column) if scalar else None,
        eaten=eaten,
        nested="" if scalar else ("flow" if event.flow_style else "block"),
    )


def _value(event: Any, events: Iterator[Any], depth: int) -> Any:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event.value, plain=event.implicit[0])
    if isinstance(event, yaml.AliasEvent):
        raise NotStrict("uses an alias (*)", event.start_mark.line if event.start_mark else None)
    if depth >= MAX_NESTING:
        raise NotStrict(f"is nested more than {MAX_NESTING} levels deep", event.start_mark.line)
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_value(item, events, depth + 1))
        return items
    mapping: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise NotStrict("has a key that is not text", key.start_mark.line)
        mapping[key.value] = _value(next(events), events, depth + 1)
    return mapping


def _scalar(text: str, *, plain: bool) -> Any:
    """A scalar by the core schema; numbers that would lose digits stay text."""
    if not plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    first = text[0]
    if first.isdigit() or first in "+-.":
        if _INTEGER.fullmatch(text):
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        if len(text) <= _MOST_DIGITS and not text.isdigit() and _FLOAT.fullmatch(text):
            number = float(text)
            return number if abs(number) < _LARGEST else text
    return text


def _reveal(value: Any) -> Any:
    if isinstance(value, str):
        return _DISGUISED.sub(lambda m: chr(ord(m.group()) - _DISGUISE), value)
    if isinstance(value, list):
        return [_reveal(item) for item in value]
    if isinstance(value, dict):
        return {_reveal(key): _reveal(item) for key, item in value.items()}
    return value


def _with_ends(entries: list[Entry], block: str) -> list[Entry]:
    """Give each entry its last line: all up to the next key, but for the blank and comment lines before it."""
    if not entries:
        return entries
    lines = block.split("\n")
    if lines[-1] == "":
        lines.pop()
    starts = [entry.line for entry in entries[1:]] + [len(lines)]
    return [_ending(entry, end, lines) for entry, end in zip(entries, starts, strict=True)]


def _ending(entry: Entry, end: int, lines: list[str]) -> Entry:
    while end > entry.line + 1 and _is_between(lines[end - 1], entry.column):
        end -= 1
    return entry._replace(end=end)


def _is_between(line: str, column: int) -> bool:
    """A blank line, a comment no deeper than the keys, or the end of the document: it belongs to no field."""
    stripped = line.strip()
    return not stripped or line.rstrip() == "..." or (stripped[0] == "#" and len(line) - len(line.lstrip()) <= column)
