"""Rows as the API shows them, in the shapes of `schemas`. Imports `models`.

Plain dictionaries, made part by part: what nobody asked for is not even read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.urls import reverse

from catalog.models import Agent, Version


def agent(version: Version, wanted: Collection[str] | None = None) -> dict[str, Any]:
    """`AgentOut`: an agent as this version, which is joined to it, describes it; the `wanted` parts, or all."""
    return {part: _PARTS[part](version) for part in (_PARTS if wanted is None else wanted)}


def version(version: Version) -> dict[str, Any]:
    """`VersionOut`."""
    return {column: getattr(version, column) for column in VERSION} | {"yank_reason": version.yank_reason or None}


def urls(version: Version) -> dict[str, str]:
    """Where else to find this version, under the catalog's own address (never that of the request)."""
    name, number = version.agent.name, version.number
    is_latest = version.agent.latest_version_id == version.pk
    page = ("catalog:agent_detail", name) if is_latest else ("catalog:version_detail", name, number)
    return {
        "page": address(*page),
        "source": address("catalog:agent_source", name),
        "pinned_source": address("catalog:version_source", name, number),
        "download": address("api:download_version", name, number),
        "versions": address("api:list_versions", name),
    }


def address(view: str, *args: Any) -> str:
    return settings.CATALOG_BASE_URL + reverse(view, args=args)


def advice(agent: Agent) -> dict[str, Any] | None:
    """`AdviceOut`: what is said of a deprecated agent; None of any other. Of a successor, if it is on offer."""
    if not agent.is_deprecated:
        return None
    successor = agent.successor if agent.successor and agent.successor.latest_version_id else None
    return {"note": agent.deprecation_note, "successor": successor.name if successor else None}


VERSION = ("number", "digest", "size", "note", "published_at", "yanked_at")
_EXAMPLE = ("context", "user", "assistant", "commentary")

_PARTS: dict[str, Callable[[Version], Any]] = {
    "name": lambda version: version.agent.name,
    "title": lambda version: version.agent.title,
    "lead": lambda version: version.lead,
    "description": lambda version: version.description,
    "category": lambda version: version.agent.category.name if version.agent.category else None,
    "tags": lambda version: [tag.name for tag in version.agent.tags.all()],
    "model": lambda version: version.model or None,
    "color": lambda version: version.color or None,
    "tools": lambda version: version.tools,
    "examples": lambda version: [
        {column: getattr(example, column) for column in _EXAMPLE} for example in version.examples.all()
    ],
    "version": version,
    "findings": lambda version: [
        {key: finding[key] for key in ("code", "severity", "field", "line", "message")} for finding in version.findings
    ],
    "urls": urls,
    "created_at": lambda version: version.agent.created_at,
    "updated_at": lambda version: version.agent.updated_at,
    "deprecated": lambda version: version.agent.is_deprecated,
    "deprecation": lambda version: advice(version.agent),
}
