"""The repository over HTTP, asked by the git of this machine in every version of its protocol, and by who means ill."""

import gzip
import os
import subprocess
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.live_server_helper import LiveServer

from catalog import publishing
from catalog.distribution import repository
from catalog.distribution.repository import packs, upload_pack
from catalog.distribution.repository.objects import REF_DELTA, Kind, id_of, patched
from catalog.distribution.repository.pktlines import FLUSH, NotLines, line, read_lines
from catalog.models import Version
from tests.repositories import Repository
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


# --- Over HTTP -----------------------------------------------------------------------------------------------


@pytest.fixture
def place(db: None) -> Client:
    return Client()


def ask(client: Client, *lines: str, body: bytes = b"", protocol: int = 2, **headers: str) -> bytes:
    sent = body or b"".join(map(line, lines)) + FLUSH
    headers = {"git-protocol": f"version={protocol}", **headers}
    response = client.post(UPLOAD_PACK, sent, content_type=REQUEST, headers=headers)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/x-git-upload-pack-result"
    return b"".join(response) if response.streaming else response.content


def test_what_a_client_may_ask_is_advertised(place: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    second = place.get("/catalog.git/info/refs?service=git-upload-pack", headers={"git-protocol": "version=2"})
    assert second["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert second["Cache-Control"] == "no-cache, max-age=0, must-revalidate"
    assert b"fetch=shallow" in second.content
    first = place.get("/catalog.git/info/refs?service=git-upload-pack").content
    assert first.startswith(b"001e# service=git-upload-pack\n0000")
    assert b"symref=HEAD:refs/heads/main" in first
    assert b"refs/tags/code-reviewer--v1" in first


def test_refs_are_told_by_their_beginnings_and_each_once(place: Client, publish_source: Publish) -> None:
    for name in ("one", "two"):
        publish_source(agent_source(name))

    def told(*beginnings: str) -> list[str]:
        asked = [f"ref-prefix {beginning}" for beginning in beginnings]
        body = line("command=ls-refs") + b"0001" + b"".join(map(line, ["symrefs", *asked])) + FLUSH
        return [str(one)[41:] for one in read_lines(ask(place, body=body)) if isinstance(one, str)]

    head = "HEAD symref-target:refs/heads/main"
    every = [head, "refs/heads/main", "refs/tags/one--v1", "refs/tags/two--v1"]
    assert told() == every
    assert told("HEAD", "refs/heads/", "refs/tags/", "refs/tags/o") == every
    assert told("refs/") == every[1:]
    assert told("refs/tags/one", "refs/heads/other") == ["refs/tags/one--v1"]
    assert told("refs/pull/") == []


def test_a_deflated_request_is_read(place: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    body = gzip.compress(line("command=ls-refs") + FLUSH)
    assert b"refs/heads/main" in ask(place, body=body, **{"content-encoding": "gzip"})


def test_a_request_that_is_none_is_refused_in_words(place: Client) -> None:
    def refused(body: bytes, content_type: str = REQUEST, **headers: str) -> tuple[int, str]:
        headers = {"git-protocol": "version=2", **headers}
        response = place.post(UPLOAD_PACK, body, content_type=content_type, headers=headers)
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["Cache-Control"] == "no-store"
        return response.status_code, response.content.decode().strip()

    assert refused(b"hello") == (400, "The request is not in the lines of git's protocol.")
    assert refused(b"00ffshort") == (400, "The request ends within a line.")
    assert refused(line("command=object-info") + FLUSH)[0] == 400
    fetch = line("command=fetch") + b"0001"
    assert refused(fetch + line("want nothing") + FLUSH) == (400, "'nothing' is not the id of an object.")
    assert refused(fetch + line("deepen -1") + FLUSH) == (400, "'-1' is not a number.")
    assert refused(b"0000", content_type="text/plain")[0] == 415
    assert refused(b"x", **{"content-encoding": "gzip"}) == (400, "The request says that it is deflated, and is not.")
    assert refused(b"x", **{"content-encoding": "br"})[0] == 415


def test_a_bomb_is_not_unpacked(place: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(b"\0" * (30 << 20))
    headers = {"content-encoding": "gzip"}
    response = place.post(UPLOAD_PACK, body, content_type=REQUEST, headers=headers)
    assert response.status_code == 413


def test_other_addresses_and_methods_say_what_this_is(place: Client, settings: object) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example.com"  # type: ignore[attr-defined]
    assert b"git clone https://agents.example.com/catalog.git\n" in place.get("/catalog.git/").content
    for address in ("HEAD", "objects/info/packs", "config", "x/y/z"):
        assert place.get(f"/catalog.git/{address}").status_code == 404
    assert place.get("/catalog.git/info/refs").status_code == 403
    assert place.get("/catalog.git/info/refs?service=git-upload-archive").status_code == 403
    for method, address in (("post", "/catalog.git/info/refs"), ("get", UPLOAD_PACK), ("put", UPLOAD_PACK)):
        response = getattr(place, method)(address)
        assert (response.status_code, "Allow" in response.headers) == (405, True)


def test_asking_too_often_is_told_when_to_come_again(place: Client, settings: object) -> None:
    settings.CATALOG_RATES = {"reads": (1, 1), "costly": (1, 1), "writes": (1, 1)}  # type: ignore[attr-defined]
    address = "/catalog.git/info/refs?service=git-upload-pack"
    assert place.get(address).status_code == 200
    refused = place.get(address)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60


def test_a_large_answer_is_made_while_it_is_sent(
    place: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source(prompt="x" * 3_000))
    with repository.opened() as store:
        newest = store.newest()
    assert newest
    body = line("command=fetch") + b"0001" + line(f"want {newest.id.hex()}") + line("done") + FLUSH
    whole = ask(place, body=body)
    monkeypatch.setattr("catalog.views.git.WHOLE", 10)
    responses = [
        place.post(UPLOAD_PACK, body, content_type=REQUEST, headers={"git-protocol": "version=2"}) for _ in "ab"
    ]
    assert all(response.streaming for response in responses)
    busy = place.post(UPLOAD_PACK, body, content_type=REQUEST, headers={"git-protocol": "version=2"})
    assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    assert [b"".join(response) for response in responses] == [whole, whole]
    assert ask(place, body=body) == whole


WORDS = st.sampled_from(
    (
        *("command=fetch", "command=ls-refs", "done", "thin-pack", "ofs-delta", "deepen 1", "deepen 0", "no-progress"),
        *("deepen 99999999999", "deepen-since 0", "deepen-not HEAD", "deepen-not refs/heads/main", "deepen-relative"),
        *(
            "want HEAD",
            "have NEWEST",
            "want NEWEST",
            "want FIRST",
            "shallow FIRST",
            "shallow NEWEST",
            "have " + "0" * 40,
        ),
        *(
            "want " + "1" * 40,
            "ref-prefix ",
            "ref-prefix refs/tags/" + "x" * 500,
            "include-tag",
            "filter blob:none",
            "\0",
        ),
    )
)


@pytest.mark.django_db
def test_no_request_is_answered_with_anything_but_an_answer_or_a_reason(
    publish_source: Publish, tmp_path: Path
) -> None:
    publish_source(agent_source())
    publish_source(agent_source("other"))
    made = Repository(tmp_path / "repository.sqlite3")
    first, *_, newest = made.ids()

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(WORDS | st.sampled_from([b"0000", b"0001", b"0002", b"0003", b"zzzz"]), max_size=12),
        st.sampled_from([0, 2]),
    )
    def ask_anything(words: list[str | bytes], protocol: int) -> None:
        parts = [
            word if isinstance(word, bytes) else line(word.replace("NEWEST", newest).replace("FIRST", first))
            for word in words
        ]
        with suppress(NotLines):
            b"".join(upload_pack.answer(made.store, b"".join(parts), protocol).parts)

    ask_anything()


@pytest.mark.django_db
def test_whatever_a_client_has_it_can_build_what_it_asked_for(
    publish_source: Publish, publisher: User, tmp_path: Path
) -> None:
    """Every choice of haves, cuts, wants and depth: with what it had, the pack is all that the wanted commits need."""
    for turn in range(6):
        version = publish_source(agent_source(f"agent-{turn % 3}", prompt=f"{turn % 4}.\n"))
    publishing.yank(version, by=publisher, reason="Broken.")
    made = Repository(tmp_path / "repository.sqlite3")
    commits = made.commits()
    number = st.integers(0, len(commits) - 1)

    def needs(first: int, last: int) -> set[bytes]:
        """The objects of a span of commits."""
        found: set[bytes] = set()
        for commit in commits[first : last + 1]:
            found |= {commit.id, *packs._new_in(made.store, None, commit.tree)}
        return found

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(number, number, number, st.none() | st.integers(1, 9), st.booleans())
    def fetch(want: int, have: int, cut: int, depth: int | None, is_thin: bool) -> None:
        cut = min(cut, have)
        held = needs(cut, have)
        asked = packs.Asked(
            wants=[commits[want].id],
            haves=[commits[have].id],
            shallow=[commits[cut].id] if cut else [],
            depth=depth,
            is_thin=is_thin,
            is_done=True,
        )
        selection = packs.Selection(made.store, asked)
        cuts = ({commits[cut].id} if cut else set()) - set(selection.cut_no_more()) | set(selection.cut_off())
        sent, bases = ids_and_bases(made, b"".join(selection.pack()[1]))
        assert is_thin or bases <= sent, "a pack stands alone unless the client takes a thin one"
        assert bases <= sent | held
        step = want
        while True:  # down from the wanted commit as git goes, until its history ends
            assert needs(step, step) <= sent | held
            if commits[step].id in cuts or step == 0:
                break
            step -= 1

    fetch()


def ids_and_bases(made: Repository, pack: bytes) -> tuple[set[bytes], set[bytes]]:
    """The ids of a pack's objects, and of the objects that it only tells the difference from."""
    count, place = int.from_bytes(pack[8:12], "big"), 12
    found: set[bytes] = set()
    bases: set[bytes] = set()
    waiting: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        kind = pack[place] >> 4 & 7
        while pack[place] & 0x80:
            place += 1
        place += 1
        base = b""
        if kind == REF_DELTA:
            base, place = pack[place : place + 20], place + 20
        inflater = zlib.decompressobj()
        content = inflater.decompress(pack[place:])
        place = len(pack) - len(inflater.unused_data)
        if base:
            bases.add(base)
            waiting.append((base, content))
        else:
            found.add(id_of(Kind(kind), content))
    for base, delta in waiting:  # a base stands before what is made of it, or is the client's
        (kind,) = made.store.database.execute("SELECT kind FROM object WHERE id = ?", [base]).fetchone()
        content = patched(made.store.content(base), delta)
        found.add(id_of(Kind(kind), content))
    assert place == len(pack) - 20
    return found, bases
