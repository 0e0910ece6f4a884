"""What the editor's scripts ask while somebody types: the text is seen, stored, mended, merged, and never lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Draft, Event, Version
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
SOURCE = agent_source(prompt="\nOne.\n\nTwo.\n\nThree.\n\nFour.\n")


@pytest.fixture
def draft(editor: User) -> Draft:
    agent, _ = publishing.register(read(SOURCE), by=editor)
    return drafting.open_draft(agent, by=editor, source=SOURCE)


def live(client: Client, agent: Agent, **asked: Any) -> HttpResponse:
    address = reverse("admin:catalog_agent_draft_live", args=[agent.pk])
    return client.post(address, json.dumps(asked), content_type="application/json")


def ask(client: Client, draft: Draft, deed: str, *entries: tuple[str, str], **more: Any) -> HttpResponse:
    """As the page of this draft asks, with these fields of its form."""
    asked = {"do": deed, "revision": draft.revision, "base": draft.source, "entries": entries, **more}
    return live(client, draft.agent, **asked)


def test_looking_shows_the_text_as_typed_and_stores_nothing(client: Client, editor: User, draft: Draft) -> None:
    answer = ask(log_in(client, editor), draft, "look", ("prompt", "# Rules\n\nBe **kind**."), pane="page").json()
    assert "<strong>kind</strong>" in answer["pane"]
    assert answer["source"] == SOURCE.split("\nOne.")[0] + "\n# Rules\n\nBe **kind**.\n"
    assert (answer["saved"], answer["base"]) == (False, None)
    assert Draft.objects.get().source == SOURCE


def test_saving_stores_the_field_and_no_version_and_no_event(client: Client, editor: User, draft: Draft) -> None:
    events = Event.objects.count()
    answer = ask(log_in(client, editor), draft, "save", ("model", "opus"), ("note", " Thinks more ")).json()
    stored = Draft.objects.get()
    assert stored.source == draft.definition.replace(model="opus").source == answer["base"]
    assert (stored.revision, answer["revision"], answer["saved"]) == (2, 2, True)
    assert (stored.note, stored.edited_by) == ("Thinks more", editor)
    assert (Version.objects.count(), Event.objects.count()) == (0, events)


def test_saving_what_is_stored_already_changes_nothing(client: Client, editor: User, draft: Draft) -> None:
    answer = ask(
        log_in(client, editor),
        draft,
        "save",
        ("lead", draft.definition.lead),
        ("prompt", "One.\n\nTwo.\n\nThree.\n\nFour."),
    )
    assert (answer.json()["revision"], Draft.objects.get().source) == (1, SOURCE)


@pytest.mark.parametrize("pane", ["page", "file", "changes", "checks", "nonsense"])
def test_every_pane_shows_a_half_written_text(client: Client, editor: User, draft: Draft, pane: str) -> None:
    half = '---\nname: code-reviewer\ndescription: "half'
    answer = ask(log_in(client, editor), draft, "look", ("source", half), pane=pane)
    assert answer.status_code == 200
    assert answer.json()["source"] == half
    assert answer.json()["errors"] > 0


def test_the_file_pane_marks_what_differs_from_the_published_text(
    client: Client, editor: User, publish_source: Publish
) -> None:
    version = publish_source(SOURCE)
    draft = drafting.open_draft(version.agent, by=editor)
    answer = ask(log_in(client, editor), draft, "look", ("prompt", "One.\n\nTwo!\n\nThree."), pane="file").json()
    assert [line for line in answer["pane"].split("<li") if "new" in line[:14]] != []
    assert answer["pane"].count('class="new') == 1


def test_the_changes_pane_compares_with_the_published_text(
    client: Client, editor: User, publish_source: Publish
) -> None:
    version = publish_source(SOURCE)
    draft = drafting.open_draft(version.agent, by=editor)
    answer = ask(log_in(client, editor), draft, "look", ("model", "opus"), pane="changes").json()
    assert '<tr class="new">' in answer["pane"]
    assert "model: opus" in answer["pane"]


def test_findings_stand_beside_their_fields_with_what_mends_them(client: Client, editor: User, draft: Draft) -> None:
    parts = ask(log_in(client, editor), draft, "look", ("model", "other"), ("model_other", "sonet")).json()["parts"]
    assert 'value="mend model-unknown' in parts["findings-model"]
    assert parts["findings-prompt"].strip() == ""


def test_a_fix_changes_the_field_and_gives_the_form_anew(client: Client, editor: User, draft: Draft) -> None:
    entries = (("model", "other"), ("model_other", "sonet"), ("color", "green"))
    client = log_in(client, editor)
    parts = ask(client, draft, "look", *entries).json()["parts"]
    deed = parts["findings-model"].split('value="')[1].split('"')[0]
    answer = ask(client, draft, deed, *entries).json()
    assert Draft.objects.get().source == draft.definition.replace(model="sonnet", color="green").source
    assert 'name="model"' in answer["form"]


def test_a_value_that_cannot_be_written_keeps_no_other_from_being_saved(
    client: Client, editor: User, draft: Draft
) -> None:
    entries = (("examples", "1"), ("example_user", "a </example> b"), ("example_assistant", "x"), ("model", "opus"))
    answer = ask(log_in(client, editor), draft, "save", *entries).json()
    assert (answer["saved"], answer["whole"]) == (True, False)
    assert "Not in the text yet" in answer["parts"]["findings-examples"]
    assert Draft.objects.get().source == draft.definition.replace(model="opus").source


def test_a_title_that_cannot_be_stored_keeps_nothing_else_from_being_saved(
    client: Client, editor: User, draft: Draft
) -> None:
    answer = ask(log_in(client, editor), draft, "save", ("title", " "), ("model", "opus")).json()
    assert answer["saved"]
    assert "A title has 1 to 200 characters." in answer["parts"]["findings-title"]
    assert Agent.objects.get().title == "Code Reviewer"


def test_a_text_too_long_to_be_stored_is_refused_with_a_sentence(client: Client, editor: User, draft: Draft) -> None:
    answer = ask(log_in(client, editor), draft, "save", ("prompt", "x" * 300_000))
    assert answer.status_code == 422
    assert answer.json()["trouble"].startswith("Not saved. The text has 300,")
    assert Draft.objects.get().source == SOURCE


# --- Title and name -----------------------------------------------------------------------------------


def test_an_agent_never_published_goes_by_the_title_and_name_of_its_draft(
    client: Client, editor: User, draft: Draft
) -> None:
    client = log_in(client, editor)
    answer = ask(client, draft, "save", ("title", "Kind  Reader"), ("name", "kind-reader")).json()
    agent = Agent.objects.get()
    assert (agent.title, agent.name) == ("Kind Reader", "kind-reader")
    assert answer["suggestedName"] == "kind-reader"
    assert "/agents/kind-reader/" not in answer["parts"]["findings-name"]


def test_a_taken_name_is_told_while_typing_and_is_not_taken(
    client: Client, editor: User, draft: Draft, publish_source: Publish
) -> None:
    other = publish_source(agent_source("taken"))
    answer = ask(log_in(client, editor), draft, "save", ("name", "taken")).json()
    assert reverse("admin:catalog_agent_change", args=[other.agent_id]) in answer["parts"]["name-note"]
    assert "belongs to another agent" in answer["parts"]["findings-name"]
    assert Agent.objects.get(pk=draft.agent_id).name == "code-reviewer"
    assert Draft.objects.get().definition.name == "taken"


def test_the_title_of_a_published_agent_changes_when_it_is_published(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(SOURCE)
    draft = drafting.open_draft(version.agent, by=publisher)
    ask(log_in(client, publisher), draft, "save", ("title", "Careful Reader"), ("model", "opus"))
    draft = Draft.objects.get()
    assert (Agent.objects.get().title, draft.title) == ("Code Reviewer", "Careful Reader")
    drafting.publish_draft(draft, by=publisher, revision=draft.revision)
    assert Agent.objects.get().title == "Careful Reader"
    assert Event.objects.filter(verb="retitled").count() == 1


# --- Two people -------------------------------------------------------------------------------------------


@pytest.fixture
def conflict(client: Client, editor: User, publisher: User, draft: Draft) -> tuple[Client, Draft]:
    """Elif has the page of revision 1; Pablo saved revision 2 meanwhile."""
    theirs = SOURCE.replace("Four.", "Four, says Pablo.")
    drafting.save(draft, theirs, by=publisher, revision=1)
    return log_in(client, editor), draft


MINE = ("prompt", "One, says Elif.\n\nTwo.\n\nThree.\n\nFour.")


def test_a_stale_save_is_refused_and_shows_both_texts(conflict: tuple[Client, Draft]) -> None:
    answer = ask(*conflict, "save", MINE)
    assert answer.status_code == 409
    told = answer.json()["conflict"]
    assert told["revision"] == 2
    assert "Four, says Pablo." in told["html"]
    assert "One, says Elif." in told["html"]
    assert "says Elif" not in Draft.objects.get().source


def test_a_page_on_which_nothing_was_written_goes_on_with_the_later_text(conflict: tuple[Client, Draft]) -> None:
    answer = ask(*conflict, "save", ("note", "Why")).json()
    stored = Draft.objects.get()
    assert "Four, says Pablo." in answer["form"]
    assert ("Four, says Pablo." in stored.source, stored.note, answer["revision"]) == (True, "Why", 3)


def test_a_draft_that_was_only_returned_takes_the_text_without_a_question(
    client: Client, editor: User, publisher: User, draft: Draft
) -> None:
    submitted = drafting.submit(draft, by=editor, revision=1)
    drafting.return_(submitted, by=publisher, revision=2, reason="Shorter.")
    answer = ask(log_in(client, editor), draft, "save", MINE)
    assert (answer.status_code, answer.json()["revision"]) == (200, 4)
    assert "One, says Elif." in Draft.objects.get().source


def test_a_page_of_a_draft_that_was_discarded_does_not_write_into_the_next_one(
    client: Client, editor: User, publisher: User, draft: Draft
) -> None:
    drafting.discard(draft, by=publisher, revision=1)
    again = drafting.open_draft(draft.agent, by=publisher, source=SOURCE.replace("One.", "Another text."))
    assert again.revision == 2
    assert ask(log_in(client, editor), draft, "save", MINE).status_code == 409
    assert "Another text." in Draft.objects.get().source


def test_a_save_whose_answer_was_lost_is_no_conflict_with_oneself(client: Client, editor: User, draft: Draft) -> None:
    first, second = ("prompt", "One, and"), ("prompt", "One, and more.")
    ask(log_in(client, editor), draft, "save", first)  # stored, and the answer lost
    assert ask(client, draft, "save", second).status_code == 409
    answer = ask(client, draft, "save", second, unheard=[first])
    assert (answer.status_code, answer.json()["revision"]) == (200, 3)
    assert Draft.objects.get().definition.prompt.strip() == "One, and more."


def test_what_was_sent_without_an_answer_excuses_no_other_text(conflict: tuple[Client, Draft]) -> None:
    assert ask(*conflict, "save", MINE, unheard=[("prompt", "Mine before")]).status_code == 409
    assert ask(*conflict, "save", MINE, unheard={"prompt": 3}).status_code == 409


def test_a_value_that_is_not_in_the_text_is_not_lost_to_a_later_one(conflict: tuple[Client, Draft]) -> None:
    entries = (("examples", "1"), ("example_user", "a </example> b"), ("example_assistant", "x"))
    assert ask(*conflict, "save", *entries).status_code == 409


def test_the_text_of_one_person_is_not_saved_as_anothers(client: Client, editor: User, draft: Draft) -> None:
    log_in(client, editor)
    assert ask(client, draft, "save", ("model", "opus"), user="pablo").status_code == 401
    assert ask(client, draft, "save", ("model", "opus"), user="elif").status_code == 200


def test_what_does_not_overlap_is_merged_with_one_click(conflict: tuple[Client, Draft]) -> None:
    answer = ask(*conflict, "merge", MINE, theirs=2)
    stored = Draft.objects.get()
    assert stored.source == SOURCE.replace("One.", "One, says Elif.").replace("Four.", "Four, says Pablo.")
    assert (answer.json()["revision"], stored.revision) == (3, 3)
    assert "Four, says Pablo." in answer.json()["form"]


def test_my_text_replaces_theirs_only_as_i_have_seen_it(conflict: tuple[Client, Draft], publisher: User) -> None:
    drafting.save(conflict[1], SOURCE.replace("Two.", "Two, says Pablo."), by=publisher, revision=2)
    assert ask(*conflict, "keep", MINE, theirs=2).status_code == 409
    assert ask(*conflict, "keep", MINE, theirs=3).status_code == 200
    assert Draft.objects.get().source == SOURCE.replace("One.", "One, says Elif.").replace("Two.", "Two, says Pablo.")


def test_where_both_changed_mine_is_kept_and_their_other_changes_stay(
    client: Client, editor: User, publisher: User, draft: Draft
) -> None:
    theirs = draft.definition.replace(
        lead="Theirs.", model="opus", prompt="\nOne!\n\nTwo.\n\nThree.\n\nFour, says Pablo.\n"
    )
    drafting.save(draft, theirs.source, by=publisher, revision=1)
    entries = (("lead", "Mine."), ("color", "green"), ("prompt", "One?\n\nTwo.\n\nThree.\n\nFour."))
    answer = ask(log_in(client, editor), draft, "keep", *entries, theirs=2).json()
    kept = Draft.objects.get().definition
    assert (kept.lead, kept.model, kept.color) == ("Mine.", "opus", "green")
    assert kept.prompt.strip() == "One?\n\nTwo.\n\nThree.\n\nFour, says Pablo."
    assert "Four, says Pablo." in answer["form"]


def test_title_and_note_of_somebody_else_stay_where_mine_are_untouched(
    client: Client, editor: User, publisher: User, draft: Draft
) -> None:
    given = {"base_title": "Code Reviewer", "base_note": ""}
    drafting.save(draft, SOURCE, by=publisher, revision=1, title="Pablo's Title", note="Pablo's note")
    old = (("title", "Code Reviewer"), ("note", ""))
    answer = ask(log_in(client, editor), draft, "save", ("model", "opus"), *old, **given).json()
    stored = Draft.objects.select_related("agent").get()
    assert (stored.agent.title, stored.note, stored.definition.model) == ("Pablo's Title", "Pablo's note", "opus")
    assert answer["beside"] == {"title": "Pablo's Title", "note": "Pablo's note"}


@pytest.mark.parametrize("deed", ["save", "keep", "merge", "take"])
def test_a_title_that_both_changed_is_said_and_is_not_replaced_silently(
    client: Client, editor: User, publisher: User, draft: Draft, deed: str
) -> None:
    drafting.save(draft, SOURCE.replace("Four.", "Four!"), by=publisher, revision=1, title="Theirs")
    entries = (("title", "Mine"), ("note", ""), MINE)
    answer = ask(log_in(client, editor), draft, deed, *entries, theirs=2, base_title="Code Reviewer", base_note="")
    if deed == "save":
        assert "The title: yours is “Mine”, the other one is “Theirs”." in answer.json()["conflict"]["html"]
    titles = {"save": "Theirs", "keep": "Mine", "merge": "Mine", "take": "Theirs"}
    assert Agent.objects.get().title == titles[deed]


def test_their_text_is_taken_without_a_save(conflict: tuple[Client, Draft]) -> None:
    answer = ask(*conflict, "take", MINE).json()
    assert "Four, says Pablo." in answer["form"]
    assert (answer["revision"], answer["base"]) == (2, Draft.objects.get().source)
    assert Draft.objects.get().revision == 2


def test_a_draft_that_was_published_meanwhile_keeps_the_text_and_may_begin_anew(
    client: Client, editor: User, publisher: User, draft: Draft
) -> None:
    drafting.publish_draft(draft, by=publisher, revision=1)
    client = log_in(client, editor)
    assert ask(client, draft, "save", MINE).status_code == 409
    answer = ask(client, draft, "keep", MINE, theirs=0)
    assert answer.status_code == 200
    assert "One, says Elif." in Draft.objects.get().source


# --- Who may, and what is not ours -----------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["submit", "publish"])
def test_a_draft_with_a_field_left_behind_is_not_handed_on(
    client: Client, publisher: User, draft: Draft, deed: str
) -> None:
    sheet = {"examples": "1", "example_user": "a </example> b", "example_assistant": "x", "revision": 1, "do": deed}
    page = log_in(client, publisher).post(reverse("admin:catalog_agent_draft", args=[draft.agent_id]), sheet)
    assert "A field is not in the text yet." in page.content.decode()
    assert not Draft.objects.get().is_in_review
    assert not Version.objects.exists()


def test_nobody_logged_in_is_told_so_in_json(client: Client, draft: Draft) -> None:
    answer = ask(client, draft, "save", ("model", "opus"))
    assert (answer.status_code, answer.json()) == (401, {"logIn": True})
    assert Draft.objects.get().source == SOURCE


def test_a_text_in_review_stays_as_it_is(client: Client, editor: User, draft: Draft) -> None:
    submitted = drafting.submit(draft, by=editor, revision=1)
    answer = ask(log_in(client, editor), submitted, "save", ("model", "opus"))
    assert answer.status_code == 422
    assert "Take it back" in answer.json()["trouble"]
    assert Draft.objects.get().source == SOURCE


@pytest.mark.parametrize("body", ["", "[]", "{", "{}", '{"revision": "x"}', '{"revision": 1e999}', '"\\ud800"'])
def test_what_is_no_question_of_ours_is_refused(client: Client, editor: User, draft: Draft, body: str) -> None:
    address = reverse("admin:catalog_agent_draft_live", args=[draft.agent_id])
    assert log_in(client, editor).post(address, body, content_type="application/json").status_code == 400
    assert Draft.objects.get().source == SOURCE


def test_fields_of_the_wrong_kind_are_left_alone(client: Client, editor: User, draft: Draft) -> None:
    answer = live(
        log_in(client, editor),
        draft.agent,
        do="save",
        revision=1,
        entries=[["model"], 3, ["model", 7], {"a": 1}],
        base=5,
    )
    assert answer.status_code == 200
    assert Draft.objects.get().source == SOURCE


def test_looking_and_saving_take_few_queries(
    client: Client, editor: User, draft: Draft, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    log_in(client, editor)
    with django_assert_max_num_queries(8):
        ask(client, draft, "look", ("model", "opus"))
    with django_assert_max_num_queries(20):
        ask(client, draft, "save", ("model", "opus"))


# --- Logging in again ---------------------------------------------------------------------------------------


def again(client: Client, **asked: str) -> HttpResponse:
    return client.post(reverse("admin:log_in_again"), json.dumps(asked), content_type="application/json")


def test_logging_in_again_gives_a_token_and_goes_on(client: Client, editor: User, draft: Draft) -> None:
    answer = again(client, username="elif", password="elif's password")
    assert answer.status_code == 200
    assert (answer.json()["user"], bool(answer.json()["token"])) == ("elif", True)
    assert ask(client, draft, "save", ("model", "opus")).status_code == 200


def test_a_wrong_password_is_refused_with_a_sentence(client: Client, editor: User) -> None:
    answer = again(client, username="elif", password="wrong")
    assert answer.status_code == 403
    assert "do not go together" in answer.json()["trouble"]
    assert client.get(reverse("admin:log_in_again")).json()["user"] == ""


def test_an_account_without_rights_is_not_logged_in(client: Client, outsider: User) -> None:
    answer = again(client, username="oona", password="oona's password")
    assert (answer.status_code, "may not write" in answer.json()["trouble"]) == (403, True)
    assert "_auth_user_id" not in client.session


def test_a_form_needs_its_token(editor: User, draft: Draft) -> None:
    strict = log_in(Client(enforce_csrf_checks=True), editor)
    assert ask(strict, draft, "save", ("model", "opus")).status_code == 403
    token = strict.get(reverse("admin:log_in_again")).json()["token"]
    address = reverse("admin:catalog_agent_draft_live", args=[draft.agent_id])
    body = json.dumps({"do": "save", "revision": 1, "entries": [["model", "opus"]]})
    assert strict.post(address, body, content_type="application/json", HTTP_X_CSRFTOKEN=token).status_code == 200
