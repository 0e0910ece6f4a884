"""Typing errors mended: "Did you mean". Imports `vocabulary`, `narrowing` and `questions`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from catalog.search import narrowing, tokens, vocabulary
from catalog.search.questions import with_values
from catalog.search.words import SPACED_RUN, fold

_CANDIDATES_MAX = 16
_COUNTED = 200
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


def filters_mended(cursor: CursorWrapper, query: str, typed: Sequence[tuple[str, str]]) -> Mended | None:
    """The same for the filters that were typed into a query, by kind and value."""
    meant = {(kind, text): best for kind, text in typed if (best := narrowing.nearest(cursor, kind, text))}
    if not meant:
        return None
    words = tuple((f"{kind}:{text}", f"{kind}:{best}") for (kind, text), best in meant.items())
    return Mended(with_values(query, meant), words)


def _best(engine: Any, cursor: CursorWrapper, typed: str) -> str | None:
    """Of the nearest words the most frequent, and rather one with the same first letter."""
    words = vocabulary.meant_by(cursor, typed)
    words = sorted(words, key=lambda word: word[0] != typed[0])[:_CANDIDATES_MAX]
    if len(words) < 2:
        return words[0] if words else None
    counts = engine.sampled(cursor, [((tokens.HEADING + word,),) for word in words], _COUNTED)
    ranked = sorted(zip(words, counts, strict=True), key=lambda pair: (pair[0][0] != typed[0], -pair[1], pair[0]))
    return ranked[0][0]
