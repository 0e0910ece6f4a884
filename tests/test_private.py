"""A private catalog: nobody reads it but people who are logged in and programs with a token."""

import base64
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from catalog import collecting, tokens
from catalog.models import Category, Tag, Version
from tests.answers import BASE
from tests.forms import log_in
from tests.programs import Program, program_of
from tests.sources import agent_source
from tests.test_rights import _filled as admin_path
from tests.test_rights import patterns
from tests.test_unpublished import public_addresses

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CHALLENGE = 'Basic realm="Agent Catalog", charset="UTF-8"'
OPEN = {"/healthz", "/readyz", "/favicon.ico", "/admin/login/", "/admin/logout/", "/admin/again/"}
PAGE, FILE, API = "/agents/lantern/", "/agents/lantern.md", "/api/v1/agents/lantern"
ARCHIVE = "/collections/lantern.zip"
READABLE = (
    *("/", PAGE, "/agents/lantern/1/", FILE, "/agents/lantern/1.md", ARCHIVE, "/feed/", "/llms.txt", "/robots.txt"),
    *("/sitemap.xml", "/help/", "/install.py", API, "/api/v1/docs", "/api/v1/openapi.json"),
)


@pytest.fixture(autouse=True)
def private(settings: Any) -> None:
    settings.CATALOG_PRIVATE = True


@pytest.fixture
def lantern(publish_source: Callable[..., Version], publisher: User) -> Version:
    """Whatever is asked for says lantern; what nobody may read says canary."""
    shelf = Category.objects.create(name="lantern", title="Canary Shelf", description="Canary.")
    source = agent_source("lantern", description="A canary.", prompt="Canary.\n")
    version = publish_source(source, by=publisher, note="canary", category=shelf)
    version.agent.tags.add(Tag.objects.create(name="lantern"), Tag.objects.create(name="canary"))
    collection = collecting.create("Canary", name="lantern", introduction="A canary.", by=publisher)
    collecting.set_members(collection, [(version.agent, "A canary.")], by=publisher)
    collecting.publish(collection, by=publisher)
    return version


@pytest.fixture
def program(outsider: User) -> Program:
    """Of somebody without any rights, with a token that may do nothing but read."""
    return program_of(outsider, "read")


def every_address(name: str) -> Iterator[str]:
    yield from public_addresses(name)
    yield from ("/help/tokens/", "/nothing", "/nothing/", "/catalog.git/info/refs", "/apm/v1/nothing", "/admin")
    yield from (admin_path(pattern, 1) for pattern in patterns().values())


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def told(problem: Any) -> tuple[int, str]:
    return problem.status_code, problem.json()["code"]


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def is_refused(answer: HttpResponse) -> bool:
    return answer.status_code == 401 or (answer.status_code == 302 and answer["Location"].startswith("/admin/login/?"))


# --- Nobody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "application/json", BROWSER["accept"]])
def test_nobody_reads_anything_at_any_address_by_any_method(lantern: Version, accept: str) -> None:
    found = set()
    for address in every_address("lantern"):
        for method in METHODS:
            answer = Client().generic(method, address, headers={"accept": accept})
            told = body_of(answer).lower() + str(answer.headers).lower().encode()
            is_open = address in OPEN or (address.startswith("/admin/") and answer.status_code in (403, 405))
            if b"canary" in told or not (is_open or is_refused(answer)):
                found.add(f"{method} {address}: {answer.status_code}")
    assert found == set()


def test_what_is_there_and_what_is_not_answer_alike_to_nobody(lantern: Version) -> None:
    def answered(method: str, address: str, accept: str) -> tuple[int, bytes, dict[str, str]]:
        answer = Client().generic(method, address, headers={"accept": accept, "if-none-match": "*"})
        return answer.status_code, body_of(answer), dict(answer.headers)

    pairs = [pair for pair in zip(every_address("lantern"), every_address("parrot"), strict=True) if pair[0] != pair[1]]
    assert len(pairs) > 20
    for known, unknown in pairs:
        for method in ("GET", "HEAD", "OPTIONS"):
            for accept in ("*/*", BROWSER["accept"]):
                there = repr(answered(method, known, accept)).replace("lantern", "parrot")
                assert there == repr(answered(method, unknown, accept)), f"{method} {known}"


