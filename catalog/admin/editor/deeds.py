"""What can be done with the text on the desk: store it, mend it, merge it, hand it on. Imports `drafting`.

Every deed says in a sentence what it did, or leaves on the desk why it did not; the text is kept in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import Http404

from catalog import drafting
from catalog.admin.advice import mend
from catalog.admin.pages import PUBLISH
from catalog.admin.states import draft_of
from catalog.definition import InvalidDefinition, InvalidValue
from catalog.drafting import DraftConflict
from catalog.models import Draft, Version
from catalog.publishing import NotPublishable, PublishConflict

from .conflict import conflict_of
from .desk import FORM, Desk, Sheet, title_in
from .merging import merge, mine_where_both_changed
from .naming import name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAVED = "Saved. Not published yet."


def attempt(desk: Desk, deed: str, sheet: Sheet, by: User) -> str:
    """Carry out a deed; the sentence about it, or "" where the desk says what stands in the way."""
    try:
        verb, rest = _verb_of(deed)
        return DEEDS[verb](desk, rest, sheet, by)
    except InvalidDefinition as invalid:
        desk.trouble = _mend_first(invalid, deed)
    except PublishConflict as conflict:
        latest = conflict.latest.number
        desk.trouble = f"Saved, but not published: version {latest} was published since. Compare the two first."
    except DraftConflict as conflict:
        desk.is_saved = False
        desk.conflict = conflict_of(conflict.draft, desk.base, desk.source, by, agent=desk.agent)
        desk.beside_conflict = _both_wrote(desk, conflict.draft) if conflict.draft else []
    except (NotPublishable, InvalidValue) as refusal:
        kept = {"publish": "Saved, but not published", "submit": "Saved, but not submitted"}.get(deed, "Saved")
        desk.trouble = f"{kept if desk.is_saved else 'Not saved'}. {refusal}"
    return ""


def rights_for(deed: str, desk: Desk) -> tuple[str, ...]:
    """The permissions a deed needs."""
    writes = "change_draft" if desk.draft else "add_draft"
    return (writes, PUBLISH) if _verb_of(deed)[0] == "publish" else (writes,)


def _verb_of(deed: str) -> tuple[str, str]:
    """The verb of a button's value and what follows it; whatever is none of ours saves."""
    verb, _, rest = deed.partition(" ")
    return (verb, rest) if verb in DEEDS else ("save", "")


# --- Storing --------------------------------------------------------------------------------------


