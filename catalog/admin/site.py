"""The admin as a whole: its navigation, its start page, its addresses that belong to no row. Imports `models`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from catalog.admin.login import LogInForm, may_enter, wait_in
from catalog.admin.refused import form_refused, holds_text
from catalog.models import Agent, Draft, Version
from catalog.readers import only_reads

ViewType = TypeVar("ViewType", bound=Callable[..., HttpResponseBase])
SHOWN, WAITING_SHOWN = 8, 5

QUEUE = "admin:catalog_draft_queue"
# What of the admin is for those who only read a private catalog: the rest would tell them of what is not published.
_OWN = {"index", "login", "logout", "password_change", "password_change_done"}
_OWN |= {f"catalog_apitoken_{page}" for page in ("changelist", "add", "change", "history", "revoke")}

# Where the navigation leads, with a permission that opens it; the second row stands behind "More".
_MAIN = (
    ("Agents", "admin:catalog_agent_changelist", "view_agent"),
    ("Drafts", "admin:catalog_draft_changelist", "view_draft"),
    ("Review", QUEUE, "publish_agent"),
    ("Import", "admin:import", "add_draft"),
    ("Categories", "admin:catalog_category_changelist", "view_category"),
    ("Tags", "admin:catalog_tag_changelist", "view_tag"),
    ("Collections", "admin:catalog_collection_changelist", "view_collection"),
)
_MORE = (
    ("Versions", "admin:catalog_version_changelist", "catalog.view_version"),
    ("Audit log", "admin:catalog_event_changelist", "catalog.view_event"),
    ("API tokens", "admin:catalog_apitoken_changelist", "catalog.view_apitoken"),
    ("Users", "admin:auth_user_changelist", "auth.view_user"),
    ("Groups", "admin:auth_group_changelist", "auth.view_group"),
)


@dataclass(frozen=True)
class Place:
    label: str
    address: str
    is_here: bool
    count: int = 0  # what waits there


class CatalogSite(AdminSite):
    site_header = site_title = "Agent Catalog"
    index_title = "Start"
    enable_nav_sidebar = False
    login_form = LogInForm

    def has_permission(self, request: HttpRequest) -> bool:
        if not may_enter(request.user):
            return False
        at = request.resolver_match.url_name if request.resolver_match else ""
        return at in _OWN or not only_reads(request.user)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        places = {"places": _places(request, _MAIN), "more_places": _places(request, _MORE)}
        return {**super().each_context(request), **places, "is_private": settings.CATALOG_PRIVATE}

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from catalog.admin import imports, names, review  # which ask this site for its context
        from catalog.admin.editor import urls as editor

        own = [
            path("review/", self.admin_view(review.show_queue), name="catalog_draft_queue"),
            path("import/", self.admin_view(imports.choose_files), name="import"),
            path("import/<str:token>/", self.admin_view(imports.check_files), name="import_check"),
            path("import/<str:token>/report/", self.admin_view(imports.report), name="import_report"),
            path("agent-name/", self.admin_view(names.tell_name), name="agent_name"),
        ]
        return [*editor.addresses(self), *own, *super().get_urls()]

    def admin_view(self, view: ViewType, cacheable: bool = False) -> ViewType:
        """A text that is sent when the session has run out is given back to be copied, not lost at the log-in."""
        protected = super().admin_view(view, cacheable)

        @wraps(protected)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST" and not self.has_permission(request) and holds_text(request):
                return form_refused(request)
            return protected(request, *args, **kwargs)

        return cast(ViewType, answer)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The door of a private catalog too: it leads back to the page that was asked for, and readers to the first."""
        if request.method == "GET" and (back := _back_to(request)):
            return redirect(back)
        answer = super().login(request, extra_context)
        if isinstance(answer, TemplateResponse) and (wait := wait_in(answer.context_data)):
            answer.status_code, answer["Retry-After"] = 429, str(wait)
        leads_to_start = request.method == "POST" and answer.headers.get("Location") == reverse("admin:index")
        return redirect("catalog:home") if leads_to_start and only_reads(request.user) else answer

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**_start(request), **(extra_context or {})})


def _back_to(request: HttpRequest) -> str:
    """The public page that somebody wanted who is logged in by now, in another window; else "".

    Not one of the admin, which may have sent them here because they may not enter it.
    """
    asked = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not settings.CATALOG_PRIVATE or not asked.startswith("/") or asked.startswith(reverse("admin:index")):
        return ""
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if is_ours and request.user.is_authenticated else ""


def _places(request: HttpRequest, listed: tuple[tuple[str, str, str], ...]) -> list[Place]:
    if isinstance(request.user, AnonymousUser):
        return []
    places = []
    for label, name, permission in listed:
        if _opens(request, permission):
            address = reverse(name)
            count = Draft.objects.in_review().count() if name == QUEUE else 0
            places.append(Place(label, address, _is_at(request.path, address), count))
    return places


def _is_at(path: str, address: str) -> bool:
    """Whether a page belongs to a place; the review of an agent does to the queue, not to the agents."""
    if path.endswith("/review/"):
        return address == reverse(QUEUE)
    return path.startswith(address)


def _opens(request: HttpRequest, permission: str) -> bool:
    full = permission if "." in permission else f"catalog.{permission}"
    return request.user.has_perm(full) or request.user.has_perm(full.replace(".view_", ".change_"))


def _start(request: HttpRequest) -> dict[str, Any]:
    """What the start page tells: what waits for me, my drafts, what was published."""
    context: dict[str, Any] = {"title": "Start", "may_publish": request.user.has_perm("catalog.publish_agent")}
    context["only_reads"] = only_reads(request.user)
    if _opens(request, "view_agent"):
        context |= {"has_agents": Agent.objects.exists(), "published": _recently_published()}
    if _opens(request, "view_draft"):
        drafts = Draft.objects.select_related("agent", "submitted_by", "returned_by").defer("source")
        mine = drafts.filter(Q(edited_by=request.user.pk) | Q(submitted_by=request.user.pk))
        returned = mine.exclude(returned_at=None).order_by("-returned_at")
        others = mine.filter(returned_at=None).order_by("-edited_at")
        context |= {
            "tells_drafts": True,
            "returned": list(returned[:WAITING_SHOWN]),
            "queue": list(drafts.in_review()[:WAITING_SHOWN]) if context["may_publish"] else [],
            "mine": list(others[:SHOWN]),
            "mine_count": others.count(),
        }
    return context


def _recently_published() -> QuerySet[Version]:
    """Each agent once, the last one first."""
    later = Version.objects.filter(agent=OuterRef("agent"), number__gt=OuterRef("number"))
    return (
        Version.objects.filter(~Exists(later))
        .select_related("agent", "published_by")
        .only(
            "agent__name",
            "agent__title",
            "published_by__username",
            "published_by__first_name",
            "number",
            "published_at",
            "yanked_at",
            "color",
        )
        .order_by("-published_at", "-pk")[:SHOWN]
    )