@pytest.mark.parametrize(
    "spelled",
    [
        *("//agents/lantern/", "//agents/lantern.md", "/agents//lantern.md", "/./agents/lantern.md", "/AGENTS/lantern"),
        *("/admin/../agents/lantern.md", "/static/../agents/lantern.md", "/healthz/../agents/lantern.md", "/healthz/"),
        *("/agents/lantern.md\n", "/agents/lantern.md\0", "/admin/login/../../agents/lantern.md", "/admin/\n/agents/"),
        *("/agents/lantern.md;/healthz", "/healthz?/agents/lantern.md", "/agents/lantern.md/", "agents/lantern.md", ""),
    ],
)
def test_no_spelling_of_an_address_passes_by_the_gate(lantern: Version, spelled: str) -> None:
    for headers in ({}, BROWSER):
        answer = Client().get("/", headers=headers, PATH_INFO=spelled)
        assert is_refused(answer), answer.status_code
        assert b"canary" not in body_of(answer).lower()


def test_who_holds_a_copy_learns_nothing_of_it_without_the_right(lantern: Version, program: Program) -> None:
    for address in READABLE:
        headers = program.client.get(address, headers={"authorization": program.bearer}).headers
        asked = {"if-none-match": headers.get("ETag", "*"), "range": "bytes=0-3"}
        assert is_refused(Client().get(address, headers=asked))
        assert is_refused(Client().get(address, headers={"if-modified-since": "Fri, 01 Jan 2038 00:00:00 GMT"}))


def test_health_is_told_to_anybody_and_costs_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/healthz").content == b"ok\n"
    assert Client().get("/readyz").content == b"ok\n"


def test_errors_before_the_gate_tell_nothing(lantern: Version) -> None:
    for address in (PAGE, FILE, API, "/admin/login/"):
        answer = Client().get(address, headers={"host": "evil.example"})
        assert (answer.status_code, b"anary" in body_of(answer)) == (400, False)
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert (refused.status_code, b"anary" in body_of(refused)) == (403, False)


# --- What nobody is told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", PAGE, "/agents/lantern/?view=source", "/help/", "/api/v1/docs", "/nothing"])
def test_a_browser_is_led_to_the_log_in_and_back(address: str) -> None:
    for method in ("get", "head"):
        answer = getattr(Client(), method)(address, headers=BROWSER)
        assert answer.status_code == 302
        assert answer["Location"] == f"/admin/login/?next={address.replace('?', '%3F').replace('=', '%3D')}"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        *((address, "text/plain") for address in (FILE, ARCHIVE, "/install.py", "/feed/", "/agents/lantern/feed/")),
        *((address, "text/plain") for address in ("/catalog.git/info/refs", "/catalog.git/", "/llms.txt")),
        *((address, "application/problem+json") for address in (API, "/api/v2", "/api", "/apm/v1/x")),
        *((address, "application/problem+json") for address in ("/marketplace.json", "/.well-known/ai-catalog.json")),
    ],
)
def test_programs_are_never_led_away_but_told_what_to_send(address: str, kind: str) -> None:
    for headers in ({}, BROWSER):
        answer = Client().get(address, headers=headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)
        assert answer["Content-Type"].startswith(kind)
        assert "This catalog is private" in answer.content.decode()
        assert "as the password of Basic authentication" in answer.content.decode()


def test_who_asks_for_json_or_sends_something_is_not_led_away_either() -> None:
    asked = Client().get(PAGE, headers={"accept": "application/json"})
    assert (asked.status_code, asked.json()["code"], asked.json()["type"]) == (
        *(401, "token_required"),
        f"{BASE}/api/v1/docs#token_required",
    )
    sent = Client().post(PAGE, headers=BROWSER)
    assert (sent.status_code, sent["Content-Type"]) == (401, "text/plain; charset=utf-8")


