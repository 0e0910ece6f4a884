from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import publishing
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
