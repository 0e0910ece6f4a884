"""By what a list can be narrowed: the options as links with counts, and what is chosen. Imports `facets`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.definition.fields import FIELDS
from catalog.definition.tools import MEANINGS
from catalog.facets import ALL_TOOLS, READERS_CHOICE, Option, Shelf
from catalog.facets.loading import INHERIT
from catalog.templatetags.words import counted

from .selection import EVERYTHING, Selection

SHOWN = 8  # options of a kind; the others are a click away
MOST = 60  # options of a kind beside a list; all tags have a page of their own
TITLES = {
    "category": gettext_lazy("Category"),
    "tool": gettext_lazy("Tools"),
    "model": gettext_lazy("Model"),
    "mode": gettext_lazy("Permission mode"),
    "tag": gettext_lazy("Tags"),
}
ONE_OF = {**TITLES, "tool": gettext_lazy("Tool"), "tag": gettext_lazy("Tag")}

Counts = Mapping[str, list[Option]]


class Link(NamedTuple):
    """A value to choose, or to choose no more."""

    title: str
    meaning: str
    agents: str  # how many it leads to
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    kind: str
    title: str
    shown: SafeString  # list items, made here: a page has hundreds of them
    more: SafeString
    more_count: int
    is_cut: bool  # there are values that are not among these


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that is chosen, with the address of the list without it."""

    kind: str
    title: str
    address: str


def facets(selection: Selection, counts: Counts, at_least: Collection[str]) -> list[Facet]:
    """The options of every kind; those of the kinds `at_least` were counted among the first of many matches only."""
    return [
        _facet(selection, kind, counts[kind], "+" if kind in at_least else "")
        for kind in TITLES
        if _is_offered(selection, kind, counts)
    ]


def chips(selection: Selection, shelf: Shelf) -> list[Chip]:
    """What is chosen beyond the place of the page."""
    return [
        Chip(str(ONE_OF[kind]), chosen_title(shelf, kind, value), selection.toggled(kind, value).address())
        for kind, value in selection.pairs()
        if (kind, value) != selection.place
    ]


def chosen_title(shelf: Shelf, kind: str, value: str) -> str:
    """What people call a value that stands in an address. What no published agent has is not told: not its title."""
    is_known = bool(shelf.chosen({kind: (value,)}))
    return title_of(kind, value, shelf.title(kind, value) if is_known else value)


def way_in(kind: str, options: Iterable[Option]) -> list[Link]:
    """Values of a kind as links to the list of the agents that have them, for other pages than a list."""
    return _links(EVERYTHING, kind, options)


def title_of(kind: str, value: str, title: str) -> str:
    """What people call a value; `title` is what the shelf calls it."""
    if kind == "tool" and value == ALL_TOOLS:
        return _("All tools")
    if kind == "model" and value in (READERS_CHOICE, INHERIT):
        return _("Your own choice")
    return title


def _is_offered(selection: Selection, kind: str, counts: Counts) -> bool:
    """A category's own page is of that one: others are not chosen there."""
    return bool(counts.get(kind)) and not (kind == "category" and selection.place and selection.place[0] == kind)


def _facet(selection: Selection, kind: str, options: list[Option], plus: str) -> Facet:
    place = selection.place[1] if selection.place and selection.place[0] == kind else None
    chosen = selection.filters.get(kind, ())
    # What is chosen is never hidden.
    offered = options[:MOST] + [option for option in options[MOST:] if in_address(kind, option.value) in chosen]
    links = _links(selection, kind, [option for option in offered if option.value != place], plus)
    shown = links[:SHOWN] + [link for link in links[SHOWN:] if link.is_chosen]
    more = [link for link in links[SHOWN:] if not link.is_chosen]
    return Facet(kind, str(TITLES[kind]), _items(shown), _items(more), len(more), is_cut=len(options) > MOST)


def _items(links: Iterable[Link]) -> SafeString:
    return format_html_join(
        "",
        '<li><a class="option" href="{}"{}>{}</a></li>',
        ((link.address, _more_of(link.meaning, link.is_chosen), _label(link.title, link.agents)) for link in links),
    )


@lru_cache(maxsize=200)
def _more_of(meaning: str, is_chosen: bool) -> SafeString:
    title = format_html(' title="{}"', meaning) if meaning else ""
    return format_html("{}{}", title, format_html(' aria-current="{}"', "true") if is_chosen else "")


@lru_cache(maxsize=4_000)
def _label(title: str, agents: str) -> SafeString:
    return format_html('<span>{}</span> <span class="count">{}</span>', title, agents)


def _links(selection: Selection, kind: str, options: Iterable[Option], plus: str = "") -> list[Link]:
    before, behind = selection.address_with(kind)
    chosen = selection.filters.get(kind, ())
    links = []
    for option in options:
        value = in_address(kind, option.value)
        is_chosen = value in chosen
        address = selection.toggled(kind, value).address() if is_chosen else before + quote_plus(value) + behind
        title, agents = title_of(kind, option.value, option.title), counted(option.count) + plus
        links.append(Link(title, _meaning(kind, option.value), agents, address, is_chosen))
    return links


def in_address(kind: str, value: str) -> str:
    """A value as an address says it: the model that is left to the reader has a name there."""
    return INHERIT if kind == "model" and value == READERS_CHOICE else value


def _meaning(kind: str, value: str) -> str:
    if kind == "tool" and value == ALL_TOOLS:
        return _("Names no tools, so it may use all there are.")
    said = MEANINGS.get(value, "") if kind == "tool" else _MODES.get(value, "") if kind == "mode" else ""
    return _(said) if said else ""


_MODES = FIELDS["permissionMode"].choices
