"""The editors' guide, shipped as `catalog/help/*.md`: its pages, and the search in them. Imports `rendering`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from catalog.rendering.guide import GuidePage, Section, guide_page

from .browsing import QUERY_MAX_LENGTH
from .freshness import fresh

FOLDER = Path(__file__).resolve().parents[1] / "help"
# The order in which the guide is read, by chapter.
CHAPTERS = {
    "Begin": ("first-agent", "choosing"),
    "What people and tools read": ("name-and-title", "lead", "examples", "prompt"),
    "Settings": ("tools", "model-and-color", "advanced"),
    "Working in the catalog": ("importing", "saving", "review", "versions", "collections", "tokens", "keyboard"),
}
ORDER = tuple(chain.from_iterable(CHAPTERS.values()))
MOST_FOUND = 40
_AROUND, _LONG = 90, 270  # characters of an excerpt: before the first word found, and in all


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that holds what was looked for."""

    page: GuidePage
    section: Section
    title: SafeString
    excerpt: SafeString
    weight: int


@require_safe
@fresh(of_rows=False)
def help_index(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "").split())[:QUERY_MAX_LENGTH]
    context = {
        "query": query,
        "hits": find(query),
        "chapters": _chapters(),
    }
    return render(request, "catalog/guide.html", context)


@require_safe
@fresh(of_rows=False)
def help_page(request: HttpRequest, page: str) -> HttpResponse:
    if page not in ORDER:
        raise Http404("The guide has no such page.")
    at = ORDER.index(page)
    context = {
        "page": pages()[page],
        "chapters": _chapters(),
        "previous": pages()[ORDER[at - 1]] if at else None,
        "next": pages()[ORDER[at + 1]] if at + 1 < len(ORDER) else None,
    }
    return render(request, "catalog/guide_page.html", context)


@cache
def pages() -> dict[str, GuidePage]:
    """Every page of the guide, read and formatted once in the life of a process."""
    return {name: guide_page(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8")) for name in ORDER}


def _chapters() -> list[tuple[str, list[GuidePage]]]:
    return [(chapter, [pages()[name] for name in names]) for chapter, names in CHAPTERS.items()]


def find(query: str) -> list[Hit]:
    """The sections that hold every word of a question, those with the words in their title first."""
    patterns = [_pattern(word) for word in dict.fromkeys(re.findall(r"\w+", query.casefold()))]
    if not patterns:
        return []
    any_word = re.compile(rf"(?:{'|'.join(pattern.pattern for pattern in patterns)})\w*", re.IGNORECASE)
    hits = (
        _hit(page, section, patterns, any_word)
        for page in pages().values()
        for section in page.sections
        if all(pattern.search(f"{section.title or page.title} {section.text}") for pattern in patterns)
    )
    return sorted(hits, key=lambda hit: -hit.weight)[:MOST_FOUND]


def _pattern(word: str) -> re.Pattern[str]:
    """A word's beginnings; "examples" finds "example" too."""
    stem = word.removesuffix("s") if len(word) > 3 else word
    return re.compile(rf"\b{re.escape(stem)}", re.IGNORECASE)


def _hit(page: GuidePage, section: Section, patterns: list[re.Pattern[str]], any_word: re.Pattern[str]) -> Hit:
    title = section.title or page.title
    weight = 10 * sum(pattern.search(title) is not None for pattern in patterns)
    weight += 3 * sum(pattern.search(page.title) is not None for pattern in patterns)
    weight += min(len(any_word.findall(section.text)), 5)
    excerpt = _excerpt(section.text, any_word)
    return Hit(page, section, _marked(title, any_word), _marked(excerpt, any_word), weight)


def _excerpt(text: str, words: re.Pattern[str]) -> str:
    starts = [max(match.start() - _AROUND, 0) for match in words.finditer(text)]
    # Where most of the different words stand together; of equal places the first.
    start = max(starts, key=lambda at: len(set(words.findall(text[at : at + _LONG].casefold()))), default=0)
    end = min(start + _LONG, len(text))
    if start:
        start = text.find(" ", start) + 1
    if end < len(text):
        end = max(text.rfind(" ", 0, end), start)
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _marked(text: str, words: re.Pattern[str]) -> SafeString:
    return format_html_join("", "{}", ((piece,) for piece in _pieces(text, words)))


def _pieces(text: str, words: re.Pattern[str]) -> Iterator[str]:
    at = 0
    for match in words.finditer(text):
        yield text[at : match.start()]
        yield format_html("<mark>{}</mark>", match.group())
        at = match.end()
    yield text[at:]
