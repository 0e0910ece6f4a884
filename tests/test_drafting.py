"""The verbs of a text being worked on."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import drafting, publishing
from catalog.definition import InvalidDefinition, parse
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Event, Version
from catalog.publishing import NotPublishable, PublishConflict
from tests.sources import agent_source


def _source(text: str) -> str:
    return agent_source(prompt=f"{text}\n")


@pytest.fixture
def agent(publisher: User, publish_source: Callable[..., Version]) -> Agent:
    return publish_source(_source("One."), by=publisher).agent


@pytest.fixture
def draft(agent: Agent, editor: User) -> Draft:
    return drafting.open_draft(agent, by=editor)


# --- open ---


def test_a_new_draft_begins_with_the_latest_text(agent: Agent, editor: User) -> None:
    draft = drafting.open_draft(agent, by=editor)
    assert (draft.source, draft.base_version, draft.revision) == (_source("One."), agent.latest_version, 1)
    assert (draft.edited_by, draft.state) == (editor, Draft.State.EDITING)


def test_opening_again_gives_the_draft_there_is(draft: Draft, agent: Agent, publisher: User) -> None:
    again = drafting.open_draft(agent, by=publisher, source="another text")
    assert (again.pk, again.source, again.edited_by) == (draft.pk, draft.source, draft.edited_by)
    assert Draft.objects.count() == 1


def test_a_draft_can_begin_with_any_text(agent: Agent, editor: User) -> None:
    draft = drafting.open_draft(agent, by=editor, source="---\nname: half a")
    assert (draft.source, draft.base_version) == ("---\nname: half a", agent.latest_version)


def test_where_all_versions_are_withdrawn_a_draft_begins_with_the_newest(agent: Agent, editor: User) -> None:
    newest, _ = publishing.publish(agent, _source("Two."), by=editor)
    for version in agent.versions.all():
        publishing.yank(version, by=editor, reason="broken")
    assert drafting.open_draft(agent, by=editor).base_version == newest


def test_an_agent_without_a_version_has_a_draft_without_a_base(editor: User) -> None:
    agent, _ = publishing.register(parse(_source("One.")), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=_source("One."))
    assert draft.base_version is None
    version, is_new = drafting.publish_draft(draft, by=editor, revision=1)
    assert (version.number, is_new) == (1, True)


def test_an_agent_without_a_version_begins_with_its_name_alone(editor: User) -> None:
    agent, _ = publishing.register(parse(_source("One.")), by=editor)
    assert drafting.open_draft(agent, by=editor).source == "---\nname: code-reviewer\n---\n"


def test_opening_and_saving_a_draft_tells_nobody(draft: Draft, editor: User) -> None:
    lines = Event.objects.count()
    drafting.save(draft, "half", by=editor, revision=1)
    assert Event.objects.count() == lines
    assert Version.objects.count() == 1


# --- save ---


@pytest.mark.parametrize(
    "source", ["", "half a sentence", "---\nname: x\n", "\ufeff---\r\nname: a\r\n", "  \n\t日本語 📚\u202e \n\n"]
)
def test_any_text_is_saved_character_for_character(draft: Draft, publisher: User, source: str) -> None:
    saved = drafting.save(draft, source, by=publisher, revision=1)
    assert (saved.source, saved.revision, saved.edited_by) == (source, 2, publisher)
    assert Draft.objects.get().source == source


def test_saving_a_text_that_is_stored_changes_nothing(draft: Draft, publisher: User) -> None:
    for revision in (1, 1, 0):
        saved = drafting.save(draft, draft.source, by=publisher, revision=revision)
        assert (saved.revision, saved.edited_by, saved.edited_at) == (1, draft.edited_by, draft.edited_at)


def test_saving_over_a_revision_nobody_saw_is_a_conflict(draft: Draft, editor: User, publisher: User) -> None:
    theirs = drafting.save(draft, "theirs", by=publisher, revision=1)
    with pytest.raises(DraftConflict) as conflict:
        drafting.save(draft, "mine", by=editor, revision=1)
    assert (conflict.value.draft, conflict.value.draft.source) == (theirs, "theirs")
    assert Draft.objects.get().source == "theirs"


def test_saving_a_draft_that_is_gone_is_a_conflict(draft: Draft, editor: User) -> None:
    drafting.discard(draft, by=editor, revision=draft.revision)
    with pytest.raises(DraftConflict, match="published or discarded") as conflict:
        drafting.save(draft, draft.source, by=editor, revision=1)
    assert conflict.value.draft is None


def test_a_note_is_kept_until_another_is_given(draft: Draft, editor: User) -> None:
    saved = drafting.save(draft, draft.source, by=editor, revision=1, note="why")
    assert (saved.note, saved.revision) == ("why", 2)
    saved = drafting.save(draft, "text", by=editor, revision=2)
    assert (saved.note, saved.revision) == ("why", 3)
    assert drafting.save(draft, "text", by=editor, revision=3, note="").note == ""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a\x00b", r"U\+0000 in line 1"),
        ("a\n\udc00", r"U\+DC00 in line 2"),
        ("é" * (MAX_SOURCE_BYTES // 2) + "x", "262,145 bytes"),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused(draft: Draft, editor: User, source: str, sentence: str) -> None:
    with pytest.raises(NotPublishable, match=sentence):
        drafting.save(draft, source, by=editor, revision=1)
    with pytest.raises(NotPublishable, match=sentence):
        drafting.open_draft(draft.agent, by=editor, source=source)
    assert Draft.objects.get().revision == 1


def test_the_largest_file_is_saved(draft: Draft, editor: User) -> None:
    assert drafting.save(draft, "é" * (MAX_SOURCE_BYTES // 2), by=editor, revision=1).revision == 2


# --- publish, rebase, discard ---


def test_publishing_a_draft_makes_a_version_and_removes_it(draft: Draft, editor: User, publisher: User) -> None:
    drafting.save(draft, _source("Two."), by=editor, revision=1, note="second")
    version, is_new = drafting.publish_draft(draft, by=publisher, revision=2)
    assert (version.number, version.source, version.note, is_new) == (2, _source("Two."), "second", True)
    assert version.published_by == publisher
    assert not Draft.objects.exists()


def test_a_note_given_at_publishing_replaces_the_drafts_own(draft: Draft, editor: User) -> None:
    drafting.save(draft, _source("Two."), by=editor, revision=1, note="second")
    version, _ = drafting.publish_draft(draft, by=editor, revision=2, note="better")
    assert version.note == "better"


def test_publishing_an_untouched_draft_is_nothing_new_and_removes_it(draft: Draft, editor: User) -> None:
    version, is_new = drafting.publish_draft(draft, by=editor, revision=1)
    assert (version.number, is_new) == (1, False)
    assert not Draft.objects.exists()


def test_publishing_a_revision_nobody_saw_is_a_conflict(draft: Draft, editor: User) -> None:
    drafting.save(draft, _source("Two."), by=editor, revision=1)
    with pytest.raises(DraftConflict):
        drafting.publish_draft(draft, by=editor, revision=1)
    assert Version.objects.count() == 1


def test_publishing_a_draft_that_is_gone_is_a_conflict(draft: Draft, editor: User) -> None:
    drafting.publish_draft(Draft.objects.get(), by=editor, revision=1)
    with pytest.raises(DraftConflict, match="published or discarded"):
        drafting.publish_draft(draft, by=editor, revision=1)


def test_a_draft_with_errors_is_not_published_and_stays(draft: Draft, editor: User) -> None:
    drafting.save(draft, "half", by=editor, revision=1)
    with pytest.raises(InvalidDefinition):
        drafting.publish_draft(draft, by=editor, revision=2)
    assert Draft.objects.get().source == "half"


def test_a_draft_behind_the_latest_version_is_published_after_a_look_at_it(draft: Draft, editor: User) -> None:
    drafting.save(draft, _source("Mine."), by=editor, revision=1)
    theirs, _ = publishing.publish(draft.agent, _source("Theirs."), by=editor)
    with pytest.raises(PublishConflict) as conflict:
        drafting.publish_draft(draft, by=editor, revision=2)
    assert conflict.value.latest == theirs
    rebased = drafting.rebase(draft, theirs, by=editor, revision=2)
    assert (rebased.base_version, rebased.source, rebased.revision) == (theirs, _source("Mine."), 3)
    version, _ = drafting.publish_draft(draft, by=editor, revision=3)
    assert (version.number, version.source) == (3, _source("Mine."))


def test_a_draft_cannot_be_based_on_another_agents_version(
    draft: Draft, editor: User, publish_source: Callable[..., Version]
) -> None:
    with pytest.raises(NotPublishable, match="its own agent"):
        drafting.rebase(draft, publish_source(agent_source("critic")), by=editor, revision=1)


def test_a_first_draft_does_not_run_over_a_version_published_meanwhile(editor: User) -> None:
    agent, _ = publishing.register(parse(_source("One.")), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=_source("Mine."))
    publishing.publish(agent, _source("Theirs."), by=editor)
    with pytest.raises(PublishConflict, match="before there was a version"):
        drafting.publish_draft(draft, by=editor, revision=1)


def test_a_text_nobody_saw_is_not_discarded(draft: Draft, editor: User, publisher: User) -> None:
    drafting.save(draft, "theirs", by=publisher, revision=1)
    with pytest.raises(DraftConflict):
        drafting.discard(draft, by=editor, revision=1)
    assert Draft.objects.get().source == "theirs"
    assert not Event.objects.filter(verb="discarded").exists()


def test_discarding_a_draft_leaves_a_line_and_the_versions(draft: Draft, editor: User) -> None:
    for _ in range(2):
        drafting.discard(draft, by=editor, revision=draft.revision)
    assert not Draft.objects.exists()
    assert Version.objects.count() == 1
    assert list(Event.objects.filter(verb="discarded").values_list("actor", "agent")) == [(editor.pk, draft.agent_id)]
