"""What two people made of one sequence, woven into one: lines of a text, examples of a description.

Plain Python over `lines`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from catalog.comparing import steps

Item = TypeVar("Item", bound=Hashable)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Knot(Exception):
    """Both changed the same places, and not alike. They count from 1: lines in `mine`, loose items in the base."""

    def __init__(self, places: Sequence[int] = ()) -> None:
        super().__init__(places)
        self.places = tuple(places)


class _Change(NamedTuple):
    """A run of the base that one side has replaced by a run of its own."""

    start: int
    stop: int
    at: int
    until: int
    is_mine: bool


def weave_text(base: str, mine: str, theirs: str, *, mine_wins: bool = False) -> str:
    """The three texts as one, line by line, each line with its own end. Raises Knot, unless mine wins there."""
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    return "".join(weave(_lines(base), _lines(mine), _lines(theirs), mine_wins=mine_wins))


def weave(base: Sequence[Item], mine: Sequence[Item], theirs: Sequence[Item], *, mine_wins: bool = False) -> list[Item]:
    """The base with the changes of both sides. Raises Knot where changes touch that are not the same, unless mine
    wins there."""
    woven: list[Item] = []
    knots = []
    done = 0
    for group in _groups(sorted(chain(_changes(base, mine, True), _changes(base, theirs, False)))):
        start, stop = group[0].start, max(change.stop for change in group)
        run, other = _run(group, True, start, stop, mine), _run(group, False, start, stop, theirs)
        if run and other and not mine_wins and list(mine[run]) != list(theirs[other]):
            knots.append(run.start + 1)
        woven += [*base[done:start], *(mine[run] if run else theirs[other] if other else ())]
        done = stop
    if knots:
        raise Knot(knots)
    return [*woven, *base[done:]]


def weave_loosely(base: Sequence[Item], mine: Sequence[Item], theirs: Sequence[Item]) -> list[Item]:
    """As `weave`, for items that stand each for itself: neighbours may change, and what both put in one place
    stands there one behind the other, theirs first."""
    woven: list[Item] = []
    knots = []
    place, put, done = (-1, -1), list[Item](), 0
    changes = chain(_changes(base, mine, True), _changes(base, theirs, False))
    for change in sorted(changes, key=lambda change: (change.start, change.stop, change.is_mine)):
        items = list((mine if change.is_mine else theirs)[change.at : change.until])
        if change[:2] == place and items == put:
            continue
        if change.start < done:
            knots.append(change.start + 1)
            continue
        if change[:2] == place:
            items = [item for item in items if item not in put]
        woven += [*base[done : change.start], *items]
        place, put, done = change[:2], items, change.stop
    if knots:
        raise Knot(knots)
    return [*woven, *base[done:]]


def changed_lines(base: str, side: str) -> list[int]:
    """Where `side` differs from the base, counted from 1 as `side` has its lines."""
    return [change.at + 1 for change in _changes(_lines(base), _lines(side), True)]


def _lines(text: str) -> list[str]:
    """The lines with their own ends; joined they are the text."""
    return _LINE.findall(text)


def _changes(base: Sequence[Item], side: Sequence[Item], is_mine: bool) -> Iterator[_Change]:
    for kind, start, stop, at, until in steps(base, side):
        if kind != "equal":
            yield _Change(start, stop, at, until, is_mine)


def _groups(changes: list[_Change]) -> Iterator[list[_Change]]:
    """Changes that overlap or adjoin one another, together."""
    group: list[_Change] = []
    end = 0
    for change in changes:
        if group and change.start > end:
            yield group
            group = []
        end = max(end, change.stop) if group else change.stop
        group.append(change)
    if group:
        yield group


def _run(group: list[_Change], is_mine: bool, start: int, stop: int, side: Sequence[Item]) -> slice | None:
    """What one side has in the place of `base[start:stop]`; None where it changed nothing there."""
    own = [change for change in group if change.is_mine is is_mine]
    if not own:
        return None
    return slice(own[0].at - (own[0].start - start), own[-1].until + (stop - own[-1].stop))
