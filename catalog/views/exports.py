"""What becomes of an agent in other tools: a report for each, and the file as it is there.

Imports `models`, `distribution`, `exports` and `rendering`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from catalog.distribution.exported import FORMATS, export_of, exports_of, path_of
from catalog.distribution.losses import ORDER, told_of
from catalog.models import Agent, AgentQuerySet, Version
from catalog.rendering import render_source

from .freshness import fresh
from .names import known_as, moved

_READ = ("agent", "number", "source", "digest", "published_at", "yanked_at", "yank_reason", "color")


@require_safe
@fresh
def agent_exports(request: HttpRequest, name: str) -> HttpResponse:
    agent = known_as(name, _agents())
    address = reverse("catalog:agent_exports", args=[agent.name])
    if agent.name != name:
        return moved(request, address)
    version = get_object_or_404(_versions(agent), pk=agent.latest_version_id)
    return render(request, "catalog/agent_exports.html", _context(request, agent, version, "latest"))


@require_safe
@fresh
def version_exports(request: HttpRequest, name: str, number: int) -> HttpResponse:
    agent = known_as(name, _agents())
    if agent.name != name:
        return moved(request, reverse("catalog:version_exports", args=[agent.name, number]))
    version = get_object_or_404(_versions(agent), number=number)
    return render(request, "catalog/version_exports.html", _context(request, agent, version, number))


def _agents() -> AgentQuerySet:
    return Agent.objects.only("name", "title", "latest_version_id")


def _versions(agent: Agent) -> Any:
    return agent.versions.only(*_READ)


def _context(request: HttpRequest, agent: Agent, version: Version, which: str | int) -> dict[str, Any]:
    chosen = request.GET.get("tool", "")
    made = {export.tool.key: export for export in exports_of(version.definition)}
    return {
        "agent": agent,
        "version": version,
        "title": gettext("%(title)s in other tools") % {"title": agent.title},
        "canonical": settings.CATALOG_BASE_URL + reverse("catalog:agent_exports", args=[agent.name]),
        "page": agent.get_absolute_url() if which == "latest" else version.get_absolute_url(),
        "is_latest": version.pk == agent.latest_version_id,
        "reports": [told_of(made[key], path_of(agent.name, which, key)) for key in ORDER],
        "chosen": chosen,
        "file": _file(version, chosen),
    }


def _file(version: Version, chosen: str) -> Any:
    """The chosen tool's file, if there is one."""
    if chosen not in FORMATS:
        return None
    made = export_of(version.digest, lambda: version.definition, chosen)
    return None if made.content is None else render_source(made.content.decode())
