"""The verbs of a text being worked on: the only writer of drafts.

Imports `models`, `publishing` and `definition`.

A draft's `revision` rises with every change and is its lock: who saves says which revision was on the
screen, and the comparison is part of the UPDATE itself, so no edit is ever lost to another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.definition import read
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.models import Agent, Draft, Event, Version
from catalog.publishing import NotPublishable, clean_note, lock_agent, publish, refuse_unstorable

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class DraftConflict(Exception):
    """Somebody else changed the draft. `draft` is the stored one; None where it is gone."""

    def __init__(self, draft: Draft | None) -> None:
        super().__init__(
            "Somebody else changed the draft since you opened it. Compare the two texts and save again."
            if draft
            else "Somebody else published or discarded the draft since you opened it."
        )
        self.draft = draft


def open_draft(agent: Agent, *, by: User, source: str | None = None) -> Draft:
    """The agent's draft: the existing one as it is, or a new one with `source` or else the latest text.

    A new draft is written against the latest version (the newest, where all are withdrawn); an agent
    without a version begins with its name alone. Raises NotPublishable where `source` is larger than a file
    may be or holds what cannot be stored.
    """
    if source is not None:
        _refuse_unstorable_source(source)
    with transaction.atomic():
        lock_agent(agent)
        if existing := Draft.objects.filter(agent=agent).first():
            return existing
        base = agent.latest_version or agent.versions.newest_first().first()
        if source is None:
            source = base.source if base else read("").replace(name=agent.name).source
        return Draft.objects.create(
            agent=agent, source=source, base_version=base, edited_at=timezone.now(), edited_by=by
        )


def save(draft: Draft, source: str, *, by: User, revision: int, note: str | None = None) -> Draft:
    """Store another text (and note, if given) as the revision after `revision`, and give the stored draft.

    What is stored already changes nothing, however often it is sent. Raises DraftConflict where the stored
    revision is another, and NotPublishable where the text or note cannot be stored.
    """
    _refuse_unstorable_source(source)
    changes: dict[str, object] = {"source": source} if note is None else {"source": source, "note": clean_note(note)}
    stored = _stored(draft)
    if stored and all(getattr(stored, name) == value for name, value in changes.items()):
        return stored
    return _change(draft, revision, by, changes)


def rebase(draft: Draft, onto: Version, *, by: User, revision: int) -> Draft:
    """Say that the text was compared with the version `onto` and counts as written against it from now on.

    The way out of a PublishConflict. Raises DraftConflict where the stored revision is another, and
    NotPublishable where `onto` is a version of another agent.
    """
    if onto.agent_id != draft.agent_id:
        raise NotPublishable("A draft can be based on a version of its own agent only.")
    return _change(draft, revision, by, {"base_version": onto})


def publish_draft(draft: Draft, *, by: User, note: str = "", revision: int) -> tuple[Version, bool]:
    """Publish the stored text and remove the draft: the version, and whether it is new.

    Without a note the draft's own one is taken. Raises DraftConflict where the stored revision is another,
    and what `publish` raises; the draft stays then.
    """
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
        if stored is None or stored.revision != revision:
            raise DraftConflict(stored)
        base = stored.base_version.number if stored.base_version else 0
        published = publish(draft.agent, stored.source, by=by, note=note or stored.note, base=base)
        stored.delete()
    return published


def discard(draft: Draft, *, by: User, revision: int) -> None:
    """Throw a draft away, as it was at `revision`. Twice is once.

    Raises DraftConflict where it was saved since: nobody throws away a text they have not seen.
    """
    with transaction.atomic():
        deleted, _ = Draft.objects.filter(pk=draft.pk, revision=revision).delete()
        if deleted:
            Event.objects.create(actor=by, verb="discarded", agent=draft.agent)
        elif stored := _stored(draft):
            raise DraftConflict(stored)


def _stored(draft: Draft) -> Draft | None:
    return Draft.objects.select_related("agent").filter(pk=draft.pk).first()


def _change(draft: Draft, revision: int, by: User, changes: dict[str, object]) -> Draft:
    with transaction.atomic():
        changed = Draft.objects.filter(pk=draft.pk, revision=revision).update(
            **changes, revision=F("revision") + 1, edited_at=timezone.now(), edited_by=by
        )
        stored = _stored(draft)
    if not changed or stored is None:
        raise DraftConflict(stored)
    return stored


def _refuse_unstorable_source(source: str) -> None:
    refuse_unstorable(source, "text")
    if (size := len(source.encode())) > MAX_SOURCE_BYTES:
        raise NotPublishable(
            f"The text has {size:,} bytes; an agent's file has at most {MAX_SOURCE_BYTES:,}. Shorten it."
        )
