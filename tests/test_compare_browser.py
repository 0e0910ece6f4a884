"""The page of an agent and its comparisons in a browser: for everybody, on every screen, without scripts, on paper."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog import publishing
from catalog.models import Category, Tag, Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AGENT = "/agents/code-reviewer/"
COMPARED = f"{AGENT}compare/1/2/"
EXAMPLES = r"'Reviews code.\n\n<example>\nuser: \"Look at this\"\nassistant: \"I will.\"\n</example>'"
SECTIONS = "".join(f"## Part {number}\n\n{'Say what is wrong, and where. ' * 30}\n\n" for number in range(9))
RISKY = {
    "tools": "Read, Bash(git:*), mcp__github__create_issue, Foo",
    "permissionMode": "bypassPermissions",
    "hooks": "{Stop: []}",
    "model": "gpt-4",
    "maxTurns": "20",
    "disallowedTools": "WebFetch",
}
ADDRESSES = (
    AGENT,
    f"{AGENT}1/",
    f"{AGENT}3/",
    COMPARED,
    f"{COMPARED}?view=source",
    f"{COMPARED}?view=rendered",
    f"{AGENT}compare/2/2/",
    f"{AGENT}compare/3/1/",
    "/agents/wild-one/",
    "/agents/gone/",
)


@pytest.fixture
def catalog(publish_source: Publish, publisher: User) -> None:
    shelf, tag = Category.objects.create(name="craft", title="Craft"), Tag.objects.create(name="fast")
    publish_source(agent_source(description=EXAMPLES, prompt=SECTIONS, tools="Read, Bash"), category=shelf)
    better = SECTIONS.replace("wrong", "very wrong", 3) + "| a | b |\n| --- | --- |\n| " + "x" * 300 + " | c |\n"
    reviewer = publish_source(
        agent_source(description=EXAMPLES.replace("I will", "I shall"), prompt=better, color="pink", model="opus"),
        note="Is stricter.\nSays so.",
    ).agent
    reviewer.tags.add(tag)
    third = publish_source(agent_source(description="文化を調べます。", prompt="# 役割\n\n文化を調べます。\n"))
    publishing.yank(third, by=publisher, reason="It lies.")
    wild = publish_source(agent_source(name="wild-one", description="Reviews code, and changes it.", **RISKY)).agent
    wild.tags.add(tag)
    publishing.deprecate(wild, by=publisher, note="Too wild.", successor=reviewer)
    publishing.yank(publish_source(agent_source(name="gone")), by=publisher, reason="Unsafe.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_state_of_an_agent_can_be_read_by_everybody(page: Page, catalog: None, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    for address in ADDRESSES:
        page.goto(address)
        for summary in page.locator("main summary").all():
            if summary.is_visible():  # not those of tools that are not chosen
                summary.click()
        assert_everybody_can_read(page)


def test_any_two_versions_are_chosen_without_scripts(chromium: Browser, live_server: LiveServer, catalog: None) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(AGENT)
    page.get_by_label("Compare version").select_option("1")
    page.get_by_label("with version").select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed from version 1 to version 2")
    page.get_by_role("link", name="Source", exact=True).click()
    page.get_by_role("link", name="The other way round").click()
    expect(page).to_have_url(f"{live_server.url}{AGENT}compare/2/1/?view=source")
    expect(page.get_by_role("region", name="Changed lines")).to_be_visible()
    context.close()


def test_the_contents_stand_beside_the_text_or_in_reach_of_a_thumb(page: Page, catalog: None) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(AGENT)
    contents = page.get_by_role("navigation", name="Contents")
    page.locator("#prompt-part-7").scroll_into_view_if_needed()
    expect(contents.get_by_role("link", name="Part 3")).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(contents).to_be_hidden()
    page.evaluate("scrollTo(0, 0)")
    button = page.get_by_role("button", name="Contents")
    expect(button).to_be_hidden()  # it would cover the commands
    page.locator("#prompt-part-3").scroll_into_view_if_needed()
    button.click()
    contents.get_by_role("link", name="Part 7").click()
    expect(page.get_by_role("heading", name="Part 7")).to_be_in_viewport()


def test_headings_leave_out_no_level(page: Page, catalog: None) -> None:
    for address in ADDRESSES:
        page.goto(address)
        levels = [
            int(tag[1]) for tag in page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(h => h.tagName)")
        ]
        assert levels[0] == 1, address
        assert all(after - before <= 1 for before, after in pairwise(levels)), address


def test_on_paper_there_is_the_agent_and_nothing_to_operate(page: Page, catalog: None) -> None:
    page.goto(AGENT)
    page.emulate_media(media="print")
    for words in ("What it may do", "Part 1", "Versions", "Facts"):
        expect(page.get_by_role("heading", name=words, exact=True)).to_be_visible()
    for role in ("button", "combobox", "searchbox"):
        assert all(not control.is_visible() for control in page.get_by_role(role).all())  # type: ignore[arg-type]


def test_nothing_moves_while_the_page_loads(page: Page, catalog: None) -> None:
    shift = """new Promise(done => {
        let sum = 0;
        const add = list => list.getEntries().forEach(entry => sum += entry.value);
        new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
        setTimeout(() => done(sum), 300);
    })"""
    for address in (AGENT, COMPARED):
        page.goto(address)
        assert page.evaluate(shift) < 0.01, address
