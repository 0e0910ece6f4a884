"""Writes TOML, which the standard library only reads, and reads it again. Imports only this package.

Source of the rules: toml.io/en/v1.0.0. Texts of several lines are multi-line basic strings, others basic strings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

from .export import Misread

Scalar = str | int | bool | Sequence[str]
Table = Mapping[str, "Scalar | Table"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'[\x00-\x08\x0a-\x1f\x7f"\\]')
# In a text of several lines: line feeds stand as they are, and a quote too, if no three come together or at the end.
_ESCAPED_IN_LINES = re.compile(r'[\x00-\x08\x0b-\x1f\x7f\\]|(?<="")"|"(?=\Z)')
_SHORT = {"\b": "\\b", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def write_toml(table: Table) -> bytes:
    """The file with this content, read again before it is given. Raises Misread, which is a fault."""
    text = "\n".join(_lines(table, ())) + "\n"
    if tomllib.loads(text) != _plain(table):
        raise Misread("the TOML reads as something else than was meant")
    return text.encode()


def _lines(table: Table, path: tuple[str, ...]) -> Iterator[str]:
    """Values first: what follows a table's heading belongs to it."""
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {_value(value)}"
    for key, inner in tables.items():
        here = (*path, key)
        if not inner or any(not isinstance(value, Mapping) for value in inner.values()):
            yield ""
            yield f"[{'.'.join(map(_key, here))}]"
        yield from _lines(inner, here)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _line(key)


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _several_lines(value) if "\n" in value else _line(value)
    return f"[{', '.join(map(_line, value))}]"


def _line(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _several_lines(text: str) -> str:
    """The line break behind the opening quotes is none of the text."""
    return f'"""\n{_ESCAPED_IN_LINES.sub(_escape, text)}"""'


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match.group()) or f"\\u{ord(match.group()):04X}"


def _plain(value: Scalar | Table) -> object:
    """As the reader gives it: dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value if isinstance(value, str | int) else list(value)
