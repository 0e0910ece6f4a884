"""The admin in a real browser: readable by everybody, within the policy, and true to every byte."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Category, Draft, Tag, Version
from tests.corpus import SEED, is_present
from tests.sources import agent_source

pytestmark = pytest.mark.browser

Publish = Callable[..., Version]
DEFINITIONS = Path(__file__).parent / "definitions" / "good"
MIXED = (
    "\ufeff\n---\r\nname: code-reviewer\ndescription: Mixed.\r---\r\n\r\n  two spaces  \n\ttab\n\n<b>&amp;</b>\r\r"
    "last \n\n"
)


def assert_everybody_can_read(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} pixels wider than the window"


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
    group = Group.objects.create(name="Readers")
    lists = [f"catalog/{name}/" for name in ("agent", "draft", "version", "category", "tag", "event")]
    return [
        f"/admin/{path}"
        for path in (
            *("", "catalog/", "import/", "password_change/", "catalog/agent/add/", "catalog/category/add/"),
            *lists,
            *("catalog/agent/?state=changed", "catalog/agent/?q=nothing", "auth/user/", "auth/user/add/"),
            *(f"catalog/agent/{agent.pk}/{page}/" for page in ("change", "draft", "rename", "deprecate")),
            *(f"catalog/agent/{old.agent_id}/{page}/" for page in ("change", "undeprecate", "draft")),
            *(f"catalog/agent/{bare.pk}/change/", f"catalog/agent/{agent.pk}/draft/discard/"),
            *(f"catalog/version/{first.pk}/{page}/" for page in ("change", "yank", "restore")),
            f"catalog/version/{second.pk}/change/",
            *(f"catalog/category/{category.pk}/{page}/" for page in ("change", "delete", "history")),
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


def browser_sources() -> dict[str, str]:
    sources = {path.stem: path.read_bytes().decode() for path in sorted(DEFINITIONS.glob("*.md"))}
    sources |= {"mixed": MIXED, "empty": "", "line end first": "\n\n---\nname: x", "crlf": "a\r\n\r\n", "cr": "a\rb\r"}
    return sources | ({"the seed": SEED.read_bytes().decode()} if is_present() else {})


def test_an_untouched_save_keeps_every_byte(page_of: Callable[[User], Page], admin: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=admin)
    draft = drafting.open_draft(agent, by=admin)
    page = page_of(admin)
    for name, source in browser_sources().items():
        draft = drafting.save(draft, source, by=admin, revision=draft.revision)
        page.goto(f"/admin/catalog/agent/{agent.pk}/draft/")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("status").first).to_contain_text("Saved. Not published yet.")
        stored = Draft.objects.get()
        assert (stored.source, stored.revision) == (source, draft.revision), name


def test_one_line_typed_changes_one_line(page_of: Callable[[User], Page], admin: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=admin)
    drafting.open_draft(agent, by=admin, source=MIXED)
    page = page_of(admin)
    page.goto(f"/admin/catalog/agent/{agent.pk}/draft/")
    page.evaluate("document.getElementById('source').setSelectionRange(5, 5)")
    box = page.get_by_label("Text of the file")
    text = box.input_value()
    box.fill(text.replace("Mixed.", "Changed."))
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").first).to_contain_text("Saved. Not published yet.")
    assert Draft.objects.get().source == MIXED.replace("Mixed.", "Changed.")


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
    page.get_by_role("button", name="Line 4").click()
    selected = "(() => { const t = document.getElementById('source');"
    assert page.evaluate(f"{selected} return t.value.slice(t.selectionStart, t.selectionEnd); }})()") == "model: sonet"
    page.get_by_role("button", name="Change to sonnet").click()
    expect(page.get_by_role("status").first).to_contain_text("Mended and saved")
    page.get_by_label("Note for the list of versions").fill("The first one")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").first).to_contain_text("Published as version 1.")
    page.get_by_role("link", name="Public page").click()
    expect(page.get_by_role("heading", name="Code Reviewer", level=1)).to_be_visible()
    assert Agent.objects.get().latest_version.model == "sonnet"


def test_files_are_dropped_on_the_page(page_of: Callable[[User], Page], publisher: User) -> None:
    page = page_of(publisher)
    page.goto("/admin/import/")
    transfer = page.evaluate_handle(
        """text => { const all = new DataTransfer();
        all.items.add(new File([text], "code-reviewer.md")); all.items.add(new File(["x"], "other.md"));
        return all; }""",
        agent_source(),
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": transfer})
    expect(page.get_by_text("2 files: code-reviewer.md, other.md")).to_be_visible()
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_role("heading", name="Will become drafts")).to_be_visible()


def test_two_people_write_and_nothing_is_lost(page_of: Callable[[User], Page], editor: User, publisher: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=agent_source())
    page = page_of(editor)
    page.goto(f"/admin/catalog/agent/{agent.pk}/draft/")
    page.get_by_label("Text of the file").fill(agent_source(color="green"))
    drafting.save(draft, agent_source(model="opus"), by=publisher, revision=1)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("pablo changed this while you were writing.")
    expect(page.get_by_label("Text of the file")).to_have_value(agent_source(color="green"))
    expect(page.get_by_role("region", name="Differences between the two texts")).to_contain_text("model: opus")
    assert_everybody_can_read(page)
    assert Draft.objects.get().source == agent_source(model="opus")


def test_the_page_is_left_without_a_question_where_the_text_was_saved(
    page_of: Callable[[User], Page], publisher: User
) -> None:
    agent, _ = publishing.register(read(agent_source()), by=publisher)
    drafting.open_draft(agent, by=publisher, source=agent_source("another"))
    page = page_of(publisher)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"/admin/catalog/agent/{agent.pk}/draft/")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_contain_text("Saved, but not published.")
    page.get_by_label("Text of the file").click()  # a browser asks only where somebody did something
    page.get_by_role("link", name="Back to the agent").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refused_form_gives_the_text_back_to_be_copied(
    page_of: Callable[[User], Page], editor: User, scheme: str, complaints: list[str]
) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    drafting.open_draft(agent, by=editor)
    page = page_of(editor)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/admin/catalog/agent/{agent.pk}/draft/")
    page.evaluate("document.querySelector('#draft [name=csrfmiddlewaretoken]').value = 'old'")
    page.get_by_label("Text of the file").fill("What I wrote")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Text of the file")).to_have_value("What I wrote")
    assert [complaint for complaint in complaints if "403" not in complaint] == []
    complaints.clear()
    assert_everybody_can_read(page)
    page.get_by_role("link", name="open the form again").click()
    expect(page.get_by_role("heading", name="Draft: Code Reviewer")).to_be_visible()


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
    page.goto("/admin/catalog/agent/add/")
    page.get_by_label("Text of the file").fill(agent_source())
    page.get_by_role("button", name="Save as draft").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 1.")).to_be_visible()
    context.close()
    assert Agent.objects.get().latest_version.source == agent_source()
