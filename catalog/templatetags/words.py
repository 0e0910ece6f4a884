"""Words for people on the public pages: dates, counts, tools as they are said. Imports `definition`, `rendering`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, ngettext_lazy

from catalog.definition import Capability, tools
from catalog.rendering import render_inline, render_lines

register = template.Library()

AGENT_COLORS = frozenset(("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"))

_WORD = re.compile(r"[^\W_]+")
_SPANS = (
    (365 * 86_400, ngettext_lazy("%(number)d year ago", "%(number)d years ago", "number")),
    (30 * 86_400, ngettext_lazy("%(number)d month ago", "%(number)d months ago", "number")),
    (7 * 86_400, ngettext_lazy("%(number)d week ago", "%(number)d weeks ago", "number")),
    (86_400, ngettext_lazy("%(number)d day ago", "%(number)d days ago", "number")),
    (3_600, ngettext_lazy("%(number)d hour ago", "%(number)d hours ago", "number")),
    (60, ngettext_lazy("%(number)d minute ago", "%(number)d minutes ago", "number")),
)
_SHORT_LABELS = {
    tools.READS: gettext_lazy("reads"),
    tools.CHANGES: gettext_lazy("edits files"),
    tools.RUNS: gettext_lazy("runs commands"),
    tools.GOES_ONLINE: gettext_lazy("goes online"),
    tools.DELEGATES: gettext_lazy("delegates"),
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
    return _time(moment, ago(moment))


@register.simple_tag
def on(moment: datetime) -> SafeString:
    """The same to the day, for pages that are kept for a day."""
    return _time(moment, day(moment))


def _time(moment: datetime, said: str) -> SafeString:
    return _marked_up(moment.astimezone(UTC), said, get_language())


@lru_cache(maxsize=4096)  # a list shows many, and the same ones again
def _marked_up(moment: datetime, said: str, language: str | None) -> SafeString:
    # Translators: how a day is written with its time, in the letters of Django's "date" filter.
    exact = date_format(moment, gettext("j F Y, H:i")) + " UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", exact, said)


def ago(moment: datetime) -> str:
    return _in_spans((timezone.now() - moment).total_seconds()) or gettext("just now")


def day(moment: datetime) -> str:
    """How many days ago by the calendar of UTC: midnight alone changes it."""
    days = (timezone.now().astimezone(UTC).date() - moment.astimezone(UTC).date()).days
    if days < 2:
        return gettext("yesterday") if days == 1 else gettext("today")
    return _in_spans(days * 86_400)


def _in_spans(seconds: float) -> str:
    for length, words in _SPANS:
        if seconds >= length:
            return str(words % {"number": int(seconds // length)})
    return ""


@register.filter
def person(user: Any) -> str:
    """Somebody as their colleagues call them: the first name, where it is known."""
    return str(user.get_short_name() or user.get_username()) if user else gettext("somebody")


@register.filter
def counted(number: int) -> str:
    """1234 is "1,234", with the sign that the language has for it."""
    return _grouped(number)


@register.filter
def rounded(number: int) -> str:
    """A number as people keep it in mind: two figures from 100 on, "1,200" for 1234."""
    if number < 100:
        return str(number)
    step: int = 10 ** (len(str(number)) - 2)
    return _grouped(round(number / step) * step)


def _grouped(number: int) -> str:
    if -1_000 < number < 1_000:
        return str(number)  # the same in every language; lists have hundreds of these
    return str(number_format(number, use_l10n=True, force_grouping=True))


@register.filter
def in_kilobytes(size: int) -> str:
    if size < 1_000:
        return ngettext("%(number)d byte", "%(number)d bytes", size) % {"number": size}
    return f"{number_format(size / 1000, 1)} kB"


@register.filter
def is_web_address(address: str) -> bool:
    return address.startswith(("https://", "http://"))


@register.filter
def in_short(names: Iterable[str] | None) -> str:
    """What a list of tools lets an agent do, in a few words; none named means all tools, as coding tools read it."""
    named = list(names or ())
    if not named:
        return gettext("all tools")
    kinds = tools.kinds_of(named)
    said = [str(label) for kind, label in _SHORT_LABELS.items() if kind in kinds]
    if any(tools.is_mcp(name) for name in named):
        said.append(gettext("uses MCP servers"))
    return ", ".join(said) or gettext("other tools")


@register.filter
def may_do(capability: Capability) -> str:
    """One thing an agent may do, in the reader's language."""
    return gettext(capability.words) % {"about": capability.about}


@register.filter
def inline(text: str) -> SafeString:
    """A lead or a turn of an example: untrusted text with paragraphs, code and emphasis."""
    return render_inline(text)


@register.filter
def visible(text: str) -> str:
    """A text as it is, but for characters that cannot be seen: these are shown by their number."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # nearly every text, and much faster
        return text
    return format_html_join("\n", "{}", ((line,) for line in render_lines(text.split("\n"))))


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
