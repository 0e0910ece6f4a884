"""A list of agents or versions, one page at a time: which rows, in which order, and where the next page begins.

Imports `models` and `search`. Each page is a search in an index for the rows after the last one seen, so it
costs the same however far in; only a list by relevance counts rows, and that one is bounded.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.sql.compiler import SQLCompiler

from catalog.api import cursors
from catalog.api.schemas import AgentsIn, VersionsIn
from catalog.models import Agent, AgentQuerySet, Version, VersionQuerySet
from catalog.search import MOST, matching

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class NamesTool(Func):
    """Whether a JSON list of tools names this one, by itself or with a restriction: `Bash`, `Bash(git:*)`."""

    output_field = BooleanField()
    templates = {
        "sqlite": "EXISTS (SELECT 1 FROM json_each({tools}) AS tool"
        " WHERE tool.value = {name} OR instr(tool.value, {opening}) = 1)",
        "postgresql": "EXISTS (SELECT 1 FROM jsonb_array_elements_text({tools}) AS tool (value)"
        " WHERE tool.value = {name} OR starts_with(tool.value, {opening}))",
    }

    arity = 3  # the list, the name, and the name with an opening parenthesis

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        tools, name, opening = map(compiler.compile, self.get_source_expressions())
        sql = self.templates[connection.vendor].format(tools=tools[0], name=name[0], opening=opening[0])
        return sql, (*tools[1], *name[1], *opening[1])


def agents_page(asked: AgentsIn) -> tuple[list[Agent], str | None]:
    """The published agents asked for with all that `AgentOut` shows of them, and the cursor of the next page."""
    agents = _asked_for(asked).with_latest().prefetch_related("latest_version__examples")
    agents = agents.defer("latest_version__fields")
    question = asked.model_dump(exclude={"cursor", "limit"})
    if asked.q:
        return _by_relevance(matching(agents, asked.q), asked, question)
    if asked.updated_since:
        return _by_update(agents, asked, question)
    return _by_name(agents, asked, question)


def versions_page(versions: VersionQuerySet, asked: VersionsIn, name: str) -> tuple[list[Version], str | None]:
    """These versions of agent `name`, newest first, and the cursor of the next page."""
    if asked.cursor:
        (number,) = cursors.decode(name, asked.cursor, int)
        versions = versions.filter(number__lt=number)
    rows = list(versions.newest_first()[: asked.limit + 1])
    page = rows[: asked.limit]
    return page, cursors.encode(name, page[-1].number) if len(rows) > len(page) else None


def _asked_for(asked: AgentsIn) -> AgentQuerySet:
    agents = Agent.objects.published()
    if asked.category is not None:
        agents = agents.in_category(asked.category)
    if asked.tag is not None:
        agents = agents.tagged(asked.tag)
    if asked.model is not None:
        agents = agents.filter(latest_version__model=asked.model)
    if asked.tool is not None:
        agents = agents.filter(NamesTool(F("latest_version__tools"), Value(asked.tool), Value(f"{asked.tool}(")))
    if asked.updated_since:
        agents = agents.filter(updated_at__gte=asked.updated_since)
    return agents


def _by_name(agents: AgentQuerySet, asked: AgentsIn, question: object) -> tuple[list[Agent], str | None]:
    if asked.cursor:
        (name,) = cursors.decode(question, asked.cursor, str)
        agents = agents.filter(name__gt=name)
    rows = list(agents.order_by("name")[: asked.limit + 1])
    page = rows[: asked.limit]
    return page, cursors.encode(question, page[-1].name) if len(rows) > len(page) else None


def _by_update(agents: AgentQuerySet, asked: AgentsIn, question: object) -> tuple[list[Agent], str | None]:
    if asked.cursor:
        microseconds, pk = cursors.decode(question, asked.cursor, int, int)
        try:
            updated_at = EPOCH + microseconds * MICROSECOND
        except OverflowError as error:
            raise cursors.InvalidCursor from error
        # The first condition says less than the second, and lets both engines start in the index.
        agents = agents.filter(updated_at__gte=updated_at)
        agents = agents.filter(Q(updated_at__gt=updated_at) | Q(pk__gt=pk))
    rows = list(agents.order_by("updated_at", "pk")[: asked.limit + 1])
    page = rows[: asked.limit]
    if len(rows) == len(page):
        return page, None
    return page, cursors.encode(question, (page[-1].updated_at - EPOCH) // MICROSECOND, page[-1].pk)


def _by_relevance(agents: AgentQuerySet, asked: AgentsIn, question: object) -> tuple[list[Agent], str | None]:
    seen = cursors.decode(question, asked.cursor, int)[0] if asked.cursor else 0
    end = min(seen + asked.limit, MOST)
    rows = list(agents[seen : end + 1]) if seen < end else []
    has_more = len(rows) > end - seen and end < MOST
    return rows[: end - seen], cursors.encode(question, end) if has_more else None
