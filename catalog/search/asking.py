"""A query answered: strictly, with its typing errors mended, or loosely. Imports `models`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models, router
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler

from catalog.models import Agent, AgentQuerySet
from catalog.search import mending, narrowing, tokens, vocabulary
from catalog.search.engines import opened
from catalog.search.found import EVERYTHING, Filters, Found, Within
from catalog.search.keeping import select
from catalog.search.questions import Question, Term, ask
from catalog.search.tiers import (
    Clause,
    Known,
    Tier,
    far_tier,
    heading_tiers,
    lacking_tiers,
    loose_tiers,
    mixed_tiers,
    text_tier,
    text_tiers,
)
from catalog.search.words import is_unspaced

MOST = 1_000  # matches that are counted; one more is given where there are more
_LIFTED = 200  # answers that come before others of their place
_ENOUGH = 100  # answers that have all words in the heading
_FEW = 5  # answers to many words: then come those that lack some
_MANY_TERMS = 4
_NEAREST = 50  # agents that lack some words
_COUNTED = 500  # of the newest agents that have a word
_FAR_MIN = 3  # letters of a word that may go on in a prompt


def find(query: str, filters: Filters = EVERYTHING, *, mends_filters: bool = True) -> Found:
    """The published agents that answer a query and have what the filters ask, best first. No query raises.

    Every word is wanted. Where no agent has them all, typing errors are mended; where that does not help, agents with
    some of the words will do. First come agents whose names answer, then those whose tags and lead do, then those
    whose examples do, then those whose prompt does. Of category, model and mode any value will do; of tags and tools
    all are wanted. A query may hold filters of its own; one without words gives whatever they let through, the newest
    first.

    With `mends_filters` a mistyped filter of the query is mended where nothing answers otherwise; of one that excludes
    the mended query is suggested. That is for people, who are told: what a program asks for by filters is exact.

    At most `MOST` + 1 are given, so that a count beyond `MOST` says "or more"; of more, the best among the newest.
    """
    question = ask(query)
    engine, cursor = opened(router.db_for_read(Agent))
    with cursor:
        find = _find if mends_filters else _narrowed
        return find(_Index(engine, cursor), query, question, filters)


def matching(queryset: AgentQuerySet, query: str) -> AgentQuerySet:
    """The agents of the queryset that answer the query as `find` would, best first; all of them where it is empty.

    Filters may be set before and after, but agents beyond `MOST` are only found by what was set before.
    """
    question = ask(query)
    if question.is_empty and not question.filters:
        return queryset
    try:
        within = _within(queryset)
    except EmptyResultSet:
        return queryset.none()
    engine, cursor = opened(queryset.db)
    with cursor:
        pks = _find(_Index(engine, cursor, within), query, question, EVERYTHING).pks
    return queryset.filter(pk__in=pks).order_by(_Place(pks)) if pks else queryset.none()


@dataclass(frozen=True)
class _Index:
    """Where to look, and by what answers are narrowed."""

    engine: Any
    cursor: CursorWrapper
    within: Within | None = None
    clauses: tuple[Clause, ...] = ()
    without: Clause = ()

    def narrowed(self, clauses: tuple[Clause, ...], without: Clause) -> _Index:
        return _Index(self.engine, self.cursor, self.within, clauses, without)

    def answers(self, tiers: Sequence[Tier]) -> list[int]:
        """What the tiers hold, until one of them holds as many as are wanted: each holds those before it."""
        narrowed = [tier.within(self.clauses, self.without) for tier in tiers]
        most = [min(_LIFTED, MOST + 1) if tier.is_lift else MOST + 1 for tier in tiers]
        found: dict[int, None] = {}
        for tier, (pks, breadths) in zip(
            tiers, self.engine.find(self.cursor, narrowed, most, self.within), strict=False
        ):
            ordered = [pk for _, pk in sorted(zip(breadths, pks, strict=True))] if tier.is_of_names else pks
            found |= dict.fromkeys(ordered)
            if len(pks) > MOST and not tier.is_lift:
                break
        return list(found)[: MOST + 1]

    def some(self, tiers: Sequence[Tier], most: int) -> list[int]:
        """The first of what the tiers hold."""
        narrowed = [tier.within(self.clauses, self.without) for tier in tiers]
        found: dict[int, None] = {}
        for pks, _ in self.engine.find(self.cursor, narrowed, [most] * len(tiers), self.within) if tiers else ():
            found |= dict.fromkeys(pks)
            if len(found) >= most:
                break
        return list(found)

    def rarity(self, terms: Sequence[Term]) -> dict[Term, float]:
        """How much each term says: the more, the fewer of the newest agents have it."""
        counts = self.engine.sampled(self.cursor, [text_tier(term).clauses[0] for term in terms], _COUNTED)
        return {
            term: log((_COUNTED + 1) / (min(count, _COUNTED) + 1)) for term, count in zip(terms, counts, strict=True)
        }

    def rarest(self, terms: Sequence[Term]) -> Term | None:
        """The term that says most, if one says more than another."""
        weights = self.rarity(terms) if len(terms) > 1 else {}
        return max(weights, key=lambda term: weights[term]) if len(set(weights.values())) > 1 else None

    def has(self, tier: Tier) -> bool:
        return any(pks for pks, _ in self.engine.find(self.cursor, [tier], [1], None))

    def known(self, question: Question) -> Known:
        return vocabulary.known_of(self.cursor, question)


def _find(index: _Index, query: str, question: Question, given: Filters) -> Found:
    """What answers; where nothing does, what answers the query with the typing errors of its filters mended."""
    found = _narrowed(index, query, question, given)
    if found.pks:
        better = mending.filters_mended(index.cursor, query, (), question.excluded)
        return replace(found, suggestion=better.query) if better and found.suggestion is None else found
    better = mending.filters_mended(index.cursor, query, question.filters, question.excluded)
    if better is None:
        return found
    mended = _narrowed(index, better.query, ask(better.query), given)
    if not mended.pks:
        return found
    query, words = mended.suggestion or better.query, (*better.words, *mended.mended)
    return replace(mended, suggestion=query, is_mended=True, mended=words)


def _narrowed(index: _Index, query: str, question: Question, given: Filters) -> Found:
    filters = narrowing.merged(index.cursor, given, question.filters)
    excluded = narrowing.merged(index.cursor, EVERYTHING, question.excluded)
    clauses = narrowing.clauses_of(filters)
    if clauses is None:
        return Found([], question.text, filters, excluded=excluded)
    without = (*narrowing.without_of(excluded), *(words for term in question.without for words in term.meanings))
    found = _answered(index.narrowed(clauses, without), query, question, filters)
    return replace(found, excluded=excluded) if excluded else found


def _answered(index: _Index, query: str, question: Question, filters: Filters) -> Found:
    if question.is_empty:
        pks = index.answers([Tier((((tokens.EVERY,),),) if not index.clauses else ())])
        return _found(pks, question, filters)
    if not question.terms:
        return Found([], question.text, filters)
    known = index.known(question)
    if pks := _strict(index, question, known):
        if len(pks) < _FEW and len(question.terms) >= _MANY_TERMS:
            pks = list(dict.fromkeys((*pks, *_lacking(index, question, known))))
        return _found(pks, question, filters)
    return _second_thoughts(index, query, question, known, filters)


def _second_thoughts(index: _Index, query: str, question: Question, known: Known, filters: Filters) -> Found:
    apart = question.apart()
    strange = [term for term in apart.terms if not term.words & set(known.words) and not index.has(text_tier(term))]
    if better := mending.mended(index.engine, index.cursor, query, [term.typed[0] for term in strange]):
        asked = ask(better.query)
        if asked.terms and (pks := _strict(index, asked, index.known(asked))):
            mended = {"suggestion": better.query, "is_mended": True, "mended": better.words, "answered": asked.text}
            return _found(pks, question, filters, **mended)
    familiar = apart.only(term for term in apart.terms if term not in strange)
    known = index.known(familiar) if familiar.terms else known
    pks = _strict(index, familiar, known) if strange and familiar.terms else []
    if not pks and len(familiar.terms) > 1:
        nearest = _lacking(index, familiar, known) if len(familiar.terms) > 2 else []
        pks = list(dict.fromkeys((*nearest, *index.answers(loose_tiers(familiar, known)))))[: MOST + 1]
    return _found(pks, question, filters, is_loose=bool(pks))


def _lacking(index: _Index, question: Question, known: Known) -> list[int]:
    """Some agents that lack one of the words, or if those are few, two."""
    weights = index.rarity(question.terms)
    pks = index.some(lacking_tiers(weights, known, 1), _NEAREST)
    if len(pks) < _FEW:
        pks += index.some(lacking_tiers(weights, known, 2), _NEAREST)
    return pks


def _strict(index: _Index, question: Question, known: Known) -> list[int]:
    """Who has all words; where nobody has them side by side, wherever they stand."""
    if pks := _with_all(index, question, known):
        return pks
    if _may_go_far(index, question.terms[-1], known) and (pks := index.answers([far_tier(question, known)])):
        return pks
    apart = question.apart()
    if len(apart.terms) > len(question.terms) or any(term.is_quoted for term in question.terms):
        return _with_all(index, apart, index.known(apart))
    return []


def _with_all(index: _Index, question: Question, known: Known) -> list[int]:
    headings = heading_tiers(question, known)
    if len(question.terms) < 2:
        return index.answers([*headings, *text_tiers(question, known)])
    pks = index.answers(headings)
    if len(pks) > MOST:
        return pks
    # Where many have all words in the heading, who comes after them matters little, and would take long.
    is_few = len(pks) < _ENOUGH
    texts = mixed_tiers(question, known, index.rarest(question.terms)) if is_few else text_tiers(question, known)
    return list(dict.fromkeys((*pks, *index.answers(texts))))[: MOST + 1]


def _may_go_far(index: _Index, last: Term, known: Known) -> bool:
    """Whether the last word may be the beginning of one that stands in prompts only."""
    letters = last.unfinished
    if len(letters) < _FAR_MIN or is_unspaced(letters) or letters in known.words or letters in known.goes_on:
        return False
    return not index.has(text_tier(last))


def _found(pks: list[int], question: Question, filters: Filters, **more: Any) -> Found:
    return Found(pks, question.text, filters, len(pks) > MOST, **{"answered": question.text, **more})


def _within(queryset: AgentQuerySet) -> Within | None:
    """Where to look: everywhere if the queryset holds all published agents, as the index does."""
    where = queryset.query.where
    if not where or where == Agent.objects.published().query.where:
        return None
    return select(queryset)


class _Place(models.Func):
    """The place of an agent in a list of ids, as SQL."""

    output_field = models.IntegerField()

    def __init__(self, ids: Iterable[int]) -> None:
        super().__init__("pk")
        self.ids = list(ids)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        column, _ = compiler.compile(self.source_expressions[0])
        return f"instr(%s, ',' || {column} || ',')", (f",{','.join(map(str, self.ids))},",)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        column, _ = compiler.compile(self.source_expressions[0])
        return f"array_position(%s::bigint[], {column})", (self.ids,)
