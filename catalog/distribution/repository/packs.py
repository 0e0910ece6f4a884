"""Which objects a client lacks, and the pack that holds them. Imports `store`, `spans`
and `objects`.

The history is one line, so commits are told apart by their numbers, and what a client has are spans of numbers: from
each commit it names down to the first one, or to where its own history was cut off ("shallow").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from .objects import FOLDER, entries_of, pack_header
from .spans import Span, Spans, nearest
from .store import Made, Store

WHOLE_HISTORY = 0x7FFFFFFF  # the depth by which clients ask for everything
MOST_PICKED = 250  # commits whose objects are picked out; whoever lacks more is sent all there is, which is less work
_PICKING = 1_000  # objects that are sent in the time in which those of one commit are found
_OF_A_PLUGIN = 8  # objects of a tree: its folders, its files, and its part of the folders above
_NEWEST = ("HEAD", "main", "refs/heads/main")


class NotThere(Exception):
    """What a client wants, and the repository has not, in a sentence."""


@dataclass
class Asked:
    """What a client says of itself and wants. Ids are of commits."""

    wants: list[bytes] = field(default_factory=list)
    haves: list[bytes] = field(default_factory=list)
    shallow: list[bytes] = field(default_factory=list)  # whose parents it has not
    depth: int | None = None  # commits of each want
    is_relative: bool = False  # ... counted from where its history ends now
    since: int | None = None  # commits not older, in seconds since 1970
    without: list[str] = field(default_factory=list)  # commits that these refs do not have
    is_thin: bool = False  # it takes what differs from objects that it has
    is_done: bool = False

    @property
    def is_deepening(self) -> bool:
        return self.depth is not None or self.since is not None or bool(self.without)


class Selection:
    """What an answer holds. Raises NotThere for wants that are no commit of the repository."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self.store, self.asked = store, asked
        self.cuts = sorted(_numbers(store, asked.shallow).values())
        haves = _numbers(store, asked.haves)
        self.common = list(haves)
        wanted = [self._wanted(id).number for id in dict.fromkeys(asked.wants)]
        if asked.depth == WHOLE_HISTORY:  # of all that the client has, whatever else it names
            wanted += self.cuts
        self.held = Spans(self._down_to_a_cut(number) for number in haves.values())
        oldest = self._oldest()
        self.spans = Spans(span for number in wanted if (span := self._span_of(number, oldest)))
        if asked.is_deepening and not self.spans:
            raise NotThere("No commit is as new as asked for.")
        self.missing = self.spans.without(self.held)

    def _wanted(self, id: bytes) -> Made:
        made = self.store.made(id)
        if made is None:
            raise NotThere(f"not our ref {id.hex()}")
        return made

    def _down_to_a_cut(self, number: int) -> Span:
        return Span(nearest(self.cuts, number), number)

    def _oldest(self) -> int:
        """The number below which the client wants no commit, by time and by what it leaves out."""
        oldest = 1
        if self.asked.since is not None:
            made = self.store.first_since(self.asked.since)
            newest = self.store.newest()
            oldest = made.number if made else newest.number + 1 if newest else 1
        return max([oldest, *(self._number_of(ref) + 1 for ref in dict.fromkeys(self.asked.without))])

    def _span_of(self, number: int, first: int) -> Span | None:
        """From a wanted commit down as far as the client wants to know; None where it wants none."""
        asked = self.asked
        if not asked.is_deepening:
            return self._down_to_a_cut(number)
        if asked.depth is not None and asked.depth != WHOLE_HISTORY:
            from_here = self.cuts[0] - 1 if asked.is_relative and self.cuts else number
            first = max(first, from_here - asked.depth + 1)
        return Span(first, number) if first <= number else None

    def _number_of(self, ref: str) -> int:
        name = ref.removeprefix("refs/tags/")
        id = self.store.tagged(name)
        made = self.store.made(id) if id else self.store.newest() if ref in _NEWEST else None
        if made is None:
            raise NotThere(f"There is no {ref[:50]!r}.")
        return made.number

    # --- What is told of it ---

    def cut_off(self) -> list[bytes]:
        """The commits without their parents in the client's history from now on: where what it wants ends."""
        firsts = {span.first for span in self.spans.each if span.first > 1}
        ends = {number for number in firsts if not self.spans.has_with_parent(number)}
        return [self.store.made_at(number).id for number in sorted(ends.difference(self.cuts))]

    def cut_no_more(self) -> list[bytes]:
        """Those that were, and get their parents now."""
        return [self.store.made_at(cut).id for cut in self.cuts if self.spans.has_with_parent(cut)]

    # --- The pack ---

    def pack(self) -> tuple[int, Iterator[bytes]]:
        """How many objects, and the pack in parts. It may hold more than the client lacks."""
        stretch = self._stretch()
        return self._stored(*stretch) if stretch else self._picked()

    def effort(self) -> int:
        """What it takes to make the pack, as the number of objects that are sent in that time."""
        if stretch := self._stretch():
            after, last = stretch
            return last - after
        whole_tree = 0 if self.held else min(_OF_A_PLUGIN * self.store.plugins_on_offer(), self.store.last_object())
        return whole_tree + _PICKING * self._missing_commits()

    def _stretch(self) -> tuple[int, int] | None:
        """The numbers of the objects to be sent, without the first, where they are one stretch of what is stored."""
        if not self.missing:
            return 0, 0
        first, last = self.missing[0].first, self.store.made_at(self.missing[-1].last).last
        if self._is_a_line():
            return self.store.made_at(first - 1).last if first > 1 else 0, last
        return (0, last) if self._missing_commits() > MOST_PICKED else None

    def _missing_commits(self) -> int:
        return sum(span.last - span.first + 1 for span in self.missing)

    def _is_a_line(self) -> bool:
        """Whether the client has all that came before what it lacks: then it lacks what was stored with that."""
        if len(self.missing) != 1:
            return False
        before = self.missing[0].first - 1
        return before == 0 or any(span.first == 1 and span.last >= before for span in self.held.merged()[:1])

    def _stored(self, after: int, last: int) -> tuple[int, Iterator[bytes]]:
        return last - after, _framed(last - after, self._entries(after, last))

    def _entries(self, after: int, last: int) -> Iterator[bytes]:
        for id, base, packed in self.store.packed_between(after, last):
            if base is None or self.asked.is_thin or self.store.number_of(base) > after:
                yield packed
            else:
                yield self.store.packed_whole(id)

    def _picked(self) -> tuple[int, Iterator[bytes]]:
        """Of each commit what differs from one that the client has, or gets here before it."""
        ids: dict[bytes, None] = {}
        packed: Made | None = None
        for span in self.missing:
            before = self._nearest(span.first, packed)
            for number in range(span.first, span.last + 1):
                packed = self.store.made_at(number)
                ids[packed.id] = None
                for id in _new_in(self.store, before.tree if before else None, packed.tree):
                    ids[id] = None
                before = packed
        return len(ids), _framed(len(ids), self.store.packed_of(ids, ids.keys()))

    def _nearest(self, number: int, packed: Made | None) -> Made | None:
        """The commit nearest to this one among those the client has and the last that was packed; None for neither."""
        held = [one for one in (self.held.below(number), self.held.above(number)) if one]
        near = min([*held, packed.number] if packed else held, key=lambda one: abs(one - number), default=None)
        return self.store.made_at(near) if near else None


