"""How long a public page may be kept, and when it is the one a reader already has. Imports `changes`, `definition`.

A page follows from the rows, the day (dates are told in days), the software, the settings and the address. All of
these are in its ETag, so whether it changed is known from one small query, before anything is rendered.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.http import parse_etags

from catalog import changes
from catalog.changes import Generation
from catalog.definition import digest_of

from . import links

View = Callable[..., HttpResponse]

# Readers ask each time, which costs a 304. A cache in front asks once a minute, and meanwhile answers with what it has.
PAGE_CACHE = "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
NOT_KEPT = "no-store"  # what is not there, or failed, may be there in a second
_SOFTWARE = (
    *("requirements.txt", "config/*.py", "catalog/**/*.py", "catalog/**/*.md", "catalog/**/*.mo"),
    *("templates/**/*.html", "static/**/*.*"),
)
DOWNLOADS_SECONDS = 600  # how old the numbers of downloads on an unchanged page may be: they come all the time


def fresh(view: View | None = None, *, of_rows: bool = True, of_downloads: bool = False) -> Callable[..., Any]:
    """A view of a public page, with its ETag; an unchanged page is a 304, and `view` is not asked.

    A page that follows from the software alone says `of_rows=False`, and costs no query. One that tells of downloads,
    which no change is recorded of, says `of_downloads=True`.
    """
    if view is None:
        return functools.partial(fresh, of_rows=of_rows, of_downloads=of_downloads)

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if of_rows:
            request.generation = changes.latest()  # type: ignore[attr-defined]
        etag = _etag(request, of_rows, of_downloads)
        asked = [known.removeprefix("W/") for known in parse_etags(request.headers.get("If-None-Match", ""))]
        if etag.removeprefix("W/") in asked:
            return _with_headers(HttpResponseNotModified(), etag)
        response = view(request, *args, **kwargs)
        if etag and asked == ["*"] and response.status_code == 200:
            response = HttpResponseNotModified()
        return _with_headers(response, etag)

    return answer


def generation_of(request: HttpRequest) -> Generation:
    """The state of the catalog that the page of this request is of, for who is brought up to date by it."""
    known = getattr(request, "generation", None)
    return cast(Generation, known) if known else changes.latest()


def _etag(request: HttpRequest, of_rows: bool, of_downloads: bool) -> str:
    """Weak, because what stands in front may compress. "" while the software is being changed."""
    if settings.DEBUG:
        return ""
    parts = (
        generation_of(request) if of_rows else None,
        timezone.now().date(),
        int(timezone.now().timestamp() // DOWNLOADS_SECONDS) if of_downloads else None,
        _software(),
        # what each setting says that a page shows
        (settings.CATALOG_BASE_URL, settings.LANGUAGE_CODE, settings.CATALOG_NAME, settings.CATALOG_SECURITY_CONTACT),
        (settings.CATALOG_PRIVATE, settings.CATALOG_MARKETPLACE),
        request.get_full_path(),
    )
    return f'W/"{digest_of(repr(parts).encode()).removeprefix("sha256:")[:32]}"'


@functools.cache
def _software() -> str:
    """A digest of the files that make the pages: the same in all processes, another one after any change of them."""
    files = sorted(path for pattern in _SOFTWARE for path in settings.BASE_DIR.glob(pattern))
    return digest_of("\n".join(f"{path.name} {digest_of(path.read_bytes())}" for path in files).encode())


def _with_headers(response: HttpResponse, etag: str) -> HttpResponse:
    if response.status_code >= 400 or settings.DEBUG:
        response.headers.setdefault("Cache-Control", NOT_KEPT)
        return response
    response.headers.setdefault("Cache-Control", PAGE_CACHE)
    if etag and response.status_code in (200, 304):
        response.headers["ETag"] = etag
    if response.status_code == 200 and response.headers["Content-Type"].startswith(links.HTML):
        links.of_every_page(response)
    return response
