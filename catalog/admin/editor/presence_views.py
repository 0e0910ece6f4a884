"""What a page says while it is open, and when it is left. Imports `models`."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from catalog.admin.pages import actor, require_sight
from catalog.admin.states import draft_of
from catalog.models import Agent

from . import presence

_WINDOW = re.compile(r"[\w-]{1,40}", re.ASCII)
NAMED = 3
_SEEN = ("draft__revision", "draft__state", "draft__edited_by__username", "draft__edited_by__first_name")


@require_POST
def ping(request: HttpRequest, pk: int) -> JsonResponse:
    """A window is open. Tells who else is there, and which revision of the draft is stored (0: there is none).

    Takes JSON: {window, is_writing, revision}.
    """
    require_sight(request, "draft")
    said = _said(request)
    window = _window(said.get("window"))
    agent = get_object_or_404(Agent.objects.select_related("draft__edited_by").only("name", *_SEEN), pk=pk)
    others = presence.here(agent, actor(request), window, said.get("is_writing") is True)
    draft = draft_of(agent)
    named = others if len(others) <= NAMED + 1 else others[:NAMED]
    context = {"others": named, "more": len(others) - len(named)}
    return JsonResponse(
        {
            "others": [other.as_dict() for other in others],
            "html": render_to_string("admin/editor/_others.html", context).strip(),
            "revision": draft.revision if draft else 0,
            "edited_by": (draft.edited_by.get_short_name() or draft.edited_by.get_username()) if draft else "",
            "edited_by_me": draft is not None and draft.edited_by_id == actor(request).pk,
            "state": draft.state if draft else "",
        }
    )


@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """A window was closed: sent as a form, for that is what a page can send while it goes."""
    require_sight(request, "draft")
    presence.gone(Agent(pk=pk), actor(request), _window(request.POST.get("window")))
    return HttpResponse(status=204)


def _said(request: HttpRequest) -> dict[str, Any]:
    try:
        said = json.loads(request.body)
    except ValueError:
        raise BadRequest("This is no JSON.") from None
    if not isinstance(said, dict):
        raise BadRequest("A JSON object is expected.")
    return said


def _window(said: object) -> str:
    if not isinstance(said, str) or not _WINDOW.fullmatch(said):
        raise BadRequest("The name of the window is missing.")
    return said
