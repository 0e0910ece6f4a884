"""Questions to the API and its answers, for the tests of the API."""

from collections.abc import Callable, Iterator
from typing import Any

from django.test import Client

from catalog.models import Version
from tests.sources import agent_source

Publish = Callable[..., Version]

AGENTS = "/api/v1/agents"
ONE = f"{AGENTS}/code-reviewer"
BASE = "http://127.0.0.1:8000"

RICH = agent_source(
    description="""|
  Use it after a change.

  <example>
  Context: A change is done.
  user: "Look at this."
  assistant: "I will ask the code-reviewer."
  <commentary>
  A change is done.
  </commentary>
  </example>""",
    model="opus",
    color="green",
    tools="Read, Bash(git:*)",
)


def names_in(answer: dict[str, Any]) -> list[str]:
    return [agent["name"] for agent in answer["items"]]


def pages(client: Client, **asked: Any) -> Iterator[dict[str, Any]]:
    """Every page of a list, by its cursors."""
    cursor = None
    while True:
        response = client.get(AGENTS, asked | ({"cursor": cursor} if cursor else {}))
        assert response.status_code == 200, response.content
        yield response.json()
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return


def problem(response: Any, *, is_open: bool = True) -> tuple[int, str]:
    """The status and code of a problem, after a look at whether it is a good one, to be read by any site or by none."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert response.get("Access-Control-Allow-Origin") == ("*" if is_open else None)
    assert body["status"] == response.status_code
    assert body["type"] == f"{BASE}/api/v1/docs#{body['code']}"
    assert body["title"]
    assert body["detail"].endswith(".")
    return response.status_code, body["code"]


def shape(value: Any) -> Any:
    """The names in an answer, without what they stand for."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def without_limits(response: Any) -> dict[str, str]:
    """The headers of an answer but those that count how often was asked."""
    return {name: value for name, value in response.headers.items() if not name.startswith("RateLimit")}
