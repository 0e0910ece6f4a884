"""Review: the queue of submitted drafts, and the page on which one is published or returned.

Imports `drafting`, `publishing`, `models` and `definition`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from catalog import drafting
from catalog.comparing import Row, compare, field_changes, shortened
from catalog.definition import Capability, Definition, InvalidDefinition, Severity, read
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft
from catalog.publishing import MAX_NOTE_LENGTH, NotPublishable, PublishConflict

from .advice import advice_on
from .cells import named
from .editor import desk as desks
from .editor.panes import PAGE, render_pane
from .events import said
from .findings import in_words, tally
from .pages import PUBLISH, actor, may, require, show
from .states import draft_of, later_version

QUEUE = "admin:catalog_draft_queue"
_PER_PAGE = 25
_EVERY_TOOL = {"all-tools", "no-tools"}
_BESIDE_TOOLS = {"bypasses-permissions", "runs-hooks", "starts-servers"}
_LONG = ("prompt", "description", "lead", "fields", "findings")
_WITH = ("latest_version", *(f"draft__{who}" for who in ("base_version", "edited_by", "submitted_by")))


# --- The queue ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Extent:
    """How much a text differs from another one, in lines."""

    new: int
    gone: int


@dataclass(frozen=True)
class Waiting:
    """A row of the queue."""

    draft: Draft
    named: str
    extent: Extent
    findings: str


def waiting() -> QuerySet[Draft]:
    """What waits for a reviewer, the longest waiting first, without the texts of versions."""
    drafts = Draft.objects.in_review().select_related("agent__latest_version", "submitted_by")
    return drafts.defer(*(f"agent__latest_version__{name}" for name in _LONG))


def show_queue(request: HttpRequest) -> HttpResponse:
    require(request, PUBLISH)
    page = Paginator(waiting(), _PER_PAGE).get_page(request.GET.get("page"))
    rows = [_waiting(draft) for draft in page.object_list]
    return show(request, "admin/review_queue.html", title="Review", page=page, rows=rows)


def _waiting(draft: Draft) -> Waiting:
    latest = draft.agent.latest_version
    color = latest.color if latest else str(read(draft.source).fields.get("color") or "")
    extent = extent_of(compare(latest.source if latest else "", draft.source))
    return Waiting(draft, named(draft.agent, color), extent, in_words(tally(draft.source, draft.agent.name)))


def extent_of(groups: list[list[Row]]) -> Extent:
    kinds = Counter(row.kind for group in groups for row in group)
    return Extent(kinds["new"], kinds["gone"])


# --- The page of one draft ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a reviewer wrote beside a draft."""

    reason: str = ""  # for whoever submitted it
    note: str = ""  # for the list of versions, where its author wrote none


def review_draft(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, PUBLISH)
    agent = get_object_or_404(Agent.objects.select_related(*_WITH), pk=pk)
    if request.method == "POST":
        return _answer(request, agent)
    draft = draft_of(agent)
    if draft is None or not draft.is_in_review:
        messages.info(request, f"{agent.title} is not in review. {_meanwhile(agent)}".strip())
        return redirect("admin:catalog_agent_change", pk)
    return _show(request, agent, draft)


def _answer(request: HttpRequest, agent: Agent) -> HttpResponse:
    """What the reviewer decided, of the text that was on the screen and of no other."""
    deed, draft = request.POST.get("do", ""), draft_of(agent)
    answer = Answer(request.POST.get("reason", ""), request.POST.get("note", "").strip())
    revision = request.POST.get("revision", "")
    if deed not in _DEEDS or not (revision.isdecimal() and len(revision) < 10):
        raise BadRequest("The form arrived without what was decided.")
    if deed == "recall":
        require(request, "change_draft")
    if draft is None or not draft.is_in_review:
        return _show_as_it_is_now(request, agent.pk, answer)
    try:
        return _DEEDS[deed](request, draft, int(revision), answer)
    except DraftConflict:
        return _show_as_it_is_now(request, agent.pk, answer)
    except PublishConflict as conflict:
        problem = (
            f"Not published: version {conflict.latest.number} was published after this was written. Return the draft, "
            "or edit it yourself, so that what is new there is not lost."
        )
    except InvalidDefinition as invalid:
        problem = f"Not published. {invalid.findings[0].message}"
    except NotPublishable as refusal:
        problem = str(refusal)
    return _show(request, agent, draft, problem, answer)


