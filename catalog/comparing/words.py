"""The words that changed inside the lines of a comparison. Imports only this package; all work is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from .marks import CJK, LEAST_ALIKE, Piece, Work, word_steps
from .rows import Row

_TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")
_MOST_TOKENS = 2_000  # of both lines together
_MOST_LINES = 40  # of a run that was rewritten: in a longer one nobody looks for single words


def with_words(groups: Iterable[list[Row]]) -> list[list[Row]]:
    """The groups of a comparison, with what changed inside a line that is much like the one in its place."""
    work = Work()
    return [[row for run in _runs(group) for row in _marked_run(run, work)] for group in groups]


def _runs(group: Sequence[Row]) -> Iterator[list[Row]]:
    """The lines that stayed, one by one, and those that went together with those that came in their place."""
    run: list[Row] = []
    for row in group:
        if run and (row.kind == "same" or (row.kind == "gone" and run[-1].kind == "new")):
            yield run
            run = []
        if row.kind == "same":
            yield [row]
        else:
            run.append(row)
    if run:
        yield run


def _marked_run(run: list[Row], work: Work) -> list[Row]:
    gone, came = ([row for row in run if row.kind == kind] for kind in ("gone", "new"))
    if not gone or not came or len(run) > _MOST_LINES:
        return run
    tokens = {row: _TOKEN.findall(row.text) for row in run}
    for old, new in _pairs(gone, came, tokens):
        a, b = tokens[old], tokens[new]
        found = word_steps(a, b, work) if len(a) + len(b) <= _MOST_TOKENS else None
        if found and any(step[0] == "equal" for step in found):
            at, to = run.index(old), run.index(new)
            run[at] = old._replace(pieces=tuple(_pieces("gone", a, ((s[0], s[1], s[2]) for s in found))))
            run[to] = new._replace(pieces=tuple(_pieces("new", b, ((s[0], s[3], s[4]) for s in found))))
    return run


def _pairs(gone: list[Row], came: list[Row], tokens: dict[Row, list[str]]) -> list[tuple[Row, Row]]:
    """Each line that came with the one it was, in order: the next one that is like it, the only one at any rate."""
    if len(gone) == len(came):
        return list(zip(gone, came, strict=True))
    bags = {row: {token for token in found if not token.isspace()} for row, found in tokens.items()}
    pairs, first = [], 0
    for new in came:
        for at in range(first, len(gone)):
            common = len(bags[gone[at]] & bags[new])
            if common >= LEAST_ALIKE * max(len(bags[gone[at]]), len(bags[new]), 1):
                pairs.append((gone[at], new))
                first = at + 1
                break
    return pairs


def _pieces(
    kind: Literal["gone", "new"], tokens: Sequence[str], found: Iterable[tuple[str, int, int]]
) -> Iterator[Piece]:
    for step, start, stop in found:
        if text := "".join(tokens[start:stop]):
            yield Piece("same" if step == "equal" else kind, text)
