"""A reader's query as a question that both engines can answer. Imports the words and English forms of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from catalog.search.english import other_forms
from catalog.search.words import (
    HAN,
    HIRAGANA,
    KATAKANA,
    OTHER_UNSPACED,
    SPACED_RUN,
    START,
    Words,
    fold,
    is_unspaced,
    split,
    whole,
)

QUERY_MAX_LENGTH = 200  # characters; what follows is not looked at
TERMS_MAX = 16
PHRASE_MAX = 40  # words

Within = tuple[str, tuple[Any, ...]]  # SQL that selects the agents to look among, with its parameters

# Words tied by punctuation are one term; where the script changes in unspaced text, another one begins.
_TERMS = re.compile(
    rf"{SPACED_RUN}(?:[-_.'’&/:@+]{SPACED_RUN})*|[{HAN}]+|[{HIRAGANA}]+|[{KATAKANA}]+|[{OTHER_UNSPACED}]+"
)
_PARTICLE = re.compile(rf"[{HIRAGANA}]{{1,2}}")
_QUOTES = re.compile("[“”„‟«»]")

# Say nothing where other words stand beside them.
_FILLERS = (
    "a an and are as at be by can do does for from how i in into is it me my of on or our should that the their "
    "this to we what when which who will with you your"
)
_ARE_FILLERS = frozenset(_FILLERS.split())


class Place(Enum):
    """Where a question is looked for; each place holds the one before."""

    NAMES = "names"
    HEADING = "heading"  # and tags, lead and examples
    TEXT = "text"  # and the prompt

    @property
    def shortest_prefix(self) -> int:
        """The letters an unfinished word must have: with fewer it would match half of all prompts."""
        return 3 if self is Place.TEXT else 1


@dataclass(frozen=True)
class Term:
    """One thing asked for: the typed words, the last of which may be unfinished, or others that mean the same."""

    typed: Words
    others: tuple[Words, ...] = ()
    is_unfinished: bool = False
    is_quoted: bool = False

    def is_phrase_in(self, place: Place) -> bool:
        """Whether its words must stand side by side. In a long text they need not, unless quoted."""
        return len(self.typed) > 1 and (self.is_quoted or place is not Place.TEXT)

    def can_go_on(self, shortest: int) -> bool:
        """Whether words that only begin with the last one answer too; `shortest` letters it must have."""
        last = self.typed[-1]
        return self.is_unfinished and (len(last) >= shortest or is_unspaced(last))


@dataclass(frozen=True)
class Question:
    terms: tuple[Term, ...]
    name: Words  # the whole query, which may be an agent's name or title
    wants_all: bool = True

    def steps(self) -> Iterator[tuple[Place, Question]]:
        """What to look for where, best answers first."""
        if self.wants_all:
            yield Place.NAMES, replace(self, terms=(Term(whole(self.name)),))
            yield Place.NAMES, self
        # One word of several says little in a name: there, where any will do, names count as part of the heading.
        yield Place.HEADING, self
        yield Place.TEXT, self

    def looser(self) -> Iterator[Question]:
        """What to ask where nothing answers: for all words wherever they stand, then for any of them."""
        words = dict.fromkeys(word for term in self.terms for word in term.typed)
        terms = tuple(_term((word,), is_unfinished=len(word) >= 3) for word in words)[:TERMS_MAX]
        yield replace(self, terms=terms)
        if len(terms) > 1:
            yield replace(self, terms=terms, wants_all=False)

    def preferences(self, place: Place) -> tuple[Term, ...]:
        """What lifts one answer over others: to hold the query as a phrase, to begin with it, or to hold more words."""
        if not self.wants_all:
            return self.terms
        phrase = _without_half(self.name)
        start = START + phrase[0]
        begins = Term((start, *phrase) if phrase[1:] else (start,), is_unfinished=len(phrase[-1]) >= 3)
        as_phrase = Term(phrase, is_quoted=True)
        return (as_phrase, begins) if place is Place.NAMES else (as_phrase,)


def ask(query: str) -> Question:
    """What a query asks for; without terms where it holds neither letter nor digit.

    A word is wanted in any of its forms; "quoted words" only as they stand, side by side. So are words tied by
    punctuation (`code-reviewer`), or as one word, but not in a prompt. The last word may be unfinished, unless quoted.
    """
    folded = fold(_QUOTES.sub('"', query[:QUERY_MAX_LENGTH])).rstrip()
    terms: list[Term] = []
    for place, part in enumerate(folded.split('"')):
        terms += _quoted(part) if place % 2 else _unquoted(part)
    terms = [term for term in terms if not _is_filler(term)] or terms
    terms = list(dict.fromkeys(terms))[:TERMS_MAX]
    if terms and (folded.count('"') % 2 or not folded.endswith('"')):
        terms[-1] = replace(terms[-1], is_unfinished=True)
    return Question(tuple(terms), tuple(split(folded))[:PHRASE_MAX])


def _quoted(text: str) -> list[Term]:
    phrase = _phrase(text)
    return [Term(phrase, is_unfinished=_is_half(phrase[-1]), is_quoted=True)] if phrase else []


def _unquoted(text: str) -> list[Term]:
    return [_term(_phrase(term)) for term in _TERMS.findall(text)]


def _term(phrase: Words, *, is_unfinished: bool = False) -> Term:
    others = ["".join(phrase)] if len(phrase) > 1 else other_forms(phrase[0])
    return Term(phrase, tuple((word,) for word in others), is_unfinished or _is_half(phrase[-1]))


def _phrase(text: str) -> Words:
    return _without_half(tuple(split(text))[:PHRASE_MAX])


def _without_half(words: Words) -> Words:
    """Words as they stand within a text: without the half pair that ends an unspaced run."""
    if len(words) > 1 and _is_half(words[-1]) and words[-2][1:] == words[-1]:
        return words[:-1]
    return words


def _is_half(word: str) -> bool:
    """Whether this is one character of an unspaced script: in the index, most have a neighbour."""
    return len(word) == 1 and is_unspaced(word)


def _is_filler(term: Term) -> bool:
    return len(term.typed) == 1 and (term.typed[0] in _ARE_FILLERS or _PARTICLE.fullmatch(term.typed[0]) is not None)
