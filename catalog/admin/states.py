"""The state of an agent and of a draft as staff see them: what is offered, what waits, whose hand was last on it.

Imports `models`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce, Greatest

from catalog.models import Agent, AgentQuerySet, Draft, Event, Version

_versions = Version.objects.filter(agent=OuterRef("pk"))
_other_drafts = Draft.objects.filter(agent=OuterRef("pk")).exclude(source=F("agent__latest_version__source"), title="")

_IN_REVIEW = Q(draft__state=Draft.State.IN_REVIEW)
_RETURNED = Q(draft__state=Draft.State.EDITING, draft__returned_at__isnull=False)
_OFFERED = Q(latest_version__isnull=False)

_PEOPLE_SHOWN = 30


@dataclass(frozen=True)
class State:
    """`code` names its look; `label` says it."""

    code: str
    label: str


@dataclass(frozen=True)
class Touch:
    """What was done last to an agent's text, when, and by whom where that is known."""

    deed: str
    at: datetime
    by: User | None


# What the list can be narrowed to: its label, and the agents that are meant.
FILTERS: dict[str, tuple[str, Q]] = {
    "in_review": ("In review", _IN_REVIEW),
    "returned": ("Returned", _RETURNED),
    "changed": ("Changes waiting", _OFFERED & Q(changes_wait=True)),
    "draft": ("Never published", Q(latest_version__isnull=True, was_published=False)),
    "published": ("Published", _OFFERED),
    "withdrawn": ("Withdrawn", Q(latest_version__isnull=True, was_published=True)),
    "deprecated": ("Deprecated", Q(deprecated_at__isnull=False)),
}

# What asks for somebody comes first where a list is sorted by state.
RANK = Case(
    When(_IN_REVIEW, then=0),
    When(_RETURNED, then=1),
    When(_OFFERED & Q(draft__isnull=False), then=2),
    When(_OFFERED & Q(deprecated_at__isnull=True), then=4),
    When(_OFFERED, then=5),
    default=3,
)

_PUBLISHED_AT = Coalesce("latest_version__published_at", "updated_at")
LAST_AT = Greatest(
    _PUBLISHED_AT,
    Coalesce("draft__edited_at", _PUBLISHED_AT),
    Coalesce("draft__submitted_at", _PUBLISHED_AT),
    Coalesce("draft__returned_at", _PUBLISHED_AT),
)

_LAST_BY = Case(
    When(_IN_REVIEW, then="draft__submitted_by"),
    When(_RETURNED & Q(draft__returned_at__gt=F("draft__edited_at")), then="draft__returned_by"),
    When(
        Q(latest_version__isnull=True) | Q(draft__edited_at__gt=F("latest_version__published_at")),
        then="draft__edited_by",
    ),
    default="latest_version__published_by",
)


def with_state(agents: AgentQuerySet) -> AgentQuerySet:
    """Agents with all that `states_of`, `last_touch` and a list need to know, in one query and without long texts."""
    return (
        agents.select_related(
            "category", "latest_version__published_by", "draft__edited_by", "draft__submitted_by", "draft__returned_by"
        )
        .defer(
            "latest_version__source",
            "latest_version__prompt",
            "latest_version__description",
            "latest_version__lead",
            "latest_version__fields",
            "draft__source",
        )
        .annotate(was_published=Exists(_versions), changes_wait=Exists(_other_drafts))
    )


def last_touched_by(username: str) -> Q:
    """Agents whose last touch is somebody's; for a queryset with `last_by`."""
    return Q(last_by__in=User.objects.filter(username=username).values("pk"))


def with_last_hand(agents: AgentQuerySet) -> AgentQuerySet:
    return agents.annotate(last_by=_LAST_BY)


def mine(user: User) -> Q:
    """What somebody writes, looks after, made or handed in."""
    brought = Event.objects.filter(actor=user, verb__in=("created", "submitted", "published", "restored"))
    return (
        Q(draft__edited_by=user)
        | Q(draft__submitted_by=user)
        | Q(pk__in=Agent.maintainers.through.objects.filter(user=user).values("agent"))
        | Q(pk__in=brought.values("agent"))
    )


def people_at_work() -> list[str]:
    """The usernames of those who have a draft or published something."""
    writes = Exists(Draft.objects.filter(edited_by=OuterRef("pk")))
    publishes = Exists(Version.objects.filter(published_by=OuterRef("pk")))
    people = User.objects.filter(writes | publishes).order_by("username")
    return list(people.values_list("username", flat=True)[:_PEOPLE_SHOWN])


def draft_of(agent: Agent) -> Draft | None:
    return getattr(agent, "draft", None)


def later_version(draft: Draft, latest: Version | None) -> Version | None:
    """The version that is offered, where it was published after the one the draft was written against."""
    base = draft.base_version.number if draft.base_version else 0
    return latest if latest and latest.number > base else None


def state_of(draft: Draft, otherwise: str = "Editing") -> State:
    """Where a draft stands on its way to a reviewer and back."""
    if draft.is_in_review:
        return State("review", "In review")
    return State("returned", "Returned") if draft.returned_at else State("draft", otherwise)


def states_of(agent: Agent) -> list[State]:
    """The states of an agent that `with_state` gave, the telling one first."""
    was_published, changes_wait = getattr(agent, "was_published", False), getattr(agent, "changes_wait", False)
    draft = draft_of(agent)
    states = []
    if agent.latest_version:
        states.append(State("published", f"Published v{agent.latest_version.number}"))
    elif was_published:
        states.append(State("withdrawn", "Withdrawn"))
    if draft and (changes_wait or draft.is_in_review or draft.returned_at or not agent.latest_version):
        states.append(state_of(draft, _waiting(agent, was_published)))
    elif not states:
        states.append(State("empty", "No text yet"))
    if agent.is_deprecated:
        states.append(State("deprecated", "Deprecated"))
    return states


def _waiting(agent: Agent, was_published: bool) -> str:
    if agent.latest_version:
        return "Changes waiting"
    return "Draft waiting" if was_published else "Draft"


def last_touch(agent: Agent) -> Touch:
    """The last thing that was done to the text of an agent that `with_state` gave."""
    draft, latest = draft_of(agent), agent.latest_version
    if draft and draft.is_in_review and draft.submitted_at:
        return Touch("Submitted", draft.submitted_at, draft.submitted_by)
    if draft and draft.returned_at and draft.returned_at > draft.edited_at:
        return Touch("Returned", draft.returned_at, draft.returned_by)
    if draft and (latest is None or draft.edited_at > latest.published_at):
        return Touch("Saved", draft.edited_at, draft.edited_by)
    if latest:
        return Touch("Published", latest.published_at, latest.published_by)
    return Touch("Published" if getattr(agent, "was_published", False) else "Added", agent.updated_at, None)
