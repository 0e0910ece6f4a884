"""The people of a private catalog: they log in, land where they wanted, make tokens to read with, and log out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from playwright.sync_api import Page, expect

from catalog import publishing
from catalog.definition import read
from catalog.models import Agent, Version
from tests.accessibility import assert_everybody_can_read
from tests.answers import ONE as API
from tests.forms import fields_of, log_in
from tests.sources import agent_source
from tests.test_rights import Person, is_let_in, patterns
from tests.test_rights import _filled as admin_path

pytestmark = pytest.mark.django_db

PAGE, FILE = "/agents/code-reviewer/", "/agents/code-reviewer.md"
READABLE = ("/", PAGE, FILE, API, "/api/v1/docs", "/api/v1/bundle?agents=code-reviewer", "/feed/", "/marketplace.json")
EVIL = ("https://evil.example/", "//evil.example/", "/\\evil.example", "http:evil.example", "data:,a", "evil.example")
# What of the admin opens to who only reads, by the names of the addresses.
LET_IN = {
    *("index", "login", "log_in_again", "logout", "password_change", "password_change_done"),
    *("catalog_apitoken_changelist", "catalog_apitoken_add"),
}


@pytest.fixture(autouse=True)
def published(publish_source: Callable[..., Version], publisher: User, settings: Any) -> Version:
    settings.CATALOG_PRIVATE = True
    return publish_source(agent_source(), by=publisher)


def is_sent_away(answer: HttpResponse) -> bool:
    return answer.status_code == 401 or answer.headers.get("Location", "").startswith("/admin/login/?")


@pytest.mark.parametrize("who", ["outsider", "editor", "admin"])
def test_whoever_is_logged_in_reads_everything(client: Client, request: pytest.FixtureRequest, who: str) -> None:
    log_in(client, request.getfixturevalue(who))
    for address in READABLE:
        answer = client.get(address)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert "Access-Control-Allow-Origin" not in answer
    assert client.get("/nothing").status_code == 404
    User.objects.update(is_active=False)
    assert {is_sent_away(client.get(address)) for address in READABLE} == {True}


def test_a_session_reads_and_does_not_write(client: Client, publisher: User) -> None:
    log_in(client, publisher)
    answer = client.post(f"{API}/versions/1/yank", {"reason": "r"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_required")


# --- The log-in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "asked", "lands"),
    [
        ("oona", PAGE, PAGE),
        ("oona", "/agents/?q=a&tag=b", "/agents/?q=a&tag=b"),
        ("oona", "", "/"),
        ("oona", "/admin/", "/"),
        *(("oona", evil, "/") for evil in EVIL[:-1]),
        ("elif", "", "/admin/"),
        ("elif", PAGE, PAGE),
    ],
)
def test_it_leads_to_the_page_that_was_asked_for_and_never_elsewhere(
    outsider: User, editor: User, user: str, asked: str, lands: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/admin/login/", {"next": asked} if asked else {}).content.decode()
    assert "This catalog is private: log in to read it" in page
    fields = fields_of(page) | {"username": user, "password": f"{user}'s password"}
    assert client.post("/admin/login/", fields)["Location"] == lands


@pytest.mark.parametrize("asked", [PAGE, *EVIL, "/admin/login/", "/admin/catalog/agent/", "/%61dmin/x/"])
def test_who_is_logged_in_already_is_led_on_and_not_in_circles(client: Client, outsider: User, asked: str) -> None:
    answer = log_in(client, outsider).get("/admin/login/", {"next": asked}, follow=True)
    [*_, (last, _)] = answer.redirect_chain
    assert last == (PAGE if asked == PAGE else "/admin/")
    assert answer.status_code == 200


def test_every_page_has_a_way_out(outsider: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(outsider)
    page = client.get(PAGE).content.decode()
    assert '<form method="post" action="/admin/logout/">' in page
    done = client.post("/admin/logout/", fields_of(page)).content.decode()
    assert "You are logged out" in done
    assert "Public site" not in done
    assert is_sent_away(client.get(FILE))


# --- What readers find in the admin -----------------------------------------------------------------------------


def test_a_reader_makes_a_token_to_read_with(client: Client, outsider: User) -> None:
    log_in(client, outsider)
    assert 'href="/admin/catalog/apitoken/"' in client.get(PAGE).content.decode()
    address = "/admin/catalog/apitoken/add/"
    day = re.findall(r'name="expires_on" value="([\d-]+)"', client.get(address).content.decode())[0]
    made = client.post(address, {"label": "Laptop", "scopes": ["read"], "expires_on": day}).content.decode()
    [secret] = set(re.findall(r"agc_[0-9A-Za-z]{38}", made))
    assert Client().get(FILE, headers={"authorization": f"Bearer {secret}"}).status_code == 200
    refused = client.post(address, {"label": "Laptop", "scopes": ["read", "publish"], "expires_on": day})
    assert "You may not do all of this yourself" in refused.content.decode()


def test_a_reader_chooses_a_password(client: Client, outsider: User) -> None:
    form = {"old_password": "oona's password", "new_password1": "long-enough-8", "new_password2": "long-enough-8"}
    assert log_in(client, outsider).post("/admin/password_change/", form).status_code == 302
    assert Client().login(username="oona", password="long-enough-8")


def test_a_reader_is_let_into_no_other_part_of_the_admin(published: Version, outsider: User) -> None:
    reader = Person(outsider)
    found = set()
    for name, pattern in patterns().items():
        answers = [reader.ask(method, admin_path(pattern, published.agent_id)) for method in ("get", "post")]
        if any(is_let_in(answer) and answer.status_code != 404 for answer in answers):
            found.add(name)
    assert found == LET_IN
    assert "You may read the catalog" in reader.ask("get", "/admin/").content.decode()


def test_what_is_not_published_is_named_to_no_reader(client: Client, outsider: User, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source("canary")), by=editor)
    address = f"/admin/r/{ContentType.objects.get_for_model(Agent).pk}/{agent.pk}/"
    assert log_in(client, editor).get(address)["Location"].endswith("/agents/canary/")
    assert log_in(client, outsider).get(address)["Location"] == f"/admin/login/?next={address}"


def test_in_a_public_catalog_a_reader_does_not_enter_the_admin(client: Client, outsider: User, settings: Any) -> None:
    settings.CATALOG_PRIVATE = False
    log_in(client, outsider)
    assert is_sent_away(client.get("/admin/"))
    assert is_sent_away(client.get("/admin/catalog/apitoken/"))
    assert "logout" not in client.get(PAGE).content.decode()


# --- In the browser -----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_somebody_is_led_through_the_log_in_to_the_page_and_out_again(
    page: Page, outsider: User, scheme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(PAGE)
    expect(page).to_have_url(re.compile(rf"/admin/login/\?next={PAGE}$"))
    assert_everybody_can_read(page)
    page.get_by_label("Username").fill("oona")
    page.get_by_label("Password").fill("oona's password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(f"{PAGE}$"))
    assert_everybody_can_read(page)
    page.get_by_role("link", name="API tokens").click()
    expect(page.get_by_role("link", name="New API token")).to_be_visible()
    page.goto("/admin/")
    assert_everybody_can_read(page)
    page.get_by_role("link", name="Read it").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="You are logged out")).to_be_visible()
    assert_everybody_can_read(page)
    page.go_back()
    expect(page).to_have_url(re.compile("/admin/login/"))
