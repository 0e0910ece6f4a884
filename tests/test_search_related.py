"""Agents like another one share the rare words of its title, tags and lead."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import publishing, search, shelving
from catalog.models import Agent, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

SHELF = {
    "python-reviewer": "An expert that reviews Python services for faults.",
    "python-tester": "An expert that tests Python packages.",
    "rust-reviewer": "An expert that reviews Rust crates for faults.",
    "menu-writer": "An expert that writes menus.",
    "recipe-writer": "An expert that writes recipes for a menu.",
    "tax-advisor": "An expert that advises on taxes.",
    "データベース設計": "データベースの設計を支援します。",
    "データベース監視": "データベースを監視します。",
}


@pytest.fixture
def shelf(publish_source: Publish, publisher: User) -> dict[str, Agent]:
    return {name: publish_source(agent_source(name, lead)).agent for name, lead in SHELF.items()}


def names_like(agent: Agent, limit: int = 6) -> list[str]:
    fresh = Agent.objects.with_latest().get(pk=agent.pk)
    names = dict(Agent.objects.values_list("pk", "name"))
    return [names[pk] for pk in search.similar(fresh, limit)]


def test_related_agents_share_rare_words(shelf: dict[str, Agent]) -> None:
    assert names_like(shelf["menu-writer"])[0] == "recipe-writer"
    assert set(names_like(shelf["python-reviewer"])[:2]) == {"python-tester", "rust-reviewer"}
    assert names_like(shelf["データベース設計"])[0] == "データベース監視"
    assert "tax-advisor" not in names_like(shelf["python-reviewer"], 2)


def test_an_agent_is_never_related_to_itself_and_each_is_given_once(shelf: dict[str, Agent]) -> None:
    for agent in shelf.values():
        like = names_like(agent)
        assert agent.name not in like
        assert len(set(like)) == len(like) <= 6
        assert like == names_like(agent)


def test_as_many_are_given_as_are_wanted(shelf: dict[str, Agent]) -> None:
    assert len(names_like(shelf["python-reviewer"], 1)) == 1
    assert names_like(shelf["python-reviewer"], 0) == []


def test_a_tag_relates(shelf: dict[str, Agent], publisher: User) -> None:
    shelving.tag([shelf["tax-advisor"], shelf["rust-reviewer"]], ["monthly"], by=publisher)
    assert names_like(shelf["tax-advisor"])[0] == "rust-reviewer"


def test_what_is_withdrawn_is_not_related(shelf: dict[str, Agent], publisher: User) -> None:
    publishing.yank(Agent.objects.get(name="recipe-writer").latest_version, by=publisher, reason="wrong")
    assert "recipe-writer" not in names_like(shelf["menu-writer"])
    assert names_like(shelf["recipe-writer"]) == []


def test_an_only_agent_has_none_like_it(publish_source: Publish) -> None:
    assert names_like(publish_source(agent_source()).agent) == []


def test_related_agents_cost_few_queries(
    shelf: dict[str, Agent], django_assert_max_num_queries: Callable[..., object]
) -> None:
    agent = Agent.objects.with_latest().get(name="python-reviewer")
    with django_assert_max_num_queries(3):
        assert search.similar(agent, 6)
