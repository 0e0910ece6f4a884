"""What a new agent begins with: an outline, a starter, another agent's text; and making it in one transaction.

Imports `drafting`, `publishing`, `search` and `definition`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Q, When

from catalog import drafting, publishing, search
from catalog.definition import Definition, Example, InvalidValue, fold_name, parse, read, title_of
from catalog.models import TITLE_MAX_LENGTH, Agent, AgentQuerySet, Category, Draft
from catalog.publishing import NotPublishable

from .names import NameNote, note_on

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FOLDER = settings.BASE_DIR / "catalog" / "starters"
MATCHES = 8
_MOST_SEARCHED = 200
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|:\s")
_ADDRESSED = re.compile(r"^Use this agent (?=\w)")

OUTLINE = """\
---
name: new-agent
description:
---

You are …

## How you work

1. …

## What you give back

…
"""


class NameHeld(Exception):
    """The name wanted cannot be given; `note` says why, and whose it is."""

    def __init__(self, note: NameNote) -> None:
        super().__init__(note.sentence)
        self.note = note


# --- What to begin with ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starter:
    key: str
    title: str
    sentence: str
    definition: Definition


@dataclass(frozen=True)
class Purpose:
    title: str
    starters: tuple[Starter, ...]


@cache
def purposes() -> tuple[Purpose, ...]:
    """The starters that come with the catalog, by what they are for."""
    shelves = sorted(path for path in FOLDER.iterdir() if path.is_dir())
    return tuple(Purpose(title_of(shelf.name), tuple(map(_starter, sorted(shelf.glob("*.md"))))) for shelf in shelves)


def _starter(path: Path) -> Starter:
    definition = parse(path.read_bytes())
    return Starter(definition.name, definition.title, _said_briefly(definition.lead), definition)


def _said_briefly(lead: str) -> str:
    """When to use it, in one sentence: that it is an agent, and to be used, need not be said of each."""
    sentence = _ADDRESSED.sub("", _SENTENCE_END.split(lead, maxsplit=1)[0]).rstrip(".")
    return f"{sentence[:1].upper()}{sentence[1:]}."


def starting_text(key: str) -> Definition | None:
    """The text of a starter, or the blank outline for ""; None where there is no such starter."""
    if not key:
        return read(OUTLINE)
    found = (starter for purpose in purposes() for starter in purpose.starters if starter.key == key)
    starter = next(found, None)
    return starter.definition if starter else None


# --- Another agent -------------------------------------------------------------------------------------


def copyable(*, with_drafts: bool) -> AgentQuerySet:
    """The agents whose text may be copied: what is published, and for those who see drafts what is written."""
    if not with_drafts:
        return Agent.objects.published()
    return Agent.objects.filter(Q(latest_version__isnull=False) | Q(draft__isnull=False))


def find(agents: AgentQuerySet, word: str) -> list[Agent]:
    """The few agents that a word finds best: by name and title first, then by what they are for.

    Without a word those that were changed last. One more than `MATCHES` where there are more.
    """
    word = word.replace("\0", "").strip()[:_MOST_SEARCHED]
    if not word:
        return _listed(agents.recently_updated())
    folded = fold_name(word)
    named = Q(title__icontains=word) | (Q(name__contains=folded) if folded else Q())
    places = Case(When(name=folded, then=0), When(name__startswith=folded, then=1), default=2)
    found = _listed(agents.filter(named).order_by(places, "name"))
    if len(found) <= MATCHES:
        known = {agent.pk for agent in found}
        found += [agent for agent in _listed(search.matching(Agent.objects.published(), word)) if agent.pk not in known]
    return found[: MATCHES + 1]


def _listed(agents: AgentQuerySet) -> list[Agent]:
    columns = ("name", "title", "latest_version__number", "latest_version__lead", "latest_version__color")
    return list(agents.select_related("latest_version").only(*columns)[: MATCHES + 1])


def pick(agents: AgentQuerySet, name: str) -> Agent | None:
    """One of these agents by its name, also by one it had before."""
    if not (folded := fold_name(name)):
        return None
    rows = agents.select_related("latest_version", "draft")
    return rows.filter(name=folded).first() or rows.filter(former_names__name=folded).first()


def text_of(agent: Agent) -> Definition:
    """The latest text of an agent that `pick` gave: what is offered, else what is being written."""
    return read(agent.latest_version.source if agent.latest_version else agent.draft.source)


# --- Making it ------------------------------------------------------------------------------------------


def begin(definition: Definition, name: str, *, by: User, title: str = "", category: Category | None = None) -> Agent:
    """A new agent with this text as its draft, under `name`: nothing of the text is changed but its name.

    Without a title it goes by its name. Raises NameHeld, NotPublishable (a title or text that cannot be stored)
    and InvalidValue (the text cannot take the name).
    """
    refuse_too_large(definition)
    note = note_on(name)
    if not note.is_free:
        raise NameHeld(note)
    if definition.name != note.name:
        definition = definition.replace(name=note.name)
    title = publishing.clean_title(title) if title.strip() else definition.title[:TITLE_MAX_LENGTH]
    with transaction.atomic():
        agent, is_new = publishing.register(definition, by=by, category=category)
        if not is_new:
            _take_over(agent, note.name, category)
        draft = drafting.open_draft(agent, by=by, source=definition.source)
        drafting.save(draft, definition.source, by=by, revision=draft.revision, title=title)
    return agent


def speaking_of_itself(definition: Definition, name: str) -> Definition:
    """A copied text whose examples call the agent by the new name: "I'll use the `name` agent"."""
    old, new = f"{definition.fields.get('name')} agent", f"{fold_name(name)} agent"
    parts = ("context", "user", "assistant", "commentary")
    examples = [
        Example(*(getattr(example, part).replace(old, new) for part in parts)) for example in definition.examples
    ]
    if tuple(examples) == definition.examples:
        return definition
    try:
        return definition.with_examples(examples)
    except InvalidValue:  # the description cannot hold it: the editor shows the examples as they are
        return definition


def refuse_too_large(definition: Definition) -> None:
    """Raise NotPublishable for a text whose name was not even looked for."""
    for finding in definition.findings:
        if finding.code == "file-too-large":
            raise NotPublishable(finding.message)


def _take_over(agent: Agent, name: str, category: Category | None) -> None:
    """An agent whose only draft was discarded: it has no text, and nobody knows it. Raises NameHeld for any other."""
    publishing.lock_agent(agent)
    if agent.name != name or agent.versions.exists() or Draft.objects.filter(agent=agent).exists():
        raise NameHeld(note_on(name))
    Agent.objects.filter(pk=agent.pk).update(category=category)
