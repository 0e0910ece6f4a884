"""Handing a draft on, in a real browser: what is asked before, and that the history of versions says what changed."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog import drafting, publishing
from catalog.definition import Example, read
from catalog.models import Agent, Draft, Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

pytestmark = pytest.mark.browser

PageOf = Callable[[User], Page]
CHANGED = agent_source(model="opus")
WITH_EXAMPLE = read(agent_source()).with_examples([Example("", "Look at this.", "The reviewer does.", "")])
NOBODY_IS_TOLD = "Nobody is told when to use this agent: write a sentence before the examples."


@pytest.fixture
def draft(publish_source: Callable[..., Version], editor: User) -> Draft:
    """A change to version 1, of which nobody has said what it is."""
    version = publish_source(agent_source())
    return drafting.open_draft(version.agent, by=editor, source=CHANGED)


def open_editor(page: Page, draft: Draft, view: str = "form") -> Page:
    page.goto(f"/admin/catalog/agent/{draft.agent_id}/draft/?view={view}")
    expect(page.get_by_role("tab", name="Page")).to_be_visible()
    return page


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Publish this draft?")


def publish_button(page: Page) -> Locator:
    return page.locator("#editor").get_by_role("button", name="Publish", exact=True)


def notes() -> list[str]:
    return list(Version.objects.order_by("number").values_list("note", flat=True))


# --- What changed ----------------------------------------------------------------------------------------


def test_publishing_asks_what_changed_and_keeps_the_answer(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft)
    publish_button(page).click()
    expect(question(page).get_by_label("What changed?")).to_be_focused()
    expect(question(page)).to_contain_text("You may leave it empty.")
    assert_everybody_can_read(page)
    page.keyboard.type("Thinks more")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", "Thinks more"]


def test_what_changed_may_be_left_unsaid(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft)
    publish_button(page).click()
    question(page).get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", ""]


@pytest.mark.parametrize("way", ["Escape", "Back"])
def test_going_back_publishes_nothing_and_leads_back_to_the_button(
    page_of: PageOf, publisher: User, draft: Draft, way: str
) -> None:
    page = open_editor(page_of(publisher), draft)
    for _ in range(2):
        publish_button(page).click()
        expect(question(page).get_by_label("What changed?")).to_be_focused()
        if way == "Escape":
            page.keyboard.press(way)
        else:
            question(page).get_by_role("button", name=way).click()
        expect(question(page)).to_be_hidden()
        expect(publish_button(page)).to_be_focused()
    assert Draft.objects.get().source == CHANGED
    assert notes() == [""]


def test_what_was_written_before_going_back_is_kept_with_the_draft(
    page_of: PageOf, publisher: User, draft: Draft
) -> None:
    page = open_editor(page_of(publisher), draft)
    publish_button(page).click()
    question(page).get_by_label("What changed?").fill("Thinks more")
    page.keyboard.press("Escape")
    expect(page.locator("#note")).to_have_value("Thinks more")
    expect(page.locator("#save-state[data-state=saved]")).to_be_visible()
    assert Draft.objects.get().note == "Thinks more"
    publish_button(page).click()
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", "Thinks more"]


def test_whoever_said_what_changed_is_not_asked(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft)
    page.locator("#note").fill("Said below")
    publish_button(page).click()
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", "Said below"]


def test_of_a_first_version_and_of_the_same_text_nobody_is_asked_what_changed(
    page_of: PageOf, publisher: User, draft: Draft
) -> None:
    page = open_editor(page_of(publisher), draft, "source")
    page.get_by_label("Text of the file").fill(agent_source())
    publish_button(page).click()
    expect(page.get_by_text("Version 1 has this text already.")).to_be_visible()
    agent, _ = publishing.register(read(agent_source("young")), by=publisher)
    open_editor(page, drafting.open_draft(agent, by=publisher, source=agent_source("young")))
    publish_button(page).click()
    expect(page.get_by_text("Published as version 1.")).to_be_visible()


def test_the_key_asks_in_the_same_way(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft)
    page.locator("#lead").press("Control+Enter")
    expect(question(page).get_by_label("What changed?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#lead")).to_be_focused()
    page.locator("#note").fill("Said below")
    page.locator("#note").press("Control+Enter")  # pressed by mistake more easily than a button
    expect(question(page).get_by_role("button", name="Publish")).to_be_focused()
    expect(question(page).get_by_label("What changed?")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", "Said below"]


def test_who_publishes_a_text_in_review_says_what_changed(
    page_of: PageOf, editor: User, publisher: User, draft: Draft
) -> None:
    drafting.submit(draft, by=editor, revision=draft.revision)
    page = open_editor(page_of(publisher), draft)
    publish_button(page).click()
    question(page).get_by_label("What changed?").fill("Thinks more")
    question(page).get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert notes() == ["", "Thinks more"]


def test_submitting_is_asked_nothing_more_than_before(page_of: PageOf, editor: User, draft: Draft) -> None:
    page = open_editor(page_of(editor), draft)
    page.locator("#lead").press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Submit this draft for review?")
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    dialog.get_by_role("button", name="Not yet").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("Submitted.")).to_be_visible()


def test_what_stands_in_the_way_is_said_before_anybody_is_asked(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft, "source")
    page.get_by_label("Text of the file").fill("---\nname: code-reviewer\n---\n")
    publish_button(page).click()
    expect(page.get_by_text("Saved, but not published")).to_be_visible()
    assert notes() == [""]


def test_without_scripts_publishing_publishes(
    chromium: Browser, live_server: LiveServer, settings: object, publisher: User, draft: Draft
) -> None:
    client = Client()
    client.force_login(publisher)
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/admin/catalog/agent/{draft.agent_id}/draft/")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    context.close()
    assert notes() == ["", ""]


# --- The lead --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
def test_an_agent_with_examples_and_no_lead_is_not_published_before_one_is_written(
    page_of: PageOf, publisher: User, draft: Draft, width: int
) -> None:
    drafting.save(draft, WITH_EXAMPLE.source, by=publisher, revision=draft.revision)
    page = page_of(publisher)
    page.set_viewport_size({"width": width, "height": 844})
    open_editor(page, draft)
    lead = page.get_by_label("When should somebody use this agent?")
    lead.fill("")
    publish_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text(f"Saved, but not published. {NOBODY_IS_TOLD}")
    expect(lead).to_be_focused()
    expect(page.locator("#findings-lead")).to_contain_text(re.compile(rf"Not published:\s*{NOBODY_IS_TOLD}"))
    assert_everybody_can_read(page)
    assert notes() == [""]
    lead.fill("Use it for every change.")
    expect(page.locator("#findings-lead")).to_be_empty()
    publish_button(page).click()
    question(page).get_by_label("What changed?").fill("Shows an example")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Published as version 2.")).to_be_visible()
    assert Agent.objects.get().latest_version.lead == "Use it for every change."
