"""What tools install from without git: marketplace.json, and plugins as archives. Imports `distribution`."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from catalog import downloads
from catalog.definition import digest_of
from catalog.distribution import repository
from catalog.distribution.marketplace import marketplace
from catalog.distribution.plugins import archived, plugin_named
from catalog.distribution.repository import Store, Unavailable

from .freshness import NOT_KEPT, fresh


def _or_later(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, and what is said where the repository cannot be read."""

    @functools.wraps(view)
    def answer(request: HttpRequest, **kwargs: str) -> HttpResponse:
        try:
            return view(request, **kwargs)
        except Unavailable as error:
            headers = {"Retry-After": "30", "Cache-Control": NOT_KEPT}
            return HttpResponse(f"{error}\n", "text/plain; charset=utf-8", 503, headers=headers)

    return answer


@_or_later
@require_safe
def marketplace_json(request: HttpRequest) -> HttpResponse:
    if credentials := _credentials(request):
        with repository.opened() as store:
            return _json(marketplace(store, credentials))
    response: HttpResponse = _for_everybody(request)
    return response


@fresh
def _for_everybody(request: HttpRequest) -> HttpResponse:
    with repository.opened() as store:
        return _json(_kept(store))


def _json(content: bytes) -> HttpResponse:
    headers = {"Access-Control-Allow-Origin": "*"}
    return HttpResponse(content, content_type="application/json; charset=utf-8", headers=headers)


def _kept(store: Store) -> bytes:
    """The last document that was made, as long as it is the present one."""
    key = store.newest(), settings.CATALOG_BASE_URL, settings.CATALOG_NAME, settings.CATALOG_MARKETPLACE
    made = _last.get("document")
    if made is None or made[0] != key:
        made = _last["document"] = key, marketplace(store)
    return made[1]


_last: dict[str, tuple[object, bytes]] = {}


def _credentials(request: HttpRequest) -> str:
    """With what a reader of a private catalog asks: clients do not send it on to the repository by themselves."""
    scheme, _, encoded = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not settings.CATALOG_PRIVATE or scheme.lower() != "basic":
        return ""
    user, _, secret = base64.b64decode(encoded).decode().partition(":")
    return f"{quote(user, safe='')}:{quote(secret, safe='')}"


@_or_later
@require_safe
def plugin_archive(request: HttpRequest, name: str, tree: str) -> HttpResponse:
    """The .zip of a plugin as it is or was: the address says which one by its content, so that it never changes."""
    etag = f'"{tree}"'
    if downloads.has_already(request, etag):
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": downloads.PINNED_CACHE})
    with repository.opened() as store:
        files = store.plugin_files(bytes.fromhex(tree))
    if files is None or plugin_named(files) != name:
        raise Http404("There is no such plugin.")
    content = archived(files)
    digest = digest_of(content)
    response: HttpResponse = HttpResponse(content, content_type="application/zip")
    response = get_conditional_response(request, etag=etag, response=response) or response
    headers = {
        "ETag": etag,
        "Repr-Digest": downloads.repr_digest(digest),
        "Cache-Control": downloads.PINNED_CACHE,
        "Content-Disposition": content_disposition_header(True, f"{name}.zip") or "attachment",
        "Access-Control-Allow-Origin": "*",
    }
    for field, value in headers.items():
        response.headers[field] = value
    return response
