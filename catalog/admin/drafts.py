"""The page on which a text is written, and the list of drafts. Imports `drafting`, `publishing`, `rendering`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from catalog import drafting
from catalog.definition import Definition, InvalidDefinition, InvalidValue, read
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Version
from catalog.publishing import MAX_NOTE_LENGTH, NotPublishable, PublishConflict
from catalog.rendering import render_prompt
from catalog.templatetags.words import when

from .advice import Advice, advice_on, mend
from .lines import compare, with_own_line_ends
from .pages import PUBLISH, Question, actor, answered, ask, may, require, require_sight, show
from .states import draft_of, later_version

_LATEST = ("draft__edited_by", "draft__base_version", "latest_version__published_by")


@dataclass
class Desk:
    """What lies on the page: the text being written, and what is to be said about it."""

    agent: Agent
    source: str
    note: str
    revision: int  # of the stored draft this text goes back to; 0: there is none
    problem: str = ""
    is_saved: bool = False  # where there is a problem: the text was stored all the same
    theirs: Theirs | None = None


@dataclass(frozen=True)
class Theirs:
    """Another person's text that stands against the one being written."""

    title: str
    source: str
    onto: int | None = None  # the version that the text can be said to be written against


# --- The page -----------------------------------------------------------------------------------


def edit_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows an agent's draft; a POST saves it, and by its `do` publishes, mends a finding or moves the base."""
    require_sight(request, "draft")
    agent = get_object_or_404(Agent.objects.select_related(*_LATEST), pk=pk)
    draft = draft_of(agent)
    if request.method == "POST":
        return _answer(request, agent, draft)
    if draft is None:
        may_start = may(request, "add_draft")
        return show(request, "admin/no_draft.html", title=f"{agent.title}: no draft", agent=agent, may_start=may_start)
    return _show(request, Desk(agent, draft.source, draft.note, draft.revision))


def _answer(request: HttpRequest, agent: Agent, draft: Draft | None) -> HttpResponse:
    require(request, "change_draft" if draft else "add_draft")
    desk, deed = _typed(request, agent, draft), request.POST.get("do", "save")
    if deed == "publish":
        require(request, PUBLISH)
    try:
        said = _carry_out(request, desk, deed)
    except (NotPublishable, InvalidValue) as refusal:
        desk.problem = f"{'Saved, but not published' if desk.is_saved else 'Not saved'}. {refusal}"
    except InvalidDefinition as invalid:
        count = len(invalid.findings)
        desk.problem = (
            f"Saved, but not published: mend the {'problem' if count == 1 else f'{count} problems'} first. "
            f"{invalid.findings[0].message}"
        )
    except DraftConflict as conflict:
        _lay_out_both(request, desk, conflict.draft)
    except PublishConflict as conflict:
        desk.theirs = Theirs(f"Version {conflict.latest.number}", conflict.latest.source, conflict.latest.number)
        desk.problem = f"Saved, but not published. {conflict}"
    else:
        messages.success(request, said)
        back = "admin:catalog_agent_change" if deed == "publish" else "admin:catalog_agent_draft"
        return redirect(back, agent.pk)
    return _show(request, desk)


def _typed(request: HttpRequest, agent: Agent, draft: Draft | None) -> Desk:
    """What the form holds, with the line ends its text had before a browser changed them."""
    try:
        typed, revision = request.POST["source"], int(request.POST["revision"])
    except (KeyError, ValueError):
        raise BadRequest("The form arrived without its text.") from None
    before = draft.source if draft else agent.latest_version.source if agent.latest_version else ""
    return Desk(agent, with_own_line_ends(typed, before), request.POST.get("note", ""), revision)


def _carry_out(request: HttpRequest, desk: Desk, deed: str) -> str:
    """Do what the pressed button says; gives the sentence about it. Raises what the verbs raise."""
    by, said = actor(request), "Saved. Not published yet."
    if deed.startswith("mend "):
        desk.source, said = mend(desk.source, deed.removeprefix("mend "), desk.agent.name)
    draft = _save(desk, request)
    desk.revision, desk.is_saved = draft.revision, True
    if deed == "rebase":
        onto = get_object_or_404(Version, agent=desk.agent, number=request.POST.get("onto") or 0)
        drafting.rebase(draft, onto, by=by, revision=draft.revision)
        return f"Saved, and compared with version {onto.number}. It can be published now."
    if deed == "publish":
        version, is_new = drafting.publish_draft(draft, by=by, revision=draft.revision)
        return (
            f"Published as version {version.number}." if is_new else f"Version {version.number} has this text already."
        )
    return said


def _save(desk: Desk, request: HttpRequest) -> Draft:
    if desk.revision:
        draft = draft_of(desk.agent)
        if draft is None:
            raise DraftConflict(None)
        return drafting.save(draft, desk.source, by=actor(request), revision=desk.revision, note=desk.note)
    draft = drafting.open_draft(desk.agent, by=actor(request), source=desk.source)
    if draft.source != desk.source:
        raise DraftConflict(draft)
    return drafting.save(draft, desk.source, by=actor(request), revision=draft.revision, note=desk.note)


