"""Lines of a text: given back the line ends that a browser took, and compared with another text's.

Plain Python; imports nothing of the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Literal, NamedTuple

_END = re.compile(r"(\r\n|\r|\n)")
_END_NAMES = {"\r\n": "CRLF", "\r": "CR", "\n": "LF", "": "no line end"}

# Comparing takes the product of the two lengths at worst; what differs by more than this counts as rewritten.
_MOST_PAIRS = 16_000_000
_CONTEXT = 3

Step = tuple[str, int, int, int, int]


class Line(NamedTuple):
    text: str
    end: str


def split_lines(text: str) -> list[Line]:
    """The lines with their ends; the last one has none, and is empty where the text ends with a line end."""
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
    for kind, start, stop, at, until in _steps([line.text for line in old], new):
        if kind == "equal" or stop - start == until - at:
            ends[at:until] = [line.end for line in old[start:stop]]
    above = old[0].end
    for number, end in enumerate(ends):
        # CR, an empty line and LF would be one CRLF: a line would be gone.
        merges = above == "\r" and end == "\n" and number > 0 and not new[number]
        above = ends[number] = above if merges else end or above
    return ends[:-1]


def _steps(old: Sequence[object], new: Sequence[object]) -> list[Step]:
    """How `new` follows from `old`, as difflib says it, in bounded time."""
    head = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    most = min(len(old), len(new)) - head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    steps: list[Step] = [("equal", 0, head, 0, head)]
    if len(middle_old) * len(middle_new) > _MOST_PAIRS:
        steps.append(("replace", head, head + len(middle_old), head, head + len(middle_new)))
    else:
        matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
        steps += [(k, a + head, b + head, c + head, d + head) for k, a, b, c, d in matcher.get_opcodes()]
    return [*steps, ("equal", len(old) - tail, len(old), len(new) - tail, len(new))]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a comparison; `end` names its line end where that is not the usual one of its text."""

    kind: Literal["same", "gone", "new"]
    old: int | None
    new: int | None
    text: str
    end: str = ""


def compare(old: str, new: str) -> list[list[Row]]:
    """What changed from `old` to `new`: groups of lines, each with up to three unchanged ones around."""
    rows = list(_rows(_without_last(split_lines(old)), _without_last(split_lines(new))))
    near = [False] * len(rows)
    for number, row in enumerate(rows):
        if row.kind != "same":
            start = max(number - _CONTEXT, 0)
            near[start : number + _CONTEXT + 1] = [True] * len(rows[start : number + _CONTEXT + 1])
    groups = groupby(zip(near, rows, strict=True), key=lambda pair: pair[0])
    return [[row for _, row in pairs] for is_near, pairs in groups if is_near]


def _without_last(lines: list[Line]) -> list[Line]:
    """Without the empty line that stands after a last line end."""
    return lines if lines[-1].text else lines[:-1]


def _rows(old: list[Line], new: list[Line]) -> Iterator[Row]:
    usual = _usual_end(old) or _usual_end(new)
    for kind, start, stop, at, until in _steps(old, new):
        if kind == "equal":
            for a, b in zip(range(start, stop), range(at, until), strict=True):
                yield Row("same", a + 1, b + 1, old[a].text)
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
