"""The verbs that change what the catalog offers: the only writer of agents' names, versions and events.

Each verb is one transaction under a lock on its agent, says who did it, and leaves one line in the audit log.
Imports `models`, `projection`, `search`, `changes` and `definition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from catalog import changes, projection, search
from catalog.definition import (
    Definition,
    InvalidDefinition,
    InvalidValue,
    fold_name,
    parse,
    read,
    title_of,
)
from catalog.definition.limits import MAX_NAME_LENGTH
from catalog.models import TITLE_MAX_LENGTH, Agent, Category, Event, Example, FormerName, Version, signed_by

from .refusals import (
    MAX_NOTE_LENGTH,
    NameTaken,
    NotNow,
    NotPublishable,
    PublishConflict,
    clean_note,
    clean_title,
    refuse_another_name,
    refuse_circle,
    refuse_outdated_base,
    refuse_unknown,
    refuse_unstorable,
    refuse_withdrawn,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = [
    "MAX_NOTE_LENGTH",
    "NameTaken",
    "NotNow",
    "NotPublishable",
    "PublishConflict",
    "clean_note",
    "clean_title",
    "deprecate",
    "follow_name",
    "lock_agent",
    "newest_to_offer",
    "project",
    "publish",
    "refuse_another_name",
    "refuse_unstorable",
    "register",
    "rename",
    "restore",
    "retitle",
    "undeprecate",
    "unyank",
    "yank",
]


def register(definition: Definition, *, by: User, category: Category | None = None) -> tuple[Agent, bool]:
    """The agent this definition names (also by a former name), made if need be, and whether it was made.

    A new agent takes its title from the definition and stands on the shelf `category`; it offers nothing yet.
    Raises NotPublishable where the definition has no usable name.
    """
    name = definition.name
    if not name or len(name) > MAX_NAME_LENGTH:
        raise NotPublishable(
            f"An agent needs a name of 1 to {MAX_NAME_LENGTH} letters, digits and hyphens: "
            "put a line like 'name: code-reviewer' at the top of the file."
        )
    with transaction.atomic():
        if known := Agent.objects.filter(name=name).first() or Agent.objects.once_named(name).first():
            return known, False
        agent, created = Agent.objects.get_or_create(
            name=name,
            defaults={"title": _title(definition.fields), "category": category, "updated_at": timezone.now()},
        )
        if created:
            _record(by, "created", agent)
    return agent, created


def publish(
    agent: Agent,
    source: str | bytes | Definition,
    *,
    by: User,
    note: str = "",
    base: int | None = None,
    title: str = "",
) -> tuple[Version, bool]:
    """Make `source` the next version of `agent`: the version, and whether it is new.

    The text the catalog offers already is nothing new, whoever sends it and however often. `base` is the
    number of the version the text was written against (0: none), `note` says in at most 500 characters what
    changed, `title` is the agent's from now on ("": as it is). A Definition saves reading the text again.
    Raises InvalidDefinition (the text has errors), PublishConflict (a later version than `base` is offered) or
    NotPublishable (the text carries another agent's name; it was withdrawn, and a copy that arrives again must
    not undo that; the note is too long).
    """
    definition = _readable(source)
    note = clean_note(note)
    with transaction.atomic():
        lock_agent(agent)
        latest = agent.latest_version
        if latest and latest.digest == definition.digest:
            if title:
                retitle(agent, title, by=by)
            return latest, False
        newest = _newest_number(agent)
        refuse_another_name(agent, definition)
        refuse_outdated_base(agent, base, newest)
        if newest:
            refuse_withdrawn(agent, definition)
        old = agent.title
        version = _add_version(agent, definition, by, note, newest, clean_title(title) if title else "")
        _record(by, "published", agent, version)
        if title and agent.title != old:
            _record(by, "retitled", agent, old=old, new=agent.title)
    return version, True


def yank(version: Version, *, by: User, reason: str) -> None:
    """Stop offering a version; its pinned address still answers. Twice is once. Raises NotPublishable."""
    reason = clean_note(reason, "reason")
    with transaction.atomic():
        _lock_version(version)
        if version.is_yanked:
            return
        _mark(version, by, reason)
        _record(by, "yanked", version.agent, version, reason=reason)


def unyank(version: Version, *, by: User) -> None:
    """Offer a withdrawn version again. Twice is once."""
    with transaction.atomic():
        _lock_version(version)
        if not version.is_yanked:
            return
        _mark(version, None, "")
        _record(by, "unyanked", version.agent, version)


def restore(version: Version, *, by: User, note: str = "") -> tuple[Version, bool]:
    """Publish the text of an old version again under the next number: clients only move to a higher one.

    The text of a version from before a rename gets the agent's present name. Nothing new where the newest
    version has this text and is offered. Raises InvalidDefinition where today's checks refuse the text, and
    NotPublishable for the note.
    """
    note = clean_note(note) or f"Restores version {version.number}."
    with transaction.atomic():
        _lock_version(version)
        agent = version.agent
        definition = _readable(_under_name(agent.name, version))
        newest = agent.versions.newest_first()[0]
        if newest.digest == definition.digest and not newest.is_yanked:
            return newest, False
        restored = _add_version(agent, definition, by, note, newest.number)
        _record(by, "restored", agent, restored, restores=version.number)
    return restored, True


def rename(agent: Agent, new_name: str, *, by: User) -> Agent:
    """Give an agent another name; its old addresses lead to the new one for ever.

    `new_name` is folded to its address form. The latest text is published under the new name as the next
    version. Raises NameTaken, NotPublishable (not a name), InvalidDefinition (the text has errors today).
    """
    name = fold_name(new_name)
    if not name or len(name) > MAX_NAME_LENGTH:
        raise NotPublishable(f"A name has 1 to {MAX_NAME_LENGTH} letters, digits and hyphens.")
    with transaction.atomic():
        lock_agent(agent)
        if name == agent.name:
            return agent
        old, version = agent.name, None
        definition = _readable(_under_name(name, agent.latest_version)) if agent.latest_version else None
        _take_name(agent, name)
        if definition:
            version = _add_version(agent, definition, by, f"Renamed from {old}.", _newest_number(agent))
        _record(by, "renamed", agent, version, old=old, new=name)
    return agent


def follow_name(agent: Agent, name: str) -> bool:
    """Let an agent that was never published take the name its text has now; whether it has it afterwards.

    Nobody knows it by the name it had, so no address is left behind. A name that belongs to another agent, or
    did, is not taken: publishing says so.
    """
    if name == agent.name:
        return True
    if not name or len(name) > MAX_NAME_LENGTH or agent.latest_version_id or agent.versions.exists():
        return False
    if Agent.objects.filter(name=name).exists() or FormerName.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Agent.objects.filter(pk=agent.pk).update(name=name)
    except IntegrityError:
        return False
    agent.name = name
    return True


def retitle(agent: Agent, title: str, *, by: User) -> None:
    """Give an agent another title. The present one changes nothing. Raises NotPublishable."""
    title = clean_title(title)
    with transaction.atomic():
        lock_agent(agent)
        if agent.title == title:
            return
        old, agent.title = agent.title, title
        agent.save(update_fields=["title"])
        search.index(agent)
        _record(by, "retitled", agent, old=old, new=title)


def deprecate(agent: Agent, *, by: User, note: str, successor: Agent | None = None) -> None:
    """Tell people not to begin using an agent, and which one to use instead. Raises NotPublishable."""
    note = clean_note(note)
    with transaction.atomic():
        lock_agent(agent)
        refuse_circle(agent, successor)
        refuse_unknown(successor)
        if agent.is_deprecated and (agent.deprecation_note, agent.successor) == (note, successor):
            return
        agent.deprecated_at = agent.deprecated_at or timezone.now()
        agent.deprecation_note, agent.successor = note, successor
        agent.save(update_fields=["deprecated_at", "deprecation_note", "successor"])
        _record(by, "deprecated", agent, note=note, successor=successor.name if successor else None)


def undeprecate(agent: Agent, *, by: User) -> None:
    """Recommend an agent again. Twice is once."""
    with transaction.atomic():
        lock_agent(agent)
        if not agent.is_deprecated:
            return
        agent.deprecated_at, agent.deprecation_note, agent.successor = None, "", None
        agent.save(update_fields=["deprecated_at", "deprecation_note", "successor"])
        _record(by, "undeprecated", agent)


def project(version: Version) -> bool:
    """Rebuild what follows from a version's source; False where nothing changed, and nothing was written."""
    definition = read(version.source)
    columns, other_examples = projection.differences(version, definition)
    if not columns and not other_examples:
        return False
    with transaction.atomic():
        lock_agent(version.agent)
        for name, value in columns.items():
            setattr(version, name, value)
        if columns:
            version.save(update_fields=list(columns))
        if other_examples:
            Example.objects.filter(version=version).delete()
            projection.add_examples(version, definition)
        if version.agent.latest_version_id == version.pk:
            version.agent.facets = projection.facets_of(version)
            version.agent.save(update_fields=["facets"])
            search.index(version.agent)
        changes.record([version.agent])
    return True


