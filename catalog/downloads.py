"""A version's source as an HTTP answer, the same for pages and API. Imports `counting`, `changes`, `memory`
and `definition`.

The bytes are those of the published file, never compressed (`Repr-Digest` covers the bytes as sent),
and the answer is closed for browsers: a foreign agent's text is an attachment that runs nothing.

Files that were asked for before are kept in memory: under its number a version never becomes another, so the
database is asked for nothing but which one is the latest.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date

from catalog import changes
from catalog.changes import Generation, moment
from catalog.counting import downloaded
from catalog.definition import stem_of
from catalog.memory import Memory

PINNED_CACHE = "public, max-age=31536000, immutable"
# Kept for a minute, and another one while it is asked whether there is a newer one: a 304 costs no transfer.
LATEST_CACHE = "public, max-age=60, stale-while-revalidate=60"

# Headers that scripts of other sites may read, besides those that every browser shows them.
EXPOSED = (
    "Content-Disposition, Content-Range, ETag, Link, Location, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After"
)

# Headers every answer of a source has; the 304 too, because a browser lets it replace the stored ones.
HEADERS = {
    "Content-Type": "text/markdown; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": EXPOSED,
    "Accept-Ranges": "bytes",
}

# So long after a version became the latest no time of it is told, and none is believed: an HTTP date knows whole
# seconds only, and a version is seen a while after its time, when who published it waited for others and committed.
SETTLED = timedelta(minutes=1)

KEPT_BYTES = 32 << 20  # of files in memory
KEPT_NUMBERS = 50_000  # of agents of whom it is known which version is the latest

Latest = tuple[int, datetime | None]  # its number, and since when it is that

# One range of bytes. Sets of ranges are answered with the whole file, as RFC 9110 14.2 allows.
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII)
SAFE = ("GET", "HEAD")
_BEFORE_IT = ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")  # decide before If-None-Match does
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")

# Downloads are most of the traffic, and building these queries with the ORM costs as much as the rest of the
# request together.
_LATEST = """
    SELECT version.number, agent.latest_at
    FROM catalog_agent agent JOIN catalog_version version ON version.id = agent.latest_version_id
    WHERE agent.name = %s
"""
_ONE = """
    SELECT version.source, version.digest, version.id, version.published_at
    FROM catalog_agent agent JOIN catalog_version version ON version.agent_id = agent.id
    WHERE agent.name = %s AND version.number = %s
"""
_ONE_ONCE = """
    SELECT version.source, version.digest, version.id, version.published_at
    FROM catalog_formername former JOIN catalog_version version ON version.agent_id = former.agent_id
    WHERE former.name = %s AND version.number = %s
"""


class PublishedSource(NamedTuple):
    """One published file, as `find_source` reads it."""

    name: str
    number: int
    content: bytes
    digest: str
    pk: int
    since: datetime | None  # when its address began to give it; None where nobody knows


# --- Which file ---------------------------------------------------------------------------------------------


def find_source(name: str, number: int | None = None) -> PublishedSource | None:
    """The published source of agent `name`: version `number`, or its latest, whatever comes in.

    None where the public may know of no such version: no such agent, nothing but a draft, no such number,
    or (for the latest) every version yanked. A pinned version answers though it is yanked, and by a former name of
    its agent as before the rename. What was asked for before takes no query; the latest follows `changes.recent`.
    """
    if not _is_storable(name) or not (number is None or 0 < number < 2**31):
        return None
    if number is not None:
        return _pinned(name, number)
    generation = changes.recent()
    latest = _kept.latest(generation, name)
    if latest is None:
        row = _row(_LATEST, name)
        if row is None:
            return None
        latest = row[0], moment(row[1])
        _kept.keep_latest(generation, name, latest)
    found = _pinned(name, latest[0])
    return found._replace(since=latest[1]) if found else None


def _pinned(name: str, number: int) -> PublishedSource | None:
    if found := _kept.files.get((name, number)):
        return found
    row = _row(_ONE, name, number) or _row(_ONE_ONCE, name, number)
    if row is None:
        return None
    source, digest, pk, published_at = row
    found = PublishedSource(name, number, source.encode(), digest, pk, moment(published_at))
    _kept.files.keep((name, number), found, len(found.content))
    return found


def _row(query: str, *asked: str | int) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _is_storable(text: str) -> bool:
    """Whether the database takes this text at all: PostgreSQL refuses NUL, both refuse lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


class _Kept:
    """The files asked for last, and which versions were the latest when that was asked."""

    def __init__(self) -> None:
        self.files: Memory[tuple[str, int], PublishedSource] = Memory(KEPT_BYTES)
        self.numbers: tuple[Generation | None, dict[str, Latest]] = None, {}

    def latest(self, generation: Generation, name: str) -> Latest | None:
        """Which version of an agent is the latest, if that was asked since the catalog last changed."""
        of, numbers = self.numbers
        return numbers.get(name) if of == generation else None

    def keep_latest(self, generation: Generation, name: str, latest: Latest) -> None:
        of, numbers = self.numbers
        if of != generation or len(numbers) >= KEPT_NUMBERS:
            self.numbers = generation, {name: latest}
        else:
            numbers[name] = latest


_kept = _Kept()


def forget() -> None:
    """Drop the files in memory: what is kept here outlives the rows of a test."""
    global _kept
    _kept = _Kept()


