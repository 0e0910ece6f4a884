"""One agent: its page, the pages of its versions, and their sources."""

from __future__ import annotations

import shlex

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.definition import fold_name, read
from catalog.downloads import find_source, source_response
from catalog.models import Agent, AgentQuerySet, Version
from catalog.rendering import Heading, headings, render_prompt, render_source

from .browsing import EVERYTHING

VERSIONS_SHOWN = 100
CONTENTS_MAX = 32


@require_safe
def agent_detail(request: HttpRequest, name: str) -> HttpResponse:
    agent = _known_as(name, _rows().select_related("latest_version__published_by"))
    if agent.name != name:
        return _moved(request, agent.get_absolute_url())
    if agent.latest_version is None:
        context = {"agent": agent, "versions": _versions(agent)}
        return render(request, "catalog/agent_withdrawn.html", context)
    return _version_page(request, "catalog/agent_detail.html", agent, agent.latest_version)


@require_safe
def version_detail(request: HttpRequest, name: str, number: int) -> HttpResponse:
    agent = _known_as(name, _rows().defer("latest_version__source", "latest_version__prompt"))
    if agent.name != name:
        return _moved(request, reverse("catalog:version_detail", args=[agent.name, number]))
    version = get_object_or_404(agent.versions.select_related("published_by"), number=number)
    return _version_page(request, "catalog/version_detail.html", agent, version)


def _rows() -> AgentQuerySet:
    return Agent.objects.select_related("category", "successor", "latest_version")


def _known_as(name: str, agents: AgentQuerySet) -> Agent:
    """The agent that the public knows by this name, by another spelling of it, or by a former name; else 404."""
    folded = fold_name(name)
    agent = agents.filter(name=name).first()
    if agent is None:
        former = Q(former_names__name__in={name, folded})
        agent = agents.filter(former | Q(name=folded)).first()
    if agent is None or (agent.latest_version_id is None and not agent.versions.exists()):
        raise Http404("There is no such agent.")
    return agent


def _moved(request: HttpRequest, address: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


def _version_page(request: HttpRequest, template: str, agent: Agent, version: Version) -> HttpResponse:
    pinned = reverse("catalog:version_source", args=[agent.name, version.number])
    is_pinned = template == "catalog/version_detail.html"
    source = pinned if is_pinned else reverse("catalog:agent_source", args=[agent.name])
    definition = read(version.source)
    context = {
        "agent": agent,
        "version": version,
        "definition": definition,
        "is_latest": version.pk == agent.latest_version_id,
        "examples": version.examples.all(),
        "findings": {
            "weighty": [f for f in version.findings if f["severity"] != "note"],
            "notes": [f for f in version.findings if f["severity"] == "note"],
        },
        "versions": _versions(agent),
        "tags": [(tag.name, EVERYTHING.address(tag=tag.name)) for tag in agent.tags.all()],
        "category_address": EVERYTHING.address(category=agent.category.name) if agent.category else "",
        "canonical": settings.CATALOG_BASE_URL + (version if is_pinned else agent).get_absolute_url(),
        "source_address": source,
        "pinned_address": pinned,
        "install": _install_command(agent.name, source),
    }
    if request.GET.get("view") == "source":
        context["source"] = render_source(version.source)
    else:
        context["prompt"] = render_prompt(version.prompt)
        context["prompt_starts_at"] = _units(version.source.removesuffix(definition.prompt))
        context["contents"] = _contents(headings(version.prompt))
    return render(request, template, context)


def _versions(agent: Agent) -> list[Version]:
    rows = agent.versions.newest_first().select_related("published_by")
    return list(
        rows.only("agent", "number", "note", "published_at", "published_by", "yanked_at", "yank_reason")[
            :VERSIONS_SHOWN
        ]
    )


def _contents(found: list[Heading]) -> list[tuple[int, Heading]]:
    """As many levels of headings as fit beside the text, each with its depth from 0."""
    levels = sorted({heading.level for heading in found})
    while len(levels) > 1 and sum(heading.level in levels for heading in found) > CONTENTS_MAX:
        levels.pop()
    chosen = [(levels.index(heading.level), heading) for heading in found if heading.level in levels]
    return chosen if len(chosen) > 1 else []


def _install_command(name: str, address: str) -> list[str]:
    """The command in the parts between which a line may best be broken."""
    file = shlex.quote(f".claude/agents/{name}.md")
    return ["curl --create-dirs -fsSLo", file, shlex.quote(settings.CATALOG_BASE_URL + address)]


def _units(text: str) -> int:
    """The length of a text as scripts in a browser count it."""
    return len(text.encode("utf-16-le")) // 2


@require_safe
def agent_source(request: HttpRequest, name: str) -> HttpResponse:
    source = find_source(name)
    if source is not None:
        return source_response(request, source, pinned=False, filename=f"{name}.md")
    agent = _known_as(name, Agent.objects.all())
    if agent.latest_version_id is None:
        sentence = f"Every version of {agent.name} has been withdrawn. Its pinned addresses still answer.\n"
        return HttpResponse(sentence, status=410, content_type="text/plain; charset=utf-8")
    return _under_present_name(request, agent, None)


@require_safe
def version_source(request: HttpRequest, name: str, number: int) -> HttpResponse:
    source = find_source(name, number)
    if source is not None:
        return source_response(request, source, pinned=True, filename=f"{name}.md")
    return _under_present_name(request, _known_as(name, Agent.objects.all()), number)


def _under_present_name(request: HttpRequest, agent: Agent, number: int | None) -> HttpResponse:
    """The file itself where its agent was asked for by another name.

    No redirect: `curl -o` without -L would write its empty body over the installed agent and call it done.
    """
    source = find_source(agent.name, number)
    if source is None:
        raise Http404("There is no such version.")
    return source_response(request, source, pinned=False, filename=f"{agent.name}.md")
