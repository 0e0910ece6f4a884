"""Whatever is sent to the editor, its answer is no fault of the server and no larger than a page can be."""

import html
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from catalog import drafting, publishing
from catalog.admin.editor.form import ADVANCED
from catalog.definition import read
from catalog.models import Draft, Version
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]

HEAD = agent_source(prompt="\n")
PLACE = 262_140 - len(HEAD)
MANY_LINES = {
    "blank lines": HEAD + "\n" * PLACE,
    "one line again and again": HEAD + "a\n" * (PLACE // 2),
    "few different lines": HEAD + "".join(f"{n * n % 7}\n" for n in range(PLACE // 2)),
    "many different lines": HEAD + "".join(f"{n:05}\n" for n in range(PLACE // 6)),
}
MOST_ANSWERED = 2_000_000

ODD = (
    *("x", '"', "{", "[1", "1e999", "NaN", "null", "true", "[]", "a: b", "- a", "&a *a", "!!int x", "1.5", "-1"),
    *(
        "9" * 5_000,
        "[" * 5_000,
        "\U0001f600",
        "\x00",
        "\x07\x1b\x85\u2028\ufeff",
        "\ud800",
        '"\\ud800"',
        " ",
        "\r\n---\r\n",
    ),
)
CONTROLS = (
    *("title", "name", "note", "lead", "prompt", "model", "model_other", "color", "tools_scope", "tool", "tools_more"),
    *("examples", "example_context", "example_user", "example_assistant", "example_commentary", "source"),
    *ADVANCED,
)


@pytest.fixture
def draft(editor: User) -> Draft:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    return drafting.open_draft(agent, by=editor, source=agent_source())


def ask(client: Client, draft: Draft, deed: str, entries: list[tuple[str, str]], **more: Any) -> HttpResponse:
    asked = {"do": deed, "revision": draft.revision, "base": draft.source, "entries": entries, **more}
    address = reverse("admin:catalog_agent_draft_live", args=[draft.agent_id])
    return client.post(address, json.dumps(asked), content_type="application/json")


# --- Long texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", MANY_LINES)
@pytest.mark.parametrize("pane", ["file", "changes", "checks"])
def test_a_pane_over_very_many_lines_is_a_page_and_not_a_flood(
    client: Client, editor: User, publish_source: Publish, pane: str, many: str
) -> None:
    draft = drafting.open_draft(publish_source(agent_source()).agent, by=editor)
    answer = ask(log_in(client, editor), draft, "look", [("source", MANY_LINES[many])], pane=pane)
    assert answer.status_code == 200
    assert len(answer.content) < MOST_ANSWERED
    shown = answer.json()["pane"]
    if pane == "file":
        more = len(MANY_LINES[many].splitlines()) - 5_000
        assert shown.count("<li") == 5_000
        assert f"… and {more:,} more lines: the Source view has them all." in shown
        assert 'class="new"' in shown
    elif pane == "changes":
        assert shown.count("<tr class=") == 2_000
        assert " more lines." in shown


def test_a_text_of_as_many_lines_as_are_shown_is_shown_whole(client: Client, editor: User, draft: Draft) -> None:
    lines = agent_source(prompt="").count("\n")
    text = agent_source(prompt="a\n" * (5_000 - lines))
    client = log_in(client, editor)
    answer = ask(client, draft, "look", [("source", text)], pane="file").json()["pane"]
    assert (answer.count("<li"), "more line" in answer) == (5_000, False)
    answer = ask(client, draft, "look", [("source", text + "b")], pane="file").json()["pane"]
    assert "… and 1 more line: the Source view" in answer


@pytest.mark.parametrize("mine", MANY_LINES)
def test_two_texts_of_very_many_lines_are_a_conflict_that_a_page_can_show(
    client: Client, editor: User, draft: Draft, mine: str
) -> None:
    theirs = "blank lines" if mine == "few different lines" else "few different lines"
    drafting.save(draft, MANY_LINES[theirs], by=editor, revision=draft.revision)
    draft.source, draft.revision = agent_source(), 1
    entries = [("source", MANY_LINES[mine] + "!")]
    answer = ask(log_in(client, editor), draft, "save", entries)
    assert answer.status_code == 409
    conflict = answer.json()["conflict"]
    # Both texts whole, as the page holds them to be copied, and the first rows of what differs.
    assert len(answer.content) - 4 * 2 * 262_144 < MOST_ANSWERED
    assert conflict["html"].count("<tr class=") <= 2_000
    assert conflict["merged"] is None
    assert conflict["overlaps"] == ["the text as a whole: it has too many lines to be merged"]
    kept = ask(log_in(client, editor), draft, "keep", entries, theirs=conflict["revision"])
    assert kept.status_code == 200
    assert Draft.objects.get().source == MANY_LINES[mine] + "!"


def test_the_review_page_counts_every_line_and_shows_the_first(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    draft = drafting.open_draft(publish_source(agent_source()).agent, by=editor)
    many = agent_source(prompt="".join(f"{n}\n" for n in range(3_000)))
    draft = drafting.save(draft, many, by=editor, revision=draft.revision)
    drafting.submit(draft, by=editor, revision=draft.revision)
    address = reverse("admin:catalog_agent_review", args=[draft.agent_id])
    page = log_in(client, publisher).get(address).content.decode()
    assert page.count("<tr class=") == 2_000
    assert " more lines.</p>" in page
    assert "3000" in page or "3,000" in page


# --- Odd values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", CONTROLS)
def test_an_odd_value_of_any_control_is_written_or_said_to_be_none(
    client: Client, editor: User, draft: Draft, control: str
) -> None:
    log_in(client, editor)
    for odd in ODD:
        for deed in ("form", "save"):
            assert ask(client, Draft.objects.get(), deed, [(control, odd)]).status_code in (200, 422), (odd, deed)


@pytest.mark.parametrize("chosen", [{}, {"tools_scope": "only", "model": "other"}, {"title": "", "source": ""}])
def test_a_form_of_nothing_but_odd_values_is_a_page(
    client: Client, editor: User, draft: Draft, chosen: dict[str, str]
) -> None:
    log_in(client, editor)
    page = reverse("admin:catalog_agent_draft", args=[draft.agent_id])
    for odd in ODD:
        form = dict.fromkeys(CONTROLS, odd.encode(errors="replace").decode()) | chosen
        answer = client.post(page, {**form, "revision": Draft.objects.get().revision, "do": "save"})
        assert answer.status_code in (200, 302), odd


@pytest.mark.parametrize("control", ["color", "permissionMode", "effort", "background", "memory", "isolation"])
def test_an_unknown_choice_is_a_problem_beside_its_field(
    client: Client, editor: User, draft: Draft, control: str
) -> None:
    client = log_in(client, editor)
    answer = ask(client, draft, "save", [(control, "x")])
    assert (answer.status_code, answer.json()["whole"]) == (200, False)
    assert "Choose one of the list." in answer.json()["parts"][f"findings-{control}"]
    page = client.post(
        reverse("admin:catalog_agent_draft", args=[draft.agent_id]), {control: "x", "revision": "1", "do": "save"}
    )
    assert page.status_code == 200
    assert "Choose one of the list." in page.content.decode()
    assert Draft.objects.get().source == draft.source


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "x" * 10_000, {"a": 1}, None, 10**400])
@pytest.mark.parametrize("name", ["username", "password"])
def test_credentials_that_nobody_has_log_nobody_in(client: Client, db: None, name: str, odd: object) -> None:
    asked = json.dumps({"username": "elif", "password": "x"} | {name: odd})
    answer = client.post(reverse("admin:log_in_again"), asked, content_type="application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize("body", ["", "x", "null", "[]", "[" * 100_000, "\xff"])
def test_a_body_without_credentials_logs_nobody_in(client: Client, db: None, body: str) -> None:
    answer = client.post(reverse("admin:log_in_again"), body.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize("revision", ["9" * 5_000, "9" * 10, "-1", "x", "", "²"])
def test_a_review_of_a_revision_that_cannot_be_is_refused(
    client: Client, editor: User, publisher: User, draft: Draft, revision: str
) -> None:
    drafting.submit(draft, by=editor, revision=draft.revision)
    address = reverse("admin:catalog_agent_review", args=[draft.agent_id])
    assert log_in(client, publisher).post(address, {"do": "publish", "revision": revision}).status_code == 400


# --- Without a session ------------------------------------------------------------------------------------------


def _refused(draft: Draft, form: dict[str, str]) -> str:
    answer = Client().post(reverse("admin:catalog_agent_draft", args=[draft.agent_id]), form)
    assert answer.status_code == 403
    return html.unescape(answer.content.decode())


def test_fields_sent_without_a_session_come_back_in_the_text(draft: Draft) -> None:
    form = {"base": draft.source, "lead": "My lead.", "prompt": "My prompt.", "title": "My title", "note": "My note"}
    page = _refused(draft, form)
    assert draft.definition.replace(lead="My lead.").source.split("\n---")[0] in page
    for text in ("My prompt.", "My title", "My note"):
        assert text in page
    assert page.count("<textarea") == 3


def test_very_long_fields_sent_without_a_session_come_back_as_they_are(draft: Draft) -> None:
    form = {"base": draft.source, "lead": "My lead.", "prompt": "My prompt.\n" * 10_000, "title": "My title"}
    page = _refused(draft, form)
    assert page.count("<textarea") == 3
    for name in ("lead", "prompt", "title"):
        assert f'<textarea id="{name}"' in page
        assert form[name].strip() in page


def test_a_form_with_nothing_written_leads_to_the_log_in(db: None) -> None:
    answer = Client().post("/admin/catalog/agent/1/draft/", {"title": "T", "base": "", "do": "save"})
    assert answer.status_code == 302
