"""Answers kept in memory for as long as nothing that the public sees has changed. Imports `changes` and `memory`.

Every JSON answer to a reader follows from the rows whose changes are numbered, from the settings and from its
address: asked again before the next change, it is the same.
"""

from __future__ import annotations

from typing import NamedTuple

from catalog.changes import Generation
from catalog.memory import Memory

KEPT_BYTES = 16 << 20
_BESIDE = 2_000  # bytes of an entry that are neither its content nor its address


class Answer(NamedTuple):
    """A whole answer (200): its body, and the headers that go with it."""

    content: bytes
    headers: dict[str, str]


class _Answers(NamedTuple):
    """Those of one generation, by their addresses."""

    generation: Generation | None
    memory: Memory[str, Answer]


_answers = _Answers(None, Memory(KEPT_BYTES))


def get(generation: Generation, address: str) -> Answer | None:
    """The answer that was given at this address since the catalog came to this generation."""
    of, memory = _answers
    return memory.get(address) if of == generation else None


def keep(generation: Generation, address: str, answer: Answer) -> None:
    """Keep an answer that was made after `generation` was read."""
    global _answers
    answers = _answers  # another thread may put those of a later generation in their place meanwhile
    if answers.generation != generation:
        answers = _answers = _Answers(generation, Memory(KEPT_BYTES))
    answers.memory.keep(address, answer, len(answer.content) + len(address) + _BESIDE)


def forget() -> None:
    """Drop everything: what is kept here outlives the rows of a test."""
    global _answers
    _answers = _Answers(None, Memory(KEPT_BYTES))
