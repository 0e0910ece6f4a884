"""The editor in a real browser: nothing typed is lost, whatever happens to the session, the line or the browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from catalog import drafting, publishing
from catalog.definition import digest_of, read
from catalog.models import Agent, Draft, Version
from tests import browser
from tests.accessibility import assert_everybody_can_read
from tests.corpus import SEED, corpus_files, is_present
from tests.sources import agent_source

pytestmark = pytest.mark.browser

Publish = Callable[..., Version]
PageOf = Callable[[User], Page]
SOURCE = agent_source(prompt="\nOne.\n\nTwo.\n\nThree.\n\nFour.\n")
REAL_FILES = 20
VIEWS = ["form", "source"]
DEFINITIONS = Path(__file__).parent / "definitions" / "good"
MIXED = (
    "\ufeff\n---\r\nname: code-reviewer\ndescription: Mixed.\r---\r\n\r\n  two spaces  \n\ttab\n\n<b>&amp;</b>\r\r"
    "last \n\n"
)


@pytest.fixture
def draft(editor: User) -> Draft:
    agent, _ = publishing.register(read(SOURCE), by=editor)
    return drafting.open_draft(agent, by=editor, source=SOURCE)


@pytest.fixture
def another_page(
    chromium: Browser, live_server: LiveServer, complaints: list[str], settings: object
) -> Iterator[PageOf]:
    """The page of somebody else, in a browser of their own."""
    contexts = []

    def open_page(user: User) -> Page:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(base_url=live_server.url)
        contexts.append(context)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return browser.open_page(context, complaints)

    yield open_page
    for context in contexts:
        context.close()


def address(draft: Draft) -> str:
    return f"/admin/catalog/agent/{draft.agent_id}/draft/"


def open_editor(page: Page, draft: Draft, view: str = "form") -> Page:
    page.goto(f"{address(draft)}?view={view}")
    expect(page.get_by_role("tab", name="Page")).to_be_visible()
    return page


def prompt_of(page: Page) -> object:
    return page.get_by_role("textbox", name="Prompt", exact=True)


def wait_until_saved(page: Page) -> None:
    expect(page.locator("#save-state[data-state=saved]")).to_contain_text("Saved")


def stored() -> str:
    return Draft.objects.get().source


# --- Typing, seeing, saving -----------------------------------------------------------------------------


def test_the_pane_follows_and_the_draft_is_saved_by_itself(page_of: PageOf, editor: User, draft: Draft) -> None:
    page = open_editor(page_of(editor), draft)
    prompt_of(page).press("Control+End")
    page.keyboard.type("\n\n# Rules\n\nBe **kind**.")
    expect(page.get_by_role("tabpanel", name="Page").get_by_role("heading", name="Rules")).to_be_visible()
    wait_until_saved(page)
    assert stored() == SOURCE.removesuffix("\n") + "\n\n# Rules\n\nBe **kind**.\n"
    assert not Version.objects.exists()
    page.get_by_role("tab", name="File").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Be **kind**.")
    page.reload()
    expect(prompt_of(page)).to_have_value("One.\n\nTwo.\n\nThree.\n\nFour.\n\n# Rules\n\nBe **kind**.")


def test_form_and_source_are_the_same_draft(page_of: PageOf, editor: User, draft: Draft) -> None:
    page = open_editor(page_of(editor), draft)
    page.get_by_role("radio", name="opus").check()
    page.get_by_role("link", name="Source").click()
    source = page.get_by_label("Text of the file")
    assert "model: opus" in source.input_value()
    source.fill(source.input_value().replace("model: opus", "model: haiku"))
    page.get_by_role("link", name="Form").click()
    expect(page.get_by_role("radio", name="haiku")).to_be_checked()
    wait_until_saved(page)
    assert stored() == draft.definition.replace(model="haiku").source


def test_a_finding_is_mended_in_the_form(page_of: PageOf, editor: User, draft: Draft) -> None:
    drafting.save(draft, draft.definition.replace(model="sonet").source, by=editor, revision=1)
    page = open_editor(page_of(editor), draft)
    page.locator("#findings-model").get_by_role("button", name="Change to sonnet").click()
    expect(page.get_by_role("radio", name="sonnet")).to_be_checked()
    expect(page.locator("#findings-model")).to_be_empty()
    wait_until_saved(page)
    assert stored() == draft.definition.replace(model="sonnet").source


def test_what_cannot_be_written_is_said_beside_its_field_and_kept_on_the_page(
    page_of: PageOf, editor: User, draft: Draft
) -> None:
    page = open_editor(page_of(editor), draft)
    page.get_by_role("button", name="Add an example").click()
    page.get_by_label("The user says").fill("What does </example> mean?")
    page.get_by_label("The assistant answers").fill("I ask the reviewer.")
    expect(page.locator("#findings-examples")).to_contain_text("Not in the text yet")
    page.get_by_role("radio", name="opus").check()
    expect(page.locator("#save-state")).to_contain_text("Saved, but for the marked fields")
    assert stored() == draft.definition.replace(model="opus").source
    expect(page.get_by_label("The user says")).to_have_value("What does </example> mean?")
    page.get_by_label("The user says").fill("What does it mean?")
    wait_until_saved(page)
    [example] = Draft.objects.get().definition.examples
    assert example.user == "What does it mean?"


# --- What may happen meanwhile -----------------------------------------------------------------------------


def test_a_lost_connection_loses_nothing(page_of: PageOf, editor: User, draft: Draft, complaints: list[str]) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    prompt_of(page).fill("Written on a train.")
    expect(page.locator("#save-state")).to_contain_text("No connection. Kept in this browser")
    page.context.set_offline(False)
    wait_until_saved(page)
    assert Draft.objects.get().definition.prompt.strip() == "Written on a train."
    assert [said for said in complaints if "ERR_INTERNET_DISCONNECTED" not in said] == []
    complaints.clear()


def test_a_session_that_ran_out_is_renewed_in_place(
    page_of: PageOf, editor: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    Session.objects.all().delete()
    prompt_of(page).fill("Written over lunch.")
    dialog = page.get_by_role("dialog", name="Log in again")
    expect(dialog).to_be_visible()
    assert_everybody_can_read(page)
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("do not go together")
    dialog.get_by_label("Password").fill("elif's password")
    dialog.get_by_role("button", name="Log in").click()
    wait_until_saved(page)
    expect(dialog).to_be_hidden()
    expect(prompt_of(page)).to_have_value("Written over lunch.")
    assert Draft.objects.get().definition.prompt.strip() == "Written over lunch."
    assert [said for said in complaints if "401" not in said and "403" not in said] == []
    complaints.clear()


def test_a_log_in_put_off_keeps_the_text_for_the_next_visit(
    page_of: PageOf, editor: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    Session.objects.all().delete()
    prompt_of(page).fill("Written over lunch.")
    page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    open_editor(page_of(editor), draft)
    page.get_by_role("button", name="Bring it back").click()
    wait_until_saved(page)
    assert Draft.objects.get().definition.prompt.strip() == "Written over lunch."
    complaints.clear()


def test_a_browser_that_crashes_gives_the_text_back(
    page_of: PageOf, editor: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    prompt_of(page).fill("Written before the crash.")
    page.get_by_role("radio", name="opus").check()
    page.wait_for_timeout(500)  # longer than the keeping waits
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    assert stored() == SOURCE
    again = browser.open_page(page.context, complaints)
    open_editor(again, draft)
    expect(again.get_by_text("that was not saved")).to_be_visible()
    again.get_by_role("button", name="Bring it back").click()
    expect(again.get_by_role("textbox", name="Prompt", exact=True)).to_have_value("Written before the crash.")
    wait_until_saved(again)
    written = Draft.objects.get().definition
    assert (written.prompt.strip(), written.model) == ("Written before the crash.", "opus")
    again.reload()
    expect(again.get_by_role("tab", name="Page")).to_be_visible()
    expect(again.get_by_text("that was not saved")).to_have_count(0)
    assert [said for said in complaints if "ERR_INTERNET_DISCONNECTED" not in said] == []
    complaints.clear()


def test_a_crash_and_another_hand_meanwhile_end_in_both_texts(
    page_of: PageOf, editor: User, publisher: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    prompt_of(page).fill("One, says Elif.\n\nTwo.\n\nThree.\n\nFour.")
    page.wait_for_timeout(500)
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    drafting.save(draft, SOURCE.replace("Four.", "Four, says Pablo."), by=publisher, revision=1)
    again = browser.open_page(page.context, complaints)
    open_editor(again, draft).get_by_role("button", name="Bring it back").click()
    again.get_by_role("button", name="Merge both").click()
    wait_until_saved(again)
    assert stored() == SOURCE.replace("One.", "One, says Elif.").replace("Four.", "Four, says Pablo.")
    complaints.clear()


def test_what_is_typed_while_a_save_is_on_its_way_survives_a_crash(
    page_of: PageOf, editor: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    held: list[Route] = []

    def hold_the_first_save(route: Route) -> None:
        if held:
            route.abort()
        elif '"do":"save"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/live/", hold_the_first_save)
    prompt_of(page).fill("First.")
    page.wait_for_timeout(900)  # until it is sent
    prompt_of(page).fill("First, and second.")
    page.wait_for_timeout(500)  # longer than the keeping waits
    held[0].continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#save-state[data-state=saved]")).to_have_count(0)
    page.close(run_before_unload=False)
    again = browser.open_page(page.context, complaints)
    open_editor(again, draft).get_by_role("button", name="Bring it back").click()
    expect(prompt_of(again)).to_have_value("First, and second.")
    complaints.clear()


def test_a_text_is_offered_to_nobody_but_who_wrote_it(
    page_of: PageOf, editor: User, publisher: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    page.route("**/live/", lambda route: route.abort())
    prompt_of(page).fill("Elif's own words.")
    page.wait_for_timeout(500)
    page.close(run_before_unload=False)
    for user, offers in ((publisher, 0), (editor, 1)):
        client = Client()
        client.force_login(user)
        [cookie] = client.cookies.values()
        url = page.context.cookies()[0]["domain"]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": url, "path": "/"}])
        other = browser.open_page(page.context, complaints)
        open_editor(other, draft)
        expect(other.get_by_role("button", name="Bring it back")).to_have_count(offers)
        other.close()
    complaints.clear()


def test_a_log_in_in_another_window_does_not_stop_this_one(
    page_of: PageOf, editor: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    other = page.context.new_page()
    other.goto("/admin/")
    other.get_by_role("button", name="Log out").click()
    other.goto("/admin/login/")
    other.get_by_label("Username").fill("elif")
    other.get_by_label("Password").fill("elif's password")
    other.get_by_role("button", name="Log in").click()
    expect(other.get_by_role("button", name="Log out")).to_be_visible()
    prompt_of(page).fill("Written on.")
    wait_until_saved(page)
    assert Draft.objects.get().definition.prompt.strip() == "Written on."
    assert [said for said in complaints if "403" not in said] == []
    complaints.clear()


# --- Two people -----------------------------------------------------------------------------------------------


def test_two_people_see_each_other_and_merge_with_one_click(
    page_of: PageOf, another_page: PageOf, editor: User, publisher: User, draft: Draft, complaints: list[str]
) -> None:
    elif_page = open_editor(page_of(editor), draft)
    pablos = open_editor(another_page(publisher), draft)
    expect(pablos.locator("#others")).to_contain_text("elif")
    prompt_of(pablos).fill("One.\n\nTwo.\n\nThree.\n\nFour, says Pablo.")
    wait_until_saved(pablos)
    prompt_of(elif_page).fill("One, says Elif.\n\nTwo.\n\nThree.\n\nFour.")
    expect(elif_page.get_by_role("heading", name="pablo changed this while you were writing.")).to_be_visible()
    expect(elif_page.locator("#save-state")).to_contain_text("Not saved: two texts")
    assert_everybody_can_read(elif_page)
    prompt_of(elif_page).press("Control+End")
    elif_page.keyboard.type(" And more.")  # writing goes on while nothing is decided
    expect(elif_page.get_by_role("tabpanel")).to_contain_text("And more.")
    assert "says Elif" not in stored()
    prompt_of(elif_page).fill("One, says Elif.\n\nTwo.\n\nThree.\n\nFour.")
    elif_page.get_by_role("button", name="Merge both").click()
    wait_until_saved(elif_page)
    both = SOURCE.replace("One.", "One, says Elif.").replace("Four.", "Four, says Pablo.")
    assert stored() == both
    expect(prompt_of(elif_page)).to_have_value(read(both).prompt.strip())
    expect(elif_page.locator("#conflict")).to_be_empty()
    assert [said for said in complaints if "409" not in said] == []
    complaints.clear()


def test_what_overlaps_is_decided_by_the_person(
    page_of: PageOf, editor: User, publisher: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    drafting.save(draft, SOURCE.replace("One.", "Pablo's."), by=publisher, revision=1)
    prompt_of(page).fill("Elif's.\n\nTwo.\n\nThree.\n\nFour.")
    expect(page.get_by_role("button", name="Keep mine")).to_be_visible()
    expect(page.get_by_role("button", name="Merge both")).to_have_count(0)
    page.get_by_role("button", name="Take theirs").click()
    expect(prompt_of(page)).to_have_value("Pablo's.\n\nTwo.\n\nThree.\n\nFour.")
    assert stored() == SOURCE.replace("One.", "Pablo's.")
    complaints.clear()


def test_what_was_typed_while_an_answer_was_on_its_way_is_not_replaced(
    page_of: PageOf, editor: User, publisher: User, draft: Draft, complaints: list[str]
) -> None:
    page = open_editor(page_of(editor), draft)
    page.wait_for_load_state("networkidle")
    drafting.save(draft, SOURCE.replace("Four.", "Four, says Pablo."), by=publisher, revision=1)
    held: list[Route] = []
    page.route("**/live/", lambda route: route.continue_() if held else held.append(route))
    page.keyboard.press("Control+s")  # nothing was written here: the answer brings Pablo's text
    page.wait_for_timeout(300)
    prompt_of(page).fill("One, says Elif.\n\nTwo.\n\nThree.\n\nFour.")
    held[0].continue_()
    page.get_by_role("button", name="Merge both").click()
    wait_until_saved(page)
    assert stored() == SOURCE.replace("One.", "One, says Elif.").replace("Four.", "Four, says Pablo.")
    complaints.clear()


# --- Leaving ---------------------------------------------------------------------------------------------------


def test_the_page_is_left_without_a_question_where_the_text_was_saved(
    page_of: PageOf, editor: User, draft: Draft
) -> None:
    page = page_of(editor)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    open_editor(page, draft)
    prompt_of(page).fill("Kept.")
    wait_until_saved(page)
    page.get_by_role("link", name="Back to the agent").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    assert asked == []


def test_what_was_typed_a_moment_ago_is_submitted_too(page_of: PageOf, editor: User, draft: Draft) -> None:
    page = open_editor(page_of(editor), draft)
    prompt_of(page).fill("Typed, and submitted at once.")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("Submitted.")).to_be_visible()
    handed = Draft.objects.get()
    assert (handed.is_in_review, handed.definition.prompt.strip()) == (True, "Typed, and submitted at once.")
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_be_enabled()
    assert not Draft.objects.get().is_in_review


def test_a_publisher_publishes_from_the_editor(page_of: PageOf, publisher: User, draft: Draft) -> None:
    page = open_editor(page_of(publisher), draft)
    page.get_by_label("What changed?").fill("The first one")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as version 1.")).to_be_visible()
    latest = Agent.objects.get().latest_version
    assert (latest.source, latest.note) == (SOURCE, "The first one")


# --- Bytes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_an_untouched_save_keeps_every_byte(page_of: PageOf, admin: User, view: str) -> None:
    agent, _ = publishing.register(read(agent_source()), by=admin)
    draft = drafting.open_draft(agent, by=admin)
    page = page_of(admin)
    for name, source in browser_sources().items():
        draft = drafting.save(draft, source, by=admin, revision=draft.revision)
        save_untouched(page, draft, view)
        kept = Draft.objects.get()
        assert (kept.source, kept.revision) == (source, draft.revision), name


def test_one_line_typed_changes_one_line(page_of: PageOf, admin: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=admin)
    draft = drafting.open_draft(agent, by=admin, source=MIXED)
    page = open_editor(page_of(admin), draft, "source")
    box = page.get_by_label("Text of the file")
    box.fill(box.input_value().replace("Mixed.", "Changed."))
    wait_until_saved(page)
    assert stored() == MIXED.replace("Mixed.", "Changed.")


def browser_sources() -> dict[str, str]:
    sources = {path.stem: path.read_bytes().decode() for path in sorted(DEFINITIONS.glob("*.md"))}
    sources |= {"mixed": MIXED, "empty": "", "line end first": "\n\n---\nname: x", "crlf": "a\r\n\r\n", "cr": "a\rb\r"}
    return sources | ({"the seed": SEED.read_bytes().decode()} if is_present() else {})


def save_untouched(page: Page, draft: Draft, view: str) -> None:
    open_editor(page, draft, view)
    with page.expect_response(lambda response: response.url.endswith("/live/")) as told:
        page.keyboard.press("Control+s")
    assert told.value.json()["saved"]


@pytest.mark.corpus
@pytest.mark.parametrize("view", VIEWS)
def test_an_untouched_save_keeps_the_digest_of_real_files(page_of: PageOf, admin: User, view: str) -> None:
    files = [file for file in corpus_files("agent") if _is_text(file.data)]
    agent, _ = publishing.register(read(agent_source()), by=admin)
    draft = drafting.open_draft(agent, by=admin)
    page = page_of(admin)
    for file in files[:: len(files) // REAL_FILES][:REAL_FILES]:
        draft = drafting.save(draft, file.data.decode(), by=admin, revision=draft.revision)
        save_untouched(page, draft, view)
        draft = Draft.objects.get()
        assert digest_of(draft.source.encode()) == digest_of(file.data), file


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
