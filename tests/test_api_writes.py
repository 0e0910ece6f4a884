"""Programs with a token: what they may write, once, and over nothing that they have not seen."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog import definition, drafting, publishing
from catalog.models import Agent, Category, Draft, Event, Repeat, Version
from tests.answers import AGENTS, BASE, ONE, Publish
from tests.programs import Issue, program_of, refused
from tests.sources import agent_source

FILE = agent_source()


@pytest.fixture
def program(publisher: User) -> Issue:
    """`program("publish")`: one that acts for Pablo, or for `user`, with these scopes."""
    return lambda *scopes, user=publisher, **limits: program_of(user, *scopes, **limits)


# --- A version ----------------------------------------------------------------------------------------------


def test_a_file_becomes_the_next_version_byte_for_byte(program: Issue, client: Client) -> None:
    robot = program("publish")
    for number, source in enumerate((FILE, FILE.replace("\n", "\r\n")), 1):
        response = robot.put(source, query="?note=From+the+pipeline.")
        body = response.json()
        assert (response.status_code, body["outcome"], body["number"]) == (201, "published", number)
        assert response["Location"] == body["urls"]["api"] == f"{BASE}{ONE}/versions/{number}"
        assert response["ETag"] == f'"{body["digest"]}"'
        assert client.get(f"/agents/code-reviewer/{number}.md").content == source.encode()
    assert [version.note for version in Version.objects.all()] == ["From the pipeline."] * 2


def test_the_same_file_again_is_nothing_new(program: Issue) -> None:
    robot = program("publish")
    first, again = robot.put(FILE), robot.put(FILE)
    assert (first.json()["is_new"], again.json()["is_new"]) == (True, False)
    assert (again.status_code, again.json()["outcome"], again.json()["number"]) == (200, "unchanged", 1)
    assert Version.objects.count() == 1


def test_who_did_it_and_through_which_token_is_recorded(program: Issue, publisher: User) -> None:
    program("publish").put(FILE)
    told = [(event.verb, event.actor, event.token.label) for event in Event.objects.exclude(verb__startswith="token-")]
    assert told == [("published", publisher, "Pipeline"), ("created", publisher, "Pipeline")]


def test_a_file_with_errors_is_refused_with_all_of_them(program: Issue) -> None:
    response = program("publish").put("---\nname: code-reviewer\n---\nText\u202e.\n")
    assert refused(response) == (422, "invalid_definition")
    findings = response.json()["findings"]
    assert {finding["severity"] for finding in findings} == {"error"}
    assert len(findings) > 1
    assert all(finding["message"] and finding["code"] for finding in findings)
    assert not Agent.objects.exists()


def test_an_address_and_a_file_that_name_different_agents_are_refused(program: Issue) -> None:
    response = program("publish").put(agent_source("another"))
    assert refused(response) == (422, "name_mismatch")
    assert "'another'" in response.json()["detail"]
    assert "name: code-reviewer" in response.json()["detail"]
    assert not Agent.objects.exists()


@pytest.mark.parametrize("sent", ["application/x-www-form-urlencoded", "application/json", "text/html"])
def test_a_file_that_does_not_come_as_markdown_is_refused(program: Issue, sent: str) -> None:
    robot = program("publish")
    response = robot.client.put(ONE, FILE, content_type=sent, headers={"authorization": robot.bearer})
    assert refused(response) == (415, "unsupported_media_type")
    assert "text/markdown" in response.json()["detail"]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(program: Issue) -> None:
    response = program("publish").put(agent_source(prompt="x" * 300_000))
    assert refused(response) == (413, "too_large")
    assert "262,144" in response.json()["detail"]


def test_a_text_that_was_withdrawn_does_not_come_back_by_itself(
    program: Issue, publisher: User, publish_source: Publish
) -> None:
    publishing.yank(publish_source(FILE), by=publisher, reason="It was wrong.")
    response = program("publish").put(FILE)
    assert refused(response) == (409, "conflict")
    assert "It was wrong." in response.json()["detail"]


def test_a_former_name_is_told_the_present_one(program: Issue, publisher: User, publish_source: Publish) -> None:
    publishing.rename(publish_source(FILE).agent, "reviewer", by=publisher)
    response = program("publish").put(FILE)
    assert refused(response) == (422, "not_possible")
    assert "renamed to 'reviewer'" in response.json()["detail"]


def test_a_new_agent_stands_in_the_category_that_is_named(program: Issue) -> None:
    Category.objects.create(name="quality", title="Quality")
    robot = program("publish")
    assert refused(robot.put(FILE, query="?category=none")) == (422, "not_possible")
    assert not Agent.objects.exists()
    assert robot.put(FILE, query="?category=quality").status_code == 201
    assert Agent.objects.get().category.name == "quality"


def test_a_dry_run_says_what_would_happen_and_writes_nothing(program: Issue, publish_source: Publish) -> None:
    publish_source(FILE)
    robot = program("publish", "write-drafts")
    events = Event.objects.count()
    other = agent_source(model="opus")
    for query, outcome, number in (("?dry_run=true", "published", 2), ("?dry_run=true&as=draft", "drafted", None)):
        response = robot.put(other, query=query, idempotency_key="k")
        body = response.json()
        assert (response.status_code, body["dry_run"], body["outcome"], body["number"]) == (200, True, outcome, number)
    assert robot.put(agent_source("new-one"), "new-one", "?dry_run=true").json()["is_new"] is True
    assert refused(robot.put("---\n", query="?dry_run=true")) == (422, "invalid_definition")
    assert (Version.objects.count(), Draft.objects.count(), Event.objects.count()) == (1, 0, events)
    assert not Repeat.objects.exists()
    assert [agent.name for agent in Agent.objects.all()] == ["code-reviewer"]


@pytest.mark.parametrize(
    "query", ["?dry-run=true", "?Dry_Run=true", "?dryrun=1", "?dry_run=true&dry_run=false", "?dry_run=maybe", "?x=1"]
)
def test_a_parameter_that_is_misspelt_writes_nothing(program: Issue, query: str) -> None:
    robot = program("publish")
    response = robot.put(FILE, query=query)
    assert refused(response) == (422, "invalid_parameters")
    if "-" in query or "R" in query:
        assert "Did you mean 'dry_run'?" in response.json()["detail"]
    assert not Agent.objects.exists()


def test_a_part_of_a_body_that_is_misspelt_changes_nothing(program: Issue, publish_source: Publish) -> None:
    publish_source(FILE)
    publish_source(agent_source("better"))
    robot = program("yank")
    robot.post("code-reviewer/deprecate", {"note": "Old.", "successor": "better"})
    response = robot.post("code-reviewer/deprecate", {"succesor": "better"})
    assert refused(response) == (422, "invalid_parameters")
    assert "'succesor'" in response.json()["detail"]
    assert Agent.objects.get(name="code-reviewer").deprecation_note == "Old."


def test_a_body_that_is_missing_or_comes_in_chunks_is_asked_for(program: Issue, publish_source: Publish) -> None:
    publish_source(FILE)
    robot = program("yank")
    sent = {"headers": {"authorization": robot.bearer}, "content_type": "application/json"}
    missing = robot.client.generic("POST", f"{ONE}/versions/1/yank", b"", **sent)
    assert refused(missing) == (422, "invalid_parameters")
    assert missing.json()["errors"] == [{"field": "body", "message": "Send a JSON object."}]
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    in_chunks = robot.client.generic("POST", f"{ONE}/versions/1/yank", b"{}", **sent, **chunked)
    assert refused(in_chunks) == (411, "length_required")


def test_a_file_that_comes_compressed_or_in_another_encoding_is_refused(program: Issue) -> None:
    robot = program("publish")
    assert refused(robot.put(FILE, content_encoding="gzip")) == (415, "unsupported_media_type")
    latin = robot.client.put(
        ONE, FILE, content_type="text/markdown; charset=latin-1", headers={"authorization": robot.bearer}
    )
    assert refused(latin) == (415, "unsupported_media_type")


# --- Over nothing that was not seen ---------------------------------------------------------------------------


def test_if_match_writes_over_the_text_it_names_and_no_other(program: Issue, publish_source: Publish) -> None:
    first = publish_source(FILE)
    robot = program("publish")
    etag = f'"{first.digest}"'
    assert robot.put(agent_source(model="opus"), if_match=etag).status_code == 201
    response = robot.put(agent_source(model="haiku"), if_match=etag)
    assert refused(response) == (412, "precondition_failed")
    present = Version.objects.get(number=2).digest
    assert f"not the one that If-Match names. The present one is {present}." in response.json()["detail"]
    assert Version.objects.count() == 2
    assert robot.put(agent_source(model="opus"), if_match=etag).json()["outcome"] == "unchanged"  # it is done
    assert robot.put(agent_source(model="haiku"), if_match="*").status_code == 201


def test_if_none_match_makes_only_what_is_not_there(program: Issue) -> None:
    robot = program("publish", "write-drafts")
    assert refused(robot.put(FILE, if_match="*")) == (412, "precondition_failed")
    assert robot.put(FILE, if_none_match="*").status_code == 201
    response = robot.put(agent_source(model="opus"), if_none_match="*")
    assert refused(response) == (412, "precondition_failed")
    present = Version.objects.get().digest
    assert f"There is a text already, {present}. Leave out If-None-Match" in response.json()["detail"]
    assert refused(robot.put(agent_source(model="opus"), query="?as=draft", if_none_match="*")) == (
        412,
        "precondition_failed",
    )
    assert robot.put(agent_source("new-one"), "new-one", "?as=draft", if_none_match="*").status_code == 201


def test_conditions_of_drafts_are_those_of_versions(program: Issue, editor: User, publish_source: Publish) -> None:
    robot = program("write-drafts", "read-drafts")
    other = agent_source(prompt="Else.")
    assert refused(robot.put(FILE, if_match="*")) == (412, "precondition_failed")
    agent = publish_source(FILE).agent
    drafting.open_draft(agent, by=editor, source=agent_source(prompt="By hand."))
    present = robot.get("agents/code-reviewer/draft")["ETag"]
    assert refused(robot.put(other, if_none_match=present)) == (412, "precondition_failed")
    assert refused(robot.put(other, if_match=f"W/{present}")) == (412, "precondition_failed")
    assert robot.put(other, if_match=f'"another", {present}').status_code == 201
    assert robot.put(agent_source(prompt="Again."), if_match="*").status_code == 201


def test_another_condition_is_another_request(program: Issue) -> None:
    robot = program("publish")
    robot.put(FILE, idempotency_key="k")
    response = robot.put(FILE, idempotency_key="k", if_none_match="*")
    assert refused(response) == (422, "idempotency_key_reused")


def test_another_note_of_the_same_draft_is_kept(program: Issue) -> None:
    robot = program("write-drafts")
    robot.put(FILE, query="?note=one")
    robot.put(FILE, query="?note=two")
    assert Draft.objects.get().note == "two"


# --- Once ------------------------------------------------------------------------------------------------------


def test_a_request_that_is_sent_again_is_told_what_was_done(program: Issue, publisher: User) -> None:
    robot = program("publish", "yank")
    first = robot.put(FILE, idempotency_key="build-7")
    robot.put(agent_source(model="opus"))
    again = robot.put(FILE, idempotency_key="build-7")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (again["Idempotency-Replayed"], again["Location"]) == ("true", first["Location"])
    assert "Idempotency-Replayed" not in first
    assert Version.objects.count() == 2
    yanked = [robot.post("code-reviewer/versions/1/yank", {"reason": "Bad."}, idempotency_key="y") for _ in range(2)]
    assert yanked[0].json() == yanked[1].json()
    assert yanked[1]["Idempotency-Replayed"] == "true"


def test_a_key_stands_for_one_request(program: Issue) -> None:
    robot = program("publish")
    robot.put(FILE, idempotency_key="k")
    for other in (agent_source(model="opus"), FILE):
        query = "" if other != FILE else "?note=Else."
        response = robot.put(other, query=query, idempotency_key="k")
        assert refused(response) == (422, "idempotency_key_reused")
    assert program("publish").put(agent_source(model="opus"), idempotency_key="k").status_code == 201  # another token


def test_what_failed_may_be_tried_again_under_its_key(program: Issue, publish_source: Publish) -> None:
    robot = program("publish")
    assert refused(robot.put(FILE, idempotency_key="k", if_match="*")) == (412, "precondition_failed")
    assert robot.put(FILE, idempotency_key="k", if_match="*").status_code == 412
    publish_source(agent_source(model="opus"))
    assert robot.put(FILE, idempotency_key="k", if_match="*").status_code == 201


def test_a_key_is_forgotten_after_a_day(program: Issue) -> None:
    robot = program("publish")
    robot.put(FILE, idempotency_key="k")
    Repeat.objects.update(at=timezone.now() - timedelta(hours=25))
    response = robot.put(agent_source(model="opus"), idempotency_key="k")
    assert (response.status_code, Repeat.objects.count()) == (201, 1)


@pytest.mark.parametrize("key", ["k" * 256, "a\x07b"])
def test_a_key_that_cannot_be_kept_is_refused(program: Issue, key: str) -> None:
    assert refused(program("publish").put(FILE, idempotency_key=key)) == (422, "not_possible")
    assert not Version.objects.exists()


# --- A draft ---------------------------------------------------------------------------------------------------


def test_a_token_that_writes_drafts_leaves_one_for_review(program: Issue, editor: User, client: Client) -> None:
    robot = program("write-drafts", user=editor)
    response = robot.put(FILE, query="?note=Look+at+this.")
    body = response.json()
    assert (response.status_code, body["outcome"], body["number"], body["is_new"]) == (201, "drafted", None, True)
    draft = Draft.objects.get()
    assert (draft.source, draft.note, draft.edited_by) == (FILE, "Look at this.", editor)
    assert body["urls"]["draft"].endswith(f"/admin/catalog/agent/{draft.agent_id}/draft/")
    assert client.get(ONE).status_code == 404
    assert robot.put(FILE).json()["outcome"] == "unchanged"
    assert [event.verb for event in Event.objects.filter(token__isnull=False)] == ["drafted", "created"]


def test_a_draft_that_somebody_writes_is_not_overwritten_unseen(
    program: Issue, editor: User, publish_source: Publish
) -> None:
    agent = publish_source(FILE).agent
    draft = drafting.open_draft(agent, by=editor, source=agent_source(prompt="By hand."))
    robot = program("read-drafts", "write-drafts")
    other = agent_source(prompt="By a program.")
    assert refused(robot.put(other)) == (428, "precondition_required")
    assert refused(robot.put(other, if_match='"sha256:other"')) == (412, "precondition_failed")
    read = robot.get("agents/code-reviewer/draft")
    assert read.content == draft.source.encode()
    assert read["Cache-Control"] == "private, no-store"
    assert robot.put(other, if_match=read["ETag"]).status_code == 201
    draft.refresh_from_db()
    assert (draft.source, draft.revision) == (other, 2)


def test_a_draft_with_a_reviewer_stays_as_it_is(program: Issue, editor: User, publish_source: Publish) -> None:
    draft = drafting.open_draft(publish_source(FILE).agent, by=editor, source=agent_source(prompt="Handed in."))
    drafting.submit(draft, by=editor, revision=draft.revision)
    robot = program("read-drafts", "write-drafts")
    etag = robot.get("agents/code-reviewer/draft")["ETag"]
    response = robot.put(agent_source(prompt="Else."), if_match=etag)
    assert refused(response) == (409, "conflict")
    assert Draft.objects.get().source == draft.source


def test_the_text_that_is_published_needs_no_draft(program: Issue, publish_source: Publish) -> None:
    publish_source(FILE)
    body = program("write-drafts").put(FILE).json()
    assert (body["outcome"], body["number"], Draft.objects.count()) == ("unchanged", 1, 0)


def test_drafts_are_listed_in_pages(program: Issue, editor: User, django_assert_num_queries: Any) -> None:
    robot = program("read-drafts")
    for name in ("b", "a", "c"):
        source = agent_source(name)
        agent, _ = publishing.register(definition.parse(source), by=editor)
        drafting.open_draft(agent, by=editor, source=source)
    first = robot.get("drafts?limit=2").json()
    with django_assert_num_queries(4):  # the token, its person's groups' and own rights, the page
        second = robot.get(f"drafts?limit=2&cursor={first['next_cursor']}").json()
    assert [draft["name"] for page in (first, second) for draft in page["items"]] == ["a", "b", "c"]
    assert (first["items"][0]["digest"], first["items"][0]["edited_by"]) == (
        definition.digest_of(agent_source("a").encode()),
        "elif",
    )


# --- What is withdrawn -----------------------------------------------------------------------------------------


def test_a_version_is_yanked_and_offered_again(program: Issue, publish_source: Publish, client: Client) -> None:
    publish_source(FILE)
    publish_source(agent_source(model="opus"))
    robot = program("yank")
    yanked = robot.post("code-reviewer/versions/2/yank", {"reason": "It went too far."})
    assert (yanked.status_code, yanked.json()["number"]) == (200, 2)
    assert yanked.json()["yanked_at"]
    assert Version.objects.get(number=2).yank_reason == "It went too far."
    assert client.get(ONE).json()["version"]["number"] == 1
    assert robot.post("code-reviewer/versions/2/yank", {"reason": "Again."}).json() == yanked.json()
    assert robot.post("code-reviewer/versions/2/unyank").json()["yanked_at"] is None
    assert client.get(ONE).json()["version"]["number"] == 2


def test_an_agent_is_deprecated_and_recommended_again(program: Issue, publish_source: Publish, client: Client) -> None:
    publish_source(FILE)
    publish_source(agent_source("better"))
    robot = program("yank")
    asked = {"note": "It is old.", "successor": "better"}
    said = robot.post("code-reviewer/deprecate", asked).json()
    assert said == {"name": "code-reviewer", "deprecated": True, **asked}
    assert client.get(ONE).json()["deprecated"] is True
    assert robot.post("code-reviewer/undeprecate").json() == {
        "name": "code-reviewer",
        "deprecated": False,
        "note": "",
        "successor": None,
    }
    assert refused(robot.post("code-reviewer/deprecate", {"successor": "nobody"})) == (422, "not_possible")
    assert refused(robot.post("code-reviewer/deprecate", {"successor": "code-reviewer"})) == (422, "not_possible")


@pytest.mark.parametrize(
    ("address", "body", "answer"),
    [
        ("nobody/versions/1/yank", {"reason": "r"}, (404, "agent_not_found")),
        ("nobody/deprecate", {}, (404, "agent_not_found")),
        ("code-reviewer/versions/9/yank", {"reason": "r"}, (404, "version_not_found")),
        ("code-reviewer/versions/latest/yank", {"reason": "r"}, (404, "version_not_found")),
        ("code-reviewer/versions/1/yank", {}, (422, "invalid_parameters")),
        ("code-reviewer/versions/1/yank", {"reason": ""}, (422, "invalid_parameters")),
        ("code-reviewer/versions/1/yank", {"reason": "   "}, (422, "invalid_parameters")),
        ("code-reviewer/versions/1/yank", {"reason": "a\0b"}, (422, "invalid_parameters")),
        ("code-reviewer/versions/1/yank", {"reason": "r" * 501}, (422, "invalid_parameters")),
    ],
)
def test_what_cannot_be_withdrawn_is_refused(
    program: Issue, publish_source: Publish, address: str, body: Any, answer: tuple[int, str]
) -> None:
    version = publish_source(FILE)
    response = program("yank").post(address, body)
    assert (response.status_code, response.json()["code"]) == answer
    version.refresh_from_db()
    assert not version.is_yanked


def test_a_renamed_agent_is_withdrawn_under_its_present_name(
    program: Issue, publisher: User, publish_source: Publish
) -> None:
    publishing.rename(publish_source(FILE).agent, "reviewer", by=publisher)
    response = program("yank").post("code-reviewer/versions/1/yank", {"reason": "r"})
    assert (response.status_code, response["Location"]) == (308, f"{AGENTS}/reviewer/versions/1/yank")


def test_json_that_is_none_is_a_bad_request(program: Issue, publish_source: Publish) -> None:
    publish_source(FILE)
    robot = program("yank")
    response = robot.client.post(
        f"{ONE}/versions/1/yank", b"{", content_type="application/json", headers={"authorization": robot.bearer}
    )
    assert refused(response) == (400, "bad_request")
