"""What becomes of an agent on its way into another tool, in the words of the pages. Imports `exports`, `definition`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from catalog.definition import FIELDS
from catalog.exports import Export, Outcome

# In the order in which people look for a tool. The source itself is the format that loses nothing; as a plugin it may.
ORDER = ("claude-plugin", "copilot", "cursor", "codex", "gemini", "opencode", "qwen", "kiro", "droid")


@dataclass(frozen=True, slots=True)
class Losses:
    """What is not as in the source, by what the fields are called; all empty where nothing is lost."""

    key: str  # of the tool's format
    dropped: tuple[str, ...]
    changed: tuple[str, ...]
    refusals: tuple[str, ...]  # why the tool cannot take it at all

    def __bool__(self) -> bool:
        return bool(self.dropped or self.changed or self.refusals)


def losses_of(made: Export) -> Losses:
    return Losses(made.tool.key, _fields(made, Outcome.DROPPED), _fields(made, Outcome.CHANGED), made.refusals)


def _fields(made: Export, outcome: Outcome) -> tuple[str, ...]:
    return tuple(dict.fromkeys(called(line.field) for line in made.report if line.outcome is outcome))


def called(field: str) -> str:
    """What a field of a report is called on pages."""
    if field == "prompt":
        return gettext("Prompt")
    about = FIELDS.get(field)
    return gettext(about.label) if about else field


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
    dropped: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    kept: tuple[Entry, ...]

    @property
    def is_lossless(self) -> bool:
        return not (self.refused or self.dropped or self.changed)


def told_of(made: Export, address: str = "") -> Told:
    """`address` is where the export is answered, if anywhere."""
    return Told(
        made.tool.key,
        made.tool.title,
        made.path,
        "" if made.is_refused else address,
        *(
            tuple(Entry(called(line.field), line.sentence) for line in made.report if line.outcome is outcome)
            for outcome in (Outcome.REFUSED, Outcome.DROPPED, Outcome.CHANGED, Outcome.KEPT)
        ),
    )