def lock_agent(agent: Agent) -> None:
    """Hold the agent's row until the transaction ends, and bring `agent` up to date with it.

    SQLite has no row locks: there the transaction itself is the only writer (transaction_mode IMMEDIATE).
    """
    agent.refresh_from_db(from_queryset=Agent.objects.select_for_update(no_key=True))


def _readable(source: str | bytes | Definition) -> Definition:
    if not isinstance(source, Definition):
        return parse(source)
    if source.errors:
        raise InvalidDefinition(source.errors)
    return source


def _title(fields: Mapping[str, Any]) -> str:
    title: str = projection.storable(title_of(str(fields.get("name", ""))))
    return title[:TITLE_MAX_LENGTH]


def _under_name(name: str, version: Version) -> Definition:
    definition = read(version.source)
    if definition.name == name:
        return definition
    try:
        return definition.replace(name=name)
    except InvalidValue as error:
        raise NotPublishable(str(error)) from None


def _lock_version(version: Version) -> None:
    lock_agent(version.agent)
    version.refresh_from_db(fields=["yanked_at", "yanked_by", "yank_reason"])


def _add_version(agent: Agent, definition: Definition, by: User, note: str, newest: int, title: str = "") -> Version:
    """Write the version after number `newest` of a locked agent and offer it."""
    now = timezone.now()
    version = Version.objects.create(
        agent=agent,
        number=newest + 1,
        source=definition.source,
        digest=definition.digest,
        size=definition.size,
        note=note,
        published_at=now,
        published_by=by,
        **projection.columns_of(definition),
    )
    projection.add_examples(version, definition)
    agent.updated_at = now
    _offer(agent, version, title)
    return version


