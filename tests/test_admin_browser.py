"""The admin in a real browser: readable by everybody, within the policy, and true to every byte."""

import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog import drafting, publishing, tokens
from catalog.definition import Example, read
from catalog.models import Agent, Category, Event, Scope, Tag, Version
from tests.accessibility import assert_everybody_can_read
from tests.sources import agent_source

pytestmark = pytest.mark.browser

Publish = Callable[..., Version]
# A draft in which every control of the editor has something to show.
LONG = (
    read(agent_source("young", prompt="# 規則\n\n" + "読みやすさを確かめる。" * 40 + "\n\n```python\nprint(1)\n```\n"))
    .replace(color="pink", model="claude-next", tools=("Read", "Bash(git *)", "mcp__github"), maxTurns=3, whatever="x")
    .replace(hooks={"Stop": [{"type": "command", "command": "true"}]}, permissionMode="plan")
    .with_examples(
        [Example("Late.", "見てください。", "I do.", "It is " + "long " * 60), Example("", "Again?", "Yes.", "")]
    )
    .source
)


@pytest.fixture
def addresses(publish_source: Publish, admin: User) -> list[str]:
    """The pages of a catalog in which something of every kind stands."""
    category = Category.objects.create(name="writing", title="Writing")
    first = publish_source(agent_source(), category=category)
    second = publish_source(agent_source(prompt="# Rules\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", model="opus"))
    agent = first.agent
    agent.tags.add(Tag.objects.create(name="python"))
    drafting.open_draft(agent, by=admin, source=agent_source(model="sonet", tools="Reed"))
    old = publish_source(agent_source("old"))
    publishing.deprecate(old.agent, by=admin, note="Slow.", successor=agent)
    publishing.yank(publish_source(agent_source("bad")), by=admin, reason="It is wrong.")
    bare, _ = publishing.register(read(agent_source("bare")), by=admin)
    asked = drafting.open_draft(old.agent, by=admin, source=agent_source("old", prompt="New.\n"))
    drafting.submit(asked, by=admin, revision=1)
    young, _ = publishing.register(read(agent_source("young")), by=admin)
    returned = drafting.submit(drafting.open_draft(young, by=admin, source=LONG), by=admin, revision=1)
    drafting.return_(returned, by=admin, revision=2, reason="Shorter.")
    group = Group.objects.create(name="Readers")
    ends = timezone.now() + timedelta(days=90)
    token, _ = tokens.issue(admin, by=admin, label="Build", scopes=Scope, expires_at=ends, agents=[agent])
    ended, _ = tokens.issue(admin, by=admin, label="Old", scopes=Scope, expires_at=ends, categories=[category])
    tokens.revoke(ended, by=admin)
    Event.objects.create(actor=admin, token=token, verb="drafted", agent=agent)
    lists = [f"catalog/{name}/" for name in ("agent", "draft", "version", "category", "tag", "event", "apitoken")]
    return [
        f"/admin/{path}"
        for path in (
            *("", "catalog/", "import/", "review/", "password_change/", "catalog/category/add/"),
            *(f"catalog/agent/add/{way}" for way in ("", "?way=copy", "?way=text", f"?from={agent.name}")),
            *lists,
            *("catalog/agent/?state=changed", "catalog/agent/?q=nothing", "auth/user/", "auth/user/add/"),
            *(f"catalog/agent/{agent.pk}/draft/?pane={pane}" for pane in ("file", "changes", "checks")),
            *(f"catalog/agent/{young.pk}/draft/?view={view}" for view in ("form", "source")),
            f"catalog/agent/{old.agent_id}/review/",
            *(f"catalog/agent/{agent.pk}/{page}/" for page in ("change", "draft", "rename", "deprecate")),
            *(f"catalog/agent/{old.agent_id}/{page}/" for page in ("change", "undeprecate", "draft")),
            *(f"catalog/agent/{bare.pk}/change/", f"catalog/agent/{agent.pk}/draft/discard/"),
            *(f"catalog/version/{first.pk}/{page}/" for page in ("change", "yank", "restore")),
            f"catalog/version/{second.pk}/change/",
            *(f"catalog/category/{category.pk}/{page}/" for page in ("change", "delete", "history")),
            *("catalog/apitoken/add/", "catalog/apitoken/?state=off"),
            *(f"catalog/apitoken/{token.pk}/{page}/" for page in ("change", "revoke")),
            f"catalog/apitoken/{ended.pk}/change/",
            *(f"auth/user/{admin.pk}/change/", f"auth/group/{group.pk}/change/"),
        )
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_every_page_is_readable_by_everybody_and_breaks_no_policy(
    page_of: Callable[[User], Page], admin: User, addresses: list[str], scheme: str, width: int
) -> None:
    page = page_of(admin)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for address in addresses:
        assert page.goto(address).status == 200, address
        assert_everybody_can_read(page)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_what_opens_on_a_page_is_readable_by_everybody(
    page_of: Callable[[User], Page], admin: User, addresses: list[str], scheme: str, width: int
) -> None:
    page = page_of(admin)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    young = Agent.objects.get(name="young")
    page.goto(f"/admin/catalog/agent/{young.pk}/draft/")
    for summary in page.locator("#draft details > summary").all():
        summary.click()
    assert_everybody_can_read(page)
    page.get_by_label("Title").focus()
    page.get_by_text("More", exact=True).last.click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert_everybody_can_read(page)
    for deed in ("category", "tags", "deprecate"):
        page.goto("/admin/catalog/agent/")
        page.get_by_role("checkbox", name="Select this object for an action").first.check()
        options = page.get_by_label("With the selected:").locator("option").all_text_contents()
        chosen = next(option for option in options if deed in option.lower())
        page.get_by_label("With the selected:").select_option(label=chosen)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert_everybody_can_read(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_log_in_page_is_readable_by_everybody(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/admin/")
    expect(page).to_have_title("Log in · Agent Catalog")
    assert_everybody_can_read(page)


def test_the_chosen_colours_hold_for_the_admin_and_the_public_site(
    page_of: Callable[[User], Page], admin: User
) -> None:
    page = page_of(admin)
    page.emulate_media(color_scheme="light")
    page.goto("/admin/")
    page.get_by_role("button", name="Dark colours").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("link", name="Public site").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == ground


def test_somebody_imports_mends_and_publishes(page_of: Callable[[User], Page], publisher: User, tmp_path: Path) -> None:
    archive = tmp_path / "agents.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("writing/code-reviewer.md", agent_source(model="sonet"))
        files.writestr("writing/broken.md", "no agent at all")
    page = page_of(publisher)
    page.goto("/admin/")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Agent files").set_input_files(archive)
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_role("heading", name="Refused")).to_be_visible()
    assert_everybody_can_read(page)
    page.get_by_role("button", name="Import 1 as draft").click()
    assert_everybody_can_read(page)
    page.get_by_role("link", name="code-reviewer").click()
    page.get_by_role("link", name="Edit draft").click()
    page.get_by_role("tab", name="Checks").click()
    page.get_by_role("link", name="Go to Model").click()
    expect(page.get_by_role("radio", name="Another model")).to_be_focused()
    page.get_by_role("link", name="Source").click()
    page.get_by_role("button", name="Line 4").click()
    expect(page.get_by_label("Text of the file")).to_be_visible()
    selected = "(() => { const t = document.getElementById('source');"
    assert page.evaluate(f"{selected} return t.value.slice(t.selectionStart, t.selectionEnd); }})()") == "model: sonet"
    page.get_by_role("tabpanel").get_by_role("button", name="Change to sonnet").click()
    expect(page.get_by_label("Text of the file")).to_have_value(agent_source(model="sonnet"))
    page.get_by_label("What changed?").fill("The first one")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 1.")).to_be_visible()
    page.get_by_role("link", name="Public page").click()
    expect(page.get_by_role("heading", name="Code Reviewer", level=1)).to_be_visible()
    assert Agent.objects.get().latest_version.model == "sonnet"


def test_every_step_works_without_scripts(
    chromium: object, live_server: object, publisher: User, settings: object
) -> None:
    settings.CATALOG_BASE_URL = live_server.url
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/admin/")
    page.get_by_label("Username").fill("pablo")
    page.get_by_label("Password").fill("pablo's password")
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/catalog/agent/add/?way=text")
    page.get_by_label("Text of the file").fill(agent_source())
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_role("radio", name="opus").check()
    page.get_by_role("button", name="Add an example").click()
    page.get_by_label("The user says").fill("Look at this.")
    page.get_by_label("The assistant answers").fill("The reviewer does.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Changes").click()
    page.get_by_role("link", name="Source").click()
    source = page.get_by_label("Text of the file")
    source.fill(source.input_value().replace("opus", "haiku"))
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 1.")).to_be_visible()
    context.close()
    definition = Agent.objects.get().latest_version.definition
    assert (definition.model, [example.user for example in definition.examples]) == ("haiku", ["Look at this."])