def _save(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    try:
        desk.stored_as(_stored(desk, by))
    except DraftConflict as conflict:
        if not _goes_on_from(desk, conflict.draft):
            raise
        desk.stored_as(_stored(desk, by))
    return SAVED


def _goes_on_from(desk: Desk, theirs: Draft | None) -> bool:
    """Whether nobody's text is lost where this one goes on from a later revision: one of the two changed nothing,
    or the later one is what this page sent before and heard no answer to."""
    if theirs is None or theirs.is_in_review:
        return False
    if theirs.source == desk.unheard:
        _go_on_from(desk, theirs)
        return True
    if desk.base not in (desk.source, theirs.source) or desk.problems or _both_wrote(desk, theirs):
        return False
    if desk.source == desk.base != theirs.source:
        desk.put(theirs.source)
        desk.is_renewed = True
    _go_on_from(desk, theirs)
    return True


def _go_on_from(desk: Desk, theirs: Draft) -> None:
    """Title and note that were not written here are theirs."""
    desk.draft, desk.revision = theirs, theirs.revision
    for name, value in (("title", title_in(theirs)), ("note", theirs.note)):
        if name not in desk.wrote:
            setattr(desk, name, value)


def _both_wrote(desk: Desk, theirs: Draft) -> list[str]:
    """What is to be said of a title or note that both changed, and not alike."""
    beside = (
        ("title", desk.title, desk.base_title, title_in(theirs)),
        ("note", desk.note, desk.base_note, theirs.note),
    )
    return [
        f"The {name}: yours is “{mine}”, the other one is “{other}”. Unless you take theirs, yours stands."
        for name, mine, given, other in beside
        if name in desk.wrote and other not in (given, mine)
    ]


def _stored(desk: Desk, by: User) -> Draft:
    title = None if "title" in desk.problems else desk.title
    note = None if "note" in desk.problems else desk.note
    if desk.revision:
        if desk.draft is None:
            raise DraftConflict(None)
        return drafting.save(desk.draft, desk.source, by=by, revision=desk.revision, note=note, title=title)
    draft = drafting.open_draft(desk.agent, by=by, source=desk.source)
    if draft.source != desk.source:
        raise DraftConflict(draft)
    return drafting.save(draft, desk.source, by=by, revision=draft.revision, note=note, title=title)


def _mend(desk: Desk, key: str, sheet: Sheet, by: User) -> str:
    source, said = mend(desk.source, key, name_of(desk))
    desk.put(source)
    _save(desk, "", sheet, by)
    return said


# --- Two texts --------------------------------------------------------------------------------------


def _keep(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    """Let this text stand where both changed, against the one that the person has seen; the rest of theirs stays."""
    theirs = draft_of(desk.agent)
    if theirs:
        _go_on_from(desk, theirs)
    desk.revision = _number(sheet, "theirs")
    both = mine_where_both_changed(desk.base, desk.source, theirs.source) if theirs else None
    if both is not None:
        desk.put(both)
    desk.stored_as(_stored(desk, by))
    if both is None:
        return "Saved. Your text stands now."
    return "Saved. Where both of you changed something, yours stands; their other changes are in the text."


def _merge(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    theirs = draft_of(desk.agent)
    if theirs is None or theirs.revision != _number(sheet, "theirs"):
        raise DraftConflict(theirs)
    both = merge(desk.base, desk.source, theirs.source)
    if both.source is None:
        raise DraftConflict(theirs)
    desk.put(both.source)
    _go_on_from(desk, theirs)
    desk.stored_as(_stored(desk, by))
    desk.view = FORM
    return "Merged and saved: both of you are in the text."


def _take(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    """Go on with the stored text."""
    draft = draft_of(desk.agent)
    if draft is None:
        raise DraftConflict(None)
    desk.put(draft.source)
    desk.stored_as(draft)
    return "Their text is here now. Nothing was saved."


def _rebase(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    draft = _stored(desk, by)
    onto = Version.objects.filter(agent=desk.agent, number=_number(sheet, "onto")).first()
    if onto is None:
        raise Http404("There is no such version.")
    desk.stored_as(drafting.rebase(draft, onto, by=by, revision=draft.revision))
    return f"Saved, and compared with version {onto.number}. It can be published now."


# --- Handing on ---------------------------------------------------------------------------------------


def _submit(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    _hand_over(desk, by)
    desk.stored_as(drafting.submit(_of(desk), by=by, revision=desk.revision))
    return "Submitted. Somebody who may publish reads it now; you can take it back meanwhile."


def _recall(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    desk.stored_as(drafting.recall(_of(desk), by=by, revision=desk.revision))
    return "Taken back. Go on writing."


def _publish(desk: Desk, rest: str, sheet: Sheet, by: User) -> str:
    _hand_over(desk, by)
    _refuse_without_lead(desk)
    version, is_new = drafting.publish_draft(_of(desk), by=by, note=desk.note, revision=desk.revision)
    if is_new:
        return f"Published as version {version.number}."
    return f"Version {version.number} has this text already."


def _refuse_without_lead(desk: Desk) -> None:
    """Who writes an agent here says when to use it. What comes as a file may be published as it is."""
    if finding := desk.missing_lead:
        desk.stopped_by = finding.code
        raise NotPublishable(finding.message)


def _hand_over(desk: Desk, by: User) -> None:
    """Store what is on the page first; a text in review is stored already. Not with a field left behind."""
    if desk.draft and desk.draft.is_in_review and desk.draft.revision == desk.revision:
        desk.is_saved = True
        return
    desk.stored_as(_stored(desk, by))
    if desk.problems:
        raise NotPublishable(f"A field is not in the text yet. {next(iter(desk.problems.values()))}")


def _of(desk: Desk) -> Draft:
    if desk.draft is None:
        raise DraftConflict(None)
    return desk.draft


def _number(sheet: Sheet, name: str) -> int:
    value = sheet.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else 0


def _mend_first(invalid: InvalidDefinition, deed: str) -> str:
    done = "submitted" if deed == "submit" else "published"
    count = len(invalid.findings)
    what = "there is a problem" if count == 1 else f"there are {count} problems"
    return f"Saved, but not {done}: {what} to mend first. {invalid.findings[0].message}"


DEEDS: dict[str, Callable[[Desk, str, Sheet, User], str]] = {
    "save": _save,
    "mend": _mend,
    "keep": _keep,
    "merge": _merge,
    "take": _take,
    "rebase": _rebase,
    "submit": _submit,
    "recall": _recall,
    "publish": _publish,
}
