"""Words for people on the public pages: dates, counts, tools as they are said. Imports `definition`, `rendering`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.definition import tools
from catalog.rendering import render_inline

register = template.Library()

AGENT_COLORS = frozenset(("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"))

_WORD = re.compile(r"[^\W_]+")
_SPANS = (
    (365 * 86_400, "year"),
    (30 * 86_400, "month"),
    (7 * 86_400, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
)
_SHORT_LABELS = {
    tools.READS: "reads",
    tools.CHANGES: "edits files",
    tools.RUNS: "runs commands",
    tools.GOES_ONLINE: "goes online",
    tools.DELEGATES: "delegates",
}
# Enough of a text to tell its language, and not so much that a long one takes time.
_SAMPLE = 2_000
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")


@register.filter
def initials(title: str) -> str:
    """ "Python Backend Engineer" gives "PB"; a title in a script without capitals gives its first letter."""
    words: list[str] = _WORD.findall(title)
    if not words:
        return "–"
    if words[0][0].isdigit():
        return words[0][:2].upper()
    if words[0][0].upper() == words[0][0].lower():
        return words[0][0]
    return "".join(word[0] for word in words[:2]).upper()


@register.filter
def agent_color(color: str) -> str:
    """The color, where it is one of the eight that an agent may have; else nothing."""
    return color if color in AGENT_COLORS else ""


@register.simple_tag
def when(moment: datetime) -> SafeString:
    """A moment as people say it, with the exact time for those who point at it and for machines."""
    moment = moment.astimezone(UTC)
    exact = f"{moment.day} {moment:%B %Y, %H:%M} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", exact, ago(moment))


def ago(moment: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    for length, unit in _SPANS:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


@register.filter
def person(user: Any) -> str:
    """Somebody as their colleagues call them: the first name, where it is known."""
    return str(user.get_short_name() or user.get_username()) if user else "somebody"


@register.filter
def counted(number: int) -> str:
    """1234 is "1,234"."""
    return f"{number:,}"


@register.filter
def rounded(number: int) -> str:
    """A number as people keep it in mind: two figures from 100 on, "1,200" for 1234."""
    if number < 100:
        return str(number)
    step: int = 10 ** (len(str(number)) - 2)
    return f"{round(number / step) * step:,}"


@register.filter
def in_kilobytes(size: int) -> str:
    return f"{size} bytes" if size < 1_000 else f"{size / 1000:.1f} kB"


@register.filter
def is_web_address(address: str) -> bool:
    return address.startswith(("https://", "http://"))


@register.filter
def in_short(names: Iterable[str] | None) -> str:
    """What a list of tools lets an agent do, in a few words; none named means all tools, as coding tools read it."""
    named = list(names or ())
    if not named:
        return "all tools"
    kinds = tools.kinds_of(named)
    said = [label for kind, label in _SHORT_LABELS.items() if kind in kinds]
    if any(tools.is_mcp(name) for name in named):
        said.append("uses MCP servers")
    return ", ".join(said) or "other tools"


@register.filter
def inline(text: str) -> SafeString:
    """A lead or a turn of an example: untrusted text with paragraphs, code and emphasis."""
    return render_inline(text)


@register.filter
def in_language(text: str) -> SafeString:
    """The `lang` attribute for a text that is plainly not written in Latin letters; else nothing."""
    code = language(text)
    return format_html('lang="{}"', code) if code else format_html("{}", "")


def language(text: str) -> str:
    sample = text[:_SAMPLE]
    enough = max(len(sample) // 20, 1)
    if len(_KANA.findall(sample)) >= enough:
        return "ja"
    if len(_HANGUL.findall(sample)) >= enough:
        return "ko"
    if len(_HAN.findall(sample)) >= enough:
        return "zh"
    return "ru" if len(_CYRILLIC.findall(sample)) >= enough else ""
