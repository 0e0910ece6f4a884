"""What a search gives. Imports nothing of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

KINDS = ("category", "tag", "model", "tool", "mode")
Filters = Mapping[str, tuple[str, ...]]  # kind -> values; kinds absent: not narrowed
EVERYTHING: Filters = MappingProxyType({})
Within = tuple[str, tuple[Any, ...]]  # SQL that selects the agents to look among, with its parameters


@dataclass(frozen=True)
class Found:
    """The agents that answer a query, and what was asked to find them."""

    pks: list[int]  # best first; one more than `MOST` where there are more
    words: str  # the query without its filters, as it was typed, and with what it excludes
    filters: Filters = field(default_factory=dict)  # those that were given, and those of the query
    has_more: bool = False
    is_loose: bool = False  # no agent has all words: these have some
    suggestion: str | None = None  # the query with its typing errors mended: it has answers
    is_mended: bool = False  # the answers are those of the suggestion, as the query itself has none
    mended: tuple[tuple[str, str], ...] = ()  # each word that no agent has, and the one in its place
    answered: str = ""  # the words that were looked for: those typed, or mended
    excluded: Filters = field(default_factory=dict)  # what the query says they must not have; it stays in the words
