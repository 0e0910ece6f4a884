"""One person makes an agent from nothing to submitted, with a mouse and by keyboard alone, and never sees YAML."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from catalog.models import Draft, Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

pytestmark = pytest.mark.browser

LEAD = "Use this agent to answer a guest who complains about a room. Not for bookings."
PROMPT = (
    "You answer guests of a small hotel.\n\n## How you work\n\n1. Read the complaint.\n2. Offer what the house can do."
)
_YAML = re.compile(r"^(---|(name|description|tools|model|color): )", re.MULTILINE)
_SEEN = """() => {
  const fields = [...document.querySelectorAll("input:not([type=hidden]), textarea")];
  const shown = fields.filter((field) => field.checkVisibility()).map((field) => field.value);
  return [document.body.innerText, ...shown].join("\\n");
}"""


@pytest.fixture(autouse=True)
def a_catalog_in_use(publish_source: Callable[..., Version]) -> None:
    publish_source(agent_source("code-reviewer"))


def assert_no_yaml(page: Page) -> None:
    found = _YAML.search(page.evaluate(_SEEN))
    assert found is None, f"{page.url} shows {found}"


def log_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("elif")
    page.get_by_label("Password").fill("elif's password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Your drafts")).to_be_visible()


def assert_submitted(page: Page) -> None:
    expect(page.get_by_text("Submitted.")).to_be_visible()
    assert_no_yaml(page)
    draft = Draft.objects.select_related("agent").get()
    definition = draft.definition
    assert (draft.agent.name, draft.agent.title, draft.is_in_review) == ("guest-answers", "Guest Answers", True)
    assert (definition.name, definition.lead, definition.model) == ("guest-answers", LEAD, "haiku")
    assert definition.color == "pink"
    assert definition.tools == ("Read",)
    assert definition.prompt.strip() == PROMPT
    [example] = definition.examples
    assert example.user == "The shower is cold, and nobody came."
    assert example.assistant == "I let the guest-answers agent write to them."
    assert definition.errors == ()


def test_an_agent_from_nothing_to_submitted(page: Page, editor: User) -> None:
    log_in(page)
    page.get_by_role("link", name="New agent").click()
    page.get_by_label("Title").press_sequentially("Guest Answers")
    expect(page.get_by_label("Name", exact=True)).to_have_value("guest-answers")
    page.get_by_role("radio", name="A blank outline").check()
    assert_no_yaml(page)
    page.get_by_role("button", name="Create the draft").click()
    expect(page.get_by_role("tab", name="Page")).to_be_visible()
    assert_no_yaml(page)
    page.get_by_label("When should somebody use this agent?").fill(LEAD)
    expect(page.get_by_role("tabpanel")).to_contain_text("a guest who complains")
    page.get_by_role("button", name="Add an example").click()
    page.get_by_label("The user says").fill("The shower is cold, and nobody came.")
    page.get_by_label("The assistant answers").fill("I let the guest-answers agent write to them.")
    page.get_by_role("textbox", name="Prompt", exact=True).fill(PROMPT)
    page.get_by_role("radio", name="Only these").check()
    page.get_by_role("checkbox", name=re.compile("^Read ")).check()
    page.get_by_role("radio", name="haiku").check()
    page.get_by_role("radio", name="Pink").check()
    expect(page.get_by_role("tabpanel")).to_contain_text("Reads files and searches in them")
    expect(page.locator("#save-state[data-state=saved]")).to_be_visible()
    assert_no_yaml(page)
    page.get_by_role("tab", name="Checks").click()
    assert_no_yaml(page)
    assert_everybody_can_read(page)
    page.get_by_role("button", name="Submit for review").click()
    assert_submitted(page)


# --- The same by keyboard alone -------------------------------------------------------------------------


def reach(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press a key until the focus is there, as somebody without a mouse does."""
    expect(wanted).to_be_attached()
    for _ in range(150):
        if wanted.evaluate("(element) => element === document.activeElement"):
            visible = wanted.evaluate("(element) => element.matches(':focus-visible')")
            assert visible, "the focus cannot be seen"
            return
        page.keyboard.press(key)
    raise AssertionError(f"{wanted} was never reached")


def choose(page: Page, wanted: Locator) -> None:
    """One of several radio buttons: Tab leads to the group, arrows move in it."""
    name = wanted.get_attribute("name")
    for _ in range(150):
        if page.evaluate("document.activeElement.name") == name:
            break
        page.keyboard.press("Tab")
    for _ in range(20):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{wanted} was never chosen")


def write(page: Page, wanted: Locator, text: str) -> None:
    reach(page, wanted)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_the_same_by_keyboard_alone(page: Page, editor: User) -> None:
    page.goto("/admin/")
    write(page, page.get_by_label("Username"), "elif")
    write(page, page.get_by_label("Password"), "elif's password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your drafts")).to_be_visible()
    reach(page, page.get_by_role("link", name="New agent"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_label("Title"))
    page.keyboard.type("Guest Answers")
    expect(page.get_by_label("Name", exact=True)).to_have_value("guest-answers")
    reach(page, page.get_by_role("button", name="Create the draft"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Page")).to_be_visible()
    write(page, page.get_by_label("When should somebody use this agent?"), LEAD)
    reach(page, page.get_by_role("button", name="Add an example"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("The user says")).to_be_visible()
    write(page, page.get_by_label("The user says"), "The shower is cold, and nobody came.")
    write(page, page.get_by_label("The assistant answers"), "I let the guest-answers agent write to them.")
    write(page, page.get_by_role("textbox", name="Prompt", exact=True), PROMPT)
    choose(page, page.get_by_role("radio", name="Only these"))
    reach(page, page.get_by_role("checkbox", name=re.compile("^Read ")))
    page.keyboard.press("Space")
    choose(page, page.get_by_role("radio", name="haiku"))
    choose(page, page.get_by_role("radio", name="Pink"))
    expect(page.locator("#save-state[data-state=saved]")).to_be_visible()
    page.keyboard.press("Alt+Shift+Digit4")
    expect(page.get_by_role("tab", name="Checks")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Alt+Shift+Digit1")
    reach(page, page.get_by_role("button", name="Submit for review"), "Shift+Tab")
    page.keyboard.press("Enter")
    assert_submitted(page)
