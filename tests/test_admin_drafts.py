"""Writing in the admin: a draft is saved, mended and published, keeps its bytes, and two people lose nothing."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import drafting, publishing
from catalog.definition import Example, read
from catalog.models import Agent, Draft, Version
from tests.forms import FORM, fields_of, log_in, send, with_crlf
from tests.html_forms import sent_by
from tests.sources import agent_source

Publish = Callable[..., Version]
TEXTAREAS = re.compile(r"<textarea[^>]* readonly>(.*?)</textarea>", re.DOTALL)
VIEWS = ["form", "source"]
DEFINITIONS = Path(__file__).parent / "definitions"
LINES = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=8),
        st.sampled_from(["\n", "\r\n", "\r"]),
    ),
    max_size=8,
)


def address(agent: Agent) -> str:
    return reverse("admin:catalog_agent_draft", args=[agent.pk])


def drafted(source: str, by: User) -> Draft:
    agent, _ = publishing.register(read(agent_source()), by=by)
    return drafting.open_draft(agent, by=by, source=source)


def page_of(client: Client, agent: Agent, view: str = "form", pane: str = "changes") -> str:
    return client.get(address(agent), {"view": view, "pane": pane}).content.decode()


def press(client: Client, agent: Agent, page: str, deed: str) -> HttpResponse:
    """Press a button on a page, which sends what stands in its form."""
    return client.post(address(agent), urlencode([*sent_by(page), ("do", deed)]), content_type=FORM)


def save_untouched(client: Client, agent: Agent, view: str) -> None:
    answer = press(client, agent, page_of(client, agent, view), "save")
    assert answer.status_code == 302, answer.content.decode()


def said(client: Client, answer: object) -> str:
    return re.sub(r"\s+", " ", client.get(answer["Location"]).content.decode())


# --- Bytes -----------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    lines=LINES,
    last=st.sampled_from(["", "\n", "no line end", "\ufeff", " "]),
    bom=st.booleans(),
    view=st.sampled_from(VIEWS),
)
def test_an_untouched_save_keeps_every_byte(
    client: Client, admin: User, lines: list[tuple[str, str]], last: str, bom: bool, view: str
) -> None:
    source = "\ufeff" * bom + "".join(text + end for text, end in lines) + last
    draft = drafted(source, admin)
    draft = drafting.save(draft, source, by=admin, revision=draft.revision)
    save_untouched(log_in(client, admin), draft.agent, view)
    stored = Draft.objects.get(pk=draft.pk)
    assert (stored.source, stored.revision) == (source, draft.revision)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("path", sorted(DEFINITIONS.rglob("*.md")), ids=lambda path: path.stem)
def test_an_untouched_save_keeps_every_manner_of_file(client: Client, admin: User, path: Path, view: str) -> None:
    try:
        source = path.read_bytes().decode()
        draft = drafted(source, admin)
    except (UnicodeDecodeError, publishing.NotPublishable):
        return  # no draft can hold it
    save_untouched(log_in(client, admin), draft.agent, view)
    assert Draft.objects.get().source.encode() == path.read_bytes()


# --- Saving, mending, publishing ----------------------------------------------------------------------


def test_a_change_is_saved_and_not_published(client: Client, editor: User, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    log_in(client, editor).post(reverse("admin:catalog_agent_draft_open", args=[version.agent_id]))
    form = {"source": agent_source(model="opus"), "revision": "1", "note": "Thinks more", "do": "save"}
    assert "Saved. Not published yet." in said(client, send(client, address(version.agent), form))
    draft = Draft.objects.get()
    assert (draft.source, draft.note, draft.edited_by) == (agent_source(model="opus"), "Thinks more", editor)
    assert version.agent.versions.count() == 1


def test_publishing_makes_the_next_version_of_what_is_in_the_box(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source())
    drafting.open_draft(version.agent, by=publisher)
    form = {"source": agent_source(model="opus"), "revision": "1", "note": "Thinks more", "do": "publish"}
    assert "Published as version 2." in said(log_in(client, publisher), send(client, address(version.agent), form))
    latest = Agent.objects.get().latest_version
    assert (latest.number, latest.model, latest.note, latest.published_by) == (2, "opus", "Thinks more", publisher)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("view", VIEWS)
def test_an_agent_with_examples_and_no_lead_is_saved_and_not_published(
    client: Client, publisher: User, view: str
) -> None:
    without_lead = agent_source(description="'<example>user: Look. assistant: I do.</example>'")
    draft = drafted(without_lead, publisher)
    page = page_of(log_in(client, publisher), draft.agent, view)
    answer = press(client, draft.agent, page, "publish").content.decode()
    assert "Saved, but not published. Nobody is told when to use this agent" in answer
    assert answer.count("<strong>Not published:</strong>") == (2 if view == "form" else 1)  # the field, the checks
    assert not draft.agent.versions.exists()
    publishing.publish(draft.agent, without_lead, by=publisher)  # what comes as a file may be


def test_a_text_with_errors_is_saved_and_says_what_keeps_it_from_being_published(
    client: Client, publisher: User
) -> None:
    draft = drafted(agent_source(), publisher)
    broken = agent_source().replace("description:", "about:")
    form = {"source": broken, "revision": "1", "note": "", "do": "publish"}
    page = send(log_in(client, publisher), address(draft.agent), form).content.decode()
    assert "Saved, but not published: there is a problem to mend first." in page
    assert '"isUnsaved": false' in page
    assert fields_of(page)["revision"] == "2"
    assert Draft.objects.get().source == broken


def test_another_agents_name_is_saved_and_not_published(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source())
    drafting.open_draft(version.agent, by=publisher)
    form = {"source": agent_source("another"), "revision": "1", "note": "", "do": "publish"}
    page = send(log_in(client, publisher), address(version.agent), form).content.decode()
    assert "Saved, but not published. The file is named" in page
    assert '"isUnsaved": false' in page
    assert Draft.objects.get().source == agent_source("another")


def test_a_text_that_cannot_be_stored_is_said_to_be_unsaved(client: Client, publisher: User) -> None:
    draft = drafted(agent_source(), publisher)
    form = {"source": agent_source(prompt="x" * 300_000), "revision": "1", "note": "", "do": "publish"}
    page = send(log_in(client, publisher), address(draft.agent), form).content.decode()
    assert "Not saved. The text has 300," in page
    assert '"isUnsaved": true' in page
    assert Draft.objects.get().source == agent_source()


def test_a_finding_is_mended_by_its_button_in_the_text_as_it_was_typed(client: Client, editor: User) -> None:
    draft = drafted(agent_source(model="sonet"), editor)
    page = log_in(client, editor).get(address(draft.agent)).content.decode()
    assert "Change to sonnet" in page
    [deed] = re.findall(r'value="(mend model-unknown:[^"]*)"', page)
    typed = agent_source(model="sonet", color="green")
    send(client, address(draft.agent), {"source": typed, "revision": "1", "note": "", "do": deed})
    assert Draft.objects.get().source == agent_source(model="sonnet", color="green")


def test_a_text_with_another_agents_name_can_be_given_its_own(
    client: Client, editor: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source()).agent
    drafting.open_draft(agent, by=editor, source=agent_source("another-name"))
    page = page_of(log_in(client, editor), agent)
    deed = re.findall(r'value="(mend name-of-another-agent:[^"]*)"', page)[0]
    press(client, agent, page, deed)
    assert Draft.objects.get().source == agent_source()


def test_a_form_without_its_text_changes_nothing(client: Client, editor: User) -> None:
    draft = drafted(agent_source(), editor)
    assert log_in(client, editor).post(address(draft.agent), {"source": "x"}).status_code == 400
    assert client.post(address(draft.agent), {"revision": "1"}).status_code == 302
    assert (Draft.objects.get().source, Draft.objects.get().revision) == (agent_source(), 1)


def test_the_page_shows_each_pane_without_script(client: Client, editor: User, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    source = agent_source(prompt="# Rules\n\n<script>alert(1)</script>\n", model="sonet")
    drafting.open_draft(version.agent, by=editor, source=source)
    log_in(client, editor)
    page = {pane: page_of(client, version.agent, pane=pane) for pane in ("page", "file", "changes", "checks")}
    assert "Change to sonnet" in page["checks"]
    assert '<tr class="new">' in page["changes"]
    assert '<h3 id="prompt-rules">' in page["page"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page["file"]
    assert all("<script>alert" not in text for text in page.values())


def test_examples_are_added_moved_and_removed_without_script(client: Client, editor: User) -> None:
    examples = [Example("", f"Case {n}", f"I take {n}", "") for n in (1, 2, 3)]
    agent = drafted(read(agent_source()).with_examples(examples).source, editor).agent
    log_in(client, editor)

    def users() -> list[str]:
        return [example.user for example in Draft.objects.get().definition.examples]

    press(client, agent, page_of(client, agent), "example up 3")
    assert users() == ["Case 1", "Case 3", "Case 2"]
    press(client, agent, page_of(client, agent), "example down 1")
    assert users() == ["Case 3", "Case 1", "Case 2"]
    press(client, agent, page_of(client, agent), "example remove 1")
    assert users() == ["Case 1", "Case 2"]
    page = press(client, agent, page_of(client, agent), "example add").content.decode()
    pairs = [("example_user", "Case 4") if pair == ("example_user", "") else pair for pair in sent_by(page)]
    client.post(address(agent), urlencode([*pairs, ("do", "save")]), content_type=FORM)
    assert users() == ["Case 1", "Case 2", "Case 4"]
    for deed in ("example up 9", "example remove 0", "example down x", "example"):
        assert press(client, agent, page_of(client, agent), deed).status_code in (200, 302)
    assert users() == ["Case 1", "Case 2", "Case 4"]


def test_a_draft_is_discarded_after_a_question(client: Client, editor: User) -> None:
    draft = drafted(agent_source(), editor)
    discard = reverse("admin:catalog_agent_draft_discard", args=[draft.agent_id])
    assert "Discard the draft of" in log_in(client, editor).get(discard).content.decode()
    assert Draft.objects.exists()
    drafting.save(draft, agent_source(model="opus"), by=editor, revision=1)
    assert "saved another text meanwhile" in said(client, client.post(discard, {"revision": "1"}))
    assert Draft.objects.get().source == agent_source(model="opus")
    assert "Nothing of this agent was ever published." in said(client, client.post(discard, {"revision": "2"}))
    assert not Draft.objects.exists()
    assert "has no draft" in client.get(address(draft.agent)).content.decode()


def test_discarding_leaves_what_was_published(client: Client, editor: User, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    drafting.open_draft(version.agent, by=editor)
    discard = reverse("admin:catalog_agent_draft_discard", args=[version.agent_id])
    answer = log_in(client, editor).post(discard, {"revision": "1"})
    assert "The draft is gone. What was published is unchanged." in said(client, answer)


def test_a_draft_tells_which_version_it_was_written_against(
    client: Client, editor: User, publish_source: Publish
) -> None:
    def listed() -> str:
        return client.get(reverse("admin:catalog_draft_changelist")).content.decode()

    draft = drafted(agent_source(), editor)
    log_in(client, editor)
    assert "Nothing published yet" in listed()
    assert "was published since" not in client.get(address(draft.agent)).content.decode()
    publish_source(agent_source(model="opus"))
    assert "Written before version 1" in listed()
    page = client.get(address(draft.agent)).content.decode()
    assert "Version 1 was published since." in page
    page = client.get(reverse("admin:catalog_agent_change", args=[draft.agent_id])).content.decode()
    assert "was written before the latest version." in page


# --- Two people ------------------------------------------------------------------------------------------


def test_a_stale_save_keeps_both_texts(client: Client, editor: User, publisher: User) -> None:
    draft = drafted(agent_source(), editor)
    drafting.save(draft, agent_source(model="opus"), by=publisher, revision=1)
    mine, base = agent_source(color="green"), agent_source()
    form = {"source": mine, "base": base, "revision": "1", "note": "", "do": "save"}
    page = send(log_in(client, editor), address(draft.agent), form).content.decode()
    assert "pablo changed this while you were writing. Both texts are kept" in page
    assert Draft.objects.get().source == agent_source(model="opus")
    shown = dict(sent_by(page))
    assert (shown["source"], shown["revision"], shown["theirs"]) == (with_crlf(mine), "1", "2")
    assert "model: opus" in page
    assert "Both texts are kept" in press(client, draft.agent, page, "save").content.decode()
    assert press(client, draft.agent, page, "keep").status_code == 302
    assert Draft.objects.get().definition == read(agent_source(model="opus")).replace(color="green")


def test_a_draft_that_was_published_meanwhile_leaves_the_text_in_the_box(
    client: Client, editor: User, publisher: User
) -> None:
    draft = drafted(agent_source(), editor)
    drafting.publish_draft(draft, by=publisher, revision=1)
    form = {"source": agent_source(color="green"), "revision": "1", "note": "", "do": "save"}
    page = send(log_in(client, editor), address(draft.agent), form).content.decode()
    assert "pablo published this while you were writing. Your text is kept." in page
    assert not Draft.objects.exists()
    assert press(client, draft.agent, page, "keep").status_code == 302
    assert (Draft.objects.get().source, Draft.objects.get().base_version.number) == (agent_source(color="green"), 1)


def test_an_outdated_base_is_shown_and_can_be_compared_away(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source())
    drafting.open_draft(version.agent, by=publisher)
    publishing.publish(version.agent, agent_source(model="opus"), by=publisher)
    form = {"source": agent_source(color="green"), "revision": "1", "note": "", "do": "publish"}
    assert "Version 2 was published since." in log_in(client, publisher).get(address(version.agent)).content.decode()
    page = send(client, address(version.agent), form).content.decode()
    assert "version 2 was published since" in page
    assert "data-unsaved" not in page
    assert "I have compared: keep my text" in page
    press(client, version.agent, page, "rebase")
    assert Draft.objects.get().base_version.number == 2
    press(client, version.agent, page_of(client, version.agent), "publish")
    assert Agent.objects.get().latest_version.number == 3


# --- Rights ------------------------------------------------------------------------------------------------


def test_an_editor_cannot_publish(client: Client, editor: User, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    drafting.open_draft(version.agent, by=editor)
    page = log_in(client, editor).get(address(version.agent)).content.decode()
    assert 'value="publish"' not in page
    form = {"source": agent_source(model="opus"), "revision": "1", "note": "", "do": "publish"}
    assert send(client, address(version.agent), form).status_code == 403
    assert Agent.objects.get().latest_version == version


# --- A form whose token is not ours ------------------------------------------------------------------------------


def test_a_text_sent_when_the_session_has_run_out_is_given_back(client: Client, editor: User) -> None:
    draft = drafted(agent_source(), editor)
    form = {"source": "Mine, and <long>.", "revision": "1", "note": "", "do": "save"}
    answer = send(client, address(draft.agent), form)
    assert answer.status_code == 403
    assert "Mine, and &lt;long&gt;." in answer.content.decode()
    assert "not saved" in answer.content.decode()
    assert Draft.objects.get().source == agent_source()


def test_a_refused_form_gives_back_what_was_written(editor: User) -> None:
    draft = drafted(agent_source(), editor)
    client = log_in(Client(enforce_csrf_checks=True), editor)
    source, note = "\n</textarea><script>alert(1)</script> & more", "Why & how"
    answer = send(client, address(draft.agent), {"source": source, "revision": "1", "note": note, "do": "save"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "What you wrote was not saved." in page
    assert address(draft.agent) in page
    texts = [html.unescape(text.removeprefix("\n")) for text in TEXTAREAS.findall(page)]
    assert texts == [source.replace("\n", "\r\n"), note]
    assert "<script>alert" not in page
    assert "no-store" in answer["Cache-Control"]
    assert Draft.objects.get().source == agent_source()


@pytest.mark.parametrize(
    ("body", "kind"), [("a=b", "application/x-www-form-urlencoded"), ("no parts", "multipart/form-data; boundary=x")]
)
def test_a_refused_form_without_a_text_says_what_to_do(db: None, body: str, kind: str) -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", body, content_type=kind)
    assert answer.status_code == 403
    assert "Nothing was changed. Go back one page" in answer.content.decode()
    assert "<textarea" not in answer.content.decode()
