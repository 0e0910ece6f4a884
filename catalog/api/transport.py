"""What all answers of the API have in common: HEAD, OPTIONS, cross-origin reads, ETags, unknown addresses.

Imports `errors`. Reads need no account, so every answer is the same for everyone: no cookie is read or set.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, re_path
from django.utils.cache import get_conditional_response
from ninja.renderers import JSONRenderer

from catalog.api.errors import Kind, problem
from catalog.downloads import EXPOSED, repr_digest

View = Callable[..., HttpResponse]
METHODS = "GET, HEAD, OPTIONS"


class Json(JSONRenderer):
    """JSON in UTF-8 as people write it. Half of a surrogate pair, which UTF-8 lacks, stays a JSON escape."""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        text = json.dumps(data, cls=self.encoder_class, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def public(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The addresses of an API with the manners below, its root leading to the docs, and a problem for the rest."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _home if pattern.name == "api-root" else read(pattern.callback)
    return [*patterns, re_path("", read(_unknown), name="unknown")]


def read(view: View) -> View:
    """`view`, answering any method a reader may try."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _dispatched(request, view, *args, **kwargs)
        if response.status_code == 200 and _is_text(response):
            response = _validated(request, response)
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
        response.headers.setdefault("Access-Control-Expose-Headers", EXPOSED)
        if request.method == "HEAD":
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response

    answer.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie counts here, so none can be abused
    return answer


def _dispatched(request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    if "\0" in request.path_info:  # which PostgreSQL takes in no text at all
        return _unknown(request)
    if request.method == "OPTIONS":
        return _options()
    response = view(request, *args, **kwargs)
    if response.status_code == 405:
        response = problem(Kind.METHOD_NOT_ALLOWED, f"{request.method} is not answered at this address.")
        response.headers["Allow"] = METHODS
    return response


def _options() -> HttpResponse:
    headers = {
        "Allow": METHODS,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": "If-Match, If-None-Match, If-Range, Range",
        "Access-Control-Max-Age": "86400",
    }
    return HttpResponse(status=204, headers=headers)


def _is_text(response: HttpResponse) -> bool:
    """JSON, or the page of the documentation; files bring their own headers."""
    return response.headers["Content-Type"].startswith(("application/json", "text/html"))


def _validated(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """With an ETag of its bytes; not sent again to who has them."""
    digest = f"sha256:{hashlib.sha256(response.content).hexdigest()}"
    response.headers["ETag"] = f'"{digest}"'
    response.headers["Repr-Digest"] = repr_digest(digest)
    response.headers["Cache-Control"] = "public, no-cache"
    # That is `response` itself, or what is sent in its place.
    conditional = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    return cast(HttpResponse, conditional)


def _home(request: HttpRequest) -> HttpResponse:
    return redirect("api:openapi-view")


def _unknown(request: HttpRequest) -> HttpResponse:
    hint = " Addresses of this API do not end in a slash." if request.path_info.endswith("/") else ""
    return problem(Kind.NOT_FOUND, f"There is nothing at this address.{hint}")
