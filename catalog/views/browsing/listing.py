"""Lists of agents: all of them, those of a category, those of a tag. Imports `facets`, `search` and `models`."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from catalog import facets, search
from catalog.facets import Shelf
from catalog.models import Category
from catalog.templatetags.words import counted
from catalog.views.freshness import fresh, generation_of

from . import narrowing
from .results import Results, results, ways_on
from .rows import Row, agents_of, rows
from .selection import BEST, EVERYTHING, PAGE_SIZE, SORTS, Selection


@require_safe
@fresh(of_downloads=True)
def agent_list(request: HttpRequest) -> HttpResponse:
    return _list(request, Selection.of(request), {})


@require_safe
@fresh(of_downloads=True)
def category_detail(request: HttpRequest, name: str) -> HttpResponse:
    category = get_object_or_404(Category, name=name)
    place = {
        "title": category.title,
        "description": category.description,
        "label": _("Search in %(category)s") % {"category": category.title},
        "all_title": _("Categories"),
        "all_address": reverse("catalog:category_list"),
    }
    return _list(request, Selection.of(request, ("category", category.name)), place)


@require_safe
@fresh(of_downloads=True)
def tag_detail(request: HttpRequest, name: str) -> HttpResponse:
    place = {
        "title": name,
        "label": _("Search among the agents tagged %(tag)s") % {"tag": name},
        "all_title": _("Tags"),
        "all_address": reverse("catalog:tag_list"),
    }
    return _list(request, Selection.of(request, ("tag", name)), place)


def _list(request: HttpRequest, selection: Selection, place: dict[str, str] | None = None) -> HttpResponse:
    shelf = facets.shelf(generation_of(request))
    if place and not shelf.chosen(selection.cleared().filters):
        # One that no published agent has may have been made for a draft: nothing tells of it.
        raise Http404(_("There is no such list."))
    found = results(selection, shelf)
    if selection.page > found.last_page:
        return _ended(request, found)
    asked = found.selection
    context = {
        **_head(selection, found, place),
        "facets": narrowing.facets(asked, found.counts, found.at_least),
        "chips": narrowing.chips(asked, shelf),
        "without_filters": asked.cleared().address(),
        "everywhere": EVERYTHING.address(q=asked.q),
        "sorts": _sort_links(asked),
        "sorted_by": SORTS.get(asked.order, _("Best match")),
        "rows": _rows(found),
        "ways_on": _ways_on(asked, shelf) if not found.total else [],
        "pages": _page_links(found),
    }
    return render(request, "catalog/agent_list.html", context)


def _head(selection: Selection, found: Results, place: dict[str, str] | None) -> dict[str, Any]:
    """What stands over the rows: the place, the box, how many there are, and what is said of the words."""
    asked = found.selection
    return {
        "place": place,
        "heading": place["title"] if place else asked.q or _("Agents"),
        "canonical": selection.cleared().address(q="", sort="", page=selection.page),
        "is_selection": bool(selection.is_narrowed or selection.q or selection.sort or selection.page > 1),
        "selection": selection,
        "action": selection.cleared().address(q="", sort=""),
        "label": place["label"] if place else _("What should it do for you?"),
        "kept": [pair for pair in selection.pairs() if pair != selection.place],
        "count": _count(found),
        "words": asked.q,
        **_notes(found),
    }


def _count(found: Results) -> str:
    if found.is_more:
        return _("%(count)s+ agents") % {"count": counted(found.total)}
    return ngettext("%(count)s agent", "%(count)s agents", found.total) % {"count": counted(found.total)}


def _rows(found: Results) -> list[Row]:
    agents = agents_of(found.pks)
    excerpts = search.excerpts(found.found, agents) if found.found else {}
    return rows(agents, sort=found.selection.order, excerpts=excerpts)


def _ended(request: HttpRequest, found: Results) -> HttpResponse:
    context = {
        "asked": found.selection.page,
        "last": found.last_page,
        "last_address": found.selection.address(page=found.last_page),
        "first_address": found.selection.address(),
    }
    return render(request, "catalog/list_ended.html", context, status=404)


def _ways_on(asked: Selection, shelf: Shelf) -> list[dict[str, str]]:
    """What to leave away where nothing fits."""
    return [
        {
            "title": _without(shelf, *pair) if pair else _("Without any of that"),
            "address": other.address(),
            "count": counted(count),
        }
        for pair, other, count in ways_on(asked, shelf)
    ]


def _without(shelf: Shelf, kind: str, value: str) -> str:
    words = {"kind": narrowing.ONE_OF[kind], "value": narrowing.chosen_title(shelf, kind, value)}
    return _("Without %(kind)s “%(value)s”") % words


def _sort_links(asked: Selection) -> list[dict[str, Any]]:
    labels = {key: str(label) for key, label in SORTS.items()}
    if asked.q:
        labels = {BEST: _("Best match")} | labels
    return [
        {"label": label, "address": asked.address(sort="" if key == BEST else key), "is_chosen": key == asked.order}
        for key, label in labels.items()
    ]


def _page_links(found: Results) -> dict[str, Any]:
    page, last, asked = found.selection.page, found.last_page, found.selection
    return {
        "number": page,
        "last": last,
        "from": found.selection.first + 1,
        "to": min(found.selection.first + PAGE_SIZE, found.total),
        "first_address": asked.address() if page > 1 else "",
        "previous": asked.address(page=page - 1) if page > 1 else "",
        "next": asked.address(page=page + 1) if page < last else "",
        "last_address": asked.address(page=last) if page < last else "",
    }


def _notes(found: Results) -> dict[str, Any]:
    """What is said of the words: whether they were mended, or could be, or not all of them were found."""
    answer = found.found
    if answer is None:
        return {}
    if answer.is_mended:
        return {
            "mended": {"typed": [word for word, _now in answer.mended], "now": [now for _word, now in answer.mended]}
        }
    said = answer.suggestion
    return {
        "is_loose": answer.is_loose,
        "suggestion": {"words": said, "address": found.selection.address(q=said)} if said else None,
    }
