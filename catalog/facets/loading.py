"""What the shelf knows of the agents, read from the database as slim as it goes. Imports `models`.

Never from the rows of versions: their long texts lie in between and make any scan of them slow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connections, router
from django.db.backends.utils import CursorWrapper

from catalog.models import Agent, Category, Tag

from .kinds import Values

KINDS = ("category", "tag", "model", "tool", "mode")
ALL_TOOLS = "*"
READERS_CHOICE = ""  # of a model: the agent runs with the one its user has set
INHERIT = "inherit"  # another spelling of that

_BATCH = 500
_AGENTS = """
SELECT id, name, category_id, {created_at}, {updated_at}, downloads, {facets}
FROM {agents} WHERE latest_version_id IS NOT NULL AND {among} ORDER BY id
"""
_TAGGED = "SELECT agent_id, {tags} FROM {tagged} WHERE {among} GROUP BY agent_id"
# As text: the drivers' own way to dates and JSON takes twice the time of everything else.
_SLIM = {
    "sqlite": {
        "created_at": "created_at || '+00:00'",
        "updated_at": "updated_at || '+00:00'",
        "facets": "facets || ''",
        "tags": "group_concat(tag_id)",
    },
    "postgresql": {
        "created_at": "extract(epoch FROM created_at)::float8",
        "updated_at": "extract(epoch FROM updated_at)::float8",
        "facets": "facets::text",
        "tags": "string_agg(tag_id::text, ',' ORDER BY tag_id)",
    },
}


class Row(NamedTuple):
    """A published agent. Its values stand in the order of KINDS."""

    pk: int
    name: str
    created_at: float
    updated_at: float
    downloads: int
    category: Values
    tag: Values
    model: Values
    tool: Values
    mode: Values


class Categories(NamedTuple):
    names: Mapping[int, Values]  # by pk
    titles: Mapping[str, str]  # by name


def categories() -> Categories:
    rows = list(Category.objects.order_by().values_list("pk", "name", "title"))
    return Categories({pk: (name,) for pk, name, _ in rows}, {name: title for _, name, title in rows})


def all_rows(shelves: Categories) -> Iterator[Row]:
    """Every published agent, by pk."""
    names = dict(Tag.objects.order_by().values_list("pk", "name"))
    return _rows(shelves, names, "1 = 1", "1 = 1", ())


def rows_of(pks: Sequence[int], shelves: Categories) -> Iterator[Row]:
    """Those of the agents that are published."""
    for start in range(0, len(pks), _BATCH):
        batch = pks[start : start + _BATCH]
        names = dict(Tag.objects.filter(agents__in=batch).order_by().values_list("pk", "name"))
        places = ", ".join(["%s"] * len(batch))
        yield from _rows(shelves, names, f"id IN ({places})", f"agent_id IN ({places})", batch)


def downloads() -> dict[int, int]:
    """How often each agent was downloaded, where it was: the index holds both."""
    return dict(Agent.objects.filter(downloads__gt=0).order_by().values_list("pk", "downloads"))


def _rows(
    shelves: Categories, tag_names: Mapping[int, str], among: str, tagged: str, asked: Sequence[int]
) -> Iterator[Row]:
    facets_of, tags_of, seconds = _Facets(), _Tags(tag_names), _seconds
    with _cursor() as (slim, cursor):
        tables = {"agents": Agent._meta.db_table, "tagged": Agent.tags.through._meta.db_table, **slim}
        cursor.execute(_TAGGED.format(among=tagged, **tables), asked)
        tags = {pk: tags_of[text] for pk, text in cursor}
        cursor.execute(_AGENTS.format(among=among, **tables), asked)
        for pk, name, category, created_at, updated_at, downloads, facets in cursor:
            on_shelf = shelves.names.get(category, ())
            created, updated = seconds(created_at), seconds(updated_at)
            yield Row(pk, name.casefold(), created, updated, downloads, on_shelf, tags.get(pk, ()), *facets_of[facets])


@contextmanager
def _cursor() -> Iterator[tuple[Mapping[str, str], CursorWrapper]]:
    connection = connections[router.db_for_read(Agent)]
    with connection.cursor() as cursor:
        yield _SLIM[connection.vendor], cursor


def _seconds(moment: str | float) -> float:
    """Since 1970, exact to a microsecond. SQLite holds moments as text in UTC."""
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    return moment


class _Tags(dict[str, Values]):
    """Names of tags by the text of their keys, read once."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = {str(pk): name for pk, name in names.items()}

    def __missing__(self, text: str) -> Values:
        # A tag made since the names were asked for belongs to a change that is read next.
        found = self[text] = tuple(self._names[pk] for pk in text.split(",") if pk in self._names)
        return found


class _Facets(dict[str, tuple[Values, Values, Values]]):
    """Model, tools and mode by the text of `Agent.facets`, each text read once, equal values kept once."""

    def __init__(self) -> None:
        self._decode = json.JSONDecoder().raw_decode
        self._alike: dict[Values, Values] = {}
        self._words: dict[str, str] = {}

    def __missing__(self, text: str) -> tuple[Values, Values, Values]:
        facets, _ = self._decode(text)
        model, tools, mode = map(self._kept, _values_of(facets))
        found = self[text] = model, tools, mode
        return found

    def _kept(self, values: Values) -> Values:
        if known := self._alike.get(values):
            return known
        values = tuple(self._words.setdefault(value, value) for value in values)
        return self._alike.setdefault(values, values)


def _values_of(facets: dict[str, Any]) -> tuple[Values, Values, Values]:
    """What stands in `Agent.facets` as values to choose; nothing where it was not filled yet."""
    if not facets:
        return (), (), ()
    model, tools, mode = facets["model"], facets["tools"], facets["mode"]
    return (
        (READERS_CHOICE if model == INHERIT else model,),
        (ALL_TOOLS,) if tools is None else tuple(tools),
        (mode,) if mode else (),
    )
