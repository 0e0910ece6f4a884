"""The verbs of a text being worked on: the only writer of drafts.

Imports `models`, `publishing` and `definition`.

A draft's `revision` rises with every change and is its lock: who saves says which revision was on the
screen, and the comparison is part of the UPDATE itself, so no edit is ever lost to another one. The revisions of
an agent's drafts rise from one draft to the next. Every verb locks the agent before it touches the draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.definition import digest_of, parse, read
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.models import Agent, Draft, Event, Version, signed_by
from catalog.publishing import (
    NotNow,
    NotPublishable,
    clean_note,
    clean_title,
    follow_name,
    lock_agent,
    publish,
    refuse_another_name,
    refuse_unstorable,
)

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
            agent=agent,
            source=source,
            base_version=base,
            revision=agent.last_revision + 1,
            edited_at=timezone.now(),
            edited_by=by,
        )


def save(
    draft: Draft, source: str, *, by: User, revision: int, note: str | None = None, title: str | None = None
) -> Draft:
    """Store another text (and note and title, if given) as the revision after `revision`; the stored draft.

    What is stored already changes nothing, however often it is sent. The title is the agent's from the next
    publishing on; an agent that was never published takes title and name of its draft at once. Raises
    DraftConflict where the stored revision is another, NotPublishable where the draft is in review or where the
    text, note or title cannot be stored.
    """
    _refuse_unstorable_source(source)
    changes: dict[str, object] = {"source": source}
    if note is not None:
        changes["note"] = clean_note(note)
    title = title if title is None else clean_title(title)
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _stored(draft)
        if title is not None and stored:
            changes["title"] = "" if title == stored.agent.title else title
        if stored and all(getattr(stored, name) == value for name, value in changes.items()):
            return stored
        _refuse_in_review(stored, revision)
        changed = _change(draft, revision, by, changes, state=Draft.State.EDITING)
        if changed.base_version_id is None:
            _follow(changed)
    return changed


def _follow(draft: Draft) -> None:
    """What nobody outside knows yet goes by the title and name it has in its draft."""
    agent = draft.agent
    if agent.latest_version_id or agent.versions.exists():
        return
    follow_name(agent, read(draft.source).name)
    if draft.title:
        Agent.objects.filter(pk=agent.pk).update(title=draft.title)
        Draft.objects.filter(pk=draft.pk).update(title="")
        agent.title, draft.title = draft.title, ""


def present_text(agent: Agent) -> str | None:
    """The digest of what somebody goes on from who edits this agent: of its draft, or else of its latest version."""
    source = Draft.objects.filter(agent=agent).values_list("source", flat=True).first()
    if source is not None:
        return digest_of(source.encode())
    return agent.latest_version.digest if agent.latest_version else None


def put(agent: Agent, source: str, *, by: User, note: str = "", seen: str | None = None) -> tuple[Draft | None, bool]:
    """Let an agent's draft be this text, as a program sends it: the draft, and whether that changed anything.

    Another text is replaced only by who has read it: `seen` is the digest of the draft, or where there is none of the
    latest version. The text of the latest version, where there is no draft, needs none (None). Leaves a line in the
    audit log, which people's own saving does not. Raises DraftConflict and NotPublishable (the draft is in review;
    the text cannot be stored or is another agent's).
    """
    _refuse_unstorable_source(source)
    note = clean_note(note)
    digest = digest_of(source.encode())
    with transaction.atomic():
        lock_agent(agent)
        stored, present = Draft.objects.select_related("agent").filter(agent=agent).first(), present_text(agent)
        if present == digest and (stored is None or note in ("", stored.note)):
            return stored, False
        if present != digest and (stored or seen is not None) and seen != present:
            raise DraftConflict(stored)
        refuse_another_name(agent, read(source))
        if stored:
            _refuse_in_review(stored, stored.revision)
            draft = _change(stored, stored.revision, by, {"source": source, "note": note or stored.note})
        else:
            draft = open_draft(agent, by=by, source=source)
            if note:
                draft = _change(draft, draft.revision, by, {"note": note})
        Event.objects.create(**signed_by(by), verb="drafted", agent=agent, data={"digest": digest})
    return draft, True


def submit(draft: Draft, *, by: User, revision: int) -> Draft:
    """Hand a draft to a reviewer; its text stays as it is until it is returned, published or recalled.

    Raises InvalidDefinition (the text has errors), DraftConflict, and NotPublishable where the text carries
    another name or is published already.
    """
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _at(draft, revision)
        if stored.is_in_review:
            return stored
        definition = parse(stored.source)
        refuse_another_name(stored.agent, definition)
        latest = stored.agent.latest_version
        if latest and latest.digest == definition.digest and not stored.title:
            raise NotPublishable(f"There is nothing to review: this is the text of version {latest.number}.")
        handed = {"state": Draft.State.IN_REVIEW, "submitted_at": timezone.now(), "submitted_by": by}
        answered = {"returned_at": None, "returned_by": None, "return_reason": ""}
        return _move(stored, by, "submitted", {**handed, **answered})


def recall(draft: Draft, *, by: User, revision: int) -> Draft:
    """Take a submitted draft back to go on writing. Twice is once. Raises DraftConflict."""
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _at(draft, revision)
        return _move(stored, by, "recalled", _BACK) if stored.is_in_review else stored


def return_(draft: Draft, *, by: User, revision: int, reason: str) -> Draft:
    """Send a submitted draft back with a reason. Raises DraftConflict, and NotPublishable without a reason."""
    reason = clean_note(reason, "reason")
    if not reason:
        raise NotPublishable("Say what should be changed: the reason goes to whoever wrote the draft.")
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _at(draft, revision)
        if not stored.is_in_review:
            raise NotPublishable("This draft is not in review any more.")
        answer = {"returned_at": timezone.now(), "returned_by": by, "return_reason": reason}
        return _move(stored, by, "returned", {**_BACK, **answer}, reason=reason)


_BACK = {"state": Draft.State.EDITING, "submitted_at": None, "submitted_by": None}


def _at(draft: Draft, revision: int) -> Draft:
    """The stored draft of a locked agent, as it is at `revision`. Raises DraftConflict where it is at another."""
    stored = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
    if stored is None or stored.revision != revision:
        raise DraftConflict(stored)
    return stored


def _move(draft: Draft, by: User, verb: str, changes: Mapping[str, object], **data: object) -> Draft:
    """Write where a draft stands. Who edited it last stays: moving it changes no text."""
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.revision += 1
    draft.save(update_fields=[*changes, "revision"])
    Event.objects.create(**signed_by(by), verb=verb, agent=draft.agent, data=data)
    return draft


def rebase(draft: Draft, onto: Version, *, by: User, revision: int) -> Draft:
    """Say that the text was compared with the version `onto` and counts as written against it from now on.

    The way out of a PublishConflict. Raises DraftConflict where the stored revision is another, and
    NotPublishable where `onto` is a version of another agent or the draft is in review.
    """
    if onto.agent_id != draft.agent_id:
        raise NotPublishable("A draft can be based on a version of its own agent only.")
    _refuse_in_review(_stored(draft), revision)
    return _change(draft, revision, by, {"base_version": onto}, state=Draft.State.EDITING)


def publish_draft(draft: Draft, *, by: User, note: str = "", revision: int) -> tuple[Version, bool]:
    """Publish the stored text (and title) and remove the draft: the version, and whether it is new.

    Without a note the draft's own one is taken. Raises DraftConflict where the stored revision is another,
    and what `publish` raises; the draft stays then.
    """
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _at(draft, revision)
        base = stored.base_version.number if stored.base_version else 0
        said = note or stored.note
        published = publish(draft.agent, stored.source, by=by, note=said, base=base, title=stored.title)
        _end(stored)
    return published


def discard(draft: Draft, *, by: User, revision: int) -> None:
    """Throw a draft away, as it was at `revision`. Twice is once.

    Raises DraftConflict where it was saved since (nobody throws away a text they have not seen), and NotPublishable
    where it is in review.
    """
    with transaction.atomic():
        lock_agent(draft.agent)
        stored = _stored(draft)
        if stored is None:
            return
        _refuse_in_review(stored, revision)
        if stored.revision != revision:
            raise DraftConflict(stored)
        _end(stored)
        Event.objects.create(**signed_by(by), verb="discarded", agent=draft.agent)


def _end(draft: Draft) -> None:
    """Remove a draft of a locked agent; the next one counts on from its revision."""
    Agent.objects.filter(pk=draft.agent_id).update(last_revision=draft.revision)
    draft.delete()


def _stored(draft: Draft) -> Draft | None:
    return Draft.objects.select_related("agent").filter(pk=draft.pk).first()


def _change(draft: Draft, revision: int, by: User, changes: dict[str, object], **only: object) -> Draft:
    with transaction.atomic():
        changed = Draft.objects.filter(pk=draft.pk, revision=revision, **only).update(
            **changes, revision=F("revision") + 1, edited_at=timezone.now(), edited_by=by
        )
        stored = _stored(draft)
    if not changed or stored is None:
        raise DraftConflict(stored)
    return stored


def _refuse_in_review(stored: Draft | None, revision: int) -> None:
    """What a reviewer reads stays as it is. At another revision there is a conflict to tell of instead."""
    if stored and stored.is_in_review and stored.revision == revision:
        raise NotNow("This draft is with a reviewer. Take it back to change it.")


def _refuse_unstorable_source(source: str) -> None:
    refuse_unstorable(source, "text")
    if (size := len(source.encode())) > MAX_SOURCE_BYTES:
        raise NotPublishable(
            f"The text has {size:,} bytes; an agent's file has at most {MAX_SOURCE_BYTES:,}. Shorten it."
        )
