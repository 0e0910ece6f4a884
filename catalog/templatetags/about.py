"""What a page says of itself to search engines and to those who share it. Imports `models`, `rendering`."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse
from django.utils.encoding import escape_uri_path
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from catalog.models import Agent, Version
from catalog.rendering.data import render_linked_data

register = template.Library()

DESCRIPTION_MAX = 200


@register.simple_tag
def catalog_name() -> str:
    """What the catalog calls itself."""
    return str(settings.CATALOG_NAME)


@register.simple_tag
def catalog_is_private() -> bool:
    """Whether people read it logged in."""
    return bool(settings.CATALOG_PRIVATE)


@register.simple_tag
def catalog_language() -> str:
    """The language of the public pages, for `lang`."""
    return str(settings.LANGUAGE_CODE)


@register.inclusion_tag("catalog/_about.html", takes_context=True)
def about(
    context: Context,
    title: str = "",
    description: str = "",
    canonical: str = "",
    kind: str = "website",
    hidden: bool = False,
) -> dict[str, Any]:
    """The description, the canonical address (of this path unless given) and what a shared link shows.

    `hidden` keeps a page out of search engines: a selection of a list, a deep page, an old version.
    """
    path = canonical or escape_uri_path(context["request"].path)
    return {
        "title": title or settings.CATALOG_NAME,
        "name": settings.CATALOG_NAME,
        "description": in_one_line(description) or _of_the_catalog(),
        "canonical": path if path.startswith(settings.CATALOG_BASE_URL) else settings.CATALOG_BASE_URL + path,
        "kind": kind,
        "hidden": hidden,
    }


def in_one_line(text: str, length: int = DESCRIPTION_MAX) -> str:
    """The beginning of a text, without line breaks and what cannot be seen."""
    line = " ".join(text[: 4 * length].split())
    line = line if line.isprintable() else "".join(filter(str.isprintable, line))
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def _of_the_catalog() -> str:
    return gettext("AI coding agents for our team: when to use each, what it may do, and one command to install it.")


@register.simple_tag
def linked_site() -> SafeString:
    """The catalog, and how to search it, as schema.org says it."""
    home = settings.CATALOG_BASE_URL + reverse("catalog:home")
    return render_linked_data(
        {
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": settings.CATALOG_NAME,
            "description": _of_the_catalog(),
            "url": home,
            "inLanguage": settings.LANGUAGE_CODE,
            "potentialAction": {
                "@type": "SearchAction",
                "target": {
                    "@type": "EntryPoint",
                    "urlTemplate": settings.CATALOG_BASE_URL + reverse("catalog:agent_list") + "?q={query}",
                },
                "query-input": "required name=query",
            },
        }
    )


@register.simple_tag
def linked_agent(agent: Agent, version: Version) -> SafeString:
    """An agent and its place in the catalog, as schema.org says it."""
    address = settings.CATALOG_BASE_URL + agent.get_absolute_url()
    source = settings.CATALOG_BASE_URL + reverse("catalog:version_source", args=[agent.name, version.number])
    code = {
        "@type": "SoftwareSourceCode",
        "@id": address,
        "name": agent.title,
        "identifier": agent.name,
        "description": " ".join(version.lead.split()),
        "version": str(version.number),
        "dateCreated": agent.created_at.isoformat(timespec="seconds"),
        "dateModified": version.published_at.isoformat(timespec="seconds"),
        "license": agent.license,
        "url": address,
        "codeRepository": agent.origin_url if agent.origin_url.startswith(("https://", "http://")) else "",
        "encoding": {"@type": "MediaObject", "contentUrl": source, "encodingFormat": "text/markdown"},
    }
    stated = {key: value for key, value in code.items() if value}
    return render_linked_data({"@context": "https://schema.org", "@graph": [stated, _breadcrumbs(agent)]})


def _breadcrumbs(agent: Agent) -> dict[str, Any]:
    places = [(gettext("Agents"), reverse("catalog:agent_list"))]
    if agent.category:
        places.append((agent.category.title, agent.category.get_absolute_url()))
    places.append((agent.title, agent.get_absolute_url()))
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": at, "name": name, "item": settings.CATALOG_BASE_URL + address}
            for at, (name, address) in enumerate(places, 1)
        ],
    }
