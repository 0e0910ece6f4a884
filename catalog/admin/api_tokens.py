"""API tokens: one's own to make and to revoke, everybody's to see for who manages people. Imports `tokens`, `models`.

A secret goes from the verb that makes it into one page, and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables

from catalog import tokens
from catalog.models import Agent, ApiToken, Category, Scope
from catalog.templatetags.words import ago, person, when

from .events import said
from .pages import Question, actor, answered, ask, may, require, require_sight, show
from .states import State
from .token_form import TokenForm

MANAGE_PEOPLE = "auth.change_user"
EVENTS_SHOWN = 20
_NAMES_SHOWN = 3
_CHANGE = "admin:catalog_apitoken_change"
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_OF_READING = {
    False: "To read what is published, no program needs one.",
    True: "This catalog is private: to read it, too, a program needs one.",
}
_LABELS = {scope.value: scope.label.lower() for scope in Scope}


# --- Who may see which, and what is said of one ---------------------------------------------------------


def _tokens() -> QuerySet[ApiToken]:
    agents = Prefetch("agents", Agent.objects.only("name").order_by("name"))
    categories = Prefetch("categories", Category.objects.only("title").order_by("title"))
    return ApiToken.objects.select_related("user", "revoked_by").prefetch_related(agents, categories)


def _token(request: HttpRequest, key: str) -> ApiToken:
    require_sight(request, "apitoken")
    if not key.isascii() or not key.isdecimal():
        raise Http404("There is no such token.")
    token = get_object_or_404(_tokens(), pk=key)
    if token.user_id != actor(request).pk and not may(request, MANAGE_PEOPLE):
        raise PermissionDenied
    return token


def state_of(token: ApiToken) -> State:
    if token.is_revoked:
        return State("withdrawn", "Revoked")
    if token.is_expired:
        return State("", "Expired")
    return State("published", "Valid") if token.user.is_active else State("withdrawn", "Account switched off")


def scopes_of(token: ApiToken) -> str:
    """ "Write drafts, publish" """
    said = ", ".join(_LABELS.get(scope, scope) for scope in token.scopes)
    return said[:1].upper() + said[1:]


def limits_of(token: ApiToken) -> list[str]:
    """The agents and categories that it is limited to; empty where it is all agents, or none is left of them."""
    agents = [agent.name for agent in token.agents.all()]
    return agents + [f"{category.title} (category)" for category in token.categories.all()]


def limits_in_short(token: ApiToken) -> str:
    named = limits_of(token)
    if not named:
        return "No agent any more" if token.is_limited else "All agents"
    more = f" and {len(named) - _NAMES_SHOWN} more" if len(named) > _NAMES_SHOWN else ""
    return ", ".join(named[:_NAMES_SHOWN]) + more


def until(moment: datetime) -> SafeString:
    """A moment to come as people say it, with the exact time for those who point at it; a past one as elsewhere."""
    left = (moment - timezone.now()).total_seconds()
    if left <= 0:
        return when(moment)
    counts = ((int(left // length), span) for length, span in _SPANS)
    told = next((f"in {number} {span}{'s'[: number > 1]}" for number, span in counts if number), "in a moment")
    exact = date_format(moment, "j F Y, H:i") + " UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", exact, told)


# --- The list -------------------------------------------------------------------------------------------


class _StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("valid", "Valid"), ("expired", "Expired"), ("revoked", "Revoked"), ("off", "Account switched off")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "revoked":
            return queryset.exclude(revoked_at=None)
        if self.value() == "expired":
            return queryset.filter(revoked_at=None, expires_at__lte=now)
        if self.value() in ("valid", "off"):
            return queryset.filter(revoked_at=None, expires_at__gt=now, user__is_active=self.value() == "valid")
        return queryset


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("named", "owner", "may_do", "limited_to", "expires", "last_used", "state")
    list_filter = (_StateFilter,)
    search_fields = ("label", "prefix", "user__username")
    search_help_text = "Label, first characters or person"
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None
    ordering = ("-created_at", "-pk")

    class Media:
        css = {"all": ("catalog/admin/api-tokens.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """One's own tokens; everybody's for who may manage people."""
        return _tokens() if may(request, MANAGE_PEOPLE) else _tokens().filter(user=actor(request).pk)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        what_to_do = format_html(
            "A token lets a program, such as a build, act for you: put a file into a draft, publish it. {} Press "
            '<em>New API token</em> to make the first, or read <a href="{}">what tokens can do</a> before.',
            _OF_READING[settings.CATALOG_PRIVATE],
            reverse("catalog:help_page", kwargs={"page": "tokens"}),
        )
        return super().changelist_view(request, {"what_to_do": what_to_do, **(extra_context or {})})

    # --- The columns ---

    @admin.display(description="Token", ordering="label")
    def named(self, token: ApiToken) -> SafeString:
        return format_html('<strong>{}</strong> <span class="address">{}…</span>', token.label, token.prefix)

    @admin.display(description="Person", ordering="user__username")
    def owner(self, token: ApiToken) -> str:
        return token.user.get_username()

    @admin.display(description="It may")
    def may_do(self, token: ApiToken) -> str:
        return scopes_of(token)

    @admin.display(description="Limited to")
    def limited_to(self, token: ApiToken) -> str:
        return limits_in_short(token)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, token: ApiToken) -> SafeString:
        return until(token.expires_at)

    @admin.display(description="Last used", ordering="last_used_at")
    def last_used(self, token: ApiToken) -> SafeString | str:
        return when(token.last_used_at) if token.last_used_at else "Never"

    @admin.display(description="State")
    def state(self, token: ApiToken) -> SafeString:
        found = state_of(token)
        return format_html('<span class="state {}">{}</span>', found.code, found.label)

    # --- Rights and addresses ---

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        revoke = self.admin_site.admin_view(revoke_token)
        return [path("<int:pk>/revoke/", revoke, name="catalog_apitoken_revoke"), *super().get_urls()]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return new_token(request)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return show_token(request, object_id)

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was done through a token stands on its page."""
        token = _token(request, object_id)
        return redirect(f"{reverse(_CHANGE, args=[token.pk])}#done")


