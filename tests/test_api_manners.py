from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import changes, publishing
from tests.answers import AGENTS, ONE, Publish, problem, without_limits
from tests.sources import agent_source


@pytest.mark.parametrize(
    "address", ["", "/", "/agents/", "/agents/code-reviewer/", "/nothing", "/agents/a/b/c", "/%00", "//", "/.env"]
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_address_that_is_none_is_a_problem_too(client: Client, db: None, address: str, method: str) -> None:
    response = getattr(client, method)(f"/api/v1/x{address}")
    assert problem(response) == (404, "not_found")


def test_an_address_with_a_slash_too_many_is_told_so(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    response = client.get(f"{ONE}/")
    assert problem(response) == (404, "not_found")
    assert "do not end in a slash" in response.json()["detail"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", [AGENTS, ONE, f"{ONE}/versions/1/download", "/api/v1/openapi.json", "/api/v1/docs"])
def test_a_method_that_is_not_answered_is_a_problem(db: None, address: str, method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = getattr(client, method)(address)
    if (address, method) == (ONE, "put"):
        assert problem(response, is_open=False) == (401, "token_required")
        return
    assert problem(response) == (405, "method_not_allowed")
    assert response["Allow"] == ("GET, HEAD, OPTIONS, PUT" if address == ONE else "GET, HEAD, OPTIONS")


def test_a_failure_of_the_catalog_is_a_problem_and_is_logged(
    client: Client, publish_source: Publish, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    publish_source(agent_source())
    settings.CATALOG_BASE_URL = None  # what no running catalog has
    client.raise_request_exception = False
    response = client.get(ONE)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "TypeError" in caplog.text
    assert "Traceback" not in response.content.decode()


def test_any_site_may_read(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    for address in (AGENTS, ONE, f"{ONE}/versions/1/download", "/api/v1/openapi.json"):
        response = client.get(address, headers={"origin": "https://elsewhere.example"})
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
        preflight = client.options(address, headers={"access-control-request-headers": "if-none-match"})
        assert (preflight.status_code, preflight.content) == (204, b"")
        assert "If-None-Match" in preflight["Access-Control-Allow-Headers"]


def test_reading_knows_no_sessions(client: Client, admin: User, publish_source: Publish) -> None:
    publish_source(agent_source())
    client.force_login(admin)
    with CaptureQueriesContext(connection) as queries:
        for address in (AGENTS, ONE, f"{ONE}/versions", f"{ONE}/versions/1/download", "/api/v1/openapi.json"):
            response = client.get(address)
            assert not response.cookies
            assert "Cookie" not in response.get("Vary", "")
    assert not any("session" in query["sql"] or "auth_user" in query["sql"] for query in queries)


@pytest.mark.parametrize("address", [AGENTS, ONE, f"{ONE}/versions", "/api/v1/openapi.json"])
def test_an_answer_the_client_has_is_not_sent_again(client: Client, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    first = client.get(address)
    assert first["Cache-Control"] == "public, no-cache"
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Access-Control-Allow-Origin"] == "*"


def test_an_answer_that_changed_is_sent(client: Client, publisher: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    etag = client.get(ONE)["ETag"]
    publishing.deprecate(agent, by=publisher, note="Use another.")
    assert client.get(ONE, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("address", [AGENTS, ONE, f"{ONE}/versions/1", "/api/v1/openapi.json", "/api/v1/docs"])
def test_head_tells_what_get_would_send(client: Client, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    head, get = client.head(address), client.get(address)
    assert (head.status_code, without_limits(head), head.content) == (200, without_limits(get), b"")


# --- Where no operation is asked --------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/v2/agents", "/api/nothing.md"])
def test_an_address_beside_the_api_is_a_problem_too(client: Client, db: None, address: str) -> None:
    response = client.get(address)
    if address == "/api":  # the slash makes it an address of the API's
        assert response.status_code in (301, 404)
    else:
        assert problem(response) == (404, "not_found")


def test_a_host_that_is_not_ours_is_a_problem(client: Client, db: None) -> None:
    for address in (AGENTS, f"{ONE}/versions/1/download"):
        assert problem(client.get(address, headers={"host": "evil.example"})) == (400, "bad_request")
    page = client.get("/agents/code-reviewer.md", headers={"host": "evil.example"})
    assert page.status_code == 400
    assert "evil.example" not in page.content.decode()


def test_a_body_that_is_too_large_is_a_problem(client: Client, db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = {"pins": [{"digest": f"sha256:{'0' * 64}"}] * 50}
    response = client.post("/api/v1/outdated", body, content_type="application/json")
    assert problem(response) == (413, "too_large")


def test_a_database_that_does_not_answer_is_told_as_such(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source())

    def away() -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(changes, "latest", away)
    for address in (AGENTS, f"{ONE}/versions/latest/download"):
        response = client.get(address)
        assert problem(response) == (503, "unavailable")
        assert response["Retry-After"] == "5"
        assert "lost" not in response.content.decode()


# --- The short way ------------------------------------------------------------------------------------------


def test_programs_are_answered_without_sessions_and_forms_but_as_safely(
    client: Client, publish_source: Publish, settings: Any
) -> None:
    publish_source(agent_source())
    for address in (
        AGENTS,
        ONE,
        f"{ONE}/versions/1/download",
        "/agents/code-reviewer.md",
        "/agents/code-reviewer/1.md",
    ):
        response = client.get(address)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert response["Content-Length"] == str(len(response.content))
        assert not hasattr(response.wsgi_request, "session")
    assert "script-src 'self'" in client.get("/api/v1/docs")["Content-Security-Policy"]
    assert "script-src 'self'" in client.get("/agents/nobody.md")["Content-Security-Policy"]


def test_https_is_insisted_on_for_programs_too(publish_source: Publish, settings: Any) -> None:
    publish_source(agent_source())
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    client = Client()
    for address in (AGENTS, "/agents/code-reviewer.md"):
        assert client.get(address).status_code == 301
        response = client.get(address, secure=True)
        assert response.status_code == 200
        assert response["Strict-Transport-Security"].startswith("max-age=31536000")
