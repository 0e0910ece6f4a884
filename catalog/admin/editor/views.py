"""The editor: one page for the draft of an agent, and what its scripts ask while somebody types. Imports `drafting`.

Without script the page is a form like any other. With it, `live` is asked after each pause in typing: it answers
with the pane and what stands beside the fields, and stores the text when it is told to.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from catalog import drafting
from catalog.admin.names import suggested
from catalog.admin.pages import PUBLISH, actor, may, require, require_sight, show
from catalog.admin.states import draft_of, later_version
from catalog.models import Agent, Draft
from catalog.publishing import MAX_NOTE_LENGTH

from . import desk as desks
from .conflict import as_json
from .deeds import attempt, rights_for
from .desk import Desk, Sheet, example_moved
from .form import Shown, shown
from .panes import CHECKS, PAGE, PANES, Beside, beside, render_pane

_WITH = ("draft__edited_by", "draft__base_version", "draft__submitted_by", "draft__returned_by", "latest_version")


def _agent(pk: int) -> Agent:
    return get_object_or_404(Agent.objects.select_related(*_WITH), pk=pk)


# --- The page ------------------------------------------------------------------------------------


def edit_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows an agent's draft; a POST does what its `do` says."""
    require_sight(request, "draft")
    agent = _agent(pk)
    if request.method == "POST":
        return _answer(request, agent)
    draft = draft_of(agent)
    if draft is None:
        may_start = may(request, "add_draft")
        return show(request, "admin/no_draft.html", title=f"{agent.title}: no draft", agent=agent, may_start=may_start)
    view = desks.SOURCE if request.GET.get("view") == desks.SOURCE else desks.FORM
    return _page(request, desks.stored(agent, draft, view))


def _answer(request: HttpRequest, agent: Agent) -> HttpResponse:
    deed = request.POST.get("do", "save")
    sheet: Sheet = request.POST
    if deed.startswith("example ") and deed != "example add":
        sheet = MultiValueDict(example_moved(dict(sheet.lists()), deed))
    desk = desks.sent(agent, sheet)
    require(request, *rights_for(deed, desk))
    said = attempt(desk, deed, sheet, actor(request))
    if deed == "example add":
        desk.blank_cards = 1
    elif said and not desk.problems:
        messages.success(request, said)
        if not Draft.objects.filter(agent=agent).exists():  # it is published
            return redirect("admin:catalog_agent_change", agent.pk)
        where = {name: value for name in ("view", "pane") if (value := request.GET.get(name))}
        address = reverse("admin:catalog_agent_draft", args=[agent.pk])
        return redirect(f"{address}?{urlencode(where)}" if where else address)
    elif said:
        desk.trouble = "Saved, but for what stands beside the marked fields."
    return _page(request, desk)


def _page(request: HttpRequest, desk: Desk) -> HttpResponse:
    pane = CHECKS if desk.trouble else request.GET.get("pane", PAGE)
    pane = pane if pane in PANES else PAGE
    around = _around(request, desk)
    if desk.conflict:
        desk.view = desks.SOURCE  # the text as it stands, to be compared with the other one
    context: dict[str, Any] = {
        **around,
        "title": f"{desk.title}: draft",
        "agent": desk.agent,
        "draft": desk.draft,
        "pane": pane,
        "is_pane_asked_for": bool((desk.trouble and not desk.stopped_by) or "pane" in request.GET),
        "pane_html": render_pane(pane, desk, may_write=around["may_write"]),
        "later": later_version(desk.draft, desk.agent.latest_version) if desk.draft else None,
        "note_max_length": MAX_NOTE_LENGTH,
        "page_data": {
            "base": desk.base,
            "given": {"title": desk.base_title, "note": desk.base_note},
            "suggestedName": suggested(desk.title),
            "revision": desk.revision,
            "user": actor(request).get_username(),
            "inReview": bool(desk.draft and desk.draft.is_in_review),
            "isNoteDue": _is_note_due(desk, around["beside"]),
            "isUnsaved": bool(desk.conflict or (desk.trouble and not desk.is_saved)),
        },
    }
    return show(request, "admin/editor/page.html", **context)


