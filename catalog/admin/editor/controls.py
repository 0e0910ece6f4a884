"""The plain controls of the form: what each sends for a text that nobody touched, and the value of what it sends now.

A control is compared with itself: only what differs from the untouched form is written, so a value that a browser
cannot carry exactly stays as it is. Imports `definition`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from catalog.admin.lines import with_own_line_ends
from catalog.comparing.texts import as_area, line_of, scalar_text
from catalog.definition import FIELDS, Definition, InvalidValue, Kind, nested_text, read_nested
from catalog.definition.tools import names_in

Sent = Mapping[str, list[str]]  # the values under each name of a form, in order

_COUNT = re.compile(r"0*([1-9][0-9]{0,8})")


class Typed(Protocol):
    """What a browser sent: Django's QueryDict, or the like."""

    def getlist(self, key: str, /) -> list[Any]: ...
    def __contains__(self, key: Any, /) -> bool: ...


def as_line(text: str) -> str:
    """A text as a one-line input gives it back: without line ends."""
    return as_area(text).replace("\n", "")


def values_of(typed: Typed, name: str) -> list[str]:
    return [as_area(value) for value in typed.getlist(name) if isinstance(value, str)]


class Control(Protocol):
    """One section of the form; `key` is its name there and in the address of its findings."""

    @property
    def key(self) -> str: ...

    def sent(self, definition: Definition) -> Sent | None:
        """What the untouched form sends; None where no control can show the value, and nothing is sent."""

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        """What was sent now; None where the form did not hold this section."""

    def is_same(self, one: Sent, other: Sent) -> bool: ...

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        """The definition with what was typed. Raises InvalidValue."""


@dataclass(frozen=True)
class One:
    """A control with one text: how it shows a value, and the value of a text."""

    key: str
    text_of: Callable[[Definition, str], str | None]
    value_of: Callable[[Definition, str, str], Any]
    is_line: bool = False

    def sent(self, definition: Definition) -> Sent | None:
        text = self.text_of(definition, self.key)
        return None if text is None else {self.key: [self._cleaned(text)]}

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        values = values_of(typed, self.key)
        return {self.key: [self._cleaned(values[0])]} if values else None

    def _cleaned(self, text: str) -> str:
        return as_line(text) if self.is_line else as_area(text)

    def is_same(self, one: Sent, other: Sent) -> bool:
        return one == other

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        return definition.replace(**{self.key: self.value_of(definition, self.key, now[self.key][0])})


# --- Texts ---------------------------------------------------------------------------------------


def _scalar(definition: Definition, key: str) -> str | None:
    return scalar_text(definition.fields.get(key))


def _name(definition: Definition, key: str, text: str) -> str:
    return text.strip()


def _prose(definition: Definition, key: str, text: str) -> str | None:
    """With the line ends it had; blank text is none."""
    return with_own_line_ends(text, scalar_text(definition.fields.get(key)) or "") if text.strip() else None


def _count(definition: Definition, key: str, text: str) -> int | None:
    if not (text := text.strip()):
        return None
    if match := _COUNT.fullmatch(text):
        return int(match.group(1))
    raise InvalidValue("Write a whole number from 1, such as 20, or leave it empty.")


def _nested(definition: Definition, key: str) -> str:
    return nested_text(definition, key)


def _settings(definition: Definition, key: str, text: str) -> Any:
    value = read_nested(text)
    wanted: tuple[type, ...] = (list, dict) if FIELDS[key].kind is Kind.SERVERS else (dict,)
    if value is None or isinstance(value, wanted):
        return value
    raise InvalidValue("Settings are lines such as name: value. Empty the box to leave them out.")


# --- Choices ---------------------------------------------------------------------------------------

FLAGS = {"true": True, "false": False}


def known_options(key: str) -> Mapping[str, Any]:
    """The options of a choice or flag, each with its value in the file."""
    return FLAGS if FIELDS[key].kind is Kind.FLAG else {choice: choice for choice in FIELDS[key].choices}


