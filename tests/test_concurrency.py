"""Many writers at once, each with a connection of its own: no gap, no duplicate, no lost edit."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from catalog import drafting, publishing, search
from catalog.definition import parse
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Event, Version
from catalog.publishing import NameTaken, NotPublishable, PublishConflict
from tests.programs import Program, program_of
from tests.sources import agent_source

WRITERS = 16

pytestmark = pytest.mark.django_db(transaction=True)


def _source(text: str, name: str = "code-reviewer") -> str:
    return agent_source(name, prompt=f"{text}\n")


def _at_once(work: Callable[[int], object], writers: int = WRITERS) -> list[object]:
    """What each writer got, or the exception that stopped it; all begin together."""
    results: list[object] = [None] * writers
    start = Barrier(writers)

    def run(writer: int) -> None:
        start.wait()
        try:
            results[writer] = work(writer)
        except Exception as error:
            results[writer] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _kinds(results: list[object]) -> Counter[type]:
    return Counter(type(result) for result in results)


@pytest.fixture
def pablo() -> User:
    return User.objects.create_user("pablo")


@pytest.fixture
def agent(pablo: User) -> Agent:
    return publishing.register(parse(_source("One.")), by=pablo)[0]


def _fresh(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


def test_numbers_are_gapless_and_unique_whoever_publishes_at_once(agent: Agent, pablo: User) -> None:
    def publish_four(writer: int) -> list[int]:
        mine = _fresh(agent)
        texts = (_source(f"Text {turn} of {writer}.") for turn in range(4))
        return [publishing.publish(mine, text, by=pablo)[0].number for text in texts]

    results = _at_once(publish_four)
    assert _kinds(results) == {list: WRITERS}
    given = [number for numbers in results for number in numbers]
    assert sorted(given) == list(range(1, 4 * WRITERS + 1))
    assert _fresh(agent).latest_version.number == 4 * WRITERS
    assert Event.objects.filter(verb="published").count() == 4 * WRITERS


def test_the_same_bytes_sent_many_times_at_once_are_one_version(pablo: User) -> None:
    def send(writer: int) -> tuple[int, bool]:
        mine, _ = publishing.register(parse(_source("One.")), by=pablo)
        version, is_new = publishing.publish(mine, _source("One."), by=pablo)
        return version.number, is_new

    assert Counter(_at_once(send)) == {(1, True): 1, (1, False): WRITERS - 1}
    assert (Agent.objects.count(), Version.objects.count()) == (1, 1)
    assert Counter(Event.objects.values_list("verb", flat=True)) == {"created": 1, "published": 1}


def test_of_many_texts_written_against_one_version_the_first_wins(agent: Agent, pablo: User) -> None:
    publishing.publish(agent, _source("One."), by=pablo)

    def publish_mine(writer: int) -> tuple[Version, bool]:
        return publishing.publish(_fresh(agent), _source(f"Mine {writer}."), by=pablo, base=1)

    assert _kinds(_at_once(publish_mine)) == {tuple: 1, PublishConflict: WRITERS - 1}
    assert agent.versions.count() == 2


def test_the_latest_is_the_newest_on_offer_after_publishing_and_withdrawing_at_once(agent: Agent, pablo: User) -> None:
    for text in ("One.", "Two.", "Three."):
        publishing.publish(agent, _source(text), by=pablo)

    def work(writer: int) -> None:
        if writer % 2:
            version, _ = publishing.publish(_fresh(agent), _source(f"Text {writer}."), by=pablo)
            if writer % 4 == 1:
                publishing.yank(version, by=pablo, reason="broken")
        else:
            version = agent.versions.get(number=1 + writer % 3)
            publishing.yank(version, by=pablo, reason="old")
            publishing.unyank(version, by=pablo)

    assert _kinds(_at_once(work)) == {type(None): WRITERS}
    assert sorted(agent.versions.values_list("number", flat=True)) == list(range(1, 4 + WRITERS // 2))
    assert _fresh(agent).latest_version == agent.versions.offered().newest_first().first()


def test_many_drafts_opened_at_once_are_one(agent: Agent, pablo: User) -> None:
    publishing.publish(agent, _source("One."), by=pablo)
    results = _at_once(lambda writer: drafting.open_draft(_fresh(agent), by=pablo).pk)
    assert _kinds(results) == {int: WRITERS}
    assert len(set(results)) == 1


def test_of_many_saves_of_one_revision_the_first_wins(agent: Agent, pablo: User) -> None:
    draft = drafting.open_draft(agent, by=pablo, source="")
    results = _at_once(lambda writer: drafting.save(draft, f"text {writer}", by=pablo, revision=1).source)
    assert _kinds(results) == {str: 1, DraftConflict: WRITERS - 1}
    stored = Draft.objects.get()
    assert stored.revision == 2
    assert stored.source in results


def test_a_draft_published_by_many_at_once_is_published_once(agent: Agent, pablo: User) -> None:
    draft = drafting.open_draft(agent, by=pablo, source=_source("One."))

    def publish_it(writer: int) -> tuple[Version, bool]:
        return drafting.publish_draft(Draft.objects.get(pk=draft.pk), by=pablo, revision=1)

    kinds = _kinds(_at_once(publish_it))
    assert kinds[tuple] == 1
    assert set(kinds) <= {tuple, DraftConflict, Draft.DoesNotExist}
    assert (Version.objects.count(), Draft.objects.count()) == (1, 0)


def test_of_many_agents_that_want_one_name_the_first_gets_it(pablo: User) -> None:
    agents = []
    for writer in range(8):
        source = _source("One.", name=f"reviewer-{writer}")
        agent, _ = publishing.register(parse(source), by=pablo)
        publishing.publish(agent, source, by=pablo)
        agents.append(agent)
    results = _at_once(lambda writer: publishing.rename(agents[writer], "critic", by=pablo), writers=8)
    assert _kinds(results) == {Agent: 1, NameTaken: 7}
    assert Agent.objects.filter(name="critic").count() == 1
    assert Version.objects.count() == 9


def test_verbs_of_one_draft_never_wait_for_each_other_in_a_circle(agent: Agent, pablo: User) -> None:
    """PostgreSQL ends a deadlock with an error; every verb therefore takes the agent before the draft."""
    drafting.open_draft(agent, by=pablo, source=_source("One."))

    def save(draft: Draft, turn: int) -> None:
        text = agent_source(f"agent-{turn % 3}", prompt=f"{turn}\n")
        drafting.save(draft, text, by=pablo, revision=draft.revision, title=f"Title {turn}")

    def submit(draft: Draft, turn: int) -> None:
        submitted = drafting.submit(draft, by=pablo, revision=draft.revision)
        drafting.recall(submitted, by=pablo, revision=submitted.revision)

    def discard(draft: Draft, turn: int) -> None:
        drafting.discard(draft, by=pablo, revision=draft.revision)

    verbs = [save, save, submit, submit, discard]

    def work(writer: int) -> str:
        for turn in range(40):
            draft = drafting.open_draft(_fresh(agent), by=pablo, source=_source(f"{writer} {turn}"))
            with suppress(DraftConflict, NotPublishable):  # somebody else was faster
                verbs[writer](draft, turn)
        return "through"

    assert _at_once(work, len(verbs)) == ["through"] * len(verbs)


def test_the_same_new_words_are_learned_by_many_at_once(pablo: User) -> None:
    """Each in another order: writers that waited for one another in a circle would be stopped."""
    letters = "abcdefghij"

    def publish_with(writer: int) -> int:
        turned = letters[writer % 10 :] + letters[: writer % 10]
        words = " ".join(f"word{first}{second}" for first in turned for second in turned)
        definition = parse(agent_source(f"agent-{letters[writer % 10]}{writer}", f"Knows {words}."))
        published = publishing.publish(publishing.register(definition, by=pablo)[0], definition, by=pablo)
        return published[0].number

    assert _at_once(publish_with) == [1] * WRITERS
    assert len(search.find("wordaa wordjj").pks) == WRITERS
    assert search.find("wrodaa").suggestion == "wordaa"


# --- Programs ------------------------------------------------------------------------------------------------


def test_of_many_requests_with_one_key_one_is_carried_out_and_all_are_told_of_it(pablo: User) -> None:
    pablo.is_superuser = True
    pablo.save()
    program = program_of(pablo, "publish")
    answers = _at_once(lambda writer: Program(program.bearer.removeprefix("Bearer ")).put(_source("x"), **KEY))
    assert {answer.status_code for answer in answers} == {201}, answers
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert Version.objects.count() == 1


def test_of_many_programs_that_write_over_the_same_text_one_does(pablo: User, agent: Agent) -> None:
    pablo.is_superuser = True
    pablo.save()
    first, _ = publishing.publish(agent, _source("first"), by=pablo)
    bearer = program_of(pablo, "publish").bearer.removeprefix("Bearer ")
    etag = f'"{first.digest}"'
    answers = _at_once(lambda writer: Program(bearer).put(_source(f"by {writer}"), if_match=etag))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 412: WRITERS - 1}
    assert Version.objects.count() == 2


def test_of_many_drafts_at_once_none_is_overwritten_unseen(pablo: User, agent: Agent) -> None:
    pablo.is_superuser = True
    pablo.save()
    bearer = program_of(pablo, "write-drafts").bearer.removeprefix("Bearer ")
    answers = _at_once(lambda writer: Program(bearer).put(_source(f"by {writer}")))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 428: WRITERS - 1}
    assert Draft.objects.count() == 1


KEY = {"idempotency_key": "one"}
