"""The git repository is the same wherever, whenever and in how many steps it is made."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import changes, collecting, publishing
from catalog.definition import Finding, Severity, checks, parse
from catalog.distribution.repository import making, shelves
from catalog.models import Agent, Change, Collection, Version
from tests.repositories import Repository, collection_of
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db


def test_the_same_rows_give_the_same_commits_at_once_and_one_by_one(
    repository: Repository, publish_source: Publish, publisher: User, tmp_path: Path
) -> None:
    one = publish_source(agent_source("one"))
    repository.ids()
    two = publish_source(agent_source("two", prompt="Second.\n"))
    repository.ids()
    collection_of("Team", one.agent, two.agent, by=publisher)
    repository.ids()
    publishing.rename(one.agent, "first", by=publisher)
    publishing.yank(two, by=publisher, reason="Broken.")
    anew = Repository(tmp_path / "anew.sqlite3")
    assert anew.ids() == repository.ids()
    assert anew.tags() == repository.tags()
    anew.store.close()


def test_the_commits_of_a_log_are_known_for_ever(
    repository: Repository, publish_source: Publish, publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another id here means that clients lose the commits they are pinned to: think of `store.FORMAT`."""
    monkeypatch.setattr(shelves, "FLAT_UP_TO", 3)
    description = r'"Reviews.\nThen says: \"no\".\n\n<example>\nuser: \"Look.\"\nassistant: \"No.\"\n</example>"'
    one = publish_source(agent_source(description=description, tools="Read, Grep", hooks="{}"), note="First.").agent
    two = publish_source(agent_source("claude-prüfer", model="opus", permissionMode="plan"))
    collection_of("Team", one, two.agent, by=publisher)
    second = publish_source(agent_source(prompt="Better.\n"))
    publishing.yank(second, by=publisher, reason="Broken.")
    publishing.rename(one, "critic", by=publisher)
    publishing.deprecate(two.agent, by=publisher, note="Too slow", successor=one)
    publish_source(agent_source("代码", color="red"))
    publish_source(agent_source("talker", description="Says at length what it is for, and then again. " * 12))
    numbered = {change.pk: number for number, change in enumerate(Change.objects.order_by("pk"), 1)}
    steps = making.steps

    def dated(*bounds: int) -> Iterator[list[making.Step]]:
        for deed in steps(*bounds):
            numbers = [numbered[step.number] for step in deed]
            days = [datetime(2026, 3, number, 12, tzinfo=UTC) for number in numbers]
            yield [step._replace(at=at, number=n) for step, at, n in zip(deed, days, numbers, strict=True)]

    monkeypatch.setattr(making, "steps", dated)
    monkeypatch.setattr(making, "mark_of", lambda number: f"{number} known")
    making._make_some(repository.store, "agent-catalog")
    newest = repository.store.newest()
    assert newest
    assert newest.number == 10
    assert newest.id.hex() == "57dc95931585675d0802735e4cfe1a5d725dc582"


def test_what_was_published_stays_whatever_later_checks_say(
    repository: Repository, publish_source: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish_source(agent_source())
    error = Finding("new-check", Severity.ERROR, "Not any more.", "description")
    monkeypatch.setattr(checks, "errors", lambda definition, early: (error,))
    anew = Repository(tmp_path / "anew.sqlite3")
    assert anew.ids() == repository.ids()
    assert anew.plugins() == {"code-reviewer": "1.0.0"}
    anew.store.close()


def test_another_database_is_another_repository(repository: Repository, publish_source: Publish) -> None:
    publish_source(agent_source("one"))
    publish_source(agent_source("two"))
    before = repository.ids()
    Change.objects.order_by("-pk")[0].delete()  # put back to an earlier state
    assert repository.ids() == before[:-1]
    publish_source(agent_source("three"))
    Change.objects.order_by("-pk").filter(event__agent__name="three").update(at=datetime(2027, 1, 1, tzinfo=UTC))
    assert repository.plugins() == {"one": "1.0.0", "three": "1.0.0"}
    Change.objects.order_by("-pk").filter(event__agent__name="three").update(at=datetime(2028, 1, 1, tzinfo=UTC))
    assert repository.commits()[-1].at == datetime(2028, 1, 1, tzinfo=UTC).timestamp()


DEEDS = st.lists(
    st.tuples(st.sampled_from(("publish", "yank", "unyank", "rename", "deprecate", "fill", "part")), st.integers(0, 5)),
    max_size=10,
)


class AnyLog(TestCase):
    """Whatever was done in whatever order: brought up to date after each deed, or made at once."""

    @hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    @given(DEEDS)
    def test_gives_the_same_repository(self, deeds: list[tuple[str, int]]) -> None:
        self._run(deeds)

    def _run(self, deeds: list[tuple[str, int]]) -> None:
        by = User.objects.get_or_create(username="pablo")[0]
        with tempfile.TemporaryDirectory() as folder:
            followed = Repository(Path(folder) / "followed.sqlite3")
            for turn, (verb, which) in enumerate(deeds):
                _do(verb, which, turn, by)
                followed.ids()
            anew = Repository(Path(folder) / "anew.sqlite3")
            assert anew.ids() == followed.ids()
            assert anew.tags() == followed.tags()
            assert anew.files() == followed.files()
            offered = set(Agent.objects.published().values_list("name", flat=True))
            agents = {path.split("/")[1] for path in anew.files() if path.startswith("plugins/a")}
            closed = not Change.objects.exists() or not Change.objects.order_by("-pk")[0].more_follow
            assert not closed or agents == offered
            followed.store.close()
            anew.store.close()


def _do(verb: str, which: int, turn: int, by: User) -> None:
    """One deed on one of a few agents, where it can be done."""
    agents = list(Agent.objects.order_by("pk"))
    if verb in ("publish", "part") or not agents:
        source = agent_source(agents[which].name if which < len(agents) else f"a{which}-{turn}", prompt=f"{turn}.\n")
        agent, _ = publishing.register(parse(source), by=by)
        if verb == "part":
            with changes.in_parts():
                publishing.publish(agent, source, by=by)
        else:
            publishing.publish(agent, source, by=by)
        return
    agent = agents[which % len(agents)]
    version = agent.versions.order_by("number")[which % agent.versions.count()]
    if verb == "yank":
        publishing.yank(version, by=by, reason="Broken.")
    elif verb == "unyank":
        publishing.unyank(version, by=by)
    elif verb == "rename":
        publishing.rename(agent, f"a-{turn}", by=by)
    elif verb == "deprecate":
        other = agents[(which + 1) % len(agents)]
        is_fit = other != agent and other.successor_id is None
        publishing.deprecate(agent, by=by, note=f"{turn}", successor=other if is_fit else None)
    elif verb == "fill":
        collection = Collection.objects.first() or collecting.create("Team", by=by)
        collecting.set_members(collection, [(agent, "") for agent in agents[: which + 1]], by=by)
        collecting.publish(collection, by=by)
