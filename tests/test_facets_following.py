"""The shelf of a process follows what is published: at once, with few queries, and as if it were loaded anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import enumerate as running_threads
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from catalog import changes, collecting, drafting, facets, publishing, shelving
from catalog.definition import parse
from catalog.facets import KINDS, Shelf
from catalog.models import Agent, Category, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]


def told(shelf: Shelf) -> dict[str, Any]:
    """All that a shelf can say, short of combinations."""
    everyone = shelf.chosen({})
    counts = shelf.counts(everyone, {})
    return {
        "counts": counts,
        "orders": {sort: shelf.page(everyone, sort, 0, 1000) for sort in shelf.orders},
        "members": {
            (kind, option.value): shelf.page(shelf.chosen({kind: (option.value,)}), "name", 0, 1000)
            for kind in KINDS
            for option in counts[kind]
        },
    }


def values(shelf: Shelf, kind: str) -> dict[str, int]:
    return {option.value: option.count for option in shelf.counts(shelf.chosen({}), {})[kind]}


def names(shelf: Shelf, sort: str = "name", **filters: tuple[str, ...]) -> list[str]:
    pks = shelf.page(shelf.chosen(filters), sort, 0, 1000)
    by_pk = Agent.objects.in_bulk(pks)
    return [by_pk[pk].name for pk in pks]


@pytest.fixture
def engineering(db: None) -> Category:
    return Category.objects.create(name="engineering", title="Engineering")


@pytest.fixture
def agents(publish_source: Publish, engineering: Category, publisher: User) -> list[Agent]:
    """Three agents that differ in everything, oldest first."""
    source = agent_source("alpha", model="opus", tools="Read, Bash(git:*)", permissionMode="plan")
    first = publish_source(source, category=engineering).agent
    second = publish_source(agent_source("beta", model="inherit", tools="Read")).agent
    third = publish_source(agent_source("gamma")).agent
    shelving.tag([first, second], ["python"], by=publisher)
    shelving.tag([first], ["testing"], by=publisher)
    return [first, second, third]


# --- What stands on it -----------------------------------------------------------------------------------


def test_every_kind_counts_the_published_agents(agents: list[Agent]) -> None:
    shelf = facets.shelf()
    assert shelf.total == 3
    assert values(shelf, "category") == {"engineering": 1}
    assert values(shelf, "tag") == {"python": 2, "testing": 1}
    assert values(shelf, "model") == {"": 2, "opus": 1}  # "inherit" and nothing: the reader's own choice
    assert values(shelf, "tool") == {"Read": 2, "Bash": 1, "*": 1}
    assert values(shelf, "mode") == {"plan": 1}
    assert shelf.title("category", "engineering") == "Engineering"
    assert shelf.title("category", "nowhere") == "nowhere"


def test_of_tags_and_tools_all_are_wanted_and_of_the_rest_any(agents: list[Agent]) -> None:
    shelf = facets.shelf()
    assert names(shelf, tag=("python",)) == ["alpha", "beta"]
    assert names(shelf, tag=("python", "testing")) == ["alpha"]
    assert names(shelf, tool=("Read", "Bash")) == ["alpha"]
    assert names(shelf, model=("opus", "")) == ["alpha", "beta", "gamma"]
    assert names(shelf, model=("inherit",)) == ["beta", "gamma"]
    assert names(shelf, model=("inherit",), tag=("python",)) == ["beta"]
    assert names(shelf, model=("opus", "unheard of")) == ["alpha"]
    assert names(shelf, tag=("python", "unheard of")) == names(shelf, category=("unheard of",)) == []
    assert names(shelf, tag=()) == ["alpha", "beta", "gamma"]


def test_only_what_is_published_is_on_it(agents: list[Agent], editor: User, publisher: User) -> None:
    publishing.register(parse(agent_source("delta")), by=editor)
    drafting.open_draft(agents[0], by=editor, source=agent_source("alpha", model="haiku"))
    publishing.yank(agents[1].versions.get(), by=publisher, reason="broken")
    shelf = facets.shelf()
    assert names(shelf) == ["alpha", "gamma"]
    assert values(shelf, "model") == {"": 1, "opus": 1}


def test_an_agent_whose_facets_were_not_filled_yet_has_none(agents: list[Agent]) -> None:
    Agent.objects.filter(pk=agents[2].pk).update(facets={})
    shelf = facets.shelf()
    assert shelf.total == 3
    assert (values(shelf, "model"), values(shelf, "tool")) == ({"": 1, "opus": 1}, {"Read": 2, "Bash": 1})


def test_the_orders(agents: list[Agent], publish_source: Publish) -> None:
    publish_source(agent_source("alpha", prompt="Another.\n"))
    Agent.objects.filter(pk=agents[1].pk).update(downloads=7)
    shelf = facets.shelf()
    assert names(shelf, "name") == ["alpha", "beta", "gamma"]
    assert names(shelf, "new") == ["gamma", "beta", "alpha"]
    assert names(shelf, "updated") == ["alpha", "gamma", "beta"]
    assert names(shelf, "downloaded") == ["beta", "gamma", "alpha"]


def test_an_empty_catalog_has_an_empty_shelf(db: None) -> None:
    shelf = facets.shelf()
    assert (shelf.total, len(shelf.chosen({"tag": ("python",)})), len(shelf.among([1, 2]))) == (0, 0, 0)
    assert told(shelf) == {
        "counts": {kind: [] for kind in KINDS},
        "orders": {"name": [], "new": [], "updated": [], "downloaded": []},
        "members": {},
    }


# --- How it follows ----------------------------------------------------------------------------------------


def _publish(agent: Agent, by: User) -> None:
    publishing.publish(agent, agent_source("alpha", model="haiku", tools="Write"), by=by)


def _publish_another(agent: Agent, by: User) -> None:
    other, _ = publishing.register(parse(agent_source("another")), by=by)
    publishing.publish(other, agent_source("another", tools="Grep"), by=by)


def _yank(agent: Agent, by: User) -> None:
    publishing.yank(agent.versions.get(), by=by, reason="broken")


def _yank_and_unyank(agent: Agent, by: User) -> None:
    _yank(agent, by)
    facets.shelf()
    publishing.unyank(agent.versions.get(), by=by)


def _rename(agent: Agent, by: User) -> None:
    publishing.rename(agent, "zeta", by=by)


def _tag_anew(agent: Agent, by: User) -> None:
    shelving.set_tags(agent, ["go"], by=by)


def _move(agent: Agent, by: User) -> None:
    shelving.categorise([agent], Category.objects.create(name="design", title="Design"), by=by)


def _collect(agent: Agent, by: User) -> None:
    collecting.create("My set", by=by)
    collecting.publish(_filled(agent, by), by=by)


def _filled(agent: Agent, by: User) -> Any:
    collection = collecting.create("Another set", by=by)
    collecting.set_members(collection, [(agent, "")], by=by)
    return collection


@pytest.mark.parametrize(
    "change",
    [_publish, _publish_another, _yank, _yank_and_unyank, _rename, _tag_anew, _move, _collect],
    ids=lambda change: change.__name__.strip("_"),
)
def test_it_follows_a_change_as_if_it_were_loaded_anew(
    change: Callable[[Agent, User], None], agents: list[Agent], publisher: User
) -> None:
    before = facets.shelf()
    as_it_was = told(before)
    change(agents[0], publisher)
    after = facets.shelf()
    assert after.generation == changes.latest() != before.generation
    assert after.slots is before.slots, "it was loaded anew, not brought up to date"
    facets.forget()
    assert told(after) == told(facets.shelf())
    assert told(before) == as_it_was


def _retitle(category: Category) -> None:
    category.name, category.title = "builders", "Builders"
    category.save()


@pytest.mark.parametrize("change", [_retitle, Category.delete], ids=["another name", "deleted"])
def test_it_follows_what_happens_to_a_category(
    change: Callable[[Category], object], agents: list[Agent], engineering: Category
) -> None:
    facets.shelf()
    with transaction.atomic():
        change(engineering)
        changes.record([None])
    shelf = facets.shelf()
    expected = {} if change is Category.delete else {"builders": "Builders"}
    assert {option.value: option.title for option in shelf.counts(shelf.chosen({}), {})["category"]} == expected
    assert shelf.total == 3


def test_it_follows_a_tag_that_gets_another_name(agents: list[Agent]) -> None:
    facets.shelf()
    with transaction.atomic():
        Tag.objects.filter(name="testing").update(name="tests")
        changes.record([None])
    assert values(facets.shelf(), "tag") == {"python": 2, "tests": 1}


def test_after_very_many_changes_it_is_loaded_anew(agents: list[Agent]) -> None:
    before = facets.shelf()
    with transaction.atomic():
        changes.record(agents * 20)
    after = facets.shelf()
    assert after.generation == changes.latest()
    assert after.slots is not before.slots
    assert told(after) == told(before)


def test_it_asks_once_when_nothing_changed_and_not_at_all_when_told(
    agents: list[Agent], publisher: User, django_assert_num_queries: Any
) -> None:
    before = facets.shelf()
    with django_assert_num_queries(1):
        assert facets.shelf() is before
    with django_assert_num_queries(0):
        assert facets.shelf(before.generation) is before
    _tag_anew(agents[0], publisher)
    with django_assert_num_queries(6):  # the newest, those since, categories, names of tags, tags, agents
        facets.shelf()


def test_what_an_agent_is_asked_for_costs_no_query(agents: list[Agent], django_assert_num_queries: Any) -> None:
    shelf = facets.shelf()
    with django_assert_num_queries(0):
        told(shelf)


def test_a_shelf_that_is_newer_than_asked_for_is_given(agents: list[Agent], publisher: User) -> None:
    old = facets.shelf().generation
    _tag_anew(agents[0], publisher)
    new = facets.shelf()
    assert facets.shelf(old) is new


def test_the_order_of_downloads_is_read_again_when_it_is_old(
    agents: list[Agent], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    assert names(facets.shelf(), "downloaded") == ["gamma", "beta", "alpha"]
    Agent.objects.filter(pk=agents[0].pk).update(downloads=3)
    assert names(facets.shelf(), "downloaded") == ["gamma", "beta", "alpha"]
    monkeypatch.setattr(facets, "DOWNLOADS_SECONDS", -1)
    with django_assert_num_queries(2):
        shelf = facets.shelf()
    assert names(shelf, "downloaded") == ["alpha", "gamma", "beta"]


# --- Beside others -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_was_rolled_back_leaves_no_trace(agents: list[Agent], publisher: User) -> None:
    before = told(facets.shelf())
    with suppress(LookupError), transaction.atomic():
        _tag_anew(agents[0], publisher)
        assert "go" in values(facets.shelf(), "tag")  # within the transaction it has happened
        raise LookupError
    assert told(facets.shelf()) == before


@pytest.mark.django_db(transaction=True)
def test_not_even_where_the_next_change_takes_its_number(agents: list[Agent], publisher: User) -> None:
    facets.shelf()
    with suppress(LookupError), transaction.atomic():
        _tag_anew(agents[0], publisher)
        facets.shelf()
        raise LookupError
    shelving.tag([agents[2]], ["rust"], by=publisher)
    shelving.tag([agents[2]], ["swift"], by=publisher)
    assert values(facets.shelf(), "tag") == {"python": 2, "testing": 1, "rust": 1, "swift": 1}


@pytest.mark.django_db(transaction=True)
def test_who_asks_after_a_change_sees_it_whoever_else_asks(agents: list[Agent], publisher: User) -> None:
    facets.forget()

    def tag_and_look(number: int) -> list[bool]:
        try:
            seen = []
            for turn in range(5):
                name = f"tag-{number}-{turn}"
                shelving.tag([agents[number % 3]], [name], by=publisher)
                seen.append(agents[number % 3].name in names(facets.shelf(), tag=(name,)))
            return seen
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(tag_and_look, range(6))) == [[True] * 5] * 6
    after = told(facets.shelf())
    facets.forget()
    assert after == told(facets.shelf())


@pytest.mark.django_db(transaction=True)
def test_a_process_that_serves_loads_it_before_it_is_asked(agents: list[Agent], django_assert_num_queries: Any) -> None:
    generation = changes.latest()
    facets.warm_up()
    for thread in running_threads():
        if thread.name == "facets":
            thread.join()
    with django_assert_num_queries(0):
        assert facets.shelf(generation).total == 3
