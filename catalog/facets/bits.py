"""Sets of slots: as the bits of one integer (slot 5 is bit 5), or as an array where they are few. Plain Python."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TypeAlias

Members: TypeAlias = "int | array[int]"  # in quotes: no Python before 3.12 can evaluate array[int]

NOBODY: Members = array("I")
# An array has fewer than one slot in so many. A bitmap is quicker to count with, and takes one bit for every slot.
_SPARSE = 256
_ONES = bytes.maketrans(b"01", b"\x00\x01")
_PLACES = [[place for place in range(8) if octet >> place & 1] for octet in range(256)]


def bits_of(slots: Iterable[int]) -> int:
    slots = slots if isinstance(slots, array | list) else list(slots)
    octets = bytearray(max(slots, default=0) // 8 + 1)
    for slot in slots:
        octets[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(octets, "little")


def octets_of(bits: int, size: int) -> bytes:
    """Eight slots in each: whether one is there, `octets[slot >> 3] >> (slot & 7) & 1` says."""
    return bits.to_bytes(size // 8 + 1, "little")


def flags_of(bits: int, size: int) -> bytes:
    """A byte for each of `size` slots: 0 or 1."""
    return bin(bits)[:1:-1].encode().translate(_ONES).ljust(size, b"\x00")


def slots_of(bits: int) -> list[int]:
    """The slots, smallest first. For few of them."""
    octets = octets_of(bits, bits.bit_length())
    return [place * 8 + within for place, octet in enumerate(octets) if octet for within in _PLACES[octet]]


# --- In the smaller of the two forms ---------------------------------------------------------------------


def packed(slots: array[int] | list[int], size: int) -> Members:
    """The slots, of `size` that there are."""
    if len(slots) * _SPARSE >= size:
        return bits_of(slots)
    return slots if isinstance(slots, array) else array("I", slots)


def as_bits(members: Members) -> int:
    return members if isinstance(members, int) else bits_of(members)


def with_slot(members: Members, slot: int, size: int) -> Members:
    if isinstance(members, int):
        return members | 1 << slot
    more = members[:]
    more.append(slot)
    return packed(more, size)


def without_slot(members: Members, slot: int) -> Members:
    if isinstance(members, int):
        return members & ~(1 << slot)
    fewer = members[:]
    fewer.remove(slot)
    return fewer
