"""What publishing refuses, and what it takes of a text before it stores it. Imports `models` and `definition`."""

from __future__ import annotations

from collections.abc import Iterable

from catalog import projection
from catalog.definition import Definition, Finding
from catalog.models import TITLE_MAX_LENGTH, Agent, Version

MAX_NOTE_LENGTH = 500


class NotPublishable(Exception):
    """The catalog cannot do what was asked. The sentence says why and what to do instead."""

    def __init__(self, sentence: str, findings: Iterable[Finding] = ()) -> None:
        super().__init__(sentence)
        self.findings = tuple(findings)


class NotNow(NotPublishable):
    """The text is good, and the state of the catalog stands against it: somebody has to do something else first."""


class PublishConflict(Exception):
    """The text was written against a version that is no longer the latest. `latest` is the one to look at."""

    def __init__(self, latest: Version, base: int) -> None:
        against = f"against version {base}" if base else "before there was a version"
        super().__init__(
            f"This text was written {against}, and version {latest.number} was published since. "
            "Compare the two, take over what is missing, and publish again."
        )
        self.latest = latest
        self.base = base


class NameTaken(Exception):
    """Another agent has this name, or had it: names are never used twice. `agent` is that agent."""

    def __init__(self, name: str, agent: Agent | None) -> None:
        super().__init__(f"The name {name!r} belongs to another agent. Choose another name.")
        self.name = name
        self.agent = agent


# --- What is stored -------------------------------------------------------------------------------------


def clean_note(text: str, what: str = "note") -> str:
    """A note or reason as it is stored: stripped, LF. Raises NotPublishable where no column can take it."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_NOTE_LENGTH:
        raise NotPublishable(f"The {what} has {len(text)} characters; at most {MAX_NOTE_LENGTH} are kept. Shorten it.")
    refuse_unstorable(text, what)
    return text


def refuse_unstorable(text: str, what: str) -> None:
    """Raise NotPublishable for NUL and for half a surrogate pair: no database stores them."""
    if found := projection.UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise NotPublishable(
            f"The {what} has a character that cannot be stored: U+{ord(found.group()):04X} in line {line}. Remove it."
        )


def clean_title(title: str) -> str:
    """A title as it is stored: on one line, stripped. Raises NotPublishable where no column can take it."""
    title = " ".join(title.split())
    if not title or len(title) > TITLE_MAX_LENGTH:
        raise NotPublishable(f"A title has 1 to {TITLE_MAX_LENGTH} characters.")
    refuse_unstorable(title, "title")
    return title


# --- What is refused ------------------------------------------------------------------------------------


def refuse_another_name(agent: Agent, definition: Definition) -> None:
    """Raise NotPublishable where a text carries another name than its agent."""
    if definition.name == agent.name:
        return
    if Agent.objects.once_named(definition.name).filter(pk=agent.pk).exists():
        raise NotPublishable(
            f"{definition.name!r} was renamed to {agent.name!r}. Put 'name: {agent.name}' in the file."
        )
    raise NotPublishable(
        f"The file is named {definition.name!r}, and this agent is {agent.name!r}. "
        f"Put 'name: {agent.name}' in the file; to give the agent another name, rename it."
    )


def refuse_outdated_base(agent: Agent, base: int | None, newest: int) -> None:
    """A withdrawn version is no newer text: what was written on the one before it, or to mend it, passes."""
    if base is None:
        return
    if not 0 <= base <= newest:
        raise NotPublishable(f"{agent.name} has no version {base} that the text could be written against.")
    if agent.latest_version and base < agent.latest_version.number:
        raise PublishConflict(agent.latest_version, base)


def refuse_withdrawn(agent: Agent, definition: Definition) -> None:
    same = agent.versions.filter(digest=definition.digest).newest_first().first()
    if same and same.is_yanked:
        because = f" ({same.yank_reason})" if same.yank_reason else ""
        raise NotNow(
            f"This is the text of version {same.number}, which was withdrawn{because}. Offer that version "
            "again, or restore it as a new one, if that is what you want."
        )


def refuse_unknown(successor: Agent | None) -> None:
    """Everybody is told the successor's name: that must not be the first they learn of it."""
    if successor and not successor.versions.exists():
        raise NotPublishable(
            f"{successor.name} has not been published yet. Publish it first, or name another successor."
        )


def refuse_circle(agent: Agent, successor: Agent | None) -> None:
    step = successor
    while step:
        if step == agent:
            raise NotPublishable(f"{agent.name} cannot be replaced by itself. Choose another successor.")
        step = step.successor
