"""What becomes of agents on their way into another tool, in the words of the pages.

Imports `exports`, `exported`, `definition` and `models`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from catalog.definition import FIELDS
from catalog.distribution.exported import Fate, fate_of
from catalog.exports import Export, Line, Outcome
from catalog.models import Agent, Version

# In the order in which people look for a tool. The source itself is the format that loses nothing; as a plugin it may.
ORDER = ("claude-plugin", "copilot", "cursor", "codex", "gemini", "opencode", "qwen", "kiro", "droid")


@dataclass(frozen=True, slots=True)
class Losses:
    """What is not as in the source, by what the fields are called; all empty where nothing is lost.

    A field stands once, where it weighs most.
    """

    key: str  # of the tool's format
    widened: tuple[str, ...]  # the agent may do more there
    dropped: tuple[str, ...]
    changed: tuple[str, ...]
    refusals: tuple[str, ...]  # why the tool cannot take it at all

    def __bool__(self) -> bool:
        return bool(self.widened or self.dropped or self.changed or self.refusals)


def losses_of(made: Export) -> Losses:
    widened = _fields(line for line in made.report if line.widens)
    dropped, changed = (
        _fields(line for line in made.report if line.outcome is outcome and not line.widens)
        for outcome in (Outcome.DROPPED, Outcome.CHANGED)
    )
    return Losses(made.tool.key, widened, dropped, changed, made.refusals)


def _fields(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(called(line.field) for line in lines))


def called(field: str) -> str:
    """What a field of a report is called on pages."""
    if field == "prompt":
        return gettext("Prompt")
    about = FIELDS.get(field)
    return gettext(about.label) if about else field


# --- Several agents -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Among:
    """Of several agents on their way into a tool those that do not arrive as they are; all empty where all do."""

    key: str  # of the tool's format
    left_out: tuple[Agent, ...]  # the tool cannot take them
    widened: tuple[Agent, ...]  # they may do more there


def losses_among(agents: Iterable[Agent], key: str) -> Among:
    """What becomes of the latest versions of published agents."""
    fates = [(agent, _fate(agent.latest_version)) for agent in agents if agent.latest_version]
    return Among(
        key,
        tuple(agent for agent, fate in fates if key in fate.refused),
        tuple(agent for agent, fate in fates if key in fate.widened),
    )


def _fate(version: Version) -> Fate:
    return fate_of(version.digest, lambda: version.definition)


# --- The whole report -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a report: what it is called, and the sentence about it."""

    called: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """The report of one export, gravest first."""

    key: str
    title: str
    path: str  # of the file in a project
    address: str  # "" where it is answered nowhere
    refused: tuple[Entry, ...]
    widened: tuple[Entry, ...]  # dropped or changed, and the agent may do more for it
    dropped: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    kept: tuple[Entry, ...]

    @property
    def is_lossless(self) -> bool:
        return not (self.refused or self.widened or self.dropped or self.changed)


def told_of(made: Export, address: str = "") -> Told:
    """`address` is where the export is answered, if anywhere."""
    return Told(
        made.tool.key,
        made.tool.title,
        made.path,
        "" if made.is_refused else address,
        _entries(line for line in made.report if line.outcome is Outcome.REFUSED),
        _entries(line for line in made.report if line.widens),
        *(
            _entries(line for line in made.report if line.outcome is outcome and not line.widens)
            for outcome in (Outcome.DROPPED, Outcome.CHANGED, Outcome.KEPT)
        ),
    )


def _entries(lines: Iterable[Line]) -> tuple[Entry, ...]:
    return tuple(Entry(called(line.field), line.sentence) for line in lines)
