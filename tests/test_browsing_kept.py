"""Lists of more than is counted, and rows that are kept between pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from catalog import search
from catalog.models import Agent, Category, Version
from catalog.search import asking
from tests.sources import agent_source
from tests.test_browsing import facet_counts, listed, text_of

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db


def test_beyond_what_is_counted_another_value_can_still_be_chosen(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    craft = Category.objects.create(name="craft", title="Craft")
    other = Category.objects.create(name="other", title="Other")
    for number in range(6):
        source = agent_source(f"agent-{number}", model="opus" if number else "haiku", tools="Read")
        publish_source(source, category=craft if number < 2 else other)
    monkeypatch.setattr(search, "MOST", 3)
    monkeypatch.setattr(asking, "MOST", 3)
    page = text_of(client, "/agents/?q=agent&category=craft")
    assert sorted(listed(page)) == ["agent-0", "agent-1"]  # though three others are newer
    counts = facet_counts(page)
    assert counts["Other"] == "3+"  # among the first of all that are found
    assert counts["Craft"] == "2+"
    assert (counts["haiku"], counts["opus"], counts["Read"]) == ("1", "1", "2")  # all of these were found
    assert "2 agents for “agent”" in page
    both = facet_counts(text_of(client, "/agents/?q=agent&category=craft&category=other"))
    assert both["Read"] == "3+"


def test_a_row_that_is_kept_follows_the_day_the_language_and_the_agent(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source("poet"))
    assert ">today</time>" in text_of(client, "/agents/")
    with translation.override("de"):
        assert ">heute</time>" in text_of(client, "/agents/")
    Agent.objects.filter(name="poet").update(downloads=7, title="Sea Poet")
    page = text_of(client, "/agents/")
    assert "7 downloads" in page
    assert ">Sea Poet</a>" in page
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert ">yesterday</time>" in text_of(client, "/agents/")
