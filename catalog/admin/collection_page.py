"""The page on which a collection is put together. Imports `collecting`, `contents` and `models`.

The form carries all of the set: its texts, its agents in order with their notes, and when it was last changed as the
writer saw it. Adding, moving and removing agents only change the form; nothing is stored before it is saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_datetime

from catalog import changes, collecting
from catalog.collecting import MAX_INTRODUCTION, MAX_NOTE_LENGTH, MOST_AGENTS, CollectionConflict, NotCollectable
from catalog.contents import Contents, contents_with
from catalog.models import Agent, Collection, Event
from catalog.rendering import render_prompt

from . import starting
from .events import said
from .pages import actor, may, require, require_sight, show

SAVE, PUBLISH, FIND, ENTER = "save", "publish", "find", "enter"
EVENTS_SHOWN = 8
_CHANGE = "admin:catalog_collection_change"


@dataclass(frozen=True)
class Written:
    """A collection as it stands in the form. `members` are keys of agents with their notes, in order."""

    title: str = ""
    name: str = ""
    introduction: str = ""
    members: tuple[tuple[int, str], ...] = ()
    seen_at: datetime | None = None

    @classmethod
    def stored(cls, collection: Collection) -> Written:
        members = tuple(collection.members.values_list("agent", "note"))
        return cls(collection.title, collection.name, collection.introduction, members, collection.updated_at)

    @classmethod
    def sent(cls, posted: QueryDict) -> Written:
        keys = list(dict.fromkeys(filter(None, map(_key, posted.getlist("member")))))[: MOST_AGENTS + 1]
        members = tuple((key, posted.get(f"note-{key}", "")) for key in keys)
        title, name, introduction = (posted.get(field, "") for field in ("title", "name", "introduction"))
        return cls(title, name, introduction, members, _moment(posted.get("seen", "")))

    def says_the_same(self, other: Written) -> bool:
        return self._compared() == other._compared()

    def _compared(self) -> tuple[object, ...]:
        texts = (" ".join(self.title.split()), self.name.strip(), "\n".join(self.introduction.split("\r\n")).strip())
        return (*texts, tuple((key, " ".join(note.split())) for key, note in self.members))

    # --- What a button does to it ---

    def after(self, deed: str, key: int) -> Written:
        members = list(self.members)
        place = next((place for place, (known, _) in enumerate(members) if known == key), None)
        if deed == "add" and place is None:
            members.append((key, ""))
        elif place is not None and deed in ("up", "down"):
            members.insert(max(place + (1 if deed == "down" else -1), 0), members.pop(place))
        elif place is not None and deed == "remove":
            del members[place]
        return replace(self, members=tuple(members))


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


# --- The page ----------------------------------------------------------------------------------------


def add_collection(request: HttpRequest) -> HttpResponse:
    require(request, "add_collection")
    return _answer(request, None) if request.method == "POST" else _show(request, None, Written())


def change_collection(request: HttpRequest, pk: int) -> HttpResponse:
    """To read for who may see collections, to write for who may change them."""
    require_sight(request, "collection")
    collection = get_object_or_404(Collection, pk=pk)
    if request.method == "POST":
        require(request, "change_collection")
        return _answer(request, collection)
    return _show(request, collection, Written.stored(collection))


def _answer(request: HttpRequest, collection: Collection | None) -> HttpResponse:
    written = Written.sent(request.POST)
    deed, _, key = request.POST.get("do", SAVE).partition("-")
    if deed == ENTER:
        deed = FIND if request.POST.get("find", "").strip() else SAVE
    if deed in (SAVE, PUBLISH):
        return _save(request, collection, written, publish=deed == PUBLISH)
    if deed != FIND:
        written = written.after(deed, _key(key) or 0)
    return _show(request, collection, written, is_finding=deed in (FIND, "add"))


def _save(request: HttpRequest, collection: Collection | None, written: Written, *, publish: bool) -> HttpResponse:
    """All of it, or nothing: what was written stays on the page where it cannot be stored."""
    try:
        with changes.as_one():
            saved = _stored(request, collection, written)
            if publish:
                collecting.publish(saved, by=actor(request))
    except NotCollectable as refusal:
        return _show(request, _as_stored(collection), written, problem=str(refusal), field=refusal.field)
    except CollectionConflict as conflict:
        return _show_conflict(request, conflict.collection, written)
    except Collection.DoesNotExist:
        messages.error(request, "Not saved: somebody deleted this collection. What you wrote is below, as a new one.")
        return _show(request, None, replace(written, seen_at=None))
    state = "Everybody sees it." if saved.is_published else "Not published yet."
    messages.success(request, f"Saved. {state}")
    return redirect(_CHANGE, saved.pk)


def _stored(request: HttpRequest, collection: Collection | None, written: Written) -> Collection:
    by, texts = actor(request), {"title": written.title, "introduction": written.introduction, "name": written.name}
    if collection is None:
        collection = collecting.create(**texts, by=by)
    elif written.seen_at is None:
        raise BadRequest("The form arrived without what its writer saw.")
    else:
        collecting.change(collection, **texts, by=by, seen_at=written.seen_at)
    agents = Agent.objects.in_bulk([key for key, _ in written.members])
    chosen = [(agents[key], note) for key, note in written.members if key in agents]
    collecting.set_members(collection, chosen, by=by)
    return collection


def _as_stored(collection: Collection | None) -> Collection | None:
    """What was refused has been undone in the database, and is here in the row."""
    return Collection.objects.filter(pk=collection.pk).first() if collection else None


def _show_conflict(request: HttpRequest, collection: Collection, written: Written) -> HttpResponse:
    last = events_of(collection).select_related("actor").first()
    theirs = Written.stored(collection)
    return _show(
        request,
        collection,
        replace(written, seen_at=collection.updated_at),
        theirs=theirs,
        their_contents=contents_with(theirs.members),
        their_name=str(last.actor.get_short_name() or last.actor) if last and last.actor else "Somebody",
    )


def events_of(collection: Collection) -> QuerySet[Event]:
    """Its lines of the audit log; the time saves reading all of that."""
    since = Event.objects.filter(at__gte=collection.created_at, verb__startswith="collection-")
    return since.filter(data__collection=collection.pk)


def _show(
    request: HttpRequest, collection: Collection | None, written: Written, *, is_finding: bool = False, **more: Any
) -> HttpResponse:
    if collection and collection.is_published:
        written = replace(written, name=collection.name)  # the field is read-only: what it shows must be storable
    contents = contents_with(written.members)
    may_write = may(request, "change_collection" if collection else "add_collection")
    stored = Written.stored(collection) if collection else Written()
    context = {
        "title": collection.title if collection else "New collection",
        "collection": collection,
        "written": written,
        "seen": written.seen_at.isoformat() if written.seen_at else "",
        "contents": contents,
        "is_unsaved": not written.says_the_same(stored),
        "may_write": may_write,
        "may_delete": collection is not None and may(request, "delete_collection"),
        "most_agents": MOST_AGENTS,
        "max_note": MAX_NOTE_LENGTH,
        "max_introduction": MAX_INTRODUCTION,
        "word": request.POST.get("find", ""),
        "introduction": "" if may_write else render_prompt(written.introduction),
        "events": list(_told(collection)) if collection and may(request, "view_event") else [],
        **(_found(request, contents) if is_finding else {}),
    }
    return show(request, "admin/collection.html", **{**context, **more})


def _found(request: HttpRequest, contents: Contents) -> dict[str, Any]:
    """The agents that a word finds, without those that the set has."""
    found = starting.find(Agent.objects.published(), request.POST.get("find", ""))
    had = {member.agent.pk for member in contents.members}
    return {
        "is_finding": True,
        "found": [(agent, agent.pk in had) for agent in found[: starting.MATCHES]],
        "found_more": len(found) > starting.MATCHES,
    }


def _told(collection: Collection) -> Iterator[tuple[Event, str]]:
    yield from ((event, said(event)) for event in events_of(collection).select_related("actor")[:EVENTS_SHOWN])
