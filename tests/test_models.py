"""What the rows themselves hold, and the questions people ask of them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction

from catalog import drafting, publishing
from catalog.definition import parse
from catalog.models import Agent, Category, Tag, Version
from tests.sources import agent_source


def test_the_migrations_are_up_to_date(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_public_learns_only_of_agents_that_offer_a_version(
    publish_source: Callable[..., Version], publisher: User
) -> None:
    offered = publish_source(agent_source("offered")).agent
    publishing.yank(publish_source(agent_source("withdrawn")), by=publisher, reason="broken")
    unpublished, _ = publishing.register(parse(agent_source("unpublished")), by=publisher)
    drafting.open_draft(unpublished, by=publisher, source=agent_source("unpublished"))
    assert list(Agent.objects.published()) == [offered]


def test_agents_are_found_by_shelf_and_tag(publish_source: Callable[..., Version]) -> None:
    shelf = Category.objects.create(name="review", title="Review")
    agent = publish_source(agent_source("code-reviewer"), category=shelf).agent
    other = publish_source(agent_source("critic")).agent
    other.tags.add(Tag.objects.create(name="strict"))
    assert list(Agent.objects.in_category("review")) == [agent]
    assert list(Agent.objects.tagged("strict")) == [other]


def test_agents_come_newest_first_and_recently_updated_first(publish_source: Callable[..., Version]) -> None:
    first, second = (publish_source(agent_source(name)).agent for name in ("first", "second"))
    publish_source(agent_source("first", prompt="Again.\n"))
    assert list(Agent.objects.newest_first()) == [second, first]
    assert list(Agent.objects.recently_updated()) == [first, second]


def test_a_list_of_agents_costs_two_queries_and_loads_no_long_text(
    publish_source: Callable[..., Version], django_assert_num_queries: Callable[..., object]
) -> None:
    for name in ("one", "two", "three"):
        publish_source(agent_source(name))
    with django_assert_num_queries(2):
        agents = list(Agent.objects.published().with_latest())
        seen = [(agent.category, agent.latest_version.lead, list(agent.tags.all())) for agent in agents]
    assert len(seen) == 3
    assert agents[0].latest_version.get_deferred_fields() == {"source", "prompt"}


@pytest.mark.parametrize("name", ["Code-Reviewer", "CODE-REVIEWER", "code-reviewer"])
def test_two_agents_cannot_have_one_name_in_any_case(publish_source: Callable[..., Version], name: str) -> None:
    agent = publish_source(agent_source("code-reviewer")).agent
    other = publish_source(agent_source("critic")).agent
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=other.pk).update(name=name)
    assert Agent.objects.get(name="code-reviewer") == agent


@pytest.mark.parametrize(
    "changes",
    [{"yanked_by": None}, {"yanked_at": None}],
    ids=["by nobody", "at no time"],
)
def test_a_withdrawn_version_says_when_and_by_whom(
    publish_source: Callable[..., Version], publisher: User, changes: dict[str, None]
) -> None:
    version = publish_source(agent_source())
    publishing.yank(version, by=publisher, reason="broken")
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(**changes)


def test_an_agent_does_not_succeed_itself(publish_source: Callable[..., Version]) -> None:
    agent = publish_source(agent_source()).agent
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(successor=agent)


def test_rows_know_their_addresses(publish_source: Callable[..., Version]) -> None:
    shelf = Category.objects.create(name="review", title="Review")
    version = publish_source(agent_source(), category=shelf)
    assert version.agent.get_absolute_url() == "/agents/code-reviewer/"
    assert version.get_absolute_url() == "/agents/code-reviewer/1/"
    assert shelf.get_absolute_url() == "/categories/review/"
    assert Tag(name="strict").get_absolute_url() == "/tags/strict/"


def test_rows_read_well_in_lists(publish_source: Callable[..., Version], publisher: User) -> None:
    version = publish_source(agent_source(description="Reviews. <example>user: 'Look'\\nassistant: 'Yes'</example>"))
    draft = drafting.open_draft(version.agent, by=publisher)
    assert str(version.agent) == "Code Reviewer"
    assert (str(version), str(draft)) == ("code-reviewer v1", "draft of code-reviewer")
    assert str(version.events.get()).startswith("published at 20")
    assert draft.definition == version.definition == parse(version.source)
