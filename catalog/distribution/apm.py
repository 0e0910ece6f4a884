"""Packages for `apm`, the Agent Package Manager: which there are, and the archive of each version.

A lock file of apm holds the address and the digest of an archive, and nothing else is ever installed from it. So an
archive follows from the name asked for, the number and the published file alone: in it is nothing that may be edited,
and nothing that is read out of the file, because the reader may improve. An owner other than `agents` packs what
`exports` makes of the file, which follows from this software, too; FORMS says how its versions tell that.

Imports `models`, `definition`, `downloads`, `memory`, `archive` and `exported`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from catalog.definition import digest_of, fold_name, read
from catalog.downloads import PublishedSource
from catalog.memory import Memory
from catalog.models import Agent, Version

from .archive import zipped
from .exported import export_of

SOURCE = "agents"  # whose packages hold the published file itself
# Formats that are Markdown, as apm copies it into place for these tools; for Kiro and Codex it takes from it what they
# know, and reads strict YAML alone, which the plugin's is. Each with how often what `exports` makes has changed since
# it was first packed. That is the second part of the version, so that no version ever names other bytes: agent 3 as
# OpenCode reads it is 3.0.0, and 3.1.0 from the first change on. Whoever changes an export counts on here: a test sees
# to that.
FORMS: Mapping[str, int] = MappingProxyType({"claude-plugin": 0, "opencode": 0, "copilot": 0, "cursor": 0, "kiro": 0})
OWNERS = (SOURCE, *FORMS)

FORMS_LISTED = 20  # versions of a package that is an export: to list one is to read its file and write the other
AT_ONCE = 25  # files read and held at a time
KEPT_BYTES = 8 << 20  # of digests in memory
_BESIDE = 300  # bytes of an entry that are not its name

_VERSION = re.compile(r"([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.0", re.ASCII)


class Listed(NamedTuple):
    """One version of a package, as it is listed."""

    version: str
    digest: str
    published_at: datetime


class Refused(Exception):
    """The tool cannot take the agent; the sentence says why."""


class Outdated(Exception):
    """An earlier release of this software packed the version so. `version` is what it is now."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


class _Row(NamedTuple):
    pk: int
    number: int
    digest: str  # of the source
    published_at: datetime
    name: Any  # that the file itself has


# --- Versions -----------------------------------------------------------------------------------------------


def version_of(owner: str, number: int) -> str:
    """A number as apm orders versions: 3 is 3.0.0."""
    return f"{number}.{FORMS.get(owner, 0)}.0"


def number_of(owner: str, version: str) -> int | None:
    """The number a version stands for, in the form that this owner packs or once did; None for what is no version."""
    found = _VERSION.fullmatch(version)
    return int(found[1]) if found and int(found[2]) <= FORMS.get(owner, 0) else None


def agent_of(name: str) -> Agent | None:
    """The agent that the public knows by this name, or knew by it before a rename."""
    agent = Agent.objects.filter(name=name).first() or Agent.objects.once_named(name).first()
    return agent if agent and agent.versions.exists() else None


def versions_of(owner: str, name: str) -> list[Listed] | None:
    """What a package offers, the newest first; None where the public knows no agent of this name.

    An agent's former name goes on as a package. A version under yet another name, from before a rename, is not
    offered: it would install as another agent. Few queries, and the files whose digests are not in memory.
    """
    agent = agent_of(name)
    if agent is None:
        return None
    columns = ("pk", "number", "digest", "published_at", "fields__name")
    rows = [_Row(*row) for row in agent.versions.offered().newest_first().values_list(*columns)]
    offered = [row for row in rows if fold_name(str(row.name)) in (agent.name, name)]
    if owner in FORMS:
        offered = offered[:FORMS_LISTED]
    digests = dict(_digests(owner, name, offered))
    return [
        Listed(version_of(owner, row.number), digest, row.published_at)
        for row in offered
        if (digest := digests[row.pk])
    ]


# The digests of archives, "" for what the tool cannot take. A key says all that an archive follows from, so that
# whatever is kept holds for ever.
_kept: Memory[tuple[str, str, str, str], str] = Memory(KEPT_BYTES)


def _digests(owner: str, name: str, rows: list[_Row]) -> Iterator[tuple[int, str]]:
    keys = {row.pk: (owner, name, version_of(owner, row.number), row.digest) for row in rows}
    known = {pk: _kept.get(key) for pk, key in keys.items()}
    yield from ((pk, digest) for pk, digest in known.items() if digest is not None)
    missing = [row for row in rows if known[row.pk] is None]
    for first in range(0, len(missing), AT_ONCE):
        batch = missing[first : first + AT_ONCE]
        sources = dict(Version.objects.filter(pk__in=[row.pk for row in batch]).values_list("pk", "source"))
        for row in batch:
            source = PublishedSource(name, row.number, sources[row.pk].encode(), row.digest, row.pk, None)
            digest = _digest(owner, source)
            _kept.keep(keys[row.pk], digest, len(name) + _BESIDE)
            yield row.pk, digest


def _digest(owner: str, source: PublishedSource) -> str:
    try:
        return digest_of(package_of(owner, source, version_of(owner, source.number)))
    except Refused:
        return ""


# --- Archives -----------------------------------------------------------------------------------------------


def package_of(owner: str, source: PublishedSource, version: str) -> bytes:
    """The archive of a published file as this version of a package. Raises Refused and Outdated."""
    if version != (present := version_of(owner, source.number)):
        raise Outdated(present)
    path, content, form = _file(owner, source)
    # Every value in quotes: an agent may be called `no`, or `7`. These bytes are for ever.
    manifest = (
        f'name: "{source.name}"\n'
        f'version: "{version}"\n'
        f'description: "Version {source.number} of the agent {source.name}{form}."\n'
    )
    return b"".join(zipped([("apm.yml", manifest.encode()), (path, content)]))


def _file(owner: str, source: PublishedSource) -> tuple[str, bytes, str]:
    """Where the agent's file lies in the archive, what it says, and how the package tells its form.

    Packages never change: the file of an agent called as Windows calls a device keeps that name here.
    """
    if owner == SOURCE:
        return f".apm/agents/{source.name}.agent.md", source.content, ""
    made = export_of(source.digest, lambda: read(source.content.decode()), owner)
    if made.content is None:
        raise Refused(f"{made.tool.title} cannot take this version. {' '.join(made.refusals)}")
    return f".apm/agents/{made.name}.agent.md", made.content, f", as {owner} reads it"
