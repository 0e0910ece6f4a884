"""One kind of thing to narrow a list by: its values, and which agents have each. Imports nothing of the catalog."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from heapq import heappush, heappushpop, nlargest
from itertools import accumulate, chain

from .bits import NOBODY, Members, as_bits, flags_of, packed, slots_of, with_slot, without_slot

Values = tuple[str, ...]

# What it costs to count, in agents of a value looked at one by one (40 ns):
_SLOTS_OF_A_BITMAP = 800  # all of these at once
_WALK = 2  # to go to an agent, and to each of its values


@dataclass(frozen=True, slots=True)
class Option:
    """A value to choose, and how many agents that would leave."""

    value: str
    title: str
    count: int


class Chosen:
    """Some of the agents of a shelf; `len()` says how many. `within` are the bits they were chosen from."""

    def __init__(self, bits: int, size: int, within: int | None = None) -> None:
        self.bits, self.size = bits, size
        self.within = bits if within is None else within

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return self.bits.bit_count()

    @cached_property
    def slots(self) -> list[int]:
        return slots_of(self.bits)

    @cached_property
    def flags(self) -> bytes:
        return flags_of(self.bits, self.size)

    def count_among(self, members: Members) -> int:
        """How many of the members are chosen."""
        if isinstance(members, int):
            return (self.bits & members).bit_count()
        return sum(map(self.flags.__getitem__, members))


@dataclass(frozen=True, eq=False)
class Kind:
    """The values that agents have, by slot, and the slots that have each value."""

    values: Sequence[Values]  # by slot; () where an agent has none, and where there is no agent
    members: Mapping[str, Members]
    totals: Mapping[str, int]  # how many members
    titles: Mapping[str, str]
    alphabet: Sequence[str]  # the values by their titles: how those with equal counts are ordered

    @classmethod
    def of(cls, values: Sequence[Values], titles: Mapping[str, str]) -> Kind:
        slots: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        for slot, had in enumerate(values):
            for value in had:
                slots[value].append(slot)
        members = {value: packed(them, len(values)) for value, them in slots.items()}
        totals = {value: len(them) for value, them in slots.items()}
        return cls(values, members, totals, titles, _by_title(members, titles))

    def changed(self, values: Mapping[int, Values], size: int, titles: Mapping[str, str]) -> Kind:
        """The kind after some slots got other values. Of `size` slots; those that are new are among the values."""
        known = len(self.values)
        differing = {slot: had for slot, had in values.items() if slot >= known or self.values[slot] != had}
        if not differing and titles == self.titles:
            return self
        by_slot = [*self.values, *[()] * (size - known)]
        members, totals = dict(self.members), dict(self.totals)
        for slot, had in differing.items():
            for value in by_slot[slot]:
                members[value] = without_slot(members[value], slot)
                totals[value] -= 1
            for value in had:
                members[value] = with_slot(members.get(value, NOBODY), slot, size)
                totals[value] = totals.get(value, 0) + 1
            by_slot[slot] = had
        for value in [value for value, total in totals.items() if not total]:
            del members[value], totals[value]
        same = titles == self.titles and totals.keys() == self.totals.keys()
        return Kind(by_slot, members, totals, titles, self.alphabet if same else _by_title(totals, titles))

    def title(self, value: str) -> str:
        return self.titles.get(value, value)

    def bits(self, value: str) -> int:
        return as_bits(self.members.get(value, NOBODY))

    def options(self, counts: Mapping[str, int], most: int | None, wanted: Collection[str]) -> list[Option]:
        """The values with their counts, most first: all, or the `most` frequent and those `wanted`."""
        values = filter(counts.__contains__, self.alphabet)  # equal counts stay in this order
        if most is None:
            shown = sorted(values, key=counts.__getitem__, reverse=True)
        else:
            shown = nlargest(most, values, key=counts.__getitem__)
            shown += [value for value in wanted if value in counts and value not in shown]
        return [Option(value, self.title(value), counts[value]) for value in shown]

    def counts(self, chosen: Chosen, most: int | None, wanted: Collection[str]) -> Mapping[str, int]:
        """How many of the chosen have each value that any has; of at least the `most` frequent and those `wanted`."""
        if self._cost_of_walking(chosen) < self._cost_of_looking_up(chosen, most):
            return self._walked(chosen)
        counts, best = {}, list[int]()
        for value in self._most_first:
            if most is not None and len(best) >= most and (not best or self.totals[value] < best[0]):
                break  # none that follows can be among the most frequent
            if count := chosen.count_among(self.members[value]):
                counts[value] = count
                if most is not None:
                    heappush(best, count) if len(best) < most else heappushpop(best, count)
        rest = (value for value in wanted if value in self.members and value not in counts)
        return counts | {value: count for value in rest if (count := chosen.count_among(self.members[value]))}

    @cached_property
    def everybody(self) -> list[Option]:
        return self.options(self.totals, None, ())

    @cached_property
    def _most_first(self) -> list[str]:
        return sorted(self.totals, key=self.totals.__getitem__, reverse=True)

    def _walked(self, chosen: Chosen) -> Mapping[str, int]:
        return Counter(chain.from_iterable(map(self.values.__getitem__, chosen.slots)))

    # --- Which way is the quicker -----------------------------------------------------------------------

    def _cost_of_walking(self, chosen: Chosen) -> float:
        return len(chosen) * (1 + self._values_each) * _WALK

    def _cost_of_looking_up(self, chosen: Chosen, most: int | None) -> int:
        """Of all values, or of those that may be among the `most` frequent if they are chosen as often as any."""
        needed = len(self._most_first)
        if most is not None and 0 < most < needed:
            expected = self.totals[self._most_first[most - 1]] * len(chosen) // len(self.values)
            needed = bisect_right(self._most_first, -expected, key=lambda value: -self.totals[value])
        return self._costs[needed]

    @cached_property
    def _costs(self) -> list[int]:
        """Of looking up so many values, the most frequent first."""
        bitmap = 4 + len(self.values) // _SLOTS_OF_A_BITMAP
        each = (bitmap if isinstance(self.members[value], int) else self.totals[value] for value in self._most_first)
        return list(accumulate(each, initial=0))

    @cached_property
    def _values_each(self) -> float:
        return sum(self.totals.values()) / (len(self.values) or 1)


def _by_title(values: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    return sorted(values, key=lambda value: (titles.get(value, value).casefold(), value))
