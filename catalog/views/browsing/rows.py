"""Agents as the rows of a list: what a reader needs to choose one, and no long text. Imports `models`.

A page of a list is mostly its rows, so nothing here is done thirty times that can be done once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.facets.loading import INHERIT
from catalog.models import Agent
from catalog.templatetags.words import agent_color, counted, in_short, initials, language, rounded

Pieces = Sequence[tuple[str, bool]]  # of a text, and whether each was searched for

LEAD_SHOWN = 400  # characters: more than two lines on any screen

_OF_AGENT = ("pk", "name", "title", "downloads", "created_at", "updated_at", "deprecated_at", "category__title")
_OF_VERSION = ("pk", "lead", "number", "model", "color", "tools", "description_tokens", "prompt_tokens")
_NAME = "-"  # stands for one in an address


class Latest(NamedTuple):
    """What a list needs of the version that an agent offers."""

    pk: int
    lead: str
    number: int
    model: str
    color: str
    tools: list[str] | None
    description_tokens: int
    prompt_tokens: int


class Listed(NamedTuple):
    """What a list needs of an agent; columns of the database, without making objects of them."""

    pk: int
    name: str
    title: str
    downloads: int
    created_at: datetime
    updated_at: datetime
    deprecated_at: datetime | None
    category: str | None
    latest_version: Latest


class Fact(NamedTuple):
    text: str
    title: str = ""


class Row(NamedTuple):
    """One agent of a list, in the words of the page."""

    title: str
    title_language: str
    address: str
    initials: str
    color: str
    lead: str
    lead_language: str
    excerpt: Pieces  # the passage that holds what was searched for
    is_deprecated: bool
    facts: list[Fact]
    date: datetime | None


def agents_of(pks: Collection[int]) -> list[Listed]:
    """These agents in this order, in one query, without their long texts."""
    columns = (*_OF_AGENT, *(f"latest_version__{name}" for name in _OF_VERSION))
    found = Agent.objects.published().filter(pk__in=pks).order_by().values_list(*columns)
    split = len(_OF_AGENT)
    by_pk = {row[0]: Listed._make((*row[:split], Latest._make(row[split:]))) for row in found}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def rows(agents: Iterable[Listed], *, sort: str = "", excerpts: Mapping[int, Pieces] | None = None) -> list[Row]:
    """Of a list; `sort` says which date counts: of the newest, that of the first version."""
    tell, address, excerpts = _Facts(), _Addresses(), excerpts or {}
    return [
        _row(
            agent,
            address=address.of(agent.name),
            facts=[*tell.nature(agent), *tell.costs(agent), *tell.downloads(agent)],
            date=agent.created_at if sort == "new" else agent.updated_at,
            excerpt=excerpts.get(agent.pk, ()),
        )
        for agent in agents
    ]


def compact_rows(agents: Iterable[Listed], *, sort: str) -> list[Row]:
    """Of a column as narrow as a hand: beside what an agent is, only that by which the column is sorted."""
    tell, address = _Facts(), _Addresses()
    return [
        _row(
            agent,
            address=address.of(agent.name),
            facts=[*tell.category(agent), *(tell.downloads(agent) if sort == "downloaded" else [])],
            date={"new": agent.created_at, "updated": agent.updated_at}.get(sort),
        )
        for agent in agents
    ]


def _row(agent: Listed, *, address: str, facts: list[Fact], date: datetime | None, excerpt: Pieces = ()) -> Row:
    version = agent.latest_version
    lead = version.lead if len(version.lead) <= LEAD_SHOWN else version.lead[:LEAD_SHOWN].rstrip() + "…"
    return Row(
        title=agent.title,
        title_language=_language(agent.title),
        address=address,
        initials=initials(agent.title),
        color=agent_color(version.color),
        lead=lead,
        lead_language=_language(lead),
        excerpt=excerpt,
        is_deprecated=agent.deprecated_at is not None,
        facts=facts,
        date=date,
    )


def _language(text: str) -> str:
    return "" if text.isascii() else language(text)


class _Addresses:
    """The addresses of agents, from one that is made with care."""

    def __init__(self) -> None:
        self.before, self.behind = reverse("catalog:agent_detail", args=[_NAME]).rsplit(_NAME, 1)

    def of(self, name: str) -> str:
        return f"{self.before}{quote(name)}{self.behind}"


class _Facts:
    """What an agent is, what it may do and what it costs, in sentences that are translated once for all rows."""

    def __init__(self) -> None:
        self.version = _("version %(number)s")
        self.tokens = _("about %(count)s tokens")
        self.estimated = _(
            "Estimated: %(description)s of the description, read in every conversation, "
            "and %(prompt)s of the prompt, read when the agent runs"
        )
        self.tools: dict[tuple[str, ...], Fact] = {}  # many have the same

    def category(self, agent: Listed) -> list[Fact]:
        return [Fact(agent.category)] if agent.category else []

    def nature(self, agent: Listed) -> list[Fact]:
        version = agent.latest_version
        model = [] if version.model in ("", INHERIT) else [Fact(version.model)]
        tools = tuple(version.tools or ())
        if tools not in self.tools:
            self.tools[tools] = Fact(in_short(tools))
        return [*self.category(agent), *model, self.tools[tools]]

    def costs(self, agent: Listed) -> list[Fact]:
        version = agent.latest_version
        description, prompt = version.description_tokens, version.prompt_tokens
        estimated = self.estimated % {"description": counted(description), "prompt": counted(prompt)}
        tokens = self.tokens % {"count": rounded(description + prompt)}
        return [Fact(tokens, estimated), Fact(self.version % {"number": version.number})]

    def downloads(self, agent: Listed) -> list[Fact]:
        if not agent.downloads:
            return []
        text = ngettext("%(count)s download", "%(count)s downloads", agent.downloads)
        return [Fact(text % {"count": counted(agent.downloads)})]
