"""The installer when something goes wrong: forged or broken texts, catalogs that fail, runs that are stopped."""

import json
import signal
from pathlib import Path
from threading import Thread

import pytest

from tests.installer.places import SOURCE, Place, digest_of
from tests.installer.small_catalog import Catalog


def test_a_text_with_another_digest_is_not_written(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    catalog.forged = b"evil\n"
    before = there.files()
    ran = there.run("--force", "alpha")
    told = "alpha: what arrived is not version 2, because its digest is another. It was not written.\n"
    assert ran == (2, "", told)
    assert there.files() == before


def test_a_missing_file_comes_back_only_with_the_digest_of_the_lock(catalog: Catalog, there: Place) -> None:
    (there.agents / "pinned.md").unlink()
    catalog.agents["pinned"] = [b"evil\n"]
    assert there.run().status == 2
    assert "pinned.md" not in there.files()


def test_a_text_that_breaks_off_is_not_written(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    before = there.files()
    found = json.dumps({"name": "alpha", "version": catalog.version("alpha", 2)}).encode()
    catalog.failures = [(200, {}, found), (200, {"Content-Length": "100"}, b"alpha")]
    ran = there.run("alpha")
    assert (ran.status, ran.said) == (2, "")
    assert f"alpha: {catalog.url} does not answer (IncompleteRead" in ran.complained
    assert there.files() == before


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_catalog_that_fails_is_said_to_fail(catalog: Catalog, there: Place, status: int) -> None:
    catalog.failures = [(status, {}, b"<h1>Sorry</h1>")]
    ran = there.run("alpha", "beta")
    assert (ran.status, ran.said) == (2, "beta: version 1 is here already.\n")
    assert ran.complained == f"alpha: the catalog failed ({status}). Try again later.\n"


def test_a_catalog_that_does_not_answer_is_said_to(catalog: Catalog, there: Place) -> None:
    before = there.files()
    catalog.shutdown()
    catalog.server_close()
    for words in (["alpha"], [], ["--outdated"]):
        ran = there.run(*words)
        assert (ran.status, ran.said) == (2, "")
        assert f"{catalog.url} does not answer (" in ran.complained
        assert len(ran.complained.splitlines()) == 1
    assert there.files() == before


def test_the_installer_waits_when_it_is_asked_to(catalog: Catalog, there: Place) -> None:
    catalog.failures = [(429, {"Retry-After": "1"}, b"")]
    ran = there.run("alpha")
    assert ran == (0, "alpha: version 1 is here already.\n", "The catalog is busy and asks for 1 s of patience.\n")


def test_the_installer_waits_twice_and_no_more(catalog: Catalog, there: Place) -> None:
    catalog.failures = [(429, {"Retry-After": "0"}, b"")] * 3
    ran = there.run("alpha")
    assert ran.status == 2
    assert ran.complained.splitlines()[-1] == "alpha: the catalog is asked too often from here. Try again later."
    assert catalog.asked == ["agents/alpha/versions/latest"] * 3


@pytest.mark.parametrize(
    "text",
    [
        b"<h1>Log in to this network</h1>",
        b"[]",
        b"{}",
        b'{"name": "alpha", "version": null}',
        b'{"name": 5, "version": {"number": 2, "digest": "x"}}',
        b'{"outdated": [{}]}',
        b'{"outdated": [{"name": "stranger", "latest": null}]}',
        b"\xff",
    ],
)
@pytest.mark.parametrize("words", [["alpha"], []])
def test_an_answer_of_something_else_is_said_to_be_one(
    catalog: Catalog, there: Place, words: list[str], text: bytes
) -> None:
    before = there.files()
    catalog.failures = [(200, {}, text)]
    ran = there.run(*words)
    assert (ran.status, ran.said) == (2, "")
    assert f"what {catalog.url} answered" in ran.complained
    assert there.files() == before


def test_no_name_that_the_catalog_gives_leaves_the_folder(catalog: Catalog, there: Place) -> None:
    version = {"number": 1, "digest": digest_of(b"evil")}
    catalog.failures = [(200, {}, json.dumps({"name": "../evil", "version": version}).encode()), (200, {}, b"evil")]
    before = there.files()
    assert there.run("alpha").status == 2
    assert there.files() == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_leaves_a_lock_that_is_true(catalog: Catalog, there: Place, how: int) -> None:
    for name in ("alpha", "beta"):
        catalog.agents[name].append(f"{name} 2\n".encode())
    catalog.held_back = "beta"
    status, complained = there.stopped(catalog.reached, how, "alpha", "beta")
    assert b"Traceback" not in complained
    assert how != signal.SIGINT or status == 2
    files = there.files()
    assert {name: held["digest"] for name, held in there.lock().items()} == {
        name: digest_of(files[f"{name}.md"]) for name in ("alpha", "beta", "pinned")
    }
    assert (files["alpha.md"], files["beta.md"]) == (b"alpha 2\n", b"beta 1\n")
    catalog.go_on.set()
    assert there.run().status == 0
    assert there.files()["beta.md"] == b"beta 2\n"


def test_a_file_that_came_before_its_lock_was_written_is_known_again(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    there.write("alpha.md", "alpha 2\n")
    assert there.run().said.startswith("alpha: version 2 is here already.\n")
    assert there.lock()["alpha"]["number"] == 2


def test_the_token_is_told_to_nobody_else(catalog: Catalog, tmp_path: Path) -> None:
    catalog.agents["test-writer"] = [b"One.\n"]
    with Catalog() as elsewhere:
        Thread(target=elsewhere.serve_forever, args=(0.01,), daemon=True).start()
        elsewhere.agents["test-writer"] = [b"One.\n"]
        leads_away = {"Location": f"{elsewhere.url}/api/v1/agents/test-writer/versions/latest"}
        catalog.failures = [(302, leads_away, b"")]
        place = Place(tmp_path, SOURCE.read_bytes().replace(b"http://127.0.0.1:8000", catalog.url.encode()))
        assert place.run("test-writer", CATALOG_TOKEN="secret").status == 0
        assert elsewhere.tokens == [None]
        assert set(catalog.tokens) == {"Bearer secret"}
        elsewhere.shutdown()
