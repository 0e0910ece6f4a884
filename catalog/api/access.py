"""Who asks the API: anybody, or a program with a token; and what that may do. Imports `errors`, `tokens`, `models`."""

from __future__ import annotations

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
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, secret = str(header).partition(" ")
    if scheme.lower() != "bearer":
        raise ApiProblem(Kind.INVALID_TOKEN, "A token is sent as 'Authorization: Bearer agc_…'.")
    if not secret.strip():
        raise ApiProblem(Kind.INVALID_TOKEN, "The Authorization header holds no token: set the secret it is made of.")
    token = tokens.find(secret.strip())
    if token is None:
        raise ApiProblem(Kind.INVALID_TOKEN, "This token is not valid: mistyped, expired, revoked or never issued.")
    token.user.acts_through = token  # type: ignore[attr-defined]  # see models.signed_by
    tokens.used(token)
    return token


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
