"""An agent's name and standing: rename, deprecate, recommend again. Imports `publishing`, `drafting` and `models`."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from catalog import drafting, publishing
from catalog.definition import fold_name, read
from catalog.models import Agent

from .pages import PUBLISH, PlainForm, Question, actor, answered, ask, may, refusals_in, require
from .states import draft_of


class RenameForm(PlainForm):
    name = forms.CharField(
        label="New name",
        max_length=200,
        help_text="Small letters and digits, words joined by hyphens. It must be unlike every other agent's name.",
    )


class DeprecateForm(PlainForm):
    note = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One sentence for people who use it. It is shown at the top of its page.",
    )
    successor = forms.CharField(
        label="Use instead", required=False, help_text="The name of the agent that takes its place, if there is one."
    )

    def clean_successor(self) -> Agent | None:
        name = fold_name(self.cleaned_data["successor"])
        if not name:
            return None
        found = Agent.objects.filter(name=name).first()
        if found is None:
            raise forms.ValidationError(f"There is no agent named {name}.")
        return found


def may_rename(request: HttpRequest, agent: Agent) -> bool:
    """To rename what was published is to publish; a name that nobody has seen is the writer's own."""
    return may(request, PUBLISH) or (may(request, "change_agent") and not agent.versions.exists())


def rename_agent(request: HttpRequest, pk: int) -> HttpResponse:
    agent = get_object_or_404(Agent, pk=pk)
    if not may_rename(request, agent):
        require(request, PUBLISH)
    question = Question(
        title=f"Rename {agent.title}",
        explanation=f"Now it is {agent.name}. {_after_renaming(agent)}",
        button="Rename",
        back=_back(pk),
    )
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": agent.name})
    if answered(request, form):
        typed = form.cleaned_data["name"]
        name = fold_name(typed)
        if name == agent.name:
            form.add_error("name", "That is its name already.")
            return ask(request, question, form)
        if name and name != typed:
            return _ask_for_name(request, agent, name)
        with refusals_in(form), transaction.atomic():
            publishing.lock_agent(agent)
            if not may_rename(request, agent):  # published since it was asked: its name is the publishers' now
                raise PermissionDenied
            renamed = publishing.rename(agent, typed, by=actor(request))
            _rename_in_draft(renamed, request)
            leads = " The old address leads there." if renamed.former_names.exists() else ""
            messages.success(request, f"It is named {renamed.name} now.{leads}")
            return redirect("admin:catalog_agent_change", pk)
    return ask(request, question, form)


def _rename_in_draft(agent: Agent, request: HttpRequest) -> None:
    """An agent that was never published goes by the name of its draft: there the new name stands, too."""
    draft = draft_of(agent)
    if draft and not draft.is_in_review and not agent.versions.exists():
        source = read(draft.source).replace(name=agent.name).source
        drafting.save(draft, source, by=actor(request), revision=draft.revision)


def _ask_for_name(request: HttpRequest, agent: Agent, name: str) -> HttpResponse:
    """What was typed is no address: show what it comes to before it stands in addresses for ever."""
    form = RenameForm(initial={"name": name})
    form.fields["name"].widget = forms.HiddenInput()
    question = Question(
        title=f"Rename {agent.title} to {name}?",
        explanation=f"As an address, the new name is {name}. {_after_renaming(agent)}",
        button=f"Rename to {name}",
        back=reverse("admin:catalog_agent_rename", args=[agent.pk]),
    )
    return ask(request, question, form)


def _after_renaming(agent: Agent) -> str:
    leads = "The old address leads to the new one for ever."
    if not agent.versions.exists():
        return "Nobody knows the old one yet: nothing of it is kept."
    if agent.latest_version_id is None:
        return leads
    return (
        f"This publishes a new version: the latest text under the new name. {leads} People who installed it keep the "
        "old name until they update."
    )


def deprecate_agent(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, PUBLISH)
    agent = get_object_or_404(Agent.objects.select_related("successor"), pk=pk)
    initial = {"note": agent.deprecation_note, "successor": agent.successor.name if agent.successor else ""}
    form = DeprecateForm(request.POST if request.method == "POST" else None, initial=initial)
    if answered(request, form):
        with refusals_in(form):
            publishing.deprecate(agent, by=actor(request), **form.cleaned_data)
            messages.success(request, f"{agent.title} is marked as deprecated.")
            return redirect("admin:catalog_agent_change", pk)
    question = Question(
        title=f"Deprecate {agent.title}?",
        explanation="Its page tells people not to begin using it, and what to use instead. It can still be installed.",
        button="Deprecate",
        back=_back(pk),
    )
    return ask(request, question, form)


def undeprecate_agent(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, PUBLISH)
    agent = get_object_or_404(Agent, pk=pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if answered(request, form):
        publishing.undeprecate(agent, by=actor(request))
        messages.success(request, f"{agent.title} is recommended again.")
        return redirect("admin:catalog_agent_change", pk)
    question = Question(
        title=f"Recommend {agent.title} again?",
        explanation="The warning at the top of its page goes away.",
        button="Recommend again",
        back=_back(pk),
    )
    return ask(request, question, form)


def _back(pk: int) -> str:
    return reverse("admin:catalog_agent_change", args=[pk])