def test_a_script_whose_session_ran_out_does_not_make_the_browser_ask_for_a_password(settings: Any) -> None:
    answer = Client().get("/agents/?q=x", headers={"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Agent Catalog"')
    asked = Client().post("/admin/catalog/agent/1/draft/live/", {}, content_type="application/json")
    assert (asked.status_code, asked.json(), "WWW-Authenticate" in asked) == (401, {"logIn": True}, False)


def test_a_german_catalog_refuses_in_german(settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    assert "Dieser Katalog ist nicht öffentlich." in Client().get(FILE).content.decode()
    wrong = Client().get(FILE, headers={"authorization": "Bearer agc_wrong"})
    assert "Dieses Token ist nicht gültig." in wrong.content.decode()


def test_a_database_that_does_not_answer_opens_nothing(lantern: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(secret: str) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(tokens, "find", away)
    for address in (PAGE, FILE, API):
        answer = Client().get(address, headers={"authorization": "Bearer agc_x"})
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert not re.search("anary|lost", answer.content.decode())


# --- Programs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", READABLE)
@pytest.mark.parametrize("way", ["bearer", "password", "username", "username of old"])
def test_a_token_reads_everything_in_every_way_it_is_sent(
    lantern: Version, program: Program, address: str, way: str
) -> None:
    secret = program.bearer.removeprefix("Bearer ")
    sent = {
        "bearer": program.bearer,
        "password": basic("anybody", secret),
        "username": basic(secret, ""),
        "username of old": basic(secret, "x-oauth-basic"),
    }[way]
    answer = Client().get(address, headers={"authorization": sent})
    assert answer.status_code == 200
    assert_for_one_reader(answer)


def assert_for_one_reader(answer: HttpResponse) -> None:
    assert answer["Cache-Control"] == "private, no-store"
    assert {"Cookie", "Authorization"} <= {name.strip() for name in answer["Vary"].split(",")}
    assert answer["X-Robots-Tag"] == "noindex, noarchive"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


WRONG = (
    *("Bearer agc_wrong", "Bearer", "", "Basic", "Basic !", "agc_x", "Digest x", "Bearer \x00", "Basic 4pyT"),
    *(basic("", ""), basic("oona", "oona's password"), basic("agc_x", "x-oauth-basic"), "Basic " + "A" * 99),
)


@pytest.mark.parametrize("sent", WRONG)
def test_what_is_no_token_opens_nothing_not_even_to_who_is_logged_in(
    client: Client, lantern: Version, outsider: User, sent: str
) -> None:
    log_in(client, outsider)
    for address in (*READABLE, "/nothing"):
        answer = client.get(address, headers={"authorization": sent, **BROWSER})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE), address
        assert_for_one_reader(answer)
    assert told(client.get(API, headers={"authorization": sent})) == (401, "invalid_token")


@pytest.mark.parametrize("ended", ["revoked", "person off"])
def test_a_token_ends_with_the_very_next_request(
    lantern: Version, program: Program, outsider: User, ended: str
) -> None:
    headers = {"authorization": program.bearer}
    assert Client().get(FILE, headers=headers).status_code == 200
    if ended == "revoked":
        tokens.revoke(program.token, by=outsider)
    else:
        User.objects.update(is_active=False)
    assert {Client().get(address, headers=headers).status_code for address in READABLE} == {401}


def test_a_token_to_read_with_opens_nothing_else(lantern: Version, publisher: User) -> None:
    program = program_of(publisher, "read")
    for answer in (
        program.put(agent_source("lantern", prompt="Else."), "lantern", "?as=version"),
        program.put(agent_source("lantern", prompt="Else."), "lantern", "?as=draft"),
        program.post("lantern/versions/1/yank", {"reason": "r"}),
        program.get("drafts"),
    ):
        assert told(answer) == (403, "forbidden")
    page = program.client.get("/admin/", headers={"authorization": program.bearer})
    assert page["Location"] == "/admin/login/?next=/admin/"


def test_the_documentation_sends_a_token_in_every_example(program: Program) -> None:
    page = Client().get("/api/v1/docs", headers={"authorization": program.bearer}).content.decode()
    examples = re.findall(r">(curl [^<]*/api/v1/[^<]*)<", html.unescape(page))
    assert len(examples) > 10
    assert [example for example in examples if "Authorization: Bearer $CATALOG_TOKEN" not in example] == []


@pytest.mark.parametrize("address", ["/agents/lantern", "/agents/nothing", "/admin", "/api/v1/agents/lantern/"])
def test_no_cache_keeps_what_stands_before_the_gate(lantern: Version, program: Program, address: str) -> None:
    """Django's own redirect to the address with a slash."""
    for headers in ({}, {"authorization": program.bearer}):
        assert_for_one_reader(Client().get(address, headers=headers))


def test_guesses_are_limited(lantern: Version, settings: Any) -> None:
    settings.CATALOG_RATES = settings.CATALOG_RATES | {"reads": (2, 0)}
    for address, kind in ((FILE, "text/plain"), (API, "application/problem+json")):
        statuses = [Client().get(address, headers={"authorization": "Bearer agc_x"}) for _ in range(4)]
        assert (statuses[-1].status_code, statuses[-1]["Content-Type"].partition(";")[0]) == (429, kind)
        assert 0 < int(statuses[-1]["Retry-After"]) <= 60


def test_a_token_is_looked_up_once_and_no_session_is(lantern: Version, program: Program) -> None:
    for address in (FILE, API):
        answer = Client().get(address, headers={"authorization": program.bearer, "cookie": "a=b"})
        assert answer.status_code == 200
        assert not hasattr(answer.wsgi_request, "session")


def test_a_copy_that_is_the_present_one_is_not_sent_again(lantern: Version, program: Program) -> None:
    headers = {"authorization": program.bearer}
    for address in (PAGE, FILE, API, "/feed/"):
        first = Client().get(address, headers=headers)
        again = Client().get(address, headers=headers | {"if-none-match": first["ETag"]})
        assert again.status_code == 304
        assert_for_one_reader(again)


# --- A public catalog ------------------------------------------------------------------------------------------------


def test_a_public_catalog_takes_a_token_as_a_password_too(lantern: Version, program: Program, settings: Any) -> None:
    settings.CATALOG_PRIVATE = False
    sent = basic("x", program.bearer.removeprefix("Bearer "))
    assert Client().get(API, headers={"authorization": sent}).headers["Cache-Control"] == "private, no-store"
    assert told(Client().get(API, headers={"authorization": basic("x", "y")})) == (401, "invalid_token")
    refused = Client().get("/api/v1/drafts")
    assert refused["WWW-Authenticate"] == 'Bearer realm="agent catalog"'


def test_a_public_catalog_knows_nobody(client: Client, lantern: Version, outsider: User, settings: Any) -> None:
    settings.CATALOG_PRIVATE = False
    log_in(client, outsider)
    for address in (PAGE, FILE, API):
        answer = client.get(address)
        assert answer["Cache-Control"].startswith("public")
        assert "X-Robots-Tag" not in answer


def test_the_setting_is_part_of_what_pages_follow_from(client: Client, lantern: Version, settings: Any) -> None:
    log_in(client, User.objects.get(username="pablo"))
    before = client.get(PAGE)["ETag"]
    settings.CATALOG_PRIVATE = False
    assert client.get(PAGE, headers={"if-none-match": before}).status_code == 200


@pytest.mark.parametrize(
    ("configured", "is_warned"),
    [({}, True), ({"HTTPS": True}, False), ({"LOOPBACK": True}, False), ({"CATALOG_PRIVATE": False}, False)],
)
def test_a_private_catalog_in_plain_http_is_told_of(
    settings: Any, configured: dict[str, bool], is_warned: bool
) -> None:
    for name, value in ({"HTTPS": False, "LOOPBACK": False} | configured).items():
        setattr(settings, name, value)
    assert ("catalog.W004" in {message.id for message in run_checks()}) == is_warned


def test_the_gate_opens_addresses_that_there_are() -> None:
    assert {resolve(address).view_name.partition(":")[0] for address in OPEN} == {"catalog", "favicon", "admin"}
