"""What becomes of one definition that is imported: foreseen by reading alone, then carried out.

Imports `models`, `publishing`, `drafting` and `definition`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from catalog.definition import Definition, Finding, Severity
from catalog.drafting import DraftConflict, open_draft, publish_draft
from catalog.models import Agent, Draft
from catalog.publishing import NotPublishable, PublishConflict, publish, register

from .shelves import category_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Outcome(StrEnum):
    PUBLISHED = "published"  # a new version
    UNCHANGED = "unchanged"  # the catalog, or this import, has these very bytes already
    DRAFT = "draft"  # a new draft
    CONFLICT = "conflict"  # an earlier file of this import has the name and another text: nothing was written
    IGNORED = "ignored"  # a README or the like, without frontmatter: nothing that was meant to be an agent
    REFUSED = "refused"  # not taken, for the reason its first finding gives: nothing was written


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome for one definition, and the sentence for people; `finding` where it was not taken."""

    outcome: Outcome
    message: str
    number: int | None = None
    finding: Finding | None = None


def not_taken(outcome: Outcome, code: str, message: str, field: str | None = None) -> Result:
    return Result(outcome, message, finding=Finding(code, Severity.ERROR, message, field))


def falls_together(definition: Definition, agent: Agent | None) -> Finding | None:
    """The warning for a file whose name, written otherwise, is the address of an agent that is there already."""
    latest = agent.latest_version if agent else None
    if latest is None or latest.fields.get("name") == definition.fields.get("name"):
        return None
    message = (
        f"The name “{definition.fields['name']}” gives the same address as “{latest.fields.get('name')}”, which the "
        "catalog has. Make sure that both are meant to be one agent; else give this one another name."
    )
    return Finding("name-falls-together", Severity.WARNING, message, "name", definition.line_of("name"))


def find_agent(name: str) -> Agent | None:
    """The agent with this name, now or before a rename."""
    return Agent.objects.filter(name=name).first() or Agent.objects.once_named(name).first()


def foresee(definition: Definition, agent: Agent | None, *, publishing: bool) -> Result:
    """What importing `definition` comes to as things are; writes nothing."""
    if agent is None:
        return _next_version(1) if publishing else _draft()
    if agent.name != definition.name:
        return not_taken(
            Outcome.REFUSED,
            "name-renamed",
            f"{definition.name} was renamed to {agent.name}: put 'name: {agent.name}' in the file.",
            "name",
        )
    return _known_version(definition, agent) or (
        _next_version(_newest_number(agent) + 1) if publishing else _beside_draft(definition, agent)
    )


def carry_out(
    definition: Definition, agent: Agent | None, folders: Sequence[str], *, by: User, publishing: bool
) -> Result:
    """Publish `definition`, or open a draft with it, in one transaction: all of it or nothing is written.

    A new agent stands on the shelf its folders name; an existing one stays where it is.
    """
    try:
        with transaction.atomic():
            draft = _draft_of(agent) if agent else None
            if agent is None:
                # What readers browse by is made by those who may publish; others find what is there.
                category = category_of(folders, may_make=publishing or by.has_perm("catalog.add_category"))
                agent, _ = register(definition, by=by, category=category)
            return _publish(definition, agent, draft, by) if publishing else _open_draft(definition, agent, by)
    except (DraftConflict, PublishConflict) as conflict:
        return not_taken(Outcome.REFUSED, "changed-meanwhile", str(conflict))
    except NotPublishable as refusal:
        return not_taken(Outcome.REFUSED, "not-publishable", str(refusal))


def _publish(definition: Definition, agent: Agent, draft: Draft | None, by: User) -> Result:
    """Publish the draft where it is this text, so that it is gone afterwards; else beside it."""
    if draft and draft.base_version_id == agent.latest_version_id and draft.source == definition.source:
        version, is_new = publish_draft(draft, by=by, revision=draft.revision)
    else:
        version, is_new = publish(agent, definition, by=by)
    return _next_version(version.number) if is_new else _unchanged(version.number)


def _open_draft(definition: Definition, agent: Agent, by: User) -> Result:
    draft = open_draft(agent, by=by, source=definition.source)
    return _draft() if draft.source == definition.source else _other_draft(agent)


def _known_version(definition: Definition, agent: Agent) -> Result | None:
    """The result for the text on offer and for one that was withdrawn; None for every other, an older one too.

    Who imports a file asks for its text: where a later one is on offer the file's becomes the next version.
    Only a withdrawal is not undone this way.
    """
    known = agent.versions.filter(digest=definition.digest).only("number", "yanked_at").newest_first().first()
    if known is None:
        return None
    if known.is_yanked:
        return not_taken(
            Outcome.REFUSED,
            "version-withdrawn",
            f"This is the text of version {known.number} of {agent.name}, which was withdrawn.",
        )
    return _unchanged(known.number) if known.pk == agent.latest_version_id else None


def _beside_draft(definition: Definition, agent: Agent) -> Result:
    draft = _draft_of(agent)
    if draft is None:
        return _draft()
    if draft.source == definition.source:
        return Result(Outcome.UNCHANGED, "The draft has this text already.")
    return _other_draft(agent)


def _newest_number(agent: Agent) -> int:
    return agent.versions.aggregate(newest=Max("number"))["newest"] or 0


def _draft_of(agent: Agent) -> Draft | None:
    return getattr(agent, "draft", None)


def _next_version(number: int) -> Result:
    return Result(Outcome.PUBLISHED, f"Version {number}.", number)


def _unchanged(number: int) -> Result:
    return Result(Outcome.UNCHANGED, f"Version {number} has this text already.", number)


def _draft() -> Result:
    return Result(Outcome.DRAFT, "A draft.")


def _other_draft(agent: Agent) -> Result:
    return not_taken(
        Outcome.REFUSED,
        "draft-open",
        f"{agent.name} has an open draft with another text: publish or discard it first.",
    )
