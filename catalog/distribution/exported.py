"""Published versions as other tools read them: made when they are asked for, kept in memory, answered as files.

An export follows from the text and the software alone: made again it is the same, until the software is another one.
Imports `definition`, `exports`, `downloads` and `memory`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from catalog import downloads
from catalog.definition import Definition, digest_of, read
from catalog.downloads import LATEST_CACHE, PublishedSource
from catalog.exports import TOOLS, Export, export
from catalog.memory import Memory

SOURCE = "claude"  # the format that is no other one: the file as it was published
FORMATS = tuple(TOOLS)

KEPT_BYTES = 32 << 20  # of files, with their reports
KEPT_FACTS = 16 << 20  # what is told of a file in a bundle: of some ten thousand files
KEPT_FATES = 16 << 20  # what becomes of a text in every format: of some forty thousand texts
_BESIDE = 1_000  # bytes of an entry in memory beside the texts in it
_OF_A_FATE = 400
# Not for ever, as the source: the next release of the software may write the same version in another way, for the
# tool has changed, or what was written did not load. Within the hour that has come to everybody.
NUMBERED_CACHE = "public, max-age=3600, stale-while-revalidate=3600"

Reader = Callable[[], Definition]


class Facts(NamedTuple):
    """What is told of an export without its text."""

    filename: str
    path: str
    size: int
    digest: str
    counts: dict[str, int]
    refusals: tuple[str, ...]  # why the tool cannot take the agent; none where it can
    widened: tuple[str, ...]  # the fields for whose sake the agent may do more there


class Fate(NamedTuple):
    """What becomes of a text in all formats, where it is not what it was."""

    refused: frozenset[str]  # by the tools of these formats
    widened: frozenset[str]  # in these the agent may do more


class _Kept:
    def __init__(self) -> None:
        self.files: Memory[tuple[str, str], Export] = Memory(KEPT_BYTES)
        self.facts: Memory[tuple[str, str], Facts] = Memory(KEPT_FACTS)
        self.fates: Memory[str, Fate] = Memory(KEPT_FATES)
        self.seen: dict[frozenset[str], frozenset[str]] = {}  # most texts share one of a few sets


_kept = _Kept()


def forget() -> None:
    """Drop what is in memory."""
    global _kept
    _kept = _Kept()


def export_of(digest: str, reader: Reader, key: str) -> Export:
    """The text of this digest, which `reader` gives where it is asked, for one of FORMATS."""
    made = _kept.files.get((digest, key))
    if made is None:
        made = export(reader(), key)
        said = sum(len(line.sentence) + len(line.field) for line in made.report)
        _kept.files.keep((digest, key), made, len(made.content or b"") + said + _BESIDE)
    return made


def exports_of(definition: Definition) -> list[Export]:
    """All of them, in the order of FORMATS."""
    return [export_of(definition.digest, lambda: definition, key) for key in FORMATS]


def known_facts(digest: str, key: str) -> Facts | None:
    """What is told of an export, if that is in memory."""
    return _kept.facts.get((digest, key))


def facts_of(digest: str, reader: Reader, key: str) -> Facts:
    """What is told of an export, and from here on known."""
    facts = _facts(export_of(digest, reader, key))
    said = len(facts.filename) + len(facts.path) + sum(map(len, (*facts.refusals, *facts.widened)))
    _kept.facts.keep((digest, key), facts, said + _BESIDE)
    return facts


def fate_of(digest: str, reader: Reader) -> Fate:
    """What becomes of the text of this digest in every format, and from here on known."""
    fate = _kept.fates.get(digest)
    if fate is None:
        definition = reader()
        made = [export(definition, key) for key in FORMATS]
        refused = frozenset(each.tool.key for each in made if each.is_refused)
        widened = frozenset(each.tool.key for each in made if any(line.widens for line in each.report))
        fate = Fate(*(_kept.seen.setdefault(keys, keys) for keys in (refused, widened - refused)))
        _kept.fates.keep(digest, fate, _OF_A_FATE)
    return fate


def _facts(made: Export) -> Facts:
    content = made.content or b""
    counts = {str(outcome): count for outcome, count in made.counts.items()}
    widened = tuple(line.field for line in made.report if line.widens)
    return Facts(made.filename, made.path, len(content), digest_of(content), counts, made.refusals, widened)


# --- As a file --------------------------------------------------------------------------------------------------


class ExportRefused(Exception):
    """The tool cannot take the agent; the report of `export` says why."""

    def __init__(self, export: Export) -> None:
        super().__init__(f"{export.tool.title} cannot take this version: {' '.join(export.refusals)}")
        self.export = export


def export_response(request: HttpRequest, source: PublishedSource, key: str, *, pinned: bool) -> HttpResponse:
    """A published file as one of FORMATS, with the ETag of its own bytes. Raises ExportRefused.

    Otherwise as `downloads.source_response`, which it is for the format that is the source itself.
    """
    if key == SOURCE:
        return downloads.source_response(request, source, pinned=pinned)
    made = export_of(source.digest, lambda: read(source.content.decode()), key)
    if made.content is None:
        raise ExportRefused(made)
    # No time is told of it: it may be younger than its version, by a release of the software.
    file = source._replace(content=made.content, digest=digest_of(made.content), since=None)
    return downloads.file_response(request, file, _headers(source, made, file.digest, pinned))


def _headers(source: PublishedSource, made: Export, digest: str, pinned: bool) -> dict[str, str]:
    latest, numbered = (address_of(source.name, which, made.tool.key) for which in ("latest", source.number))
    origin = settings.CATALOG_BASE_URL + reverse("catalog:version_source", args=[source.name, source.number])
    cache = NUMBERED_CACHE if pinned else LATEST_CACHE
    other = f'<{latest}>; rel="latest-version"' if pinned else f'<{numbered}>; rel="cite-as"'
    return {
        **downloads.headers_of(made.filename, digest, cache, made.tool.media_type),
        # `via` (RFC 4287) is what the answer was made of.
        "Link": f'{other}, <{origin}>; rel="via"; digest="{source.digest}"',
    }


def path_of(name: str, which: str | int, key: str) -> str:
    """Where an export is answered. `which` is a number or "latest"; the source has no format."""
    path = reverse("api:download_version", args=[name, which])
    return path if key == SOURCE else f"{path}?{urlencode({'format': key})}"


def address_of(name: str, which: str | int, key: str) -> str:
    """The same, absolute."""
    return settings.CATALOG_BASE_URL + path_of(name, which, key)
