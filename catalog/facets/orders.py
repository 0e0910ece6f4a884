"""An order of slots that is never changed, only followed by another. Imports nothing of the catalog."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

from .bits import bits_of, octets_of, slots_of

BLOCK = 2_000  # slots: in larger ones there is more to look through, of smaller ones there are more to count
_FEW = 300  # chosen slots are put in order themselves: they lie in many blocks


class _Block(NamedTuple):
    """Slots that follow each other in the order; as bits too, to count at once how many of them are chosen."""

    slots: array[int]
    bits: int


@dataclass(frozen=True, eq=False)
class Order:
    """Slots by a value of theirs, the smallest first, ties by pk (or, where `newest_first`, by -pk).

    Kept in blocks: page 1,000 is found by counting, and a change makes one block anew.
    """

    values: MutableSequence[Any]  # by slot
    pks: Sequence[int]  # by slot
    newest_first: bool
    blocks: tuple[_Block, ...]

    @classmethod
    def of(
        cls,
        values: MutableSequence[Any],
        pks: Sequence[int],
        *,
        newest_first: bool = False,
        slots: Iterable[int] | None = None,
    ) -> Order:
        """All slots, or these, in the order of their values."""
        by_pk = sorted(range(len(pks)) if slots is None else slots, key=pks.__getitem__, reverse=newest_first)
        ordered = sorted(by_pk, key=values.__getitem__)  # stable: ties stay as they were
        return cls(values, pks, newest_first, tuple(_blocks(array("I", ordered))))

    def page(self, bits: int, first: int, size: int) -> list[int]:
        """The chosen slots from number `first` on, `size` at most."""
        if bits.bit_count() < _FEW:
            return sorted(slots_of(bits), key=self.place)[first : first + size]
        found: list[int] = []
        for block in self.blocks:
            if len(found) >= size:
                break
            chosen = bits & block.bits
            count = chosen.bit_count()
            if first < count:
                found += islice(_those(block, chosen), first, first + size - len(found))
            first = max(0, first - count)
        return found

    def after(self, bits: int, place: tuple[Any, int] | None, size: int) -> list[int]:
        """The chosen slots that follow a place in the order, `size` at most; nobody need be at that place any more."""
        if bits.bit_count() < _FEW:
            ordered = sorted(slots_of(bits), key=self.place)
            start = bisect_right(ordered, place, key=self.place) if place else 0
            return ordered[start : start + size]
        found: list[int] = []
        first = bisect_right(self.blocks, place, key=lambda block: self.place(block.slots[-1])) if place else 0
        for block in islice(self.blocks, first, None):
            if len(found) >= size:
                break
            those = _those(block, bits & block.bits)
            behind = those if place is None else (slot for slot in those if self.place(slot) > place)
            found += islice(behind, size - len(found))
        return found

    def place(self, slot: int) -> tuple[Any, int]:
        """Where a slot stands in the order."""
        pk = self.pks[slot]
        return self.values[slot], -pk if self.newest_first else pk

    def moved(self, present: AbstractSet[int], values: Mapping[int, Any]) -> Order:
        """The order after some slots changed: those `present` in it until now, and those that are in it with `values`.

        A slot that is new to `pks` is in `values`.
        """
        same = {slot for slot in present if slot in values and values[slot] == self.values[slot]}
        gone, come = present - same, values.keys() - same
        if not gone and not come:
            return self
        blocks = list(self.blocks)
        for slot in gone:
            self._take_out(blocks, slot)
        after = replace(self, values=_changed(self.values, {slot: values[slot] for slot in come}))
        for slot in come:
            after._put_in(blocks, slot)
        return replace(after, blocks=tuple(blocks))

    def _take_out(self, blocks: list[_Block], slot: int) -> None:
        place = self._block_of(blocks, slot)
        slots, bits = blocks[place]
        left = slots[:]
        left.remove(slot)
        blocks[place : place + 1] = [_Block(left, bits & ~(1 << slot))] if left else []

    def _put_in(self, blocks: list[_Block], slot: int) -> None:
        if not blocks:
            blocks.append(_Block(array("I", [slot]), 1 << slot))
            return
        place = min(self._block_of(blocks, slot), len(blocks) - 1)
        slots, bits = blocks[place]
        longer = slots[:]
        longer.insert(bisect_left(slots, self.place(slot), key=self.place), slot)
        blocks[place : place + 1] = _blocks(longer) if len(longer) > 2 * BLOCK else [_Block(longer, bits | 1 << slot)]

    def _block_of(self, blocks: list[_Block], slot: int) -> int:
        """Where the block is that ends with this slot or a later one."""
        return bisect_left(blocks, self.place(slot), key=lambda block: self.place(block.slots[-1]))


def _blocks(ordered: array[int]) -> list[_Block]:
    parts = (ordered[start : start + BLOCK] for start in range(0, len(ordered), BLOCK))
    return [_Block(slots, bits_of(slots)) for slots in parts]


def _those(block: _Block, chosen: int) -> Iterator[int]:
    flags = octets_of(chosen, block.bits.bit_length())
    return (slot for slot in block.slots if flags[slot >> 3] >> (slot & 7) & 1)


def _changed(values: MutableSequence[Any], changes: Mapping[int, Any]) -> MutableSequence[Any]:
    """A copy with other values, as long as it needs to be; what stands where nobody is does not matter."""
    copy = values[:]
    for slot in sorted(changes):
        copy.extend([changes[slot]] * (slot + 1 - len(copy)))
        copy[slot] = changes[slot]
    return copy
