"""Agents as the rows of a list: what a reader needs to choose one, and no long text. Imports `models`.

A page of a list is mostly its rows, so nothing here is done thirty times that can be done once, and what was shown
today of an agent is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django.template import Context, Engine, Template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog.facets.loading import INHERIT
from catalog.models import Agent
from catalog.templatetags.words import agent_color, counted, in_short, initials, language, rounded

Pieces = Sequence[tuple[str, bool]]  # of a text, and whether each was searched for

KEPT = 2_000  # rows, of some 3 kB
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
    tools: tuple[str, ...]  # none: all there are
    description_tokens: int
    prompt_tokens: int


class Listed(NamedTuple):
    """What a list needs of an agent; columns of the database, without making objects of them. Can be hashed."""

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
    """One agent of a list: what stands over its lead, its lead or a passage of it, and what stands below."""

    head: SafeString
    lead: str
    lead_language: str
    facts: SafeString


def agents_of(pks: Collection[int]) -> list[Listed]:
    """These agents in this order, in one query, without their long texts."""
    columns = (*_OF_AGENT, *(f"latest_version__{name}" for name in _OF_VERSION))
    found = Agent.objects.published().filter(pk__in=pks).order_by().values_list(*columns)
    by_pk = {row[0]: _listed(row) for row in found}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def _listed(row: tuple[Any, ...]) -> Listed:
    split = len(_OF_AGENT)
    latest = Latest._make(row[split:])
    return Listed._make((*row[:split], latest._replace(tools=tuple(latest.tools or ()))))


def rows(agents: Iterable[Listed], *, sort: str = "", excerpts: Mapping[int, Pieces] | None = None) -> list[Row]:
    """Of a list; `sort` says which date counts: of the newest, that of the first version."""
    manner, excerpts = _manner("new" if sort == "new" else "updated", is_compact=False), excerpts or {}
    return [_row(agent, manner, excerpts.get(agent.pk, ())) for agent in agents]


def compact_rows(agents: Iterable[Listed], *, sort: str) -> list[Row]:
    """Of a column as narrow as a hand: beside what an agent is, only that by which the column is sorted."""
    manner = _manner(sort, is_compact=True)
    return [_row(agent, manner) for agent in agents]


def _row(agent: Listed, manner: _Manner, excerpt: Pieces = ()) -> Row:
    lead = agent.latest_version.lead
    lead = lead if len(lead) <= LEAD_SHOWN else lead[:LEAD_SHOWN].rstrip() + "…"
    head, facts = _around(agent, manner)
    return Row(head, _marked(excerpt) if excerpt else lead, _language(lead), facts)


def _marked(excerpt: Pieces) -> SafeString:
    pieces = ((format_html("<mark>{}</mark>", text) if is_hit else text,) for text, is_hit in excerpt)
    return format_html_join("", "{}", pieces)


def _language(text: str) -> str:
    return "" if text.isascii() else language(text)


# --- What stands around the lead ----------------------------------------------------------------------------


class _Manner(NamedTuple):
    """All by which the same agent is shown in another way: as long as none of it changes, its row is the same."""

    sort: str
    is_compact: bool
    day: date  # dates are told in days
    language: str | None
    addresses: tuple[str, str]  # what stands in an address before an agent's name, and what behind it
    templates: tuple[Template, Template]  # others once their files changed, while the software is being made


def _manner(sort: str, *, is_compact: bool) -> _Manner:
    before, behind = reverse("catalog:agent_detail", args=[_NAME]).rsplit(_NAME, 1)
    engine = Engine.get_default()
    templates = (engine.get_template("catalog/_agent_head.html"), engine.get_template("catalog/_agent_facts.html"))
    day = timezone.now().astimezone(UTC).date()
    return _Manner(sort, is_compact, day, get_language(), (before, behind), templates)


@lru_cache(maxsize=KEPT)
def _around(agent: Listed, manner: _Manner) -> tuple[SafeString, SafeString]:
    """What stands over the lead of an agent, and what below."""
    before, behind = manner.addresses
    shown = {
        "title": agent.title,
        "language": _language(agent.title),
        "address": f"{before}{quote(agent.name)}{behind}",
        "initials": initials(agent.title),
        "color": agent_color(agent.latest_version.color),
        "is_deprecated": agent.deprecated_at is not None,
        "facts": _compact_facts(agent, manner.sort) if manner.is_compact else _facts(agent),
        "date": {"new": agent.created_at, "updated": agent.updated_at}.get(manner.sort),
    }
    head, facts = (template.render(Context(shown)) for template in manner.templates)
    return head, facts


def _facts(agent: Listed) -> list[Fact]:
    """What an agent is, what it may do and what it costs."""
    version = agent.latest_version
    description, prompt = version.description_tokens, version.prompt_tokens
    estimated = _(
        "Estimated: %(description)s of the description, read in every conversation, "
        "and %(prompt)s of the prompt, read when the agent runs"
    ) % {"description": counted(description), "prompt": counted(prompt)}
    return [
        *_category(agent),
        *([] if version.model in ("", INHERIT) else [Fact(version.model)]),
        Fact(in_short(version.tools)),
        Fact(_("about %(count)s tokens") % {"count": rounded(description + prompt)}, estimated),
        Fact(_("version %(number)s") % {"number": version.number}),
        *_downloads(agent),
    ]


def _compact_facts(agent: Listed, sort: str) -> list[Fact]:
    return [*_category(agent), *(_downloads(agent) if sort == "downloaded" else [])]


def _category(agent: Listed) -> list[Fact]:
    return [Fact(agent.category)] if agent.category else []


def _downloads(agent: Listed) -> list[Fact]:
    if not agent.downloads:
        return []
    text = ngettext("%(count)s download", "%(count)s downloads", agent.downloads)
    return [Fact(text % {"count": counted(agent.downloads)})]
