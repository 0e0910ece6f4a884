"""The lines of git's protocol: read from a request, written in an answer. After gitprotocol-common. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum

FLUSH, DELIMITER = b"0000", b"0001"
_MOST = 65_516  # bytes of one line, without its length
_OF_BAND = _MOST - 1
PACK, PROGRESS = b"\x01", b"\x02"
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")


class Mark(Enum):
    """What is no line."""

    FLUSH = 0
    DELIMITER = 1
    END = 2


class NotLines(Exception):
    """A request that is not made of such lines, in a sentence."""


def line(text: str) -> bytes:
    return packet(text.encode() + b"\n")


def packet(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def read_lines(body: bytes) -> Iterator[str | Mark]:
    """The lines of a request without their ends, and the marks between them. Raises NotLines."""
    place = 0
    while place < len(body):
        if not _LENGTH.match(body, place):
            raise NotLines("The request is not in the lines of git's protocol.")
        length = int(body[place : place + 4], 16)
        if length < 3:
            yield Mark(length)
            place += 4
            continue
        if length == 3 or place + length > len(body):
            raise NotLines("The request ends within a line.")
        yield body[place + 4 : place + length].decode("utf-8", "replace").removesuffix("\n")
        place += length


def in_band(parts: Iterable[bytes]) -> Iterator[bytes]:
    """A pack as packets of the first band, each as full as may be."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= _OF_BAND:
            yield packet(PACK + bytes(waiting[:_OF_BAND]))
            del waiting[:_OF_BAND]
    if waiting:
        yield packet(PACK + bytes(waiting))
