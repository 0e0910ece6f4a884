"""API tokens in the admin: who sees which, how one is made and shown once, what was done through it, how it ends."""

import html
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.core import serializers
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog import publishing, tokens
from catalog.admin.api_tokens import until
from catalog.admin.token_form import MAY, MOST_AGENTS
from catalog.models import Agent, ApiToken, Category, Event, Scope, Version
from catalog.views import guide
from tests.accessibility import assert_everybody_can_read
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
Issue = Callable[..., ApiToken]
pytestmark = pytest.mark.django_db

LIST, ADD, LOG = "/admin/catalog/apitoken/", "/admin/catalog/apitoken/add/", "/admin/catalog/event/"
SECRET = re.compile(r"agc_[0-9A-Za-z]{38}")


@pytest.fixture
def issue() -> Issue:
    """`issue(user, "Build")`: a token of somebody, as its page makes it."""

    def make(user: User, label: str = "Build", scopes: tuple[Scope, ...] = (Scope.WRITE_DRAFTS,), **k: Any) -> ApiToken:
        ends = timezone.now() + timedelta(days=30)
        return tokens.issue(user, by=user, label=label, scopes=scopes, expires_at=ends, **k)[0]

    return make


@pytest.fixture
def agent(publish_source: Publish, publisher: User) -> Agent:
    return publish_source(
        agent_source(), by=publisher, category=Category.objects.create(name="data", title="Data")
    ).agent


@pytest.fixture
def desk(client: Client, editor: User) -> Client:
    return log_in(client, editor)


def page_of_token(token: ApiToken, page: str = "change") -> str:
    return f"{LIST}{token.pk}/{page}/"


def text_of(answer: HttpResponse) -> str:
    """What a page says, without its tags."""
    body = answer.content.decode().partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def today() -> datetime:
    return timezone.now().astimezone(UTC)


def form(**fields: Any) -> dict[str, Any]:
    return {
        "label": "Build",
        "scopes": ["write-drafts"],
        "expires_on": f"{today() + timedelta(days=9):%Y-%m-%d}",
    } | fields


def expire(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(days=3))


# --- The list ------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_token_is_for_and_what_to_do_first(desk: Client) -> None:
    said = text_of(desk.get(LIST))
    assert "A token lets a program, such as a build, act for you" in said
    assert "Press New API token to make the first" in said


def test_the_list_tells_of_each_token_what_it_is(desk: Client, editor: User, agent: Agent, issue: Issue) -> None:
    token = issue(editor, "Nightly build", (Scope.READ_DRAFTS, Scope.WRITE_DRAFTS))
    issue(editor, "Of one", agents=[agent], categories=[agent.category])
    answer = desk.get(LIST)
    said = text_of(answer)
    assert f"Nightly build {token.prefix}…" in said
    assert "elif Read drafts, write drafts All agents in 29 days Never Valid" in said
    assert "elif Write drafts code-reviewer, Data (category) in 29 days Never Valid" in said
    exact = f"{token.expires_at:%B %Y, %H:%M} UTC"
    assert re.search(rf'title="\d+ {re.escape(exact)}">in 29 days</time>', answer.content.decode())


def test_many_agents_are_told_in_short(desk: Client, editor: User, publish_source: Publish, issue: Issue) -> None:
    agents = [publish_source(agent_source(f"agent-{letter}")).agent for letter in "abcde"]
    issue(editor, agents=agents)
    assert "agent-a, agent-b, agent-c and 2 more" in text_of(desk.get(LIST))


def test_when_it_was_last_used_is_told(desk: Client, editor: User, issue: Issue) -> None:
    token = issue(editor)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - timedelta(minutes=5, seconds=3))
    assert "5 minutes ago" in text_of(desk.get(LIST))


def test_what_it_was_limited_to_and_is_gone_is_not_taken_for_all(desk: Client, editor: User, issue: Issue) -> None:
    category = Category.objects.create(name="gone", title="Gone")
    token = issue(editor, categories=[category])
    category.delete()
    assert "No agent any more" in text_of(desk.get(LIST))
    assert "what is no longer there" in text_of(desk.get(page_of_token(token)))


