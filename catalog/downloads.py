"""A version's source as an HTTP answer, the same for pages and API. Imports `counting`.

The bytes are those of the published file, never compressed (`Repr-Digest` covers the bytes as sent),
and the answer is closed for browsers: a foreign agent's text is an attachment that runs nothing.
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple, Protocol

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from catalog.counting import downloaded

PINNED_CACHE = "public, max-age=31536000, immutable"
LATEST_CACHE = "public, no-cache"  # kept, but asked about every time: a 304 costs no transfer

# Headers that scripts of other sites may read, besides those that every browser shows them.
EXPOSED = "Content-Disposition, Content-Range, ETag, Repr-Digest"

# Headers every answer of a source has; the 304 too, because a browser lets it replace the stored ones.
HEADERS = {
    "Content-Type": "text/markdown; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": EXPOSED,
    "Accept-Ranges": "bytes",
}

# One range of bytes. Sets of ranges are answered with the whole file, as RFC 9110 14.2 allows.
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII)
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")

# Downloads are most of the traffic, and building this query with the ORM costs as much as the rest
# of the request together (300 µs against 25). Everything a download needs is in these five columns.
_SELECT = """
    SELECT agent.name, version.number, version.source, version.digest, version.id
    FROM catalog_agent agent JOIN catalog_version version ON version.agent_id = agent.id
    WHERE agent.name = %s AND """
_ONE = _SELECT + "version.number = %s"
_LATEST = _SELECT + "version.id = agent.latest_version_id"


class SourceLike(Protocol):
    """What a download needs of a version: a `Version` or a `PublishedSource`."""

    @property
    def pk(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def digest(self) -> str: ...


class PublishedSource(NamedTuple):
    """One published file, as `find_source` reads it."""

    name: str
    number: int
    source: str
    digest: str
    pk: int


def find_source(name: str, number: int | None = None) -> PublishedSource | None:
    """The published source of agent `name`: version `number`, or its latest. One query, whatever comes in.

    None where the public may know of no such version: no such agent, nothing but a draft, no such number,
    or (for the latest) every version yanked. A pinned version answers though it is yanked.
    """
    if not _is_storable(name) or not (number is None or 0 < number < 2**31):
        return None
    with connection.cursor() as cursor:
        if number is None:
            cursor.execute(_LATEST, [name])
        else:
            cursor.execute(_ONE, [name, number])
        row = cursor.fetchone()
    return PublishedSource._make(row) if row else None


def _is_storable(text: str) -> bool:
    """Whether the database takes this text at all: PostgreSQL refuses NUL, both refuse lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def source_response(request: HttpRequest, version: SourceLike, *, pinned: bool, filename: str) -> HttpResponse:
    """The exact bytes of `version.source` as an attachment called `filename`.

    `pinned` says that the address names the version's number: that answer never changes and is kept for a
    year; the address of the latest is asked about again each time. Answers GET and HEAD, If-None-Match and
    If-Match by the digest (304, 412), and one range of bytes (206, 416) with If-Range. Here, where no door can
    forget it, the download is counted.
    """
    content = version.source.encode()
    etag = f'"{version.digest}"'
    if any(condition in request.META for condition in _CONDITIONS):
        conditional = get_conditional_response(request, etag=etag)
        if conditional is not None:
            return _with_headers(conditional, version, etag, pinned, filename)
    response = _ranged(request, content, etag) or HttpResponse(content)
    if len(response.content) == len(content):
        downloaded(request, version.pk)
    response = _with_headers(response, version, etag, pinned, filename)
    if request.method == "HEAD":
        response.headers["Content-Length"] = str(len(content))
        response.content = b""
    return response


def _with_headers(response: HttpResponse, version: SourceLike, etag: str, pinned: bool, filename: str) -> HttpResponse:
    headers = response.headers
    for name, value in HEADERS.items():
        headers[name] = value
    headers["ETag"] = etag
    headers["Repr-Digest"] = repr_digest(version.digest)
    headers["Cache-Control"] = _cache_control(response.status_code, pinned)
    headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _cache_control(status: int, pinned: bool) -> str:
    if status >= 400:
        return "no-store"
    return PINNED_CACHE if pinned else LATEST_CACHE


def repr_digest(digest: str) -> str:
    """`sha256:<hex>` as the field of RFC 9530 writes it: `sha-256=:<base64>:`."""
    hexadecimal = digest.removeprefix("sha256:")
    return f"sha-256=:{base64.b64encode(bytes.fromhex(hexadecimal)).decode()}:"


def _ranged(request: HttpRequest, content: bytes, etag: str) -> HttpResponse | None:
    """The part that a Range header asks for, or None where the whole file is the answer."""
    wanted = _RANGE.fullmatch(request.META.get("HTTP_RANGE", ""))
    if request.method != "GET" or wanted is None:
        return None
    # A part is only of use beside the bytes the client already has: the ETag of If-Range says which.
    if request.META.get("HTTP_IF_RANGE", etag) != etag:
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
