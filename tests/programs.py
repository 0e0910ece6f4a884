"""Clients with a token, for tests of what programs may do."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog import tokens
from catalog.models import ApiToken, Scope
from tests.answers import AGENTS, problem


class Program:
    """A client with a token. Further keywords are headers: `put(if_match="*")`."""

    def __init__(self, secret: str, token: ApiToken | None = None) -> None:
        self.client, self.bearer, self.token = Client(), f"Bearer {secret}", token

    def put(self, source: str | bytes, name: str = "code-reviewer", query: str = "", **headers: str) -> Any:
        address = f"{AGENTS}/{name}{query}"
        return self.client.put(address, source, content_type="text/markdown", headers=self._with(headers))

    def post(self, address: str, body: object = None, **headers: str) -> Any:
        address = f"{AGENTS}/{address}"
        return self.client.post(address, body or {}, content_type="application/json", headers=self._with(headers))

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1/{address}", headers=self._with(headers))

    def _with(self, headers: dict[str, str]) -> dict[str, str]:
        return {"authorization": self.bearer, **{key.replace("_", "-"): value for key, value in headers.items()}}


Issue = Callable[..., Program]


def program_of(user: User, *scopes: str, days: int = 30, **limits: Iterable[Any]) -> Program:
    """A program that acts for `user`, with a new token of these scopes."""
    token, secret = tokens.issue(
        user,
        by=user,
        label="Pipeline",
        scopes=[Scope(scope) for scope in scopes],
        expires_at=timezone.now() + timedelta(days=days),
        **limits,
    )
    return Program(secret, token)


def refused(response: Any) -> tuple[int, str]:
    """The status and code of a problem told to one program alone."""
    assert response["Cache-Control"] == "no-store"
    return problem(response, is_open=False)
