"""What is done to many agents at once: category, tags, deprecation; who is passed over, and what is said."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from catalog import publishing, shelving
from catalog.admin import bulk
from catalog.definition import read
from catalog.models import Agent, Category, Event, Tag, Version
from catalog.search import matching
from tests.forms import fields_of, log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
AGENTS = "/admin/catalog/agent/"


@pytest.fixture
def writing(db: None) -> Category:
    return Category.objects.create(name="writing", title="Writing")


@pytest.fixture
def agents(publish_source: Publish, editor: User) -> list[Agent]:
    """Two that were published, and one that was not."""
    published = [publish_source(agent_source(name)).agent for name in ("first", "second")]
    return [*published, publishing.register(read(agent_source("third")), by=editor)[0]]


def text(content: bytes) -> str:
    return re.sub(r"\s+", " ", content.decode())


def ask(client: Client, deed: str, agents: list[Agent], query: str = "", **more: str) -> str:
    """Tick the agents in the list and choose what to do: the page that asks."""
    form = {"action": deed, "index": "0", "_selected_action": [str(agent.pk) for agent in agents], **more}
    answer = client.post(AGENTS + query, form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def do(client: Client, deed: str, agents: list[Agent], **told: str | list[str]) -> str:
    """Ask, and press the button; the page that follows."""
    form = fields_of(ask(client, deed, agents))
    return text(client.post(f"{AGENTS}bulk/{deed}/", {**form, **told}, follow=True).content)


def names(agents: list[Agent]) -> list[str]:
    return [agent.name for agent in agents]


# --- Categories and tags ---------------------------------------------------------------------------


def test_a_publisher_moves_agents_to_a_category(
    client: Client, publisher: User, agents: list[Agent], writing: Category
) -> None:
    shelving.categorise(agents[:1], writing, by=publisher)
    page = do(log_in(client, publisher), "category", agents, category="writing")
    assert "2 agents moved to Writing. 1 was passed over: already in Writing." in page
    assert Agent.objects.in_category("writing").count() == 3
    assert Event.objects.filter(verb="categorised", actor=publisher).count() == 3
    assert "3 agents taken out of their category." in do(client, "category", agents, category="-")
    assert not Agent.objects.in_category("writing").exists()


def test_an_editor_moves_only_what_was_never_published(
    client: Client, editor: User, agents: list[Agent], writing: Category
) -> None:
    page = ask(log_in(client, editor), "category", agents)
    assert "Move to a category: 1 agent" in page
    assert "2 passed over: you may not change published agents" in page
    page = do(client, "category", agents, category="writing")
    assert "1 agent moved to Writing. 2 were passed over: you may not change published agents." in page
    assert names(list(Agent.objects.in_category("writing"))) == ["third"]


def test_where_all_are_passed_over_there_is_nothing_to_press(client: Client, editor: User, agents: list[Agent]) -> None:
    page = ask(log_in(client, editor), "tag", agents[:2])
    assert "None of the agents you ticked can be changed so." in page
    assert "<button" not in page.partition("<main")[2].replace("messages", "").partition("<form")[2]


def test_tags_are_added_found_and_taken_off(client: Client, publisher: User, agents: list[Agent]) -> None:
    shelving.tag(agents[:1], ["python"], by=publisher)
    page = do(log_in(client, publisher), "tag", agents, tags="Zebra Crossing, python")
    assert "3 agents tagged zebra-crossing, python." in page
    assert names(sorted(matching(Agent.objects.published(), "zebra"), key=lambda agent: agent.name)) == [
        "first",
        "second",
    ]
    assert Event.objects.filter(verb="tagged").latest("pk").data["tags"] == ["python", "zebra-crossing"]
    asked = ask(client, "untag", agents)
    assert "zebra-crossing (3)" in asked
    page = do(client, "untag", agents, tags=["zebra-crossing"])
    assert "3 agents no longer tagged zebra-crossing." in page
    assert not matching(Agent.objects.published(), "zebra").exists()
    assert set(Agent.objects.values_list("tags__name", flat=True)) == {"python"}


def test_an_agent_has_no_room_for_more_tags_than_fifty(client: Client, publisher: User, agents: list[Agent]) -> None:
    shelving.tag(agents[:1], [f"tag-{number}" for number in range(50)], by=publisher)
    page = do(log_in(client, publisher), "tag", agents, tags="one-more")
    assert "2 agents tagged one-more. 1 was passed over: an agent has at most 50 tags." in page
    assert agents[0].tags.count() == 50


@pytest.mark.parametrize(
    ("deed", "told", "sentence"),
    [
        ("category", {"category": ""}, "Choose a category."),
        ("category", {"category": "gone"}, "Select a valid choice."),
        ("tag", {"tags": "!!!"}, "is no tag"),
        ("untag", {}, "Tick at least one tag."),
        ("deprecate", {"note": "", "successor": ""}, "This field is required."),
        ("deprecate", {"note": "Old.", "successor": "nobody"}, "There is no agent named nobody."),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_changed(
    client: Client, publisher: User, agents: list[Agent], deed: str, told: dict[str, str], sentence: str
) -> None:
    before = Event.objects.count()
    assert sentence in do(log_in(client, publisher), deed, agents, **told)
    assert Event.objects.count() == before


# --- Standing --------------------------------------------------------------------------------------


def test_agents_are_deprecated_and_recommended_again(client: Client, publisher: User, agents: list[Agent]) -> None:
    page = do(log_in(client, publisher), "deprecate", agents, note="Slow.", successor="second")
    assert "1 agent marked as deprecated." in page
    assert "1 was passed over: never published." in page
    assert "1 was passed over: an agent cannot be replaced by itself." in page
    first = Agent.objects.get(name="first")
    assert (first.deprecation_note, first.successor) == ("Slow.", agents[1])
    assert Event.objects.filter(verb="deprecated").count() == 1
    assert "already deprecated" in ask(client, "deprecate", agents)
    page = do(client, "undeprecate", agents)
    assert "1 agent recommended again. 2 were passed over: not deprecated." in page


def test_an_editor_deprecates_nothing(client: Client, editor: User, agents: list[Agent]) -> None:
    log_in(client, editor)
    assert "Deprecate…" not in client.get(AGENTS).content.decode()
    assert "No action selected" in ask(client, "deprecate", agents)
    form = {"agents": ",".join(str(agent.pk) for agent in agents), "note": "Old.", "successor": ""}
    for deed in ("deprecate", "undeprecate"):
        assert client.post(f"{AGENTS}bulk/{deed}/", form).status_code == 403
    assert not Agent.objects.exclude(deprecated_at=None).exists()


# --- From the list and back ------------------------------------------------------------------------


def test_all_that_answer_a_filter_are_meant_and_the_filter_stays(
    client: Client, publisher: User, agents: list[Agent], writing: Category
) -> None:
    query = "?state=published&q=s"
    asked = ask(log_in(client, publisher), "category", agents[:1], query, select_across="1")
    assert "Move to a category: 2 agents" in asked
    answer = client.post(f"{AGENTS}bulk/category/", {**fields_of(asked), "category": "writing"})
    assert answer["Location"] == AGENTS + "?state=published&q=s"


def test_no_more_than_five_hundred_are_changed_in_one_go(
    client: Client, publisher: User, agents: list[Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    page = ask(log_in(client, publisher), "category", agents)
    assert "More than 2 agents are chosen" in page
    form = {"agents": ",".join(str(agent.pk) for agent in agents), "category": "-"}
    client.post(f"{AGENTS}bulk/category/", form)
    assert bulk._keys(form["agents"]) == [agent.pk for agent in agents[:2]]


@pytest.mark.parametrize("form", [{}, {"agents": ""}, {"agents": "x,-1,²"}])
def test_a_page_without_agents_leads_back(client: Client, publisher: User, form: dict[str, str]) -> None:
    log_in(client, publisher)
    assert client.post(f"{AGENTS}bulk/category/", form)["Location"] == AGENTS
    assert client.get(f"{AGENTS}bulk/category/")["Location"] == AGENTS


def test_many_agents_take_hardly_more_queries_than_few(
    client: Client, publisher: User, publish_source: Publish, writing: Category
) -> None:
    agents = [publish_source(agent_source(f"agent-{number}")).agent for number in range(40)]
    log_in(client, publisher)

    def count(deed: str, some: list[Agent], **told: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            do(client, deed, some, **told)
        return len(queries)

    few = count("category", agents[:2], category="writing")
    assert count("category", agents, category="writing") == few
    few = count("tag", agents[:2], tags="one")
    assert count("tag", agents, tags="two") <= few + 4 * 38  # the index is written for each
    assert Tag.objects.count() == 2


@pytest.mark.browser
def test_agents_are_ticked_and_moved_by_keyboard(
    page_of: Callable[[User], Page], publisher: User, agents: list[Agent], writing: Category
) -> None:
    page = page_of(publisher)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(AGENTS)
    page.get_by_label("Select all objects on this page").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("3 of 3 selected")).to_be_visible()
    choice = page.get_by_label("With the selected")
    choice.focus()
    page.keyboard.type("Move")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Category").focus()
    page.keyboard.type("Writing")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("3 agents moved to Writing.")
    assert Agent.objects.in_category("writing").count() == 3
