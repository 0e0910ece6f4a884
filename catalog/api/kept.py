"""Answers kept in memory for as long as nothing that the public sees has changed. Imports `changes`.

Every JSON answer to a reader follows from the rows whose changes are numbered, from the settings and from its
address: asked again before the next change, it is the same.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from catalog.changes import Generation

KEPT_BYTES = 16 << 20
_BESIDE = 2_000  # bytes of an entry that are neither its content nor its address


class Answer(NamedTuple):
    """A whole answer (200): its body, and the headers that go with it."""

    content: bytes
    headers: dict[str, str]


class _Memory:
    """The answers asked for last, up to so many bytes, all of one generation."""

    def __init__(self) -> None:
        self.generation: Generation | None = None
        self.answers: OrderedDict[str, Answer] = OrderedDict()
        self.size = 0
        self.lock = Lock()

    def get(self, generation: Generation, address: str) -> Answer | None:
        with self.lock:
            if generation != self.generation or address not in self.answers:
                return None
            self.answers.move_to_end(address)
            return self.answers[address]

    def keep(self, generation: Generation, address: str, answer: Answer) -> None:
        with self.lock:
            if generation != self.generation:
                self.generation, self.size = generation, 0
                self.answers.clear()
            if address not in self.answers:
                self.size += len(answer.content) + len(address) + _BESIDE
            self.answers[address] = answer
            while self.size > KEPT_BYTES:
                old, dropped = self.answers.popitem(last=False)
                self.size -= len(dropped.content) + len(old) + _BESIDE


_memory = _Memory()


def get(generation: Generation, address: str) -> Answer | None:
    """The answer that was given at this address since the catalog came to this generation."""
    return _memory.get(generation, address)


def keep(generation: Generation, address: str, answer: Answer) -> None:
    """Keep an answer that was made after `generation` was read."""
    _memory.keep(generation, address, answer)


def forget() -> None:
    """Drop everything: what is kept here outlives the rows of a test."""
    global _memory
    _memory = _Memory()
