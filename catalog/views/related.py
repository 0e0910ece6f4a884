"""Agents that are like one, and why each is shown. Imports `search`, `models`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext

from catalog import search
from catalog.models import Agent

RELATED_SHOWN = 6
_WORDS_NAMED = 3
_READ = 1_000  # characters of a lead in which words are looked for
_LONG_TEXTS = tuple(f"latest_version__{name}" for name in ("source", "prompt", "description", "fields", "findings"))
_WORD = re.compile(r"[^\W\d_]{5,}")
# Long words that stand in the titles and leads of many agents, and say little about one.
_USUAL = frozenset(
    """
    about after agent agents always another architect assistant based before being building comprehensive
    context create creating developer development engineer engineering ensure example examples expert focus
    focused general handle helps including invoke manager needed needs proactively provide should specialist
    specialized task tasks their there these things this those through using various whenever where which while
    within without would write writing
    """.split()  # noqa: SIM905 - a column of words would be no easier to read
)


@dataclass(frozen=True, slots=True)
class Related:
    """An agent that is like another one, and in what."""

    agent: Agent
    why: str


def related_to(agent: Agent) -> list[Related]:
    """The agents most like this one, the most alike first."""
    found = search.similar(agent, RELATED_SHOWN)
    rows = Agent.objects.published().select_related("category", "latest_version").defer(*_LONG_TEXTS)
    by_pk = rows.prefetch_related("tags").in_bulk(found) if found else {}
    return [Related(by_pk[pk], _why(agent, by_pk[pk])) for pk in found if pk in by_pk]


def _why(agent: Agent, other: Agent) -> str:
    theirs = {tag.name for tag in other.tags.all()}
    if shared := [tag.name for tag in agent.tags.all() if tag.name in theirs][:_WORDS_NAMED]:
        return gettext("Also tagged %(tags)s") % {"tags": ", ".join(shared)}
    if words := _shared_words(agent, other):
        return gettext("Also about %(words)s") % {"words": ", ".join(f"“{word}”" for word in words)}
    if agent.category and agent.category == other.category:
        return gettext("Also in %(category)s") % {"category": agent.category.title}
    return ""


def _shared_words(agent: Agent, other: Agent) -> list[str]:
    """Words of both, those of a title first, then the longest."""
    titles = {word.lower() for one in (agent, other) for word in _WORD.findall(one.title)}
    shared = (_words(agent) & _words(other)) - _USUAL
    return sorted(shared, key=lambda word: (word not in titles, -len(word), word))[:_WORDS_NAMED]


def _words(agent: Agent) -> set[str]:
    lead = agent.latest_version.lead[:_READ] if agent.latest_version else ""
    return {word.lower() for word in _WORD.findall(f"{agent.title} {lead}")}