# --- Its answer ---------------------------------------------------------------------------------------------


def source_response(request: HttpRequest, source: PublishedSource, *, pinned: bool) -> HttpResponse:
    """The exact bytes of a published file, as an attachment called by the name of its agent.

    `pinned` says that the address names the version's number: that answer never changes and is kept for a
    year; the address of the latest is asked about again after a minute. Answers GET and HEAD, If-None-Match and
    If-Match by the digest, If-Modified-Since and If-Unmodified-Since by the time (304, 412), and one range of bytes
    (206, 416) with If-Range. Here, where no door can forget it, the download is counted.
    """
    headers = _headers(source.name, source.number, source.digest, pinned, settings.CATALOG_BASE_URL)
    return file_response(request, source, headers)


def file_response(request: HttpRequest, source: PublishedSource, headers: dict[str, str]) -> HttpResponse:
    """The same for any file made of a published one, with headers of its own; among them is its ETag."""
    meta = request.META
    etag = headers["ETag"]
    if has_already(request, etag):
        return _dressed(HttpResponseNotModified(), source, headers)
    if any(condition in meta for condition in _CONDITIONS):
        conditional = get_conditional_response(request, etag=etag, last_modified=_modified(source))
        if conditional is not None:
            return _dressed(conditional, source, headers)
    content = source.content
    response = (_ranged(request, content, headers) if "HTTP_RANGE" in meta else None) or HttpResponse(content)
    if len(response.content) == len(content):
        downloaded(request, source.pk)
    _dressed(response, source, headers)
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        response.content = b""
    return response


def has_already(request: HttpRequest, etag: str) -> bool:
    """Whether a reader asks for nothing but another text than the one of this ETag, as nearly all do who have one.

    The rest that RFC 9110 13 knows, Django's own function decides; it takes half as long as a whole answer.
    """
    meta = request.META
    return meta.get("HTTP_IF_NONE_MATCH") == etag and meta.keys().isdisjoint(_BEFORE_IT) and request.method in SAFE


def _dressed(response: HttpResponse, source: PublishedSource, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response.headers[name] = value
    if modified := _modified(source):
        response.headers["Last-Modified"] = _http_date(modified)
    if response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=4_096)
def _headers(name: str, number: int, digest: str, pinned: bool, base_url: str) -> dict[str, str]:
    """All that the answers of one file have in common."""
    latest = base_url + reverse("catalog:agent_source", args=[name])
    numbered = base_url + reverse("catalog:version_source", args=[name, number])
    return {
        **headers_of(f"{stem_of(name)}.md", digest, PINNED_CACHE if pinned else LATEST_CACHE),
        # RFC 5829: the newest of what this is one version of. RFC 8574: how to name this very file for good.
        "Link": f'<{latest}>; rel="latest-version"' if pinned else f'<{numbered}>; rel="cite-as"',
    }


def headers_of(filename: str, digest: str, cache: str, media_type: str = HEADERS["Content-Type"]) -> dict[str, str]:
    """What is told of a file of this digest, whatever it is."""
    return {
        **HEADERS,
        "Content-Type": media_type,
        "ETag": f'"{digest}"',
        "Repr-Digest": repr_digest(digest),
        "Cache-Control": cache,
        "Content-Disposition": content_disposition_header(True, filename) or "attachment",
    }


def repr_digest(digest: str) -> str:
    """`sha256:<hex>` as the field of RFC 9530 writes it: `sha-256=:<base64>:`."""
    hexadecimal = digest.removeprefix("sha256:")
    return f"sha-256=:{base64.b64encode(bytes.fromhex(hexadecimal)).decode()}:"


def _modified(source: PublishedSource) -> int | None:
    """The second at whose beginning the address gave this file for good, once it is past."""
    if source.since is None:
        return None
    settled = source.since + SETTLED
    return int(settled.timestamp()) if settled < datetime.now(UTC) else None


_http_date = lru_cache(maxsize=4_096)(http_date)


def _ranged(request: HttpRequest, content: bytes, headers: dict[str, str]) -> HttpResponse | None:
    """The part that a Range header asks for, or None where the whole file is the answer."""
    wanted = _RANGE.fullmatch(request.META.get("HTTP_RANGE", ""))
    if request.method != "GET" or wanted is None:
        return None
    # A part is only of use beside the bytes the client already has: the ETag of If-Range says which.
    if request.META.get("HTTP_IF_RANGE", headers["ETag"]) != headers["ETag"]:
        return None
    size = len(content)
    first, last = _bounds(wanted, size)
    if first > last:
        return None if _reversed(wanted) else _unsatisfiable(size)
    response = HttpResponse(content[first : last + 1], status=206)
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _bounds(wanted: re.Match[str], size: int) -> tuple[int, int]:
    first, last, suffix = wanted.groups()
    if suffix is not None:
        return max(size - int(suffix), 0), size - 1
    return int(first), min(int(last or size), size - 1)


def _reversed(wanted: re.Match[str]) -> bool:
    """`bytes=9-3` is not a range at all, and is passed over (RFC 9110 14.1.1)."""
    first, last, _ = wanted.groups()
    return bool(first and last) and int(first) > int(last)


def _unsatisfiable(size: int) -> HttpResponse:
    response = HttpResponse(status=416)
    response.headers["Content-Range"] = f"bytes */{size}"
    return response
