"""The search of the catalog: one question, two engines. Imports `models`.

`publishing` keeps the index within its own transactions: whatever changes an agent's names, its tags or what
it offers calls `index`. Only the latest version of an agent is in the index, so never a draft.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models, router, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler

from catalog.models import Agent, AgentQuerySet
from catalog.search import postgresql, sqlite
from catalog.search.entries import entry_of
from catalog.search.questions import Question, Within, ask

__all__ = ["MOST", "clear", "index", "matching", "rebuild", "remove"]

MOST = 1_000  # matches that are counted; `matching` gives one more where there are more
_BATCH = 50

_ENGINES: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def index(agent: Agent) -> None:
    """Make the agent found by its latest version; where it offers none, not at all."""
    engine, cursor = _open(router.db_for_write(Agent, instance=agent))
    with cursor:
        if agent.latest_version is None:
            engine.discard(cursor, agent.pk)
        else:
            engine.store(cursor, entry_of(agent, agent.latest_version))


def remove(agent: Agent) -> None:
    engine, cursor = _open(router.db_for_write(Agent, instance=agent))
    with cursor:
        engine.discard(cursor, agent.pk)


def clear() -> None:
    engine, cursor = _open(router.db_for_write(Agent))
    with cursor:
        engine.discard_all(cursor)


def rebuild() -> int:
    """Index every published agent anew, and no other; gives their number.

    The index can be searched and published to meanwhile: each batch is a transaction of its own that holds its
    agents, so that what is published next is indexed next.
    """
    using = router.db_for_write(Agent)
    count, last = 0, 0
    while True:
        with transaction.atomic(using):
            batch = _batch_after(last, using)
            for agent in batch:
                index(agent)
        if not batch:
            break
        count, last = count + len(batch), batch[-1].pk
    engine, cursor = _open(using)
    with transaction.atomic(using), cursor:
        engine.discard_all(cursor, but=_select(Agent.objects.using(using).published()))
    return count


def _batch_after(last: int, using: str) -> list[Agent]:
    return list(
        Agent.objects.using(using)
        .published()
        .filter(pk__gt=last)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
        .select_related("latest_version")
        .defer("latest_version__source", "latest_version__description")
        .prefetch_related("tags", "former_names", "latest_version__examples")[:_BATCH]
    )


def matching(queryset: AgentQuerySet, query: str) -> AgentQuerySet:
    """The agents of the queryset that answer the query, best first; all of them where the query is empty.

    Every word is wanted; where no agent has them all, any will do. First come agents whose names answer, then those
    whose tags, lead and examples do, then those whose prompt does. No query raises.

    At most `MOST` + 1 are given, so that a count beyond `MOST` says "or more"; of more, the best among the newest.
    Filters may be set before and after, but agents beyond those thousand are only found by what was set before.
    """
    if not query.strip():
        return queryset
    found = _find(queryset, ask(query))
    if not found:
        return queryset.none()
    return queryset.filter(pk__in=found).order_by(_Place(found))


def _find(queryset: AgentQuerySet, question: Question) -> list[int]:
    if not question.terms:
        return []
    try:
        within = _within(queryset)
    except EmptyResultSet:
        return []
    answers = (_answers(queryset.db, asked, within) for asked in (question, *question.looser()))
    return next(filter(None, answers), [])


def _answers(using: str, question: Question, within: Within | None) -> list[int]:
    found: dict[int, None] = {}
    engine, cursor = _open(using)
    with cursor:
        for place, asked in question.steps():
            found |= dict.fromkeys(engine.find(cursor, place, asked, within, MOST + 1))
            if len(found) > MOST:
                break
    return list(found)[: MOST + 1]


def _within(queryset: AgentQuerySet) -> Within | None:
    """Where to look: everywhere if the queryset holds all published agents, as the index does."""
    where = queryset.query.where
    if not where or where == Agent.objects.published().query.where:
        return None
    return _select(queryset)


def _select(queryset: AgentQuerySet) -> Within:
    sql, params = queryset.order_by().values("pk").query.get_compiler(queryset.db).as_sql()
    return sql, tuple(params)


def _open(using: str) -> tuple[Any, CursorWrapper]:
    connection = connections[using]
    return _ENGINES[connection.vendor], connection.cursor()


class _Place(models.Func):
    """The place of an agent in a list of ids, as SQL."""

    output_field = models.IntegerField()

    def __init__(self, ids: list[int]) -> None:
        super().__init__("pk")
        self.ids = ids

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        column, _ = compiler.compile(self.source_expressions[0])
        return f"instr(%s, ',' || {column} || ',')", (f",{','.join(map(str, self.ids))},",)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        column, _ = compiler.compile(self.source_expressions[0])
        return f"array_position(%s::bigint[], {column})", (self.ids,)
