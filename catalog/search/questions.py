"""A reader's query as a question: what is asked for, and by what to narrow. Imports words, forms and `found`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from catalog.search.english import other_forms
from catalog.search.found import KINDS
from catalog.search.words import (
    FILLERS,
    HAN,
    HIRAGANA,
    KATAKANA,
    OTHER_UNSPACED,
    SPACED_RUN,
    Words,
    fold,
    is_unspaced,
    split,
)

QUERY_MAX_LENGTH = 200  # characters; what follows is not looked at
TERMS_MAX = 16
PHRASE_MAX = 40  # words

_FILTER = re.compile(rf"(?<!\S)({'|'.join(KINDS)}):(?:[\"“”]([^\"“”]*)[\"“”]?|(\S*))", re.IGNORECASE)
# Words tied by punctuation are one term; where the script changes in unspaced text, another one begins.
_TERMS = re.compile(
    rf"{SPACED_RUN}(?:[-_.'’&/:@+]{SPACED_RUN})*|[{HAN}]+|[{HIRAGANA}]+|[{KATAKANA}]+|[{OTHER_UNSPACED}]+"
)
_PARTICLE = re.compile(rf"[{HIRAGANA}]{{1,2}}")
_QUOTES = re.compile("[“”„‟«»]")


@dataclass(frozen=True)
class Term:
    """One thing asked for: the typed words, the last of which may be unfinished, or others that mean the same."""

    typed: Words
    others: tuple[Words, ...] = ()
    is_unfinished: bool = False
    is_quoted: bool = False

    @property
    def meanings(self) -> tuple[Words, ...]:
        return (self.typed, *self.others)

    @property
    def unfinished(self) -> str:
        """The letters that may go on; "" where none may."""
        return self.typed[-1] if self.is_unfinished else ""

    @property
    def words(self) -> frozenset[str]:
        return frozenset(word for words in self.meanings for word in words)


@dataclass(frozen=True)
class Question:
    terms: tuple[Term, ...]  # all are wanted
    name: Words  # the whole of them, which may be an agent's name or title
    filters: tuple[tuple[str, str], ...] = ()  # kind and value, as typed
    text: str = ""  # the query without its filters

    @property
    def is_empty(self) -> bool:
        """Whether no words were typed: `???` are words that nothing has."""
        return not self.text

    def apart(self) -> Question:
        """Each word wanted by itself, wherever it stands."""
        words = dict.fromkeys(word for term in self.terms for word in term.typed)
        terms = tuple(_term((word,), is_unfinished=len(word) >= 3) for word in words)[:TERMS_MAX]
        return replace(self, terms=terms)

    def only(self, terms: Iterable[Term]) -> Question:
        return replace(self, terms=tuple(terms))


@lru_cache(maxsize=256)
def ask(query: str) -> Question:
    """What a query asks for; without terms where it holds neither letter nor digit.

    A word is wanted in any of its forms; "quoted words" only as they stand, side by side. So are words tied by
    punctuation (`code-reviewer`), or as one word, but not in a prompt. The last word may be unfinished, unless quoted.
    `tag:x model:x tool:x category:"x y" mode:x` narrow.
    """
    query = query[:QUERY_MAX_LENGTH]
    typed = ((found[1].lower(), (found[2] or found[3] or "").strip()) for found in _FILTER.finditer(query))
    filters = tuple((kind, value) for kind, value in typed if value)
    text = " ".join(_FILTER.sub(" ", query).split())
    folded = fold(_QUOTES.sub('"', text)).rstrip()
    terms: list[Term] = []
    for place, part in enumerate(folded.split('"')):
        terms += _quoted(part) if place % 2 else _unquoted(part)
    terms = [term for term in terms if not _is_filler(term)] or terms
    terms = list(dict.fromkeys(terms))[:TERMS_MAX]
    if terms and (folded.count('"') % 2 or not folded.endswith('"')):
        terms[-1] = replace(terms[-1], is_unfinished=True)
    return Question(tuple(terms), tuple(split(folded))[:PHRASE_MAX], filters, text)


def whole_of(words: Words) -> Words:
    """Words as they stand within a text: without the half pair that ends an unspaced run."""
    if len(words) > 1 and is_half(words[-1]) and words[-2][1:] == words[-1]:
        return words[:-1]
    return words


def is_half(word: str) -> bool:
    """Whether this is one character of an unspaced script: in the index, most have a neighbour."""
    return len(word) == 1 and is_unspaced(word)


def _quoted(text: str) -> list[Term]:
    phrase = _phrase(text)
    return [Term(phrase, is_unfinished=is_half(phrase[-1]), is_quoted=True)] if phrase else []


def _unquoted(text: str) -> list[Term]:
    return [_term(_phrase(term)) for term in _TERMS.findall(text)]


def _term(phrase: Words, *, is_unfinished: bool = False) -> Term:
    others = ["".join(phrase)] if len(phrase) > 1 else other_forms(phrase[0])
    return Term(phrase, tuple((word,) for word in others), is_unfinished or is_half(phrase[-1]))


def _phrase(text: str) -> Words:
    return whole_of(tuple(split(text))[:PHRASE_MAX])


def _is_filler(term: Term) -> bool:
    return len(term.typed) == 1 and (term.typed[0] in FILLERS or _PARTICLE.fullmatch(term.typed[0]) is not None)
