"""The shelf: all published agents in memory, to count them by what people narrow a list by. Imports `changes`.

Each agent has a slot of its own for good, and what is chosen of them is one bit a slot. A shelf never changes,
another one follows it; the two share what only grows: which agent has which slot.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, MutableSequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import and_, or_

from catalog.changes import Generation

from .bits import bits_of, flags_of
from .kinds import Chosen, Kind, Option, Values
from .loading import INHERIT, KINDS, READERS_CHOICE, Row
from .orders import Order

Filters = Mapping[str, tuple[str, ...]]  # the values wanted of each kind; one that is not there narrows nothing

ALL_OF = frozenset(("tag", "tool"))  # an agent has many: all that are wanted. Of the others it has one: any of them
# The smallest comes first: the newest, and the most.
_ORDERED_BY: Mapping[str, Callable[[Row], str | float]] = {
    "name": lambda row: row.name,
    "new": lambda row: -row.created_at,
    "updated": lambda row: -row.updated_at,
    "downloaded": lambda row: -row.downloads,
}


@dataclass(frozen=True, eq=False)
class Shelf:
    generation: Generation
    read_at: float  # when the downloads were read, by the monotonic clock
    size: int  # slots
    bits: int  # of the slots that hold an agent
    kinds: Mapping[str, Kind]
    orders: Mapping[str, Order]
    slots: dict[int, int]  # by pk
    pks: MutableSequence[int]  # by slot

    @cached_property
    def total(self) -> int:
        return self.bits.bit_count()

    # --- What pages ask ---------------------------------------------------------------------------------

    def chosen(self, filters: Filters, within: Chosen | None = None) -> Chosen:
        """The agents that have what is wanted of every kind: of all, or of those a search found.

        A value that nobody has leaves none.
        """
        start = self.bits if within is None else within.bits
        return Chosen(self._narrowed(start, filters), self.size, start)

    def among(self, pks: Iterable[int]) -> Chosen:
        """These agents, as far as they are published."""
        slots = (slot for pk in pks if (slot := self.slots.get(pk)) is not None and slot < self.size)
        return Chosen(bits_of(slots) & self.bits, self.size)

    def kept(self, pks: Iterable[int], chosen: Chosen) -> list[int]:
        """Those that are chosen, in the order in which they come."""
        flags, none = chosen.flags, self.size
        return [pk for pk in pks if (slot := self.slots.get(pk, none)) < none and flags[slot]]

    def counts(self, chosen: Chosen, filters: Filters, most: int | None = None) -> dict[str, list[Option]]:
        """How many of the chosen have each value, most first; a value that none has is left out.

        Of a kind where any wanted value will do, as if that kind were not narrowed, so that an option tells what
        choosing it too would bring. All values, or the `most` frequent of each kind and those `filters` name.
        """
        return {kind: self._counted(kind, chosen, filters, most) for kind in KINDS}

    def title(self, kind: str, value: str) -> str:
        """How to call a value, whether an agent has it or not."""
        return self.kinds[kind].title(value)

    def page(self, chosen: Chosen, sort: str, first: int, size: int) -> list[int]:
        """The pks of `size` of the chosen from number `first` on; page 1,000 costs what page 1 does."""
        return [self.pks[slot] for slot in self.orders[sort].page(chosen.bits, first, size)]

    def page_after(self, chosen: Chosen, sort: str, place: tuple[str | float, int] | None, size: int) -> list[int]:
        """The pks of `size` of the chosen that follow a place (see `place_of`), or the first ones."""
        return [self.pks[slot] for slot in self.orders[sort].after(chosen.bits, place, size)]

    def place_of(self, pk: int, sort: str) -> tuple[str | float, int]:
        """Where an agent stands in an order, to go on from there even if it is gone by then."""
        return self.orders[sort].place(self.slots[pk])

    # --- How they are found ---------------------------------------------------------------------------------

    def _narrowed(self, bits: int, filters: Filters, but: str = "") -> int:
        for kind in KINDS:
            if kind != but and (wanted := _wanted(kind, filters)):
                having = [self.kinds[kind].bits(value) for value in wanted]
                bits &= reduce(and_ if kind in ALL_OF else or_, having)
        return bits

    def _counted(self, kind: str, chosen: Chosen, filters: Filters, most: int | None) -> list[Option]:
        wanted = _wanted(kind, filters)
        if wanted and kind not in ALL_OF:
            chosen = Chosen(self._narrowed(chosen.within, filters, but=kind), self.size)
        values = self.kinds[kind]
        if chosen.bits != self.bits:
            return values.options(values.counts(chosen, most, wanted), most, wanted)
        return values.options(values.totals, most, wanted) if most is not None else values.everybody

    # --- How one follows another ----------------------------------------------------------------------------

    @classmethod
    def of(cls, generation: Generation, rows: Iterable[Row], titles: Mapping[str, str], now: float) -> Shelf:
        """A shelf of these agents. `rows` come by pk, `titles` are those of categories."""
        pks, names, created, updated, downloads = array("q"), list[str](), array("d"), array("d"), array("q")
        values: dict[str, list[Values]] = {kind: [] for kind in KINDS}
        adders = [values[kind].append for kind in KINDS]
        for pk, name, created_at, updated_at, number, *had in rows:
            pks.append(pk)
            names.append(name)
            created.append(-created_at)
            updated.append(-updated_at)
            downloads.append(-number)
            for add, those in zip(adders, had, strict=True):
                add(those)
        kinds = {kind: Kind.of(column, _titles(kind, titles)) for kind, column in values.items()}
        orders = {
            "name": Order.of(names, pks),
            "new": Order.of(created, pks, newest_first=True),
            "updated": Order.of(updated, pks, newest_first=True),
            "downloaded": Order.of(downloads, pks, newest_first=True),
        }
        size = len(pks)
        return cls(generation, now, size, (1 << size) - 1, kinds, orders, {pk: n for n, pk in enumerate(pks)}, pks)

    def followed(
        self, generation: Generation, changed: Iterable[int], rows: Iterable[Row], titles: Mapping[str, str]
    ) -> Shelf:
        """The shelf after some agents changed; `rows` are those of them that are published now."""
        present = {slot for pk in changed if self._holds(slot := self.slots.get(pk, self.size))}
        after = {self._slot(row.pk): row for row in rows}
        bits = self.bits
        for slot in present - after.keys():
            bits &= ~(1 << slot)
        for slot in after.keys() - present:
            bits |= 1 << slot
        kinds = {
            kind: self.kinds[kind].changed(
                {slot: getattr(after[slot], kind) if slot in after else () for slot in present | after.keys()},
                len(self.pks),
                _titles(kind, titles),
            )
            for kind in KINDS
        }
        orders = {
            sort: self.orders[sort].moved(present, {slot: value_of(row) for slot, row in after.items()})
            for sort, value_of in _ORDERED_BY.items()
        }
        return replace(self, generation=generation, size=len(self.pks), bits=bits, kinds=kinds, orders=orders)

    def counted_anew(self, downloads: Mapping[int, int], now: float) -> Shelf:
        """The shelf with other numbers of downloads, by pk; 0 where there is none."""
        numbers = array("q", (-downloads.get(pk, 0) for pk in self.pks[: self.size]))
        order = self.orders["downloaded"]
        if numbers != order.values[: self.size]:
            there = [slot for slot, flag in enumerate(flags_of(self.bits, self.size)) if flag]
            order = Order.of(numbers, self.pks, newest_first=True, slots=there)
        return replace(self, read_at=now, orders={**self.orders, "downloaded": order})

    def _holds(self, slot: int) -> bool:
        return slot < self.size and bool(self.bits >> slot & 1)

    def _slot(self, pk: int) -> int:
        """The slot of an agent, a new one if need be."""
        if pk not in self.slots:
            self.pks.append(pk)
            self.slots[pk] = len(self.pks) - 1
        return self.slots[pk]


def _wanted(kind: str, filters: Filters) -> tuple[str, ...]:
    wanted = filters.get(kind, ())
    return tuple(READERS_CHOICE if value == INHERIT else value for value in wanted) if kind == "model" else wanted


def _titles(kind: str, titles: Mapping[str, str]) -> Mapping[str, str]:
    return titles if kind == "category" else {}
