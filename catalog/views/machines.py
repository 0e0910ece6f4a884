"""Pages for machines: feeds, the sitemap, robots.txt, llms.txt, the AI Catalog, security.txt.

Imports `feeds`, `sitemaps` and `models`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog import feeds, sitemaps
from catalog.models import Agent, Category, Collection

from . import ai_catalog, guide, llms
from .freshness import fresh
from .names import known_as, moved

XML = "application/xml; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
CONTACT_HOLDS = timedelta(days=300)  # RFC 9116 wants less than a year


# --- Feeds -----------------------------------------------------------------------------------------


@require_safe
@fresh
def feed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(feeds.of_everything(), content_type=feeds.CONTENT_TYPE)


@require_safe
@fresh
def category_feed(request: HttpRequest, name: str) -> HttpResponse:
    category = get_object_or_404(Category.objects.in_use(), name=name)
    return HttpResponse(feeds.of_category(category), content_type=feeds.CONTENT_TYPE)


@require_safe
@fresh
def agent_feed(request: HttpRequest, name: str) -> HttpResponse:
    agent = known_as(name, Agent.objects.all())
    if agent.name != name:
        return moved(request, reverse("catalog:agent_feed", args=[agent.name]))
    return HttpResponse(feeds.of_agent(agent), content_type=feeds.CONTENT_TYPE)


# --- For search engines ------------------------------------------------------------------------------


@require_safe
@fresh
def sitemap(request: HttpRequest) -> HttpResponse:
    return HttpResponse(sitemaps.index(), content_type=XML)


@require_safe
@fresh
def sitemap_part(request: HttpRequest, number: int) -> HttpResponse:
    part = sitemaps.part(number, _pages() if number == sitemaps.PAGES else ())
    if part is None:
        raise Http404("The sitemap has no such part.")
    return HttpResponse(part, content_type=XML)


def _pages() -> list[str]:
    lists = ("home", "agent_list", "category_list", "tag_list", "collection_list", "help")
    guides = [reverse("catalog:help_page", args=[name]) for name in guide.ORDER]
    return [*(reverse(f"catalog:{name}") for name in lists), *guides, reverse("api:openapi-view")]


@require_safe
@fresh(of_rows=False)
def robots(request: HttpRequest) -> HttpResponse:
    """Selections of the list and pairs of versions have no end; agents are found by the sitemap."""
    agents = reverse("catalog:agent_list")
    rules = (
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        "Disallow: /*?",
        f"Disallow: {agents}*/compare/",
        f"Sitemap: {settings.CATALOG_BASE_URL}{reverse('catalog:sitemap')}",
    )
    return HttpResponse("\n".join(rules) + "\n", content_type=PLAIN)


# --- For language models, for programs that look for agents, and for who finds a hole ----------------------


@require_safe
@fresh
def llms_txt(request: HttpRequest) -> HttpResponse:
    return HttpResponse(llms.text(), content_type=PLAIN)


@require_safe
@fresh
def whole_ai_catalog(request: HttpRequest) -> HttpResponse:
    return _as_ai_catalog(ai_catalog.whole())


@require_safe
@fresh
def ai_catalog_part(request: HttpRequest, number: int) -> HttpResponse:
    part = ai_catalog.part(number)
    if part is None:
        raise Http404("The AI Catalog has no such part.")
    return _as_ai_catalog(part)


@require_safe
@fresh
def collection_ai_catalog(request: HttpRequest, name: str) -> HttpResponse:
    collection = get_object_or_404(Collection.objects.published(), name=name)
    return _as_ai_catalog(ai_catalog.of_collection(collection))


def _as_ai_catalog(document: bytes) -> HttpResponse:
    """For the scripts of any site, too."""
    headers = {"Access-Control-Allow-Origin": "*"}
    return HttpResponse(document, content_type=ai_catalog.MEDIA_TYPE, headers=headers)


@require_safe
@fresh(of_rows=False)
def security(request: HttpRequest) -> HttpResponse:
    """RFC 9116. The date moves on every day: while the catalog is served, its contact holds."""
    if not settings.CATALOG_SECURITY_CONTACT:
        raise Http404("This catalog names no contact.")
    midnight = datetime.combine(timezone.now().date(), time(), UTC)
    lines = (
        f"Contact: {settings.CATALOG_SECURITY_CONTACT}",
        f"Expires: {midnight + CONTACT_HOLDS:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {settings.LANGUAGE_CODE}",
        f"Canonical: {settings.CATALOG_BASE_URL}{reverse('catalog:security')}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type=PLAIN)
