"""The verbs that change what the catalog offers."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from catalog import publishing
from catalog.definition import InvalidDefinition, digest_of, parse, read
from catalog.models import Agent, Category, Event, Version
from catalog.publishing import NameTaken, NotPublishable, PublishConflict
from tests.sources import agent_source


def _source(text: str, **fields: str) -> str:
    return agent_source(prompt=f"{text}\n", **fields)


@pytest.fixture
def agent(publisher: User) -> Agent:
    agent, _ = publishing.register(parse(_source("One.")), by=publisher)
    return agent


@pytest.fixture
def three(agent: Agent, publisher: User) -> list[Version]:
    """Three versions of one agent."""
    return [publishing.publish(agent, _source(text), by=publisher)[0] for text in ("One.", "Two.", "Three.")]


def _verbs(agent: Agent) -> list[str]:
    return list(agent.events.order_by("id").values_list("verb", flat=True))


def _stored(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


# --- register ---


def test_registering_makes_an_agent_that_offers_nothing_yet(publisher: User) -> None:
    shelf = Category.objects.create(name="review", title="Review")
    agent, created = publishing.register(parse(_source("One.")), by=publisher, category=shelf)
    assert created
    assert (agent.name, agent.title, agent.category) == ("code-reviewer", "Code Reviewer", shelf)
    assert not Agent.objects.published().exists()
    assert [(event.verb, event.actor) for event in agent.events.all()] == [("created", publisher)]


def test_registering_a_known_name_finds_its_agent_and_changes_nothing(agent: Agent, publisher: User) -> None:
    shelf = Category.objects.create(name="review", title="Review")
    again, created = publishing.register(parse(_source("Two.")), by=publisher, category=shelf)
    assert (again, created, again.category) == (agent, False, None)
    assert _verbs(agent) == ["created"]


def test_a_name_that_is_no_address_is_folded_into_one_and_kept_as_title(publisher: User) -> None:
    agent, _ = publishing.register(parse(_source("One.", name="FP&A アナリスト")), by=publisher)
    assert (agent.name, agent.title) == ("fp-a-アナリスト", "FP&A アナリスト")
    version, _ = publishing.publish(agent, _source("One.", name="FP&A アナリスト"), by=publisher)
    assert version.agent == agent


def test_an_old_name_registers_as_the_agent_that_had_it(agent: Agent, publisher: User) -> None:
    publishing.publish(agent, _source("One."), by=publisher)
    publishing.rename(agent, "critic", by=publisher)
    assert publishing.register(parse(_source("One.")), by=publisher) == (agent, False)


def test_a_name_that_nobody_has_seen_is_free_again_after_a_rename(agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "critic", by=publisher)
    other, is_new = publishing.register(parse(_source("One.")), by=publisher)
    assert (is_new, other.name) == (True, "code-reviewer")


def test_a_draft_without_a_name_cannot_be_registered(publisher: User) -> None:
    with pytest.raises(NotPublishable, match="needs a name"):
        publishing.register(read("Half a sentence"), by=publisher)


# --- publish ---


def test_publishing_makes_the_next_version_and_offers_it(agent: Agent, publisher: User) -> None:
    for number, text in enumerate(("One.", "Two."), 1):
        source = _source(text)
        version, is_new = publishing.publish(agent, source, by=publisher, note=f" change {number} ")
        assert is_new
        assert (version.number, version.source, version.note) == (number, source, f"change {number}")
        assert (version.digest, version.size) == (digest_of(source.encode()), len(source.encode()))
        assert (version.published_by, agent.latest_version) == (publisher, version)
    assert _stored(agent).latest_version == version
    assert _stored(agent).updated_at == version.published_at
    assert _verbs(agent) == ["created", "published", "published"]
    event = agent.events.first()
    assert (event.actor, event.version, event.data) == (publisher, version, {"number": 2})


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff---\nname: code-reviewer\ndescription: Reviews.\n---\nText".encode(),
        b"---\r\nname: code-reviewer\r\ndescription: Reviews.\r\n---\r\nText\r\n",
        "---\nname: code-reviewer\ndescription: Reviews 📚.\n---\n\n\n  日本語 \t\n\n".encode(),
    ],
    ids=["BOM, no last newline", "CR LF", "blanks at both ends"],
)
def test_the_stored_source_is_the_file_byte_for_byte(agent: Agent, publisher: User, data: bytes) -> None:
    publishing.publish(agent, data, by=publisher)
    stored = Version.objects.get(agent=agent)
    assert stored.source.encode() == data
    assert (stored.digest, stored.size) == (digest_of(data), len(data))


def test_the_text_that_is_offered_already_is_nothing_new(three: list[Version], agent: Agent, publisher: User) -> None:
    assert publishing.publish(agent, _source("Three."), by=publisher) == (three[2], False)
    assert publishing.publish(agent, _source("Three.").encode(), by=publisher, base=1) == (three[2], False)
    assert agent.versions.count() == 3
    assert _verbs(agent).count("published") == 3


def test_an_older_text_is_a_new_version(three: list[Version], agent: Agent, publisher: User) -> None:
    version, is_new = publishing.publish(agent, _source("One."), by=publisher)
    assert (version.number, is_new) == (4, True)


@pytest.mark.parametrize("base", [0, 1, 2])
def test_a_text_written_against_an_older_version_is_a_conflict(
    three: list[Version], agent: Agent, publisher: User, base: int
) -> None:
    with pytest.raises(PublishConflict) as conflict:
        publishing.publish(agent, _source("Four."), by=publisher, base=base)
    assert (conflict.value.latest, conflict.value.base) == (three[2], base)
    assert agent.versions.count() == 3


def test_a_text_written_against_the_latest_is_published(three: list[Version], agent: Agent, publisher: User) -> None:
    version, is_new = publishing.publish(agent, _source("Four."), by=publisher, base=3)
    assert (version.number, is_new) == (4, True)


@pytest.mark.parametrize("base", [2, 3])
def test_a_withdrawn_version_is_no_conflict_for_the_text_that_mends_it(
    three: list[Version], agent: Agent, publisher: User, base: int
) -> None:
    publishing.yank(three[2], by=publisher, reason="broken")
    version, _ = publishing.publish(agent, _source("Three, mended."), by=publisher, base=base)
    assert version.number == 4


@pytest.mark.parametrize("base", [-1, 4, 10**20])
def test_a_base_that_never_was_is_refused(three: list[Version], agent: Agent, publisher: User, base: int) -> None:
    with pytest.raises(NotPublishable, match="has no version"):
        publishing.publish(agent, _source("Four."), by=publisher, base=base)


def test_a_first_version_can_insist_on_being_the_first(agent: Agent, publisher: User) -> None:
    assert publishing.publish(agent, _source("One."), by=publisher, base=0)[1]
    with pytest.raises(PublishConflict, match="before there was a version"):
        publishing.publish(agent, _source("Two."), by=publisher, base=0)


def test_a_text_with_another_name_is_refused(agent: Agent, publisher: User) -> None:
    with pytest.raises(NotPublishable, match="is named 'critic', and this agent is 'code-reviewer'"):
        publishing.publish(agent, _source("One.", name="critic"), by=publisher)
    assert not agent.versions.exists()


def test_a_text_with_the_agents_old_name_is_refused_and_says_the_new_one(agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "critic", by=publisher)
    with pytest.raises(NotPublishable, match="Put 'name: critic' in the file"):
        publishing.publish(agent, _source("One."), by=publisher)


@pytest.mark.parametrize("source", ["", "no frontmatter", "---\nname: code-reviewer\n---\n", b"\xff\xfe", "a\x00b"])
def test_a_text_with_errors_is_refused_with_all_of_them(agent: Agent, publisher: User, source: str | bytes) -> None:
    with pytest.raises(InvalidDefinition) as invalid:
        publishing.publish(agent, source, by=publisher)
    assert invalid.value.findings
    assert not agent.versions.exists()


def test_a_definition_that_was_read_already_can_be_published(agent: Agent, publisher: User) -> None:
    version, _ = publishing.publish(agent, parse(_source("One.")), by=publisher)
    assert version.source == _source("One.")
    with pytest.raises(InvalidDefinition):
        publishing.publish(agent, read("half a sentence"), by=publisher)


def test_a_text_that_was_withdrawn_does_not_come_back_by_being_sent_again(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    publishing.yank(three[2], by=publisher, reason="leaks a key")
    with pytest.raises(NotPublishable, match=r"version 3, which was withdrawn \(leaks a key\)"):
        publishing.publish(agent, _source("Three."), by=publisher)
    assert _stored(agent).latest_version == three[1]
    assert publishing.publish(agent, _source("Two."), by=publisher) == (three[1], False)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("x" * 501, "has 501 characters; at most 500"),
        ("a\x00b", r"U\+0000 in line 1"),
        ("a\n\ud800", r"U\+D800 in line 2"),
    ],
)
def test_a_note_no_column_can_take_is_refused(agent: Agent, publisher: User, note: str, sentence: str) -> None:
    with pytest.raises(NotPublishable, match=sentence):
        publishing.publish(agent, _source("One."), by=publisher, note=note)
    version, _ = publishing.publish(agent, _source("One."), by=publisher, note="x" * 500 + "\r\n")
    for write in (
        lambda: publishing.yank(version, by=publisher, reason=note),
        lambda: publishing.restore(version, by=publisher, note=note),
        lambda: publishing.deprecate(agent, by=publisher, note=note),
    ):
        with pytest.raises(NotPublishable, match=sentence):
            write()


# --- the title ---


def test_the_title_follows_the_name_as_the_file_writes_it(agent: Agent, publisher: User) -> None:
    publishing.publish(agent, _source("One."), by=publisher)
    publishing.publish(agent, _source("Two.", name="Code & Reviewer"), by=publisher)
    assert _stored(agent).title == "Code & Reviewer"
    publishing.yank(agent.latest_version, by=publisher, reason="ugly")
    assert _stored(agent).title == "Code Reviewer"


def test_a_title_given_by_a_person_stays(agent: Agent, publisher: User) -> None:
    publishing.publish(agent, _source("One."), by=publisher)
    Agent.objects.update(title="The Second Pair of Eyes")
    publishing.publish(agent, _source("Two.", name="Code & Reviewer"), by=publisher)
    assert _stored(agent).title == "The Second Pair of Eyes"


# --- yank, unyank, restore ---


def test_withdrawing_the_latest_offers_the_one_before(three: list[Version], agent: Agent, publisher: User) -> None:
    publishing.yank(three[2], by=publisher, reason="broken")
    assert _stored(agent).latest_version == three[1]
    publishing.yank(three[0], by=publisher, reason="old")
    assert _stored(agent).latest_version == three[1]
    publishing.yank(three[1], by=publisher, reason="broken too")
    assert _stored(agent).latest_version is None
    assert not Agent.objects.published().exists()
    stored = Version.objects.get(pk=three[2].pk)
    assert (stored.yanked_by, stored.yank_reason) == (publisher, "broken")
    assert agent.events.first().data == {"number": 2, "reason": "broken too"}


def test_offering_a_version_again_makes_the_newest_the_latest(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    for version in three:
        publishing.yank(version, by=publisher, reason="all of them")
    publishing.unyank(three[0], by=publisher)
    assert _stored(agent).latest_version == three[0]
    publishing.unyank(three[2], by=publisher)
    assert _stored(agent).latest_version == three[2]
    publishing.unyank(three[1], by=publisher)
    assert _stored(agent).latest_version == three[2]
    assert Version.objects.offered().count() == 3
    assert Version.objects.get(pk=three[0].pk).yank_reason == ""


def test_withdrawing_or_offering_twice_leaves_one_line_in_the_log(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    stale = Version.objects.get(pk=three[2].pk)
    for _ in range(2):
        publishing.yank(three[2], by=publisher, reason="broken")
    publishing.yank(stale, by=publisher, reason="another reason")
    assert stale.yank_reason == "broken"
    for _ in range(2):
        publishing.unyank(three[2], by=publisher)
    assert _verbs(agent)[-2:] == ["yanked", "unyanked"]
    assert _verbs(agent).count("yanked") == 1


def test_a_number_is_never_given_twice(three: list[Version], agent: Agent, publisher: User) -> None:
    publishing.yank(three[2], by=publisher, reason="broken")
    version, _ = publishing.publish(agent, _source("Four."), by=publisher)
    assert version.number == 4


def test_restoring_an_old_version_publishes_its_text_under_the_next_number(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    version, is_new = publishing.restore(three[0], by=publisher)
    assert (version.number, version.source, is_new) == (4, three[0].source, True)
    assert version.note == "Restores version 1."
    assert _stored(agent).latest_version == version
    assert agent.events.first().data == {"number": 4, "restores": 1}
    assert publishing.restore(three[0], by=publisher) == (version, False)


@pytest.mark.parametrize("index", [1, 2])
def test_restoring_makes_a_higher_number_after_a_withdrawal(
    three: list[Version], agent: Agent, publisher: User, index: int
) -> None:
    publishing.yank(three[2], by=publisher, reason="broken")
    version, is_new = publishing.restore(three[index], by=publisher, note="It was fine.")
    assert (version.number, is_new, version.note) == (4, True, "It was fine.")
    assert version.source == three[index].source


def test_restoring_a_version_from_before_a_rename_keeps_the_present_name(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    publishing.rename(agent, "critic", by=publisher)
    version, _ = publishing.restore(three[0], by=publisher)
    assert version.source == _source("One.", name="critic")


# --- rename ---


def test_a_rename_keeps_the_old_name_leading_to_the_agent(three: list[Version], agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "critic", by=publisher)
    stored = _stored(agent)
    assert (stored.name, stored.title) == ("critic", "Critic")
    assert Agent.objects.once_named("code-reviewer").get() == agent
    assert stored.latest_version.number == 4
    assert stored.latest_version.source == _source("Three.", name="critic")
    event = agent.events.first()
    assert (event.verb, event.data) == ("renamed", {"number": 4, "old": "code-reviewer", "new": "critic"})


def test_an_agent_can_have_its_own_former_name_again(three: list[Version], agent: Agent, publisher: User) -> None:
    for name in ("critic", "code-reviewer", "critic"):
        publishing.rename(agent, name, by=publisher)
    assert _stored(agent).name == "critic"
    assert set(agent.former_names.values_list("name", flat=True)) == {"code-reviewer", "critic"}


def test_renaming_to_the_present_name_changes_nothing(three: list[Version], agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "Code Reviewer", by=publisher)
    assert agent.versions.count() == 3
    assert "renamed" not in _verbs(agent)


def test_a_version_from_before_a_rename_is_not_offered_under_the_new_name(
    three: list[Version], agent: Agent, publisher: User
) -> None:
    """Its file would install as an agent of the old name; restoring it gives it the new one."""
    publishing.rename(agent, "critic", by=publisher)
    publishing.yank(_stored(agent).latest_version, by=publisher, reason="Too early.")
    assert _stored(agent).latest_version is None
    restored, _ = publishing.restore(three[2], by=publisher)
    assert _stored(agent).latest_version == restored
    assert restored.definition.name == "critic"


def test_a_rename_is_folded_to_an_address(three: list[Version], agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "  Second Opinion ", by=publisher)
    assert _stored(agent).name == "second-opinion"


def test_a_name_another_agent_has_or_had_is_taken(
    three: list[Version], agent: Agent, publisher: User, publish_source: Callable[..., Version]
) -> None:
    other = publish_source(agent_source("critic")).agent
    with pytest.raises(NameTaken) as taken:
        publishing.rename(agent, "critic", by=publisher)
    assert taken.value.agent == other
    publishing.rename(other, "judge", by=publisher)
    with pytest.raises(NameTaken) as taken:
        publishing.rename(agent, "critic", by=publisher)
    assert taken.value.agent == other
    assert (agent.name, _stored(agent).name, agent.versions.count()) == ("code-reviewer", "code-reviewer", 3)
    assert not agent.former_names.exists()


@pytest.mark.parametrize("name", ["", "  ", "!?", "x" * 101, "\x00"])
def test_what_is_no_name_is_refused(agent: Agent, publisher: User, name: str) -> None:
    with pytest.raises(NotPublishable, match="letters, digits and hyphens"):
        publishing.rename(agent, name, by=publisher)


def test_an_agent_that_offers_nothing_is_renamed_without_a_version(agent: Agent, publisher: User) -> None:
    publishing.rename(agent, "critic", by=publisher)
    assert (_stored(agent).name, agent.versions.count()) == ("critic", 0)


# --- deprecate ---


def test_deprecating_says_why_and_what_to_use_instead(
    agent: Agent, publisher: User, publish_source: Callable[..., Version]
) -> None:
    critic = publish_source(agent_source("critic")).agent
    publishing.deprecate(agent, by=publisher, note="critic does it better", successor=critic)
    publishing.deprecate(agent, by=publisher, note="critic does it better", successor=critic)
    stored = _stored(agent)
    assert stored.is_deprecated
    assert (stored.deprecation_note, stored.successor) == ("critic does it better", critic)
    publishing.undeprecate(agent, by=publisher)
    publishing.undeprecate(agent, by=publisher)
    stored = _stored(agent)
    assert (stored.is_deprecated, stored.deprecation_note, stored.successor) == (False, "", None)
    assert _verbs(agent) == ["created", "deprecated", "undeprecated"]


def test_agents_cannot_succeed_each_other_in_a_circle(
    agent: Agent, publisher: User, publish_source: Callable[..., Version]
) -> None:
    critic = publish_source(agent_source("critic")).agent
    judge = publish_source(agent_source("judge")).agent
    publishing.deprecate(critic, by=publisher, note="", successor=judge)
    publishing.deprecate(agent, by=publisher, note="", successor=critic)
    for successor in (judge, critic, agent):
        with pytest.raises(NotPublishable, match="cannot be replaced by itself"):
            publishing.deprecate(judge, by=publisher, note="", successor=successor)


# --- all of them ---


def test_publishing_costs_the_same_number_of_queries_however_many_versions_there_are(
    three: list[Version], agent: Agent, publisher: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    # PostgreSQL is asked to check foreign keys and to wait for others, four statements at most.
    with django_assert_max_num_queries(24 if connection.vendor == "postgresql" else 20):
        publishing.publish(agent, _source("Four."), by=publisher)


def test_a_failed_verb_leaves_no_trace(three: list[Version], agent: Agent, publisher: User) -> None:
    lines = Event.objects.count()
    for write in (
        lambda: publishing.publish(agent, _source("Four."), by=publisher, base=1),
        lambda: publishing.publish(agent, _source("Four.", name="critic"), by=publisher),
        lambda: publishing.rename(agent, "!", by=publisher),
    ):
        with pytest.raises((PublishConflict, NotPublishable)):
            write()
    assert (Event.objects.count(), Version.objects.count(), Agent.objects.count()) == (lines, 3, 1)
