"""Every public page for search engines, in parts of bounded size by ranges of ids. Imports `models`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import F, IntegerField, Max
from django.db.models.functions import Cast
from django.urls import reverse

from catalog.models import Agent, Category, Collection

SIZE = 10_000  # agents a part; the format allows 50,000
PAGES = 1  # the part of everything that is no agent; the agents follow
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

Entry = tuple[str, datetime | None]  # a path, and when what it shows changed


def index() -> bytes:
    """The parts that hold something."""
    part = Cast((F("pk") - 1) / SIZE, IntegerField())
    ranges = Agent.objects.published().order_by().values_list(part).annotate(Max("updated_at"))
    parts = [(PAGES, None), *((PAGES + 1 + number, newest) for number, newest in sorted(ranges))]
    return _document(
        "sitemapindex", "sitemap", ((reverse("catalog:sitemap_part", args=[number]), at) for number, at in parts)
    )


def part(number: int, pages: Iterable[str] = ()) -> bytes | None:
    """Part `number`, `pages` in the first one; None where it holds nothing."""
    entries = [*((page, None) for page in pages), *_shelves()] if number == PAGES else _agents(number - PAGES - 1)
    return _document("urlset", "url", entries) if entries else None


def _shelves() -> list[Entry]:
    categories = Category.objects.in_use()
    collections = Collection.objects.published()
    return [
        *((category.get_absolute_url(), None) for category in categories),
        *((collection.get_absolute_url(), collection.updated_at) for collection in collections),
    ]


def _agents(part: int) -> list[Entry]:
    rows = Agent.objects.published().filter(pk__gt=part * SIZE, pk__lte=(part + 1) * SIZE).order_by("pk")
    # Ten thousand calls of `reverse` take a third of a second.
    before, after = reverse("catalog:agent_detail", args=["-"]).split("-")
    return [(f"{before}{quote(name)}{after}", at) for name, at in rows.values_list("name", "updated_at")]


def _document(root: str, element: str, entries: Iterable[Entry]) -> bytes:
    base = settings.CATALOG_BASE_URL
    lines = [f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="{_NAMESPACE}">']
    for path, at in entries:
        changed = f"<lastmod>{at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if at else ""
        lines.append(f"<{element}><loc>{escape(base + path)}</loc>{changed}</{element}>")
    return "\n".join([*lines, f"</{root}>\n"]).encode()
