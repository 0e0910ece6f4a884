"""The admin: lists, the page of an agent, categories and tags, the start page."""

import re
from collections.abc import Callable

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Category, Event, Tag, Version
from catalog.search import matching
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
AGENTS = "/admin/catalog/agent/"


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def names_in(client: Client, query: str = "") -> list[str]:
    page = text_of(client, AGENTS + query)
    return re.findall(r'<span class="address">([^<]+)</span>', page)


@pytest.fixture
def shelves(publish_source: Publish, publisher: User, editor: User) -> dict[str, Agent]:
    """An agent of each state."""
    writing, _ = Category.objects.get_or_create(name="writing", title="Writing")
    agents = {
        name: publish_source(agent_source(name), by=publisher, category=writing).agent
        for name in ("published", "changed", "withdrawn", "deprecated")
    }
    drafting.open_draft(agents["published"], by=editor)  # without a change
    drafting.open_draft(agents["changed"], by=editor, source=agent_source("changed", model="opus"))
    publishing.yank(agents["withdrawn"].latest_version, by=publisher, reason="It is wrong.")
    publishing.deprecate(agents["deprecated"], by=publisher, note="Old.", successor=agents["published"])
    agents["draft"], _ = publishing.register(read(agent_source("draft")), by=editor)
    drafting.open_draft(agents["draft"], by=editor)
    agents["published"].tags.add(Tag.objects.create(name="python"))
    return agents


# --- The list --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["changed", "deprecated", "draft", "published", "withdrawn"]),
        ("?state=published", ["changed", "deprecated", "published"]),
        ("?state=changed", ["changed"]),
        ("?state=draft", ["draft"]),
        ("?state=withdrawn", ["withdrawn"]),
        ("?state=deprecated", ["deprecated"]),
        ("?category=-", ["draft"]),
        ("?category=writing&state=withdrawn", ["withdrawn"]),
        ("?tag=python", ["published"]),
        ("?q=deprec", ["deprecated"]),
        ("?q=nothing+like+that", []),
    ],
)
def test_the_list_of_agents_is_narrowed(
    client: Client, editor: User, shelves: dict[str, Agent], query: str, expected: list[str]
) -> None:
    assert names_in(log_in(client, editor), query) == expected


def test_the_list_says_the_state_of_each_agent(client: Client, editor: User, shelves: dict[str, Agent]) -> None:
    page = text_of(log_in(client, editor), AGENTS)
    rows = {re.search(r'"address">(\w+)<', row)[1]: row for row in page.split("<tr>")[2:]}
    states = {name: re.findall(r'class="state \w+">([^<]+)<', row) for name, row in rows.items()}
    assert states == {
        "published": ["Published v1"],
        "changed": ["Published v1", "Changes waiting"],
        "withdrawn": ["Withdrawn"],
        "deprecated": ["Published v1", "Deprecated"],
        "draft": ["Draft"],
    }
    assert "by elif" in rows["changed"]
    assert "by pablo" in rows["withdrawn"] or "ago" in rows["withdrawn"] or "just now" in rows["withdrawn"]


@pytest.mark.parametrize("address", [AGENTS, "/admin/catalog/draft/", "/admin/catalog/version/", "/admin/"])
def test_the_queries_of_a_list_do_not_grow_with_it(
    client: Client, admin: User, publish_source: Publish, address: str
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    def add(name: str) -> None:
        agent = publish_source(agent_source(name)).agent
        drafting.open_draft(agent, by=admin)
        drafting.open_draft(publishing.register(read(agent_source(f"{name}-draft")), by=admin)[0], by=admin)

    log_in(client, admin)
    add("first")
    before = count()
    for number in range(6):
        add(f"agent-{number}")
    assert count() == before
    assert before <= 16


# --- The page of an agent ---------------------------------------------------------------------------------


def change(client: Client, agent: Agent, **fields: str) -> str:
    form = {"title": agent.title, "category": "", "tags": "", "maintainers": "", "license": "", "origin_url": ""}
    answer = client.post(f"{AGENTS}{agent.pk}/change/", {**form, **fields}, follow=True)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_what_is_known_of_an_agent_is_changed_and_found(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source()).agent
    writing = Category.objects.create(name="writing", title="Writing")
    page = change(
        log_in(client, publisher),
        agent,
        title="Careful Reader",
        category=str(writing.pk),
        tags="Code Review, python",
        maintainers="pablo",
        license="MIT",
        origin_url="https://example.org/agents",
    )
    assert "Saved." in page
    assert 'id="versions"' in page  # the page of the agent, not the list
    agent = Agent.objects.get()
    assert (agent.title, agent.category, agent.license) == ("Careful Reader", writing, "MIT")
    assert sorted(agent.tags.values_list("name", flat=True)) == ["code-review", "python"]
    assert list(agent.maintainers.all()) == [publisher]
    assert list(matching(Agent.objects.published(), "careful")) == [agent]
    assert list(matching(Agent.objects.published(), "python")) == [agent]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "This field is required."),
        ({"maintainers": "nobody-here"}, "There is nobody with the username nobody-here."),
        ({"tags": "!!!"}, "is no tag"),
    ],
)
def test_what_an_agent_cannot_have_is_said(
    client: Client, publisher: User, publish_source: Publish, fields: dict[str, str], sentence: str
) -> None:
    agent = publish_source(agent_source()).agent
    assert sentence in change(log_in(client, publisher), agent, **fields)
    assert Agent.objects.get().title == "Code Reviewer"


