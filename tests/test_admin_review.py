"""Review: the queue, the page of one submitted draft, and what becomes of it; nothing is lost where two are at it."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from playwright.sync_api import Page, expect

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Draft, Version
from tests.accessibility import assert_everybody_can_read
from tests.forms import fields_of, log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
QUEUE = "/admin/review/"
CHANGED = agent_source(tools="Read, Bash", prompt="You review code. Say what is wrong, and where, and why.\n")


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def address(draft: Draft) -> str:
    return f"/admin/catalog/agent/{draft.agent_id}/review/"


def submitted(agent: Agent, by: User, source: str, note: str = "") -> Draft:
    draft = drafting.open_draft(agent, by=by, source=source)
    draft = drafting.save(draft, source, by=by, revision=draft.revision, note=note)
    return drafting.submit(draft, by=by, revision=draft.revision)


@pytest.fixture
def change(publish_source: Publish, editor: User) -> Draft:
    """A change of a published agent, submitted by Elif."""
    agent = publish_source(agent_source(tools="Read")).agent
    return submitted(agent, editor, CHANGED, "Runs the tests")


@pytest.fixture
def new(change: Draft, editor: User) -> Draft:
    """A new agent, submitted after it."""
    return submitted(publishing.register(read(agent_source("new")), by=editor)[0], editor, agent_source("new"))


def answer(client: Client, draft: Draft, do: str, **told: str) -> HttpResponse:
    """Press a button of the page as it was shown."""
    return client.post(address(draft), {**fields_of(text_of(client, address(draft))), "do": do, **told}, follow=True)


# --- The queue -------------------------------------------------------------------------------------


def test_the_queue_shows_what_waits_the_longest_first(client: Client, publisher: User, new: Draft) -> None:
    page = text_of(log_in(client, publisher), QUEUE)
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert [re.search(r'class="address">([^<]+)<', row)[1] for row in rows] == ["code-reviewer", "new"]
    first, second = (re.sub(r"<[^>]+>", "", row) for row in rows)
    assert re.search(r"by elif .*Of version 1 .*\+2 −2.* lines .*1 note .*Runs the tests", re.sub(r"\s+", " ", first))
    assert re.search(r"New agent .*\+\d+ .*lines", second)
    assert '<span class="visually-hidden">, waiting:</span> 2' in page


def test_an_empty_queue_says_what_comes_there(client: Client, publisher: User) -> None:
    assert "Nothing waits for review" in text_of(log_in(client, publisher), QUEUE)


def test_a_long_queue_has_pages(client: Client, publisher: User, editor: User) -> None:
    for number in range(26):
        agent, _ = publishing.register(read(agent_source(f"agent-{number}")), by=editor)
        submitted(agent, editor, agent_source(f"agent-{number}"))
    log_in(client, publisher)
    assert "1–25 of 26" in text_of(client, QUEUE)
    assert "agent-25" in text_of(client, f"{QUEUE}?page=2")


def test_only_those_who_publish_review(client: Client, editor: User, publisher: User, change: Draft) -> None:
    log_in(client, editor)
    assert "/admin/review/" not in text_of(client, "/admin/")
    assert client.get(QUEUE).status_code == client.get(address(change)).status_code == 403
    for deed in ("publish", "return", "recall"):
        form = {"do": deed, "revision": str(change.revision), "reason": "r"}
        assert client.post(address(change), form).status_code == 403
    assert Draft.objects.get(pk=change.pk).is_in_review


# --- The page --------------------------------------------------------------------------------------


def test_the_page_shows_all_that_a_reviewer_needs(client: Client, publisher: User, change: Draft) -> None:
    page = text_of(log_in(client, publisher), address(change))
    assert "Say what is wrong, and where, and why." in page
    assert "Runs the tests" in page
    assert re.search("more than before:.*Runs commands", page)
    assert "no longer" not in page
    assert "The agent may run commands" in page
    assert "How it will look" in page


def test_fewer_tools_are_no_gain(client: Client, publisher: User, editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent  # every tool
    page = text_of(log_in(client, publisher), address(submitted(agent, editor, agent_source(tools="Read, Bash"))))
    assert "it may do no more than before." in page
    assert re.search("no longer do this:.*May use every tool", page)


def test_a_new_agent_is_new_and_another_title_is_said(
    client: Client, publisher: User, editor: User, new: Draft, publish_source: Publish
) -> None:
    assert "Nothing of it is published yet" in text_of(log_in(client, publisher), address(new))
    draft = drafting.open_draft(publish_source(agent_source("titled")).agent, by=editor)
    draft = drafting.save(draft, draft.source, by=editor, revision=1, title="Better Title")
    drafting.submit(draft, by=editor, revision=draft.revision)
    page = text_of(client, address(draft))
    assert "Its title becomes <strong >Better Title</strong>." in page
    assert "The text is that of version 1." in page


def test_what_was_read_is_published(client: Client, publisher: User, change: Draft) -> None:
    page = answer(log_in(client, publisher), change, "publish").content.decode()
    assert "Code Reviewer is published as version 2." in page
    latest = Agent.objects.get().latest_version
    assert (latest.source, latest.note, latest.published_by) == (CHANGED, "Runs the tests", publisher)


def test_a_reviewer_says_what_changed_where_its_author_did_not(
    client: Client, publisher: User, editor: User, change: Draft, publish_source: Publish
) -> None:
    log_in(client, publisher)
    assert 'name="note"' not in text_of(client, address(change))  # its author wrote one
    bare = submitted(publish_source(agent_source("bare")).agent, editor, agent_source("bare", model="haiku"))
    assert "elif wrote none" in text_of(client, address(bare))
    refused = answer(client, bare, "publish", note="Costs less. " * 60, reason="None.").content.decode()
    assert "characters; at most 500 are kept. Shorten it." in refused
    assert 'value="Costs less. Costs' in refused
    answer(client, bare, "publish", note=" Costs less. ")
    assert bare.agent.versions.get(number=2).note == "Costs less."


def test_a_note_that_was_written_meanwhile_is_kept_and_so_is_the_reviewers(
    client: Client, publisher: User, editor: User, publish_source: Publish
) -> None:
    bare = submitted(publish_source(agent_source()).agent, editor, agent_source(model="haiku"))
    form = fields_of(text_of(log_in(client, publisher), address(bare))) | {"do": "publish", "note": "Mine."}
    back = drafting.recall(bare, by=editor, revision=bare.revision)
    again = drafting.save(back, agent_source(model="haiku"), by=editor, revision=back.revision, note="Theirs.")
    theirs = drafting.submit(again, by=editor, revision=again.revision)
    client.post(address(bare), form | {"revision": theirs.revision})  # a form that did not ask for a note
    assert Agent.objects.get().latest_version.note == "Theirs."
    page = client.post(address(bare), form, follow=True).content.decode()
    assert re.search(r"What you wrote, to copy where it is needed.*Mine\.</textarea>", page, re.DOTALL)


def test_a_first_version_needs_no_note(client: Client, publisher: User, new: Draft) -> None:
    assert 'name="note"' not in text_of(log_in(client, publisher), address(new))


def test_a_draft_goes_back_with_a_reason(client: Client, publisher: User, change: Draft) -> None:
    log_in(client, publisher)
    assert "Say what should be changed" in answer(client, change, "return", reason=" ").content.decode()
    assert Draft.objects.get().is_in_review
    page = answer(client, change, "return", reason="Name two cases.").content.decode()
    assert "Code Reviewer went back to elif, with your reason." in page
    draft = Draft.objects.get()
    assert (draft.is_in_review, draft.return_reason, draft.returned_by) == (False, "Name two cases.", publisher)


def test_a_reviewer_takes_it_over(client: Client, publisher: User, change: Draft) -> None:
    page = answer(log_in(client, publisher), change, "recall")
    assert page.redirect_chain[-1][0].endswith("/draft/")
    assert not Draft.objects.get().is_in_review


def test_what_is_not_in_review_is_not_reviewed(client: Client, publisher: User, editor: User, change: Draft) -> None:
    drafting.recall(change, by=editor, revision=change.revision)
    page = log_in(client, publisher).get(address(change), follow=True).content.decode()
    assert "Code Reviewer is not in review. elif took its draft back from review." in page


# --- Somebody was faster -----------------------------------------------------------------------------


def late(client: Client, draft: Draft, do: str = "return") -> str:
    """Answer with the revision that was on the screen."""
    form = {"do": do, "revision": str(draft.revision), "reason": "Name two cases."}
    content = client.post(address(draft), form, follow=True).content.decode()
    return re.sub(r"\s+", " ", content)


@pytest.mark.parametrize("do", ["publish", "return", "recall"])
def test_a_draft_that_was_taken_back_is_left_alone(
    client: Client, publisher: User, editor: User, change: Draft, do: str
) -> None:
    drafting.recall(Draft.objects.get(), by=editor, revision=change.revision)
    page = late(log_in(client, publisher), change, do)
    assert "Nothing was done: this is not in review any more. elif took its draft back from review." in page
    assert "Name two cases.</textarea>" in page
    assert Draft.objects.get().return_reason == ""
    assert Version.objects.count() == 1


def test_a_text_that_changed_meanwhile_is_shown_and_not_published(
    client: Client, publisher: User, editor: User, change: Draft
) -> None:
    back = drafting.recall(Draft.objects.get(), by=editor, revision=change.revision)
    saved = drafting.save(back, agent_source(model="haiku"), by=editor, revision=back.revision)
    drafting.submit(saved, by=editor, revision=saved.revision)
    page = late(log_in(client, publisher), change, "publish")
    assert "Nothing was done: the text changed while you were reading." in page
    assert "model: haiku" in page
    assert "Name two cases.</textarea>" in page
    assert Version.objects.count() == 1


def test_a_draft_that_was_published_meanwhile_keeps_the_reason(
    client: Client, publisher: User, admin: User, change: Draft
) -> None:
    drafting.publish_draft(Draft.objects.get(), by=admin, revision=change.revision)
    page = late(log_in(client, publisher), change)
    assert "not in review any more. ada published version 2" in page
    assert "Name two cases.</textarea>" in page


def test_a_later_version_is_not_overwritten(
    client: Client, publisher: User, change: Draft, publish_source: Publish
) -> None:
    publish_source(agent_source(tools="Read", model="opus"))
    log_in(client, publisher)
    assert "Version 2 was published after this was written." in text_of(client, address(change))
    assert "Not published: version 2 was published after this was written." in late(client, change, "publish")
    assert Draft.objects.get().is_in_review


@pytest.mark.parametrize(
    "form", [{}, {"do": "publish"}, {"do": "publish", "revision": "x"}, {"do": "x", "revision": "1"}]
)
def test_a_broken_form_is_refused(client: Client, publisher: User, change: Draft, form: dict[str, str]) -> None:
    assert log_in(client, publisher).post(address(change), form).status_code == 400


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_reviewer_reads_and_returns(
    page_of: Callable[[User], Page], publisher: User, new: Draft, scheme: str, width: int
) -> None:
    page = page_of(publisher)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto("/admin/")
    page.get_by_role("navigation", name="Admin").get_by_role("link", name="Review").click()
    assert_everybody_can_read(page)
    page.get_by_role("link", name="Code Reviewer").click()
    assert_everybody_can_read(page)
    page.get_by_label("What should be changed?").fill("Name two cases.")
    page.get_by_role("button", name="Return", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("went back to elif")
    expect(page.get_by_role("link", name="Code Reviewer")).to_have_count(0)
