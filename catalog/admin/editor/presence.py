"""Who has the draft of an agent open at this moment. Imports `models`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from catalog.models import Agent, Presence

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SEEN_WITHIN = timedelta(seconds=45)  # three times what the page waits between two signs of life
FORGOTTEN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Other:
    """Somebody else at the same draft, or another window of mine."""

    who: str
    is_writing: bool
    is_me: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def here(agent: Agent, user: User, window: str, is_writing: bool) -> list[Other]:
    """Note that a window is open, and tell who else is there.

    The statements stand each for themselves: in one transaction two people who come back at once would each wait
    for the row of the other.
    """
    now = timezone.now()
    Presence.objects.bulk_create(
        [Presence(agent=agent, user=user, window=window, seen_at=now, is_writing=is_writing)],
        update_conflicts=True,
        unique_fields=["agent", "user", "window"],
        update_fields=["seen_at", "is_writing"],
    )
    Presence.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
    return others(agent, user, window)


def gone(agent: Agent, user: User, window: str) -> None:
    """The window was closed. Twice is once."""
    Presence.objects.filter(agent=agent, user=user, window=window).delete()


def others(agent: Agent, user: User, window: str) -> list[Other]:
    """Each person once, who writes first, then by name; I am there too where another window of mine is open."""
    present = (
        Presence.objects.filter(agent=agent, seen_at__gte=timezone.now() - SEEN_WITHIN)
        .exclude(user=user, window=window)
        .select_related("user")
        .only("is_writing", "user__username", "user__first_name")
    )
    return _each_once(present, user)


def _each_once(present: Iterable[Presence], user: User) -> list[Other]:
    people: dict[int, Other] = {}
    for row in present:
        who = row.user.get_short_name() or row.user.get_username()
        known = people.get(row.user_id)
        is_writing = row.is_writing or (known is not None and known.is_writing)
        people[row.user_id] = Other(who, is_writing, row.user_id == user.pk)
    return sorted(people.values(), key=lambda other: (other.is_me, not other.is_writing, other.who.casefold()))
