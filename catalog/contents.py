"""What a collection holds and comes to: its agents in order, what they cost, what they may do, where they clash.

The same for its public page, its preview and the page on which it is edited. Imports `models`, `definition` and
`clashes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from catalog import clashes
from catalog.definition import Capability
from catalog.models import Agent, Collection, Member, Version

# Claude Code warns above so many tokens of agent descriptions: they are read in every conversation.
WARNED_AT = 15_000

_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_HEADING = re.compile(r"#{1,6}\s")


@dataclass(frozen=True)
class Granted:
    """Something that agents of a set may do, with those that may."""

    capability: Capability
    agents: tuple[Agent, ...]


@dataclass(frozen=True)
class Contents:
    """The agents of a collection in their order, as they are offered today."""

    members: tuple[Member, ...]

    @cached_property
    def offered(self) -> tuple[Member, ...]:
        """Those that can be installed: the others have been withdrawn."""
        return tuple(member for member in self.members if member.agent.latest_version)

    @property
    def withdrawn(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if not member.agent.latest_version)

    @property
    def agents(self) -> list[Agent]:
        return [member.agent for member in self.offered]

    @property
    def versions(self) -> list[Version]:
        return [version for agent in self.agents if (version := agent.latest_version)]

    @cached_property
    def description_tokens(self) -> int:
        return sum(version.description_tokens for version in self.versions)

    @cached_property
    def prompt_tokens(self) -> int:
        return sum(version.prompt_tokens for version in self.versions)

    @property
    def warned_at(self) -> int:
        return WARNED_AT

    @property
    def warning_share(self) -> int:
        """In percent, at most 100: as a gauge shows it."""
        return min(round(100 * self.description_tokens / WARNED_AT), 100)

    @property
    def is_warned_of(self) -> bool:
        return self.description_tokens > WARNED_AT

    @property
    def is_near_warning(self) -> bool:
        return WARNED_AT >= self.description_tokens > WARNED_AT * 2 // 3

    @cached_property
    def granted(self) -> list[Granted]:
        """What at least one of them may do, the risky first; then what most may."""
        having: dict[Capability, list[Agent]] = {}
        for agent in self.agents:
            for capability in agent.latest_version.definition.capabilities if agent.latest_version else ():
                having.setdefault(capability, []).append(agent)
        found = [Granted(capability, tuple(agents)) for capability, agents in having.items()]
        return sorted(found, key=lambda granted: (not granted.capability.risky, -len(granted.agents)))

    @cached_property
    def collisions(self) -> list[clashes.Collision]:
        return clashes.collisions(self.agents)

    @cached_property
    def _overlaps(self) -> list[clashes.Overlap]:
        return clashes.overlaps(self.agents)

    @property
    def overlaps(self) -> list[clashes.Overlap]:
        return self._overlaps[: clashes.MOST_OVERLAPS]

    @property
    def overlap_count(self) -> int:
        return len(self._overlaps)

    @property
    def more_overlaps(self) -> int:
        return len(self._overlaps[clashes.MOST_OVERLAPS :])


def contents_of(collection: Collection) -> Contents:
    """What a collection holds. Three queries, however many agents it has."""
    members = collection.members.select_related("agent__category", "agent__successor", "agent__latest_version")
    members = members.defer("agent__latest_version__prompt").prefetch_related("agent__tags", "agent__former_names")
    return Contents(tuple(members))


def contents_with(chosen: Iterable[tuple[int, str]]) -> Contents:
    """The same of agents that are about to be put into a collection: their keys and notes, unknown keys left out."""
    notes = dict(chosen)
    agents = Agent.objects.filter(pk__in=notes).select_related("category", "successor", "latest_version")
    rows = agents.defer("latest_version__prompt").prefetch_related("tags", "former_names").in_bulk()
    return Contents(tuple(Member(agent=rows[key], note=note) for key, note in notes.items() if key in rows))


def first_paragraph(introduction: str) -> str:
    """The first words of an introduction that are no heading."""
    paragraphs = (part.strip() for part in _PARAGRAPH.split(introduction))
    return next((part for part in paragraphs if part and not _HEADING.match(part)), "")