def _numbers(store: Store, ids: Iterable[bytes]) -> dict[bytes, int]:
    """Those of the commits that the repository knows, in their order."""
    return {id: made.number for id in dict.fromkeys(ids) if (made := store.made(id))}


def _new_in(store: Store, before: bytes | None, tree: bytes) -> Iterator[bytes]:
    """The trees and files below a tree that are not at the same place below another one, many at a time."""
    pairs: list[tuple[bytes | None, bytes]] = [(before, tree)] if before != tree else []
    while pairs:
        contents = dict(store.contents({id for pair in pairs for id in pair if id}))
        deeper: dict[bytes, bytes | None] = {}
        for old, new in pairs:
            yield new
            known = {name: id for _, name, id in entries_of(contents[old])} if old else {}
            for mode, name, id in entries_of(contents[new]):
                if known.get(name) == id:
                    continue
                if mode == FOLDER:
                    deeper[id] = known.get(name)
                else:
                    yield id
        pairs = [(old, new) for new, old in deeper.items()]


def _framed(count: int, entries: Iterable[bytes]) -> Iterator[bytes]:
    """A pack: its beginning, its entries and a digest of both."""
    digest = hashlib.sha1(usedforsecurity=False)
    for part in chain([pack_header(count)], entries):
        digest.update(part)
        yield part
    yield digest.digest()
