"""Collections as they are made and changed: what is kept, what is refused, what is said of it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import changes, collecting, publishing
from catalog.admin.events import said
from catalog.collecting import CollectionConflict, NotCollectable
from catalog.definition import read
from catalog.models import Agent, Collection, Event, Member, Version
from tests.sources import agent_source
from tests.test_changes import agents_since

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db


@pytest.fixture
def agents(publish_source: Publish, publisher: User) -> list[Agent]:
    names = ("code-reviewer", "test-writer", "debugger")
    return [publish_source(agent_source(name), by=publisher).agent for name in names]


@pytest.fixture
def team(agents: list[Agent], publisher: User) -> Collection:
    """A published collection of two."""
    team = collecting.create("First team", introduction="For a start.", by=publisher)
    collecting.set_members(team, [(agents[0], "Reads."), (agents[1], "")], by=publisher)
    collecting.publish(team, by=publisher)
    return team


def members_of(collection: Collection) -> list[tuple[str, str]]:
    return list(collection.members.values_list("agent__name", "note"))


def verbs() -> list[str]:
    return list(Event.objects.filter(verb__startswith="collection-").order_by("pk").values_list("verb", flat=True))


def test_a_new_collection_takes_its_address_from_its_title_and_is_seen_by_nobody(publisher: User) -> None:
    team = collecting.create("  First   Team ", by=publisher)
    assert (team.title, team.name, team.is_published) == ("First Team", "first-team", False)
    assert changes.latest().number == 0


def test_what_is_written_is_kept_in_its_order_with_its_notes(
    team: Collection, agents: list[Agent], publisher: User
) -> None:
    collecting.set_members(team, [(agents[2], ""), (agents[0], " Reads\nall. ")], by=publisher)
    assert members_of(team) == [("debugger", ""), ("code-reviewer", "Reads all.")]
    collecting.unpublish(team, by=publisher)
    collecting.change(team, title="Second", name="Zweites Team", introduction="a\r\nb\n", by=publisher)
    team.refresh_from_db()
    assert (team.title, team.name, team.introduction) == ("Second", "zweites-team", "a\nb")


def test_what_is_published_keeps_its_address_and_may_change_all_else(team: Collection, publisher: User) -> None:
    with pytest.raises(NotCollectable, match="stays first-team: people have links") as refusal:
        collecting.change(team, title="Second", name="second", introduction="", by=publisher)
    assert refusal.value.field == "name"
    collecting.change(team, title="Second", name="First Team", introduction="", by=publisher)
    stored = Collection.objects.get()
    assert (stored.title, stored.name, stored.introduction) == ("Second", "first-team", "")


def test_the_same_again_changes_nothing(team: Collection, agents: list[Agent], publisher: User) -> None:
    before = (Event.objects.count(), changes.latest(), team.updated_at)
    collecting.change(team, title="First team", name="first-team", introduction="For a start.", by=publisher)
    collecting.set_members(team, [(agents[0], "Reads."), (agents[1], "")], by=publisher)
    collecting.publish(team, by=publisher)
    team.refresh_from_db()
    assert (Event.objects.count(), changes.latest(), team.updated_at) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " \n"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "…"}, "name"),
        ({"title": "A", "name": "x" * 101}, "name"),
        ({"title": "FIRST TEAM"}, "name"),
        ({"title": "A", "name": "First_Team"}, "name"),
        ({"title": "A", "introduction": "x" * 20_001}, "introduction"),
    ],
)
def test_what_cannot_be_a_collection_is_refused(
    team: Collection, publisher: User, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(NotCollectable) as refusal:
        collecting.create(**fields, by=publisher)
    assert refusal.value.field == field
    other = collecting.create("Other", by=publisher)
    with pytest.raises(NotCollectable):
        collecting.change(other, **{"name": "", "introduction": "", **fields}, by=publisher)
    assert Collection.objects.get(pk=other.pk).title == "Other"


def test_no_character_is_too_odd_to_be_stored(publisher: User) -> None:
    odd = collecting.create("A\0b \ud800", introduction="\0\ud800", by=publisher)
    odd.refresh_from_db()
    assert (odd.title, odd.introduction) == ("Ab ?", "?")


def test_a_collection_holds_no_more_than_a_hundred(publish_source: Publish, publisher: User) -> None:
    agents = [publish_source(agent_source(f"agent-{number}"), by=publisher).agent for number in range(101)]
    team = collecting.create("Many", by=publisher)
    with pytest.raises(NotCollectable, match="at most 100 agents; these are 101"):
        collecting.set_members(team, [(agent, "") for agent in agents], by=publisher)
    collecting.set_members(team, [(agent, "") for agent in agents[1:]], by=publisher)
    assert team.members.count() == 100


def test_an_agent_stands_in_it_once_and_with_a_short_note(
    team: Collection, agents: list[Agent], publisher: User
) -> None:
    for chosen, why in (
        ([(agents[0], ""), (agents[0], "")], "once"),
        ([(agents[0], "x" * 201)], "201 characters"),
        ([], "at least one agent"),
    ):
        with pytest.raises(NotCollectable, match=why):
            collecting.set_members(team, chosen, by=publisher)
    assert len(members_of(team)) == 2


def test_what_was_never_published_is_not_put_into_it(team: Collection, publisher: User) -> None:
    draft, _ = publishing.register(read(agent_source("secret-draft")), by=publisher)
    with pytest.raises(NotCollectable, match="has not been published yet"):
        collecting.set_members(team, [(draft, "")], by=publisher)


def test_what_was_withdrawn_may_stay(team: Collection, agents: list[Agent], publisher: User) -> None:
    publishing.yank(agents[0].versions.get(), by=publisher, reason="Wrong.")
    collecting.set_members(team, [(agents[1], ""), (agents[0], "Reads.")], by=publisher)
    assert [name for name, _ in members_of(team)] == ["test-writer", "code-reviewer"]


def test_an_empty_collection_is_not_published(publisher: User) -> None:
    empty = collecting.create("Empty", by=publisher)
    with pytest.raises(NotCollectable, match="before you publish"):
        collecting.publish(empty, by=publisher)
    assert not Collection.objects.published().exists()


def test_who_saw_an_older_state_is_told(team: Collection, agents: list[Agent], publisher: User) -> None:
    seen = team.updated_at
    same = Collection.objects.get()
    collecting.change(same, title="Theirs", name="first-team", introduction="", by=publisher, seen_at=seen)
    with pytest.raises(CollectionConflict) as conflict:
        collecting.change(team, title="Mine", name="first-team", introduction="", by=publisher, seen_at=seen)
    assert conflict.value.collection.title == "Theirs"
    with pytest.raises(CollectionConflict):
        collecting.set_members(team, [(agents[2], "")], by=publisher, seen_at=seen)
    assert len(members_of(same)) == 2


def test_every_deed_is_in_the_audit_log_and_in_the_sequence_once_it_is_public(
    agents: list[Agent], publisher: User
) -> None:
    before = changes.latest().number
    team = collecting.create("Team", by=publisher)
    collecting.change(team, title="First", name="team", introduction="", by=publisher)
    collecting.set_members(team, [(agents[0], "")], by=publisher)
    assert changes.latest().number == before
    collecting.publish(team, by=publisher)
    collecting.change(team, title="Second", name="team", introduction="", by=publisher)
    collecting.set_members(team, [(agents[1], "")], by=publisher)
    collecting.unpublish(team, by=publisher)
    collecting.unpublish(team, by=publisher)
    public = changes.latest().number
    assert public == before + 4
    assert agents_since(before) == [None]
    collecting.delete(team, by=publisher)
    collecting.delete(team, by=publisher)
    assert changes.latest().number == public
    assert verbs() == [
        f"collection-{deed}"
        for deed in ("created", "changed", "filled", "published", "changed", "filled", "unpublished", "deleted")
    ]
    assert not Member.objects.exists()
    assert Agent.objects.count() == 3


def test_deleting_what_is_public_is_told_to_the_public(team: Collection, publisher: User) -> None:
    before = changes.latest().number
    collecting.delete(team, by=publisher)
    assert changes.latest().number == before + 1


def test_people_read_what_was_done(team: Collection, publisher: User) -> None:
    collecting.unpublish(team, by=publisher)
    collecting.change(team, title="Second", name="second", introduction="", by=publisher)
    collecting.delete(team, by=publisher)
    told = [said(event) for event in Event.objects.filter(verb__startswith="collection-").order_by("pk")]
    assert told == [
        "made the collection First team",
        "put 2 agents into the collection First team",
        "published the collection First team",
        "took the collection First team off the public pages",
        "changed title, name, introduction of the collection Second",
        "deleted the collection Second",
    ]
