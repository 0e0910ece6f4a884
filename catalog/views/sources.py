"""The source of an agent: at an address of its own, and at that of the page for who asks for Markdown.

Imports `downloads`, `models`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from catalog.downloads import find_source, source_response
from catalog.models import Agent

from .freshness import NOT_KEPT
from .names import known_as

HTML, MARKDOWN = "text/html", "text/markdown"


def answered_shortly(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Its answers are files: they need nothing of what pages need (`config.middleware.short_way`)."""
    view.goes_the_short_way = True  # type: ignore[attr-defined]
    return view


@answered_shortly
@require_safe
def agent_source(request: HttpRequest, name: str) -> HttpResponse:
    source = find_source(name)
    if source is not None:
        return source_response(request, source, pinned=False)
    agent = known_as(name, Agent.objects.all())
    if agent.latest_version_id is None:
        sentence = gettext("Every version of %(name)s has been withdrawn. Its pinned addresses still answer.")
        text = sentence % {"name": agent.name} + "\n"
        # Gone is kept by default, and this may be taken back.
        headers = {"Cache-Control": NOT_KEPT}
        return HttpResponse(text, status=410, content_type="text/plain; charset=utf-8", headers=headers)
    return _under_present_name(request, agent, None)


@answered_shortly
@require_safe
def version_source(request: HttpRequest, name: str, number: int) -> HttpResponse:
    source = find_source(name, number)
    if source is not None:
        return source_response(request, source, pinned=True)
    return _under_present_name(request, known_as(name, Agent.objects.all()), number)


def _under_present_name(request: HttpRequest, agent: Agent, number: int | None) -> HttpResponse:
    """The file itself where its agent was asked for by another name.

    No redirect: `curl -o` without -L would write its empty body over the installed agent and call it done.
    """
    source = find_source(agent.name, number)
    if source is None:
        raise Http404("There is no such version.")
    return source_response(request, source, pinned=False)


def or_source(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that answers those who would rather have Markdown with the source it shows."""

    @functools.wraps(view)
    def answer(request: HttpRequest, name: str, number: int | None = None) -> HttpResponse:
        if request.get_preferred_type([HTML, MARKDOWN]) == MARKDOWN:
            response = _for_this_reader(request, name, number)
        else:
            response = view(request, name) if number is None else view(request, name, number)
        patch_vary_headers(response, ["Accept"])
        return response

    return answer


def _for_this_reader(request: HttpRequest, name: str, number: int | None) -> HttpResponse:
    response = agent_source(request, name) if number is None else version_source(request, name, number)
    if response.status_code < 400:
        # Many caches that stand between do not look at Vary: they would give the file to people in place of the page.
        response.headers["Cache-Control"] = "private, no-cache"
    return response
