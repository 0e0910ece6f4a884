"""The sequence of what the public may see: one row a change, numbered in the order in which they were committed.

Whoever writes something that a public page, a feed or an answer of the API shows calls `record` in the same
transaction, after it holds every lock it needs; who puts several such deeds into one transaction does so in `as_one`.
Pages take their ETags from `latest`, and what is kept in memory is brought up to date by what came since. Imports
`models`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connections, router, transaction
from django.utils import timezone

from catalog.models import Agent, Change, Event

RECENT = 0.01  # seconds
_LOCK = 0x0CA7_A106  # any number that nothing else takes


class Generation(NamedTuple):
    """The state of the public catalog. Another one means that something may look otherwise."""

    number: int
    at: datetime | None  # tells a database that was put back to an earlier state from one that went on


class Step(NamedTuple):
    """One change: what it led to, the agent, and the verb of its event where it has one."""

    generation: Generation
    agent_id: int | None
    verb: str


def record(agents: Iterable[Agent | None], events: Iterable[Event | None] | None = None) -> None:
    """Say that the public sees something else: of these agents, or (None) of the catalog as a whole.

    `events` are the lines of the audit log that go with them, one for each. To be called inside the transaction,
    as its last step: on PostgreSQL it waits for other transactions that did so, until they end.
    """
    pairs = list(agents)
    told = list(zip(pairs, events or [None] * len(pairs), strict=True))
    waiting = _waiting()
    if waiting is None:
        _write(told)
    else:
        waiting += told


@contextmanager
def as_one() -> Iterator[None]:
    """A transaction of several deeds: what they record is written when all of them are done.

    A deed that needs a lock after another one recorded something could meet somebody who holds that lock and waits
    to record.
    """
    connection = connections[router.db_for_write(Change)]
    waiting = _waiting()
    with transaction.atomic(connection.alias):
        if waiting is not None:
            kept = len(waiting)
            try:
                yield
            except BaseException:
                del waiting[kept:]
                raise
            return
        connection.changes_waiting = []  # type: ignore[attr-defined]
        try:
            yield
            _write(connection.changes_waiting)  # type: ignore[attr-defined]
        finally:
            del connection.changes_waiting  # type: ignore[attr-defined]


@contextmanager
def in_parts() -> Iterator[None]:
    """Around each of several transactions that are one deed, such as the files of an import.

    The deed is done when somebody records something outside of this: `finish`.
    """
    connection = connections[router.db_for_write(Change)]
    connection.changes_are_parts = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del connection.changes_are_parts  # type: ignore[attr-defined]


def finish() -> None:
    """Say that what was written `in_parts` is done; nothing where nothing was, or somebody else said so meanwhile."""
    with transaction.atomic():
        newest = Change.objects.order_by("pk").last()
        if newest and newest.more_follow:
            record([None])


def latest() -> Generation:
    """The newest change. One query, at the end of an index; through the ORM it would take ten times as long."""
    with connections[router.db_for_read(Change)].cursor() as cursor:
        cursor.execute("SELECT id, at FROM catalog_change ORDER BY id DESC LIMIT 1")
        found = cursor.fetchone()
    return Generation(found[0], moment(found[1])) if found else Generation(0, None)


def moment(stored: datetime | str | None) -> datetime | None:
    """A time as a query without the ORM gives it: SQLite holds it as text in UTC."""
    found = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def recent() -> Generation:
    """The newest change as this process knew it at most RECENT seconds ago, of its own changes always the newest.

    For answers that clients and caches keep for longer than that anyway: under load the database is asked a hundred
    times a second, and not for every one of them.
    """
    known = _recent.known
    now = time.monotonic()
    if known is not None and now - known[1] < RECENT:
        return known[0]
    told = _recent.told
    generation = latest()
    if told == _recent.told:  # else a change was committed meanwhile, which this may not be yet
        _recent.known = generation, now
    return generation


class _Recent:
    """What `recent` knows: the generation and when it asked, and how often this process has changed it."""

    known: tuple[Generation, float] | None = None
    told = 0

    def tell(self) -> None:
        self.told += 1
        self.known = None


_recent = _Recent()


def since(number: int, most: int | None = None) -> list[Step]:
    """The changes from `number` on, itself included, the oldest first; at most `most`."""
    rows = Change.objects.filter(pk__gte=number).order_by("pk").values_list("pk", "at", "agent", "event__verb")
    return [Step(Generation(pk, at), agent, verb or "") for pk, at, agent, verb in rows[:most]]


def _waiting() -> list[tuple[Agent | None, Event | None]] | None:
    """What is to be written at the end of the transaction of several deeds that this connection is in."""
    return getattr(connections[router.db_for_write(Change)], "changes_waiting", None)


def _write(told: Iterable[tuple[Agent | None, Event | None]]) -> None:
    now = timezone.now()
    rows = [Change(agent=agent, event=event, at=now, more_follow=True) for agent, event in told]
    if rows:
        rows[-1].more_follow = getattr(connections[router.db_for_write(Change)], "changes_are_parts", False)
        _wait_for_others()
        Change.objects.bulk_create(rows, batch_size=500)
        transaction.on_commit(_recent.tell)


def _wait_for_others() -> None:
    """Numbers are given before the commit: without this, a later number could be seen before an earlier one.

    SQLite has one writer at a time anyway. On PostgreSQL foreign keys are checked first, which locks the rows they
    point to: at the commit somebody might hold one of these who waits for us.
    """
    connection = connections[router.db_for_write(Change)]
    if connection.vendor == "postgresql":
        connection.check_constraints()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
