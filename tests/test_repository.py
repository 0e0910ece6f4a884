"""The git repository as it is made of the publication log: what is in it, and that it is the same everywhere."""

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from catalog import changes, collecting, drafting, importing, publishing
from catalog.definition import parse
from catalog.distribution.repository import opened, plugin_called, shelves
from catalog.distribution.repository.objects import delta_between, patched
from catalog.models import Agent, Event, Version
from tests.repositories import MARKETPLACE, Repository, collection_of
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db


# --- What is in it ----------------------------------------------------------------------------------------


def test_an_empty_catalog_is_a_repository_too(repository: Repository) -> None:
    assert list(repository.files()) == [MARKETPLACE, "README.md"]
    assert repository.marketplace()["plugins"] == []


def test_an_agent_is_a_plugin_with_a_manifest_and_one_agent(repository: Repository, publish_source: Publish) -> None:
    version = publish_source(agent_source(model="opus"))
    files = repository.files()
    assert [path for path in files if path.startswith("plugins/")] == [
        "plugins/code-reviewer/.claude-plugin/plugin.json",
        "plugins/code-reviewer/agents/code-reviewer.md",
    ]
    assert files["plugins/code-reviewer/agents/code-reviewer.md"].endswith(b"Say what is wrong, and where.\n")
    manifest = repository.manifest("code-reviewer")
    assert (manifest["name"], manifest["version"]) == ("code-reviewer", "1.0.0")
    assert manifest["metadata"] == {"agent": "code-reviewer", "number": 1, "digest": version.digest}
    assert repository.marketplace()["plugins"] == [
        {
            "name": "code-reviewer",
            "source": "./plugins/code-reviewer",
            "version": "1.0.0",
            "description": "Reviews a change for faults, and says where each one is.",
        }
    ]


def test_each_publication_is_one_commit_with_a_tag(repository: Repository, publish_source: Publish) -> None:
    publish_source(agent_source(), note="For a start.")
    publish_source(agent_source(prompt="Say more.\n"))
    publish_source(agent_source("debugger"))
    assert repository.messages() == ["Publish code-reviewer 1", "Publish code-reviewer 2", "Publish debugger 1"]
    _, first, second, third = repository.ids()
    assert repository.tags() == {"code-reviewer--v1": first, "code-reviewer--v2": second, "debugger--v1": third}
    assert b"\n\nFor a start.\n\nChange: " in repository.store.content(bytes.fromhex(first))
    assert repository.plugins() == {"code-reviewer": "2.0.0", "debugger": "1.0.0"}


def test_an_import_is_one_commit(repository: Repository, publisher: User) -> None:
    files = [(f"{name}.md", io.BytesIO(agent_source(name).encode())) for name in ("one", "two", "three")]
    running = importing.import_uploads(files, by=publisher, publish=True, dry_run=False)
    next(running)
    assert repository.messages() == [], "it is not finished"
    assert len(list(running)) == 2
    assert repository.messages() == ["Publish 3 agents"]
    assert set(repository.tags()) == {"one--v1", "two--v1", "three--v1"}


def test_an_import_that_was_stopped_is_one_commit_of_what_it_had(repository: Repository, publisher: User) -> None:
    files = [(f"{name}.md", io.BytesIO(agent_source(name).encode())) for name in ("one", "two", "three")]
    with closing(importing.import_uploads(files, by=publisher, publish=True, dry_run=False)) as running:
        next(running)
        next(running)
    assert repository.messages() == ["Publish 2 agents"]


def test_an_import_that_was_cut_off_is_in_the_next_commit(repository: Repository, publish_source: Publish) -> None:
    with changes.in_parts():
        publish_source(agent_source("one"))
    assert repository.plugins() == {}
    publish_source(agent_source("two"))
    assert repository.plugins() == {"one": "1.0.0", "two": "1.0.0"}


def test_several_deeds_at_once_are_one_commit(repository: Repository, publish_source: Publish, publisher: User) -> None:
    one, two = publish_source(agent_source("one")), publish_source(agent_source("two"))
    before = len(repository.commits())
    with changes.as_one():
        publishing.yank(one, by=publisher, reason="Broken.")
        publishing.deprecate(two.agent, by=publisher, note="Old.")
    assert len(repository.commits()) == before + 1
    assert repository.messages()[-1] == "Change 2 agents"


def test_what_no_plugin_shows_is_no_commit(repository: Repository, publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source())
    before = repository.ids()
    publishing.retitle(version.agent, "Gentle Critic", by=publisher)
    changes.record([None])
    assert repository.ids() == before


def test_a_draft_is_nowhere_in_it(repository: Repository, publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source()).agent
    drafting.open_draft(agent, by=publisher, source=agent_source(prompt="Canary of a draft.\n"))
    fresh, _ = publishing.register(parse(agent_source("canary")), by=publisher)
    drafting.open_draft(fresh, by=publisher, source=agent_source("canary"))
    publish_source(agent_source("other"))
    rows = repository.store.database.execute("SELECT id FROM object").fetchall()
    assert not any(b"anary" in repository.store.content(id) for (id,) in rows)


