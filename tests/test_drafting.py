"""The verbs of a text being worked on."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import drafting, publishing
from catalog.definition import InvalidDefinition, parse, read
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Event, FormerName, Version
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


# --- Review ------------------------------------------------------------------------------------------


@pytest.fixture
def submitted(draft: Draft, editor: User) -> Draft:
    changed = drafting.save(draft, agent_source(model="opus"), by=editor, revision=1)
    return drafting.submit(changed, by=editor, revision=2)


def last_event() -> tuple[str, str | None, dict[str, object]]:
    event = Event.objects.select_related("actor").first()
    return event.verb, event.actor.get_username(), event.data


def test_a_submitted_draft_waits_and_says_who_handed_it_over(submitted: Draft, editor: User) -> None:
    stored = Draft.objects.in_review().get()
    assert (stored.is_in_review, stored.submitted_by, stored.revision) == (True, editor, 3)
    assert last_event() == ("submitted", "elif", {})
    assert drafting.submit(submitted, by=editor, revision=3).revision == 3
    assert Event.objects.filter(verb="submitted").count() == 1


@pytest.mark.parametrize("change", [{"source": agent_source(color="red")}, {"note": "Later"}, {"title": "Another"}])
def test_what_a_reviewer_reads_stays_as_it_is(submitted: Draft, editor: User, change: dict[str, str]) -> None:
    before = Draft.objects.values().get()
    with pytest.raises(NotPublishable, match="Take it back"):
        drafting.save(submitted, **{"source": submitted.source, "by": editor, "revision": 3, **change})
    with pytest.raises(NotPublishable, match="Take it back"):
        drafting.discard(submitted, by=editor, revision=3)
    with pytest.raises(NotPublishable, match="Take it back"):
        drafting.rebase(submitted, submitted.base_version, by=editor, revision=3)
    assert Draft.objects.values().get() == before


def test_a_draft_is_taken_back_and_written_on(submitted: Draft, editor: User) -> None:
    draft = drafting.recall(submitted, by=editor, revision=3)
    assert last_event() == ("recalled", "elif", {})
    assert (draft.is_in_review, draft.submitted_at, draft.submitted_by) == (False, None, None)
    assert drafting.recall(draft, by=editor, revision=4).revision == 4
    assert drafting.save(draft, agent_source(), by=editor, revision=4).revision == 5


def test_a_returned_draft_carries_the_reason_until_it_is_submitted_again(
    submitted: Draft, editor: User, publisher: User
) -> None:
    with pytest.raises(NotPublishable, match="Say what should be changed"):
        drafting.return_(submitted, by=publisher, revision=3, reason=" \n")
    draft = drafting.return_(submitted, by=publisher, revision=3, reason=" Shorter. ")
    assert last_event() == ("returned", "pablo", {"reason": "Shorter."})
    assert (draft.return_reason, draft.returned_by, draft.is_in_review) == ("Shorter.", publisher, False)
    assert draft.edited_by == editor  # a reviewer's answer is no edit
    with pytest.raises(NotPublishable, match="not in review any more"):
        drafting.return_(draft, by=publisher, revision=4, reason="Twice.")
    draft = drafting.submit(draft, by=editor, revision=4)
    assert (draft.return_reason, draft.returned_by, draft.returned_at) == ("", None, None)


@pytest.mark.parametrize("verb", [drafting.submit, drafting.recall])
def test_handing_over_a_revision_nobody_saw_is_a_conflict(submitted: Draft, editor: User, verb: object) -> None:
    with pytest.raises(DraftConflict):
        verb(submitted, by=editor, revision=2)
    with pytest.raises(DraftConflict):
        drafting.return_(submitted, by=editor, revision=2, reason="Why")
    assert Draft.objects.get().revision == 3


def test_only_a_whole_text_is_submitted(draft: Draft, editor: User) -> None:
    broken = drafting.save(draft, "---\nname: code-reviewer\n---\n", by=editor, revision=1)
    with pytest.raises(InvalidDefinition):
        drafting.submit(broken, by=editor, revision=2)
    other = drafting.save(draft, agent_source("another"), by=editor, revision=2)
    with pytest.raises(NotPublishable, match="this agent is"):
        drafting.submit(other, by=editor, revision=3)
    same = drafting.save(draft, _source("One."), by=editor, revision=3)
    with pytest.raises(NotPublishable, match="nothing to review"):
        drafting.submit(same, by=editor, revision=4)
    titled = drafting.save(draft, _source("One."), by=editor, revision=4, title="Careful Reader")
    assert drafting.submit(titled, by=editor, revision=5).is_in_review


def test_a_draft_in_review_is_published_as_it_was_submitted(submitted: Draft, publisher: User) -> None:
    version, _ = drafting.publish_draft(submitted, by=publisher, revision=3)
    assert (version.model, version.published_by) == ("opus", publisher)
    assert not Draft.objects.exists()


# --- Title and name --------------------------------------------------------------------------------------


def test_the_title_of_a_published_agent_waits_in_its_draft(draft: Draft, agent: Agent, editor: User) -> None:
    draft = drafting.save(draft, draft.source, by=editor, revision=1, title="  Careful   Reader ")
    assert (draft.title, Agent.objects.get(pk=agent.pk).title) == ("Careful Reader", "Code Reviewer")
    assert drafting.save(draft, draft.source, by=editor, revision=2, title="Code Reviewer").title == ""


def test_publishing_gives_the_agent_its_title_though_the_text_is_the_same(
    draft: Draft, agent: Agent, publisher: User
) -> None:
    draft = drafting.save(draft, draft.source, by=publisher, revision=1, title="Careful Reader")
    _, is_new = drafting.publish_draft(draft, by=publisher, revision=2)
    assert (is_new, Agent.objects.get(pk=agent.pk).title) == (False, "Careful Reader")
    assert last_event() == ("retitled", "pablo", {"old": "Code Reviewer", "new": "Careful Reader"})


@pytest.mark.parametrize("title", ["", " \n ", "x" * 201, "a\x00b"])
def test_what_is_no_title_is_refused(draft: Draft, editor: User, title: str) -> None:
    with pytest.raises(NotPublishable):
        drafting.save(draft, draft.source, by=editor, revision=1, title=title)
    assert Draft.objects.get().revision == 1


def test_an_agent_nobody_has_seen_goes_by_its_drafts_name(editor: User) -> None:
    agent, _ = publishing.register(read(agent_source("first")), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=agent_source("first"))
    draft = drafting.save(draft, agent_source("second"), by=editor, revision=1, title="The Second")
    agent = Agent.objects.get()
    assert (agent.name, agent.title, draft.title) == ("second", "The Second", "")
    assert not FormerName.objects.exists()  # nobody knew the first
    drafting.save(draft, agent_source("first"), by=editor, revision=2)
    assert Agent.objects.get().name == "first"


def test_a_name_that_is_another_agents_or_was_is_not_taken(agent: Agent, editor: User) -> None:
    publishing.rename(agent, "present", by=editor)  # code-reviewer is a former name now
    young, _ = publishing.register(read(agent_source("young")), by=editor)
    draft = drafting.open_draft(young, by=editor, source=agent_source("young"))
    for revision, taken in enumerate(("present", "code-reviewer"), 1):
        draft = drafting.save(draft, agent_source(taken), by=editor, revision=revision)
        assert Agent.objects.get(pk=young.pk).name == "young"
        with pytest.raises(NotPublishable):
            drafting.submit(draft, by=editor, revision=draft.revision)


def test_a_published_agent_keeps_its_name_whatever_its_draft_says(draft: Draft, agent: Agent, editor: User) -> None:
    drafting.save(draft, agent_source("another"), by=editor, revision=1)
    assert Agent.objects.get(pk=agent.pk).name == "code-reviewer"


def test_the_revisions_of_an_agents_drafts_never_name_two_texts(agent: Agent, publisher: User) -> None:
    first = drafting.save(drafting.open_draft(agent, by=publisher), _source("Two."), by=publisher, revision=1)
    drafting.publish_draft(first, by=publisher, revision=2)
    second = drafting.open_draft(agent, by=publisher)
    assert second.revision == 3
    drafting.discard(second, by=publisher, revision=3)
    assert drafting.open_draft(agent, by=publisher).revision == 4


def test_the_draft_of_an_agent_whose_versions_are_withdrawn_gives_it_no_title(
    agent: Agent, editor: User, publisher: User
) -> None:
    publishing.yank(agent.latest_version, by=publisher, reason="Wrong.")
    Draft.objects.create(agent=agent, source="x", edited_at=agent.updated_at, edited_by=editor)  # without a base
    draft = Draft.objects.get()
    drafting.save(draft, agent_source("another"), by=editor, revision=1, title="Mine")
    agent.refresh_from_db()
    assert (agent.title, agent.name) == ("Code Reviewer", "code-reviewer")
