"""Lines of a text, and how those of one follow from those of another, in bounded time.

Imports nothing of the catalog.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from itertools import repeat, zip_longest
from typing import NamedTuple

_END = re.compile(r"(\r\n|\r|\n)")

MANY_LINES = 10_000  # more are not compared one by one; the longest agent anybody has written has some 2,000
_MOST_EFFORT = 10_000_000  # a fraction of a second
_DEEPEST = 20

Step = tuple[str, int, int, int, int]
Block = tuple[int, int, int]  # where in the one, where in the other, how many lines


class Line(NamedTuple):
    text: str
    end: str


def split_lines(text: str) -> list[Line]:
    """The lines with their ends; the last one has none, and is empty where the text ends with a line end."""
    if "\r" not in text:  # nearly every text, and several times faster
        *ended, last = text.split("\n")
        return [*map(Line, ended, repeat("\n")), Line(last, "")]
    parts = _END.split(text)
    return [Line(*pair) for pair in zip_longest(parts[::2], parts[1::2], fillvalue="")]


def steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Step]:
    """How `new` follows from `old`, as difflib says it, in bounded time.

    Between what both begin and end with, a run of very many lines counts as rewritten.
    """
    head, tail = _ends_in_common(old, new)
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    blocks = _blocks(inner_old, inner_new) if max(len(inner_old), len(inner_new)) <= MANY_LINES else []
    inner = [(at + head, to + head, size) for at, to, size in blocks]
    return _between([(0, 0, head), *inner, (len(old) - tail, len(new) - tail, tail)], len(old), len(new))


def _ends_in_common(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """How many lines both begin with, and how many of the others they end with."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    most = shorter - head
    return head, next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)


def _between(blocks: list[Block], old_end: int, new_end: int) -> list[Step]:
    """The steps from one common run to the next."""
    taken: list[Step] = []
    a = b = 0
    for at, to, size in [*_joined([block for block in blocks if block[2]]), (old_end, new_end, 0)]:
        if a < at or b < to:
            taken.append(("replace" if a < at and b < to else "delete" if a < at else "insert", a, at, b, to))
        if size:
            taken.append(("equal", at, at + size, to, to + size))
        a, b = at + size, to + size
    return taken


def _blocks(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block]:
    """The runs that both have in common, in order, none touching the next in both.

    Lines that occur once in either are what people take for the same line, so they are aligned first; what lies
    between is compared as difflib does it, while the effort lasts. What is left then counts as rewritten.
    """
    effort = [_MOST_EFFORT]
    gaps, found = [(0, len(old), 0, len(new), _DEEPEST)], []
    while gaps:
        a, a_end, b, b_end, depth = gaps.pop()
        while a < a_end and b < b_end and old[a] == new[b]:
            found.append((a, b, 1))
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            found.append((a_end, b_end, 1))
        if a == a_end or b == b_end:
            continue
        if not (anchors := _anchors(old, a, a_end, new, b, b_end) if depth else []):
            found += _compared(old, a, a_end, new, b, b_end, effort)
        for at, to in anchors:
            found.append((at, to, 1))
            gaps.append((a, at, b, to, depth - 1))
            a, b = at + 1, to + 1
        if anchors:
            gaps.append((a, a_end, b, b_end, depth - 1))
    return sorted(found)


def _anchors(
    old: Sequence[Hashable], a: int, a_end: int, new: Sequence[Hashable], b: int, b_end: int
) -> list[tuple[int, int]]:
    """Where the lines stand that occur once on either side: the most of them that are in the same order."""
    in_old, in_new = Counter(old[a:a_end]), Counter(new[b:b_end])
    place = {new[n]: n for n in range(b, b_end) if in_new[new[n]] == 1}
    pairs = [(n, place[old[n]]) for n in range(a, a_end) if in_old[old[n]] == 1 and old[n] in place]
    tops: list[int] = []  # the least place in `new` that a row of so many pairs can end with, and the pair
    ends: list[int] = []
    before: list[int] = []
    for number, (_, to) in enumerate(pairs):
        length = bisect_left(tops, to)
        before.append(ends[length - 1] if length else -1)
        tops[length : length + 1], ends[length : length + 1] = [to], [number]
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(pairs[number])
        number = before[number]
    return row[::-1]


def _compared(
    old: Sequence[Hashable], a: int, a_end: int, new: Sequence[Hashable], b: int, b_end: int, effort: list[int]
) -> list[Block]:
    left, right = old[a:a_end], new[b:b_end]
    in_new = Counter(right)
    # difflib looks at every pair of equal lines once for each block it finds.
    cost = (sum(in_new[line] for line in left) + len(left)) * min(len(left), len(right))
    if cost > effort[0]:
        return []
    effort[0] -= cost
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [(i + a, j + b, size) for i, j, size in matcher.get_matching_blocks() if size]


def _joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for at, to, size in sorted(blocks):
        if joined and (joined[-1][0] + joined[-1][2], joined[-1][1] + joined[-1][2]) == (at, to):
            at, to, size = joined[-1][0], joined[-1][1], joined.pop()[2] + size
        joined.append((at, to, size))
    return joined
