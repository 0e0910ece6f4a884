"""The state of an agent as staff see it: what is offered, what waits. Imports `models`."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q

from catalog.models import Agent, AgentQuerySet, Draft, Version

_versions = Version.objects.filter(agent=OuterRef("pk"))
_other_drafts = Draft.objects.filter(agent=OuterRef("pk")).exclude(source=F("agent__latest_version__source"))


@dataclass(frozen=True)
class State:
    """`code` names its look; `label` says it."""

    code: str
    label: str


# What the list can be narrowed to: its label, and the agents that are meant.
FILTERS: dict[str, tuple[str, Q]] = {
    "published": ("Published", Q(latest_version__isnull=False)),
    "changed": ("Changes waiting", Q(latest_version__isnull=False, changes_wait=True)),
    "draft": ("Never published", Q(latest_version__isnull=True, was_published=False)),
    "withdrawn": ("Withdrawn", Q(latest_version__isnull=True, was_published=True)),
    "deprecated": ("Deprecated", Q(deprecated_at__isnull=False)),
}


def with_state(agents: AgentQuerySet) -> AgentQuerySet:
    """Agents with all that `states_of` and a list need to know, in one query and without long texts."""
    return (
        agents.select_related("category", "latest_version__published_by", "draft__edited_by")
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


def draft_of(agent: Agent) -> Draft | None:
    return getattr(agent, "draft", None)


def later_version(draft: Draft, latest: Version | None) -> Version | None:
    """The version that is offered, where it was published after the one the draft was written against."""
    base = draft.base_version.number if draft.base_version else 0
    return latest if latest and latest.number > base else None


def states_of(agent: Agent) -> list[State]:
    """The states of an agent that `with_state` gave, the telling one first."""
    was_published, changes_wait = getattr(agent, "was_published", False), getattr(agent, "changes_wait", False)
    states = []
    if agent.latest_version:
        states.append(State("published", f"Published v{agent.latest_version.number}"))
        if changes_wait:
            states.append(State("changed", "Changes waiting"))
    elif was_published:
        states.append(State("withdrawn", "Withdrawn"))
        if draft_of(agent):
            states.append(State("changed", "Draft waiting"))
    else:
        states.append(State("draft", "Draft" if draft_of(agent) else "No text yet"))
    if agent.is_deprecated:
        states.append(State("deprecated", "Deprecated"))
    return states
