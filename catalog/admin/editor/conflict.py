"""What a page is told when its text met another one: whose, what it does to it, whether both fit in one.

Imports `models`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from catalog.comparing import Row, compare, shortened
from catalog.models import Agent, Draft, Event

from .merging import Merge, changed, merge

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Happened(StrEnum):
    """What became of the draft meanwhile."""

    CHANGED = "changed"
    MOVED = "moved"  # its text is the one I began with, or mine: returned, taken back, given another title
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    GONE = "gone"  # one of the two


_HEADLINES = {
    Happened.CHANGED: ("{who} changed this while you were writing.", "You changed this in another window."),
    Happened.MOVED: ("This draft was returned, taken back or given another title while you were writing.",),
    Happened.SUBMITTED: ("{who} submitted this for review while you were writing.", "You submitted this elsewhere."),
    Happened.PUBLISHED: ("{who} published this while you were writing.", "You published this in another window."),
    Happened.DISCARDED: ("{who} discarded this draft while you were writing.", "You discarded this draft elsewhere."),
    Happened.GONE: ("This draft was published or discarded while you were writing.",),
}
_EXPLANATIONS = {
    Happened.CHANGED: "The text on this page is not saved yet. Look at the difference, then decide.",
    Happened.MOVED: "It is on this page, not saved yet. Nobody wrote another text, so it can be saved as it is.",
    Happened.SUBMITTED: (
        "It is on this page, not saved. A text in review stays as it is until it is returned or taken back. Copy yours "
        "below, go to the submitted draft, take it back and put in what is missing."
    ),
    Happened.PUBLISHED: "It is on this page, not saved. Keep it, and it becomes a draft of the next version.",
    Happened.DISCARDED: "It is on this page, not saved. Keep it, and it becomes a new draft.",
    Happened.GONE: "It is on this page, not saved. Keep it, and it becomes a new draft.",
}


@dataclass(frozen=True)
class Conflict:
    """My text, which is not saved, against the one that is: the draft's, or the version's that was published of it."""

    happened: Happened
    who: str  # "" where that is not known
    is_me: bool
    when: datetime | None
    theirs_source: str
    theirs_revision: int  # 0 where there is no draft any more
    mine_source: str
    merge: Merge
    groups: list[list[Row]]  # what my text does to theirs
    by_me: tuple[str, ...] = ()  # what changed, in words
    by_them: tuple[str, ...] = ()
    agent: Agent | None = None

    @property
    def headline(self) -> str:
        kept = "Both texts are kept." if self.happened == Happened.CHANGED else "Your text is kept."
        words = _HEADLINES[self.happened]
        return f"{words[-1 if self.is_me else 0].format(who=self.who or 'Somebody')} {kept}"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self.happened]

    @property
    def is_gone(self) -> bool:
        return self.theirs_revision == 0

    @property
    def can_merge(self) -> bool:
        """Whether there is a text that holds both, and the draft takes it."""
        return self.happened == Happened.CHANGED and self.merge.source is not None

    @property
    def can_keep(self) -> bool:
        """Whether my text can be stored now: not while somebody reviews another one."""
        return self.happened != Happened.SUBMITTED

    @property
    def can_take(self) -> bool:
        """Whether there is a draft to go on with."""
        return not self.is_gone


def conflict_of(stored: Draft | None, base: str, mine: str, user: User, *, agent: Agent | None = None) -> Conflict:
    """`mine` was written from `base`; `stored` is what the draft became meanwhile, None where it is gone.

    With `agent` given it is said who published or discarded the draft, and the published text is shown.
    """
    if stored is None:
        return _gone(base, mine, user, agent)
    who, when, happened = stored.edited_by, stored.edited_at, Happened.CHANGED
    if stored.is_in_review and stored.submitted_by and stored.submitted_at:
        who, when, happened = stored.submitted_by, stored.submitted_at, Happened.SUBMITTED
    elif stored.source in (base, mine):
        happened = Happened.MOVED
    return Conflict(
        happened=happened,
        who=said_name(who),
        is_me=who == user,
        when=when,
        theirs_source=stored.source,
        theirs_revision=stored.revision,
        mine_source=mine,
        merge=merge(base, mine, stored.source),
        groups=shortened(compare(stored.source, mine)),
        by_me=changed(base, mine),
        by_them=changed(base, stored.source),
        agent=stored.agent,
    )


def _gone(base: str, mine: str, user: User, agent: Agent | None) -> Conflict:
    verbs = (Happened.PUBLISHED, Happened.DISCARDED)
    events = Event.objects.select_related("actor", "version").filter(agent=agent, verb__in=verbs)
    event = events.first() if agent else None
    version = event.version if event else None
    theirs = version.source if version else ""
    return Conflict(
        happened=Happened(event.verb) if event else Happened.GONE,
        who=said_name(event.actor) if event and event.actor else "",
        is_me=event is not None and event.actor == user,
        when=event.at if event else None,
        theirs_source=theirs,
        theirs_revision=0,
        mine_source=mine,
        merge=merge(base, mine, theirs) if version else Merge(mine),
        groups=shortened(compare(theirs, mine)) if version else [],
        agent=agent,
    )


def as_json(conflict: Conflict, html: str) -> dict[str, Any]:
    """The conflict for the page's script; `html` is `_conflict.html` with it."""
    return {
        "happened": conflict.happened,
        "who": conflict.who,
        "is_me": conflict.is_me,
        "revision": conflict.theirs_revision,
        "source": conflict.theirs_source,
        "merged": conflict.merge.source if conflict.can_merge else None,
        "overlaps": list(conflict.merge.overlaps),
        "html": html,
    }


def said_name(user: User) -> str:
    return user.get_short_name() or user.get_username()
