"""The list of drafts: what is being written, what is in review, what came back. Imports `drafting` and `models`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import drafting
from catalog.models import Draft, Version
from catalog.templatetags.words import when

from .bulk import MOST
from .cells import named
from .narrowing import DraftStateFilter, WriterFilter
from .pages import PUBLISH, actor, may, may_see, require_sight, show
from .states import state_of

_LIST = "admin:catalog_draft_changelist"


@admin.register(Draft)
class DraftAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("agent_title", "state_said", "edited", "edited_by", "written_against")
    list_select_related = ("agent__latest_version", "base_version", "edited_by", "submitted_by", "returned_by")
    list_filter = (DraftStateFilter, WriterFilter)
    search_fields = ("agent__name", "agent__title")
    search_help_text = "Name or title of the agent"
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = ("discard",)
    ordering = ("-edited_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        long = ("source", "prompt", "description", "lead", "fields", "findings")
        versions_too = (f"{version}__{text}" for version in ("base_version", "agent__latest_version") for text in long)
        drafts: QuerySet[Draft] = super().get_queryset(request).defer("source", *versions_too)
        versions = Version.objects.filter(agent=OuterRef("agent"))
        return drafts.annotate(was_published=Exists(versions))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        what_to_do = "A draft begins when somebody edits an agent, or writes a new one."
        return super().changelist_view(request, {"what_to_do": what_to_do, **(extra_context or {})})

    @admin.display(description="Agent", ordering="agent__title")
    def agent_title(self, draft: Draft) -> SafeString:
        return named(draft.agent)

    @admin.display(description="State", ordering="state")
    def state_said(self, draft: Draft) -> SafeString:
        state = state_of(draft)
        said = format_html('<span class="state {}">{}</span>', state.code, state.label)
        if draft.is_in_review and draft.submitted_at:
            return format_html('{} <span class="since">since {}</span>', said, when(draft.submitted_at))
        if draft.returned_at:
            return format_html('{} <span class="since">by {}</span>', said, draft.returned_by)
        return said

    @admin.display(description="Written against")
    def written_against(self, draft: Draft) -> str:
        if draft.base_version:
            return f"Version {draft.base_version.number}"
        return "Written before version 1" if getattr(draft, "was_published", False) else "Nothing published yet"

    @admin.display(description="Saved", ordering="edited_at")
    def edited(self, draft: Draft) -> SafeString:
        return when(draft.edited_at)

    # --- Rights and addresses ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        return False  # discarding asks first, and does it

    def get_action_choices(self, request: HttpRequest, *args: Any) -> list[tuple[str, str]]:
        return super().get_action_choices(request, [("", "Choose what to do")])

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return may(request, "delete_draft")

    def get_urls(self) -> list[URLPattern]:
        own = [path("discard/", self.admin_site.admin_view(discard_many), name="catalog_draft_discard_many")]
        return [*own, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of a draft is that of its agent: it stays where it is when the draft is published."""
        require_sight(request, "draft")
        draft = self.get_object(request, object_id)
        if draft is None:
            return HttpResponseRedirect(reverse(_LIST))
        is_theirs = draft.is_in_review and may(request, PUBLISH)
        return redirect("admin:catalog_agent_review" if is_theirs else "admin:catalog_agent_draft", draft.agent_id)

    # --- Discarding many ---

    @admin.action(description="Discard drafts…", permissions=("discard",))
    def discard(self, request: HttpRequest, queryset: QuerySet[Draft]) -> HttpResponse | None:
        rows = list(queryset.order_by().values_list("pk", "revision")[: MOST + 1])
        if len(rows) > MOST:
            messages.error(request, f"More than {MOST} drafts are chosen. Narrow the list with the filters.")
            return None
        return _ask(request, dict(rows), request.GET.urlencode())


class DiscardForm(forms.Form):
    """Which texts are thrown away: those that were last saved when the question was asked."""

    drafts = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    back = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4_000)


def discard_many(request: HttpRequest) -> HttpResponse:
    if not (may_see(request, "draft") and may(request, "delete_draft")):
        raise PermissionDenied
    form = DiscardForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return redirect(_LIST)
    revisions = _revisions(form.cleaned_data["drafts"])
    drafts = Draft.objects.filter(pk__in=revisions, state=Draft.State.EDITING).select_related("agent").order_by("pk")
    gone = 0
    with transaction.atomic():
        for draft in drafts:
            gone += _discarded(draft, revisions[draft.pk], request)
    _tell(request, gone, len(revisions) - gone)
    back = form.cleaned_data["back"]
    return redirect(f"{reverse(_LIST)}?{back}" if back else reverse(_LIST))


def _discarded(draft: Draft, revision: int, request: HttpRequest) -> bool:
    try:
        drafting.discard(draft, by=actor(request), revision=revision)
    except drafting.DraftConflict:
        return False
    return True


def _tell(request: HttpRequest, gone: int, kept: int) -> None:
    said = f"{_counted(gone)} discarded." if gone else "Nothing was discarded."
    if kept:
        said += f" {kept} {'was' if kept == 1 else 'were'} kept: saved, submitted or published meanwhile."
    messages.add_message(request, messages.SUCCESS if gone else messages.WARNING, said)


def _ask(request: HttpRequest, revisions: dict[int, int], back: str) -> HttpResponse:
    rows = Draft.objects.filter(pk__in=revisions).select_related("agent", "edited_by").defer("source")
    drafts = sorted(rows, key=lambda draft: draft.agent.title.casefold())
    chosen = [draft for draft in drafts if not draft.is_in_review]
    meant = ",".join(f"{draft.pk}:{revisions[draft.pk]}" for draft in chosen)
    return show(
        request,
        "admin/discard_many.html",
        title=f"Discard {_counted(len(chosen))}?",
        form=DiscardForm(initial={"drafts": meant, "back": back}),
        form_action=reverse("admin:catalog_draft_discard_many"),
        back=f"{reverse(_LIST)}?{back}" if back else reverse(_LIST),
        chosen=chosen,
        in_review=[draft for draft in drafts if draft.is_in_review],
    )


def _revisions(text: str) -> dict[int, int]:
    """The revision of each draft, as `_ask` wrote them: "12:3,14:7"."""
    pairs = [part.split(":") for part in text.split(",")][:MOST]
    return {int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(_is_number, pair))}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _counted(number: int) -> str:
    return f"{number:,} draft{'' if number == 1 else 's'}"
