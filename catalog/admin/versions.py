"""What was published: to read, to withdraw, to offer again; never to change. Imports `publishing`, `rendering`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import publishing
from catalog.comparing import compare, shortened
from catalog.models import Version
from catalog.rendering import render_source
from catalog.templatetags.words import when

from .advice import advice_on
from .pages import (
    PUBLISH,
    NoteForm,
    Question,
    ReasonForm,
    actor,
    answered,
    ask,
    may,
    refusals_in,
    require,
    require_sight,
    show,
)

VERSIONS_SHOWN = 100


class _StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("latest", "Latest"), ("offered", "Offered"), ("withdrawn", "Withdrawn")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "latest":
            return queryset.filter(agent__latest_version=F("pk"))
        if self.value() == "offered":
            return queryset.filter(yanked_at=None).exclude(agent__latest_version=F("pk"))
        return queryset.filter(yanked_at__isnull=False) if self.value() == "withdrawn" else queryset


@admin.register(Version)
class VersionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("agent_title", "number", "state", "published", "published_by", "note_in_short")
    list_select_related = ("agent", "published_by")
    list_filter = (_StateFilter,)
    search_fields = ("agent__name", "agent__title", "digest")
    search_help_text = "Name or title of the agent, or a digest"
    ordering = ("-published_at", "-pk")
    actions = None
    empty_value_display = ""
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        long = ("source", "prompt", "description", "lead", "fields", "findings")
        return super().get_queryset(request).defer(*long)

    @admin.display(description="Agent", ordering="agent__title")
    def agent_title(self, version: Version) -> SafeString:
        return format_html(
            '<strong>{}</strong> <span class="address">{}</span>', version.agent.title, version.agent.name
        )

    @admin.display(description="State")
    def state(self, version: Version) -> SafeString:
        if version.is_yanked:
            return format_html('<span class="state withdrawn">{}</span>', "Withdrawn")
        if version.agent.latest_version_id == version.pk:
            return format_html('<span class="state published">{}</span>', "Latest")
        return format_html('<span class="state">{}</span>', "Offered")

    @admin.display(description="Published", ordering="published_at")
    def published(self, version: Version) -> SafeString:
        return when(version.published_at)

    @admin.display(description="Note")
    def note_in_short(self, version: Version) -> str:
        return version.note[:80] + "…" if len(version.note) > 80 else version.note

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/yank/", view(yank_version), name="catalog_version_yank"),
            path("<int:pk>/unyank/", view(unyank_version), name="catalog_version_unyank"),
            path("<int:pk>/restore/", view(restore_version), name="catalog_version_restore"),
        ]
        return [*own, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        require_sight(request, "version")
        if not object_id.isdecimal():
            raise Http404("There is no such version.")
        versions = Version.objects.select_related("agent__latest_version", "published_by", "yanked_by")
        version = get_object_or_404(versions, pk=object_id)
        return show(
            request,
            "admin/version.html",
            title=f"{version.agent.title}, version {version.number}",
            version=version,
            agent=version.agent,
            is_latest=version.agent.latest_version_id == version.pk,
            advice=advice_on(version.definition, version.definition.name),
            definition=version.definition,
            source=render_source(version.source),
            may_publish=may(request, PUBLISH),
            **_compared(request, version),
        )


def _compared(request: HttpRequest, version: Version) -> dict[str, Any]:
    """The version against another one of its agent: the one before it, or the one that `against` names."""
    others = version.agent.versions.exclude(pk=version.pk).newest_first()
    before = others.filter(number__lt=version.number)
    asked = request.GET.get("against", "")
    chosen = others.filter(number=int(asked)) if asked.isdecimal() and len(asked) < 10 else before
    other = chosen.only("number", "source").first()
    older, newer = sorted((other, version), key=lambda one: one.number) if other else (None, version)
    return {
        "others": others.values_list("number", flat=True)[:VERSIONS_SHOWN],
        "other": other,
        "older": older,
        "newer": newer,
        "changes": shortened(compare(older.source, newer.source)) if older else [],
    }


def _version(request: HttpRequest, pk: int) -> Version:
    require(request, PUBLISH)
    return get_object_or_404(Version.objects.select_related("agent"), pk=pk)


def _back(version: Version) -> str:
    return reverse("admin:catalog_agent_change", args=[version.agent_id])


def yank_version(request: HttpRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if answered(request, form):
        with refusals_in(form):
            publishing.yank(version, by=actor(request), reason=form.cleaned_data["reason"])
            messages.success(request, f"Version {version.number} is withdrawn.")
            return redirect(_back(version))
    question = Question(
        title=f"Withdraw version {version.number} of {version.agent.title}?",
        explanation=_after_withdrawing(version),
        button="Withdraw",
        back=_back(version),
        is_grave=True,
    )
    return ask(request, question, form)


def _after_withdrawing(version: Version) -> str:
    """What becomes of the agent, and of those who installed this version."""
    left = publishing.newest_to_offer(version.agent, without=version)
    if left is None:
        return (
            "No other version can take its place: the agent will not be offered any more. Its page stays and tells "
            "your reason, the download of its latest version answers 'gone', and pinned addresses still answer."
        )
    return (
        f"It is no longer offered; version {left.number} "
        f"{'becomes' if left.number < version.number else 'stays'} the latest. Its "
        "own address still answers, with your reason on it, so that nothing that was installed from there breaks."
    )


def unyank_version(request: HttpRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if answered(request, form):
        publishing.unyank(version, by=actor(request))
        messages.success(request, f"Version {version.number} is offered again.")
        return redirect(_back(version))
    why = f" The reason given was: {version.yank_reason}" if version.yank_reason else ""
    question = Question(
        title=f"Offer version {version.number} of {version.agent.title} again?",
        explanation=f"It was withdrawn.{why} The newest version that is offered is the one people get.",
        button="Offer again",
        back=_back(version),
    )
    return ask(request, question, form)


def restore_version(request: HttpRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if answered(request, form):
        with refusals_in(form):
            restored, is_new = publishing.restore(version, by=actor(request), note=form.cleaned_data["note"])
            said = f"Published as version {restored.number}." if is_new else "The latest version has this text already."
            messages.success(request, said)
            return redirect(_back(version))
    question = Question(
        title=f"Restore version {version.number} of {version.agent.title}?",
        explanation="Its text is published again under the next number, so that everybody who updates gets it.",
        button="Restore",
        back=_back(version),
    )
    return ask(request, question, form)
