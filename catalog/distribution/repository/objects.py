"""The objects git stores: their ids, how trees and commits are written, and their form in a pack. Plain Python.

After git's own documents: gitformat-pack, and the appendix on hashes of the book Pro Git.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

ID_LENGTH = 20  # bytes of an id: SHA-1, which every client knows
FILE, FOLDER = b"100644", b"40000"
REF_DELTA = 7  # the type of an entry that is written as what differs from the object of another id
_MOST_COPIED = 0xFFFFFF  # bytes of one step of a delta
_MOST_INSERTED = 0x7F


class Kind(IntEnum):
    """The numbers are those of a pack."""

    COMMIT = 1
    TREE = 2
    BLOB = 3


_WORDS = {Kind.COMMIT: b"commit", Kind.TREE: b"tree", Kind.BLOB: b"blob"}


class Entry(NamedTuple):
    """One line of a tree: `name` is one part of a path."""

    mode: bytes
    name: str
    id: bytes


def id_of(kind: Kind, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (_WORDS[kind], len(content)) + content, usedforsecurity=False).digest()


def tree_lines(entries: Iterable[Entry]) -> list[bytes]:
    """The content of a tree, one entry each. Git's order: a folder's name counts as if it ended in a slash."""
    lines = sorted((name.encode() + (b"/" if mode == FOLDER else b""), mode, id) for mode, name, id in entries)
    return [b"%s %s\0%s" % (mode, name.removesuffix(b"/"), id) for name, mode, id in lines]


def entries_of(tree: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of each line of a tree."""
    place = 0
    while place < len(tree):
        space = tree.index(b" ", place)
        end = tree.index(b"\0", space)
        yield tree[place:space], tree[space + 1 : end], tree[end + 1 : end + 1 + ID_LENGTH]
        place = end + 1 + ID_LENGTH


def commit(tree: bytes, parent: bytes | None, author: str, at: int, message: str) -> bytes:
    """`at` is in seconds since 1970, in UTC."""
    parents = f"parent {parent.hex()}\n" if parent else ""
    signature = f"{author} {at} +0000"
    head = f"tree {tree.hex()}\n{parents}author {signature}\ncommitter {signature}\n"
    return f"{head}\n{message.rstrip()}\n".encode()


# --- Deltas -------------------------------------------------------------------------------------------------


def delta_between(base: Sequence[bytes], target: Sequence[bytes]) -> bytes:
    """What makes the one content of the other, both in pieces: those that both have are copied, whole."""
    places: dict[bytes, int] = {}
    place = 0
    for piece in base:
        places.setdefault(piece, place)
        place += len(piece)
    steps = [_length(place), _length(sum(map(len, target)))]
    first = end = 0  # of the part of the base that is to be copied
    for piece in target:
        known = places.get(piece)
        if known is not None and known == end and end > first:
            end += len(piece)
            continue
        steps += _copied(first, end)
        first = end = 0
        if known is None:
            steps += _inserted(piece)
        else:
            first, end = known, known + len(piece)
    steps += _copied(first, end)
    return b"".join(steps)


def patched(base: bytes, delta: bytes) -> bytes:
    """The content that a delta makes of its base."""
    place = _after_length(delta, _after_length(delta, 0))
    parts = []
    while place < len(delta):
        step = delta[place]
        place += 1
        if not step & 0x80:
            parts.append(delta[place : place + step])
            place += step
            continue
        numbers = [0] * 7
        for position in range(7):
            if step >> position & 1:
                numbers[position] = delta[place]
                place += 1
        first = int.from_bytes(bytes(numbers[:4]), "little")
        length = int.from_bytes(bytes(numbers[4:]), "little") or 0x10000
        parts.append(base[first : first + length])
    return b"".join(parts)


def _length(number: int) -> bytes:
    return _in_sevens(number)


def _after_length(delta: bytes, place: int) -> int:
    while delta[place] & 0x80:
        place += 1
    return place + 1


def _copied(first: int, end: int) -> Iterator[bytes]:
    while first < end:
        length = min(end - first, _MOST_COPIED)
        step, numbers = 0x80, b""
        for position, byte in enumerate(first.to_bytes(4, "little") + length.to_bytes(3, "little")):
            if byte:
                step |= 1 << position
                numbers += bytes((byte,))
        yield bytes((step,)) + numbers
        first += length


def _inserted(piece: bytes) -> Iterator[bytes]:
    for first in range(0, len(piece), _MOST_INSERTED):
        part = piece[first : first + _MOST_INSERTED]
        yield bytes((len(part),)) + part


# --- In a pack ----------------------------------------------------------------------------------------------


def packed(kind: int, size: int, deflated: bytes, base: bytes | None = None) -> bytes:
    """An entry of a pack: `size` is that of what was deflated; with `base` that is a delta from the object of it."""
    low, rest = size & 0x0F, size >> 4
    number = REF_DELTA if base else kind
    head = bytes((number << 4 | low | (0x80 if rest else 0),)) + (_in_sevens(rest) if rest else b"")
    return head + (base or b"") + deflated


def pack_header(count: int) -> bytes:
    return b"PACK" + (2).to_bytes(4, "big") + count.to_bytes(4, "big")


def deflated(content: bytes) -> bytes:
    return zlib.compress(content, 6)


def _in_sevens(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
