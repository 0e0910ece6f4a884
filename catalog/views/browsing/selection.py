"""What a reader asked a list of agents for, and the address that says it. Imports `facets`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.facets import KINDS, Filters

PAGE_SIZE = 30
QUERY_MAX_LENGTH = 200
VALUES_MAX = 12  # of one kind in an address; nobody means more
SORTS = {
    "name": gettext_lazy("Name"),
    "updated": gettext_lazy("Recently updated"),
    "new": gettext_lazy("Newest"),
    "downloaded": gettext_lazy("Most downloaded"),
}
BEST = "best"  # the order of a search, where the address names none

_MARK = "\0"  # stands in no value: PostgreSQL takes none in a text, and what is asked is cleaned of it
_PLACES = {"category": "catalog:category_detail", "tag": "catalog:tag_detail"}


@dataclass(frozen=True)
class Selection:
    """All of it stands in the address; what is chosen of a kind may be several values."""

    q: str = ""
    filters: Filters = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    place: tuple[str, str] | None = None  # the category or tag whose own page this is; it is among the filters

    @classmethod
    def of(cls, request: HttpRequest, place: tuple[str, str] | None = None) -> Selection:
        filters = {kind: values for kind in KINDS if (values := _values(request.GET, kind))}
        if place:
            kind, value = place
            filters[kind] = (value,) if kind == "category" else tuple(dict.fromkeys((value, *filters.get(kind, ()))))
        sort = request.GET.get("sort", "")
        return cls(
            q=_clean(request.GET.get("q", "")),
            filters=filters,
            sort=sort if sort in SORTS else "",
            page=_page_number(request),
            place=place,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether something is chosen beyond the place itself."""
        return any(pair != self.place for pair in self.pairs())

    @property
    def order(self) -> str:
        return self.sort or (BEST if self.q else "name")

    @property
    def first(self) -> int:
        """The number of agents on the pages before."""
        return (self.page - 1) * PAGE_SIZE

    def pairs(self) -> Iterator[tuple[str, str]]:
        """What is chosen: kind and value, one after another."""
        for kind in KINDS:
            for value in self.filters.get(kind, ()):
                yield kind, value

    def toggled(self, kind: str, value: str) -> Selection:
        """With a value chosen that was not, or without it."""
        chosen = self.filters.get(kind, ())
        kept = tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
        return replace(self, filters={**self.filters, kind: kept}, page=1)

    def cleared(self) -> Selection:
        """With nothing chosen but the place; the words stay."""
        kept = {self.place[0]: (self.place[1],)} if self.place else {}
        return replace(self, filters=kept, page=1)

    def address(self, **changes: Any) -> str:
        """The address of this selection with something changed, on its first page unless told."""
        asked = replace(self, **({"page": 1} | changes))
        place = asked.place if asked.place and _stays(asked) else None
        pairs = [("q", asked.q)] if asked.q else []
        pairs += [pair for pair in asked.pairs() if pair != place]
        pairs += [("sort", asked.sort)] if asked.sort else []
        pairs += [("page", str(asked.page))] if asked.page > 1 else []
        path = reverse(_PLACES[place[0]], args=[place[1]]) if place else reverse("catalog:agent_list")
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def address_with(self, kind: str) -> tuple[str, str]:
        """The address with one more value of a kind: what stands before that value, and what behind it."""
        before, _mark, behind = self.toggled(kind, _MARK).address().partition(quote_plus(_MARK))
        return before, behind


EVERYTHING = Selection()


def _stays(asked: Selection) -> bool:
    """Whether a selection that began on a place's page is still of that place."""
    kind, value = asked.place or ("", "")
    chosen = asked.filters.get(kind, ())
    return chosen == (value,) if kind == "category" else value in chosen


def _values(asked: QueryDict, kind: str) -> tuple[str, ...]:
    values = (_clean(value) for value in asked.getlist(kind)[:VALUES_MAX])
    return tuple(dict.fromkeys(value for value in values if value))


def _clean(text: str) -> str:
    return text.replace(_MARK, "").strip()[:QUERY_MAX_LENGTH]


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 8 and int(asked) >= 1):
        raise Http404(_("There is no such page."))
    return int(asked)