def _lay_out_both(request: HttpRequest, desk: Desk, stored: Draft | None) -> None:
    """Two people wrote: keep this text in the box, show the stored one beside it, decide nothing."""
    desk.is_saved = False
    if stored:
        who = stored.edited_by.get_short_name() or stored.edited_by.get_username()
        is_me = stored.edited_by == request.user
        title = "The text you saved in another window" if is_me else f"The text {who} saved"
        desk.theirs, desk.revision = Theirs(title, stored.source), stored.revision
        meanwhile = "You changed this in another window" if is_me else f"{who} changed this while you were writing"
        desk.problem = (
            f"{meanwhile}. Both texts are kept: yours is in the box, not saved yet; the other one stands below with "
            "the differences. Saving now puts your text in its place."
        )
        return
    latest = Agent.objects.select_related("latest_version").get(pk=desk.agent.pk).latest_version
    desk.revision, desk.theirs = 0, Theirs(f"Version {latest.number}", latest.source) if latest else None
    desk.problem = (
        "This draft was published or discarded while you were writing. Your text is kept in the box, not saved yet. "
        "Saving now makes it a new draft."
    )


def _show(request: HttpRequest, desk: Desk) -> HttpResponse:
    definition, latest = read(desk.source), desk.agent.latest_version
    stored = Draft.objects.select_related("edited_by", "base_version").filter(agent=desk.agent).first()
    context: dict[str, Any] = {
        "title": f"{desk.agent.title}: draft",
        "agent": desk.agent,
        "draft": stored,
        "desk": desk,
        "latest": latest,
        "later": later_version(stored, latest) if stored and not desk.problem else None,
        "note_max_length": MAX_NOTE_LENGTH,
        "definition": definition,
        "advice": _advice(definition, desk.agent),
        "prompt": render_prompt(definition.prompt),
        "changes": compare(latest.source, desk.source) if latest else [],
        "against_theirs": compare(desk.theirs.source, desk.source) if desk.theirs else [],
        "may_save": may(request, "change_draft" if stored else "add_draft"),
        "may_publish": may(request, "change_draft", PUBLISH),
        "may_discard": stored is not None and may(request, "delete_draft"),
    }
    return show(request, "admin/draft.html", **context)


def _advice(definition: Definition, agent: Agent) -> list[Advice]:
    return advice_on(definition, agent.name)


# --- Opening and discarding ---------------------------------------------------------------------------


@require_POST
def open_draft(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "add_draft")
    agent = get_object_or_404(Agent, pk=pk)
    drafting.open_draft(agent, by=actor(request))
    return redirect("admin:catalog_agent_draft", pk)


class DiscardForm(forms.Form):
    """Which text is thrown away: the one that was last saved when the question was asked."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


def discard_draft(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "delete_draft")
    draft = get_object_or_404(Draft.objects.select_related("agent", "edited_by"), agent=pk)
    was_published = draft.agent.versions.exists()
    stays = "What was published is unchanged." if was_published else "Nothing of this agent was ever published."
    form = DiscardForm(request.POST if request.method == "POST" else None, initial={"revision": draft.revision})
    if answered(request, form):
        try:
            drafting.discard(draft, by=actor(request), revision=form.cleaned_data["revision"])
        except drafting.DraftConflict:
            messages.error(request, f"{draft.edited_by} saved another text meanwhile. It is kept: look at it first.")
            return redirect("admin:catalog_agent_draft", pk)
        messages.success(request, f"The draft is gone. {stays}")
        return redirect("admin:catalog_agent_change", pk)
    question = Question(
        title=f"Discard the draft of {draft.agent.title}?",
        explanation=f"The text last saved by {draft.edited_by} is thrown away for good. {stays}",
        button="Discard draft",
        back=reverse("admin:catalog_agent_draft", args=[pk]),
        is_grave=True,
    )
    return ask(request, question, form)


# --- The list -----------------------------------------------------------------------------------------


@admin.register(Draft)
class DraftAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("agent_title", "written_against", "edited", "edited_by")
    list_select_related = ("agent", "base_version", "edited_by")
    search_fields = ("agent__name", "agent__title")
    search_help_text = "Name or title of the agent"
    actions = None
    ordering = ("-edited_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        drafts: QuerySet[Draft] = (
            super().get_queryset(request).defer("source", "base_version__source", "base_version__prompt")
        )
        versions = Version.objects.filter(agent=OuterRef("agent"))
        return drafts.annotate(was_published=Exists(versions))

    @admin.display(description="Agent", ordering="agent__title")
    def agent_title(self, draft: Draft) -> SafeString:
        return format_html('<strong>{}</strong> <span class="address">{}</span>', draft.agent.title, draft.agent.name)

    @admin.display(description="Written against")
    def written_against(self, draft: Draft) -> str:
        if draft.base_version:
            return f"Version {draft.base_version.number}"
        return "Written before version 1" if getattr(draft, "was_published", False) else "Nothing published yet"

    @admin.display(description="Saved", ordering="edited_at")
    def edited(self, draft: Draft) -> SafeString:
        return when(draft.edited_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        return False  # `discard_draft` does it, and asks first

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of a draft is that of its agent: it stays where it is when the draft is published."""
        require_sight(request, "draft")
        draft = self.get_object(request, object_id)
        if draft is None:
            return HttpResponseRedirect(reverse("admin:catalog_draft_changelist"))
        return redirect("admin:catalog_agent_draft", draft.agent_id)