# --- A new one ------------------------------------------------------------------------------------------


@sensitive_variables("issued", "secret")
def new_token(request: HttpRequest) -> HttpResponse:
    """Of one's own: nobody makes a token with which others act."""
    require(request, "add_apitoken")
    form = TokenForm(request.POST if request.method == "POST" else None, person=actor(request))
    issued = form.issue() if answered(request, form) else None
    if issued is None:
        return show(request, "admin/new_api_token.html", title="New API token", form=form)
    token, secret = issued
    answer = show(
        request,
        "admin/api_token_made.html",
        title=f"New token: {token.label}",
        token=token,
        secret=secret,
        expires=until(token.expires_at),
        command=(command := _command(token)),
        dry="dry_run" in command[-1],
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _command(token: ApiToken) -> list[str]:
    """A line for a shell to try the token with, in the parts at which it may be broken. It changes nothing.

    Of a token that can do nothing but withdraw, it says where to put what is to be withdrawn.
    """
    agent = token.agents.order_by("name").first()
    name = agent.name if agent else "code-reviewer"
    api = f"{settings.CATALOG_BASE_URL}/api/v1"
    curl = ["curl", "--fail-with-body", '-H "Authorization: Bearer $CATALOG_TOKEN"']
    if token.may(Scope.WRITE_DRAFTS) or token.may(Scope.PUBLISH):
        file = [f"--data-binary @{name}.md", "-H 'Content-Type: text/markdown'"]
        return [*curl, "-X PUT", *file, f"'{api}/agents/{name}?dry_run=true'"]
    if token.may(Scope.READ_DRAFTS):
        return [*curl, f"{api}/drafts"]
    if token.may(Scope.READ):
        return [*curl, f"{api}/agents"]
    reason = ["-H 'Content-Type: application/json'", """--data '{"reason": "It is wrong."}'"""]
    return [*curl, *reason, f"{api}/agents/NAME/versions/NUMBER/yank"]


# --- One of them ----------------------------------------------------------------------------------------


def show_token(request: HttpRequest, key: str) -> HttpResponse:
    """To read, whatever is sent: a token stays as it was made."""
    token = _token(request, key)
    events = token.events.select_related("agent", "actor")[:EVENTS_SHOWN] if may(request, "view_event") else []
    return show(
        request,
        "admin/api_token.html",
        title=token.label,
        token=token,
        state=state_of(token),
        scopes=scopes_of(token),
        limits=limits_of(token),
        expires=until(token.expires_at),
        is_own=token.user_id == actor(request).pk,
        may_revoke=_is_revocable(token) and may(request, "change_apitoken"),
        may_see_person=may(request, "auth.view_user"),
        tells_events=may(request, "view_event"),
        events=[(event, said(event)) for event in events],
    )


def _is_revocable(token: ApiToken) -> bool:
    """A switched-off account can be switched on again, and its tokens with it."""
    return not token.is_revoked and not token.is_expired


def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = _token(request, str(pk))
    require(request, "change_apitoken")
    if not _is_revocable(token):
        messages.info(request, f"{token.label} is {state_of(token).label.lower()} already.")
        return redirect(_CHANGE, token.pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if answered(request, form):
        tokens.revoke(token, by=actor(request))
        messages.success(request, f"{token.label} is revoked. Nothing can use it any more.")
        return redirect(_CHANGE, token.pk)
    used = f"It was last used {ago(token.last_used_at)}." if token.last_used_at else "It was never used."
    whose = "" if token.user_id == actor(request).pk else f" It acts for {person(token.user)}."
    question = Question(
        title=f"Revoke {token.label}?",
        explanation=f"Whatever uses {token.prefix}… is refused from that moment. {used}{whose} A revoked token never "
        "works again: make a new one in its place.",
        button="Revoke",
        back=reverse(_CHANGE, args=[token.pk]),
        is_grave=True,
    )
    return ask(request, question, form)
