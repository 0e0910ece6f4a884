"""Two texts line by line, as a page shows what changed. Imports only this package; all work is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from .lines import Line, split_lines, steps
from .marks import Piece

_END_NAMES = {"\r\n": "CRLF", "\r": "CR", "\n": "LF", "": "no line end"}
_CONTEXT = 3


class Row(NamedTuple):
    """One line of a comparison; `end` names its line end where that is not the usual one of its text."""

    kind: Literal["same", "gone", "new"]
    old: int | None
    new: int | None
    text: str
    end: str = ""
    pieces: tuple[Piece, ...] = ()  # where words of it changed, see `words`


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
