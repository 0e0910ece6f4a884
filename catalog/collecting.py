"""Curated sets of agents: the only writer of collections and of who is in them.

Each verb is one transaction under a lock on the collection, says who did it, and leaves one line in the audit log.
Imports `models`, `changes` and `definition`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog import changes
from catalog.definition import fold_name
from catalog.models import NAME_MAX_LENGTH, TITLE_MAX_LENGTH, Agent, Collection, Event, Member, Version, signed_by

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_AGENTS = 100  # in one collection
MAX_INTRODUCTION = 20_000  # characters
MAX_NOTE_LENGTH = TITLE_MAX_LENGTH

Chosen = tuple[Agent, str]  # an agent, and why it is in the set


class NotCollectable(Exception):
    """Why a collection cannot be so, in a sentence that says what to do. `field` is what it is about."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class CollectionConflict(Exception):
    """Somebody else changed the collection since it was read. `collection` is how it is stored now."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(f"{collection.title} was changed meanwhile.")
        self.collection = collection


def create(title: str, *, by: User, name: str = "", introduction: str = "") -> Collection:
    """A new collection without agents, seen by staff alone. Without a name it takes that of its title.

    Raises NotCollectable.
    """
    columns = _cleaned(title, name, introduction)
    with transaction.atomic():
        collection = _stored(Collection(**columns, updated_at=timezone.now()))
        _record(by, "collection-created", collection)
    return collection


def change(
    collection: Collection, *, by: User, title: str, name: str, introduction: str, seen_at: datetime | None = None
) -> None:
    """Give a collection this title, name and introduction; those it has change nothing. A published one keeps its name.

    `seen_at` is the `updated_at` of the collection that the writer saw. Raises NotCollectable and
    CollectionConflict.
    """
    columns = _cleaned(title, name, introduction)
    with transaction.atomic():
        _lock(collection, seen_at)
        before = {key: getattr(collection, key) for key in columns}
        if before == columns:
            return
        _refuse_another_address(collection, columns["name"])
        for key, value in columns.items():
            setattr(collection, key, value)
        _stored(_touched(collection))
        _record(by, "collection-changed", collection, fields=[key for key in columns if columns[key] != before[key]])


def set_members(collection: Collection, chosen: Sequence[Chosen], *, by: User, seen_at: datetime | None = None) -> None:
    """Let a collection hold these agents in this order and no others; the same as before changes nothing.

    Raises NotCollectable (too many agents, one twice, one that was never published, none at all in a collection
    that is published) and CollectionConflict.
    """
    wanted = [(agent.pk, _cleaned_note(agent, note)) for agent, note in chosen]
    _refuse_unsuitable([agent for agent, _ in chosen])
    with transaction.atomic():
        _lock(collection, seen_at)
        _refuse_empty(collection, len(wanted) if collection.is_published else 1)
        before = list(collection.members.values_list("agent", "note"))
        if before == wanted:
            return
        collection.members.all().delete()
        Member.objects.bulk_create(
            Member(collection=collection, agent_id=key, position=position, note=note)
            for position, (key, note) in enumerate(wanted, 1)
        )
        _touched(collection).save(update_fields=["updated_at"])
        names = [agent.name for agent, _ in chosen]
        _record(by, "collection-filled", collection, agents=names, count=len(names))


def publish(collection: Collection, *, by: User) -> None:
    """Show a collection to everybody. Twice is once. Raises NotCollectable for one without agents."""
    with transaction.atomic():
        _lock(collection)
        if collection.is_published:
            return
        _refuse_empty(collection, collection.members.count())
        _touched(collection).published_at = collection.updated_at
        collection.save(update_fields=["published_at", "updated_at"])
        _record(by, "collection-published", collection)


def unpublish(collection: Collection, *, by: User) -> None:
    """Show a collection to staff alone. Twice is once."""
    with transaction.atomic():
        _lock(collection)
        if not collection.is_published:
            return
        _touched(collection).published_at = None
        collection.save(update_fields=["published_at", "updated_at"])
        _record(by, "collection-unpublished", collection, was_public=True)


def delete(collection: Collection, *, by: User) -> None:
    """Remove a collection; its agents stay. Whoever deleted it before was first."""
    with transaction.atomic():
        try:
            _lock(collection)
        except Collection.DoesNotExist:
            return
        was_public, key = collection.is_published, collection.pk
        collection.delete()
        collection.pk = key
        _record(by, "collection-deleted", collection, was_public=was_public)


# --- What is refused ---------------------------------------------------------------------------------


def _cleaned(title: str, name: str, introduction: str) -> dict[str, str]:
    title = " ".join(_storable(title).split())
    if not title:
        raise NotCollectable("Write a title: what people will call the collection.", "title")
    if len(title) > TITLE_MAX_LENGTH:
        raise NotCollectable(f"A title has at most {TITLE_MAX_LENGTH} characters; this has {len(title)}.", "title")
    folded = fold_name(_storable(name).strip() or title)
    if not folded:
        raise NotCollectable("An address needs at least one letter or digit. Write one.", "name")
    if len(folded) > NAME_MAX_LENGTH:
        raise NotCollectable(
            f"An address has at most {NAME_MAX_LENGTH} characters; this has {len(folded)}. Shorten it.", "name"
        )
    introduction = _storable(introduction).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(introduction) > MAX_INTRODUCTION:
        raise NotCollectable(
            f"An introduction has at most {MAX_INTRODUCTION:,} characters; this has {len(introduction):,}.",
            "introduction",
        )
    return {"title": title, "name": folded, "introduction": introduction}


def _refuse_another_address(collection: Collection, name: str) -> None:
    """Its page and its download would stop answering whoever wrote the address down."""
    if collection.is_published and name != collection.name:
        raise NotCollectable(
            f"The address of a published collection stays {collection.name}: people have links to it and install "
            "from it. Everything else may change.",
            "name",
        )


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL, and no UTF-8 a lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _cleaned_note(agent: Agent, note: str) -> str:
    note = " ".join(_storable(note).split())
    if len(note) > MAX_NOTE_LENGTH:
        raise NotCollectable(
            f"The note on {agent.title} has {len(note)} characters; at most {MAX_NOTE_LENGTH} are kept. Shorten it.",
            "members",
        )
    return note


def _refuse_unsuitable(agents: Sequence[Agent]) -> None:
    if len(agents) > MOST_AGENTS:
        raise NotCollectable(
            f"A collection holds at most {MOST_AGENTS} agents; these are {len(agents)}. Make two of it.", "members"
        )
    if len({agent.pk for agent in agents}) < len(agents):
        raise NotCollectable("An agent stands in a collection once.", "members")
    if unknown := _never_published(agents):
        raise NotCollectable(
            f"{unknown[0].title} has not been published yet. Publish it first, then add it.", "members"
        )


def _never_published(agents: Iterable[Agent]) -> list[Agent]:
    versions = Version.objects.filter(agent=OuterRef("pk"))
    return list(Agent.objects.filter(~Exists(versions), pk__in=[agent.pk for agent in agents]).order_by("title"))


def _refuse_empty(collection: Collection, count: int) -> None:
    if not count:
        raise NotCollectable(
            "A published collection has at least one agent. Add one, or take it off the public pages."
            if collection.is_published
            else "Add at least one agent before you publish the collection.",
            "members",
        )


# --- Rows --------------------------------------------------------------------------------------------


def _lock(collection: Collection, seen_at: datetime | None = None) -> None:
    """Hold the row until the transaction ends and bring `collection` up to date with it; see `lock_agent`."""
    collection.refresh_from_db(from_queryset=Collection.objects.select_for_update(no_key=True))
    if seen_at is not None and collection.updated_at != seen_at:
        raise CollectionConflict(collection)


def _touched(collection: Collection) -> Collection:
    """Every change has a time of its own, whatever the clock does: by it a writer is told from another."""
    collection.updated_at = max(timezone.now(), collection.updated_at + timedelta(microseconds=1))
    return collection


def _stored(collection: Collection) -> Collection:
    try:
        with transaction.atomic():
            collection.save()
    except IntegrityError:
        raise NotCollectable(
            f"There is a collection with the address {collection.name} already. Choose another one.", "name"
        ) from None
    return collection


def _record(by: User, verb: str, collection: Collection, *, was_public: bool = False, **data: object) -> None:
    known = {"collection": collection.pk, "name": collection.name, "title": collection.title}
    event = Event.objects.create(**signed_by(by), verb=verb, data=known | data)
    if was_public or collection.is_published:
        changes.record([None], [event])
