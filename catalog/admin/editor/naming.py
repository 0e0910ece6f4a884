"""The name a text will go by, and whose it is. Imports no other room."""

from __future__ import annotations

from catalog.admin.names import NameNote, note_on

from .desk import Desk


def name_note(desk: Desk) -> NameNote:
    """What is to be said beside the name."""
    return note_on(desk.definition.name, but=desk.agent)


def name_of(desk: Desk) -> str:
    """The name the text is to carry: one never published takes whatever free name it is given."""
    return desk.definition.name if desk.is_new and name_note(desk).is_free else desk.agent.name
