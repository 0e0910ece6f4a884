"""Throwing a draft away, after a question. Imports `drafting`."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from catalog import drafting
from catalog.admin.pages import Question, actor, answered, ask, require
from catalog.models import Draft
from catalog.publishing import NotPublishable


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
        except NotPublishable as refusal:
            messages.error(request, f"Nothing was discarded. {refusal}")
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
