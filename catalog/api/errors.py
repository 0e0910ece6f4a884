"""What the API says when it cannot answer: problem details (RFC 9457) with a stable `code`.

Imports `cursors`. Operations raise `ApiProblem` or `Renamed`; the rest is Django's and ninja's.
"""

from __future__ import annotations

import json
import logging
from enum import Enum
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import ResolverMatch, reverse
from ninja import Field, NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from catalog.api.cursors import InvalidCursor

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger("django.request")


class Kind(Enum):
    """Every problem the API answers with: its code, status, title, and what it means for the caller."""

    BAD_REQUEST = "bad_request", 400, "Bad request", "The request itself is malformed."
    INVALID_CURSOR = (
        "invalid_cursor",
        400,
        "Invalid cursor",
        "The cursor was not made by this list, or the list was asked for with other parameters. "
        "Start again without one.",
    )
    NOT_FOUND = "not_found", 404, "No such address", "The API has nothing at this address."
    AGENT_NOT_FOUND = "agent_not_found", 404, "No such agent", "No agent of this name is published."
    VERSION_NOT_FOUND = (
        "version_not_found",
        404,
        "No such version",
        "The agent is published, but has no version of this number.",
    )
    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        405,
        "Method not allowed",
        "The address exists and does not answer this method; the Allow header lists those it does.",
    )
    AGENT_WITHDRAWN = (
        "agent_withdrawn",
        410,
        "Agent withdrawn",
        "Every version of this agent is yanked, so there is no latest. Its numbered versions still answer.",
    )
    INVALID_PARAMETERS = (
        "invalid_parameters",
        422,
        "Invalid parameters",
        "Parameters have values this address does not take; `errors` lists each with a sentence.",
    )
    INTERNAL_ERROR = (
        "internal_error",
        500,
        "Internal error",
        "The catalog failed to answer. It was logged; the same request may work later.",
    )

    def __init__(self, code: str, status: int, title: str, meaning: str) -> None:
        self.code = code
        self.status = status
        self.title = title
        self.meaning = meaning


class ParameterErrorOut(Schema):
    """What is wrong with one parameter."""

    field: str = Field(description="The parameter.", examples=["limit"])
    message: str = Field(description="What is wrong with it.", examples=["Input should be less than or equal to 100."])


class ProblemOut(Schema):
    """Problem details (RFC 9457)."""

    type: str = Field(description="Where this kind of problem is explained.")
    code: str = Field(description="The kind of problem, stable across releases.", examples=["agent_not_found"])
    title: str = Field(description="The kind of problem for people.", examples=["No such agent"])
    status: int = Field(description="The HTTP status, again.", examples=[404])
    detail: str = Field(description="A sentence about this one occurrence.")
    errors: list[ParameterErrorOut] | None = Field(
        default=None, description="With `invalid_parameters` alone: one entry for each."
    )


class ApiProblem(Exception):
    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Renamed(Exception):
    """The agent asked for is called `name` now."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def problem(kind: Kind, detail: str, **more: Any) -> HttpResponse:
    body = {
        "type": f"{settings.CATALOG_BASE_URL}{reverse('api:openapi-view')}#{kind.code}",
        "code": kind.code,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        **more,
    }
    response = HttpResponse(json.dumps(body), status=kind.status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def problems(*kinds: Kind) -> dict[str, Any]:
    """For the OpenAPI document: an operation may answer with these."""
    responses: dict[int, Any] = {}
    for kind in (*kinds, Kind.INTERNAL_ERROR):
        known = responses.get(kind.status, {}).get("description", "")
        responses[kind.status] = {
            "description": f"{known} `{kind.code}`: {kind.meaning}".strip(),
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
    return {"responses": responses}


def add_handlers(api: NinjaAPI) -> None:
    """Answer every exception an operation can raise with a problem, or with the agent's new address."""
    for exception, handler in (
        (ApiProblem, _api_problem),
        (Renamed, _renamed),
        (InvalidCursor, _invalid_cursor),
        (ValidationError, _validation_error),
        (Http404, _not_found),
        (HttpError, _http_error),
        (SuspiciousOperation, _bad_request),
        (BadRequest, _bad_request),
        (Exception, _internal_error),
    ):
        api.add_exception_handler(exception, handler)


def _api_problem(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(exc.kind, exc.detail)


def _renamed(request: HttpRequest, exc: Any) -> HttpResponse:
    """The same address under the new name. Permanent, but not kept: a rename can be taken back."""
    match = cast(ResolverMatch, request.resolver_match)  # an operation has been resolved to
    path = reverse(match.view_name, kwargs={**match.kwargs, "name": exc.name})
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponsePermanentRedirect(f"{path}?{query}" if query else path, preserve_request=True)
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _invalid_cursor(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.INVALID_CURSOR, "This cursor is not one that this list gave with these parameters.")


def _validation_error(request: HttpRequest, exc: Any) -> HttpResponse:
    errors = [{"field": str(error["loc"][-1]), "message": _sentence(error["msg"])} for error in exc.errors]
    fields = ", ".join(dict.fromkeys(error["field"] for error in errors))
    return problem(Kind.INVALID_PARAMETERS, f"Not understood: {fields}.", errors=errors)


def _sentence(message: str) -> str:
    return f"{message.removeprefix('Value error, ')}."


def _not_found(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.NOT_FOUND, "There is nothing at this address.")


def _http_error(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.BAD_REQUEST, str(exc))


def _bad_request(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.BAD_REQUEST, "The request is malformed.")


def _internal_error(request: HttpRequest, exc: Any) -> HttpResponse:
    if settings.DEBUG:
        raise exc
    got_request_exception.send(sender=None, request=request)
    log.error("Internal error: %s", request.path, exc_info=exc, extra={"request": request, "status_code": 500})
    return problem(Kind.INTERNAL_ERROR, "The catalog failed to answer this request; it has been logged.")
