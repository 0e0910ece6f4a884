"""Tokens: what they look like, what is kept of them, and what they let a program do."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import counting, definition, drafting, groups, publishing, tokens
from catalog.models import Agent, ApiToken, Category, Draft, Event, Scope, Version
from tests.answers import AGENTS, ONE, Publish, problem
from tests.programs import Program, program_of, refused
from tests.sources import agent_source

FILE = agent_source()


# --- What is kept ---------------------------------------------------------------------------------------------


def test_a_secret_has_a_prefix_and_a_check_that_scanners_know_it_by(publisher: User) -> None:
    secrets = {program_of(publisher, "publish").bearer.removeprefix("Bearer ") for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert re.fullmatch(r"agc_[0-9A-Za-z]{38}", secret)
        assert tokens.is_wellformed(secret)
        swapped = secret[:10] + ("a" if secret[10] != "a" else "b") + secret[11:]
        assert not tokens.is_wellformed(swapped)


def test_the_database_holds_no_secret(publisher: User) -> None:
    program = program_of(publisher, "publish")
    secret = program.bearer.removeprefix("Bearer ")
    kept = repr(list(ApiToken.objects.values_list())) + repr(list(Event.objects.values_list()))
    assert secret[:12] in kept
    assert secret[12:] not in kept
    assert program.token.digest != tokens._digest(secret, "another key")


def test_whoever_has_no_secret_key_cannot_tell_a_token(publisher: User, settings: Any) -> None:
    secret = program_of(publisher, "publish").bearer.removeprefix("Bearer ")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key that is long enough for anything"
    assert tokens.find(secret) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert tokens.find(secret) is not None


def test_a_mistyped_secret_costs_no_query(publisher: User) -> None:
    secret = program_of(publisher, "publish").bearer.removeprefix("Bearer ")
    with CaptureQueriesContext(connection) as queries:
        assert tokens.find(secret[:-1] + "!") is None
        assert tokens.find("agc_" + "0" * 38) is None
        assert tokens.find("") is None
    assert len(queries) == 0


def test_issuing_and_revoking_are_in_the_audit_log(publisher: User, admin: User) -> None:
    token = program_of(publisher, "publish", "yank").token
    tokens.revoke(token, by=admin)
    tokens.revoke(token, by=publisher)
    told = [(event.verb, event.actor, event.data["of"]) for event in Event.objects.order_by("pk")]
    assert told == [("token-issued", publisher, "pablo"), ("token-revoked", admin, "pablo")]
    assert (token.is_revoked, token.revoked_by) == (True, admin)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"scopes": []}, "scopes"),
        ({"scopes": [Scope.PUBLISH]}, "scopes"),
        ({"days": 0}, "expires_at"),
        ({"days": 367}, "expires_at"),
    ],
)
def test_what_no_token_can_be_is_refused(editor: User, asked: dict[str, Any], field: str) -> None:
    told = {"label": "Pipeline", "scopes": [Scope.WRITE_DRAFTS], "days": 90} | asked
    expires_at = timezone.now() + timedelta(days=told.pop("days"))
    with pytest.raises(tokens.NotIssuable) as refusal:
        tokens.issue(editor, by=editor, expires_at=expires_at, **told)
    assert refusal.value.field == field
    assert not ApiToken.objects.exists()


# --- What it opens ---------------------------------------------------------------------------------------------

MATRIX = {
    "read-drafts": {"list_drafts", "get_draft"},
    "write-drafts": {"put_draft"},
    "publish": {"put_version"},
    "yank": {"yank", "unyank", "deprecate", "undeprecate"},
}


def asked_of(program: Program) -> dict[str, Any]:
    """Everything that needs a token, asked once."""
    etag = f'"{definition.digest_of(Draft.objects.get().source.encode())}"'
    return {
        "list_drafts": program.get("drafts"),
        "get_draft": program.get("agents/code-reviewer/draft"),
        "put_draft": program.put(agent_source(prompt="Else."), query="?as=draft&dry_run=true", if_match=etag),
        "put_version": program.put(agent_source(prompt="Else."), query="?as=version&dry_run=true"),
        "yank": program.post("code-reviewer/versions/1/yank", {"reason": "Bad."}),
        "unyank": program.post("code-reviewer/versions/1/unyank"),
        "deprecate": program.post("code-reviewer/deprecate"),
        "undeprecate": program.post("code-reviewer/undeprecate"),
    }


@pytest.fixture
def with_draft(publish_source: Publish, publisher: User, editor: User) -> Agent:
    agent = publish_source(FILE, by=publisher).agent
    drafting.open_draft(agent, by=editor, source=agent_source(prompt="A secret canary."))
    return agent


@pytest.mark.parametrize("scope", MATRIX)
def test_a_scope_opens_what_it_says_and_nothing_else(with_draft: Agent, publisher: User, scope: str) -> None:
    answers = asked_of(program_of(publisher, scope))
    assert {name for name, answer in answers.items() if answer.status_code < 400} == MATRIX[scope]
    assert {refused(answer) for name, answer in answers.items() if name not in MATRIX[scope]} == {(403, "forbidden")}


def test_without_a_token_nothing_is_written_and_no_draft_is_read(with_draft: Agent) -> None:
    versions = Version.objects.count()
    for response in asked_of(Program("")).values():
        assert refused(response) == (401, "invalid_token")
    client = Client()
    for response in (
        client.put(ONE, FILE, content_type="text/markdown"),
        client.post(f"{ONE}/versions/1/yank", {"reason": "r"}, content_type="application/json"),
        client.get("/api/v1/drafts"),
        client.get(f"{ONE}/draft"),
    ):
        assert problem(response, is_open=False) == (401, "token_required")
        assert response["WWW-Authenticate"] == 'Bearer realm="agent catalog"'
    assert Version.objects.count() == versions


@pytest.mark.parametrize("lost", ["revoked", "expired", "person off", "right lost"])
def test_a_token_ends_with_the_very_next_request(with_draft: Agent, publisher: User, lost: str) -> None:
    program = program_of(publisher, "publish")
    assert program.put(agent_source(prompt="Else."), query="?dry_run=true").status_code == 200
    if lost == "revoked":
        tokens.revoke(program.token, by=publisher)
    elif lost == "expired":
        ApiToken.objects.update(expires_at=timezone.now())
    elif lost == "person off":
        User.objects.filter(pk=publisher.pk).update(is_active=False)
    else:
        publisher.groups.set([Group.objects.get(name=groups.EDITORS)])
    response = program.put(agent_source(prompt="Else."))
    assert refused(response) == ((403, "forbidden") if lost == "right lost" else (401, "invalid_token"))
    assert Version.objects.count() == 1


@pytest.mark.parametrize("sent", ["Bearer agc_wrong", "Bearer", "Basic cGFibG86cA==", "agc_x", "", "Bearer \x00"])
def test_what_is_no_token_is_refused_even_where_none_is_needed(publish_source: Publish, sent: str) -> None:
    publish_source(FILE)
    for address in (AGENTS, ONE, f"{ONE}/versions/1/download", "/api/v1/openapi.json", "/api/v1/nothing"):
        response = Client().get(address, headers={"authorization": sent})
        assert refused(response) == (401, "invalid_token"), address
        assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_a_reader_with_a_token_gets_what_everybody_gets_but_for_caches_that_others_share(
    publish_source: Publish, publisher: User
) -> None:
    publish_source(FILE)
    program = program_of(publisher, "publish")
    for address in ("agents/code-reviewer", "agents/code-reviewer/versions/1/download"):
        response = program.get(address)
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        assert "Access-Control-Allow-Origin" not in response
        assert response.content == Client().get(f"/api/v1/{address}").content


# --- What it is limited to -------------------------------------------------------------------------------------


def test_a_token_limited_to_agents_writes_these_alone(publisher: User, publish_source: Publish) -> None:
    mine, other = publish_source(FILE).agent, publish_source(agent_source("other")).agent
    program = program_of(publisher, "publish", "yank", "write-drafts", agents=[mine])
    assert program.put(agent_source(model="opus")).status_code == 201
    for response in (
        program.put(agent_source("other", model="opus"), "other"),
        program.put(agent_source("other", model="opus"), "other", "?as=draft"),
        program.put(agent_source("new-one"), "new-one"),
        program.post("other/versions/1/yank", {"reason": "r"}),
        program.post("other/deprecate"),
    ):
        assert refused(response) == (403, "forbidden")
    assert other.versions.count() == 1
    assert not Agent.objects.filter(name="new-one").exists()


def test_a_token_limited_to_a_category_makes_new_agents_there(publisher: User) -> None:
    quality, writing = (Category.objects.create(name=name, title=name) for name in ("quality", "writing"))
    program = program_of(publisher, "publish", categories=[quality])
    assert program.put(FILE, query="?category=quality").status_code == 201
    assert program.put(agent_source(model="opus")).status_code == 201
    for query in ("", "?category=writing"):
        assert refused(program.put(agent_source("new-one"), "new-one", query)) == (403, "forbidden")
    Agent.objects.update(category=writing)
    assert refused(program.put(agent_source(model="haiku"))) == (403, "forbidden")


def test_a_token_whose_last_category_is_gone_opens_nothing(publisher: User, publish_source: Publish) -> None:
    quality = Category.objects.create(name="quality", title="Quality")
    publish_source(FILE)
    program = program_of(publisher, "publish", categories=[quality])
    quality.delete()
    assert refused(program.put(agent_source(model="opus"))) == (403, "forbidden")
    assert refused(program.put(agent_source("new-one"), "new-one")) == (403, "forbidden")


def test_drafts_that_a_token_is_kept_from_are_as_good_as_not_there(
    with_draft: Agent, publisher: User, publish_source: Publish
) -> None:
    other = publish_source(agent_source("other")).agent
    program = program_of(publisher, "read-drafts", agents=[other])
    assert program.get("drafts").json()["items"] == []
    kept, unknown = program.get("agents/code-reviewer/draft"), program.get("agents/code-xeviewer/draft")
    assert refused(kept) == refused(unknown) == (404, "draft_not_found")
    assert kept.content.replace(b"code-reviewer", b"code-xeviewer") == unknown.content
    assert program_of(publisher, "read-drafts", agents=[with_draft]).get("drafts").json()["items"]


def test_an_editor_begins_new_agents_only_as_drafts(editor: User) -> None:
    program = program_of(editor, "write-drafts")
    assert refused(program.put(FILE, query="?as=version")) == (403, "forbidden")
    assert program.put(FILE).json()["outcome"] == "drafted"


def test_a_limited_token_cannot_tell_what_is_being_written_from_what_nobody_has(
    publisher: User, editor: User, publish_source: Publish
) -> None:
    mine = publish_source(FILE, by=publisher).agent
    source = agent_source("secret-plan")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    program = program_of(publisher, "publish", "write-drafts", agents=[mine])
    for query in ("", "?category=nope", "?as=draft", "?dry_run=true", "?dry_run=true&category=nope"):
        known = program.put(source, "secret-plan", query)
        free = program.put(agent_source("another-one"), "another-one", query)
        assert refused(known) == refused(free) == (403, "forbidden")
        assert known.content == free.content


def test_an_agent_made_elsewhere_meanwhile_is_not_a_tokens_own(
    publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = (Category.objects.create(name=name, title=name) for name in ("mine", "theirs"))
    program = program_of(publisher, "publish", categories=[mine])
    register = publishing.register

    def late(found: Any, **kwargs: Any) -> tuple[Agent, bool]:
        register(found, by=publisher, category=theirs)  # somebody was quicker
        return register(found, **kwargs)

    monkeypatch.setattr(publishing, "register", late)
    assert refused(program.put(FILE, query="?category=mine")) == (403, "forbidden")
    assert not Version.objects.exists()


# --- When it was used ------------------------------------------------------------------------------------------


def last_used(token: ApiToken) -> datetime | None:
    return ApiToken.objects.get(pk=token.pk).last_used_at


def test_its_last_use_is_written_later_and_once_a_minute_at_most(
    publisher: User, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(minutes=1) == tokens.NOTED_EACH
    monkeypatch.setattr(tokens, "NOTED_EACH", timedelta(hours=1))  # however slow the machine is
    publish_source(FILE)
    program = program_of(publisher, "publish")
    with CaptureQueriesContext(connection) as queries:
        program.get("agents")
    assert not [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert last_used(program.token) is None
    tokens.flush_uses()
    first = last_used(program.token)
    assert first
    program.get("agents")
    tokens.flush_uses()
    assert last_used(program.token) == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=61))
    program.get("agents")
    tokens.flush_uses()
    assert last_used(program.token) > first


def test_the_thread_of_the_download_counts_writes_it() -> None:
    assert tokens.flush_uses in counting._beside


def test_drafting_leaves_no_trace_in_public(with_draft: Agent, publisher: User) -> None:
    program_of(publisher, "write-drafts").put(agent_source("secret-plan"), "secret-plan")
    client = Client()
    for address in (
        AGENTS,
        "/api/v1/changes",
        f"{AGENTS}?q=secret",
        "/api/v1/bundle?q=canary",
        f"{AGENTS}/secret-plan",
    ):
        response = client.get(address)
        content = response.getvalue() if response.streaming else response.content
        assert b"canary" not in content
        assert b"secret-plan" not in content or response.status_code == 404
    publishing.deprecate(with_draft, by=publisher, note="")
