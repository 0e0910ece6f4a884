"""A set of agents as one .zip: the exact files, and a manifest that says which they are.

The same content gives the same bytes, whenever and wherever the archive is made, so that its digest can be pinned
and a client asks for it once. A large one is made while it is sent, a few files at a time: a thousand agents take no
more memory than a few. Imports `models`, `definition`, `downloads` and `counting`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from catalog import downloads
from catalog.counting import downloaded
from catalog.definition import digest_of
from catalog.models import Collection, Version

COLLECTION_FORMAT = "agent-catalog/collection/1"
BUNDLE_FORMAT = "agent-catalog/bundle/1"
MANIFEST = "manifest.json"
AT_ONCE = 25  # files read and held at a time
WHOLE = 2 << 20  # bytes up to which an archive is made at once
# A reader that is slow holds a thread of the server for as long as an archive is made while it is sent: some of these
# threads must be left for everybody else. (What stands in front and keeps answers for slow readers ends that, too.)
STREAMS = 2
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time a .zip can tell
_MODE = 0o100644 << 16
_UNIX = 3
_HEADERS = 30 + 46  # bytes of a file before and after all files (APPNOTE 4.3.7, 4.3.12), each with its name
_END = 22  # bytes at the end of the archive (4.3.16)

CACHE = "public, no-cache"  # changed as it pleases its curators: kept, but asked about every time


@dataclass(frozen=True)
class Archive:
    """What an archive holds; its bytes are made when they are asked for."""

    filename: str
    manifest: Mapping[str, Any]
    keys: tuple[int, ...]  # of the versions, in order

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
        files = [(MANIFEST, len(self._manifest_bytes))]
        files += [(agent["file"], agent["size"]) for agent in self.manifest["agents"]]
        return _END + sum(_HEADERS + 2 * len(name.encode()) + size for name, size in files)

    def parts(self) -> Iterator[bytes]:
        """The content, part by part."""
        return _zipped(self._files())

    def _files(self) -> Iterator[tuple[str, bytes]]:
        yield MANIFEST, self._manifest_bytes
        names = [agent["file"] for agent in self.manifest["agents"]]
        for first in range(0, len(self.keys), AT_ONCE):
            keys = self.keys[first : first + AT_ONCE]
            sources = dict(Version.objects.filter(pk__in=keys).values_list("pk", "source"))
            for name, key in zip(names[first : first + AT_ONCE], keys, strict=True):
                yield name, sources[key].encode()


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
    rows = Version.objects.filter(pk__in=versions).values_list("pk", "agent__name", "number", "digest", "size")
    found = {pk: _entry(name, number, digest, size) for pk, name, number, digest, size in rows}
    manifest = {
        "format": form,
        **about,
        "catalog": settings.CATALOG_BASE_URL + "/",
        "agents": [found[key] for key in versions],
    }
    return Archive(filename, manifest, tuple(versions))


def _entry(name: str, number: int, digest: str, size: int) -> dict[str, Any]:
    pinned = reverse("catalog:version_source", args=[name, number])
    return {
        "name": name,
        "version": number,
        "file": f"{name}.md",
        "size": size,
        "digest": digest,
        "source": settings.CATALOG_BASE_URL + pinned,
    }


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


def _zipped(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
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
            response = StreamingHttpResponse(_Stream(archive.parts()))
        downloaded(request, *archive.keys)
    response.headers["Content-Length"] = str(archive.size)
    return response


class TooBusy(Exception):
    """As many large archives are being sent as the server can send at once."""


class _Stream:
    """The parts of a large archive, with one of the places that there are for such; given back at the end."""

    places = BoundedSemaphore(STREAMS)

    def __init__(self, parts: Iterator[bytes]) -> None:
        if not self.places.acquire(blocking=False):
            raise TooBusy
        self.parts, self.is_open = parts, True

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.parts
        finally:
            self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.places.release()


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
