"""Agents like another one, found by the rare words they share. Imports `models`, `entries` and `tiers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import log

from django.db import router
from django.db.backends.utils import CursorWrapper

from catalog.models import Agent
from catalog.search import tokens, vocabulary
from catalog.search.engines import opened
from catalog.search.english import other_forms
from catalog.search.tiers import Clause, Tier
from catalog.search.words import FILLERS, fold, split

_WORDS_MAX = 24  # of the heading that are weighed
_ASKED_MAX = 5  # of them, the most telling, that are asked for
_FREQUENT = 0.3  # what so many share tells nothing
_EACH = 4  # times as many as are wanted are read of those that have the same in common
_IN_TITLE, _IN_TAGS, _IN_LEAD = 2.0, 1.5, 1.0


@dataclass(frozen=True)
class _Trait:
    """Something an agent has in its heading, and how much it says about it."""

    clause: Clause
    weight: float


def similar(agent: Agent, limit: int) -> list[int]:
    """Published agents that share the rarest words of this one's title, tags and lead, the most alike first.

    How rare a word is, the newest agents say. The same answer as long as the index is the same.
    """
    if agent.latest_version is None or limit < 1:
        return []
    engine, cursor = opened(router.db_for_read(Agent))
    with cursor:
        traits = _traits_of(cursor, agent)
        *counts, size = engine.sampled(cursor, [*(trait.clause for trait in traits), ((tokens.EVERY,),)], tokens.SAMPLE)
        tiers = list(_tiers(_telling(traits, counts, size)))
        found: dict[int, None] = {}
        # The agent itself answers every tier, and so may those found before.
        for pks, _ in engine.find(cursor, tiers, [_EACH * limit] * len(tiers), None) if tiers else ():
            found |= dict.fromkeys(pk for pk in pks if pk != agent.pk)
            if len(found) >= limit:
                break
    return list(found)[:limit]


def _traits_of(cursor: CursorWrapper, agent: Agent) -> list[_Trait]:
    version = agent.latest_version
    weights: dict[str, float] = {}
    for text, weight in ((agent.title, _IN_TITLE), (version.lead if version else "", _IN_LEAD)):
        for word in split(fold(text)):
            if len(word) > 1 and word not in FILLERS and not word.isdigit():
                weights.setdefault(word, weight)
    forms = {word: (word, *other_forms(word)) for word in list(weights)[:_WORDS_MAX]}
    known = vocabulary.known_among(cursor, {form for every in forms.values() for form in every})
    traits = [_Trait(((tokens.tag(tag.pk),),), _IN_TAGS) for tag in agent.tags.all()]
    for word, every in forms.items():
        if clause := tuple((tokens.HEADING + form,) for form in every if form in known):
            traits.append(_Trait(clause, weights[word]))
    return traits


def _telling(traits: list[_Trait], counts: list[int], size: int) -> list[tuple[float, Clause]]:
    """The traits that say most: rare, but not this agent's alone."""
    scored = [
        (trait.weight * log((size + 1) / count), place, trait.clause)
        for place, (trait, count) in enumerate(zip(traits, counts, strict=True))
        if 1 < count <= max(2, _FREQUENT * size)
    ]
    return [(score, clause) for score, _, clause in sorted(scored, key=lambda one: (-one[0], one[1]))[:_ASKED_MAX]]


def _tiers(telling: list[tuple[float, Clause]]) -> Iterator[Tier]:
    """Three traits in common, two, or one: those that say most together first."""
    groups = [group for size in (3, 2, 1) for group in combinations(telling, size)]
    for group in sorted(groups, key=lambda group: -sum(score for score, _ in group)):
        yield Tier(tuple(clause for _, clause in group), is_lift=True)
