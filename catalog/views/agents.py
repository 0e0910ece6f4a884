"""One agent: its page, and the pages of its versions. Imports `models`, `definition`, `rendering`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.definition import Definition
from catalog.models import Agent, AgentQuerySet, Version
from catalog.rendering import Heading, headings, render_prompt, render_source

from .chart import downloads_chart
from .facts import facts_of
from .freshness import fresh
from .links import of_source
from .names import known_as, moved
from .noticed import noticed
from .related import related_to
from .sources import or_source
from .ways import ways_of_agent

VERSIONS_LISTED = 100
VERSIONS_SHOWN = 8  # of those listed, before the reader asks for the others
CONTENTS_MAX = 32
_BRIEF = ("agent", "number", "note", "digest", "published_at", "published_by", "yanked_at", "yank_reason")


@require_safe
@or_source
@fresh(of_downloads=True)
def agent_detail(request: HttpRequest, name: str) -> HttpResponse:
    agent = known_as(name, _rows().select_related("latest_version__published_by"))
    if agent.name != name:
        return moved(request, agent.get_absolute_url())
    if agent.latest_version is None:
        return render(request, "catalog/agent_withdrawn.html", _about(request, agent))
    context = _about(request, agent) | _of_version(request, agent, agent.latest_version, is_pinned=False)
    context["related"] = related_to(agent)
    context["downloads"] = downloads_chart(agent)
    return of_source(render(request, "catalog/agent_detail.html", context), context["source_address"])


@require_safe
@or_source
@fresh
def version_detail(request: HttpRequest, name: str, number: int) -> HttpResponse:
    agent = known_as(name, _rows().defer("latest_version__source", "latest_version__prompt"))
    if agent.name != name:
        return moved(request, reverse("catalog:version_detail", args=[agent.name, number]))
    version = get_object_or_404(agent.versions.select_related("published_by"), number=number)
    context = _about(request, agent) | _of_version(request, agent, version, is_pinned=True)
    return of_source(render(request, "catalog/version_detail.html", context), context["source_address"])


def _rows() -> AgentQuerySet:
    return Agent.objects.select_related("category", "successor", "latest_version").prefetch_related("tags")


def _about(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    """What every page of an agent shows, one without a version to offer too."""
    return {
        "agent": agent,
        "title": agent.title,
        "tags": [tag.name for tag in agent.tags.all()],
        "versions": _versions(agent, request.GET.get("versions", "")),
        "canonical": settings.CATALOG_BASE_URL + agent.get_absolute_url(),
    }


def _of_version(request: HttpRequest, agent: Agent, version: Version, *, is_pinned: bool) -> dict[str, Any]:
    pinned = reverse("catalog:version_source", args=[agent.name, version.number])
    source = pinned if is_pinned else reverse("catalog:agent_source", args=[agent.name])
    definition = version.definition
    return {
        "version": version,
        "definition": definition,
        "is_latest": version.pk == agent.latest_version_id,
        "is_pinned": is_pinned,
        "examples": definition.examples,
        "findings": noticed(version),
        "facts": facts_of(version, definition),
        "source_address": source,
        "pinned_address": pinned,
        "for_tools": ways_of_agent(agent, version, is_pinned=is_pinned),
        "exports_address": _exports_address(agent, version, is_pinned),
        **(_as_source(version) if request.GET.get("view") == "source" else _as_prompt(version, definition)),
    }


def _as_source(version: Version) -> dict[str, Any]:
    return {"source": render_source(version.source)}


def _as_prompt(version: Version, definition: Definition) -> dict[str, Any]:
    return {
        "prompt": render_prompt(version.prompt),
        "prompt_starts_at": _units(version.source.removesuffix(definition.prompt)),
        "contents": _contents(headings(version.prompt)),
    }


# --- Versions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Versions:
    """A stretch of an agent's versions, the newest first."""

    rows: list[Version]
    older: int | None  # the number from which the next stretch goes on
    is_first: bool

    @property
    def shown(self) -> list[Version]:
        return self.rows[:VERSIONS_SHOWN]

    @property
    def folded(self) -> list[Version]:
        return self.rows[VERSIONS_SHOWN:]


def _versions(agent: Agent, asked: str) -> Versions:
    """Those from the number `asked` down, or from the newest."""
    rows = agent.versions.newest_first().select_related("published_by").only(*_BRIEF, *_PERSON)
    first = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    if first:
        rows = rows.filter(number__lte=first)
    found = list(rows[: VERSIONS_LISTED + 1])
    older = found[VERSIONS_LISTED].number if len(found) > VERSIONS_LISTED else None
    return Versions(found[:VERSIONS_LISTED], older, not first)


_PERSON = tuple(f"published_by__{name}" for name in ("username", "first_name", "last_name"))


def _contents(found: list[Heading]) -> list[tuple[int, Heading]]:
    """As many levels of headings as fit beside the text, each with its depth from 0."""
    levels = sorted({heading.level for heading in found})
    while len(levels) > 1 and sum(heading.level in levels for heading in found) > CONTENTS_MAX:
        levels.pop()
    chosen = [(levels.index(heading.level), heading) for heading in found if heading.level in levels]
    return chosen if len(chosen) > 1 else []


def _exports_address(agent: Agent, version: Version, is_pinned: bool) -> str:
    if is_pinned:
        return reverse("catalog:version_exports", args=[agent.name, version.number])
    return reverse("catalog:agent_exports", args=[agent.name])


def _units(text: str) -> int:
    """The length of a text as scripts in a browser count it."""
    return len(text.encode("utf-16-le")) // 2
