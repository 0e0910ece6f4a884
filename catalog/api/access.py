"""Who asks the API: anybody, or a program with a token; and what that may do. Imports `errors`, `tokens`, `models`."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from catalog import tokens
from catalog.api.errors import ApiProblem, Kind
from catalog.models import Agent, ApiToken, Category, Scope

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def identify(request: HttpRequest) -> ApiToken | None:
    """The token that came with a request, None where none did. Raises ApiProblem for one that is not valid.

    Its person acts through it from here on: what is done is recorded with both.
    """
    known: ApiToken | None = getattr(request, "token", None)
    header = request.META.get("HTTP_AUTHORIZATION")
    if known or header is None:  # the gate of a private catalog asks before the API does
        return known
    token = tokens.find(_secret_in(str(header)))
    if token is None:
        raise ApiProblem(Kind.INVALID_TOKEN, "This token is not valid: mistyped, expired, revoked or never issued.")
    request.token = token  # type: ignore[attr-defined]
    token.user.acts_through = token  # type: ignore[attr-defined]  # see models.signed_by
    tokens.used(token)
    return token


def _secret_in(header: str) -> str:
    """What an Authorization header holds as a token. Raises ApiProblem where it holds none."""
    scheme, _, sent = header.partition(" ")
    if scheme.lower() not in ("bearer", "basic"):
        raise ApiProblem(Kind.INVALID_TOKEN, "A token is sent as 'Authorization: Bearer agc_…'.")
    secret = sent.strip() if scheme.lower() == "bearer" else _secret_of_basic(sent.strip())
    if not secret:
        raise ApiProblem(Kind.INVALID_TOKEN, "The Authorization header holds no token: set the secret it is made of.")
    return secret


def _secret_of_basic(sent: str) -> str:
    """The password, whoever the user is said to be; or the user where there is no password, as people tell git."""
    try:
        user, _, password = b64decode(sent, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return user if password in _NO_PASSWORDS else password


_NO_PASSWORDS = ("", "x-oauth-basic")


class Token(HttpBearer):
    """Of an operation that needs a token. Which one came, the manners of all answers have found out already."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        return token_of(request)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        raise NotImplementedError  # ninja asks for it, and nobody calls it


def token_of(request: HttpRequest) -> ApiToken:
    """The token that a request came with. Raises ApiProblem where there is none."""
    token = getattr(request, "token", None)
    if token is None:
        raise ApiProblem(Kind.TOKEN_REQUIRED, "This needs a token, sent as 'Authorization: Bearer agc_…'.")
    return cast(ApiToken, token)


def actor(request: HttpRequest, scope: Scope) -> User:
    """The person for whom a program does this. Raises ApiProblem where token or person may not."""
    token = token_of(request)
    if not token.may(scope):
        had = ", ".join(token.scopes)
        raise ApiProblem(Kind.FORBIDDEN, f"This needs a token with the scope {scope.value}; this one has {had}.")
    if not token.user.has_perms(tokens.RIGHTS[scope]):
        raise ApiProblem(Kind.FORBIDDEN, f"{token.user.get_username()} may not do this any more.")
    return token.user


def require_agent(request: HttpRequest, agent: Agent) -> None:
    """Raise ApiProblem where the token is limited to other agents."""
    token = token_of(request)
    if not token.covers(agent):
        raise _elsewhere(token)


def require_new(request: HttpRequest, category: Category | None) -> None:
    """Raise ApiProblem where the token may not make an agent in this category, nor its person any."""
    token = token_of(request)
    if not token.covers_new(category):
        raise _elsewhere(token)
    if not token.user.has_perm("catalog.add_agent"):
        raise ApiProblem(Kind.FORBIDDEN, f"{token.user.get_username()} may not begin new agents. Nothing was written.")


def _elsewhere(token: ApiToken) -> ApiProblem:
    """The same whether there is such an agent or not: that may be nothing the token should learn."""
    categories = ", ".join(token.categories.order_by("name").values_list("name", flat=True))
    new = f" New ones it begins in its categories ({categories}), with ?category=." if categories else ""
    return ApiProblem(Kind.FORBIDDEN, f"This token is limited to other agents than this one.{new} Nothing was written.")
