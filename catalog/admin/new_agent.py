"""A new agent from a text that is pasted or written. Imports `drafting`, `publishing` and `definition`."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent
from catalog.publishing import NotPublishable

from .lines import with_own_line_ends
from .pages import actor, require, show

STARTING_TEXT = """\
---
name: my-agent
description: Use this agent when you … Say for which tasks it is meant, in one or two sentences.
model: inherit
---

You are …

## How you work

1. …

## What you give back

…
"""


class _Known(Exception):
    def __init__(self, agent: Agent) -> None:
        self.agent = agent


def add_agent(request: HttpRequest) -> HttpResponse:
    require(request, "add_agent", "add_draft")
    source, problem = STARTING_TEXT, None
    if request.method == "POST":
        source = with_own_line_ends(request.POST.get("source", ""), "")
        try:
            agent = _register(request, source)
        except NotPublishable as refusal:
            problem = str(refusal)
        except _Known as known:
            address = reverse("admin:catalog_agent_change", args=[known.agent.pk])
            problem = format_html(
                'There is an agent named {} already: <a href="{}">{}</a>. Write another name, or edit that one.',
                known.agent.name,
                address,
                known.agent.title,
            )
        else:
            messages.success(request, "Saved as a draft. Not published yet.")
            return redirect("admin:catalog_agent_draft", agent.pk)
    return show(request, "admin/new_agent.html", title="New agent", source=source, problem=problem)


def _register(request: HttpRequest, source: str) -> Agent:
    """The agent this text names, with the text as its draft. Raises NotPublishable; _Known where there is one."""
    definition = read(source)
    for finding in definition.findings:
        if finding.code == "file-too-large":  # its name was not even looked for
            raise NotPublishable(finding.message)
    with transaction.atomic():
        agent, is_new = publishing.register(definition, by=actor(request))
        if not is_new:
            raise _Known(agent)
        drafting.open_draft(agent, by=actor(request), source=source)
    return agent
