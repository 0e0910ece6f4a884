"""All categories, and all tags, as pages. Imports `facets` and `models`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from catalog import facets
from catalog.facets import Option
from catalog.models import Category
from catalog.templatetags.words import counted
from catalog.views.freshness import fresh, generation_of

TAGS_AT_ONCE = 400  # of more, a page shows those used most, and those of one letter
USED_MOST = 60
QUERY_MAX_LENGTH = 100


@require_safe
@fresh
def category_list(request: HttpRequest) -> HttpResponse:
    options = sorted(_options(request, "category"), key=lambda option: option.title.casefold())
    descriptions = dict(Category.objects.exclude(description="").values_list("name", "description"))
    shelves = [
        {
            "title": option.title,
            "address": reverse("catalog:category_detail", args=[option.value]),
            "count": option.count,
            "description": descriptions.get(option.value, ""),
        }
        for option in options
    ]
    return render(request, "catalog/category_list.html", {"shelves": shelves})


@require_safe
@fresh
def tag_list(request: HttpRequest) -> HttpResponse:
    options = _options(request, "tag")
    q = request.GET.get("q", "").strip()[:QUERY_MAX_LENGTH]
    letter = request.GET.get("letter", "")[:1]
    shown = _asked_for(options, q, letter)
    is_long = len(shown) > TAGS_AT_ONCE
    context = {
        "q": q,
        "total": len(options),
        "count": _count(shown, q, letter),
        "letters": _letters(options, letter) if not q and len(options) > TAGS_AT_ONCE else [],
        "groups": [_group(_("Used most"), shown[:USED_MOST])] if is_long else _by_letter(shown),
        "is_selection": bool(q or letter),
    }
    return render(request, "catalog/tag_list.html", context)


def _options(request: HttpRequest, kind: str) -> list[Option]:
    """All values of a kind, those of most agents first."""
    shelf = facets.shelf(generation_of(request))
    return shelf.counts(shelf.chosen({}), {})[kind]


def _asked_for(options: list[Option], q: str, letter: str) -> list[Option]:
    if q:
        wanted = q.casefold().replace(" ", "-")
        return [option for option in options if wanted in option.value.casefold()]
    return [option for option in options if _letter(option) == letter] if letter else options


def _count(shown: list[Option], q: str, letter: str) -> str:
    text = ngettext("%(count)s tag", "%(count)s tags", len(shown)) % {"count": counted(len(shown))}
    if q:
        return _("%(tags)s with “%(words)s”") % {"tags": text, "words": q}
    return _("%(tags)s with %(letter)s") % {"tags": text, "letter": letter.upper()} if letter else text


def _letter(option: Option) -> str:
    """Under which a tag stands: its first letter; "#" where that is none."""
    first = option.value[:1].casefold()
    return first if first.isalpha() else "#"


def _letters(options: list[Option], chosen: str) -> list[dict[str, Any]]:
    address = reverse("catalog:tag_list")
    return [
        {
            "title": letter.upper(),
            "address": f"{address}?{urlencode({'letter': letter})}",
            "is_chosen": letter == chosen,
        }
        for letter in sorted(set(map(_letter, options)))
    ]


def _by_letter(options: Iterable[Option]) -> list[dict[str, Any]]:
    ordered = sorted(options, key=lambda option: (_letter(option), option.value))
    return [_group(letter.upper(), of_letter) for letter, of_letter in groupby(ordered, key=_letter)]


def _group(title: str, options: Iterable[Option]) -> dict[str, Any]:
    before, behind = reverse("catalog:tag_detail", args=["-"]).split("-")
    tags = [
        {"title": option.title, "address": before + quote(option.value) + behind, "count": option.count}
        for option in options
    ]
    return {"title": title, "tags": tags}
