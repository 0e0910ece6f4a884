"""Commands as pages show them: broken where a reader would break them. Imports nothing of the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_IN_ADDRESSES = re.compile(r"(?<=[^/]/)(?=[^/])|(?=\?)")


@register.filter
def in_lines(commands: Iterable[Iterable[str]]) -> SafeString:
    """Each command a line, given in the parts between which it may best be broken; then addresses at their slashes.

    The markup is put together first, and all words are put into it at once: a page has many commands.
    """
    lines, words = [], []
    for command in commands:
        parts = [_IN_ADDRESSES.split(part) for part in command]
        lines.append(" ".join(f"<span>{'<wbr>'.join(['{}'] * len(pieces))}</span>" for pieces in parts))
        words += [piece for pieces in parts for piece in pieces]
    return format_html("".join(f'<span class="line">{line}</span>' for line in lines), *words)
