"""A field that holds settings within settings, as a text of its own: `hooks`, `mcpServers`, `experimental`.

Imports only this package.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from .findings import InvalidValue
from .values import NotStrict, read_mapping

if TYPE_CHECKING:
    from .definition import Definition

_LINE_END = re.compile(r"\r\n?|\n")


def nested_text(definition: Definition, key: str) -> str:
    """What the file writes behind a field's name, without the indentation all its lines share; "" without the field."""
    entry = definition.entries.get(key)
    if entry is None:
        return ""
    lines = [line.removesuffix("\r") for line in definition.frontmatter.block.split("\n")[entry.line : entry.end]]
    head = re.match(rf"[ \t?]*([\"']?){re.escape(key)}\1[ \t]*:[ \t]*", lines[0])
    first = lines[0][head.end() :] if head else lines[0]
    rest = textwrap.dedent("\n".join(lines[1:]))
    return (f"{first}\n{rest}" if first.strip() else rest).rstrip()


def read_nested(text: str) -> Any:
    """The value of such a text, as JSON has it; None for one that says nothing. Raises InvalidValue, with the line."""
    lines = _LINE_END.split(text)
    try:
        entries = read_mapping("value:\n" + "".join(f"  {line}\n" for line in lines))
    except NotStrict as error:
        where = f"Line {error.line}" if error.line and error.line <= len(lines) else "The text"
        raise InvalidValue(
            f"{where} cannot be read. Each setting stands on a line of its own, as name: value, and what belongs to "
            "it two spaces further in on the lines below."
        ) from None
    return entries[0].value
