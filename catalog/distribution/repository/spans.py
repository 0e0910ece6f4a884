"""Spans of commits by their numbers, as the history is one line. Plain Python.

All questions are answered by looking up a place in a sorted list: a client may name a hundred thousand commits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple


class Span(NamedTuple):
    """The commits of these numbers, both included."""

    first: int
    last: int


class Spans:
    """Some spans, which may overlap."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.each = sorted(set(spans))
        self._firsts = [span.first for span in self.each]
        self._lasts = list(accumulate((span.last for span in self.each), max))  # the highest up to each

    def __bool__(self) -> bool:
        return bool(self.each)

    def has(self, number: int) -> bool:
        """Whether a commit is in one of them."""
        place = bisect_right(self._firsts, number)
        return place > 0 and self._lasts[place - 1] >= number

    def below(self, number: int) -> int | None:
        """The highest number in one of them that is not above this one."""
        place = bisect_right(self._firsts, number)
        return min(self._lasts[place - 1], number) if place else None

    def above(self, number: int) -> int | None:
        """The first number of the next of them that begins above this one."""
        place = bisect_right(self._firsts, number)
        return self._firsts[place] if place < len(self._firsts) else None

    def has_with_parent(self, number: int) -> bool:
        """Whether a commit is in one of them and not the first of it."""
        place = bisect_left(self._firsts, number)
        return place > 0 and self._lasts[place - 1] >= number

    def merged(self) -> list[Span]:
        """The same commits in spans that neither meet nor overlap, the oldest first."""
        found: list[Span] = []
        for span in self.each:
            if found and span.first <= found[-1].last + 1:
                found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
            else:
                found.append(span)
        return found

    def without(self, others: Spans) -> list[Span]:
        """The commits that are in none of the others, the oldest first."""
        found: list[Span] = []
        taken = others.merged()
        place = 0
        for first, last in self.merged():
            while place < len(taken) and taken[place].last < first:
                place += 1
            at = place
            while at < len(taken) and taken[at].first <= last:
                if taken[at].first > first:
                    found.append(Span(first, taken[at].first - 1))
                first = taken[at].last + 1
                at += 1
            if first <= last:
                found.append(Span(first, last))
        return found


def nearest(numbers: list[int], number: int) -> int:
    """The highest of these sorted numbers that is not above `number`; 1, the first commit, where there is none."""
    place = bisect_right(numbers, number)
    return numbers[place - 1] if place else 1
