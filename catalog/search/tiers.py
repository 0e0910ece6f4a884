"""A question as tiers: what to look for in the index, best answers first. Imports `questions` and `tokens`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from catalog.search import tokens
from catalog.search.questions import Question, Term, is_half, whole_of
from catalog.search.words import Words


@dataclass(frozen=True)
class Side:
    """Words side by side in a text, the last of which may go on."""

    words: Words
    goes_on: bool = False


Alternative = tuple[str, ...] | Side  # tokens, all of them; or a phrase
Clause = tuple[Alternative, ...]  # any of them


@dataclass(frozen=True)
class Tier:
    """All clauses are wanted."""

    clauses: tuple[Clause, ...]
    is_of_names: bool = False  # the shorter name comes first
    is_lift: bool = False  # the tier after it holds them too: some are enough
    without: Clause = ()  # none of it

    def within(self, narrowing: tuple[Clause, ...], without: Clause) -> Tier:
        return replace(self, clauses=(*self.clauses, *narrowing), without=without)


@dataclass(frozen=True)
class Known:
    """What the vocabulary says about the words of a question."""

    words: Collection[str]  # those that stand in some heading
    goes_on: Mapping[str, tuple[str, ...]]  # unfinished letters -> words in headings that begin with them


def heading_tiers(question: Question, known: Known) -> list[Tier]:
    """All words in the heading. Each tier but the first few holds those before it."""
    tiers = (*_of_names(question, known), *_of_headings(question, known))
    return [tier for tier in tiers if all(tier.clauses)]


def text_tiers(question: Question, known: Known) -> list[Tier]:
    """All words anywhere; the last tier holds every answer."""
    clauses = (tuple(place(term, known) for term in question.terms) for place in (_central, _anywhere))
    return [tier for tier in map(Tier, clauses) if all(tier.clauses)]


def mixed_tiers(question: Question, known: Known, rarest: Term | None) -> list[Tier]:
    """As `text_tiers`, but first those that have some word, rather the rarest, in the name or the heading."""
    tiers = text_tiers(question, known)
    tiers[:0] = _of_some_names(question, known, rarest)
    tiers[-1:-1] = _of_some_headings(question, known, rarest)
    return [tier for tier in tiers if all(tier.clauses)]


def _of_names(question: Question, known: Known) -> Iterator[Tier]:
    yield Tier((((tokens.whole(question.name),),),), is_of_names=True)
    if len(question.name) > 1:
        each = (_short(term, tokens.NAMES, known) for term in question.terms)
        yield Tier((_short(_as_one(question), tokens.NAMES, known), *each), is_of_names=True)
    *others, last = question.terms
    is_finished = last.unfinished in known.words  # it may go on all the same
    terms = (*others, replace(last, is_unfinished=False)) if is_finished else question.terms
    first = terms[0]
    starts = (first.typed[0], *(known.goes_on.get(first.unfinished, ()) if len(first.typed) == 1 else ()))
    names = tuple(_short(term, tokens.NAMES, known) for term in terms)
    yield Tier((tuple((tokens.starts_with(word),) for word in starts), *names), is_of_names=True)
    yield Tier(names, is_of_names=True)
    begun = _short(last, tokens.NAMES, known)
    if begun != names[-1]:
        yield Tier((*names[:-1], begun), is_of_names=True)


def _of_some_names(question: Question, known: Known, rarest: Term | None) -> Iterator[Tier]:
    """Some word in the name, rather the rarest, and the others anywhere."""
    if rarest:
        yield _lifted(question, known, rarest, tokens.NAMES)
    anywhere = (_anywhere(term, known) for term in question.terms)
    yield Tier((_any(_short(term, tokens.NAMES, known) for term in question.terms), *anywhere), is_lift=True)


def _of_some_headings(question: Question, known: Known, rarest: Term | None) -> Iterator[Tier]:
    if rarest:
        yield _lifted(question, known, rarest, tokens.HEADING)


def _lifted(question: Question, known: Known, rarest: Term, mark: str) -> Tier:
    others = (_anywhere(term, known) for term in question.terms if term != rarest)
    return Tier((_short(rarest, mark, known), *others), is_lift=True)


def _of_headings(question: Question, known: Known) -> Iterator[Tier]:
    headings = tuple(_short(term, tokens.HEADING, known) for term in question.terms)
    if len(question.name) > 1:
        yield Tier((_short(_as_one(question), tokens.HEADING, known), *headings), is_lift=True)
    if len(question.terms) > 1:
        in_names = [clause for term in question.terms if (clause := _short(term, tokens.NAMES, known))]
        yield Tier((_any(in_names), *headings), is_lift=True)
    yield Tier(headings)


def loose_tiers(question: Question, known: Known) -> list[Tier]:
    """Where no agent has most of the words: those that have any."""
    all_of_them = [_anywhere(term, known) for term in question.terms]
    headings = [_short(term, tokens.HEADING, known) for term in question.terms]
    return [tier for tier in (Tier((_any(headings),)), Tier((_any(all_of_them),))) if all(tier.clauses)]


def lacking_tiers(weights: Mapping[Term, float], known: Known, lacking: int) -> list[Tier]:
    """Those that lack so many of the words: first who has the rarest, and of these, who has some in the name."""
    telling = sorted(weights, key=lambda term: (not term.is_quoted, -weights[term]))[:_TELLING_MAX]
    kept = [terms for terms in combinations(telling, len(telling) - lacking) if len(terms) > 1]
    kept = [terms for terms in kept if all(term in terms for term in telling if term.is_quoted)]
    kept.sort(key=lambda terms: -sum(weights[term] for term in terms))
    clauses = [tuple(_anywhere(term, known) for term in terms) for terms in kept]
    named = [_any(_short(term, tokens.NAMES, known) for term in terms) for terms in kept]
    tiers = (Tier((name, *every)) for every, name in zip(clauses, named, strict=True) if name)
    return [*tiers, *(Tier(every) for every in clauses)]


def far_tier(question: Question, known: Known) -> Tier:
    """The last word goes on in the prompt: no vocabulary knows how, and looking is slow where many do."""
    *others, last = question.terms
    goes_on: Clause = (Side(last.typed, goes_on=True) if last.is_quoted else Side(last.typed[-1:], goes_on=True),)
    return Tier((*(_anywhere(term, known) for term in others), (*_anywhere(last, known), *goes_on)))


def text_tier(term: Term) -> Tier:
    """Whoever has the term at all."""
    return Tier((_anywhere(term, NOTHING_KNOWN),))


NOTHING_KNOWN = Known((), {})
_TELLING_MAX = 6  # of many words those that count where some may be lacking


def _any(clauses: Iterable[Clause]) -> Clause:
    return tuple(dict.fromkeys(alternative for clause in clauses for alternative in clause))


def _as_one(question: Question) -> Term:
    return Term(whole_of(question.name), is_unfinished=question.terms[-1].is_unfinished)


def _short(term: Term, mark: str, known: Known) -> Clause:
    """A term in a heading: its words side by side, if each is known to stand in some heading."""
    found = [
        tuple(tokens.marked(mark, words if len(words) == 1 else tokens.tied(words)))
        for words in (*term.meanings, *_gone_on(term, known))
        if all(word in known.words for word in words)
    ]
    letters = term.unfinished
    if letters and len(term.typed) == 1 and (is_half(letters) or len(letters) <= tokens.BEGINNING_MAX):
        found.append((mark + tokens.beginning(letters),))
    return tuple(found)


def _central(term: Term, known: Known) -> Clause:
    meanings = () if term.is_quoted else (*term.meanings, *_gone_on(term, known))
    central = tuple(tuple(tokens.marked(tokens.CENTRAL, words)) for words in meanings)
    return _any((_short(term, tokens.HEADING, known), central))


def _anywhere(term: Term, known: Known) -> Clause:
    """A term anywhere: its words in any order, unless they are quoted."""
    meanings = (*term.meanings, *_gone_on(term, known))
    words = tuple(Side(words) if term.is_quoted and len(words) > 1 else words for words in meanings)
    letters = term.unfinished
    if letters and is_half(letters):
        words = (*words, Side(term.typed, goes_on=True))
    return _any((words, _short(term, tokens.HEADING, known)))


def _gone_on(term: Term, known: Known) -> Iterator[Words]:
    """The typed words with the last one finished in every way that some heading knows."""
    return ((*term.typed[:-1], word) for word in known.goes_on.get(term.unfinished, ()))
