"""A set of agents as one .zip: the exact files, and a manifest that says which they are.

The same content gives the same bytes, whenever and wherever the archive is made, so that its digest can be pinned
and a client asks for it once. Imports `models`, `definition`, `downloads` and `counting`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from catalog import downloads
from catalog.counting import downloaded
from catalog.definition import digest_of
from catalog.models import Collection, Version

FORMAT = "agent-catalog/collection/1"
MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time a .zip can tell
_MODE = 0o100644 << 16
_UNIX = 3
_HEADERS = 30 + 46  # bytes of a file before and after all files (APPNOTE 4.3.7, 4.3.12), each with its name
_END = 22  # bytes at the end of the archive (4.3.16)

# A collection is changed as it pleases its curators: kept, but asked about every time.
CACHE = downloads.LATEST_CACHE


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

    @cached_property
    def content(self) -> bytes:
        sources = dict(Version.objects.filter(pk__in=self.keys).values_list("pk", "source"))
        texts = (sources[key].encode() for key in self.keys)
        names = (agent["file"] for agent in self.manifest["agents"])
        return _zipped([(MANIFEST, self._manifest_bytes), *zip(names, texts, strict=True)])


def archive_of(collection: Collection) -> Archive:
    """The agents of a collection in their order, each in its latest version; withdrawn ones are left out."""
    rows = collection.members.filter(agent__latest_version__isnull=False).values_list(
        "agent__name",
        "agent__latest_version__number",
        "agent__latest_version__digest",
        "agent__latest_version__size",
        "agent__latest_version",
    )
    found = list(rows)
    manifest = {
        "format": FORMAT,
        "name": collection.name,
        "title": collection.title,
        "catalog": settings.CATALOG_BASE_URL + "/",
        "agents": [_entry(*row[:4]) for row in found],
    }
    return Archive(f"{collection.name}.zip", manifest, tuple(row[4] for row in found))


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


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Stored, not deflated: what another release of a compressor makes of the same text may differ."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, content)
    return buffer.getvalue()


def archive_response(request: HttpRequest, archive: Archive) -> HttpResponse:
    """The archive as an attachment; answers GET and HEAD, If-None-Match and If-Match by its ETag (304, 412)."""
    fresh = HttpResponse()
    fresh.headers["ETag"] = archive.etag
    response = get_conditional_response(request, etag=archive.etag, response=fresh)
    if response is None or response.status_code == 200:
        response = _whole(request, archive)
    return _with_headers(response, archive)


def _whole(request: HttpRequest, archive: Archive) -> HttpResponse:
    """HEAD reads no texts; RFC 9110 9.3.2 lets it leave out what only they can tell."""
    content = b"" if request.method == "HEAD" else archive.content
    response = HttpResponse(content)
    response.headers["Content-Length"] = str(archive.size)
    if content:
        downloaded(request, *archive.keys)
        response.headers["Repr-Digest"] = downloads.repr_digest(digest_of(content))
    return response


def _with_headers(response: HttpResponse, archive: Archive) -> HttpResponse:
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
