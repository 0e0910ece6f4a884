"""The admin as a whole: its navigation, its start page, its addresses that belong to no row. Imports `models`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from catalog.admin.refused import form_refused, holds_text
from catalog.models import Agent, Draft, Version

ViewType = TypeVar("ViewType", bound=Callable[..., HttpResponseBase])
SHOWN = 8

# Where the navigation leads, with a permission that opens it; the second row stands behind "More".
_MAIN = (
    ("Agents", "admin:catalog_agent_changelist", "view_agent"),
    ("Drafts", "admin:catalog_draft_changelist", "view_draft"),
    ("Import", "admin:import", "add_draft"),
    ("Categories", "admin:catalog_category_changelist", "view_category"),
    ("Tags", "admin:catalog_tag_changelist", "view_tag"),
)
_MORE = (
    ("Versions", "admin:catalog_version_changelist", "catalog.view_version"),
    ("Audit log", "admin:catalog_event_changelist", "catalog.view_event"),
    ("Users", "admin:auth_user_changelist", "auth.view_user"),
    ("Groups", "admin:auth_group_changelist", "auth.view_group"),
)


@dataclass(frozen=True)
class Place:
    label: str
    address: str
    is_here: bool


class CatalogSite(AdminSite):
    site_header = site_title = "Agent Catalog"
    index_title = "Start"
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        places = {"places": _places(request, _MAIN), "more_places": _places(request, _MORE)}
        return {**super().each_context(request), **places}

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from catalog.admin import imports  # which asks this site for its context

        own = [
            path("import/", self.admin_view(imports.choose_files), name="import"),
            path("import/<str:token>/", self.admin_view(imports.check_files), name="import_check"),
            path("import/<str:token>/report/", self.admin_view(imports.report), name="import_report"),
        ]
        return [*own, *super().get_urls()]

    def admin_view(self, view: ViewType, cacheable: bool = False) -> ViewType:
        """A text that is sent when the session has run out is given back to be copied, not lost at the log-in."""
        protected = super().admin_view(view, cacheable)

        @wraps(protected)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST" and not self.has_permission(request) and holds_text(request):
                return form_refused(request)
            return protected(request, *args, **kwargs)

        return cast(ViewType, answer)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**_start(request), **(extra_context or {})})


def _places(request: HttpRequest, listed: tuple[tuple[str, str, str], ...]) -> list[Place]:
    if isinstance(request.user, AnonymousUser):
        return []
    places = []
    for label, name, permission in listed:
        if _opens(request, permission):
            address = reverse(name)
            places.append(Place(label, address, request.path.startswith(address)))
    return places


def _opens(request: HttpRequest, permission: str) -> bool:
    full = permission if "." in permission else f"catalog.{permission}"
    return request.user.has_perm(full) or request.user.has_perm(full.replace(".view_", ".change_"))


def _start(request: HttpRequest) -> dict[str, Any]:
    """What the start page tells: my drafts, other people's, what was published."""
    context: dict[str, Any] = {"title": "Start", "may_publish": request.user.has_perm("catalog.publish_agent")}
    if _opens(request, "view_agent"):
        later = Version.objects.filter(agent=OuterRef("agent"), number__gt=OuterRef("number"))
        context["has_agents"] = Agent.objects.exists()
        context["published"] = (
            Version.objects.filter(~Exists(later))  # each agent once
            .select_related("agent", "published_by")
            .only("agent__name", "agent__title", "published_by__username", "number", "published_at", "yanked_at")
            .order_by("-published_at", "-pk")[:SHOWN]
        )
    if _opens(request, "view_draft"):
        drafts = Draft.objects.select_related("agent", "base_version", "edited_by").defer(
            "source", "base_version__source"
        )
        mine, others = drafts.filter(edited_by=request.user.pk), drafts.exclude(edited_by=request.user.pk)
        context |= {"mine": mine[:SHOWN], "others": others[:SHOWN], "tells_drafts": True}
        context |= {"mine_count": (count := mine.count()), "mine_are_more": count > SHOWN}
    return context
