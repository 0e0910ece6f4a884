"""What git's protocol is answered over HTTP, to clients of every kind and to who means ill."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog import publishing
from catalog.distribution import repository, streams
from catalog.distribution.repository import packs, upload_pack
from catalog.distribution.repository.objects import REF_DELTA, Kind, id_of, patched
from catalog.distribution.repository.pktlines import DELIMITER, FLUSH, NotLines, line, packet, read_lines
from catalog.distribution.repository.store import Made
from catalog.models import Version
from tests.repositories import Repository
from tests.sources import agent_source

Publish = Callable[..., Version]
VERSIONS = pytest.mark.parametrize("protocol", [0, 1, 2])
UPLOAD_PACK = "/catalog.git/git-upload-pack"
REQUEST = "application/x-git-upload-pack-request"


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

    assert refused(b"-001") == refused(b"+004") == refused(b"0x04") == refused(b"00_4") == refused(b"hello")
    assert refused(b"hello") == (400, "The request is not in the lines of git's protocol.")
    assert refused(b"00ffshort") == (400, "The request ends within a line.")
    assert refused(line("command=object-info") + FLUSH)[0] == 400
    fetch = line("command=fetch") + b"0001"
    assert refused(fetch + line("want nothing") + FLUSH) == (400, "'nothing' is not the id of an object.")
    assert refused(fetch + line("deepen -1") + FLUSH) == (400, "'-1' is not a number.")
    spaced = " ".join(("4a22930000",) * 4)
    assert refused(fetch + line(f"want {spaced}") + FLUSH)[0] == 400, "Python reads spaced digits as an id too"
    long = refused(line("command=" + "x" * 60_000) + FLUSH)
    assert (long[0], len(long[1]) < 100) == (400, True)
    assert refused(DELIMITER) == (400, "The request names no command.")
    assert refused(b"0000", content_type="text/plain")[0] == 415
    assert refused(b"x", **{"content-encoding": "gzip"}) == (400, "The request says that it is deflated, and is not.")
    assert refused(gzip.compress(FLUSH) + b"x", **{"content-encoding": "gzip"})[0] == 400
    assert refused(b"x", **{"content-encoding": "br"})[0] == 415


def test_a_ref_that_is_none_is_told_in_a_line_that_git_can_read(place: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    with repository.opened() as store:
        newest = store.newest()
    assert newest
    odd = b"deepen-not \x1b[31m" + b"\xff" * 65_000
    asked = (line(f"want {newest.id.hex()}"), packet(odd), line("done"))
    told = ask(place, body=line("command=fetch") + DELIMITER + b"".join(asked) + FLUSH)
    [sentence] = read_lines(told)
    assert str(sentence).startswith("ERR upload-pack: There is no '\\x1b[31m")
    assert len(told) < 300


def test_chunks_that_the_server_does_not_put_together_are_refused(place: Client) -> None:
    sent = {"CONTENT_TYPE": REQUEST, "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO()}
    response = place.generic("POST", UPLOAD_PACK, **sent)
    assert response.status_code == 411


@VERSIONS
def test_who_wants_nothing_gets_nothing(place: Client, publish_source: Publish, protocol: int) -> None:
    publish_source(agent_source())
    with repository.opened() as store:
        newest = store.newest()
    assert newest
    have, done = line(f"have {newest.id.hex()}"), line("done")
    body = (line("command=fetch") + DELIMITER if protocol == 2 else FLUSH) + have + done
    assert ask(place, body=body + (FLUSH if protocol == 2 else b""), protocol=protocol) == b""


def test_a_bomb_is_unpacked_as_far_as_a_request_may_go(place: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.views.git.MOST_ASKED", 1_000)
    inflated: list[int] = []
    inflate = zlib.decompressobj

    class Inflater:
        def __init__(self, bits: int) -> None:
            self.inside = inflate(bits)

        def decompress(self, sent: bytes, most: int) -> bytes:
            content = self.inside.decompress(sent, most)
            inflated.append(len(content))
            return content

        @property
        def eof(self) -> bool:
            return self.inside.eof

        @property
        def unused_data(self) -> bytes:
            return self.inside.unused_data

    monkeypatch.setattr("catalog.views.git.zlib.decompressobj", Inflater)
    body = gzip.compress(b"\0" * 100_000)
    response = place.post(UPLOAD_PACK, body, content_type=REQUEST, headers={"content-encoding": "gzip"})
    assert (response.status_code, inflated) == (413, [1_001])


def test_a_request_of_nothing_but_lines_is_counted(place: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_pack, "MOST_NAMED", 1_000)
    read = 0
    lines = upload_pack.read_lines

    def counted(body: bytes) -> Iterator[object]:
        nonlocal read
        for one in lines(body):
            read += 1
            yield one

    monkeypatch.setattr(upload_pack, "read_lines", counted)
    response = place.post(UPLOAD_PACK, FLUSH * 5_000, content_type=REQUEST)
    assert (response.status_code, read) == (400, 1_001)


def test_who_looks_for_very_many_refs_is_told_of_all(place: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    asked = [f"ref-prefix refs/tags/{number}" for number in range(200)]
    body = line("command=ls-refs") + b"0001" + b"".join(map(line, asked)) + FLUSH
    assert b"refs/tags/code-reviewer--v1" in ask(place, body=body)


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

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda tail: line("command=fetch") + b"0001" + tail))
    def send_anything(body: bytes) -> None:
        for protocol in (0, 2):
            with suppress(NotLines):
                b"".join(upload_pack.answer(made.store, body, protocol).parts)

    send_anything()


@pytest.mark.django_db
def test_who_has_one_commit_is_sent_what_differs_in_a_later_one(publish_source: Publish, tmp_path: Path) -> None:
    """A shallow clone, brought up to date after several publications."""
    for number in range(40):
        publish_source(agent_source(f"agent-{number}"))
    made = Repository(tmp_path / "repository.sqlite3")
    had = made.commits()[-1]
    for number in range(3):
        publish_source(agent_source("agent-7", prompt=f"Number {number}.\n"))
    commits = made.commits()

    def sent(want: Made, **more: Any) -> int:
        return packs.Selection(made.store, packs.Asked([want.id], is_done=True, **more)).pack()[0]

    assert sent(commits[-1], depth=1) > 100
    assert sent(commits[-1], haves=[had.id], shallow=[had.id], depth=1) < 20
    deepened = sent(had, haves=[had.id], shallow=[had.id], depth=3)  # the two before it
    assert deepened < 30


@pytest.mark.django_db
def test_who_lacks_many_commits_here_and_there_is_sent_everything_and_nothing_is_looked_for(
    publish_source: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        publish_source(agent_source("agent", prompt=f"Number {number}.\n"))
    made = Repository(tmp_path / "repository.sqlite3")
    asked = packs.Asked([commit.id for commit in made.commits()[::2]], depth=1, is_done=True)
    assert packs.Selection(made.store, asked).effort() > 6_000
    once = packs.Asked([made.commits()[-1].id], depth=1, is_done=True)
    assert packs.Selection(made.store, once).effort() < 1_100, "however long the history of a small catalog is"
    monkeypatch.setattr(packs, "MOST_PICKED", 5)
    selection = packs.Selection(made.store, asked)
    assert selection.pack()[0] == selection.effort() == made.store.last_object()


@pytest.mark.django_db
def test_who_asks_for_much_work_gets_a_place_before_it_is_done(
    place: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source("one"))
    with repository.opened() as store:
        newest = store.newest()
    assert newest
    asked = ("deepen 1", f"want {newest.id.hex()}", "done")
    body = line("command=fetch") + DELIMITER + b"".join(map(line, asked)) + FLUSH
    monkeypatch.setattr("catalog.views.git._MANY", 1)
    for _ in range(streams.STREAMS):
        streams.Stream(iter(()))
    answer = place.post(UPLOAD_PACK, body, content_type=REQUEST, headers={"git-protocol": "version=2"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.django_db
def test_whatever_a_client_has_it_can_build_what_it_asked_for(
    publish_source: Publish, publisher: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    @given(st.sets(number, min_size=1), number, number, st.none() | st.integers(1, 9), st.booleans(), st.booleans())
    def fetch(wants: set[int], have: int, cut: int, depth: int | None, is_thin: bool, is_long: bool) -> None:
        monkeypatch.setattr(packs, "MOST_PICKED", 1 if is_long else 250)
        cut = min(cut, have)
        held = needs(cut, have)
        asked = packs.Asked(
            wants=[commits[want].id for want in wants],
            haves=[commits[have].id],
            shallow=[commits[cut].id] if cut else [],
            depth=depth,
            is_thin=is_thin,
            is_done=True,
        )
        selection = packs.Selection(made.store, asked)
        cuts = ({commits[cut].id} if cut else set()) - set(selection.cut_no_more()) | set(selection.cut_off())
        sent, bases, late = ids_and_bases(made, b"".join(selection.pack()[1]))
        assert is_thin or bases <= sent, "a pack stands alone unless the client takes a thin one"
        assert bases <= sent | held
        assert not late, "a base stands before what is made of it"
        for step in wants:
            while True:  # down from the wanted commit as git goes, until its history ends
                assert needs(step, step) <= sent | held
                if commits[step].id in cuts or step == 0:
                    break
                step -= 1

    fetch()


def ids_and_bases(made: Repository, pack: bytes) -> tuple[set[bytes], set[bytes], set[bytes]]:
    """The ids of a pack's objects, of those it only tells the difference from, and of these the ones that come later.

    There are clients that look for a base among what came before alone.
    """
    count, place = int.from_bytes(pack[8:12], "big"), 12
    found: list[bytes] = []
    bases: dict[bytes, int] = {}
    for number in range(count):
        kind = pack[place] >> 4 & 7
        while pack[place] & 0x80:
            place += 1
        place += 1
        base = b""
        if kind == REF_DELTA:
            base, place = pack[place : place + 20], place + 20
            bases.setdefault(base, number)
        inflater = zlib.decompressobj()
        content = inflater.decompress(pack[place:])
        place = len(pack) - len(inflater.unused_data)
        if base:
            (kind,) = made.store.database.execute("SELECT kind FROM object WHERE id = ?", [base]).fetchone()
            content = patched(made.store.content(base), content)
        found.append(id_of(Kind(kind), content))
    assert place == len(pack) - 20
    late = {base for base, number in bases.items() if base in found[number:]}
    return set(found), set(bases), late
