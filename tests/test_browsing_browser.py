"""Finding an agent as people do: results as one types, the back button, a phone, the keyboard, no scripts."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from catalog import facets, publishing, shelving
from catalog.models import Agent, Category, Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADDRESSES = (
    "/",
    "/agents/",
    "/agents/?q=review&category=craft&tool=Bash",
    "/agents/?q=zeppelin&tag=fast",
    "/agents/?page=7",
    "/categories/",
    "/categories/craft/",
    "/tags/",
    "/tags/fast/",
)


@pytest.fixture
def catalog(publish_source: Publish, publisher: User) -> None:
    shelf = Category.objects.create(name="craft", title="Craft", description="Things made by hand.")
    reviewer = publish_source(agent_source(color="pink", tools="Read, Bash"), category=shelf).agent
    poet = publish_source(agent_source("poet", "Writes verse about the sea.", tools="Read"), category=shelf).agent
    publish_source(agent_source("人類学者", "人々の文化を調べます。", "# 役割\n\n文化を調べます。\n"))
    long = publish_source(agent_source("x" * 90, f"{'Reviews everything, always. ' * 60}{'y' * 300}")).agent
    shelving.tag([reviewer, poet, long], ["fast", "z" * 90], by=publisher)
    publishing.deprecate(poet, by=publisher, note="Slow.")
    Agent.objects.filter(name="poet").update(downloads=12_345)
    facets.forget()


def names_on(page: Page) -> list[str]:
    return page.locator(".agent-title").all_text_contents()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody(
    page: Page, catalog: None, complaints: list[str], scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    for address in ADDRESSES:
        page.goto(address)
        assert_everybody_can_read(page)
    complaints[:] = [said for said in complaints if "status of 404" not in said]


def test_results_come_as_one_types_and_the_box_keeps_the_focus(page: Page, catalog: None) -> None:
    page.goto("/agents/?tag=fast")
    page.get_by_role("searchbox").press_sequentially("verse")
    expect(page.get_by_role("heading", name="1 agent for “verse”")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 agent for “verse”")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.locator("mark")).to_have_text("verse")
    expect(page).to_have_url(re.compile(r"/agents/\?q=verse&tag=fast$"))
    expect(page).to_have_title(re.compile("verse"))
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("heading", name="3 agents")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/agents/\?tag=fast$"))
    page.reload()
    expect(page.get_by_role("heading", name="3 agents")).to_be_visible()


def test_home_shows_results_as_one_types_and_back_leads_home(page: Page, catalog: None) -> None:
    page.goto("/")
    page.get_by_role("searchbox").press_sequentially("verse")
    expect(page.get_by_role("heading", name="1 agent for “verse”")).to_be_visible()
    expect(page.get_by_role("heading", name="New this week")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/agents/\?q=verse$"))
    page.get_by_role("link", name="Poet").click()
    expect(page.get_by_role("heading", name="Poet", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="1 agent for “verse”")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("verse")
    page.go_back()
    expect(page.get_by_role("heading", name="New this week")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_enter_keeps_what_was_found_for_the_back_button(page: Page, catalog: None) -> None:
    page.goto("/")
    field = page.get_by_role("searchbox")
    for words in ("verse", "review"):
        field.fill(words)
        expect(page.get_by_role("heading", name=f"for “{words}”")).to_be_visible()
        field.press("Enter")
    page.go_back()
    expect(page.get_by_role("heading", name="for “verse”")).to_be_visible()
    expect(field).to_have_value("verse")
    page.go_back()
    expect(page.get_by_role("heading", name="New this week")).to_be_visible()


def test_an_emptied_box_brings_the_home_page_back(page: Page, catalog: None) -> None:
    page.goto("/")
    field = page.get_by_role("searchbox")
    field.fill("verse")
    expect(page.get_by_role("heading", name="1 agent for “verse”")).to_be_visible()
    field.fill("")
    expect(page.get_by_role("heading", name="New this week")).to_be_visible()
    expect(page).to_have_url(re.compile(r"[0-9]/$"))
    expect(field).to_be_focused()


def test_an_answer_that_comes_late_never_replaces_a_later_one(page: Page, catalog: None) -> None:
    held: list[Route] = []
    page.route(re.compile(r"q=ver$"), lambda route: held.append(route))
    page.goto("/agents/")
    field = page.get_by_role("searchbox")
    field.fill("ver")
    page.wait_for_timeout(400)
    assert held
    field.fill("review")
    expect(page.get_by_role("heading", name="for “review”")).to_be_visible()
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", name="for “review”")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_without_a_network_what_is_shown_stays_and_enter_asks_again(
    page: Page, catalog: None, complaints: list[str]
) -> None:
    page.goto("/agents/")
    page.route(re.compile(r"q="), lambda route: route.abort())
    page.get_by_role("searchbox").fill("verse")
    page.wait_for_timeout(400)
    assert len(names_on(page)) == 4
    page.unroute_all()
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", name="1 agent for “verse”")).to_be_visible()
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said]


@pytest.mark.parametrize("address", ["/", "/agents/", "/collections/"])
def test_nothing_is_wider_than_a_narrow_window(page: Page, catalog: None, address: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_half_a_character_is_not_searched_for(page: Page, catalog: None) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/agents/")
    asked.clear()
    page.get_by_role("searchbox").focus()
    page.evaluate(
        """() => {
            const field = document.activeElement;
            field.value = "b";
            field.dispatchEvent(new InputEvent("input", {isComposing: true}));
        }"""
    )
    page.wait_for_timeout(300)
    assert [address for address in asked if "q=" in address] == []
    page.evaluate(
        """() => {
            document.activeElement.value = "文化";
            document.activeElement.dispatchEvent(new CompositionEvent("compositionend"));
        }"""
    )
    expect(page.get_by_role("heading", name="1 agent for “文化”")).to_be_visible()


def test_nothing_moves_over_the_results_while_one_types(page: Page, catalog: None) -> None:
    for address in ("/", "/agents/"):
        page.goto(address)
        field = page.get_by_role("searchbox")
        before = field.bounding_box()
        field.fill("verse")
        expect(page.get_by_role("heading", name="for “verse”")).to_be_visible()
        assert field.bounding_box() == before


def test_the_options_that_were_unfolded_stay_so(page: Page, publish_source: Publish, publisher: User) -> None:
    for number in range(10):
        agent = publish_source(agent_source(f"agent-{number}")).agent
        shelving.tag([agent], [f"tag-{n}" for n in range(10)], by=publisher)
    page.goto("/agents/")
    page.get_by_text("2 more").click()
    page.get_by_role("searchbox").fill("review")
    expect(page.get_by_role("heading", name="10 agents for “review”")).to_be_visible()
    expect(page.get_by_role("link", name="tag-9")).to_be_visible()


def test_without_scripts_a_list_is_searched_narrowed_and_sorted(
    chromium: Browser, live_server: LiveServer, catalog: None
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/categories/craft/")
    page.get_by_role("searchbox").fill("verse")
    page.get_by_role("button", name="Search").click()
    assert names_on(page)[0].strip() == "Poet"
    page.goto("/agents/")
    page.get_by_role("link", name="Bash").click()
    expect(page.get_by_role("heading", name="1 agent")).to_be_visible()
    page.get_by_role("link", name="Remove Tool Bash").click()
    page.get_by_role("link", name="Most downloaded").click()
    assert names_on(page)[0].strip() == "Poet"
    context.close()


def test_on_a_phone_facets_and_sorts_are_sheets(page: Page, catalog: None) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/agents/")
    shelf = page.get_by_role("navigation", name="Narrow down").get_by_role("link", name="Craft")
    expect(shelf).to_be_hidden()
    page.get_by_role("button", name="Narrow down").click()
    shelf.click()
    expect(page.get_by_role("heading", name="2 agents")).to_be_visible()
    page.get_by_role("button", name="Sort by Name").click()
    page.get_by_role("link", name="Most downloaded").click()
    assert names_on(page)[0].strip() == "Poet"
    expect(page.get_by_role("link", name="Remove Category Craft")).to_be_visible()


def test_on_a_wide_screen_the_facets_stand_beside_the_list(page: Page, catalog: None) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/agents/")
    expect(page.get_by_role("navigation", name="Narrow down").get_by_role("link", name="Craft")).to_be_visible()
    expect(page.get_by_role("button", name="Narrow down")).to_be_hidden()


def test_a_tag_is_found_as_one_types(page: Page, catalog: None) -> None:
    page.goto("/tags/")
    page.get_by_role("searchbox", name="Find a tag").fill("fas")
    expect(page.get_by_text("1 tag with “fas”").first).to_be_visible()
    page.get_by_role("link", name="fast").click()
    expect(page.get_by_role("heading", name="fast", level=1)).to_be_visible()
