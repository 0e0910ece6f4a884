"""By what answers are narrowed, as clauses of the index. Imports `models`, `tokens` and `vocabulary`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from catalog.models import Category, Tag
from catalog.search import tokens, vocabulary
from catalog.search.entries import ALL_TOOLS
from catalog.search.found import KINDS, Filters
from catalog.search.tiers import Clause

READERS_CHOICE = ("", "inherit")
VALUES_MAX = 50  # of one kind; what follows is not looked at
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database takes them, so no name has them


def merged(cursor: CursorWrapper, given: Filters, typed: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The filters that were given, and those typed into the box, spelled as the catalog spells them."""
    found: dict[str, dict[str, None]] = {}
    for kind in KINDS:
        values = [*given.get(kind, ()), *(_spelled(cursor, kind, text) for of, text in typed if of == kind)]
        if values:
            found[kind] = dict.fromkeys(values[:VALUES_MAX])
    return {kind: tuple(values) for kind, values in found.items()}


def clauses_of(filters: Filters) -> tuple[Clause, ...] | None:
    """What an agent must have; None where nothing can have it."""
    clauses: list[Clause] = []
    for kind, values in filters.items():
        clauses += _KINDS[kind](kind, values)
    return tuple(clauses) if all(clauses) else None


def without_of(excluded: Filters) -> Clause:
    """What an agent must not have. Who may use every tool may use those that are excluded."""
    clauses = [clause for kind, values in excluded.items() for clause in _KINDS[kind](kind, values)]
    every_tool = [((tokens.value("tool", ALL_TOOLS),),)] if excluded.get("tool") else []
    return tuple(dict.fromkeys(one for clause in (*clauses, *every_tool) for one in clause))


def _shelves(kind: str, values: Iterable[str]) -> list[Clause]:
    keys = Category.objects.filter(name__in=_storable(values)).order_by("pk").values_list("pk", flat=True)
    return [tuple((tokens.shelf(key),) for key in keys)]


def _tags(kind: str, values: Iterable[str]) -> list[Clause]:
    keys = dict(Tag.objects.filter(name__in=_storable(values)).values_list("name", "pk"))
    return [((tokens.tag(keys[name]),),) if name in keys else () for name in values]


def _any_value(kind: str, values: Iterable[str]) -> list[Clause]:
    return [tuple((tokens.value(kind, text),) for text in values)]


def _models(kind: str, values: Iterable[str]) -> list[Clause]:
    """A file that names no model and one that says "inherit" leave the choice to the reader alike."""
    spelled = (READERS_CHOICE if text in READERS_CHOICE else (text,) for text in values)
    return _any_value(kind, [text for texts in spelled for text in texts])


def _every_value(kind: str, values: Iterable[str]) -> list[Clause]:
    return [((tokens.value(kind, text),),) for text in values]


_KINDS = {"category": _shelves, "tag": _tags, "model": _models, "tool": _every_value, "mode": _any_value}


def names_of(cursor: CursorWrapper, kind: str) -> dict[str, str]:
    """What can be typed as a value of this kind, and the value that is meant by it."""
    if kind == "category":
        named = Category.objects.order_by("name").values_list("name", "title")[: vocabulary.VALUES_MOST]
        return {text: name for name, title in named for text in (title, name)}
    if kind == "tag":
        tags = Tag.objects.order_by("name").values_list("name", flat=True)[: vocabulary.VALUES_MOST]
        return {name: name for name in tags}
    return {value: value for value in vocabulary.values_of(cursor, kind)}


def _spelled(cursor: CursorWrapper, kind: str, text: str) -> str:
    if _UNSTORABLE.search(text):
        return text
    if kind == "category":
        known = Category.objects.filter(Q(name__iexact=text) | Q(title__iexact=text)).order_by("pk")
        return known.values_list("name", flat=True).first() or text
    if kind == "tag":
        return Tag.objects.filter(name__iexact=text).order_by("pk").values_list("name", flat=True).first() or text
    return vocabulary.spelled(cursor, kind, text)


def _storable(values: Iterable[str]) -> list[str]:
    return [text for text in values if not _UNSTORABLE.search(text)]
