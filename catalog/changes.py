"""The sequence of what the public may see: one row a change, numbered in the order in which they were committed.

Whoever writes something that a public page, a feed or an answer of the API shows calls `record` in the same
transaction, after it holds every lock it needs. Pages take their ETags from `latest`, and what is kept in memory is
brought up to date by what came since. Imports `models`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connections, router
from django.utils import timezone

from catalog.models import Agent, Change, Event

_LOCK = 0x0CA7_A106  # any number that nothing else takes


class Generation(NamedTuple):
    """The state of the public catalog. Another one means that something may look otherwise."""

    number: int
    at: datetime | None  # tells a database that was put back to an earlier state from one that went on


def record(agents: Iterable[Agent | None], events: Iterable[Event | None] | None = None) -> None:
    """Say that the public sees something else: of these agents, or (None) of the catalog as a whole.

    `events` are the lines of the audit log that go with them, one for each. To be called inside the transaction,
    as its last step: on PostgreSQL it waits for other transactions that did so, until they end.
    """
    now, agents = timezone.now(), list(agents)
    rows = [
        Change(agent=agent, event=event, at=now)
        for agent, event in zip(agents, events or [None] * len(agents), strict=True)
    ]
    if not rows:
        return
    _wait_for_others()
    Change.objects.bulk_create(rows, batch_size=500)


def latest() -> Generation:
    """The newest change. One query, at the end of an index."""
    found = Change.objects.order_by("-pk").values_list("pk", "at").first()
    return Generation(*found) if found else Generation(0, None)


def since(number: int) -> list[int | None]:
    """The agents that changed after change `number`, each once; None among them where the whole catalog did."""
    rows = Change.objects.filter(pk__gt=number).order_by("pk").values_list("agent_id", flat=True)
    return list(dict.fromkeys(rows))


def _wait_for_others() -> None:
    """Numbers are given before the commit: without this, a later number could be seen before an earlier one.

    SQLite has one writer at a time anyway.
    """
    connection = connections[router.db_for_write(Change)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
