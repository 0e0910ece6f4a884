"""What all answers of the API have in common: tokens, limits, HEAD, OPTIONS, cross-origin reads, ETags.

Imports `access`, `errors`, `kept`, `throttling`, `changes` and `downloads`. No cookie is read or set.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, re_path
from django.utils.cache import get_conditional_response
from ninja import NinjaAPI
from ninja.responses import NinjaJSONEncoder

from catalog import changes, throttling
from catalog.api import access, kept
from catalog.api.errors import CONTENT_TYPE, ApiProblem, Kind, problem
from catalog.api.kept import Answer
from catalog.downloads import EXPOSED, SAFE, has_already, repr_digest
from catalog.models import ApiToken
from catalog.throttling import COSTLY, READS, WRITES, Standing

View = Callable[..., HttpResponse]

PUBLIC_CACHE = "public, no-cache"  # kept, but asked about every time
# What writes nothing, and is asked by POST because the question is a long one.
QUESTIONS = ("check_source", "find_outdated")
# What only a token reads.
PRIVATE = ("list_drafts", "get_draft")
OF_THE_SOFTWARE = ("openapi-view", "openapi-json")  # the same until the next release: nothing to count
COSTLY_ONES = (*QUESTIONS, "get_bundle")
# Answers that follow from what the public sees, and are kept until that changes.
KEPT = (
    *("list_agents", "get_agent", "list_versions", "get_version", "list_exports"),
    *("list_changes", "list_package_versions"),
)


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """JSON in UTF-8 as people write it. Half of a surrogate pair, which UTF-8 lacks, stays a JSON escape."""
    text = json.dumps(data, cls=NinjaJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    content = text.encode("utf-8", "backslashreplace")
    return HttpResponse(content, status=status, content_type="application/json; charset=utf-8", headers=headers)


def mannered(
    api: NinjaAPI, patterns: list[URLPattern | URLResolver], short: dict[str, View]
) -> list[URLPattern | URLResolver]:
    """The addresses of an API with the manners below, its root leading to the docs, and a problem for the rest.

    The views in `short`, by the names of their addresses, answer in the place of ninja's: they take hardly a parameter
    but those of the path, so that ninja would only cost time.
    """
    found: dict[str, str] = {}  # one address may have several operations: the first pattern answers for all of them
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            name = found.setdefault(str(pattern.pattern), pattern.name or "")
            view = short.get(name, pattern.callback)
            pattern.callback = _home if name == "api-root" else with_manners(api, view, name)
    return [*patterns, re_path("", with_manners(api, _unknown, "unknown"), name="unknown")]


def with_manners(api: NinjaAPI, view: View, name: str) -> View:
    """`view`, which may raise whatever `errors` knows, answering any method a caller may try."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = standing = None
        try:
            if request.method != "OPTIONS":
                token = request.token = identified(request)  # type: ignore[attr-defined]
                if name not in OF_THE_SOFTWARE:
                    standing = throttling.take(request, _kind(request, name, token), token.pk if token else None)
            response = _told(_dispatched(request, view, name, *args, **kwargs))
        except Exception as error:
            response = api.on_exception(request, error)
            standing = standing or getattr(error, "standing", None)
        return _finished(request, response, name, token, standing)

    answer.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie counts here, so none can be abused
    answer.goes_the_short_way = name != "openapi-view"  # type: ignore[attr-defined]  # that one is a page
    return answer


def identified(request: HttpRequest) -> ApiToken | None:
    """The token that came with a request; guessing at one is limited."""
    try:
        return access.identify(request)
    except ApiProblem:
        throttling.take(request, READS)  # as of somebody without one: guessing is told to wait, too
        raise


def _kind(request: HttpRequest, name: str, token: ApiToken | None) -> str:
    if name in COSTLY_ONES or (name == "list_agents" and "q" in request.GET):
        return COSTLY
    return READS if request.method in SAFE or token is None else WRITES


def _dispatched(request: HttpRequest, view: View, called: str, /, *args: Any, **kwargs: Any) -> HttpResponse:
    if "\0" in request.path_info:  # which PostgreSQL takes in no text at all
        return _unknown(request)
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise ApiProblem(Kind.LENGTH_REQUIRED, "The body came in chunks: send it with its length. Nothing was written.")
    if request.method in SAFE and called in KEPT:
        return _kept(request, view, *args, **kwargs)
    response = view(request, *args, **kwargs)
    if response.status_code == 405:
        return _another_method(request, response, called)
    if response.status_code == 200 and request.method in SAFE and _is_text(response):
        return _conditional(request, _answer_of(response))
    return response


def _told(response: HttpResponse) -> HttpResponse:
    """With a body that says what it means, where Django sends none."""
    is_told = response.headers.get("Content-Type", "").startswith(CONTENT_TYPE)
    if response.status_code not in _BARE or is_told:
        return response
    told = problem(*_BARE[response.status_code])
    for name, value in response.headers.items():
        if name not in ("Content-Type", "Content-Length", "Content-Disposition"):
            told.headers[name] = value
    told.headers["Cache-Control"] = "no-store"
    return told


