"""What an export is: the tool it is for, its file, and what became of each field. Imports nothing of the catalog."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Tool:
    """A coding tool, or one of its formats, and where its agents lie."""

    key: str  # in addresses: "claude-plugin"
    title: str  # "OpenCode"
    folder: str  # in a project: ".opencode/agents"
    user_folder: str  # for all projects of a person: "~/.config/opencode/agents"
    suffix: str = ".md"  # of its files
    media_type: str = "text/markdown; charset=utf-8"


class Outcome(StrEnum):
    """What became of a field."""

    KEPT = "kept"  # it says the same there
    CHANGED = "changed"  # it says something else or less, as the sentence tells
    DROPPED = "dropped"  # it is not in the export
    REFUSED = "refused"  # because of it the tool cannot take the agent


class Line(NamedTuple):
    """One line of the report: a field ("prompt" for the text below the frontmatter), and a sentence for people.

    `widens` marks what nobody may overlook: a limit that the file sets does not hold there as it does in Claude Code.
    """

    field: str
    outcome: Outcome
    sentence: str
    widens: bool = False

    def as_dict(self) -> dict[str, str | bool]:
        """The line as JSON."""
        told: dict[str, str | bool] = {"field": self.field, "outcome": str(self.outcome), "sentence": self.sentence}
        return told | {"widens": self.widens}


@dataclass(frozen=True)
class Export:
    """A definition in a tool's own format. A pure function of the source: the same one gives the same bytes.

    `name` is the one under which the tool knows the agent. `content` is None where the tool cannot take it; the report
    says why. `report` has one line for each field of the definition, in its order, the prompt last.
    """

    tool: Tool
    name: str
    filename: str
    content: bytes | None
    report: tuple[Line, ...]

    @property
    def path(self) -> str:
        """Where the file belongs in a project."""
        return f"{self.tool.folder}/{self.filename}"

    @property
    def user_path(self) -> str:
        """Where it belongs for all projects of a person."""
        return f"{self.tool.user_folder}/{self.filename}"

    @property
    def is_refused(self) -> bool:
        return self.content is None

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the tool cannot take the agent, in sentences; none where it can."""
        if not self.is_refused:
            return ()
        told = tuple(line.sentence for line in self.report if line.outcome is Outcome.REFUSED)
        return told or (f"{self.tool.title} cannot take it.",)

    @cached_property
    def counts(self) -> dict[Outcome, int]:
        """How many fields came to each outcome; every outcome is there."""
        found = Counter(line.outcome for line in self.report)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def losses(self) -> tuple[Line, ...]:
        """The lines that tell of something else than before."""
        return tuple(line for line in self.report if line.outcome is not Outcome.KEPT)

    @property
    def is_lossless(self) -> bool:
        return not self.losses


class Written(NamedTuple):
    """What a tool's module gives: the name of the agent there, the file, and its name where that is another."""

    name: str
    content: bytes
    stem: str = ""


class Misread(AssertionError):
    """A fault of ours: a file, read again after it was written, says something else than was meant."""
