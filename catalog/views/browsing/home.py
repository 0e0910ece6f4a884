"""The home page: a box to search in, the categories, what is new, and other ways in. Imports `facets`, `models`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog import facets
from catalog.facets import Chosen, Shelf
from catalog.models import Collection
from catalog.templatetags.words import counted
from catalog.views.freshness import fresh, generation_of
from catalog.views.links import of_home

from . import narrowing
from .narrowing import Counts
from .rows import Listed, agents_of, compact_rows
from .selection import EVERYTHING

ON_HOME = 5
SHELVES = 12
WAYS = 7  # of each kind
COLLECTIONS = 6
_WEEK = timedelta(days=7)


@require_safe
@fresh(of_downloads=True)
def home(request: HttpRequest) -> HttpResponse:
    shelf = facets.shelf(generation_of(request))
    everything = shelf.chosen({})
    counts = shelf.counts(everything, {})
    context = {
        "action": reverse("catalog:agent_list"),
        "label": _("What should it do for you?"),
        "shelves": [_shelf(option) for option in counts["category"][:SHELVES]],
        "shelves_are_cut": len(counts["category"]) > SHELVES,
        "columns": _columns(shelf, everything),
        "collections": Collection.objects.published().order_by("-published_at", "-pk")[:COLLECTIONS].with_sums(),
        "ways_in": _ways_in(counts),
    }
    return of_home(render(request, "catalog/home.html", context))


def _shelf(option: facets.Option) -> dict[str, str]:
    address = reverse("catalog:category_detail", args=[option.value])
    return {"title": option.title, "address": address, "count": counted(option.count)}


def _columns(shelf: Shelf, everything: Chosen) -> list[dict[str, Any]]:
    """What is new was also updated just now: the second column shows what the first does not."""
    new = shelf.page(everything, "new", 0, ON_HOME)
    updated = [pk for pk in shelf.page(everything, "updated", 0, 2 * ON_HOME) if pk not in new][:ON_HOME]
    downloaded = shelf.page(everything, "downloaded", 0, ON_HOME)
    agents = {agent.pk: agent for agent in agents_of({*new, *updated, *downloaded})}
    columns = [
        _column("new", _("New"), _("All new agents"), _these(agents, new)),
        _column("updated", _("Recently updated"), _("All updates"), _these(agents, updated)),
        _column(
            "downloaded",
            _("Most downloaded"),
            _("All by downloads"),
            [agent for agent in _these(agents, downloaded) if agent.downloads],
        ),
    ]
    return [column for column in columns if column["rows"]]


def _these(agents: dict[int, Listed], pks: list[int]) -> list[Listed]:
    return [agents[pk] for pk in pks if pk in agents]


def _column(sort: str, title: str, to_all: str, agents: list[Listed]) -> dict[str, Any]:
    if sort == "new" and agents and agents[-1].created_at > timezone.now() - _WEEK:
        title = _("New this week")
    return {
        "id": sort,
        "title": title,
        "all": to_all,
        "address": EVERYTHING.address(sort=sort),
        "rows": compact_rows(agents, sort=sort),
    }


def _ways_in(counts: Counts) -> list[dict[str, Any]]:
    ways = [
        {"title": narrowing.TITLES[kind], "links": narrowing.way_in(kind, counts[kind][:WAYS])}
        for kind in ("tool", "model", "tag")
        if counts[kind]
    ]
    if counts["tag"]:
        ways[-1] |= {"all": _("All tags"), "all_address": reverse("catalog:tag_list")}
    return ways
