"""What was published lately, as Atom documents with addresses from the settings. Imports `models`, `rendering`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Enclosure
from django.utils.html import format_html_join
from django.utils.translation import gettext

from catalog.models import Agent, Category, Version, VersionQuerySet
from catalog.rendering import render_inline

MOST = 50
CONTENT_TYPE = Atom1Feed.content_type
# XML has no way to write these, escaped or not.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # when a feed without entries was updated


def of_everything() -> bytes:
    """The newest versions of all agents."""
    return _written(
        _newest(Version.objects.all()),
        title=settings.CATALOG_NAME,
        subtitle=gettext("Every version of an agent as it is published."),
        page=reverse("catalog:home"),
        address=reverse("catalog:feed"),
    )


def of_category(category: Category) -> bytes:
    """The newest versions of the agents of one category."""
    # The newest versions are those of the agents that were updated last. Twice as many, for the newest of some may be
    # withdrawn. A join would read the versions of the whole category.
    agents = Agent.objects.published().filter(category=category).recently_updated()
    return _written(
        _newest(Version.objects.filter(agent__in=list(agents.values_list("pk", flat=True)[: 2 * MOST]))),
        title=f"{category.title} · {settings.CATALOG_NAME}",
        subtitle=category.description,
        page=category.get_absolute_url(),
        address=reverse("catalog:category_feed", args=[category.name]),
    )


def of_agent(agent: Agent) -> bytes:
    """The newest versions of one agent."""
    return _written(
        _newest(Version.objects.filter(agent=agent)),
        title=f"{agent.title} · {settings.CATALOG_NAME}",
        subtitle=gettext("Every version of this agent as it is published."),
        page=agent.get_absolute_url(),
        address=reverse("catalog:agent_feed", args=[agent.name]),
    )


def _newest(versions: VersionQuerySet) -> list[Version]:
    shown = versions.offered().select_related("agent__category", "published_by").order_by("-published_at", "-pk")
    return list(shown.only(*_SHOWN)[:MOST])


_SHOWN = (
    *("agent__name", "agent__title", "agent__created_at", "agent__category__title"),
    *("number", "size", "note", "lead", "published_at"),
    *("published_by__username", "published_by__first_name", "published_by__last_name"),
)


def _written(versions: list[Version], *, title: str, subtitle: str, page: str, address: str) -> bytes:
    feed = _Feed(
        title=_clean(title),
        link=settings.CATALOG_BASE_URL + page,
        description=None,
        subtitle=_clean(subtitle) or None,
        language=settings.LANGUAGE_CODE,
        feed_url=settings.CATALOG_BASE_URL + address,
        feed_guid=settings.CATALOG_BASE_URL + address,
    )
    for version in versions:
        _add(feed, version)
    return feed.writeString("utf-8").encode()


class _Feed(Atom1Feed):
    def latest_post_date(self) -> datetime:
        """Never the present moment: the same versions make the same feed."""
        return max((item["updateddate"] for item in self.items), default=_LONG_AGO)


def _add(feed: _Feed, version: Version) -> None:
    agent, person = version.agent, version.published_by
    published = version.published_at.replace(microsecond=0)
    source = reverse("catalog:version_source", args=[agent.name, version.number])
    said = {"title": agent.title, "number": version.number}
    note = format_html_join("", "<p>{}</p>", ([line] for line in version.note.splitlines() if line.strip()))
    feed.add_item(
        title=_clean(gettext("%(title)s, version %(number)d") % said),
        link=settings.CATALOG_BASE_URL + version.get_absolute_url(),
        description=_clean(f"{note}{render_inline(version.lead)}"),
        unique_id=_identity(version),
        author_name=_clean(person.get_full_name() or person.get_username()),
        pubdate=published,
        updateddate=published,
        categories=[_clean(agent.category.title)] if agent.category else (),
        enclosures=[Enclosure(settings.CATALOG_BASE_URL + source, str(version.size), "text/markdown")],
    )


def _identity(version: Version) -> str:
    """A `tag:` URI (RFC 4151), which stays when the agent is renamed."""
    host = urlsplit(settings.CATALOG_BASE_URL).hostname or "localhost"
    return f"tag:{host},{version.published_at:%Y-%m-%d}:versions/{version.pk}"


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