def test_people_see_their_own_and_who_manages_people_sees_everybodys(
    client: Client, editor: User, publisher: User, administrator: User, issue: Issue
) -> None:
    issue(editor, "Of the editor")
    issue(publisher, "Of the publisher")
    seen = {user: text_of(log_in(client, user).get(LIST)) for user in (editor, publisher, administrator)}
    assert [("Of the editor" in said, "Of the publisher" in said) for said in seen.values()] == [
        (True, False),
        (False, True),
        (True, True),
    ]


@pytest.fixture
def one_of_each(editor: User, publisher: User, administrator: User, issue: Issue) -> dict[str, ApiToken]:
    made = {label: issue(editor, label) for label in ("is-good", "is-expired", "is-revoked")}
    made["is-off"] = issue(publisher, "is-off")
    expire(made["is-expired"])
    tokens.revoke(made["is-revoked"], by=administrator)
    publisher.is_active = False
    publisher.save()
    return made


@pytest.mark.parametrize(
    ("state", "label", "word"),
    [
        ("valid", "is-good", "Valid"),
        ("expired", "is-expired", "Expired"),
        ("revoked", "is-revoked", "Revoked"),
        ("off", "is-off", "Account switched off"),
    ],
)
def test_the_list_tells_the_state_and_is_narrowed_by_it(
    client: Client, administrator: User, one_of_each: dict[str, ApiToken], state: str, label: str, word: str
) -> None:
    page = log_in(client, administrator).get(LIST, {"state": state}).content.decode()
    assert re.findall(r"<strong>(is-\w+)</strong>", page) == [label]
    assert re.findall(r'class="field-state"><span class="state \w*">([^<]+)<', page) == [word]
    assert len(re.findall(r"<strong>(is-\w+)</strong>", client.get(LIST).content.decode())) == 4


def test_it_is_found_by_its_first_characters(desk: Client, editor: User, issue: Issue) -> None:
    token = issue(editor, "This one")
    issue(editor, "Another")
    assert re.findall(r"<strong>(.+?)</strong>", desk.get(LIST, {"q": token.prefix}).content.decode()) == ["This one"]


@pytest.mark.parametrize("count", [1, 12])
def test_list_page_and_log_cost_the_same_queries_however_many_there_are(
    client: Client,
    administrator: User,
    editor: User,
    agent: Agent,
    issue: Issue,
    django_assert_num_queries: Callable[..., Any],
    count: int,
) -> None:
    for number in range(count):
        one = issue(editor, f"Build {number}", agents=[agent], categories=[agent.category])
        for _ in range(count):
            Event.objects.create(actor=editor, token=one, verb="drafted", agent=agent)
    log_in(client, administrator)
    for address, queries in ((LIST, 9), (page_of_token(one), 9), (LOG, 8)):
        with django_assert_num_queries(queries):
            client.get(address)


def test_more_leads_to_the_tokens(desk: Client) -> None:
    page = desk.get(LIST).content.decode()
    assert re.search(rf'href="{LIST}"\s+aria-current="true">API tokens<', page)
    assert page.index(">Audit log<") < page.index(">API tokens<")


# --- A new one -----------------------------------------------------------------------------------------