def test_the_audit_log_has_one_name(client: Client, admin: User, publish_source: Publish) -> None:
    publish_source(agent_source())
    page = text_of(log_in(client, admin), "/admin/catalog/event/")
    assert "<h1>Audit log</h1>" in page
    assert "Events" not in page
    assert ">Audit log</a>" in text_of(client, f"/admin/catalog/event/{Event.objects.first().pk}/change/")


# --- Categories, tags, people --------------------------------------------------------------------------------


def test_the_name_of_a_category_follows_from_its_title(client: Client, admin: User) -> None:
    form = {"title": "Data & Reports", "name": "", "description": ""}
    log_in(client, admin).post("/admin/catalog/category/add/", form)
    assert Category.objects.get().name == "data-reports"
    answer = client.post("/admin/catalog/category/add/", {**form, "title": "Data, reports"})
    assert "There is one named data-reports already." in answer.content.decode()


def test_a_tag_that_is_renamed_is_found_by_its_new_name(client: Client, admin: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    agent.tags.add(Tag.objects.create(name="old"))
    log_in(client, admin).post(f"/admin/catalog/tag/{Tag.objects.get().pk}/change/", {"name": "Zebra Crossing"})
    assert Tag.objects.get().name == "zebra-crossing"
    assert list(matching(Agent.objects.published(), "zebra")) == [agent]


def test_people_are_added(client: Client, admin: User) -> None:
    form = {"username": "new", "usable_password": "true", "password1": "long-enough-8", "password2": "long-enough-8"}
    assert log_in(client, admin).post("/admin/auth/user/add/", form).status_code == 302
    assert User.objects.filter(username="new").exists()


# --- The start page -------------------------------------------------------------------------------------------


def test_an_empty_catalog_says_what_to_do_first(client: Client, admin: User) -> None:
    page = text_of(log_in(client, admin), "/admin/")
    assert "The catalog is empty." in page
    assert reverse("admin:import") in page


def test_the_start_page_shows_my_drafts_and_what_was_published(
    client: Client, editor: User, shelves: dict[str, Agent]
) -> None:
    page = text_of(log_in(client, editor), "/admin/")
    mine, published = page.index("Your drafts"), page.index("Recently published")
    assert mine < page.index(f"/admin/catalog/agent/{shelves['draft'].pk}/draft/") < published
    assert page.index(f"/admin/catalog/agent/{shelves['withdrawn'].pk}/change/") > published


def test_the_start_page_shows_an_agent_once_however_often_it_was_published(
    client: Client, editor: User, publish_source: Publish
) -> None:
    for model in ("opus", "haiku", "sonnet"):
        agent = publish_source(agent_source(model=model)).agent
    other = publish_source(agent_source("other")).agent
    published = text_of(log_in(client, editor), "/admin/").partition("Recently published")[2]
    assert re.findall(r"/agent/(\d+)/change/", published) == [str(other.pk), str(agent.pk)]
    assert "v3" in published


def test_the_start_page_counts_my_drafts(client: Client, editor: User) -> None:
    log_in(client, editor)
    for number in range(9):
        drafting.open_draft(publishing.register(read(agent_source(f"agent-{number}")), by=editor)[0], by=editor)
        page = text_of(client, "/admin/")
        assert f'Your drafts <span class="count">{number + 1}</span>' in page
        assert len(re.findall(r"/agent/\d+/draft/", page)) == min(number + 1, 8)


def test_who_has_no_rights_is_told(client: Client, db: None) -> None:
    guest = User.objects.create_user("gus", is_staff=True)
    assert "There is nothing here for you yet" in text_of(log_in(client, guest), "/admin/")


def test_the_admin_has_one_site_and_no_list_deletes(client: Client, admin: User, shelves: dict[str, Agent]) -> None:
    assert type(django_admin.site._wrapped).__name__ == "CatalogSite"
    log_in(client, admin)
    for row in ("agent", "version", "draft", "event", "category", "tag"):
        page = text_of(client, f"/admin/catalog/{row}/")
        assert "delete_selected" not in page
        answer = client.post(
            f"/admin/catalog/{row}/", {"action": "delete_selected", "_selected_action": "1", "post": "y"}
        )
        assert answer.status_code in (200, 302)
    assert Agent.objects.count() == 5
