"""What lies on the editor's page: the text as it is being written, and what it goes back to. Imports `models`.

The form and the source are two views of one text. What a page sends is turned into that text here, and nothing of
the file is changed but what differs from what the page was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.core.exceptions import BadRequest
from django.utils.datastructures import MultiValueDict

from catalog.admin.lines import with_own_line_ends
from catalog.admin.states import draft_of
from catalog.comparing.texts import PARTS
from catalog.definition import Definition, Finding, read
from catalog.models import Agent, Draft
from catalog.publishing import NotPublishable, clean_note, clean_title

from .conflict import Conflict
from .form import Written, written

FORM, SOURCE = "form", "source"

Sheet = MultiValueDict[str, str]  # what a form sent


@dataclass
class Desk:
    """A text, where it comes from, and what became of the attempt to store it."""

    agent: Agent
    draft: Draft | None  # as it is stored now
    base: str  # the text the page was given
    revision: int  # of the draft the page was given; 0: there was none
    definition: Definition
    title: str
    note: str
    view: str = FORM
    problems: dict[str, str] = field(default_factory=dict)  # what could not be written into the text, by field
    trouble: str = ""  # why what was asked for was not done
    stopped_by: str = ""  # the code of the finding that is the reason
    is_saved: bool = False
    is_renewed: bool = False  # the text is another one than the page has
    conflict: Conflict | None = None
    beside_conflict: list[str] = field(default_factory=list)  # about title and note
    base_title: str = ""  # what the page was given
    base_note: str = ""
    unheard: str | None = None  # the text this page sent before, where it heard no answer
    wrote: set[str] = field(default_factory=set)  # "title", "note": what of the two was written here
    sheet: Sheet | None = None  # what it sent
    blank_cards: int = 0

    @property
    def source(self) -> str:
        return self.definition.source

    @cached_property
    def is_new(self) -> bool:
        """Whether the agent was never published: it goes by the name and title of its draft."""
        if self.agent.latest_version_id:
            return False
        return not self.agent.versions.exists()

    @property
    def missing_lead(self) -> Finding | None:
        """The one warning that keeps a text from being published here."""
        return next((finding for finding in self.definition.findings if finding.code == "lead-missing"), None)

    def put(self, source: str) -> None:
        """Lay another text in the place of this one."""
        self.definition, self.problems = read(source), {}

    def stored_as(self, draft: Draft) -> None:
        """The text is stored; what is written from here on goes back to it."""
        self.draft, self.revision, self.base, self.is_saved = draft, draft.revision, draft.source, True
        self.agent = draft.agent
        self.title = self.base_title = title_in(draft)
        self.note = self.base_note = draft.note


def title_in(draft: Draft) -> str:
    return draft.title or draft.agent.title


def stored(agent: Agent, draft: Draft, view: str = FORM) -> Desk:
    """The draft as it is stored."""
    desk = Desk(agent, draft, draft.source, draft.revision, read(draft.source), title_in(draft), draft.note, view)
    desk.base_title, desk.base_note = desk.title, desk.note
    return desk


def sent(agent: Agent, sheet: Sheet, base: str | None = None, unheard: Sheet | None = None) -> Desk:
    """What a page sent: the fields of the form, or the whole text. `base` is exact, where given.

    `unheard` is what it sent before without hearing an answer: stored or not, it is no text of anybody else.
    Raises BadRequest where the form is not ours.
    """
    draft = draft_of(agent)
    try:
        revision = int(sheet.get("revision", ""))
    except ValueError:
        raise BadRequest("The form arrived without its revision.") from None
    before = draft.source if draft else agent.latest_version.source if agent.latest_version else ""
    if draft is None or draft.revision != revision:
        before = base if base is not None else with_own_line_ends(sheet.get("base", before), before)
    title, note = (title_in(draft), draft.note) if draft else (agent.title, "")
    desk = Desk(agent, draft, before, revision, read(before), title, note)
    if not desk.is_new:  # people have it under its name: Rename changes that, and nothing else
        sheet = MultiValueDict({name: sheet.getlist(name) for name in sheet if name != "name"})
    desk.view = SOURCE if SOURCE in sheet else FORM
    desk.unheard = _written(desk.definition, unheard).definition.source if unheard else None
    result = _written(desk.definition, sheet)
    desk.definition, desk.problems = result.definition, dict(result.problems)
    _take_title_and_note(desk, sheet)
    return desk


def _written(base: Definition, sheet: Sheet) -> Written:
    if SOURCE in sheet:
        return Written(read(with_own_line_ends(sheet.get(SOURCE, ""), base.source)))
    return written(base, sheet)


def _take_title_and_note(desk: Desk, sheet: Sheet) -> None:
    """What is not in the text; a title or note that cannot be stored is a problem beside its field.

    One that is as the page was given it was not written here, and is not put in the place of another one's.
    """
    desk.sheet = sheet
    for name, clean in (("title", clean_title), ("note", clean_note)):
        given = sheet.get(f"base_{name}", getattr(desk, name))
        setattr(desk, f"base_{name}", given)
        if sheet.get(name, given) == given:
            continue
        try:
            setattr(desk, name, clean(sheet.get(name, "")))
            desk.wrote.add(name)
        except NotPublishable as refusal:
            desk.problems[name] = str(refusal)


_MOVED = re.compile(r"example (up|down|remove) ([1-9][0-9]{0,3})")


def example_moved(sheet: Mapping[str, list[str]], deed: str) -> dict[str, list[str]]:
    """The fields of a form after "example up 2", "example down 1" or "example remove 3", for pages without script."""
    lists = {name: list(values) for name, values in sheet.items()}
    if not (match := _MOVED.fullmatch(deed)):
        return lists
    verb, at = match[1], int(match[2]) - 1
    for values in (lists.get(f"example_{part}", []) for part in PARTS):
        if at < len(values):
            value = values.pop(at)
            if verb != "remove":
                values.insert(max(at - 1, 0) if verb == "up" else at + 1, value)
    return lists
