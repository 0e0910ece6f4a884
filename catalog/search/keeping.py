"""The index kept: the agents in it are those that offer a version, by their latest. Imports `models`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.db import connections, router, transaction

from catalog.models import Agent, AgentQuerySet
from catalog.search import vocabulary
from catalog.search.engines import opened
from catalog.search.entries import entry_of
from catalog.search.found import Within

INDEX_VERSION = 1  # of what `entries` makes of an agent: to be raised with it, so that old entries are made anew
_BATCH = 50


def index(*agents: Agent) -> None:
    """Make the agents found by their latest version; one that offers none, not at all. A batch at most at a time."""
    if not agents:
        return
    engine, cursor = opened(router.db_for_write(Agent, instance=agents[0]))
    with cursor:
        entries = []
        for agent in agents:
            if agent.latest_version is None:
                engine.discard(cursor, agent.pk)
            else:
                entries.append(entry_of(agent, agent.latest_version))
        vocabulary.learn(cursor, entries)
        engine.store(cursor, entries, INDEX_VERSION)


def remove(agent: Agent) -> None:
    engine, cursor = opened(router.db_for_write(Agent, instance=agent))
    with cursor:
        engine.discard(cursor, agent.pk)


def clear() -> None:
    engine, cursor = opened(router.db_for_write(Agent))
    with cursor:
        engine.discard_all(cursor)
        vocabulary.forget(cursor)


def rebuild(progress: Callable[[int], None] = lambda done: None) -> int:
    """Index every published agent anew, and no other; gives their number. `progress` is told how many are done.

    The index can be searched and published to meanwhile: each batch is a transaction of its own that holds its
    agents, so that what is published next is indexed next.
    """
    using = router.db_for_write(Agent)
    count = _index_all(_pks_after(Agent.objects.using(using).published()), progress, using)
    engine, cursor = opened(using)
    with transaction.atomic(using), cursor:
        engine.discard_all(cursor, but=select(Agent.objects.using(using).published()))
    return count


def catch_up(progress: Callable[[int], None] = lambda done: None) -> int:
    """Index the published agents that are not in the index, or were put there by an older release; how many."""
    using = router.db_for_write(Agent)
    return _index_all(_batches(_outdated(using)), progress, using)


def outdated() -> int:
    """How many agents `catch_up` would index."""
    return len(_outdated(router.db_for_write(Agent)))


def select(queryset: AgentQuerySet) -> Within:
    sql, params = queryset.order_by().values("pk").query.get_compiler(queryset.db).as_sql()
    return sql, tuple(params)


def _index_all(batches: Iterator[Sequence[int]], progress: Callable[[int], None], using: str) -> int:
    count = 0
    for pks in batches:
        with transaction.atomic(using):
            agents = _locked(pks, using)
            index(*agents)
        count += len(agents)
        progress(count)
    return count


def _locked(pks: Sequence[int], using: str) -> list[Agent]:
    return list(
        Agent.objects.using(using)
        .published()
        .filter(pk__in=pks)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
        .select_related("latest_version")
        .defer("latest_version__source", "latest_version__description")
        .prefetch_related("tags", "former_names", "latest_version__examples")
    )


def _pks_after(agents: AgentQuerySet) -> Iterator[Sequence[int]]:
    last = 0
    while pks := list(agents.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        yield pks
        last = pks[-1]


def _batches(pks: Sequence[int]) -> Iterator[Sequence[int]]:
    return (pks[start : start + _BATCH] for start in range(0, len(pks), _BATCH))


def _outdated(using: str) -> list[int]:
    sql = """
        SELECT agent.id FROM catalog_agent AS agent
        LEFT JOIN catalog_search AS entry ON entry.agent_id = agent.id AND entry.version = %s
        WHERE agent.latest_version_id IS NOT NULL AND entry.agent_id IS NULL ORDER BY agent.id
    """
    with connections[using].cursor() as cursor:
        cursor.execute(sql, [INDEX_VERSION])
        return [pk for (pk,) in cursor.fetchall()]
