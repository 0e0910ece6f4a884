import base64
import hashlib
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import definition, drafting, publishing
from catalog.downloads import find_source
from catalog.models import Version
from tests.answers import problem, without_limits
from tests.sources import agent_source

Publish = Callable[..., Version]

PINNED = "/api/v1/agents/code-reviewer/versions/1/download"
LATEST = "/api/v1/agents/code-reviewer/versions/latest/download"
DOORS = {PINNED: "/agents/code-reviewer/1.md", LATEST: "/agents/code-reviewer.md"}
ADDRESSES = [*DOORS, *DOORS.values()]

CLOSING = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
}


@pytest.fixture
def version(publish_source: Publish) -> Version:
    return publish_source(agent_source())


@pytest.fixture
def digits(publish_source: Publish) -> bytes:
    """A published file that ends in ten digits."""
    source = agent_source(prompt="0123456789")
    publish_source(source)
    return source.encode()


# --- The bytes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        agent_source(),
        "\ufeff" + agent_source(),
        agent_source().replace("\n", "\r\n"),
        agent_source(prompt="No newline at the end."),
        agent_source(prompt="\n\n  Spaces at both ends, Ünïcode, 日本語, 🙂.   \n\n\n"),
    ],
    ids=["plain", "byte order mark", "CRLF", "no last newline", "spaces and scripts"],
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_download_is_the_published_file_byte_for_byte(
    client: Client, publish_source: Publish, source: str, address: str
) -> None:
    publish_source(source)
    response = client.get(address)
    assert response.status_code == 200
    assert response.content == source.encode()
    assert response["Content-Length"] == str(len(source.encode()))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_download_names_its_digest_and_runs_nothing(client: Client, version: Version, address: str) -> None:
    response = client.get(address)
    sha256 = hashlib.sha256(version.source.encode())
    assert response["ETag"] == f'"sha256:{sha256.hexdigest()}"'
    assert response["Repr-Digest"] == f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="code-reviewer.md"'
    assert CLOSING.items() <= dict(response.headers).items()
    assert not response.cookies
    assert "Vary" not in response


@pytest.mark.parametrize(
    ("addresses", "caching"),
    [
        ((PINNED, DOORS[PINNED]), "public, max-age=31536000, immutable"),
        ((LATEST, DOORS[LATEST]), "public, max-age=60, stale-while-revalidate=60"),
    ],
)
def test_a_pinned_file_is_kept_for_a_year_and_the_latest_is_asked_about_again(
    client: Client, version: Version, addresses: tuple[str, ...], caching: str
) -> None:
    assert {client.get(address)["Cache-Control"] for address in addresses} == {caching}


def test_the_pages_and_the_api_give_the_same_answer(client: Client, version: Version) -> None:
    for door, other_door in DOORS.items():
        assert without_limits(client.get(door)) == without_limits(client.get(other_door))


def test_a_name_in_another_script_is_a_file_name_for_every_browser(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(name="レビュー担当"))
    response = client.get("/api/v1/agents/レビュー担当/versions/1/download")
    encoded = "%E3%83%AC%E3%83%93%E3%83%A5%E3%83%BC%E6%8B%85%E5%BD%93.md"
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{encoded}"


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_tells_what_get_would_send(client: Client, version: Version, address: str) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, without_limits(head), head.content) == (200, without_limits(get), b"")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_file_asked_for_before_takes_no_query_but_for_what_is_the_latest(
    client: Client, version: Version, address: str
) -> None:
    is_latest = "1" not in address.replace("v1", "")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).content == version.source.encode()
        counts.append(len(queries))
    assert counts == ([3, 1] if is_latest else [1, 0])  # the one: what changed, asked a hundred times a second at most


# --- What a client has already ------------------------------------------------------------------------


