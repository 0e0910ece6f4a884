"""A page's form as a browser reads and sends it (HTML, sections 4.10.18 and 4.10.21), without a browser.

What is disabled or in a template is left out, unticked boxes and radios are, the button only where it is pressed; a
one-line input loses line ends, a text area gains CRLF on its way.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

_LINE_END = re.compile(r"\r\n?|\n")
_SPACES = re.compile(r"[ \t\n\f\r]+")
_NEVER_SENT = frozenset(("button", "submit", "reset", "image", "file"))
_VOID = frozenset(("input", "br", "img", "meta", "link", "hr"))

Pairs = list[tuple[str, str]]


def sent_by(page: str) -> Pairs:
    """What the untouched controls of a page send, in order: names and values, line ends as CRLF."""
    reader = _Reader()
    reader.feed(_LINE_END.sub("\n", page).replace("\0", "\ufffd"))
    reader.close()
    return [(name, _LINE_END.sub("\r\n", value)) for name, value in reader.pairs()]


def as_query(pairs: Pairs) -> QueryDict:
    """The values as Django reads them from a request."""
    return QueryDict(urlencode(pairs))


def as_lists(pairs: Pairs) -> MultiValueDict[str, str]:
    """The same without the way over the wire, where many are compared."""
    lists: MultiValueDict[str, str] = MultiValueDict()
    for name, value in pairs:
        lists.appendlist(name, value)
    return lists


def with_values(pairs: Pairs, **values: str | list[str]) -> Pairs:
    """The same with other values under these names; names with an empty list are not sent."""
    kept = [(name, value) for name, value in pairs if name not in values]
    for name, value in values.items():
        texts = [value] if isinstance(value, str) else value
        kept += [(name, _LINE_END.sub("\r\n", text)) for text in texts]
    return kept


class _Control:
    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag, self.attributes = tag, attributes
        self.text = ""
        self.options: list[_Control] = []

    def has(self, name: str) -> bool:
        return name in self.attributes

    def get(self, name: str, default: str = "") -> str:
        value = self.attributes.get(name, default)
        return "" if value is None else value

    @property
    def kind(self) -> str:
        return self.get("type", "text").lower() if self.tag == "input" else self.tag


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Control] = []
        self.controls: list[_Control] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Control(tag, dict(reversed(attrs)))  # of an attribute given twice the first counts
        if tag == "option" and (select := self._around("select")):
            select.options.append(element)
        elif tag in ("input", "textarea", "select", "button") and self._is_sent(element):
            self.controls.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(element.tag == tag for element in self.open):
            if self.open.pop().tag == tag:
                break

    def handle_data(self, data: str) -> None:
        for element in self.open[-2:]:
            if element.tag in ("textarea", "option"):
                element.text += data

    def _around(self, tag: str) -> _Control | None:
        return next((element for element in reversed(self.open) if element.tag == tag), None)

    def _is_sent(self, element: _Control) -> bool:
        if element.has("disabled") or not element.get("name"):
            return False
        if self._around("template") or self._around("datalist"):
            return False
        for position, outer in enumerate(self.open):
            if outer.tag == "fieldset" and outer.has("disabled"):
                inside = self.open[position + 1 :]
                if not (inside and inside[0].tag == "legend"):
                    return False
        return True

    def pairs(self) -> Iterator[tuple[str, str]]:
        chosen = {c.get("name"): c for c in self.controls if c.kind == "radio" and c.has("checked")}
        for control in self.controls:
            name, kind = control.get("name"), control.kind
            if kind == "radio" and chosen.get(name) is not control:
                continue
            if (kind == "checkbox" and not control.has("checked")) or kind in _NEVER_SENT:
                continue
            for value in _values(control):
                yield name, value


def _values(control: _Control) -> list[str]:
    if control.tag == "textarea":
        return [control.text.removeprefix("\n")]
    if control.tag == "select":
        return _selected(control)
    if control.kind in ("checkbox", "radio"):
        return [control.get("value", "on")]
    return [control.get("value") if control.kind == "hidden" else control.get("value").replace("\n", "")]


def _selected(select: _Control) -> list[str]:
    marked = [option for option in select.options if option.has("selected")]
    if select.has("multiple"):
        return [_value_of(option) for option in marked if not option.has("disabled")]
    options = marked[-1:] or [option for option in select.options if not option.has("disabled")][:1]
    return [_value_of(option) for option in options if not option.has("disabled")]


def _value_of(option: _Control) -> str:
    return option.get("value") if option.has("value") else _SPACES.sub(" ", option.text).strip()
