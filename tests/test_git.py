"""The repository over HTTP, asked by the git of this machine in every version of its protocol, and by who means ill."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from catalog.models import Version
from tests.sources import agent_source

Publish = Callable[..., Version]
VERSIONS = pytest.mark.parametrize("protocol", [0, 1, 2])
UPLOAD_PACK = "/catalog.git/git-upload-pack"
REQUEST = "application/x-git-upload-pack-request"


class Git:
    """The git of this machine with settings of nobody, in a folder."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address, self.protocol = folder, f"{address}/catalog.git", 2

    def __call__(self, *words: str, within: str = ".", fails: bool = False) -> str:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        options = ("-c", f"protocol.version={self.protocol}", "-c", "advice.detachedHead=false")
        done = subprocess.run(
            ["git", *options, *words],
            cwd=self.folder / within,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return (done.stderr if fails else done.stdout).strip()

    def clone(self, into: str, *options: str) -> str:
        self("clone", "-q", *options, self.address, into)
        assert self("fsck", "--strict", "--full", within=into) == ""
        return into

    def count(self, within: str, ref: str = "HEAD") -> int:
        return int(self("rev-list", "--count", ref, within=within))


@pytest.fixture
def history(transactional_db: None, publish_source: Publish) -> list[Version]:
    """Eight publications of two agents."""
    names = ("one", "two")
    return [publish_source(agent_source(names[turn % 2], prompt=f"Number {turn}.\n")) for turn in range(8)]


@pytest.fixture
def git(tmp_path: Path, live_server: LiveServer) -> Git:
    return Git(tmp_path, live_server.url)


def agent_in(git: Git, within: str, name: str) -> str:
    return (git.folder / within / "plugins" / name / "agents" / f"{name}.md").read_text()


# --- Clones and fetches --------------------------------------------------------------------------------------


@VERSIONS
def test_a_clone_has_every_publication_and_every_version_as_a_tag(
    git: Git, history: list[Version], protocol: int
) -> None:
    git.protocol = protocol
    git.clone("all")
    assert git.count("all") == 9
    assert git("log", "-1", "--format=%an %s", within="all") == "Agent Catalog Publish two 4"
    assert git("tag", within="all").split() == [
        f"{name}--v{number}" for name in ("one", "two") for number in range(1, 5)
    ]
    git("checkout", "-q", "one--v2", within="all")
    assert agent_in(git, "all", "one").endswith("Number 2.\n")


@VERSIONS
def test_a_shallow_clone_is_deepened_and_made_whole(git: Git, history: list[Version], protocol: int) -> None:
    git.protocol = protocol
    git.clone("some", "--depth", "2")
    assert git.count("some") == 2
    git("fetch", "-q", "--deepen", "3", within="some")
    assert git.count("some") == 5
    git("fetch", "-q", "--depth", "1", "--no-tags", within="some")
    assert git.count("some") == 1
    git("fetch", "-q", "--unshallow", within="some")
    assert git.count("some") == 9
    assert git("fsck", "--strict", "--full", within="some") == ""


@VERSIONS
def test_a_fetch_brings_what_was_published_since(
    git: Git, history: list[Version], publish_source: Publish, protocol: int
) -> None:
    git.protocol = protocol
    for clone, options in (("all", ()), ("last", ("--depth", "1")), ("few", ("--depth", "3"))):
        git.clone(clone, *options)
    publish_source(agent_source("one", prompt="Fresh.\n"))
    publish_source(agent_source("three", prompt="Number 0.\n"))
    for clone, count in (("all", 11), ("last", 3), ("few", 5)):
        git("pull", "-q", within=clone)
        assert git.count(clone) == count
        assert agent_in(git, clone, "one").endswith("Fresh.\n")
        assert git("fsck", "--strict", "--full", within=clone) == ""
    git("fetch", "-q", "--depth", "1", within="last")
    assert git.count("last", "FETCH_HEAD") == 1


@VERSIONS
def test_an_old_commit_is_fetched_by_its_id(git: Git, history: list[Version], protocol: int) -> None:
    git.protocol = protocol
    git.clone("all")
    old = git("rev-parse", "HEAD~5", within="all")
    git("init", "-q", "pinned")
    git("fetch", "-q", "--depth", "1", git.address, old, within="pinned")
    git("checkout", "-q", "FETCH_HEAD", within="pinned")
    assert git.count("pinned") == 1
    git("fetch", "-q", git.address, old, within="pinned")
    git("fetch", "-q", "--depth", "1", git.address, "refs/tags/one--v1", within="pinned")
    unknown = "0123456789" * 4
    assert "not our ref" in git("fetch", "-q", git.address, unknown, within="pinned", fails=True)


@VERSIONS
def test_history_is_cut_by_time_and_by_what_is_left_out(git: Git, history: list[Version], protocol: int) -> None:
    git.protocol = protocol
    git.clone("late", "--shallow-since=2026-02-01")
    assert git.count("late") == 8, "all but the beginning"
    git.clone("left", "--shallow-exclude=one--v2")
    assert git.count("left") == 5
    git("clone", "-q", "--shallow-exclude=two--v4", git.address, "none", fails=True)


def test_a_clone_of_one_tag_for_tools_that_pin(git: Git, history: list[Version]) -> None:
    git.clone("pinned", "--depth", "1", "--branch", "two--v1")
    assert agent_in(git, "pinned", "two").endswith("Number 1.\n")


def test_a_client_with_commits_of_its_own_gets_ours(git: Git, history: list[Version], publish_source: Publish) -> None:
    """It names hundreds of commits that nobody else knows, so that its request is deflated."""
    git.clone("own")
    me = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    for number in range(150):
        git(*me, "commit", "-q", "--allow-empty", "-m", f"{number}", within="own")
    publish_source(agent_source("one", prompt="Fresh.\n"))
    git("fetch", "-q", within="own")
    assert git.count("own", "origin/main") == 10


def test_nothing_is_pushed(git: Git, history: list[Version], client: Client) -> None:
    git.clone("all")
    refused = git("push", git.address, "HEAD:refs/heads/mine", within="all", fails=True)
    assert "Nothing is pushed here" in refused
    assert client.get("/catalog.git/info/refs?service=git-receive-pack").status_code == 403
    assert client.post("/catalog.git/git-receive-pack").status_code == 403
