"""Drafts, for programs with a token that may read them. Imports `models` and `definition`.

No cache keeps an answer, and one that may not be seen is answered as one that is not there.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query

from catalog.api import cursors
from catalog.api.access import actor, token_of
from catalog.api.errors import ApiProblem, Kind, problems
from catalog.api.routes import Name, drafts
from catalog.api.schemas import DraftsOut, VersionsIn
from catalog.api.transport import json_response
from catalog.definition import digest_of
from catalog.models import Draft, DraftQuerySet, Scope

REFUSED = (Kind.TOKEN_REQUIRED, Kind.FORBIDDEN)
PRIVATE = "private, no-store"


@drafts(
    "/drafts",
    response=DraftsOut,
    operation_id="list_drafts",
    summary="List drafts",
    openapi_extra=problems(*REFUSED, Kind.INVALID_CURSOR, Kind.INVALID_PARAMETERS),
)
def list_drafts(request: HttpRequest, asked: Query[VersionsIn]) -> HttpResponse:
    """The drafts of all agents that the token is not kept from, by name. Scope `read-drafts`."""
    found = _readable(request)
    if asked.cursor:
        (name,) = cursors.decode("drafts", asked.cursor, str)
        found = found.filter(agent__name__gt=name)
    rows = list(found.order_by("agent__name")[: asked.limit + 1])
    page = rows[: asked.limit]
    next_cursor = cursors.encode("drafts", page[-1].agent.name) if len(rows) > len(page) else None
    answer = {"items": [_shape(draft) for draft in page], "next_cursor": next_cursor}
    return json_response(answer, headers={"Cache-Control": PRIVATE})


@drafts(
    "/agents/{name}/draft",
    operation_id="get_draft",
    summary="Get a draft",
    openapi_extra=problems(*REFUSED, Kind.DRAFT_NOT_FOUND),
)
def get_draft(request: HttpRequest, name: Name) -> HttpResponse:
    """The text of a draft, as it stands. Scope `read-drafts`.

    Send its `ETag` as `If-Match` with the text you put in its place.
    """
    draft = _readable(request).filter(agent__name=name).first()
    if draft is None:
        raise ApiProblem(Kind.DRAFT_NOT_FOUND, f"There is no draft of an agent called {name!r} that this token sees.")
    source = draft.source.encode()
    headers = {"ETag": f'"{digest_of(source)}"', "Cache-Control": PRIVATE}
    return HttpResponse(source, content_type="text/markdown; charset=utf-8", headers=headers)


def _readable(request: HttpRequest) -> DraftQuerySet:
    actor(request, Scope.READ_DRAFTS)
    return Draft.objects.of_token(token_of(request)).select_related("agent", "base_version", "edited_by")


def _shape(draft: Draft) -> dict[str, Any]:
    source = draft.source.encode()
    return {
        "name": draft.agent.name,
        "title": draft.title or draft.agent.title,
        "state": draft.state,
        "digest": digest_of(source),
        "size": len(source),
        "note": draft.note,
        "base": draft.base_version.number if draft.base_version else None,
        "edited_at": draft.edited_at,
        "edited_by": draft.edited_by.get_username(),
    }
