"""Updating, and what is outdated."""

import json
from pathlib import Path

from tests.installer.places import KEPT, LOCK, MINE, Place, digest_of
from tests.installer.small_catalog import Catalog


def test_an_update_brings_what_is_newer_and_leaves_what_is_pinned(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    catalog.agents["pinned"].append(b"pinned 2\n")
    ran = there.run()
    assert ran.said.splitlines() == [
        "alpha: version 2 installed.",
        "beta: version 1 is here already.",
        "pinned: version 1 is here already, pinned.",
    ]
    assert (ran.status, ran.complained) == (0, "")
    assert there.files()["alpha.md"] == b"alpha 2\n"
    assert {name: held["number"] for name, held in there.lock().items()} == {"alpha": 2, "beta": 1, "pinned": 1}
    assert catalog.asked == ["outdated", "agents/alpha/versions/latest", "agents/alpha/versions/2/download"]


def test_an_update_brings_back_what_is_missing(there: Place) -> None:
    before = there.files()
    (there.agents / "beta.md").unlink()
    (there.agents / "pinned.md").unlink()
    assert there.run().status == 0
    assert there.files() == before


def test_an_update_tells_of_a_change_though_nothing_is_newer(there: Place) -> None:
    there.write("pinned.md", MINE)
    ran = there.run()
    assert (ran.status, ran.complained) == (2, f"pinned: kept, because it was changed here. {KEPT}")


def test_an_update_in_a_dry_run_changes_nothing(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    before = there.files()
    ran = there.run("--dry-run")
    assert (ran.status, ran.said.splitlines()[0]) == (0, "alpha: version 2 would be installed.")
    assert there.files() == before


def test_an_update_follows_a_rename(catalog: Catalog, there: Place) -> None:
    catalog.agents["omega"] = [*catalog.agents.pop("alpha"), b"omega 2\n"]
    catalog.renamed["alpha"] = "omega"
    assert there.run().status == 0
    assert list(there.lock()) == ["beta", "omega", "pinned"]
    assert set(there.files()) == {"beta.md", "omega.md", "pinned.md", LOCK}


def test_an_update_keeps_what_was_withdrawn_or_is_gone(catalog: Catalog, there: Place) -> None:
    catalog.withdrawn.add("alpha")
    del catalog.agents["beta"]
    before = there.files()
    ran = there.run()
    assert (ran.status, ran.said) == (2, "pinned: version 1 is here already, pinned.\n")
    assert ran.complained.splitlines() == [
        "alpha: it was withdrawn from the catalog.",
        "beta: the catalog has no agent of this name.",
    ]
    assert there.files() == before


def test_nothing_outdated_is_status_0(catalog: Catalog, there: Place) -> None:
    assert there.run("--outdated") == (0, "All that is installed is up to date.\n", "")
    assert catalog.asked == ["outdated"]


def test_what_is_pinned_is_told_and_no_failure_unless_it_was_withdrawn(catalog: Catalog, there: Place) -> None:
    catalog.agents["pinned"].append(b"pinned 2\n")
    told = "pinned: version 1 is here, pinned; version 2 is the newest.\n"
    assert there.run("--outdated") == (0, told, "")
    catalog.yanked = "It was wrong."
    ran = there.run("--outdated")
    assert (ran.status, "version 1 is here, pinned and was WITHDRAWN (It was wrong.)" in ran.said) == (1, True)


def test_what_is_outdated_is_said_with_status_1_and_nothing_changes(catalog: Catalog, there: Place) -> None:
    catalog.agents["omega"] = [*catalog.agents.pop("alpha"), b"omega 2\n"]
    catalog.renamed["alpha"] = "omega"
    catalog.agents["pinned"].append(b"pinned 2\n")
    catalog.withdrawn.add("beta")
    before = there.files()
    ran = there.run("--outdated")
    assert ran.said.splitlines() == [
        "alpha: version 1 is here; version 2 is the newest. It is called omega now.",
        "beta: version 1 is here; the catalog offers none any more.",
        "pinned: version 1 is here, pinned; version 2 is the newest.",
    ]
    assert (ran.status, ran.complained) == (1, "")
    assert there.files() == before


def test_a_pin_that_the_catalog_does_not_know_is_a_failure(catalog: Catalog, there: Place) -> None:
    catalog.agents["pinned"] = [b"another 1\n", b"another 2\n"]
    ran = there.run("--outdated")
    assert (ran.status, "pinned with a text that the catalog does not know" in ran.said) == (1, True)


def test_where_the_catalog_does_not_say_whose_a_text_is_it_is_kept(catalog: Catalog, there: Place) -> None:
    there.write("alpha.md", MINE)
    for answer in (b'{"outdated": []}', b'{"current": 0, "outdated": []}', b"[]", b"odd"):
        catalog.agents["alpha"].append(answer + b"\n")
        latest = catalog.latest("alpha")
        catalog.failures = [
            (200, {}, json.dumps({"name": "alpha", "version": latest, "deprecation": None}).encode()),
            (200, {}, answer),
        ]
        assert there.run("alpha").status == 2
        assert (there.agents / "alpha.md").read_text() == MINE


def test_what_is_outdated_is_said_of_the_named_agents_alone(catalog: Catalog, there: Place) -> None:
    catalog.agents["alpha"].append(b"alpha 2\n")
    assert there.run("--outdated", "beta") == (0, "Up to date: beta.\n", "")
    assert there.run("--outdated", "alpha").status == 1
    ran = there.run("--outdated", "alpha", "nobody")
    where = Path(".claude") / "agents"
    assert ran == (2, "", f"Nothing was changed: nobody is not installed in {where}.\n")


def test_the_catalog_is_asked_about_a_thousand_at_once(catalog: Catalog, there: Place) -> None:
    held = {"number": 1, "digest": digest_of(b"old"), "pinned": False}
    names = [f"agent-{number}" for number in range(2_001)]
    catalog.agents |= {name: [b"new"] for name in names}
    text = {"catalog": catalog.url, "agents": dict.fromkeys(names, held)}
    (there.agents / LOCK).write_text(json.dumps(text))
    ran = there.run("--outdated")
    assert (ran.status, len(ran.said.splitlines())) == (1, 2_001)
    assert catalog.asked == ["outdated"] * 3
