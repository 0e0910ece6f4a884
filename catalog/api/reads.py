"""What the API answers: agents, their versions, and the files themselves.

Imports `models`, `downloads` and the definition's rule for names. Only what is published is known here: what a
draft alone knows of is answered as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from ninja import P, PathEx, Query, Router

from catalog.api.errors import ApiProblem, Kind, Renamed, problems
from catalog.api.listing import agents_page, versions_page
from catalog.api.schemas import AgentOut, AgentsIn, AgentsOut, VersionsIn, VersionsOut
from catalog.definition import fold_name
from catalog.downloads import find_source, source_response
from catalog.models import Agent, Version

router = Router(tags=["Reading"])
# A HEAD is a GET whose text is not sent, which `transport` sees to.
operation = partial(router.api_operation, ["GET", "HEAD"])

Name = PathEx[str, P(description="The agent's name.", example="python-backend-engineer")]
Number = PathEx[str, P(description="A version's number, or `latest`.", example="latest")]

# What an operation may answer with instead.
PAGED = (Kind.INVALID_CURSOR, Kind.INVALID_PARAMETERS)
NAMED = (Kind.AGENT_NOT_FOUND, Kind.AGENT_WITHDRAWN)
NUMBERED = (*NAMED, Kind.VERSION_NOT_FOUND)


@operation(
    "/agents",
    response=AgentsOut,
    operation_id="list_agents",
    summary="List agents",
    openapi_extra=problems(*PAGED),
)
def list_agents(request: HttpRequest, asked: Query[AgentsIn]) -> dict[str, Any]:
    """The published agents, each as its latest version describes it, ordered by name.

    With `updated_since` they are ordered by the time of the last publish, with `q` by relevance.
    """
    page, next_cursor = agents_page(asked)
    return {"items": _latest_versions(page), "next_cursor": next_cursor}


@operation(
    "/agents/{name}",
    response=AgentOut,
    operation_id="get_agent",
    summary="Get an agent",
    openapi_extra=problems(*NAMED),
)
def get_agent(request: HttpRequest, name: Name) -> Version:
    """The agent as its latest version describes it."""
    return _version(name, None)


@operation(
    "/agents/{name}/versions",
    response=VersionsOut,
    operation_id="list_versions",
    summary="List versions",
    openapi_extra=problems(Kind.AGENT_NOT_FOUND, *PAGED),
)
def list_versions(request: HttpRequest, name: Name, asked: Query[VersionsIn]) -> dict[str, Any]:
    """All versions of an agent, newest first, yanked ones too."""
    versions = Version.objects.filter(agent__name=name).only(*_LISTED)
    page, next_cursor = versions_page(versions, asked, name)
    if not page and not _is_public(name):
        raise _missing(name, None)
    return {"items": page, "next_cursor": next_cursor}


@operation(
    "/agents/{name}/versions/{number}",
    response=AgentOut,
    operation_id="get_version",
    summary="Get a version",
    openapi_extra=problems(*NUMBERED),
)
def get_version(request: HttpRequest, name: Name, number: Number) -> Version:
    """The agent as this version describes it. A yanked version still answers under its number."""
    return _version(name, _parsed(number))


@operation(
    "/agents/{name}/versions/{number}/download",
    operation_id="download_version",
    summary="Download a version",
    openapi_extra=problems(*NUMBERED),
)
def download_version(request: HttpRequest, name: Name, number: Number) -> HttpResponse:
    """The file, byte for byte as it was published.

    `ETag` and `Repr-Digest` carry its digest; If-None-Match, If-Match, Range and If-Range are understood. Under a
    number the answer never changes and may be kept for a year; `latest` is to be asked about again each time.
    """
    wanted = _parsed(number)
    found = find_source(name, wanted)
    if found is None:
        reason = _missing(name, wanted)
        # Under a former name the file itself answers: who saves it without following a redirect gets it too.
        found = find_source(reason.name, wanted) if isinstance(reason, Renamed) else None
        if found is None:
            raise reason
        return source_response(request, found, pinned=False, filename=f"{found.name}.md")
    return source_response(request, found, pinned=wanted is not None, filename=f"{found.name}.md")


_LISTED = ("number", "digest", "size", "note", "published_at", "yanked_at")
_UNSHOWN = ("source", "prompt", "fields")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def _parsed(number: str) -> int | None:
    """None for `latest`; a number that no version has for what is no number at all."""
    if number == "latest":
        return None
    return int(number) if _NUMBER.fullmatch(number) else -1


def _version(name: str, number: int | None) -> Version:
    which = Q(number=number) if number else Q(agent__latest_version=F("pk"))
    shown = Version.objects.filter(which, agent__name=name).select_related("agent__category").defer(*_UNSHOWN)
    version = shown.prefetch_related("agent__tags", "examples").first()
    if version is None:
        raise _missing(name, number)
    return version


def _latest_versions(agents: Iterable[Agent]) -> list[Version]:
    """Each agent's latest version, joined to its agent from both sides."""
    versions = []
    for agent in agents:
        version = cast(Version, agent.latest_version)  # these agents are published
        version.agent = agent
        versions.append(version)
    return versions


def _is_public(name: str) -> bool:
    return Version.objects.filter(agent__name=name).exists()


def _missing(name: str, number: int | None) -> Exception:
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
