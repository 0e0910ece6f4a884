"""The list of agents and the page of one. Imports `models` and `definition`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.definition import read
from catalog.models import Agent, AgentQuerySet, Draft
from catalog.templatetags.words import when

from . import bulk, new_agent, review, standing
from .agent_form import AgentForm
from .cells import named
from .events import said
from .findings import in_words, tally
from .narrowing import CategoryFilter, FindingsFilter, LastHandFilter, StateFilter, TagFilter
from .pages import PUBLISH, actor, may
from .states import LAST_AT, RANK, draft_of, last_touch, later_version, states_of, with_state

VERSIONS_SHOWN = 100
EVENTS_SHOWN = 8


class AgentList(ChangeList):
    """The page's rows, each with what its draft says when it is read and with the way on from here."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        agents: list[Agent] = list(self.result_list)
        drafts = [draft.pk for agent in agents if (draft := draft_of(agent))]
        sources = dict(Draft.objects.filter(pk__in=drafts).values_list("agent_id", "source"))
        may_review, may_write = may(request, PUBLISH), may(request, "change_draft")
        for agent in agents:
            agent.row = _row_of(agent, sources.get(agent.pk), may_review, may_write)  # type: ignore[attr-defined]
        self.result_list = agents


@dataclass(frozen=True)
class _Row:
    """What a row of the list says beside its columns."""

    color: str
    findings: Counter[str]
    step: str  # what is to be done next, and where
    address: str


def _row_of(agent: Agent, source: str | None, may_review: bool, may_write: bool) -> _Row:
    latest, draft = agent.latest_version, draft_of(agent)
    if source is None or draft is None:
        found = latest.findings if latest else []
        return _Row(latest.color if latest else "", Counter(finding["severity"] for finding in found), "", "")
    color = latest.color if latest else str(read(source).fields.get("color") or "")
    if draft.is_in_review and may_review:
        step, name = "Review", "review"
    else:
        step, name = "Edit draft" if may_write and not draft.is_in_review else "Read draft", "draft"
    return _Row(color, tally(source, agent.name), step, reverse(f"admin:catalog_agent_{name}", args=[agent.pk]))


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AgentForm
    change_form_template = "admin/agent.html"
    list_display = ("named", "state", "category_title", "findings", "last_change", "go_on")
    list_filter = (StateFilter, CategoryFilter, TagFilter, LastHandFilter, FindingsFilter)
    search_fields = ("name", "title", "latest_version__lead")
    search_help_text = "Name, title or what it is for"
    ordering = ("name",)
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = bulk.actions()
    fields = ("title", "name", "category", "tags", "maintainers", "license", "origin_url")
    readonly_fields = ("name",)
    empty_value_display = ""

    def get_queryset(self, request: HttpRequest) -> AgentQuerySet:
        return with_state(Agent.objects.all())

    # --- The columns of the list ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AgentList

    @admin.display(description="Agent", ordering="title")
    def named(self, agent: Agent) -> SafeString:
        return named(agent, _row(agent).color)

    @admin.display(description="State", ordering=RANK)
    def state(self, agent: Agent) -> SafeString:
        spans = ((state.code, state.label) for state in states_of(agent))
        return format_html_join(" ", '<span class="state {}">{}</span>', spans)

    @admin.display(description="Category", ordering="category__title")
    def category_title(self, agent: Agent) -> str:
        return agent.category.title if agent.category else ""

    @admin.display(description="Findings")
    def findings(self, agent: Agent) -> SafeString:
        return in_words(_row(agent).findings)

    @admin.display(description="Last change", ordering=LAST_AT)
    def last_change(self, agent: Agent) -> SafeString:
        touch = last_touch(agent)
        if touch.by is None:
            return format_html("{} {}", touch.deed, when(touch.at))
        return format_html('{} {} <span class="by">by {}</span>', touch.deed, when(touch.at), touch.by)

    @admin.display(description="Next")
    def go_on(self, agent: Agent) -> SafeString | str:
        row = _row(agent)
        if not row.step:
            return ""
        return format_html(
            '<a href="{}">{}<span class="visually-hidden"> of {}</span></a>', row.address, row.step, agent.title
        )

    # --- Rights and addresses ---

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return bulk.may_shelve(request, obj)

    def get_action_choices(self, request: HttpRequest, *args: Any) -> list[tuple[str, str]]:
        return super().get_action_choices(request, [("", "Choose what to do")])

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Asked for by the actions of the list that change what is published."""
        return may(request, PUBLISH)

    def view_on_site(self, agent: Agent) -> str | None:
        """The public page answers for ever once there was a version, also where all are withdrawn."""
        return agent.get_absolute_url() if agent.versions.exists() else None

    def get_urls(self) -> list[URLPattern]:
        views = {
            "review": review.review_draft,
            "rename": standing.rename_agent,
            "deprecate": standing.deprecate_agent,
            "undeprecate": standing.undeprecate_agent,
        }
        own = [
            path(f"<int:pk>/{name.replace('_', '/')}/", self.admin_site.admin_view(view), name=f"catalog_agent_{name}")
            for name, view in views.items()
        ]
        return [*own, *bulk.addresses(self.admin_site.admin_view), *super().get_urls()]

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
        form.store(by=actor(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        pass  # `store` wrote all of it

    def response_post_save_change(self, request: HttpRequest, obj: Agent) -> HttpResponseRedirect:
        return redirect("admin:catalog_agent_change", obj.pk)

    def message_user(self, request: HttpRequest, message: Any, level: int | str = messages.INFO, **more: Any) -> None:  # type: ignore[override]
        super().message_user(request, "Saved." if level == messages.SUCCESS else message, level, **more)


def _row(agent: Agent) -> _Row:
    row: _Row = agent.row  # type: ignore[attr-defined]
    return row


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
        "may_copy": may(request, "add_agent", "add_draft"),
        "may_shelve": bulk.may_shelve(request, agent),
        "former_names": list(agent.former_names.values_list("name", flat=True)),
    }
