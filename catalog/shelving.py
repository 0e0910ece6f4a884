"""Where agents stand: the only writer of their categories and tags once they are made.

Each verb takes many agents, is one transaction under locks on them, and leaves one line in the audit log for each
agent that changed. Imports `models`, `search` and `changes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction

from catalog import changes, search
from catalog.models import Agent, Category, Event, Tag, Version, signed_by

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_TAGS = 50  # an agent has
_BATCH = 50

_Tagging = Agent.tags.through


def categorise(agents: Iterable[Agent], category: Category | None, *, by: User) -> list[Agent]:
    """Put agents into a category, or into none: those that did not stand there already."""
    with transaction.atomic():
        moved = [agent for agent in _locked(agents) if agent.category != category]
        Agent.objects.filter(pk__in=_keys(moved)).update(category=category)
        _index(moved)
        if category:
            _record(by, "categorised", {agent: {"category": category.title} for agent in moved})
        else:
            _record(by, "uncategorised", {agent: {"category": str(agent.category)} for agent in moved})
    return moved


def tag(agents: Iterable[Agent], names: Iterable[str], *, by: User) -> tuple[list[Agent], list[Agent]]:
    """Add tags to agents, made if need be: the agents that changed, and those that have no room for so many."""
    with transaction.atomic():
        before = {agent: _tags_of(agent) for agent in _locked(agents)}
        tags = _made(names)
        full = [agent for agent, had in before.items() if len(had | tags.keys()) > MOST_TAGS]
        added = {agent: tags.keys() - had for agent, had in before.items() if agent not in full and tags.keys() - had}
        _attach(added, tags, by)
    return list(added), full


def untag(agents: Iterable[Agent], names: Iterable[str], *, by: User) -> list[Agent]:
    """Take tags off agents: those that had one of them."""
    unwanted = set(names)
    with transaction.atomic():
        before = {agent: _tags_of(agent) for agent in _locked(agents)}
        removed = {agent: had & unwanted for agent, had in before.items() if had & unwanted}
        _detach(removed, by)
    return list(removed)


def set_tags(agent: Agent, names: Iterable[str], *, by: User) -> None:
    """Let an agent have these tags and no others."""
    wanted = set(names)
    with changes.as_one():
        [locked] = _locked([agent])
        had = _tags_of(locked)
        if gone := had - wanted:
            _detach({locked: gone}, by)
        if new := wanted - had:
            _attach({locked: new}, _made(new), by)


@contextmanager
def reindexed(agents: Iterable[Agent]) -> Iterator[None]:
    """Around a write that changes what these agents are found by; they are held until the transaction ends."""
    with transaction.atomic():
        locked = _locked(agents)
        yield
        _index(locked)


def _locked(agents: Iterable[Agent]) -> list[Agent]:
    """The agents as they are stored, held until the transaction ends; in one order: nobody waits in a circle."""
    locked = Agent.objects.filter(pk__in=_keys(agents)).select_for_update(of=("self",), no_key=True).order_by("pk")
    return list(locked.select_related("category").prefetch_related("tags"))


def _keys(agents: Iterable[Agent]) -> list[int]:
    return [agent.pk for agent in agents]


def _tags_of(agent: Agent) -> set[str]:
    return {tag.name for tag in agent.tags.all()}


def _made(names: Iterable[str]) -> dict[str, Tag]:
    """The tags of these names, made if need be: after the agents are locked and in one order, as everywhere."""
    return {name: Tag.objects.get_or_create(name=name)[0] for name in sorted(set(names))}


def _attach(added: dict[Agent, set[str]], tags: dict[str, Tag], by: User) -> None:
    rows = [_Tagging(agent=agent, tag=tags[name]) for agent, names in added.items() for name in names]
    _Tagging.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    _index(added)
    _record(by, "tagged", {agent: {"tags": sorted(names)} for agent, names in added.items()})


def _detach(removed: dict[Agent, set[str]], by: User) -> None:
    every = set().union(*removed.values())
    # What an agent does not have is not removed by naming it too.
    _Tagging.objects.filter(agent__in=_keys(removed), tag__name__in=every).delete()
    _index(removed)
    _record(by, "untagged", {agent: {"tags": sorted(names)} for agent, names in removed.items()})


def _record(by: User, verb: str, changed: dict[Agent, dict[str, object]]) -> None:
    events = Event.objects.bulk_create(
        (Event(**signed_by(by), verb=verb, agent=agent, data=data) for agent, data in changed.items()), batch_size=500
    )
    known = set(Version.objects.filter(agent__in=_keys(changed)).values_list("agent", flat=True))
    public = [event for event in events if event.agent_id in known]
    changes.record([event.agent for event in public], public)


def _index(agents: Collection[Agent]) -> None:
    """Categories and tags are searched for; what is not offered is not in the index."""
    keys = _keys(agents)
    for start in range(0, len(keys), _BATCH):
        batch = Agent.objects.published().filter(pk__in=keys[start : start + _BATCH]).select_related("latest_version")
        search.index(*batch.order_by("pk").prefetch_related("tags", "former_names", "latest_version__examples"))
