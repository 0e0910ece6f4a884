"""What the API says when it cannot answer: problem details (RFC 9457) with a stable `code`.

Imports `cursors` and `throttling`. Operations raise `ApiProblem` or `Renamed`; the rest is Django's and ninja's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Literal, cast

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import ResolverMatch, reverse
from ninja import Field, NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from catalog.api.cursors import InvalidCursor
from catalog.distribution.streams import TooBusy
from catalog.throttling import TooManyRequests

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
    COLLECTION_NOT_FOUND = "collection_not_found", 404, "No such collection", "No collection of this name is published."
    AGENT_NOT_FOUND = "agent_not_found", 404, "No such agent", "No agent of this name is published."
    VERSION_NOT_FOUND = (
        "version_not_found",
        404,
        "No such version",
        "The agent is published, but has no version of this number.",
    )
    TOKEN_REQUIRED = (
        "token_required",
        401,
        "Token required",
        "This needs a token: `Authorization: Bearer agc_…`. People make theirs in the admin, under API tokens.",
    )
    INVALID_TOKEN = (
        "invalid_token",
        401,
        "Invalid token",
        "The token is mistyped, expired or revoked, or its person's account is off. Nothing is answered with it, not "
        "even what needs none.",
    )
    FORBIDDEN = (
        "forbidden",
        403,
        "Not allowed",
        "The token lacks the scope, is limited to other agents, or its person may not do this themselves.",
    )
    DRAFT_NOT_FOUND = "draft_not_found", 404, "No draft", "The token sees no draft of an agent of this name."
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
    FORM_OUTDATED = (
        "form_outdated",
        410,
        "No longer packed so",
        "Of APM packages that are exports: an earlier release of the catalog wrote this agent otherwise for the tool. "
        "Take the version that the detail names; packages of `agents` stay what they are.",
    )
    CONFLICT = (
        "conflict",
        409,
        "Conflict",
        "The catalog is in another state than this needs: the draft is with a reviewer, or the text was withdrawn. "
        "The detail says what to do.",
    )
    UNKNOWN_SEQUENCE = (
        "unknown_sequence",
        409,
        "Unknown sequence",
        "The catalog has not got so far: its database was put back to an earlier state. Begin the mirror anew.",
    )
    LENGTH_REQUIRED = "length_required", 411, "Length required", "Send the body with a Content-Length, not in chunks."
    PRECONDITION_FAILED = (
        "precondition_failed",
        412,
        "Precondition failed",
        "The text or answer is not the one that If-Match names, or If-None-Match finds one. Nothing was written: read "
        "the present one, take over what is missing, and send again.",
    )
    RANGE_NOT_SATISFIABLE = (
        "range_not_satisfiable",
        416,
        "No such range",
        "The file is shorter than the range that was asked for; Content-Range says how long it is.",
    )
    TOO_LARGE = "too_large", 413, "Too large", "The body is larger than is taken; the detail names the limit."
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "An agent's file is sent as it is, with `Content-Type: text/markdown`.",
    )
    INVALID_DEFINITION = (
        "invalid_definition",
        422,
        "Invalid definition",
        "The file has errors; `findings` lists all of them (with `strict`, warnings too), gravest first.",
    )
    NAME_MISMATCH = (
        "name_mismatch",
        422,
        "Another agent's file",
        "The address names one agent and the file another. Nothing was written.",
    )
    NOT_POSSIBLE = "not_possible", 422, "Not possible", "The catalog cannot do what was asked; the detail says why."
    EXPORT_REFUSED = (
        "export_refused",
        422,
        "Not for this tool",
        "The tool of `format` cannot take the agent; `report` and the detail say why. Its source, and the formats of "
        "other tools, are there.",
    )
    TOO_MANY_AGENTS = (
        "too_many_agents",
        422,
        "Too many agents",
        "A bundle holds at most 1,000 agents: narrow the question, or ask for it in parts.",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        422,
        "Idempotency key used for something else",
        "A key stands for one request. Another one needs another key.",
    )
    PRECONDITION_REQUIRED = (
        "precondition_required",
        428,
        "Precondition required",
        "There is a draft with another text, which this would overwrite. Read it, and send its ETag as `If-Match`.",
    )
    TOO_MANY_REQUESTS = (
        "too_many_requests",
        429,
        "Too many requests",
        "The limit of this minute is used up. `Retry-After` says in how many seconds to ask again.",
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
    UNAVAILABLE = (
        "unavailable",
        503,
        "Unavailable",
        "The catalog cannot answer just now. `Retry-After` says in how many seconds to ask again.",
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


class FindingOut(Schema):
    """One result of the checks of a file."""

    code: str = Field(description="The kind of finding, stable across releases.")
    severity: str = Field(description="`error`, `warning` or `note`.")
    field: str | None = Field(description="The frontmatter field it is about.")
    line: int | None = Field(description="The line of the source it is about.")
    message: str = Field(description="A sentence for people.")


class ExportLineOut(Schema):
    """What became of one field of a definition in the format of another tool."""

    field: str = Field(description="The frontmatter field; `prompt` is the text below.")
    outcome: Literal["kept", "changed", "dropped", "refused"] = Field(
        description="`kept`: it says the same there. `changed`: it says something else or less. `dropped`: it is not "
        "there. `refused`: because of it the tool cannot take the agent."
    )
    sentence: str = Field(description="A sentence for people.")
    widens: bool = Field(
        description="Whether the agent may do more there: a limit that the file sets does not hold as it does in "
        "Claude Code."
    )


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
    findings: list[FindingOut] | None = Field(
        default=None, description="With `invalid_definition`: what the checks found in the file, gravest first."
    )
    report: list[ExportLineOut] | None = Field(
        default=None, description="With `export_refused`: what would become of each field."
    )


class ApiProblem(Exception):
    """A problem to answer with; `more` goes into its body."""

    def __init__(self, kind: Kind, detail: str, *, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.more = more or {}


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


# What any address may be answered with.
ALWAYS = (Kind.INVALID_TOKEN, Kind.TOO_MANY_REQUESTS, Kind.INTERNAL_ERROR, Kind.UNAVAILABLE)


def problems(*kinds: Kind) -> dict[str, Any]:
    """For the OpenAPI document: an operation may answer with these."""
    responses: dict[int, Any] = {}
    for kind in dict.fromkeys((*kinds, *ALWAYS)):
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
        (TooManyRequests, _too_many_requests),
        (Http404, _not_found),
        (RequestDataTooBig, _too_large),
        (TooBusy, _too_busy),
        (OperationalError, _unavailable),
        (InterfaceError, _unavailable),
        (HttpError, _http_error),
        (SuspiciousOperation, _bad_request),
        (BadRequest, _bad_request),
        (Exception, _internal_error),
    ):
        api.add_exception_handler(exception, handler)


def _api_problem(request: HttpRequest, exc: Any) -> HttpResponse:
    response = problem(exc.kind, exc.detail, **exc.more)
    if exc.kind.status == 401:
        known = ', error="invalid_token"' if exc.kind is Kind.INVALID_TOKEN else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="agent catalog"{known}'
    return response


def _later(kind: Kind, detail: str, seconds: int) -> HttpResponse:
    response = problem(kind, detail)
    response.headers["Retry-After"] = str(seconds)
    return response


def _too_many_requests(request: HttpRequest, exc: Any) -> HttpResponse:
    return _later(Kind.TOO_MANY_REQUESTS, str(exc), exc.standing.reset)


def _too_large(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.TOO_LARGE, "The body is larger than the catalog takes.")


def _too_busy(request: HttpRequest, exc: Any) -> HttpResponse:
    return _later(Kind.UNAVAILABLE, "Other large archives are being sent just now. Ask again in a few seconds.", 5)


def _unavailable(request: HttpRequest, exc: Any) -> HttpResponse:
    log.error("The database does not answer: %s", request.path, exc_info=exc)
    return _later(Kind.UNAVAILABLE, "The database does not answer just now. What was sent may be sent again.", 5)


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
    errors = [{"field": _field(error["loc"]), "message": _sentence(error["msg"])} for error in exc.errors]
    if [error["loc"] for error in exc.errors] == [("body", "asked")] and exc.errors[0]["type"] == "missing":
        errors = [{"field": "body", "message": "Send a JSON object."}]
    told = " ".join(f"{error['field']}: {error['message']}" for error in errors[:5])
    return problem(Kind.INVALID_PARAMETERS, told, errors=errors)


def _field(place: Sequence[str | int]) -> str:
    """The parameter, or the path to the part of a body: `pins.3.digest`."""
    where, *parts = place
    parts = parts[1:] or ["body" if where == "body" else parts[0]]  # first stands what the operation takes as a whole
    return ".".join(map(str, parts)) if where == "body" else str(parts[0] if parts else where)


def _sentence(message: str) -> str:
    return f"{message.removeprefix('Value error, ')}."


def _not_found(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.NOT_FOUND, "There is nothing at this address.")


def _http_error(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.BAD_REQUEST, f"{str(exc).rstrip('.')}.")


def _bad_request(request: HttpRequest, exc: Any) -> HttpResponse:
    return problem(Kind.BAD_REQUEST, "The request is malformed.")


def _internal_error(request: HttpRequest, exc: Any) -> HttpResponse:
    if settings.DEBUG:
        raise exc
    got_request_exception.send(sender=None, request=request)
    log.error("Internal error: %s", request.path, exc_info=exc, extra={"request": request, "status_code": 500})
    return problem(Kind.INTERNAL_ERROR, "The catalog failed to answer this request; it has been logged.")
