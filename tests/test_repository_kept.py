"""The file the git repository is kept in: what happens where it is damaged, busy, or cannot be there at all."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from catalog.distribution import repository
from catalog.distribution.repository import store
from catalog.models import Version
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db
REFS = "/catalog.git/info/refs?service=git-upload-pack"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.CATALOG_REPOSITORY_DIR = tmp_path / "repository"
    return tmp_path / "repository"


def head() -> str:
    with repository.opened() as opened:
        newest = opened.newest()
        assert newest
        return newest.id.hex()


def test_a_damaged_file_is_set_aside_and_made_anew(
    publish_source: Publish, folder: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_source(agent_source())
    before = head()
    file = folder / "agent-catalog.sqlite3"
    file.write_bytes(b"no database at all" * 500)
    assert client.get(REFS).status_code == 200
    assert head() == before
    assert (folder / "agent-catalog.damaged").exists()
    file.write_bytes(b"no database at all" * 500)
    call_command("rebuild_repository")
    assert before in capsys.readouterr().out
    assert head() == before


def test_a_file_that_is_gone_is_made_anew(publish_source: Publish, folder: Path) -> None:
    publish_source(agent_source())
    before = head()
    for file in folder.iterdir():
        file.unlink()
    assert head() == before


def test_another_form_of_the_file_is_made_anew(
    publish_source: Publish, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source())
    before = head()
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    assert head() == before


def test_a_folder_that_cannot_be_there_is_told_of_and_not_blamed_on_git(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    settings.CATALOG_REPOSITORY_DIR = tmp_path / "file" / "below"
    for address in (REFS, "/marketplace.json", f"/plugins/x/{'0' * 40}.zip"):
        response = client.get(address)
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert b"cannot be read just now" in response.content


def test_while_somebody_makes_commits_others_have_what_there_was(
    publish_source: Publish, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source())
    before = head()
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    with closing(sqlite3.connect(folder / "agent-catalog.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        publish_source(agent_source("debugger"))
        assert head() == before
        other.execute("ROLLBACK")
    assert head() != before


def test_before_there_is_anything_who_asks_is_told_to_come_again(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    folder.mkdir()
    with closing(sqlite3.connect(folder / "agent-catalog.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert client.get(REFS).status_code == 503
        other.execute("ROLLBACK")
    assert client.get(REFS).status_code == 200


def test_who_reads_stays_at_one_moment_though_all_is_made_anew(publish_source: Publish) -> None:
    publish_source(agent_source())
    with repository.opened() as reader:
        newest = reader.newest()
        call_command("rebuild_repository", verbosity=0)
        publish_source(agent_source("debugger"))
        head()
        assert reader.newest() == newest
        assert [name for name, _ in reader.tags()] == ["code-reviewer--v1"]


def test_until_it_is_made_anew_others_have_what_was_there(
    publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may ask at any time: it must never see the repository begin again."""
    for number in range(3):
        publish_source(agent_source(f"agent-{number}"))
    before = head()
    monkeypatch.setattr("catalog.distribution.repository.making.A_WHILE", 0)
    seen: list[str] = []
    with repository.opened() as reader:
        path = reader.path
    commit = store.Store.add_made

    def watched(self: store.Store, *about: object) -> None:
        with closing(sqlite3.connect(path)) as other:
            seen.append(other.execute("SELECT hex(id) FROM made ORDER BY number DESC LIMIT 1").fetchone()[0].lower())
        commit(self, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(store.Store, "add_made", watched)
    call_command("rebuild_repository", verbosity=0)
    assert seen == [before] * 4
    assert head() == before