def test_a_token_is_made_and_its_secret_is_shown_once(
    desk: Client, editor: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example"
    caplog.set_level(logging.DEBUG)
    answer = desk.post(ADD, form(label="  Nightly   build "))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    page = answer.content.decode()
    [secret] = set(SECRET.findall(page))
    assert f'data-copy="{secret}"' in page
    assert re.search(rf'<input id="secret"\s+type="text"\s+value="{secret}"\s+readonly', page)
    assert "cannot be shown again" in text_of(answer)
    assert (
        'curl --fail-with-body -H "Authorization: Bearer $CATALOG_TOKEN" -X PUT --data-binary @code-reviewer.md '
        "-H 'Content-Type: text/markdown' 'https://agents.example/api/v1/agents/code-reviewer?dry_run=true'"
    ) in html.unescape(page)
    token = ApiToken.objects.get()
    assert (token.user, token.label, token.scopes, token.is_limited) == (
        editor,
        "Nightly build",
        ["write-drafts"],
        False,
    )
    assert tokens.find(secret) == token
    for address in (LIST, ADD, page_of_token(token), LOG):
        assert secret not in desk.get(address).content.decode()
    stored = serializers.serialize("json", [*ApiToken.objects.all(), *Event.objects.all()])
    kept = [stored, *(str(session.get_decoded()) for session in Session.objects.all()), caplog.text, str(desk.cookies)]
    assert [secret in text for text in kept] == [False] * len(kept)


def test_nobody_makes_a_token_of_somebody_else(client: Client, administrator: User, editor: User) -> None:
    log_in(client, administrator).post(ADD, form(user=editor.pk, owner=editor.pk, person="elif"))
    assert ApiToken.objects.get().user == administrator


def test_only_what_one_may_do_is_offered_and_taken(client: Client, editor: User, publisher: User) -> None:
    def offered(user: User) -> list[str]:
        return re.findall(r'name="scopes" value="([\w-]+)"', log_in(client, user).get(ADD).content.decode())

    assert offered(publisher) == [scope.value for scope in Scope]
    assert offered(editor) == ["read", "read-drafts", "write-drafts"]
    answer = client.post(ADD, form(scopes=["write-drafts", "publish"]))
    assert "You may not do all of this yourself" in text_of(answer)
    assert not ApiToken.objects.exists()


def test_who_may_only_read_is_offered_that_and_no_limits(client: Client, outsider: User, agent: Agent) -> None:
    outsider.user_permissions.add(*Permission.objects.filter(codename__endswith="_apitoken"))
    page = log_in(client, outsider).get(ADD).content.decode()
    assert re.findall(r'name="(scopes|agents|categories)" value="([\w-]+)"[^>]*?( checked)?>', page) == [
        ("scopes", "read", " checked")
    ]
    client.post(ADD, form())
    assert not ApiToken.objects.exists()
    assert "/api/v1/agents" in text_of(client.post(ADD, form(scopes=["read"])))
    assert ApiToken.objects.get().scopes == ["read"]


def test_to_read_is_limited_to_no_agents(desk: Client, agent: Agent) -> None:
    refused = text_of(desk.post(ADD, form(scopes=["read"], agents=agent.name)))
    assert "A token that only reads, reads all that is published: leave the limits empty." in refused
    assert not ApiToken.objects.exists()


def test_it_is_limited_to_agents_and_categories(desk: Client, agent: Agent, publish_source: Publish) -> None:
    other = publish_source(agent_source("test-writer")).agent
    names = " test-writer,  Code-Reviewer;\r\n test-writer "
    page = desk.post(ADD, form(agents=names, categories=[agent.category_id])).content.decode()
    token = ApiToken.objects.get()
    assert token.is_limited
    assert set(token.agents.all()) == {agent, other}
    assert list(token.categories.all()) == [agent.category]
    assert "@code-reviewer.md" in page


def test_without_categories_none_are_asked_for(desk: Client) -> None:
    assert "categor" not in text_of(desk.get(ADD)).lower()
    desk.post(ADD, form())
    assert not ApiToken.objects.get().is_limited


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"label": ""}, "This field is required."),
        ({"label": " \u00a0 "}, "This field is required."),
        ({"label": "x" * 101}, "at most 100 characters"),
        ({"label": "a\0b"}, "Null characters are not allowed."),
        ({"scopes": []}, "Choose at least one thing that it may do."),
        ({"scopes": ["everything"]}, "You may not do all of this yourself."),
        ({"agents": "code-reviewer nobody"}, "There is no agent named nobody."),
        ({"agents": "one, two"}, "There are no agents named one, two."),
        ({"agents": " ".join(f"no-{n}" for n in range(13))}, "no-8, no-9 and 3 more."),
        ({"agents": " ".join(f"no-{n}" for n in range(MOST_AGENTS + 1))}, "These are 101 agents. Name at most 100"),
        ({"agents": "… 💥"}, "There are no agents named …, 💥."),
        ({"categories": [10**12]}, "This category is there no more."),
        ({"expires_on": ""}, "Choose the last day on which it works."),
        ({"expires_on": "tomorrow"}, "Write the day as year, month, day"),
        ({"expires_on": "2020-01-01"}, "Choose a day from today to "),
        ({"expires_on": f"{datetime.now(UTC) + timedelta(days=367):%Y-%m-%d}"}, "Choose a day from today to "),
    ],
)
def test_what_cannot_be_made_says_why_and_keeps_what_was_written(
    desk: Client, agent: Agent, fields: dict[str, Any], sentence: str
) -> None:
    answer = desk.post(ADD, form(**fields))
    page = answer.content.decode()
    assert sentence in text_of(answer)
    assert "<title>Error: New API token" in " ".join(page.split()).replace("> ", ">")
    assert SECRET.search(page) is None
    assert not ApiToken.objects.exists()
    if "agents" in fields:
        assert f"{fields['agents']}</textarea>" in html.unescape(page)
        assert 'value="Build"' in page


