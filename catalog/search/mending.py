"""Typing errors mended: "Did you mean". Imports `vocabulary`, `narrowing` and `questions`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from catalog.search import narrowing, tokens, vocabulary
from catalog.search.questions import with_values
from catalog.search.words import SPACED_RUN, fold

_CANDIDATES_MAX = 16
_COUNTED = 200
_FILTERS_MAX = 3  # of one query
_RUNS = re.compile(SPACED_RUN, re.IGNORECASE)


@dataclass(frozen=True)
class Mended:
    query: str
    words: tuple[tuple[str, str], ...]  # each mistyped word, as it was typed, and the one in its place


def mended(engine: Any, cursor: CursorWrapper, query: str, strange: Sequence[str]) -> Mended | None:
    """The query with words that agents have in place of those that none has; None where nothing comes near."""
    meant = {word: best for word in strange if (best := _best(engine, cursor, word))}
    if not meant:
        return None
    words: dict[str, str] = {}

    def replaced(found: re.Match[str]) -> str:
        better = meant.get(fold(found[0]))
        if better is None:
            return found[0]
        words[found[0]] = better
        return better

    return Mended(_RUNS.sub(replaced, query), tuple(words.items()))


def filters_mended(
    cursor: CursorWrapper, query: str, filters: Sequence[tuple[str, str]], excluded: Sequence[tuple[str, str]] = ()
) -> Mended | None:
    """The same for the filters that were typed into a query, and those with a minus, by kind and value."""
    known: dict[str, dict[str, str]] = {}
    meant: dict[tuple[str, str], str] = {}
    for kind, text in (*filters, *excluded):
        if kind not in known:
            known[kind] = narrowing.names_of(cursor, kind)
        if len(meant) < _FILTERS_MAX and (best := _value_meant(text, known[kind])):
            meant[kind, text] = best
    if not meant:
        return None
    words = tuple((f"{kind}:{text}", f"{kind}:{meant[kind, text]}") for kind, text in filters if (kind, text) in meant)
    return Mended(with_values(query, meant), words)


def _value_meant(typed: str, names: Mapping[str, str]) -> str | None:
    """The value that a mistyped one was meant to be; None where it is one itself, or where none comes near."""
    if typed.casefold() in map(str.casefold, names):
        return None
    near = vocabulary.nearest(typed, names)
    return names[near] if near else None


def _best(engine: Any, cursor: CursorWrapper, typed: str) -> str | None:
    """Of the nearest words the most frequent, and rather one with the same first letter."""
    words = vocabulary.meant_by(cursor, typed)
    words = sorted(words, key=lambda word: word[0] != typed[0])[:_CANDIDATES_MAX]
    if len(words) < 2:
        return words[0] if words else None
    counts = engine.sampled(cursor, [((tokens.HEADING + word,),) for word in words], _COUNTED)
    ranked = sorted(zip(words, counts, strict=True), key=lambda pair: (pair[0][0] != typed[0], -pair[1], pair[0]))
    return ranked[0][0]
