"""How often may be asked: exact, by address and by token, and told in headers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from catalog import throttling
from catalog.callers import address_of, network_of
from catalog.throttling import TooManyRequests, take
from tests.answers import AGENTS, ONE, Publish, problem
from tests.programs import program_of, refused
from tests.sources import agent_source


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still: no minute ends within a test. And no cache was away before."""
    monkeypatch.setattr(throttling, "_away_until", 0.0)
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_030.0)


@pytest.fixture
def rates(settings: Any, one_minute: None) -> Callable[..., None]:
    """`rates(reads=(3, 5))`: so many a minute of an address, and of a token."""

    def limit(**limits: tuple[int, int]) -> None:
        settings.CATALOG_RATES = settings.CATALOG_RATES | limits

    return limit


def request_from(address: str = "192.0.2.1", **meta: str) -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=address, **meta)


# --- Where a request comes from -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.7", "10.0.0.1"),  # without a proxy the header is a claim
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what stands before it, too
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (3, "203.0.113.9, 198.51.100.7, 10.0.0.2", "203.0.113.9"),
        (2, "198.51.100.7", "10.0.0.1"),  # it passed one of two: nobody vouches for that
        (1, "made up", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "198.51.100.7:40312", "198.51.100.7"),
        (1, "[2001:db8::7]:443", "2001:db8::7"),
        (1, "2001:DB8:0::7", "2001:db8::7"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
        (1, "x" * 10_000, "10.0.0.1"),
    ],
)
def test_the_caller_is_whom_the_outermost_of_our_proxies_saw(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.CATALOG_PROXIES = proxies
    assert address_of(request_from("10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)) == address


def test_addresses_of_one_network_that_a_single_caller_has_are_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::4") != network_of("2001:db8:1:2::4")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")


# --- Counting -----------------------------------------------------------------------------------------------


def test_as_many_pass_as_are_allowed_and_not_one_more(rates: Callable[..., None]) -> None:
    rates(reads=(50, 0))
    barrier, passed = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        for _ in range(20):
            try:
                take(request_from(), "reads")
                passed.append(1)
            except TooManyRequests:
                pass

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(ask) for _ in range(8)]:
            future.result()
    assert len(passed) == 50


def test_a_forged_header_opens_no_other_account(rates: Callable[..., None], settings: Any) -> None:
    rates(reads=(3, 0))
    for proxies, real in ((0, {}), (1, {"last": "198.51.100.7"})):
        settings.CATALOG_PROXIES = proxies
        caches["throttle"].clear()
        passed = 0
        for number in range(10):
            forged = ", ".join([f"203.0.113.{number}", *real.values()])
            try:
                take(request_from(HTTP_X_FORWARDED_FOR=forged), "reads")
                passed += 1
            except TooManyRequests:
                pass
        assert passed == 3


def test_the_next_minute_begins_anew(rates: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    rates(reads=(1, 0))
    assert take(request_from(), "reads") == ("reads", 1, 0, 30)
    with pytest.raises(TooManyRequests):
        take(request_from(), "reads")
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_060.0)
    assert take(request_from(), "reads") == ("reads", 1, 0, 60)


def test_kinds_callers_and_tokens_are_counted_apart(rates: Callable[..., None]) -> None:
    rates(reads=(1, 1), costly=(1, 1))
    for caller in (
        {"request": request_from()},
        {"request": request_from("192.0.2.2")},
        {"request": request_from(), "token": 1},
        {"request": request_from(), "token": 2},
    ):
        for kind in ("reads", "costly"):
            take(kind=kind, **caller)
            with pytest.raises(TooManyRequests):
                take(kind=kind, **caller)


def test_no_limit_is_none(rates: Callable[..., None]) -> None:
    rates(reads=(0, 0))
    assert take(request_from(), "reads") is None


def test_where_nobody_can_count_nobody_is_refused(
    rates: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rates(reads=(1, 0))

    def broken(key: str, by: int) -> int:
        raise OSError("The cache is away.")

    asked = []
    monkeypatch.setattr(throttling.time, "monotonic", lambda: 1_000.0)
    monkeypatch.setattr(caches["throttle"], "incr", lambda key, by: asked.append(key) or broken(key, by))
    for _ in range(3):
        take(request_from(), "reads")
    assert "The cache is away." in caplog.text
    assert len(asked) == 1  # nobody waits for it again just now
    monkeypatch.setattr(throttling.time, "monotonic", lambda: 1_006.0)
    take(request_from(), "reads")
    assert len(asked) == 2


# --- What is answered ---------------------------------------------------------------------------------------


def test_every_answer_says_what_is_left(rates: Callable[..., None], client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    rates(reads=(9, 0))
    addresses = (AGENTS, ONE, f"{ONE}/versions/1/download", "/api/v1/changes", "/api/v1/nothing", f"{AGENTS}/nobody")
    for left, address in zip(range(8, 0, -1), addresses, strict=False):
        response = client.get(address)
        assert response["RateLimit"] == f'"reads";r={left};t=30'
        assert response["RateLimit-Policy"] == '"reads";q=9;w=60'
    etag = client.get(ONE)["ETag"]
    assert client.get(ONE, headers={"if-none-match": etag})["RateLimit"] == '"reads";r=1;t=30'


def test_who_asks_too_often_is_told_when_to_come_again(
    rates: Callable[..., None], client: Client, publish_source: Publish
) -> None:
    publish_source(agent_source())
    rates(reads=(2, 0))
    assert [client.get(ONE).status_code for _ in range(3)] == [200, 200, 429]
    response = client.get(f"{ONE}/versions/1/download")
    assert problem(response) == (429, "too_many_requests")
    assert (response["Retry-After"], response["RateLimit"]) == ("30", '"reads";r=0;t=30')
    for page in ("/agents/code-reviewer/", "/api/v1/docs", "/api/v1/openapi.json"):  # are nobody's to count
        assert client.get(page).status_code == 200


def test_searches_checks_and_bundles_have_a_limit_of_their_own(
    rates: Callable[..., None], client: Client, publish_source: Publish
) -> None:
    publish_source(agent_source())
    rates(costly=(4, 0))
    asked: list[Callable[[], Any]] = [
        lambda: client.get(AGENTS, {"q": "review"}),
        lambda: client.get("/api/v1/bundle", {"agents": "code-reviewer"}),
        lambda: client.post("/api/v1/check", agent_source(), content_type="text/markdown"),
        lambda: client.post("/api/v1/outdated", {"pins": []}, content_type="application/json"),
    ]
    assert [ask().status_code for ask in asked] == [200] * 4
    assert [ask().status_code for ask in asked] == [429] * 4
    assert client.get(f"{AGENTS}?%71=review").status_code == 429
    assert client.get(AGENTS).status_code == 200


def test_writes_are_counted_by_token(rates: Callable[..., None], publisher: User) -> None:
    rates(writes=(0, 2))
    program, other = program_of(publisher, "publish"), program_of(publisher, "publish")
    statuses = [program.put(agent_source(prompt=f"{number}")).status_code for number in range(3)]
    assert statuses == [201, 201, 429]
    assert refused(program.put(agent_source())) == (429, "too_many_requests")
    assert other.put(agent_source()).status_code == 201
    assert program.get("agents").status_code == 200


def test_who_guesses_tokens_is_counted_by_address(rates: Callable[..., None], client: Client, db: None) -> None:
    rates(reads=(3, 0))
    statuses = [
        client.get(AGENTS, headers={"authorization": f"Bearer agc_{number:038}"}).status_code for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


# --- Logging in ---------------------------------------------------------------------------------------------

LOG_IN = "/admin/login/"


def log_in(name: str, password: str = "guessed", address: str = "192.0.2.1") -> tuple[int, str]:
    answer = Client(REMOTE_ADDR=address).post(LOG_IN, {"username": name, "password": password, "next": "/admin/"})
    return answer.status_code, answer.content.decode()


@pytest.fixture
def few_log_ins(settings: Any, one_minute: None) -> None:
    settings.CATALOG_LOG_IN_FAILURES = 3
    caches["throttle"].clear()


@pytest.mark.parametrize("name", ["elif", "nobody"])
def test_passwords_cannot_be_guessed_from_many_addresses(few_log_ins: None, editor: User, name: str) -> None:
    for number in range(3):
        status, text = log_in(name, address=f"198.51.100.{number}")
        assert (status, "do not go together" in text) == (200, True)
    status, text = log_in(name, "elif's password", "203.0.113.1")
    assert status == 429
    assert "Logging in failed too often, from your network or for this account. Try again in 5 minutes." in text
    assert "do not go together" not in text


def test_nor_those_of_many_accounts_from_one_address(few_log_ins: None, editor: User) -> None:
    for name in ("ada", "bob", "ELİF"):
        log_in(name)
    assert log_in("elif", "elif's password")[0] == 429
    assert log_in("elif", "elif's password", "203.0.113.1")[0] == 302


def test_the_spelling_of_a_name_opens_no_other_count(few_log_ins: None, editor: User) -> None:
    for number, name in enumerate(("elif", "ELIF", "ｅｌｉｆ")):
        log_in(name, address=f"198.51.100.{number}")
    assert log_in("elif", "elif's password", "203.0.113.1")[0] == 429


def test_who_knows_the_password_is_not_counted_and_who_is_logged_in_stays(few_log_ins: None, editor: User) -> None:
    inside = Client()
    inside.force_login(editor)
    for _ in range(5):
        assert log_in("elif", "elif's password")[0] == 302
    for _ in range(5):
        status, _ = log_in("elif")
    assert status == 429
    assert inside.get("/admin/").status_code == 200


def test_after_five_minutes_one_may_try_again(few_log_ins: None, editor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        log_in("elif")
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_300.0)
    assert log_in("elif", "elif's password")[0] == 302


def test_log_ins_can_be_without_limit(few_log_ins: None, editor: User, settings: Any) -> None:
    settings.CATALOG_LOG_IN_FAILURES = 0
    assert {log_in("elif")[0] for _ in range(12)} == {200}


def test_many_guesses_at_once_get_no_further(few_log_ins: None) -> None:
    barrier, passed = threading.Barrier(8), []

    def guess() -> None:
        barrier.wait()
        for _ in range(5):
            try:
                throttling.take_log_in(request_from(), "elif")
                passed.append(1)
            except throttling.TooManyLogIns:
                pass

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(guess) for _ in range(8)]:
            future.result()
    assert len(passed) == 3


def test_an_address_that_is_refused_locks_out_nobody_else(few_log_ins: None, editor: User) -> None:
    for name in ("x", "y", "z"):
        log_in(name)
    for _ in range(5):
        assert log_in("elif")[0] == 429
    assert log_in("elif", "elif's password", "203.0.113.9")[0] == 302


def test_a_log_in_is_given_back_to_the_minutes_it_was_taken_from(
    few_log_ins: None, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [throttling.take_log_in(request_from(), "elif") for _ in range(3)]
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_300.0)
    for keys in taken:
        throttling.give_back_log_in(keys)
    assert [log_in("elif")[0] for _ in range(4)] == [200, 200, 200, 429]


def test_whoever_is_refused_is_told_when_to_come_again(few_log_ins: None, editor: User) -> None:
    for _ in range(3):
        log_in("elif")
    asked = {"username": "elif", "password": "elif's password"}
    page = Client(REMOTE_ADDR="192.0.2.1").post(LOG_IN, asked)
    beside = Client(REMOTE_ADDR="192.0.2.1").post(reverse("admin:log_in_again"), asked, content_type="application/json")
    for answer in (page, beside):
        assert (answer.status_code, answer["Retry-After"]) == (429, "270")
    assert "Logging in failed too often" in beside.json()["trouble"]
