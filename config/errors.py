"""What is answered where no view can: as a page, or to programs as problem details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from catalog import views
from catalog.api.errors import Kind, problem

API, APM = "/api/", "/apm/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, a body or a query that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return _either(request, Kind.TOO_LARGE, "The body is larger than the catalog takes.", _page(exception))
    return _either(request, Kind.BAD_REQUEST, "The request is malformed.", _page(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _either(
        request,
        Kind.NOT_FOUND,
        "There is nothing at this address.",
        lambda request: views.not_found(request, exception),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _either(
        request,
        Kind.INTERNAL_ERROR,
        "The catalog failed to answer this request; it has been logged.",
        views.server_error,
    )


def _page(exception: Exception) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: defaults.bad_request(request, exception)


def _either(request: HttpRequest, kind: Kind, detail: str, page: Callable[[HttpRequest], Any]) -> HttpResponse:
    if not f"{request.path_info}/".startswith((API, APM)):
        answer: HttpResponse = page(request)
        return answer
    response = problem(kind, detail)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