_BARE = {
    412: (Kind.PRECONDITION_FAILED, "What is there now is not what If-Match or If-Unmodified-Since asks for."),
    416: (Kind.RANGE_NOT_SATISFIABLE, "The file has no such range; Content-Range says how long it is."),
}


def _another_method(request: HttpRequest, response: HttpResponse, name: str) -> HttpResponse:
    """For OPTIONS, what may be asked here; any other method is refused."""
    methods = {method.strip() for method in response.headers["Allow"].split(",")}
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    if request.method != "OPTIONS":
        refused = problem(Kind.METHOD_NOT_ALLOWED, f"{request.method} is not answered at this address.")
        refused.headers["Allow"] = allowed
        return refused
    headers = {"Allow": allowed}
    if open_to_all := sorted(method for method in methods if _is_open(method, name)):
        headers |= {
            "Access-Control-Allow-Methods": ", ".join([*open_to_all, "OPTIONS"]),
            "Access-Control-Allow-Headers": "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, Range",
            "Access-Control-Max-Age": "86400",
        }
    return HttpResponse(status=204, headers=headers)


def _is_open(method: str, name: str) -> bool:
    """Whether the scripts of any site may ask this: what everybody may read."""
    return name not in PRIVATE and (method in SAFE or name in QUESTIONS)


def _finished(
    request: HttpRequest, response: HttpResponse, name: str, token: ApiToken | None, standing: Standing | None
) -> HttpResponse:
    headers = response.headers
    if standing:
        for field, value in standing.headers().items():
            headers[field] = value
    if "HTTP_AUTHORIZATION" in request.META:  # of somebody in particular: nothing for caches that others share
        headers.pop("Access-Control-Allow-Origin", None)
        headers["Cache-Control"] = "private, no-store" if response.status_code < 400 else "no-store"
    elif _is_open(str(request.method), name) or response.status_code in (204, 404, 405):
        headers.setdefault("Access-Control-Allow-Origin", "*")
        headers.setdefault("Access-Control-Expose-Headers", EXPOSED)
    headers.setdefault("Cache-Control", "no-store")
    if not response.streaming and response.status_code not in (204, 304):
        headers.setdefault("Content-Length", str(len(response.content)))
        if request.method == "HEAD":
            response.content = b""
    return response


# --- Answers that a reader may have already ----------------------------------------------------------------


def _kept(request: HttpRequest, view: View, /, *args: Any, **kwargs: Any) -> HttpResponse:
    """From memory, if nothing changed since it was answered; the memory is for GET and HEAD alike."""
    generation, address = changes.recent(), f"{settings.CATALOG_BASE_URL} {request.get_full_path()}"
    known = kept.get(generation, address)
    if known is None:
        request.generation = generation  # type: ignore[attr-defined]  # what is in memory need not ask again
        response = view(request, *args, **kwargs)
        if response.status_code != 200:
            return response
        known = _answer_of(response)
        kept.keep(generation, address, known)
    return _conditional(request, known)


def _is_text(response: HttpResponseBase) -> bool:
    """JSON, or the page of the documentation; files bring their own headers."""
    of_text = response.headers["Content-Type"].startswith(("application/json", "text/html"))
    return of_text and "Cache-Control" not in response.headers


def _answer_of(response: HttpResponse) -> Answer:
    """With an ETag of its bytes, which is not to be taken for the digest of a file: by that one writes."""
    digest = f"sha256:{hashlib.sha256(response.content).hexdigest()}"
    headers = {
        "Content-Type": response.headers["Content-Type"],
        "ETag": f'"answer-{digest[7:39]}"',
        "Repr-Digest": repr_digest(digest),
        "Cache-Control": response.headers.get("Cache-Control", PUBLIC_CACHE),
    }
    return Answer(response.content, headers)


def _conditional(request: HttpRequest, answer: Answer) -> HttpResponse:
    """The answer; not sent again to who has it."""
    if has_already(request, answer.headers["ETag"]):
        return HttpResponseNotModified(headers={name: answer.headers[name] for name in _OF_UNCHANGED})
    response = HttpResponse(answer.content, headers=answer.headers)
    if "HTTP_IF_NONE_MATCH" not in request.META and "HTTP_IF_MATCH" not in request.META:
        return response
    # That is `response` itself, or what is sent in its place.
    conditional = get_conditional_response(request, etag=answer.headers["ETag"], response=response)
    return cast(HttpResponse, conditional)


_OF_UNCHANGED = ("ETag", "Repr-Digest", "Cache-Control")


def _home(request: HttpRequest) -> HttpResponse:
    return redirect("api:openapi-view")


def _unknown(request: HttpRequest) -> HttpResponse:
    hint = " Addresses of this API do not end in a slash." if request.path_info.endswith("/") else ""
    return problem(Kind.NOT_FOUND, f"There is nothing at this address.{hint}")