def test_it_ends_with_the_day_that_was_chosen_and_after_a_year_at_the_latest(desk: Client) -> None:
    page = desk.get(ADD).content.decode()
    [field] = re.findall(r'<input type="date"[^>]+>', page)
    days = {name: f"{today() + timedelta(days=n):%Y-%m-%d}" for name, n in (("value", 90), ("min", 0), ("max", 366))}
    assert all(f'{name}="{day}"' in field for name, day in days.items())
    for day in (days["value"], days["min"], days["max"]):
        assert desk.post(ADD, form(expires_on=day)).status_code == 200
    longest, short, usual = ApiToken.objects.order_by("-expires_at")[0], *ApiToken.objects.order_by("expires_at")[:2]
    assert f"{short.expires_at:%Y-%m-%d %H:%M:%S}" == f"{days['min']} 23:59:59"
    assert f"{usual.expires_at:%Y-%m-%d %H:%M:%S}" == f"{days['value']} 23:59:59"
    assert f"{longest.expires_at:%Y-%m-%d}" == days["max"]
    assert longest.expires_at - longest.created_at <= timedelta(days=tokens.MOST_DAYS)


def test_what_the_verb_refuses_stands_beside_its_field(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise tokens.NotIssuable("Not that long.", "expires_at")

    monkeypatch.setattr(tokens, "issue", refuse)
    page = desk.post(ADD, form()).content.decode()
    assert re.search(r'id="id_expires_on_error"[^>]*><li>Not that long\.', page)


@pytest.mark.parametrize(
    ("scopes", "line"),
    [
        (["read-drafts"], "/api/v1/drafts"),
        (["publish"], "?dry_run=true"),
        (["yank"], "/api/v1/agents/NAME/versions/NUMBER/yank"),
    ],
)
def test_the_command_that_is_shown_is_one_that_the_token_may_do_and_changes_nothing(
    client: Client, publisher: User, scopes: list[str], line: str
) -> None:
    page = log_in(client, publisher).post(ADD, form(scopes=scopes)).content.decode()
    [command] = [text for text in re.findall(r'data-copy="([^"]+)"', page) if "curl" in text]
    assert line in html.unescape(command)


# --- One of them ---------------------------------------------------------------------------------------


def test_its_page_has_all_facts_and_what_was_done_through_it_last(
    desk: Client, editor: User, agent: Agent, issue: Issue
) -> None:
    token = issue(editor, agents=[agent])
    Event.objects.create(actor=editor, verb="drafted", agent=agent, data={"digest": "of somebody's own deed"})
    for number in range(25):
        Event.objects.create(actor=editor, token=token, verb="published", agent=agent, data={"number": number})
    answer = desk.get(page_of_token(token))
    said = text_of(answer)
    assert (
        f"Begins with {token.prefix}… Acts for elif It may Write drafts Limited to code-reviewer Made just now" in said
    )
    assert "Expires in 29 days Last used never" in said
    assert re.findall(r"published version (\d+)", said) == [str(number) for number in range(24, 4, -1)]
    assert "put a text" not in said
    assert f'href="{LOG}?q={token.prefix}"' in answer.content.decode()


def test_who_may_not_see_the_audit_log_does_not_see_it_there(client: Client, outsider: User, issue: Issue) -> None:
    outsider.is_staff = True
    outsider.save()
    rights = ("view_apitoken", "view_draft")
    outsider.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    token = issue(User.objects.get(pk=outsider.pk), "Own", (Scope.READ_DRAFTS,))
    said = text_of(log_in(client, outsider).get(page_of_token(token)))
    assert "Acts for oona" in said
    assert "Done through it" not in said
    assert "Revoke" not in said
    assert client.get(page_of_token(token, "revoke")).status_code == 403


@pytest.mark.parametrize("page", ["change", "revoke", "history"])
def test_somebody_elses_token_is_refused(desk: Client, publisher: User, issue: Issue, page: str) -> None:
    token = issue(publisher)
    assert desk.get(page_of_token(token, page)).status_code == 403
    assert desk.post(page_of_token(token, page)).status_code == 403
    assert ApiToken.objects.valid().get() == token


@pytest.mark.parametrize("key", ["0", "9" * 30, "x", "²"])
def test_a_token_that_is_not_there_is_not_found(desk: Client, key: str) -> None:
    assert desk.get(f"{LIST}{key}/change/").status_code == 404
    assert desk.get(f"{LIST}{key}/revoke/", follow=True).status_code == 404


def test_it_is_revoked_after_a_question(desk: Client, editor: User, issue: Issue) -> None:
    token = issue(editor)
    assert page_of_token(token, "revoke") in desk.get(page_of_token(token)).content.decode()
    said = text_of(desk.get(page_of_token(token, "revoke")))
    assert "Revoke Build?" in said
    assert "It was never used." in said
    assert ApiToken.objects.valid().exists()
    said = text_of(desk.post(page_of_token(token, "revoke"), follow=True))
    assert "Build is revoked. Nothing can use it any more." in said
    assert "Revoked just now by elif." in said
    assert not ApiToken.objects.valid().exists()


def test_who_manages_people_revokes_those_of_others(
    client: Client, administrator: User, editor: User, issue: Issue
) -> None:
    token = issue(editor)
    log_in(client, administrator)
    assert "It acts for elif." in text_of(client.get(page_of_token(token, "revoke")))
    assert "by amara" in text_of(client.post(page_of_token(token, "revoke"), follow=True))
    token.refresh_from_db()
    assert token.revoked_by == administrator


@pytest.mark.parametrize("state", ["revoked", "expired"])
def test_what_works_no_more_offers_no_revoking(desk: Client, editor: User, issue: Issue, state: str) -> None:
    token = issue(editor)
    expire(token) if state == "expired" else tokens.revoke(token, by=editor)
    before = list(Event.objects.values_list())
    answer = desk.get(page_of_token(token))
    assert page_of_token(token, "revoke") not in answer.content.decode()
    assert "It never works again" in text_of(answer)
    for ask in (desk.get, desk.post):
        assert f"Build is {state} already." in text_of(ask(page_of_token(token, "revoke"), follow=True))
    assert list(Event.objects.values_list()) == before


def test_of_an_account_that_is_off_it_says_so_and_can_be_revoked(
    client: Client, administrator: User, one_of_each: dict[str, ApiToken]
) -> None:
    token = one_of_each["is-off"]
    said = text_of(log_in(client, administrator).get(page_of_token(token)))
    assert "Account switched off. The token does not work" in said
    client.post(page_of_token(token, "revoke"))
    token.refresh_from_db()
    assert token.is_revoked


def test_nobody_deletes_or_changes_one(client: Client, admin: User, issue: Issue) -> None:
    token = issue(admin)
    before = list(ApiToken.objects.values_list())
    log_in(client, admin)
    assert client.post(page_of_token(token, "delete"), {"post": "yes"}).status_code == 403
    client.post(page_of_token(token), form(label="Another", scopes=["publish"], user="1"))
    assert list(ApiToken.objects.values_list()) == before


def test_a_moment_to_come_is_said_as_people_say_it() -> None:
    now = timezone.now() + timedelta(seconds=1)
    spans = {
        timedelta(days=90): "in 90 days",
        timedelta(days=1): "in 1 day",
        timedelta(hours=5): "in 5 hours",
        timedelta(minutes=1): "in 1 minute",
        timedelta(seconds=10): "in a moment",
        timedelta(days=-3, seconds=-2): "3 days ago",
    }
    said = [re.sub(r"<[^>]+>", "", until(now + span)) for span in spans]
    assert said == list(spans.values())


# --- The audit log, and the guide ------------------------------------------------------------------------


def test_the_audit_log_tells_who_made_and_revoked_a_token(
    client: Client, administrator: User, publisher: User, issue: Issue
) -> None:
    token = issue(publisher, "Guard", (Scope.PUBLISH, Scope.YANK))
    tokens.revoke(token, by=administrator)
    said = text_of(log_in(client, administrator).get(LOG))
    day = f"{token.expires_at.day} {token.expires_at:%B %Y}"
    of = f"Guard ({token.prefix}…)"
    assert f"pablo made the API token {of}, which may publish, withdraw and deprecate until {day}" in said
    assert f"amara revoked the API token {of} of pablo" in said


def test_the_audit_log_tells_through_which_token_a_deed_was_done(
    desk: Client, editor: User, agent: Agent, issue: Issue
) -> None:
    token = issue(editor, "Nightly")
    event = Event.objects.create(actor=editor, token=token, verb="drafted", agent=agent, data={"digest": "x"})
    said = text_of(desk.get(LOG, {"q": token.prefix}))
    assert f"elif through Nightly ({token.prefix}…) put a text into its draft code-reviewer" in said
    assert "made the API token Nightly" in said
    assert "published version" not in said
    assert f"Nightly ({token.prefix}…)" in text_of(desk.get(f"{LOG}{event.pk}/change/"))


def test_what_a_person_does_is_through_no_token(desk: Client, agent: Agent, publisher: User) -> None:
    publishing.deprecate(agent, by=publisher, note="Old.")
    assert "through" not in text_of(desk.get(LOG))


def test_the_guide_tells_what_each_scope_allows_and_how_long_a_token_lives() -> None:
    [scopes] = [section.text for section in guide.pages()["tokens"].sections if section.id == "scopes"]
    assert [scope.label in scopes for scope in Scope] == [True] * len(MAY)
    [expiry] = [section.text for section in guide.pages()["tokens"].sections if section.id == "expiry"]
    assert f"{tokens.DEFAULT_DAYS} days if you leave it" in expiry
    assert f"{tokens.MOST_DAYS} at most" in expiry


# --- In the browser --------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_somebody_makes_a_token_copies_it_and_revokes_it(
    page_of: Callable[[User], Page], publisher: User, agent: Agent, scheme: Any, width: int
) -> None:
    page = page_of(publisher)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(LIST)
    assert_everybody_can_read(page)
    page.get_by_role("link", name="New API token").click()
    page.get_by_label("Label").fill("Nightly build")
    page.get_by_label("Only these agents").fill("nobody")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("There is no agent named nobody.")).to_be_visible()
    assert_everybody_can_read(page)
    page.get_by_label("Only these agents").fill("code-reviewer")
    page.get_by_role("checkbox", name="Publish").check()
    page.get_by_role("button", name="Make the token").click()
    secret = page.get_by_role("textbox", name="The token").input_value()
    assert_everybody_can_read(page)
    page.get_by_role("button", name="Copy the token").click()
    expect(page.get_by_role("button", name="Copied the token")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    assert tokens.find(secret)
    page.get_by_role("link", name="I have copied it").click()
    assert secret not in page.content()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Nothing can use it any more.")).to_be_visible()
    assert_everybody_can_read(page)
    assert tokens.find(secret) is None
