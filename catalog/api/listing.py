"""A list of agents or versions, one page at a time: which rows, in which order, and where the next page begins.

Imports `models`, `facets` and `search`. A page by name is found among the agents in memory, one by the time of
updates or of versions by a search in an index, for the rows after the last one seen: it costs the same however far
in, and however few of all the filters let through. Only a list by relevance counts rows, and that one is bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import cast

from django.db.models import Q

from catalog import search
from catalog.api import cursors
from catalog.api.schemas import AgentsIn, VersionsIn
from catalog.facets import Shelf
from catalog.models import Agent, AgentQuerySet, Version, VersionQuerySet
from catalog.search import MOST

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BATCH = 400  # agents looked through at once for those that filters let through
ROUNDS = 5  # of that for one page: what is rare makes a page short, or empty, and not slow


def agents_page(asked: AgentsIn, shelf: Shelf) -> tuple[list[Version], str | None]:
    """The latest versions of the published agents asked for, and the cursor of the next page.

    `shelf` is of the generation that is answered for.
    """
    question = asked.model_dump(exclude={"cursor", "limit", "fields"})
    if asked.q and asked.q.strip():
        keys, cursor = _by_relevance(asked, question)
    elif asked.updated_since:
        keys, cursor = _by_update(asked, question, shelf)
    else:
        keys, cursor = _by_name(asked, question, shelf)
    return latest_versions(keys, asked.wanted), cursor


def latest_versions(keys: Collection[int], wanted: Collection[str] | None = None) -> list[Version]:
    """The latest versions of these agents in this order, joined to their agents, with what `wanted` shows of them.

    Who was withdrawn since the keys were found is left out.
    """
    found = Agent.objects.published().filter(pk__in=keys).select_related("category", "latest_version", "successor")
    unread = ["source", "prompt", "fields", *(() if wanted is None or "findings" in wanted else ("findings",))]
    found = found.defer(*(f"latest_version__{column}" for column in unread))
    parts = {"tags": "tags", "examples": "latest_version__examples"}
    agents = found.prefetch_related(*(path for part, path in parts.items() if wanted is None or part in wanted))
    by_key = {agent.pk: agent for agent in agents}
    return [_latest(by_key[key]) for key in keys if key in by_key]


def versions_page(versions: VersionQuerySet, asked: VersionsIn, name: str) -> tuple[list[Version], str | None]:
    """These versions of agent `name`, newest first, and the cursor of the next page."""
    if asked.cursor:
        (number,) = cursors.decode(name, asked.cursor, int)
        versions = versions.filter(number__lt=number)
    rows = list(versions.newest_first()[: asked.limit + 1])
    page = rows[: asked.limit]
    return page, cursors.encode(name, page[-1].number) if len(rows) > len(page) else None


def _latest(agent: Agent) -> Version:
    version = cast(Version, agent.latest_version)  # these agents are published
    version.agent = agent
    return version


def _by_name(asked: AgentsIn, question: object, shelf: Shelf) -> tuple[list[int], str | None]:
    """In the order of names. The place after a name is found whether its agent is still there or not."""
    chosen = shelf.chosen(asked.chosen())
    after: tuple[str, int] | None = None
    if asked.cursor:
        name, pk = cursors.decode(question, asked.cursor, str, int)
        after = name, pk
    keys = shelf.page_after(chosen, "name", after, asked.limit + 1)
    page = keys[: asked.limit]
    if len(keys) == len(page):
        return page, None
    name, pk = shelf.place_of(page[-1], "name")
    return page, cursors.encode(question, str(name), pk)


def _by_update(asked: AgentsIn, question: object, shelf: Shelf) -> tuple[list[int], str | None]:
    """In the order of the last publish. What the filters let through is looked for in a bounded number of rows."""
    agents = Agent.objects.published().order_by("updated_at", "pk")
    after = asked.updated_since or EPOCH, 0
    if asked.cursor:
        after = max(after, _moment_and_key(cursors.decode(question, asked.cursor, int, int)))
    filters = asked.chosen()
    chosen = shelf.chosen(filters)
    size = BATCH if filters else asked.limit + 1
    found: list[tuple[datetime, int]] = []
    for _ in range(ROUNDS):
        rows = list(_after(agents, after).values_list("updated_at", "pk")[:size])
        through = set(shelf.kept([pk for _, pk in rows], chosen)) if filters else None
        found += [row for row in rows if through is None or row[1] in through]
        is_end = len(rows) < size
        if is_end or len(found) > asked.limit:
            break
        after = rows[-1]
    page = found[: asked.limit]
    if len(found) > len(page):
        after = page[-1]
    is_last = is_end and len(found) == len(page)
    return [pk for _, pk in page], None if is_last else cursors.encode(question, *_as_numbers(after))


def _as_numbers(place: tuple[datetime, int]) -> tuple[int, int]:
    return (place[0] - EPOCH) // MICROSECOND, place[1]


def _by_relevance(asked: AgentsIn, question: object) -> tuple[list[int], str | None]:
    seen = cursors.decode(question, asked.cursor, int)[0] if asked.cursor else 0
    end = min(seen + asked.limit, MOST)
    keys = search.find(asked.q or "", asked.chosen(), mends_filters=False).pks if seen < end else []
    has_more = len(keys) > end and end < MOST
    return keys[seen:end], cursors.encode(question, end) if has_more else None


def _after(agents: AgentQuerySet, after: tuple[datetime, int]) -> AgentQuerySet:
    """The first condition says less than the second, and lets both engines start in the index: at no earlier row."""
    return agents.filter(updated_at__gte=after[0]).filter(Q(updated_at__gt=after[0]) | Q(pk__gt=after[1]))


def _moment_and_key(key: Iterable[int]) -> tuple[datetime, int]:
    microseconds, pk = key
    try:
        return EPOCH + microseconds * MICROSECOND, pk
    except OverflowError as error:
        raise cursors.InvalidCursor from error
