"""Files that not every program can read: what mends them while they are imported, or in their drafts afterwards.

Imports `drafting`, `models` and `definition`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog import drafting
from catalog.definition import Definition, InvalidValue, Reading, read
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Version

from .advice import Advice, advice_on
from .states import draft_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# What becomes of such a file in other hands, told before its finding.
READINGS = {Reading.QUOTED: "Read on the second try only.", Reading.RECOVERED: "Not read as it stands."}


@dataclass(frozen=True)
class Cure:
    """How a file was read, what that means for its readers, and the fix in words ("" where there is none)."""

    reading: Reading
    message: str
    label: str


@dataclass
class Mender:
    """Handed to an import: notes by digest what would mend each text, and mends it where that was asked for."""

    is_asked: bool = False
    cures: dict[str, Cure] = field(default_factory=dict)
    mended: dict[str, Cure] = field(default_factory=dict)

    def __call__(self, definition: Definition) -> Definition:
        cure = cure_of(definition)
        if cure is None:
            return definition
        better = mended(definition) if self.is_asked and not _is_here(definition) else None
        if better is None:
            self.cures[definition.digest] = cure
            return definition
        self.mended[better.digest] = cure
        return better


def _is_here(definition: Definition) -> bool:
    """Whether the catalog has this very text: then there is nothing to import, and mending would make it new."""
    name, digest, source = definition.name, definition.digest, definition.source
    return (
        Version.objects.filter(agent__name=name, digest=digest).exists()
        or Draft.objects.filter(agent__name=name, source=source).exists()
    )


def cure_of(definition: Definition) -> Cure | None:
    advice = _advice(definition)
    return Cure(definition.reading, advice.finding.message, advice.fix_label) if advice else None


def mended(definition: Definition) -> Definition | None:
    """The text as every program reads it, changed in those lines alone; None where nothing is to be mended."""
    advice = _advice(definition)
    if advice is None or not advice.finding.fix:
        return None
    try:
        better = definition.replace(**advice.finding.fix)
    except InvalidValue:
        return None
    return None if better.errors and not definition.errors else better


def _advice(definition: Definition) -> Advice | None:
    if definition.reading is Reading.STRICT:
        return None
    found = (one for one in advice_on(definition, definition.name) if one.finding.code.startswith("reading-"))
    return next(found, None)


def mend_draft(agent: Agent, *, by: User) -> bool:
    """Mend how an agent's text is written, in its draft; False where it is well written.

    Where there is no draft one is opened with the latest text. Raises DraftConflict, and NotPublishable where the
    draft is with a reviewer.
    """
    draft, latest = draft_of(agent), agent.latest_version
    better = mended(read(draft.source if draft else latest.source if latest else ""))
    if better is None:
        return False
    if draft:
        drafting.save(draft, better.source, by=by, revision=draft.revision)
    elif (opened := drafting.open_draft(agent, by=by, source=better.source)).source != better.source:
        raise DraftConflict(opened)
    return True
