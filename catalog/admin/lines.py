"""Lines of a text: given back the line ends that a browser took, and compared with another text's.

Plain Python; imports nothing of the catalog.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import repeat, zip_longest
from typing import Literal, NamedTuple

_END = re.compile(r"(\r\n|\r|\n)")
_END_NAMES = {"\r\n": "CRLF", "\r": "CR", "\n": "LF", "": "no line end"}

MANY_LINES = 10_000  # more are not compared one by one; the longest agent anybody has written has some 2,000
_MOST_EFFORT = 10_000_000  # a fraction of a second
_DEEPEST = 20
_CONTEXT = 3

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


def with_own_line_ends(typed: str, stored: str) -> str:
    """The text of a form, with the line ends of the text that was put into it.

    A browser turns every line end into CRLF. A line that did not change gets back the end it had, a new one
    that of the line above it; so a text that was not touched is exactly `stored`.
    """
    new = [line.text for line in split_lines(typed)]
    old = split_lines(stored)
    kinds = {line.end for line in old[:-1]}
    if len(kinds) < 2:
        return (kinds or {"\n"}).pop().join(new)
    ends = _ends(old, new)
    return "".join(text + end for text, end in zip(new[:-1], ends, strict=True)) + new[-1]


def _ends(old: list[Line], new: list[str]) -> list[str]:
    """An end for each line of `new` but the last."""
    ends = [""] * len(new)
    for kind, start, stop, at, until in steps([line.text for line in old], new):
        if kind == "equal" or stop - start == until - at:
            ends[at:until] = [line.end for line in old[start:stop]]
    above = old[0].end
    for number, end in enumerate(ends):
        # CR, an empty line and LF would be one CRLF: a line would be gone.
        merges = above == "\r" and end == "\n" and number > 0 and not new[number]
        above = ends[number] = above if merges else end or above
    return ends[:-1]


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


class Row(NamedTuple):
    """One line of a comparison; `end` names its line end where that is not the usual one of its text."""

    kind: Literal["same", "gone", "new"]
    old: int | None
    new: int | None
    text: str
    end: str = ""


class Excerpt(list[list[Row]]):
    """The first groups of a comparison; `more` is the count of the lines that are left out."""

    more = 0


def compare(old: str, new: str) -> list[list[Row]]:
    """What changed from `old` to `new`: groups of lines, each with up to three unchanged ones around."""
    groups: list[list[Row]] = [[]]
    for row in _rows(_without_last(split_lines(old)), _without_last(split_lines(new))):
        if row is not None:
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def shortened(groups: list[list[Row]], most: int = 2_000) -> Excerpt:
    """The first rows of a comparison: a page that has all of a long one is no use to anybody."""
    excerpt, left = Excerpt(), most
    for group in groups:
        if left > 0:
            excerpt.append(group[:left])
        left -= len(group)
    excerpt.more = max(-left, 0)
    return excerpt


def _without_last(lines: list[Line]) -> list[Line]:
    """Without the empty line that stands after a last line end."""
    return lines if lines[-1].text else lines[:-1]


def _rows(old: list[Line], new: list[Line]) -> Iterator[Row | None]:
    """The lines that changed and those around them; None for a run of others."""
    usual = _usual_end(old) or _usual_end(new)
    for kind, start, stop, at, until in steps(old, new):
        if kind == "equal":
            # Nothing is around the start and the end of the texts.
            near = start + _CONTEXT if start or at else start
            far = max(stop - _CONTEXT, near) if stop < len(old) or until < len(new) else stop
            shift = at - start
            for n in range(start, min(near, stop)):
                yield Row("same", n + 1, n + shift + 1, old[n].text)
            if near < far:
                yield None
            for n in range(far, stop):
                yield Row("same", n + 1, n + shift + 1, old[n].text)
            continue
        for a in range(start, stop):
            yield Row("gone", a + 1, None, old[a].text, _named_end(old[a], usual))
        for b in range(at, until):
            yield Row("new", None, b + 1, new[b].text, _named_end(new[b], usual))


def _usual_end(lines: list[Line]) -> str:
    ends = [line.end for line in lines if line.end]
    return max(set(ends), key=ends.count) if ends else ""


def _named_end(line: Line, usual: str) -> str:
    return "" if line.end == usual else _END_NAMES[line.end]