def _newest_number(agent: Agent) -> int:
    """The last number given, withdrawn or not; 0 before the first version."""
    return agent.versions.aggregate(newest=Max("number"))["newest"] or 0


def _offer(agent: Agent, version: Version | None, title: str = "") -> None:
    """Make `version` the latest. The title follows the file as long as nobody gave the agent another."""
    before = agent.latest_version
    if title:
        agent.title = title
    elif before and version and agent.title == _title(before.fields):
        agent.title = _title(version.fields)
    if version != before:
        agent.latest_at = timezone.now()
    agent.latest_version = version
    agent.facets = projection.facets_of(version) if version else {}
    agent.save(update_fields=["latest_version", "latest_at", "facets", "updated_at", "title"])
    search.index(agent)


def _mark(version: Version, by: User | None, reason: str) -> None:
    version.yanked_at = timezone.now() if by else None
    version.yanked_by, version.yank_reason = by, reason
    version.save(update_fields=["yanked_at", "yanked_by", "yank_reason"])
    _offer(version.agent, newest_to_offer(version.agent))


def newest_to_offer(agent: Agent, *, without: Version | None = None) -> Version | None:
    """The version that is, or `without` one would be, the latest: the newest on offer that carries the agent's name.

    One from before a rename would install as another agent; restoring it publishes it under the present name.
    """
    offered = (version for version in agent.versions.offered().newest_first().iterator() if version != without)
    return next((version for version in offered if fold_name(str(version.fields.get("name"))) == agent.name), None)


def _take_name(agent: Agent, name: str) -> None:
    """Change the row's name first and look at the former names then: a rename running beside shows in one."""
    if agent.versions.exists():  # nobody knows a name under which nothing was published
        FormerName.objects.get_or_create(name=agent.name, defaults={"agent": agent})
    try:
        with transaction.atomic():
            Agent.objects.filter(pk=agent.pk).update(name=name)
    except IntegrityError:
        raise NameTaken(name, Agent.objects.filter(name=name).first()) from None
    if former := FormerName.objects.filter(name=name).exclude(agent=agent).first():
        raise NameTaken(name, former.agent)
    agent.name = name


def _record(by: User, verb: str, agent: Agent, version: Version | None = None, **data: object) -> None:
    if version:
        data = {"number": version.number, **data}
    event = Event.objects.create(**signed_by(by), verb=verb, agent=agent, version=version, data=data)
    if agent.versions.exists():  # of an agent that was never published, the public learns nothing
        changes.record([agent], [event])