def _publish(request: HttpRequest, draft: Draft, revision: int, answer: Answer) -> HttpResponse:
    version, is_new = drafting.publish_draft(
        draft, by=actor(request), note="" if draft.note else answer.note, revision=revision
    )
    title = version.agent.title
    messages.success(
        request,
        f"{title} is published as version {version.number}."
        if is_new
        else f"Version {version.number} of {title} has this text already. The draft is gone.",
    )
    return redirect(QUEUE)


def _return(request: HttpRequest, draft: Draft, revision: int, answer: Answer) -> HttpResponse:
    drafting.return_(draft, by=actor(request), revision=revision, reason=answer.reason)
    messages.success(request, f"{draft.agent.title} went back to {draft.submitted_by}, with your reason.")
    return redirect(QUEUE)


def _recall(request: HttpRequest, draft: Draft, revision: int, answer: Answer) -> HttpResponse:
    drafting.recall(draft, by=actor(request), revision=revision)
    messages.success(request, "The draft is out of review now, and yours to edit.")
    return redirect("admin:catalog_agent_draft", draft.agent_id)


_DEEDS = {"publish": _publish, "return": _return, "recall": _recall}


def _show_as_it_is_now(request: HttpRequest, pk: int, answer: Answer) -> HttpResponse:
    """Somebody was faster: nothing is done; what the reviewer wrote is kept on the page."""
    agent = Agent.objects.select_related(*_WITH).get(pk=pk)
    draft = draft_of(agent)
    if draft and draft.is_in_review:
        problem = "Nothing was done: the text changed while you were reading. It stands here as it is now."
        return _show(request, agent, draft, problem, answer)
    problem = f"Nothing was done: this is not in review any more. {_meanwhile(agent)}"
    return show(
        request,
        "admin/review_over.html",
        title=f"Review: {agent.title}",
        agent=agent,
        draft=draft,
        problem=problem,
        answer=answer,
    )


def _meanwhile(agent: Agent) -> str:
    """What became of it, from the audit log: "elif took its draft back from review."."""
    event = agent.events.select_related("actor").first()
    return f"{event.actor or 'The catalog'} {said(event).rstrip('.')}." if event else ""


def _show(
    request: HttpRequest, agent: Agent, draft: Draft, problem: str = "", answer: Answer = Answer()
) -> HttpResponse:
    latest, definition = agent.latest_version, read(draft.source)
    changes = compare(latest.source, draft.source) if latest else []
    gained, lost = _capabilities(read(latest.source) if latest else None, definition)
    advice = advice_on(definition, agent.name)
    return show(
        request,
        "admin/review.html",
        title=f"Review: {agent.title}",
        agent=agent,
        draft=draft,
        latest=latest,
        later=later_version(draft, latest),
        problem=problem,
        answer=answer,
        max_length=MAX_NOTE_LENGTH,
        advice=advice,
        is_publishable=not any(item.finding.severity is Severity.ERROR for item in advice),
        changes=shortened(changes),
        by_field=field_changes(read(latest.source), definition, title=None) if latest else [],
        extent=extent_of(changes),
        gained=gained,
        lost=lost,
        page=render_pane(PAGE, desks.stored(agent, draft), may_write=False),
        is_new=latest is None and not agent.versions.exists(),
        may_edit=may(request, "change_draft"),
        others=Draft.objects.in_review().exclude(pk=draft.pk).count(),
    )


def _capabilities(before: Definition | None, after: Definition) -> tuple[list[Capability], list[Capability]]:
    """What the agent may do that it might not before, and the other way round."""
    had, has = before.capabilities if before else (), after.capabilities
    return _beyond(had, has), _beyond(has, had)


def _beyond(had: Collection[Capability], has: Collection[Capability]) -> list[Capability]:
    """What `has` adds to `had`; to every tool, no tool adds anything."""
    codes = {capability.code for capability in had}
    more = [capability for capability in has if capability not in had]
    return [one for one in more if one.code in _BESIDE_TOOLS] if codes & _EVERY_TOOL else more
