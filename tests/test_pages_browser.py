"""The public pages as people meet them: in a browser, on a phone, in the dark, by keyboard, without scripts."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog import publishing
from catalog.models import Category, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXAMPLES = (
    r"'Reviews code.\n\n<example>\nContext: After a change.\nuser: \"Look at this\"\nassistant: \"I will.\"\n"
    r"<commentary>It is a review.</commentary>\n</example>'"
)
PROMPT = (
    """# Reviewer

Say `what` is **wrong**.

| Fault | Weight |
| --- | ---: |
| a very long word: """
    + "x" * 200
    + """ | 3 |

## How

```python
def answer() -> int:
    return 42  # """
    + "and so on " * 40
    + """
```

- [x] done
"""
)
ADDRESSES = (
    "/",
    "/agents/",
    "/agents/?q=review&category=craft",
    "/agents/?q=zeppelin",
    "/agents/code-reviewer/",
    "/agents/code-reviewer/?view=source",
    "/agents/code-reviewer/1/",
    "/agents/code-reviewer/exports/?tool=codex",
    "/agents/人類学者/",
    "/agents/gone/",
    "/nothing",
)


@pytest.fixture
def catalog(publish_source: Publish, publisher: User) -> None:
    shelf = Category.objects.create(name="craft", title="Craft")
    publish_source(agent_source(description=EXAMPLES, color="pink", tools="Read, Bash"), category=shelf)
    reviewer = publish_source(
        agent_source(description=EXAMPLES, color="pink", prompt=PROMPT), note="More to say."
    ).agent
    reviewer.tags.add(Tag.objects.create(name="fast"))
    publish_source(
        agent_source(name="人類学者", description="人々の文化を調べます。", prompt="# 役割\n\n文化を調べます。\n")
    )
    publishing.yank(publish_source(agent_source(name="gone")), by=publisher, reason="It lies.")
    old = publish_source(agent_source(name="old-hand", color="yellow", model="opus")).agent
    publishing.deprecate(old, by=publisher, note="Slow.", successor=reviewer)


def without_the_expected(complaints: list[str]) -> None:
    complaints[:] = [said for said in complaints if "status of 404" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_accessible_and_fits(
    page: Page, catalog: None, complaints: list[str], scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    for address in ADDRESSES:
        page.goto(address)
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["target"]) for v in violations] == [], address
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, address
    without_the_expected(complaints)


def test_the_choice_of_colours_is_remembered_and_given_up_again(page: Page, catalog: None) -> None:
    page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page.goto("/")
    light = page.evaluate(ground)
    switch = page.get_by_role("button", name="Dark colours")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    dark = page.evaluate(ground)
    assert dark != light
    page.goto("/agents/code-reviewer/")
    assert page.evaluate(ground) == dark
    switch.click()
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")  # back at the system's choice, which is followed again
    assert page.evaluate(ground) == dark


def test_what_is_copied_is_the_command_the_file_and_the_prompt(page: Page, catalog: None) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/agents/code-reviewer/")
    copied = "navigator.clipboard.readText()"

    page.get_by_role("button", name="the command").first.click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    commands = page.evaluate(copied).splitlines()
    assert [command.partition(" http")[0] for command in commands] == [
        "claude plugin marketplace add",
        "claude plugin install code-reviewer@agent-catalog",
    ]

    version = Version.objects.get(agent__name="code-reviewer", number=2)
    for button, text in (("Copy file", version.source), ("Copy prompt", version.prompt)):
        page.get_by_role("button", name=button).click()
        page.wait_for_function("text => navigator.clipboard.readText().then(now => now === text)", arg=text)


def test_without_scripts_everything_can_be_read_and_found(
    chromium: Browser, live_server: LiveServer, catalog: None
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox").fill("review")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Code Reviewer").click()
    expect(page.get_by_role("heading", name="Code Reviewer", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Copy prompt")).to_be_hidden()
    page.get_by_role("link", name="Source", exact=True).click()
    expect(page.get_by_text("name: code-reviewer", exact=True)).to_be_visible()
    context.close()


def test_the_keyboard_reaches_the_content_and_the_search(page: Page, catalog: None) -> None:
    page.goto("/agents/code-reviewer/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_finding_leads_to_its_line(page: Page, publish_source: Publish) -> None:
    publish_source(agent_source(model="gpt-4"))
    page.goto("/agents/code-reviewer/")
    page.locator(".findings, .panel details").first.click()
    page.get_by_role("link", name="Line 4").first.click()
    expect(page.locator("#line-4")).to_be_in_viewport()
