"""The list of agents and the page of one. Imports `publishing`, `search` and `models`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog import publishing, search
from catalog.models import Agent, AgentQuerySet, Category, Tag
from catalog.templatetags.words import when

from . import drafts, new_agent, standing
from .agent_form import AgentForm
from .events import said
from .pages import PUBLISH, may
from .states import FILTERS, draft_of, later_version, states_of, with_state

VERSIONS_SHOWN = 100
EVENTS_SHOWN = 8
TAGS_SHOWN = 20


class _StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, label) for code, (label, _) in FILTERS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = FILTERS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class _CategoryFilter(admin.SimpleListFilter):
    title, parameter_name = "category", "category"
    NONE = "-"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Category.objects.values_list("name", "title"), (self.NONE, "Without category")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.NONE:
            return queryset.filter(category=None)
        return queryset.filter(category__name=self.value()) if self.value() else queryset


class _TagFilter(admin.SimpleListFilter):
    title, parameter_name = "tag", "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The tags most used, and the chosen one."""
        used = Tag.objects.annotate(agent_count=Count("agents")).filter(agent_count__gt=0)
        names = sorted(used.order_by("-agent_count", "name").values_list("name", flat=True)[:TAGS_SHOWN])
        chosen = self.value()
        return [(name, name) for name in (names if not chosen or chosen in names else [*names, chosen])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tags__name=self.value()) if self.value() else queryset


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AgentForm
    change_form_template = "admin/agent.html"
    list_display = ("named", "state", "category_title", "findings", "updated")
    list_filter = (_StateFilter, _CategoryFilter, _TagFilter)
    search_fields = ("name", "title")
    search_help_text = "Name or title"
    ordering = ("name",)
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None
    fields = ("title", "name", "category", "tags", "maintainers", "license", "origin_url")
    readonly_fields = ("name",)
    empty_value_display = ""

    def get_queryset(self, request: HttpRequest) -> AgentQuerySet:
        return with_state(Agent.objects.all())

    # --- The columns of the list ---

    @admin.display(description="Agent", ordering="title")
    def named(self, agent: Agent) -> SafeString:
        return format_html('<strong>{}</strong> <span class="address">{}</span>', agent.title, agent.name)

    @admin.display(description="State")
    def state(self, agent: Agent) -> SafeString:
        spans = ((state.code, state.label) for state in states_of(agent))
        return format_html_join(" ", '<span class="state {}">{}</span>', spans)

    @admin.display(description="Category", ordering="category__title")
    def category_title(self, agent: Agent) -> str:
        return agent.category.title if agent.category else ""

    @admin.display(description="Findings")
    def findings(self, agent: Agent) -> SafeString | str:
        if not agent.latest_version:
            return ""
        counts = Counter(finding["severity"] for finding in agent.latest_version.findings)
        words = (("error", "problem"), ("warning", "warning"), ("note", "note"))
        said = ((code, f"{n} {word}{'s' if n > 1 else ''}") for code, word in words if (n := counts[code]))
        return format_html_join(" ", '<span class="finding-count {}">{}</span>', said)

    @admin.display(description="Updated", ordering="updated_at")
    def updated(self, agent: Agent) -> SafeString:
        draft, latest = draft_of(agent), agent.latest_version
        if draft and (latest is None or draft.edited_at > latest.published_at):
            return format_html("{} by {}", when(draft.edited_at), draft.edited_by)
        if latest:
            return format_html("{} by {}", when(latest.published_at), latest.published_by)
        return when(agent.updated_at)

    # --- Rights and addresses ---

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False

    def view_on_site(self, agent: Agent) -> str | None:
        """The public page answers for ever once there was a version, also where all are withdrawn."""
        return agent.get_absolute_url() if agent.versions.exists() else None

    def get_urls(self) -> list[URLPattern]:
        views = {
            "draft": drafts.edit_draft,
            "draft_open": drafts.open_draft,
            "draft_discard": drafts.discard_draft,
            "rename": standing.rename_agent,
            "deprecate": standing.deprecate_agent,
            "undeprecate": standing.undeprecate_agent,
        }
        own = [
            path(f"<int:pk>/{name.replace('_', '/')}/", self.admin_site.admin_view(view), name=f"catalog_agent_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    # --- The page of one agent ---

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return new_agent.add_agent(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        agent = self.get_object(request, object_id)
        context = _page_of(request, agent) if isinstance(agent, Agent) else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        """Store the changed columns alone: a version published meanwhile stays the latest."""
        columns = [name for name in form.changed_data if name not in ("tags", "maintainers")]
        values = {name: getattr(obj, name) for name in columns}
        publishing.lock_agent(obj)
        for name, value in values.items():
            setattr(obj, name, value)
        obj.save(update_fields=columns)

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        form.store_related()
        search.index(form.instance)

    def response_post_save_change(self, request: HttpRequest, obj: Agent) -> HttpResponseRedirect:
        return redirect("admin:catalog_agent_change", obj.pk)

    def message_user(self, request: HttpRequest, message: Any, level: int | str = messages.INFO, **more: Any) -> None:  # type: ignore[override]
        super().message_user(request, "Saved." if level == messages.SUCCESS else message, level, **more)


def _page_of(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    long = ("source", "prompt", "description", "lead", "fields", "findings")
    versions = agent.versions.select_related("published_by", "yanked_by").defer(*long).newest_first()
    draft, may_publish = draft_of(agent), may(request, PUBLISH)
    return {
        "title": agent.title,
        "show_save_and_add_another": False,
        "agent": agent,
        "states": states_of(agent),
        "draft": draft,
        "draft_is_behind": draft is not None and later_version(draft, agent.latest_version) is not None,
        "versions": versions[:VERSIONS_SHOWN],
        "events": [(event, said(event)) for event in agent.events.select_related("actor")[:EVENTS_SHOWN]],
        "tells_events": may(request, "view_event"),
        "may_publish": may_publish,
        "may_rename": standing.may_rename(request, agent),
        "may_write": may(request, "change_draft" if draft else "add_draft"),
        "former_names": list(agent.former_names.values_list("name", flat=True)),
    }