def option_of(definition: Definition, key: str) -> str | None:
    """The option for the field's value: "" for none, a known one, or the value itself as JSON."""
    value = definition.fields.get(key)
    text = scalar_text(value)
    if text is None:
        return None
    text = text.strip()
    is_known = text in known_options(key) and isinstance(value, bool) is (FIELDS[key].kind is Kind.FLAG)
    return text if is_known or not text else json.dumps(value)


def value_of_option(definition: Definition, key: str, option: str) -> Any:
    if not option:
        return None
    options = known_options(key)
    if option in options:
        return options[option]
    try:
        value = json.loads(option)
    except (ValueError, RecursionError):
        value = []
    if isinstance(value, (str, int, float, bool)):
        return value
    raise InvalidValue("Choose one of the list.")


# --- Lists, one name a line ------------------------------------------------------------------------


def as_lines(items: Iterable[Any]) -> str:
    return "\n".join(line for item in items if (line := line_of(item)))


def merged(items: Iterable[Any], text: str, split: Callable[[str], Iterable[str]]) -> list[Any]:
    """The items whose line is still in the text, as they were, and behind them what is new there."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    left = Counter(line for line in lines if line)
    kept = []
    for item in items:
        if left[line_of(item)] > 0:
            left[line_of(item)] -= 1
            kept.append(item)
    known = set(kept)
    for line, count in left.items():
        if count > 0:
            new = [name for name in split(line) if name not in known]
            known.update(new)
            kept += new
    return kept


def _names(definition: Definition, key: str) -> list[Any] | None:
    """The names of a list field, numbers among them as numbers; None where it is neither a text nor such a list."""
    value = definition.fields.get(key)
    if FIELDS[key].kind is Kind.TOOLS and isinstance(value, str):
        return list(names_in(value) or ())
    if isinstance(value, list):
        return None if any(scalar_text(item) is None for item in value) else value
    text = scalar_text(value)
    return None if text is None else _at_commas(text)


def _at_commas(text: str) -> list[str]:
    return [part for piece in text.split(",") if (part := piece.strip())]


def _names_text(definition: Definition, key: str) -> str | None:
    names = _names(definition, key)
    return None if names is None else as_lines(names)


def _names_value(definition: Definition, key: str, text: str) -> Any:
    """Behind one another as the file has them: in one text with commas, or as a list."""
    is_tools = FIELDS[key].kind is Kind.TOOLS
    items = merged(_names(definition, key) or (), text, _tools_in if is_tools else _at_commas)
    if not items:
        return None
    if is_tools:
        return tuple(str(item) for item in items)
    is_text = isinstance(definition.fields.get(key), str) and not any("," in str(item) for item in items)
    return ", ".join(str(item) for item in items) if is_text else items


def _tools_in(line: str) -> tuple[str, ...]:
    return names_in(line) or ()


# --- The controls ------------------------------------------------------------------------------------


def line(key: str) -> One:
    return One(key, _scalar, _name, is_line=True)


_OF_KIND: dict[Kind, tuple[Callable[[Definition, str], str | None], Callable[[Definition, str, str], Any]]] = {
    Kind.PROSE: (_scalar, _prose),
    Kind.COUNT: (_scalar, _count),
    Kind.CHOICE: (option_of, value_of_option),
    Kind.EFFORT: (option_of, value_of_option),
    Kind.FLAG: (option_of, value_of_option),
    Kind.TOOLS: (_names_text, _names_value),
    Kind.NAMES: (_names_text, _names_value),
    Kind.SERVERS: (_nested, _settings),
    Kind.MAP: (_nested, _settings),
}


def plain(key: str) -> One:
    """The control for a field of the vocabulary, by its kind."""
    kind = FIELDS[key].kind
    return One(key, *_OF_KIND[kind], is_line=kind is Kind.COUNT)
