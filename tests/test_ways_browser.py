"""Choosing a tool in the box that says how to install: with a mouse, by keyboard, without scripts, and remembered."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog import collecting, drafting, publishing
from catalog.definition import read
from catalog.models import Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/agents/code-reviewer/"
TOOLS = ("claude", "copilot", "cursor", "codex", "gemini", "opencode", "qwen", "kiro", "droid", "apm", "git")


@pytest.fixture
def catalog(publish_source: Publish, publisher: User) -> None:
    for prompt in ("First text.\n", "Hi\n"):
        version = publish_source(agent_source(color="pink", tools="Read", hooks="{Stop: []}", prompt=prompt))
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, [(version.agent, "")], by=publisher)
    collecting.publish(team, by=publisher)


def box(page: Page) -> Locator:
    return page.get_by_role("group", name="For which tool")


def test_one_tool_is_shown_and_its_command_is_copied(page: Page, catalog: None, live_server: LiveServer) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(PAGE)
    expect(box(page).get_by_text("claude plugin install")).to_be_visible()
    page.get_by_text("Codex", exact=True).click()
    expect(box(page).get_by_text("claude plugin install")).to_be_hidden()
    expect(box(page).locator(".command:visible")).to_have_count(1)
    box(page).get_by_role("button", name="the command").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    address = f"{live_server.url}/api/v1/agents/code-reviewer/versions/latest/download?format=codex"
    command = f'curl --create-dirs -fsSLo .codex/agents/code-reviewer.toml "{address}"'
    assert page.evaluate("navigator.clipboard.readText()") == command
    box(page).get_by_role("button", name="Copy file").click()
    file = page.request.get(address).text()
    page.wait_for_function("text => navigator.clipboard.readText().then(now => now === text)", arg=file)


def test_the_tool_of_the_last_time_is_chosen_on_the_next_page(page: Page, catalog: None) -> None:
    page.goto(PAGE)
    page.get_by_text("Gemini CLI", exact=True).click()
    for address in (f"{PAGE}1/", "/collections/a-team/"):
        page.goto(address)
        expect(page.get_by_role("radio", name="Gemini CLI")).to_be_checked()
        expect(page.locator(".for-tool[data-tool=gemini]")).to_be_visible()
    page.evaluate("localStorage.setItem('tool', 'apm')")
    page.goto("/collections/a-team/")  # which is no package: what can be shown is
    expect(page.get_by_role("radio", name="Claude Code")).to_be_checked()


def test_the_keyboard_goes_through_the_tools_and_on_to_the_command(page: Page, catalog: None) -> None:
    page.goto(PAGE)
    page.get_by_role("radio", name="Claude Code").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Cursor")).to_be_focused()
    expect(page.locator(".for-tool[data-tool=cursor]")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".for-tool[data-tool=cursor] [data-copy]").first).to_be_focused()


def test_without_scripts_every_tool_can_be_chosen(chromium: Browser, live_server: LiveServer, catalog: None) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(PAGE)
    for key in TOOLS:
        page.locator(f"label[for=for-{key}]").click()
        expect(page.locator(".for-tool:visible")).to_have_count(1)
        expect(page.locator(f".for-tool[data-tool={key}]")).to_be_visible()
    expect(page.get_by_role("button", name="the command")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_read_what_each_tool_shows(page: Page, catalog: None, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(PAGE)
    page.evaluate("for (const each of document.querySelectorAll('.other-ways')) each.open = true")
    for key in ("claude", "codex", "qwen", "apm"):
        page.locator(f"label[for=for-{key}]").click()
        assert_everybody_can_read(page)
    for address in ("/agents/code-reviewer/exports/", "/collections/a-team/"):
        page.goto(address)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert_everybody_can_read(page)


def test_in_the_editor_a_report_stays_open_while_somebody_types(
    page_of: Callable[[User], Page], editor: User, live_server: LiveServer
) -> None:
    source = agent_source(color="pink")
    agent, _ = publishing.register(read(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    page = page_of(editor)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(reverse("admin:catalog_agent_draft", args=[agent.pk]))
    page.get_by_role("tab", name="Other tools").click()
    report = page.locator("#export-codex")
    report.locator("summary").first.click()
    report.get_by_text("The file,").click()
    expect(report.get_by_text("developer_instructions")).to_be_visible()
    expect(page.locator("#export-kiro dl")).to_be_hidden()
    page.locator("#lead").fill("Reviews with great care.")
    expect(report.get_by_text("Reviews with great care.")).to_be_visible()
    expect(page.locator("#export-kiro dl")).to_be_hidden()
    page.keyboard.press("Alt+Shift+Digit1")
    page.keyboard.press("Alt+Shift+Digit5")
    expect(page.locator("#export-codex")).to_be_visible()
    assert_everybody_can_read(page)
