"""The installer run against the catalog itself."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from catalog import publishing
from catalog.models import Version
from tests.installer.places import LOCK, SOURCE, Place
from tests.programs import program_of
from tests.sources import agent_source

Publish = Callable[..., Version]

# --- What is served --------------------------------------------------------------------------------


def test_the_script_is_served_as_it_is_but_for_its_catalog(client: Client, settings: Settings) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example.com"
    response = client.get("/install.py")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/x-python; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
    served, ours = response.content.decode().splitlines(), SOURCE.read_text(encoding="utf-8").splitlines()
    changed = [(before, after) for before, after in zip(ours, served, strict=True) if before != after]
    assert changed == [('CATALOG = "http://127.0.0.1:8000"', "CATALOG = 'https://agents.example.com'")]


def test_who_has_the_script_is_not_sent_it_again(client: Client) -> None:
    etag = client.get("/install.py")["ETag"]
    assert client.get("/install.py", headers={"If-None-Match": etag}).status_code == 304
    assert client.head("/install.py").status_code == 200
    assert client.post("/install.py").status_code == 405


def test_no_address_of_a_catalog_becomes_code(client: Client, settings: Settings) -> None:
    settings.CATALOG_BASE_URL = "https://example.com/\"'\\\nimport os"
    tree = ast.parse(client.get("/install.py").content)
    [value] = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "CATALOG"]
    assert ast.literal_eval(value) == settings.CATALOG_BASE_URL


def test_the_script_needs_python_3_9_and_nothing_else() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


# --- Installing from the catalog itself --------------------------------------------------------------


def test_the_newest_version_is_installed_byte_for_byte(place: Place, versions: list[Version]) -> None:
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert (place.agents / "code-reviewer.md").read_bytes() == versions[2].source.encode()
    assert place.lock() == {"code-reviewer": {"number": 3, "digest": versions[2].digest, "pinned": False}}


def test_the_script_runs_as_a_file_too(place: Place, versions: list[Version], tmp_path: Path) -> None:
    script = tmp_path / "install.py"
    script.write_bytes(place.script)
    command = place.command(str(script), "--into", str(tmp_path / "else where"), "code-reviewer")
    assert subprocess.run(command, env=place.environment(), capture_output=True, timeout=60).returncode == 0
    assert {file.name for file in (tmp_path / "else where").iterdir()} == {"code-reviewer.md", LOCK}


def test_a_version_is_pinned_by_its_number(place: Place, versions: list[Version]) -> None:
    assert place.run("code-reviewer@2") == (0, "code-reviewer: version 2 installed, pinned.\n", "")
    assert (place.agents / "code-reviewer.md").read_bytes() == versions[1].source.encode()
    assert place.lock()["code-reviewer"]["pinned"] is True


def test_an_agent_named_without_a_number_is_pinned_no_more(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer@2")
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert place.lock()["code-reviewer"]["pinned"] is False


def test_the_lock_file_is_sorted_and_ends_its_last_line(place: Place, publish_source: Publish) -> None:
    for name in ("beta", "alpha"):
        publish_source(agent_source(name))
    assert place.run("beta", "alpha").status == 0
    text = (place.agents / LOCK).read_text(encoding="utf-8")
    assert list(json.loads(text)["agents"]) == ["alpha", "beta"]
    assert text.endswith("}\n")


def test_what_is_there_already_is_not_written_again(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer")
    before = {file: file.stat().st_mtime_ns for file in place.agents.iterdir()}
    assert place.run("code-reviewer") == (0, "code-reviewer: version 3 is here already.\n", "")
    assert {file: file.stat().st_mtime_ns for file in place.agents.iterdir()} == before


def test_a_dry_run_changes_nothing(place: Place, versions: list[Version]) -> None:
    assert place.run("--dry-run", "code-reviewer") == (0, "code-reviewer: version 3 would be installed.\n", "")
    assert list(place.root.iterdir()) == []
    place.run("code-reviewer@1")
    before = place.files()
    assert place.run("--dry-run", "code-reviewer").said == "code-reviewer: version 3 would be installed.\n"
    assert place.files() == before


def test_options_may_stand_between_names(place: Place, publish_source: Publish) -> None:
    for name in ("alpha", "beta"):
        publish_source(agent_source(name))
    assert place.run("alpha", "--dry-run", "beta").said.count("would be installed") == 2


def test_a_name_in_japanese_is_installed(place: Place, publish_source: Publish) -> None:
    publish_source(agent_source("コード-レビュー"))
    assert place.run("コード-レビュー", PYTHONUTF8="1") == (0, "コード-レビュー: version 1 installed.\n", "")
    assert (place.agents / "コード-レビュー.md").exists()
    assert list(place.lock()) == ["コード-レビュー"]
    assert "コード" in (place.agents / LOCK).read_text(encoding="utf-8")


def test_a_name_that_the_terminal_cannot_show_is_installed(place: Place, publish_source: Publish) -> None:
    publish_source(agent_source("コード"))
    ran = place.run("コード", PYTHONUTF8="1", PYTHONIOENCODING="ascii")
    assert ran == (0, r"\u30b3\u30fc\u30c9: version 1 installed." + "\n", "")


def test_another_spelling_of_a_name_installs_under_the_name(place: Place, versions: list[Version]) -> None:
    assert place.run("Code-Reviewer") == (0, "code-reviewer: version 3 installed.\n", "")
    assert set(place.files()) == {"code-reviewer.md", LOCK}


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/b", "a\\b", "a.b", ".", "", "a\nb", "a\x1b[2Jb", "a b", "a_b", "a%2fb", "@2", "﹒", "a?b", "a#b"],
)
def test_what_is_no_name_is_neither_asked_for_nor_written(place: Place, name: str) -> None:
    ran = place.run(name)
    assert (ran.status, ran.said) == (2, "")
    assert ran.complained.endswith(": this is not the name of an agent. Letters, digits and hyphens make one.\n")
    assert re.fullmatch(r"[^\x00-\x1f]*\n", ran.complained)
    assert list(place.root.iterdir()) == []


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt9", "aux", "com²"])
def test_a_name_that_windows_keeps_for_itself_is_refused(place: Place, name: str) -> None:
    assert place.run(name) == (2, "", f"{name}: no file can have this name on Windows.\n")


@pytest.mark.parametrize("number", ["", "0", "01", "-1", "two", "latest", "1@2", "9999999999"])
def test_what_is_no_number_is_refused(place: Place, versions: list[Version], number: str) -> None:
    ran = place.run(f"code-reviewer@{number}")
    assert ran == (2, "", f"code-reviewer@{number}: after the @ comes the number of a version.\n")


def test_what_the_catalog_has_not_is_said_and_the_others_are_installed(place: Place, versions: list[Version]) -> None:
    ran = place.run("nobody", "code-reviewer@7", "code-reviewer")
    assert (ran.status, ran.said) == (2, "code-reviewer: version 3 installed.\n")
    assert ran.complained.splitlines() == [
        "nobody: the catalog has no agent of this name.",
        "code-reviewer@7: the catalog has no version 7 of an agent of this name.",
    ]


def test_a_withdrawn_agent_is_said_to_be_withdrawn(place: Place, publish_source: Publish, publisher: User) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="It was wrong.")
    assert place.run("code-reviewer") == (2, "", "code-reviewer: it was withdrawn from the catalog.\n")
    assert place.run("code-reviewer@1").status == 0


def test_the_catalog_itself_tells_what_is_outdated(
    place: Place, versions: list[Version], publish_source: Publish
) -> None:
    publish_source(agent_source("other"))
    place.run("code-reviewer", "other@1")
    assert place.run("--outdated") == (0, "All that is installed is up to date.\n", "")
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())
    publish_source(agent_source("other", prompt="Another prompt.\n"))
    ran = place.run("--outdated")
    assert ran.said.splitlines() == [
        "code-reviewer: version 3 is here; version 4 is the newest. It is called reviewer now.",
        "other: version 1 is here, pinned; version 2 is the newest.",
    ]
    assert (ran.status, ran.complained) == (1, "")
    assert place.run().status == 0
    assert {name: held["number"] for name, held in place.lock().items()} == {"other": 1, "reviewer": 4}


def test_a_withdrawn_version_is_replaced_by_the_newest_that_is_not(place: Place, versions: list[Version]) -> None:
    place.run("code-reviewer")
    publishing.yank(versions[2], by=User.objects.get(), reason="It was wrong.")
    said = "code-reviewer: version 3 is here and was WITHDRAWN (It was wrong.); version 2 is the newest.\n"
    assert place.run("--outdated") == (1, said, "")
    assert place.run() == (0, "code-reviewer: version 2 installed.\n", "")


def test_a_text_that_the_catalog_published_was_changed_by_nobody(place: Place, versions: list[Version]) -> None:
    """Whatever brought it: `curl`, an earlier run whose lock file is gone, or somebody who put an older one back."""
    place.write("code-reviewer.md", versions[0].source)
    said = "code-reviewer: version 3 installed, in place of version 1.\n"
    assert place.run("code-reviewer") == (0, said, "")
    place.write("code-reviewer.md", versions[1].source)
    said = "code-reviewer: version 3 installed, in place of version 2.\n"
    assert place.run() == (0, said, "")
    said = "code-reviewer: version 1 installed, pinned.\n"
    assert place.run("code-reviewer@1") == (0, said, "")
    place.write("code-reviewer.md", versions[2].source)
    said = "code-reviewer: version 1 installed, in place of the newest version, pinned.\n"
    assert place.run("code-reviewer@1") == (0, said, "")
    assert sorted(place.files()) == [LOCK, "code-reviewer.md"], "and no copy is kept of it"


def test_after_a_rename_a_published_text_does_not_stay_under_the_former_name(
    place: Place, versions: list[Version]
) -> None:
    place.run("code-reviewer")
    place.write("code-reviewer.md", versions[0].source)
    publishing.rename(versions[2].agent, "reviewer", by=User.objects.get())
    assert place.run().said.splitlines()[-1].endswith("code-reviewer.md was removed.")
    assert sorted(place.files()) == [LOCK, "reviewer.md"]


# --- A private catalog ----------------------------------------------------------------------------------


def test_a_private_catalog_is_read_with_the_token_of_the_environment(
    place: Place, publisher: User, versions: list[Version], settings: Settings
) -> None:
    publishing.rename(versions[0].agent, "critic", by=publisher)
    settings.CATALOG_PRIVATE = True
    without = place.run("critic")
    assert without.status == 2
    assert "put a token that is valid into the environment, as CATALOG_TOKEN" in without.complained
    secret = program_of(publisher, "read").bearer.removeprefix("Bearer ")
    assert place.run("code-reviewer", CATALOG_TOKEN=secret).status == 0  # by its former name
    assert (place.agents / "critic.md").exists()
    assert place.run("--outdated", CATALOG_TOKEN=secret).status == 0
