"""What the API tells everybody: agents, their versions, and the files themselves.

Imports `models`, `downloads`, `formats` and the definition's rule for names. Only what is published is known here:
what a draft alone knows of is answered as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from ninja import Query

from catalog import facets
from catalog.api import shapes
from catalog.api.errors import ApiProblem, Kind, Renamed, problems
from catalog.api.formats import FormatIn, format_in, in_format
from catalog.api.listing import agents_page, versions_page
from catalog.api.routes import Name, Number, reading
from catalog.api.schemas import AgentOut, AgentsIn, AgentsOut, FieldsIn, VersionsIn, VersionsOut
from catalog.api.transport import json_response
from catalog.definition import fold_name
from catalog.downloads import find_source
from catalog.models import Agent, Version, VersionQuerySet

# What an operation may answer with instead.
PAGED = (Kind.INVALID_CURSOR, Kind.INVALID_PARAMETERS)
NAMED = (Kind.AGENT_NOT_FOUND, Kind.AGENT_WITHDRAWN, Kind.INVALID_PARAMETERS)
NUMBERED = (*NAMED, Kind.VERSION_NOT_FOUND)


@reading(
    "/agents",
    response=AgentsOut,
    operation_id="list_agents",
    summary="List agents",
    openapi_extra=problems(*PAGED),
)
def list_agents(request: HttpRequest, asked: Query[AgentsIn]) -> HttpResponse:
    """The published agents, each as its latest version describes it, ordered by name.

    With `updated_since` they are ordered by the time of the last publish, with `q` by relevance. A page may hold
    fewer than `limit` though more follow: the end is where `next_cursor` is `null`.
    """
    page, next_cursor = agents_page(asked, facets.shelf(request.generation))  # type: ignore[attr-defined]
    items = [shapes.agent(version, asked.wanted) for version in page]
    return json_response({"items": items, "next_cursor": next_cursor})


@reading(
    "/agents/{name}",
    response=AgentOut,
    operation_id="get_agent",
    summary="Get an agent",
    openapi_extra=problems(*NAMED),
)
def get_agent(request: HttpRequest, name: Name, asked: Query[FieldsIn]) -> HttpResponse:
    """The agent as its latest version describes it."""
    return json_response(shapes.agent(_version(name, None, asked.wanted), asked.wanted))


@reading(
    "/agents/{name}/versions",
    response=VersionsOut,
    operation_id="list_versions",
    summary="List versions",
    openapi_extra=problems(Kind.AGENT_NOT_FOUND, *PAGED),
)
def list_versions(request: HttpRequest, name: Name, asked: Query[VersionsIn]) -> HttpResponse:
    """All versions of an agent, newest first, yanked ones too."""
    versions = Version.objects.filter(agent__name=name).only(*shapes.VERSION, "yank_reason")
    page, next_cursor = versions_page(versions, asked, name)
    if not page and not _is_public(name):
        raise missing(name, None)
    return json_response({"items": [shapes.version(version) for version in page], "next_cursor": next_cursor})


@reading(
    "/agents/{name}/versions/{number}",
    response=AgentOut,
    operation_id="get_version",
    summary="Get a version",
    openapi_extra=problems(*NUMBERED),
)
def get_version(request: HttpRequest, name: Name, number: Number, asked: Query[FieldsIn]) -> HttpResponse:
    """The agent as this version describes it. A yanked version still answers under its number."""
    return json_response(shapes.agent(_version(name, parsed(number), asked.wanted), asked.wanted))


@reading(
    "/agents/{name}/versions/{number}/download",
    operation_id="download_version",
    summary="Download a version",
    openapi_extra=problems(*NUMBERED, Kind.EXPORT_REFUSED),
)
def download_version(request: HttpRequest, name: Name, number: Number, asked: Query[FormatIn]) -> HttpResponse:
    """The file, byte for byte as it was published; or, with `format`, as another tool reads it.

    `ETag` and `Repr-Digest` carry its digest; If-None-Match, If-Match, If-Modified-Since, Range and If-Range are
    understood. Under a number the answer never changes and may be kept for a year; `latest` may be kept for a minute
    and says in `Link` under which address this very file stays. With `format`, `ETag` and `Repr-Digest` are those of
    the file as it is sent, and `Link` names the source it was made of, with its digest: the same version may be
    written otherwise by the next release of the catalog's software, so it may be kept for an hour.
    """
    return download(request, name, number)


def download(request: HttpRequest, name: str, number: str) -> HttpResponse:
    """The same, without what ninja does for parameters."""
    wanted, key = parsed(number), format_in(request)
    found = find_source(name, wanted)
    if found is None:
        reason = missing(name, wanted)
        # Under a former name the file itself answers: who saves it without following a redirect gets it too.
        found = find_source(reason.name, wanted) if isinstance(reason, Renamed) else None
        if found is None:
            raise reason
        return in_format(request, found, key, pinned=False)
    return in_format(request, found, key, pinned=wanted is not None)


_UNSHOWN = ("source", "prompt", "fields")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def parsed(number: str) -> int | None:
    """None for `latest`; a number that no version has for what is no number at all."""
    if number == "latest":
        return None
    return int(number) if _NUMBER.fullmatch(number) else -1


def meant(name: str, number: int | None) -> VersionQuerySet:
    """The version of this number, or the latest."""
    which = Q(number=number) if number else Q(agent__latest_version=F("pk"))
    return Version.objects.filter(which, agent__name=name)


def _version(name: str, number: int | None, wanted: Collection[str] | None) -> Version:
    shown = meant(name, number).select_related("agent__category", "agent__successor").defer(*_UNSHOWN)
    parts = {"tags": "agent__tags", "examples": "examples"}
    paths = [path for part, path in parts.items() if wanted is None or part in wanted]
    version = shown.prefetch_related(*paths).first()
    if version is None:
        raise missing(name, number)
    return version


def _is_public(name: str) -> bool:
    return Version.objects.filter(agent__name=name).exists()


def missing(name: str, number: int | None) -> Exception:
    """Why there is no answer under this name: withdrawn, no such number, called otherwise now, or unknown."""
    if _is_public(name):
        if number is None:
            return ApiProblem(Kind.AGENT_WITHDRAWN, f"Every version of {name!r} has been yanked.")
        return ApiProblem(Kind.VERSION_NOT_FOUND, f"The agent {name!r} has no version of this number.")
    renamed = Agent.objects.once_named(name).first()
    canonical = renamed.name if renamed else fold_name(name)
    if canonical != name and _is_public(canonical):
        return Renamed(canonical)
    return ApiProblem(Kind.AGENT_NOT_FOUND, f"No agent called {name!r} is published.")
