"""A set of agents as one .zip: the exact files, and a manifest that says which they are.

The same content gives the same bytes, whenever and wherever the archive is made, so that its digest can be pinned
and a client asks for it once. A large one is made while it is sent, a few files at a time: a thousand agents take no
more memory than a few. Imports `models`, `definition`, `downloads` and `counting`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from catalog import downloads
from catalog.counting import downloaded
from catalog.definition import digest_of, stem_of
from catalog.models import Collection, Version

from .streams import Stream

COLLECTION_FORMAT = "agent-catalog/collection/1"
BUNDLE_FORMAT = "agent-catalog/bundle/1"
MANIFEST = "manifest.json"
AT_ONCE = 25  # files read and held at a time
WHOLE = 2 << 20  # bytes up to which an archive is made at once
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time a .zip can tell
_MODE = 0o100644 << 16
_UNIX = 3
_HEADERS = 30 + 46  # bytes of a file before and after all files (APPNOTE 4.3.7, 4.3.12), each with its name
_END = 22  # bytes at the end of the archive (4.3.16)

CACHE = "public, no-cache"  # changed as it pleases its curators: kept, but asked about every time


Item = TypeVar("Item")


class File(NamedTuple):
    """One file of an archive: the version it is made of, and what is told of it beforehand."""

    key: int
    source_digest: str
    name: str
    size: int


def as_published(file: File, source: str) -> bytes:
    """The text of a version as its file."""
    return source.encode()


@dataclass(frozen=True)
class Archive:
    """What an archive holds; its bytes are made when they are asked for."""

    filename: str
    manifest: Mapping[str, Any]
    files: tuple[File, ...]
    written: Callable[[File, str], bytes] = as_published  # a file, made of the text of its version

    @property
    def keys(self) -> tuple[int, ...]:
        """Of the versions, in order."""
        return tuple(file.key for file in self.files)

    @cached_property
    def _manifest_bytes(self) -> bytes:
        return (json.dumps(self.manifest, ensure_ascii=False, indent=2) + "\n").encode()

    @property
    def etag(self) -> str:
        """Follows from the manifest: it names every file by its digest, and the form of the archive."""
        return f'"{digest_of(self._manifest_bytes)}"'

    @property
    def size(self) -> int:
        """Of the content, without making it: nothing is deflated."""
        files = [(MANIFEST, len(self._manifest_bytes)), *((file.name, file.size) for file in self.files)]
        return _END + sum(_HEADERS + 2 * len(name.encode()) + size for name, size in files)

    def parts(self) -> Iterator[bytes]:
        """The content, part by part."""
        return zipped(self._files())

    def _files(self) -> Iterator[tuple[str, bytes]]:
        yield MANIFEST, self._manifest_bytes
        for batch in batches(self.files):
            sources = sources_of(file.key for file in batch)
            for file in batch:
                yield file.name, self.written(file, sources[file.key])


def batches(items: Sequence[Item], most: int = AT_ONCE) -> Iterator[Sequence[Item]]:
    """So many at a time; as many as may be held, unless the caller says how many."""
    return (items[first : first + most] for first in range(0, len(items), most))


def sources_of(keys: Iterable[int]) -> dict[int, str]:
    return dict(Version.objects.filter(pk__in=list(keys)).values_list("pk", "source"))


# --- Which files ------------------------------------------------------------------------------------------


def archive_of(collection: Collection) -> Archive:
    """The agents of a collection."""
    about = {"name": collection.name, "title": collection.title}
    return _archive(f"{collection.name}.zip", COLLECTION_FORMAT, about, versions_of(collection))


def versions_of(collection: Collection) -> list[int]:
    """The keys of the latest versions of its agents, in their order; withdrawn ones are left out."""
    members = collection.members.filter(agent__latest_version__isnull=False)
    return list(members.values_list("agent__latest_version", flat=True))


def bundle_of(versions: Sequence[int], name: str = "") -> Archive:
    """These versions, by their keys, in this order; the archive is called by what they have in common."""
    return _archive(f"{name or 'agents'}.zip", BUNDLE_FORMAT, {}, versions)


def _archive(filename: str, form: str, about: Mapping[str, str], versions: Sequence[int]) -> Archive:
    rows = rows_of(versions)
    manifest = {
        "format": form,
        **about,
        "catalog": settings.CATALOG_BASE_URL + "/",
        "agents": [_entry(rows[key]) for key in versions],
    }
    files = (File(key, rows[key].digest, rows[key].filename, rows[key].size) for key in versions)
    return Archive(filename, manifest, tuple(files))


class Row(NamedTuple):
    """What a manifest tells of a version."""

    name: str
    number: int
    digest: str
    size: int

    @property
    def filename(self) -> str:
        return f"{stem_of(self.name)}.md"

    @property
    def address(self) -> str:
        return settings.CATALOG_BASE_URL + reverse("catalog:version_source", args=[self.name, self.number])


def rows_of(versions: Sequence[int]) -> dict[int, Row]:
    rows = Version.objects.filter(pk__in=versions).values_list("pk", "agent__name", "number", "digest", "size")
    return {key: Row(name, number, digest, size) for key, name, number, digest, size in rows}


def _entry(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.number,
        "file": row.filename,
        "size": row.size,
        "digest": row.digest,
        "source": row.address,
    }


# --- Its bytes --------------------------------------------------------------------------------------------


class _Outlet(BytesIO):
    """A file that is taken away from its beginning while it is written: what is at hand is its end alone.

    It tells places as if all were still there, so that the archive is written as into a file that can be sought:
    without the data descriptors that strict readers refuse.
    """

    taken = 0

    def tell(self) -> int:
        return self.taken + super().tell()

    def seek(self, place: int, whence: int = 0) -> int:
        return self.taken + super().seek(place - self.taken if whence == 0 else place, whence)

    def take(self) -> bytes:
        part = self.getvalue()
        self.taken += len(part)
        super().seek(0)
        self.truncate()
        return part


def zipped(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Stored, not deflated: what another release of a compressor makes of the same text may differ."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, content)
            yield outlet.take()
    yield outlet.take()


def archive_response(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """The archive as an attachment; answers GET and HEAD, If-None-Match and If-Match by its ETag (304, 412)."""
    fresh = HttpResponse()
    fresh.headers["ETag"] = archive.etag
    response: HttpResponseBase | None = get_conditional_response(request, etag=archive.etag, response=fresh)
    if response is None or response.status_code == 200:
        response = _whole(request, archive)
    return _with_headers(response, archive)


def _whole(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """HEAD reads no texts. Raises TooBusy."""
    response: HttpResponseBase = HttpResponse()
    if request.method != "HEAD":
        if archive.size <= WHOLE:
            content = b"".join(archive.parts())
            response = HttpResponse(content, headers={"Repr-Digest": downloads.repr_digest(digest_of(content))})
        else:
            response = StreamingHttpResponse(Stream(archive.parts()))
        downloaded(request, *archive.keys)
    response.headers["Content-Length"] = str(archive.size)
    return response


def _with_headers(response: HttpResponseBase, archive: Archive) -> HttpResponseBase:
    headers = response.headers
    for name, value in downloads.HEADERS.items():
        headers[name] = value
    del headers["Accept-Ranges"]
    headers["Content-Type"] = "application/zip"
    headers["ETag"] = archive.etag
    headers["Cache-Control"] = "no-store" if response.status_code >= 400 else CACHE
    disposition = content_disposition_header(True, archive.filename)
    headers["Content-Disposition"] = disposition or "attachment"
    return response
