"""Deeds that change what the public sees, two at once again and again: nobody waits in a circle.

PostgreSQL ends a circle with an error; on SQLite there is one writer at a time.
"""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from catalog import changes, collecting, publishing, shelving
from catalog.definition import parse
from catalog.models import Agent, Category, Collection
from tests.sources import agent_source
from tests.test_changes import agents_since

ROUNDS = 12

pytestmark = pytest.mark.django_db(transaction=True)

Deed = Callable[[int], object]


@pytest.fixture
def pablo() -> User:
    return User.objects.create_user("pablo")


@pytest.fixture
def agents(pablo: User) -> list[Agent]:
    found = []
    for name in ("first", "second", "third"):
        agent, _ = publishing.register(parse(agent_source(name)), by=pablo)
        publishing.publish(agent, agent_source(name), by=pablo)
        found.append(agent)
    return found


@pytest.fixture
def team(agents: list[Agent], pablo: User) -> Collection:
    team = collecting.create("Team", by=pablo)
    collecting.set_members(team, [(agent, "") for agent in agents], by=pablo)
    collecting.publish(team, by=pablo)
    return team


def race(*deeds: Deed) -> list[Exception]:
    start, failures = Barrier(len(deeds)), list[Exception]()

    def run(deed: Deed) -> None:
        for turn in range(ROUNDS):
            start.wait(60)
            try:
                deed(turn)
            except Exception as error:
                failures.append(error)
        connection.close()

    threads = [Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def fresh(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


def test_tags_set_and_tags_added(agents: list[Agent], pablo: User) -> None:
    first, second, _ = agents
    assert not race(
        lambda turn: shelving.set_tags(first, [f"tag-{turn}"], by=pablo),
        lambda turn: shelving.tag([second], [f"tag-{turn}"], by=pablo),
    )


def test_a_form_of_several_deeds_and_tags_added(agents: list[Agent], pablo: User) -> None:
    first, second, _ = agents

    def store(turn: int) -> None:
        with changes.as_one():
            shelving.set_tags(first, [f"tag-{turn}"], by=pablo)
            publishing.retitle(fresh(first), f"Title {turn}", by=pablo)

    assert not race(store, lambda turn: shelving.tag([second], [f"tag-{turn}"], by=pablo))


def test_a_collection_and_the_name_of_a_member(agents: list[Agent], team: Collection, pablo: User) -> None:
    def store(turn: int) -> None:
        with changes.as_one():
            collecting.set_members(team, [(agent, f"Note {turn}") for agent in agents[: 2 + turn % 2]], by=pablo)

    def store_alone(turn: int) -> None:
        collecting.set_members(team, [(agent, f"Other note {turn}") for agent in agents], by=pablo)

    def rename(turn: int) -> None:
        publishing.rename(fresh(agents[2]), f"name-{turn}", by=pablo)

    assert not race(store, store_alone, rename)


def test_a_successor_and_its_name(agents: list[Agent], pablo: User) -> None:
    first, second, _ = agents

    def deprecate(turn: int) -> None:
        publishing.deprecate(fresh(first), by=pablo, note=f"Note {turn}", successor=fresh(second))

    assert not race(deprecate, lambda turn: publishing.rename(fresh(second), f"name-{turn}", by=pablo))


def test_a_category_and_its_agents(agents: list[Agent], pablo: User) -> None:
    shelf = Category.objects.create(name="shelf", title="Shelf")

    def retitle(turn: int) -> None:
        with changes.as_one():
            Category.objects.filter(pk=shelf.pk).update(name=f"shelf-{turn}", title=f"Shelf {turn}")
            changes.record([None])

    assert not race(lambda turn: shelving.categorise(agents, [shelf, None][turn % 2], by=pablo), retitle)


# --- Several deeds as one ---------------------------------------------------------------------------------


class Regret(Exception):
    """Somebody changed their mind."""


def test_of_deeds_that_were_undone_nothing_is_recorded(agents: list[Agent], pablo: User) -> None:
    first, second, _ = agents

    def regretted(agent: Agent) -> None:
        with changes.as_one():
            publishing.retitle(agent, "Undone", by=pablo)
            raise Regret

    before = changes.latest().number
    with changes.as_one():
        publishing.retitle(first, "Kept", by=pablo)
        with pytest.raises(Regret):
            regretted(second)
        assert changes.latest().number == before  # not yet
    assert agents_since(before) == [first.pk]
    with pytest.raises(Regret):
        regretted(first)
    assert agents_since(before) == [first.pk]
    publishing.retitle(second, "At once again", by=pablo)
    assert agents_since(before) == [first.pk, second.pk]
