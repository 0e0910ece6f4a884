"""What belongs with a page, told in its header for programs that read no markup (RFC 8288). Imports `ai_catalog`.

Each relation is registered with IANA, or named by the specification of what it leads to.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from . import ai_catalog

HTML, JSON, MARKDOWN, TEXT = "text/html", "application/json", "text/markdown", "text/plain"


def of_every_page(response: HttpResponse) -> None:
    """The AI Catalog of the site, as its specification has it ("Link Relation Discovery")."""
    _add(response, "ai-catalog", reverse("catalog:ai_catalog"), ai_catalog.MEDIA_TYPE)


def of_home(response: HttpResponse) -> HttpResponse:
    """How the API is described, for programs and for people (RFC 8631), and what language models should know."""
    _add(response, "service-desc", reverse("api:openapi-json"), JSON)
    _add(response, "service-doc", reverse("api:openapi-view"), HTML)
    _add(response, "describedby", reverse("catalog:llms"), TEXT)
    return response


def of_source(response: HttpResponse, path: str) -> HttpResponse:
    """The file that a page shows."""
    _add(response, "alternate", path, MARKDOWN)
    return response


def _add(response: HttpResponse, relation: str, path: str, media_type: str) -> None:
    link = f'<{settings.CATALOG_BASE_URL}{path}>; rel="{relation}"; type="{media_type}"'
    response.headers["Link"] = ", ".join(filter(None, (response.headers.get("Link"), link)))
