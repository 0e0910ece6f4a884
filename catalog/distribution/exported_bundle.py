"""Agents as one .zip in the format of a tool: files where a project has them for it, and a manifest.

Unpacked in a project, the archive installs them. What the tool cannot take is left out, and the manifest says why.
How large a file is must be known before the archive is begun, so each export is made ahead; made again while it is
sent, should it have dropped out of memory meanwhile, it is the same. Imports `archive`, `exported`, `definition`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from catalog.definition import Definition, read

from . import exported
from .archive import Archive, File, Row, batches, rows_of, sources_of
from .exported import Facts

FORMAT = "agent-catalog/exported-bundle/1"


def exported_bundle_of(versions: Sequence[int], name: str, tool: str) -> Archive:
    """These versions, by their keys, in this order, in one of `exported.FORMATS`."""
    rows = rows_of(versions)
    files: list[File] = []
    agents: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    holders: dict[str, str] = {}  # of file names, in which many systems do not tell large letters from small ones
    for key, facts in _facts(versions, rows, tool):
        row = rows[key]
        reasons = facts.refusals
        if not reasons and (holder := holders.setdefault(facts.path.casefold(), row.name)) != row.name:
            reasons = (f"Its file would have the name that the one of {holder} has.",)
        if reasons:
            left_out.append(_about(row) | {"reasons": reasons})
        else:
            agents.append(_about(row) | _told(facts))
            files.append(File(key, row.digest, facts.path, facts.size))
    manifest = {
        "format": FORMAT,
        "tool": tool,
        "catalog": settings.CATALOG_BASE_URL + "/",
        "agents": agents,
        "left_out": left_out,
    }
    return Archive(f"{name or 'agents'}-{tool}.zip", manifest, tuple(files), _written_for(tool))


def _about(row: Row) -> dict[str, Any]:
    return {"name": row.name, "version": row.number, "source": row.address, "source_digest": row.digest}


def _told(facts: Facts) -> dict[str, Any]:
    about = {"file": facts.path, "size": facts.size, "digest": facts.digest, "report": facts.counts}
    return about | {"widened": list(facts.widened)}


def _facts(versions: Sequence[int], rows: Mapping[int, Row], tool: str) -> Iterator[tuple[int, Facts]]:
    """What is told of each export. The texts of those that nobody asked for yet are read, a few at a time."""
    for batch in batches(versions):
        known = {key: exported.known_facts(rows[key].digest, tool) for key in batch}
        sources = sources_of(key for key, facts in known.items() if facts is None)
        for key, facts in known.items():
            yield key, facts or exported.facts_of(rows[key].digest, _reader(sources[key]), tool)


def _written_for(tool: str) -> Callable[[File, str], bytes]:
    def written(file: File, source: str) -> bytes:
        return exported.export_of(file.source_digest, _reader(source), tool).content or b""

    return written


def _reader(source: str) -> exported.Reader:
    def reader() -> Definition:
        return read(source)

    return reader
