"""The answer to a selection: which agents, in which order, how many, and what would narrow them further.

Imports `facets` and `search`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from catalog import search
from catalog.facets import KINDS, Chosen, Filters, Option, Shelf
from catalog.facets.shelves import ALL_OF
from catalog.search import Found

from .narrowing import Counts
from .selection import BEST, PAGE_SIZE, Selection

OPTIONS = 61  # counted of each kind: one more than are ever shown


@dataclass(frozen=True)
class Results:
    """`selection` is what was asked, with the filters that were typed in the box among the chosen ones."""

    selection: Selection
    pks: list[int]  # of this page
    total: int
    is_more: bool  # there are more than `total`
    counts: Counts
    at_least: frozenset[str] = frozenset()  # the kinds that were counted among the first of many matches only
    found: Found | None = None

    @property
    def last_page(self) -> int:
        return max(-(-self.total // PAGE_SIZE), 1)


def results(selection: Selection, shelf: Shelf) -> Results:
    if selection.q:
        return _searched(selection, shelf)
    chosen = shelf.chosen(selection.filters)
    return Results(
        selection,
        _page(selection, shelf, chosen),
        len(chosen),
        is_more=False,
        counts=shelf.counts(chosen, selection.filters, OPTIONS),
    )


def _searched(selection: Selection, shelf: Shelf) -> Results:
    """All matches are narrowed here, where they can be counted: so an option tells what choosing it would bring.

    Where there are more than are counted, the engine narrows, which finds all that are wanted. What else could be
    chosen of the kinds it narrowed by is not among these: that is counted among the first of all matches.
    """
    alone = _alone(selection)
    found = search.find(selection.q, alone)
    asked = replace(selection, q=found.words, filters=_merged(selection.filters, found.filters))
    others: Counts = {}
    if found.has_more and alone != selection.filters:
        everywhere = shelf.counts(_matches(found, asked, shelf), asked.filters, OPTIONS)
        others = {kind: everywhere[kind] for kind in selection.filters if kind not in alone}
        found = search.find(selection.q, selection.filters)
    matches = found.pks[: search.MOST]
    chosen = _matches(found, asked, shelf)
    if asked.order == BEST:
        page = shelf.kept(matches, chosen)[asked.first : asked.first + PAGE_SIZE]
    else:
        page = _page(asked, shelf, chosen)
    counts = shelf.counts(chosen, asked.filters, OPTIONS)
    counts |= {kind: _joined(counts[kind], options) for kind, options in others.items()}
    at_least = frozenset(KINDS if found.has_more else others)
    return Results(asked, page, len(chosen), found.has_more, counts, at_least, found)


def _matches(found: Found, asked: Selection, shelf: Shelf) -> Chosen:
    return shelf.chosen(asked.filters, within=shelf.among(found.pks[: search.MOST]))


def _joined(chosen: list[Option], others: list[Option]) -> list[Option]:
    """The options of a kind: what is chosen of it, of which all were found, and the values that could be chosen too."""
    by_value = {option.value: option for option in (*others, *chosen)}
    return sorted(by_value.values(), key=lambda option: option.count, reverse=True)


def _page(selection: Selection, shelf: Shelf, chosen: Chosen) -> list[int]:
    return shelf.page(chosen, selection.order, selection.first, PAGE_SIZE)


def _alone(selection: Selection) -> Filters:
    """The filters without those of which any value will do, and whose other values are offered beside the list."""
    place = selection.place[0] if selection.place else ""
    return {kind: values for kind, values in selection.filters.items() if kind in ALL_OF or kind == place}


def _merged(chosen: Filters, typed: Filters) -> Filters:
    return {
        kind: tuple(dict.fromkeys((*chosen.get(kind, ()), *typed.get(kind, ()))))
        for kind in KINDS
        if kind in chosen or kind in typed
    }


def ways_on(asked: Selection, shelf: Shelf) -> list[tuple[tuple[str, str] | None, Selection, int]]:
    """What to leave away where nothing fits, and how many agents there are then: one value, or (None) all of them."""
    within = shelf.among(search.find(asked.q).pks[: search.MOST]) if asked.q else None
    pairs = [pair for pair in asked.pairs() if pair != asked.place]
    ways: list[tuple[tuple[str, str] | None, Selection]] = [(pair, asked.toggled(*pair)) for pair in pairs]
    ways += [(None, asked.cleared())] if len(pairs) > 1 else []
    counted = ((pair, other, len(shelf.chosen(other.filters, within))) for pair, other in ways)
    return [way for way in counted if way[2]]