@pytest.mark.parametrize("etag", ['"{digest}"', 'W/"{digest}"', '"other", "{digest}"', "*"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_file_the_client_has_is_not_sent_again(client: Client, version: Version, address: str, etag: str) -> None:
    response = client.get(address, headers={"if-none-match": etag.format(digest=version.digest)})
    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == f'"{version.digest}"'
    assert response["Cache-Control"] == client.get(address)["Cache-Control"]
    assert CLOSING.items() <= dict(response.headers).items()


@pytest.mark.parametrize("etag", ['"sha256:other"', "nonsense", '"unfinished', ""])
def test_another_file_is_sent(client: Client, version: Version, etag: str) -> None:
    response = client.get(PINNED, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (200, version.source.encode())


def test_a_file_that_is_not_the_one_meant_is_refused(client: Client, version: Version) -> None:
    response = client.get(PINNED, headers={"if-match": '"sha256:other"'})
    assert problem(response) == (412, "precondition_failed")
    assert response["ETag"] == f'"{version.digest}"'
    assert client.get(PINNED, headers={"if-match": f'"{version.digest}"'}).status_code == 200


# --- Ranges -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=-10", b"0123456789"),
        ("bytes=-3", b"789"),
        ("bytes={at}-", b"0123456789"),
        ("bytes={at}-{at}", b"0"),
        ("bytes={at}-999999999", b"0123456789"),
    ],
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_one_range_is_sent_alone(client: Client, digits: bytes, address: str, asked: str, part: bytes) -> None:
    at, size = len(digits) - 10, len(digits)
    response = client.get(address, headers={"range": asked.format(at=at)})
    first = digits.rindex(part)
    assert (response.status_code, response.content) == (206, part)
    assert response["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
    assert response["Content-Length"] == str(len(part))
    assert response["Repr-Digest"] == client.get(address)["Repr-Digest"]


def test_a_suffix_longer_than_the_file_is_all_of_it(client: Client, digits: bytes) -> None:
    response = client.get(PINNED, headers={"range": "bytes=-99999"})
    assert (response.status_code, response.content) == (206, digits)


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused(client: Client, digits: bytes, asked: str) -> None:
    response = client.get(PINNED, headers={"range": asked})
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(digits)}")
    assert problem(response) == (416, "range_not_satisfiable")
    elsewhere = client.get(DOORS[PINNED], headers={"range": asked})
    assert (elsewhere.status_code, elsewhere.content, elsewhere["Cache-Control"]) == (416, b"", "no-store")


@pytest.mark.parametrize(
    "asked",
    ["bytes=9-3", "bytes=0-1,4-5", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=+1-2", "bytes=" + "9" * 99],
)
def test_what_is_no_single_range_of_bytes_gets_the_whole_file(client: Client, digits: bytes, asked: str) -> None:
    response = client.get(PINNED, headers={"range": asked})
    assert (response.status_code, response.content) == (200, digits)


def test_a_range_is_of_the_file_the_client_knows_or_it_gets_the_whole_file(
    client: Client, digits: bytes, publish_source: Publish
) -> None:
    known = client.get(LATEST)["ETag"]
    headers = {"range": "bytes=-3", "if-range": known}
    assert client.get(LATEST, headers=headers).status_code == 206
    changed = agent_source(prompt="Another prompt.")
    publish_source(changed)
    response = client.get(LATEST, headers=headers)
    assert (response.status_code, response.content) == (200, changed.encode())


def test_a_weak_or_dated_if_range_gets_the_whole_file(client: Client, digits: bytes) -> None:
    for known in (f"W/{client.get(PINNED)['ETag']}", "Sat, 21 Nov 2026 10:00:00 GMT"):
        response = client.get(PINNED, headers={"range": "bytes=-3", "if-range": known})
        assert response.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_takes_no_notice_of_a_range(client: Client, digits: bytes, address: str) -> None:
    response = client.head(address, headers={"range": "bytes=-3"})
    assert (response.status_code, response["Content-Length"]) == (200, str(len(digits)))


# --- What may be downloaded ---------------------------------------------------------------------------------


def test_a_yanked_version_still_answers_under_its_number(publisher: User, publish_source: Publish) -> None:
    first = publish_source(agent_source(prompt="First."))
    second = publish_source(agent_source(prompt="Second."))
    publishing.yank(second, by=publisher, reason="It was wrong.")
    assert find_source("code-reviewer", 2)[:5] == ("code-reviewer", 2, second.source.encode(), second.digest, second.pk)
    assert find_source("code-reviewer")[:5] == ("code-reviewer", 1, first.source.encode(), first.digest, first.pk)
    publishing.yank(first, by=publisher, reason="It was wrong, too.")
    assert find_source("code-reviewer") is None
    assert find_source("code-reviewer", 1) is not None


def test_a_draft_cannot_be_downloaded(editor: User, publish_source: Publish) -> None:
    source = agent_source(name="secret-plan")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    assert find_source("secret-plan") is None
    assert find_source("secret-plan", 1) is None


@pytest.mark.parametrize("name", ["unknown", "", "code-reviewer\0", "\0", "\ud800", "x" * 100_000, "' OR 1=1 --"])
@pytest.mark.parametrize("number", [None, 1])
def test_a_name_nobody_has_finds_nothing(version: Version, name: str, number: int | None) -> None:
    assert find_source(name, number) is None


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63, 10**30])
def test_a_number_no_version_has_finds_nothing(version: Version, number: int) -> None:
    assert find_source("code-reviewer", number) is None
