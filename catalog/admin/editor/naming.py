"""The name a text will go by, and whose it is. Imports `models` and `definition`."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.definition.limits import MAX_NAME_LENGTH
from catalog.models import Agent, FormerName

from .desk import Desk


@dataclass(frozen=True)
class NameNote:
    """What is to be said beside the name: whom it belongs to, or the address it makes."""

    name: str
    taken_by: Agent | None = None
    is_former: bool = False


def name_note(desk: Desk) -> NameNote:
    name = desk.definition.name
    if name == desk.agent.name or not name:
        return NameNote(name)
    if holder := Agent.objects.filter(name=name).exclude(pk=desk.agent.pk).first():
        return NameNote(name, holder)
    former = FormerName.objects.filter(name=name).exclude(agent=desk.agent.pk).select_related("agent").first()
    return NameNote(name, former.agent, is_former=True) if former else NameNote(name)


def name_of(desk: Desk) -> str:
    """The name the text is to carry: one never published takes whatever free name it is given."""
    name = desk.definition.name
    if name == desk.agent.name or not desk.is_new:
        return desk.agent.name
    is_free = 0 < len(name) <= MAX_NAME_LENGTH and name_note(desk).taken_by is None
    return name if is_free else desk.agent.name
