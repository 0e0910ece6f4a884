"""What a hook or a pipeline is told of a file that nobody stores."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import Agent, Event
from tests.answers import Publish, problem
from tests.sources import agent_source

CHECK = "/api/v1/check"


def check(client: Client, source: str | bytes, query: str = "", content_type: str = "text/markdown") -> Any:
    return client.post(f"{CHECK}{query}", source, content_type=content_type)


def test_a_good_file_is_told_what_it_is(client: Client, db: None) -> None:
    source = agent_source(tools="Bash")
    body = check(client, source, "?name=code-reviewer").json()
    assert (body["name"], body["size"], body["reading"]) == ("code-reviewer", len(source.encode()), "strict")
    assert body["digest"].startswith("sha256:")
    assert {"code", "severity", "field", "line", "message"} == set(body["findings"][0])
    assert not Agent.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "source",
    [
        b" ",
        b"no block",
        b"---\nname: x\n---\n",
        agent_source(prompt="\u202e").encode(),
        agent_source().encode("utf-16"),
        b"\0",
        b"---\n" + b"[" * 20_000,
    ],
)
def test_a_file_with_errors_is_a_problem_with_findings(client: Client, db: None, source: bytes) -> None:
    response = check(client, source)
    assert problem(response) == (422, "invalid_definition")
    findings = response.json()["findings"]
    assert findings
    assert findings[0]["message"] in response.json()["detail"]
    assert all(finding["severity"] == "error" for finding in findings)


def test_another_name_is_a_problem(client: Client, db: None) -> None:
    assert problem(check(client, agent_source(), "?name=other")) == (422, "name_mismatch")


def test_with_strict_a_warning_is_a_problem_too(client: Client, db: None) -> None:
    source = agent_source(model="no-such-model-at-all")
    body = check(client, source).json()
    assert body["warnings"] >= 1
    response = check(client, source, "?strict=true")
    assert problem(response) == (422, "invalid_definition")
    assert response.json()["findings"] == body["findings"]
    assert check(client, agent_source(), "?strict=true").status_code == 200


def test_examples_without_a_lead_are_a_warning_that_a_pipeline_may_refuse(client: Client, db: None) -> None:
    source = agent_source(description="'<example>user: Look. assistant: I do.</example>'")
    body = check(client, source).json()
    assert (body["warnings"], body["findings"][0]["code"]) == (1, "lead-missing")
    assert check(client, source, "?strict=true").status_code == 422


def test_a_file_that_is_too_large_or_comes_as_something_else_is_a_problem(client: Client, db: None) -> None:
    assert problem(check(client, "x" * 262_145)) == (413, "too_large")
    assert problem(check(client, agent_source(), content_type="application/json")) == (415, "unsupported_media_type")


def test_a_body_in_chunks_is_asked_for_with_its_length(client: Client, db: None) -> None:
    sent = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    response = client.generic("POST", CHECK, b"x", content_type="text/markdown", **sent)
    assert problem(response) == (411, "length_required")


def test_any_site_may_check(client: Client, publish_source: Publish) -> None:
    assert check(client, agent_source())["Access-Control-Allow-Origin"] == "*"
    assert "POST" in client.options(CHECK)["Access-Control-Allow-Methods"]