# --- Yanked, deprecated, renamed ---------------------------------------------------------------------------


def test_a_withdrawn_version_gives_way_to_the_last_one_under_a_higher_number(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    publish_source(agent_source(prompt="First.\n"))
    second = publish_source(agent_source(prompt="Second.\n"))
    assert repository.plugins() == {"code-reviewer": "2.0.0"}
    publishing.yank(second, by=publisher, reason="Broken.")
    assert repository.plugins() == {"code-reviewer": "2.1.0"}
    assert repository.files()["plugins/code-reviewer/agents/code-reviewer.md"].endswith(b"First.\n")
    publishing.unyank(second, by=publisher)
    assert repository.plugins() == {"code-reviewer": "2.2.0"}
    assert repository.files()["plugins/code-reviewer/agents/code-reviewer.md"].endswith(b"Second.\n")


def test_an_agent_that_offers_nothing_is_no_plugin_until_it_does_again(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    version = publish_source(agent_source())
    publishing.yank(version, by=publisher, reason="Broken.")
    assert repository.plugins() == {}
    assert repository.marketplace()["renames"] == {"code-reviewer": None}
    assert "code-reviewer--v1" in repository.tags(), "what was published stays where it was"
    publishing.unyank(version, by=publisher)
    assert repository.plugins() == {"code-reviewer": "1.1.0"}
    assert "renames" not in repository.marketplace()


def test_a_deprecated_agent_says_so_and_whom_to_use(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    old, new = publish_source(agent_source("old")).agent, publish_source(agent_source("new")).agent
    publishing.deprecate(old, by=publisher, note="Too slow.", successor=new)
    [_, entry] = repository.marketplace()["plugins"]
    assert entry["description"].startswith("Deprecated: Too slow. Use new. Reviews")
    assert entry["version"] == "1.1.0"
    publishing.undeprecate(old, by=publisher)
    publishing.deprecate(old, by=publisher, note="too slow ", successor=new)
    assert repository.manifest("old")["description"].startswith("Deprecated: too slow. Use new. Reviews")
    publishing.rename(new, "newer", by=publisher)
    assert "Use newer." in repository.manifest("old")["description"]
    publishing.undeprecate(old, by=publisher)
    assert repository.manifest("old")["description"].startswith("Reviews")


def test_an_agent_deprecated_before_anybody_could_read_it_says_so_from_the_first_version_on(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    publish_source(agent_source("other"))
    agent, _ = publishing.register(parse(agent_source()), by=publisher)
    publishing.deprecate(agent, by=publisher, note="Too slow.", successor=Agent.objects.get(name="other"))
    publish_source(agent_source())
    assert repository.manifest("code-reviewer")["description"].startswith("Deprecated: Too slow. Use other.")
    publishing.undeprecate(agent, by=publisher)
    assert repository.manifest("code-reviewer")["description"].startswith("Reviews")


def test_a_log_that_deprecates_what_it_does_not_know_yet_is_read(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    """Catalogs from before there was a log of changes have such rows: it was made of all events afterwards."""
    agent, _ = publishing.register(parse(agent_source()), by=publisher)
    publishing.deprecate(agent, by=publisher, note="Too slow.")
    changes.record([agent], [Event.objects.get(verb="deprecated")])
    assert repository.plugins() == {}
    publish_source(agent_source())
    assert repository.manifest("code-reviewer")["description"].startswith("Deprecated: Too slow.")


def test_a_renamed_agent_takes_its_users_along(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    agent = publish_source(agent_source()).agent
    publishing.rename(agent, "critic", by=publisher)
    assert repository.plugins() == {"critic": "2.0.0"}
    assert repository.marketplace()["renames"] == {"code-reviewer": "critic"}
    publishing.rename(agent, "judge", by=publisher)
    assert repository.marketplace()["renames"] == {"code-reviewer": "judge", "critic": "judge"}
    publishing.rename(agent, "critic", by=publisher)
    assert repository.marketplace()["renames"] == {"code-reviewer": "critic", "judge": "critic"}
    assert set(repository.tags()) == {"code-reviewer--v1", "critic--v2", "judge--v3", "critic--v4"}


# --- Collections -------------------------------------------------------------------------------------------


def test_a_collection_is_a_plugin_of_its_agents(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    one, two = publish_source(agent_source("one")), publish_source(agent_source("two"))
    team = collection_of("First team", one.agent, two.agent, by=publisher)
    inside = [path for path in repository.files() if path.startswith("plugins/first-team/")]
    assert inside == [
        "plugins/first-team/.claude-plugin/plugin.json",
        "plugins/first-team/agents/one.md",
        "plugins/first-team/agents/two.md",
    ]
    assert repository.manifest("first-team")["description"] == "First team: 2 agents (one, two)"
    publish_source(agent_source("one", prompt="Better.\n"))
    assert repository.plugins()["first-team"] == "1.1.0"
    assert repository.files()["plugins/first-team/agents/one.md"].endswith(b"Better.\n")
    publishing.yank(two, by=publisher, reason="Broken.")
    assert "plugins/first-team/agents/two.md" not in repository.files()
    collecting.set_members(team, [(one.agent, "")], by=publisher)
    collecting.unpublish(team, by=publisher)
    assert "first-team" not in repository.plugins()
    assert repository.marketplace()["renames"]["first-team"] is None
    collecting.publish(team, by=publisher)
    assert repository.manifest("first-team")["metadata"] == {"collection": "first-team", "agents": {"one": 2}}


def test_a_collection_called_as_an_agent_is_another_plugin(
    repository: Repository, publish_source: Publish, publisher: User
) -> None:
    agent = publish_source(agent_source("review")).agent
    collection_of("Review", agent, by=publisher)
    assert repository.plugins() == {"review": "1.0.0", "review-collection": "1.0.0"}
    note = "The plugin is called review-collection, because another one is called review."
    assert repository.manifest("review-collection")["metadata"]["note"] == note


# --- Large catalogs ----------------------------------------------------------------------------------------


def test_many_plugins_are_spread_over_shelves_and_stay_there(
    repository: Repository, publish_source: Publish, publisher: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shelves, "FLAT_UP_TO", 3)
    versions = [publish_source(agent_source(f"agent-{number}")) for number in range(3)]
    assert "plugins/agent-0/agents/agent-0.md" in repository.files()
    publish_source(agent_source("agent-3"))
    entries = {entry["name"]: entry for entry in repository.marketplace()["plugins"]}
    files = repository.files()
    for name, entry in entries.items():
        assert f"{entry['source'].removeprefix('./')}/agents/{name}.md" in files
        assert "version" not in entry
    assert all(path.count("/") == 4 for path in files if path.startswith("plugins/"))
    listed = files[MARKETPLACE]
    publish_source(agent_source("agent-3", prompt="Another.\n"))
    assert repository.files()[MARKETPLACE] == listed, "a version more is no other list"
    for version in versions:
        publishing.yank(version, by=publisher, reason="Broken.")
    assert [entry["name"] for entry in repository.marketplace()["plugins"]] == ["agent-3"]
    assert len([path for path in repository.files() if path.startswith("plugins/")]) == 2
    publishing.yank(Version.objects.get(agent__name="agent-3", number=2), by=publisher, reason="Broken.")
    publishing.yank(Version.objects.get(agent__name="agent-3", number=1), by=publisher, reason="Broken.")
    assert not [path for path in repository.files() if path.startswith("plugins/")]
    publish_source(agent_source("agent-4"))
    assert len([path for path in repository.files() if path.startswith("plugins/")]) == 2
    anew = Repository(tmp_path / "anew.sqlite3")
    assert anew.ids() == repository.ids()
    anew.store.close()


@pytest.mark.no_cover
def test_a_publication_adds_little_to_a_large_repository(repository: Repository, publish_source: Publish) -> None:
    for number in range(150):
        publish_source(agent_source(f"agent-{number}"))
    before = sum(row[0] for row in repository_sizes(repository))
    for number in range(60):
        publish_source(agent_source("agent-7", prompt=f"Number {number}.\n"))
    grown = sum(row[0] for row in repository_sizes(repository)) - before
    assert grown / 60 < 1_500, "bytes a publication; the list alone has more than ten thousand"
    assert repository.marketplace()["plugins"][0]["name"] == "agent-0"


def repository_sizes(repository: Repository) -> list[tuple[int]]:
    repository.commits()
    return repository.store.database.execute("SELECT length(data) FROM object").fetchall()


PIECES = st.lists(st.sampled_from([b"a", b"bc", b"d" * 200, b"e" * 70_000, b"", b"\n"]), max_size=12)


@given(PIECES, PIECES)
def test_a_delta_gives_back_what_it_was_made_of(base: list[bytes], target: list[bytes]) -> None:
    assert patched(b"".join(base), delta_between(base, target)) == b"".join(target)


def test_what_came_since_is_asked_for_in_as_many_questions_however_much_there_is(
    repository: Repository, publish_source: Publish, django_assert_num_queries: Callable[..., object]
) -> None:
    for number in range(3):
        publish_source(agent_source(f"agent-{number}"))
    repository.ids()
    publish_source(agent_source("agent-1", prompt="Another.\n"))
    with django_assert_num_queries(9):
        repository.ids()


def test_pages_know_what_a_plugin_is_called(
    publish_source: Publish, publisher: User, settings: Settings, tmp_path: Path
) -> None:
    settings.CATALOG_REPOSITORY_DIR = tmp_path / "is not there yet"
    agent = publish_source(agent_source("claude-review")).agent
    assert plugin_called(agent) == "cc-review", "before there is a repository"
    team = collection_of("CC review", agent, by=publisher)
    with opened():
        pass
    assert (plugin_called(agent), plugin_called(team)) == ("cc-review", "cc-review-collection")
    late = publish_source(agent_source("cc-review")).agent
    assert plugin_called(late) == "cc-review-agent", "before the repository has it"
    with opened():
        assert plugin_called(late) == "cc-review-agent"
