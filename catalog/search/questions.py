"""A reader's query as a question: what is asked for, and by what to narrow. Imports words, forms and `found`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from catalog.search.english import other_forms
from catalog.search.found import KINDS
from catalog.search.words import (
    ASKING,
    HAN,
    HIRAGANA,
    IN_SENTENCES,
    KATAKANA,
    OTHER_UNSPACED,
    SHORTENED,
    SPACED_RUN,
    Words,
    fold,
    is_unspaced,
    split,
)

QUERY_MAX_LENGTH = 200  # characters; what follows is not looked at
TERMS_MAX = 16
PHRASE_MAX = 40  # words

_VALUE = rf"({'|'.join(KINDS)}):(?:[\"“”]([^\"“”]*)[\"“”]?|(\S*))"
_FILTER = re.compile(rf"(?<!\S){_VALUE}", re.IGNORECASE)
_EXCLUDED = re.compile(rf"(?<!\S)-{_VALUE}", re.IGNORECASE)
_ANY_FILTER = re.compile(rf"(?<!\S)(-?){_VALUE}", re.IGNORECASE)
_EXCLUDED_WORD = re.compile(r"(?<!\S)-([^\W\d_][^\s\"“”„‟«»]+)")
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
    text: str = ""  # the query without its filters, but with what it excludes
    excluded: tuple[tuple[str, str], ...] = ()  # kind and value, as typed
    without: tuple[Term, ...] = ()  # words nobody may have
    is_empty: bool = True  # no words were typed that are wanted: `???` are words that nothing has

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
    `tag:x model:x tool:x category:"x y" mode:x` narrow; with a minus before them they exclude, and so do words.
    """
    query = query[:QUERY_MAX_LENGTH]
    text = " ".join(_FILTER.sub(" ", query).split())
    words, without = _apart_from_excluded(_EXCLUDED.sub(" ", text))
    folded = fold(_QUOTES.sub('"', words)).rstrip()
    terms: list[Term] = []
    for place, part in enumerate(folded.split('"')):
        terms += _quoted(part) if place % 2 else _unquoted(part)
    terms = list(dict.fromkeys(_telling(terms)))[:TERMS_MAX]
    if terms and (folded.count('"') % 2 or not folded.endswith('"')):
        terms[-1] = replace(terms[-1], is_unfinished=True)
    name = tuple(split(folded))[:PHRASE_MAX]
    filters, excluded = _values(_FILTER, query), _values(_EXCLUDED, text)
    return Question(tuple(terms), name, filters, text, excluded, without, is_empty=not words.strip())


def _values(pattern: re.Pattern[str], text: str) -> tuple[tuple[str, str], ...]:
    typed = ((found[1].lower(), (found[2] or found[3] or "").strip()) for found in pattern.finditer(text))
    return tuple((kind, value) for kind, value in typed if value)


def with_values(query: str, meant: Mapping[tuple[str, str], str]) -> str:
    """The query with other values in its filters. `meant` has them by the kind and the value that were typed."""

    def replaced(found: re.Match[str]) -> str:
        minus, kind, value = found[1], found[2].lower(), (found[3] or found[4] or "").strip()
        better = meant.get((kind, value))
        if better is None:
            return found[0]
        return f'{minus}{kind}:"{better}"' if " " in better else f"{minus}{kind}:{better}"

    return _ANY_FILTER.sub(replaced, query[:QUERY_MAX_LENGTH])


def _apart_from_excluded(text: str) -> tuple[str, tuple[Term, ...]]:
    """The text without its words that nobody may have, and those; within quotes a minus is none."""
    parts = _QUOTES.sub('"', text).split('"')
    without = [term for part in parts[::2] for word in _EXCLUDED_WORD.findall(part) for term in _unquoted(fold(word))]
    parts[::2] = [_EXCLUDED_WORD.sub(" ", part) for part in parts[::2]]
    return '"'.join(parts), tuple(dict.fromkeys(without))[:TERMS_MAX]


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


def _telling(terms: list[Term]) -> list[Term]:
    """The terms without those that say nothing beside others."""
    telling = [term for term in terms if not _is_filler(term)]
    if telling and len(telling) < len(terms):
        telling = [term for term in telling if term.is_quoted or not IN_SENTENCES.issuperset(term.typed)] or telling
    return telling or terms


def _is_filler(term: Term) -> bool:
    first, *others = term.typed
    if term.is_quoted and others:
        return False
    return (first in ASKING and SHORTENED.issuperset(others)) or (not others and bool(_PARTICLE.fullmatch(first)))
