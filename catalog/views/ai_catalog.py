"""The AI Catalog of this site, where programs look for agents (ai-catalog.io, specification 1.0). Imports `models`.

No type is registered for the file of a subagent. An entry has the one it is served with, and says in its metadata which
Markdown that is. It gives the address that never changes, so that the digest holds; the newest stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.urls import reverse

from catalog.contents import first_paragraph
from catalog.models import Agent, AgentQuerySet, Collection
from catalog.templatetags.about import in_one_line

MEDIA_TYPE = "application/ai-catalog+json"
SPECIFICATION = "1.0"
MOST = 500  # agents of one document; a larger catalog is nested, in parts of so many
MOST_COLLECTIONS = 1_000
DESCRIPTION_MAX = 300
FILE = "text/markdown"
SUBAGENT = "claude-code-subagent"
METADATA = "https://ai-catalog.org/extensions/metadata"  # the extension for what the specification has no name for

Entry = dict[str, Any]

_SHOWN = (
    *("name", "title", "license", "deprecated_at", "updated_at", "category__name"),
    *("latest_version__number", "latest_version__lead", "latest_version__digest"),
)


def whole() -> bytes:
    """All agents, or the parts that hold them, and the collections."""
    count = Agent.objects.published().count()
    agents = _agents(_published()) if count <= MOST else _parts(count)
    collections = Collection.objects.published().order_by("title", "pk")[:MOST_COLLECTIONS]
    return _document([*agents, *map(_collection, collections)])


def part(number: int) -> bytes | None:
    """The agents of part `number`, the oldest in the first one; None where it holds none."""
    agents = _agents(_published()[(number - 1) * MOST : number * MOST])
    return _document(agents) if agents else None


def of_collection(collection: Collection) -> bytes:
    """The agents of a collection that are on offer, in its order."""
    return _document(_agents(_published().filter(memberships__collection=collection).order_by("memberships__position")))


def _published() -> AgentQuerySet:
    """In an order to which new agents are added at the end, so that most parts stay as they are."""
    rows = Agent.objects.published().select_related("category", "latest_version").prefetch_related("tags")
    return rows.only(*_SHOWN).order_by("pk")


def _document(entries: Iterable[Entry]) -> bytes:
    host = {
        "displayName": settings.CATALOG_NAME,
        "identifier": _domain(),
        "documentationUrl": settings.CATALOG_BASE_URL + reverse("catalog:help"),
    }
    stated = [{key: value for key, value in entry.items() if value} for entry in entries]
    document = {"specVersion": SPECIFICATION, "host": host, "entries": stated}
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


# --- Entries ------------------------------------------------------------------------------------------------


def _agents(agents: Iterable[Agent]) -> list[Entry]:
    folder = settings.CATALOG_BASE_URL + reverse("catalog:agent_list")  # `reverse` for each would take the longest
    return [_agent(agent, f"{folder}{quote(agent.name)}") for agent in agents]


def _agent(agent: Agent, address: str) -> Entry:
    version = agent.latest_version
    assert version is not None  # noqa: S101  # of published ones
    shelf = [agent.category.name] if agent.category else []
    metadata = {"format": SUBAGENT, "latest": f"{address}.md", "page": f"{address}/"}
    if agent.license:
        metadata["license"] = agent.license
    if agent.is_deprecated:
        metadata["status"] = "deprecated"
    return {
        "identifier": _identifier("agent", agent.name),
        "type": FILE,
        "url": f"{address}/{version.number}.md",
        "displayName": agent.title,
        "description": in_one_line(version.lead, DESCRIPTION_MAX),
        "tags": list(dict.fromkeys([*shelf, *sorted(tag.name for tag in agent.tags.all())])),
        "version": str(version.number),
        "updatedAt": _time(agent.updated_at),
        "digest": version.digest,
        "extensions": {METADATA: metadata},
    }


def _collection(collection: Collection) -> Entry:
    """With a publisher: so the specification tells a set that belongs together from a mere part."""
    archive = settings.CATALOG_BASE_URL + reverse("catalog:collection_archive", args=[collection.name])
    return {
        "identifier": _identifier("collection", collection.name),
        "type": MEDIA_TYPE,
        "url": settings.CATALOG_BASE_URL + reverse("catalog:collection_ai_catalog", args=[collection.name]),
        "displayName": collection.title,
        "description": in_one_line(first_paragraph(collection.introduction), DESCRIPTION_MAX),
        "updatedAt": _time(collection.updated_at),
        "publisher": {"identifier": _domain(), "displayName": settings.CATALOG_NAME, "identityType": "dns"},
        "extensions": {METADATA: {"archive": archive}},
    }


def _parts(count: int) -> list[Entry]:
    """The catalogs of a large catalog."""
    return [
        {
            "identifier": _identifier("catalog", f"agents-{number}"),
            "type": MEDIA_TYPE,
            "url": settings.CATALOG_BASE_URL + reverse("catalog:ai_catalog_part", args=[number]),
            "displayName": f"{settings.CATALOG_NAME} ({number})",
        }
        for number in range(1, -(-count // MOST) + 1)
    ]


def _identifier(kind: str, name: str) -> str:
    """A URN: the domain, the kind, the name. Two catalogs on one domain would share it; a port is no part of one."""
    return f"urn:air:{quote(_domain(), safe='')}:{kind}:{quote(name)}"


def _domain() -> str:
    return urlsplit(settings.CATALOG_BASE_URL).hostname or ""


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
