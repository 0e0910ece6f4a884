"""What the installer keeps: changed files, lock files, and agents that were renamed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from catalog import publishing
from catalog.models import Version
from tests.installer.places import KEPT, LOCK, MINE, Place, digest_of
from tests.sources import agent_source

Publish = Callable[..., Version]

# --- What was changed here ----------------------------------------------------------------------------


def test_a_file_that_was_changed_is_kept_and_the_others_go_on(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    place.run("code-reviewer@1")
    place.write("code-reviewer.md", MINE)
    before = place.lock()
    ran = place.run("code-reviewer", "other")
    assert (ran.status, ran.said) == (2, "other: version 1 installed.\n")
    assert ran.complained == f"code-reviewer: kept, because it was changed here. {KEPT}"
    assert place.files()["code-reviewer.md"] == MINE.encode()
    assert place.lock()["code-reviewer"] == before["code-reviewer"]


def test_a_file_that_was_never_installed_is_kept(place: Place, versions: list[Version]) -> None:
    place.write("code-reviewer.md", MINE)
    ran = place.run("code-reviewer")
    why = "a file that the catalog did not install has its place"
    assert ran == (2, "", f"code-reviewer: kept, because {why}. {KEPT}")
    assert place.files() == {"code-reviewer.md": MINE.encode()}


def test_an_emptied_file_is_a_change_too(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    place.write("code-reviewer.md", "")
    assert place.run("code-reviewer").status == 2
    assert place.files()["code-reviewer.md"] == b""


def test_a_file_with_the_text_of_the_version_is_taken_into_the_lock(place: Place, versions: list[Version]) -> None:
    place.agents.mkdir(parents=True)
    (place.agents / "code-reviewer.md").write_bytes(versions[2].source.encode())
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 is here already.\n", "")
    assert place.lock()["code-reviewer"]["number"] == 3


def test_force_replaces_a_changed_file_and_keeps_every_text(place: Place, versions: list[Version]) -> None:
    for text in ("first\n", "second\n", "third\n"):
        place.write("code-reviewer.md", text)
        assert place.run("--force", "code-reviewer").status == 0
    files = place.files()
    assert files["code-reviewer.md"] == versions[2].source.encode()
    kept = [files[f"code-reviewer.md.orig{number}"] for number in ("", "1", "2")]
    assert kept == [b"first\n", b"second\n", b"third\n"]


def test_force_says_where_the_text_is(place: Place, versions: list[Version]) -> None:
    place.write("code-reviewer.md", MINE)
    tried = place.run("--force", "--dry-run", "code-reviewer")
    assert tried == (0, "code-reviewer: version 3 would be installed, and your text kept beside it.\n", "")
    assert place.files() == {"code-reviewer.md": MINE.encode()}
    said = "code-reviewer: your text is in code-reviewer.md.orig now.\ncode-reviewer: version 3 installed.\n"
    assert place.run("--force", "code-reviewer") == (0, said, "")


def test_force_keeps_no_copy_of_what_nobody_changed(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    place.run("--force", "code-reviewer")
    assert set(place.files()) == {"code-reviewer.md", LOCK}


def test_what_cannot_be_written_is_said_and_the_others_go_on(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    (place.agents / "code-reviewer.md").mkdir(parents=True)
    ran = place.run("code-reviewer", "other")
    assert (ran.status, ran.said) == (2, "other: version 1 installed.\n")
    assert ran.complained.startswith("code-reviewer: ")


def test_a_file_in_the_place_of_the_folder_is_left_alone(place: Place, versions: list[Version]) -> None:
    (place.root / ".claude").write_text("mine")
    assert place.run("code-reviewer").status == 2
    assert place.files() == {".claude": b"mine"}


# --- The lock file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<<<<<<< HEAD\n{",
        "[]",
        "{}",
        '{"catalog": "CATALOG"}',
        '{"catalog": "CATALOG", "agents": []}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": "1", "digest": "DIGEST", "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1, "digest": null, "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"a": {"number": 1, "digest": "sha256:\\ud800", "pinned": false}}}',
        '{"catalog": "CATALOG", "agents": {"../a": {"number": 1, "digest": "DIGEST", "pinned": false}}}',
        "\udcff",
    ],
)
def test_a_lock_file_that_cannot_be_understood_is_left_alone(place: Place, live_server: LiveServer, text: str) -> None:
    text = text.replace("CATALOG", live_server.url).replace("DIGEST", digest_of(b""))
    place.agents.mkdir(parents=True)
    (place.agents / LOCK).write_bytes(text.encode("utf-8", "surrogateescape"))
    before = place.files()
    for words in (["code-reviewer"], [], ["--outdated"], ["--force"]):
        ran = place.run(*words)
        where = Path(".claude") / "agents" / LOCK
        told = f"Nothing was changed: {where} cannot be understood. Mend it or take it away.\n"
        assert ran == (2, "", told)
    assert place.files() == before


def test_a_lock_file_of_another_catalog_is_left_alone(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@1")
    lock = place.agents / LOCK
    text = json.loads(lock.read_bytes()) | {"catalog": "https://other.example"}
    lock.write_text(json.dumps(text))
    before = place.files()
    ran = place.run("code-reviewer")
    assert (ran.status, ran.said) == (2, "")
    assert "is of another catalog, https://other.example. Choose another folder" in ran.complained
    assert place.files() == before


@pytest.mark.parametrize("words", [[], ["--outdated"]])
def test_a_folder_without_a_lock_file_has_nothing_to_look_after(place: Place, words: list[str]) -> None:
    ran = place.run(*words)
    where = Path(".claude") / "agents"
    told = f"Nothing was changed: nothing is installed in {where} yet. Name the agents to install.\n"
    assert ran == (2, "", told)
    assert list(place.root.iterdir()) == []


# --- An agent that was renamed --------------------------------------------------------------------------


@pytest.fixture
def renamed(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@3")
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())


def test_a_renamed_agent_moves_to_its_present_name(place: Place, renamed: None) -> None:
    ran = place.run("code-reviewer")
    assert ran.said.splitlines() == [
        "reviewer: version 4 installed.",
        "code-reviewer: called reviewer now. code-reviewer.md was removed.",
    ]
    assert (ran.status, ran.complained) == (0, "")
    assert set(place.files()) == {"reviewer.md", LOCK}
    assert list(place.lock()) == ["reviewer"]


def test_an_earlier_version_of_a_renamed_agent_is_pinned_under_its_present_name(place: Place, renamed: None) -> None:
    assert place.run("code-reviewer@2").status == 0
    assert [(name, held["number"], held["pinned"]) for name, held in place.lock().items()] == [("reviewer", 2, True)]


def test_a_renamed_agent_that_was_changed_here_keeps_its_old_file(place: Place, renamed: None) -> None:
    place.write("code-reviewer.md", MINE)
    ran = place.run("code-reviewer")
    assert ran.said.endswith("code-reviewer: called reviewer now. code-reviewer.md was changed here, and stays.\n")
    assert place.files()["code-reviewer.md"] == MINE.encode()
    assert list(place.lock()) == ["reviewer"]


def test_a_dry_run_says_that_an_agent_was_renamed(place: Place, renamed: None) -> None:
    before = place.files()
    ran = place.run("--dry-run", "code-reviewer")
    assert "code-reviewer: called reviewer now. code-reviewer.md would be removed.\n" in ran.said
    assert place.files() == before


def test_a_renamed_agent_stays_where_its_new_file_cannot_be_written(place: Place, renamed: None) -> None:
    place.write("reviewer.md", MINE)
    before = place.files()
    assert place.run("code-reviewer").status == 2
    assert place.files() == before