def _around(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    """The form over the text, what stands beside its fields, and what the person may do with it."""
    rights = _rights(request, desk)
    form = _shown(desk)
    said = beside(desk, (*form.names, "note"), may_write=rights["may_write"])
    told = {"beside": said, "findings": said.findings, "name_note": said.name_html}
    return {"desk": desk, "form": form, **told, **rights}


def _rights(request: HttpRequest, desk: Desk) -> dict[str, bool]:
    frozen = bool(desk.draft and desk.draft.is_in_review)
    may_change = may(request, "change_draft" if desk.draft else "add_draft")
    return {
        "may_write": may_change and not frozen,
        "may_recall": may_change and frozen,
        "may_publish": may(request, "change_draft", PUBLISH),
        "may_discard": desk.draft is not None and not frozen and may(request, "delete_draft"),
    }


def _shown(desk: Desk) -> Shown:
    return shown(
        desk.definition,
        title=desk.title,
        may_rename=desk.is_new,
        blank_cards=desk.blank_cards,
        typed=desk.sheet,
        problems=desk.problems,
    )


# --- While somebody types ---------------------------------------------------------------------------


def live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers a page's script with JSON: what the text it sends looks like, stored where `do` asks for it.

    200 with the pane, the small texts by element id and, where the values changed, the form; 409 with both texts
    where somebody else wrote meanwhile; 422 with a sentence where the text cannot be stored.
    """
    require_sight(request, "draft")
    asked = _asked(request)
    deed, sheet = str(asked.get("do", "look")), _sheet(asked)
    if asked.get("user") not in (None, actor(request).get_username()):
        return JsonResponse({"logIn": True}, status=401)  # the text is somebody else's
    base, unheard = asked.get("base"), asked.get("unheard")
    desk = desks.sent(
        _agent(pk), sheet, base if isinstance(base, str) else None, _entries(unheard) if unheard else None
    )
    said = ""
    if deed not in ("look", "form"):
        require(request, *rights_for(deed, desk))
        said = attempt(desk, deed, sheet, actor(request))
    if desk.conflict:
        html = render_to_string("admin/editor/_conflict.html", {"conflict": desk.conflict, "desk": desk}, request)
        return JsonResponse({"conflict": as_json(desk.conflict, html)}, status=409)
    around = _around(request, desk)
    answer = _seen(desk, around, str(asked.get("pane", PAGE)))
    if desk.is_renewed or deed.split(" ")[0] in ("form", "mend", "merge", "take", "keep"):
        if deed == "form":
            desk.view = desks.FORM
        answer |= {"form": _fields(request, desk, around), "view": desk.view}
    if desk.trouble:
        return JsonResponse({**answer, "trouble": desk.trouble}, status=422)
    return JsonResponse({**answer, "said": said})


def _asked(request: HttpRequest) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadRequest("This is no JSON.") from None
    if request.method != "POST" or not isinstance(asked, dict):
        raise BadRequest("A JSON object is expected.")
    return asked


def _sheet(asked: dict[str, Any]) -> Sheet:
    """The fields as a form would have sent them."""
    sheet = _entries(asked.get("entries"))
    for name in ("revision", "theirs", "base_title", "base_note"):
        if name in asked:
            sheet[name] = str(asked[name])
    return sheet


def _entries(entries: object) -> Sheet:
    sheet: Sheet = MultiValueDict()
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
            sheet.appendlist(*entry)
    return sheet


def _seen(desk: Desk, around: dict[str, Any], pane: str) -> dict[str, Any]:
    said: Beside = around["beside"]
    parts = {f"findings-{name}": html for name, html in said.findings.items()}
    parts["gauge"] = render_to_string("admin/editor/_gauge.html", {"form": around["form"]})
    if desk.is_new:
        parts["name-note"] = said.name_html
    return {
        "revision": desk.revision,
        "saved": desk.is_saved,
        "base": desk.base if desk.is_saved else None,
        "beside": {"title": desk.title, "note": desk.note},
        "given": {"title": desk.base_title, "note": desk.base_note},
        "source": desk.source,
        "whole": not desk.problems,
        "pane": render_pane(pane, desk, may_write=around["may_write"]),
        "parts": parts,
        "count": said.count,
        "errors": said.problem_count,
        "isNoteDue": _is_note_due(desk, said),
        "suggestedName": suggested(desk.title) if desk.is_new else None,
    }


def _is_note_due(desk: Desk, said: Beside) -> bool:
    """Whether publishing would make a version after another one, of which somebody will ask what changed in it."""
    latest = desk.agent.latest_version
    is_change = not desk.is_new and (latest is None or latest.source != desk.source)
    return is_change and not said.problem_count and not desk.missing_lead


def _fields(request: HttpRequest, desk: Desk, around: dict[str, Any]) -> str:
    if desk.view == desks.SOURCE:
        return render_to_string("admin/editor/_source.html", {**around, "source": desk.source}, request)
    return render_to_string("admin/editor/_form.html", around, request)


# --- Opening -------------------------------------------------------------------------------------------


def open_draft(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        return redirect("admin:catalog_agent_draft", pk)
    require(request, "add_draft")
    agent = get_object_or_404(Agent, pk=pk)
    drafting.open_draft(agent, by=actor(request))
    return redirect("admin:catalog_agent_draft", pk)
