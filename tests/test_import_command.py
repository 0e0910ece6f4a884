"""`manage.py import_agents`: what it prints, and the exit status a script can use."""

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from catalog.definition import parse
from catalog.models import Agent, Event, Version
from tests.sources import agent_source

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good file, the same again, another text under its name, one without frontmatter, and a README."""
    files = {
        "core/a.md": agent_source("tester"),
        "core/b.md": agent_source("tester"),
        "core/c.md": agent_source("tester", "Another."),
        "README.md": "# Agents",
        "a.md": "# An agent?",
        "LICENSE": "Do as you like.",
    }
    for name, text in files.items():
        path = tmp_path / "agents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "agents"


@pytest.fixture
def run(admin: User) -> Callable[..., tuple[str, int]]:
    """`run(arguments…)`: what stands on standard output, and the exit status."""

    def run(*arguments: object, **options: object) -> tuple[str, int]:
        stdout = io.StringIO()
        options = {"stderr": io.StringIO(), **options}
        try:
            call_command("import_agents", *map(str, arguments), stdout=stdout, **options)
        except CommandError as error:
            return stdout.getvalue(), error.returncode
        return stdout.getvalue(), 0

    return run


def test_every_file_has_its_line_and_a_summary_follows(run: Callable, folder: Path) -> None:
    output, status = run(folder, "--publish")
    lines = output.splitlines()
    assert lines[0] == "README.md  ignored: README.md has no frontmatter, so it is taken for no agent."
    assert lines[1].startswith("a.md  refused: The file does not begin with a --- line")
    assert lines[2] == "core/a.md  published tester v1"
    assert lines[3] == "core/b.md  unchanged tester v1: The same file as core/a.md."
    assert lines[4].startswith("core/c.md  conflict tester: core/a.md of this import has the same name")
    assert lines[6:] == [
        "5 files: 1 published, 1 unchanged, 1 conflict, 1 ignored, 1 refused.",
        "1 other file was not Markdown.",
    ]
    assert status == 1


def test_examples_without_a_lead_are_imported_and_reported(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(agent_source(description="'<example>user: Look.</example>'"))
    output, status = run(tmp_path, "--publish", "--report", "json")
    [row] = json.loads(output)
    assert (status, row["outcome"]) == (0, "published")
    assert "lead-missing" in [finding["code"] for finding in row["findings"]]


def test_the_report_is_one_json_list_and_nothing_else(run: Callable, folder: Path) -> None:
    output, status = run(folder, "--publish", "--report", "json")
    report = json.loads(output)
    assert [(row["path"], row["outcome"], row["name"], row["number"]) for row in report] == [
        ("README.md", "ignored", None, None),
        ("a.md", "refused", None, None),
        ("core/a.md", "published", "tester", 1),
        ("core/b.md", "unchanged", "tester", 1),
        ("core/c.md", "conflict", "tester", None),
    ]
    for row in report:
        assert list(row) == ["path", "outcome", "name", "number", "digest", "findings"]
        for finding in row["findings"]:
            assert list(finding) == ["code", "severity", "field", "line", "message"]
    assert report[0]["digest"] is None
    assert report[2]["digest"] == parse(agent_source("tester")).digest
    assert [finding["severity"] for finding in report[1]["findings"]] == ["error"]
    assert report[4]["findings"][0]["code"] == "name-taken-in-import"
    assert status == 1


def test_a_report_of_nothing_is_an_empty_list(run: Callable, tmp_path: Path) -> None:
    output, status = run(tmp_path, "--report", "json")
    assert json.loads(output) == []
    assert status == 2


def test_the_exit_status_is_0_when_all_is_there_afterwards(run: Callable, folder: Path) -> None:
    (folder / "a.md").unlink()
    (folder / "core" / "c.md").unlink()
    assert run(folder, "--publish")[1] == 0
    output, status = run(folder, "--publish")
    assert "3 files: 2 unchanged, 1 ignored." in output
    assert status == 0


def test_nothing_but_a_readme_is_nothing_found(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Agents")
    with pytest.raises(CommandError, match="No agent was found"):
        call_command("import_agents", str(tmp_path), stdout=io.StringIO())
    assert run(tmp_path)[1] == 2


def test_without_publish_it_makes_drafts(run: Callable, folder: Path) -> None:
    output, _ = run(folder / "core" / "a.md")
    assert output.splitlines()[0] == "a.md  draft tester"
    assert not Version.objects.exists()


def test_a_dry_run_says_so_and_writes_nothing(run: Callable, folder: Path) -> None:
    output, status = run(folder, "--publish", "--dry-run")
    assert "core/a.md  published (dry run) tester v1" in output
    assert output.endswith("This was a dry run: nothing was written.\n")
    assert status == 1
    assert not Agent.objects.exists()
    assert not Event.objects.exists()


def test_quiet_prints_nothing_but_the_status_tells(run: Callable, folder: Path) -> None:
    assert run(folder, verbosity=0) == ("", 1)


def test_a_missing_path_stops_it_before_anything_is_imported(run: Callable, folder: Path) -> None:
    assert run(folder, folder / "no such\x1b[2J.md", "--publish") == ("", 2)
    assert not Agent.objects.exists()
    with pytest.raises(CommandError, match=re.escape(r"no such\x1b[2J.md")):
        call_command("import_agents", str(folder / "no such\x1b[2J.md"))


def test_a_folder_without_markdown_says_so(admin: User, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CommandError, match=r"No Markdown file was found in .* 1 other file was not Markdown\."):
        call_command("import_agents", str(tmp_path))


def test_it_imports_for_the_first_administrator_or_for_whom_is_named(
    run: Callable, folder: Path, admin: User, publisher: User
) -> None:
    User.objects.create_superuser("zoe")
    run(folder / "core" / "a.md", "--publish")
    run(folder / "core" / "c.md", "--publish", "--by", "pablo")
    versions = Version.objects.order_by("number").values_list("number", "published_by__username")
    assert list(versions) == [(1, "ada"), (2, "pablo")]


def test_without_anybody_to_import_for_it_says_what_to_do(db: None, folder: Path) -> None:
    with pytest.raises(CommandError, match="createsuperuser") as caught:
        call_command("import_agents", str(folder))
    assert caught.value.returncode == 2
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(CommandError, match="There is no active user 'gone'"):
        call_command("import_agents", str(folder), "--by", "gone")


def test_a_terminal_shows_a_bar_on_standard_error_alone(run: Callable, folder: Path) -> None:
    terminal = Terminal()
    output, _ = run(folder, "--report", "json", stderr=terminal)
    assert len(json.loads(output)) == 5
    assert " of 5" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_no_bar_where_nobody_looks(run: Callable, folder: Path) -> None:
    stderr = io.StringIO()
    run(folder, stderr=stderr)
    assert stderr.getvalue() == ""


def test_a_hostile_file_name_does_not_reach_the_terminal(run: Callable, tmp_path: Path) -> None:
    name = os.fsdecode(b"\x1b]0;owned\x07caf\xe9.md")
    (tmp_path / name).write_text(agent_source("tester"))
    output, status = run(tmp_path, "--publish")
    assert output.splitlines()[0] == r"\x1b]0;owned\x07caf\xe9.md  published tester v1"
    assert status == 0
    report, _ = run(tmp_path, "--publish", "--report", "json")
    assert json.loads(report)[0]["path"] == r"\x1b]0;owned\x07caf\xe9.md"


def test_what_the_terminal_cannot_say_is_escaped(admin: User, tmp_path: Path) -> None:
    (tmp_path / "größe.md").write_text(agent_source("経理"))
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    call_command("import_agents", str(tmp_path), stdout=stdout)
    stdout.flush()
    line = stdout.buffer.getvalue().splitlines()[0]
    assert line == rb"gr\xf6\xdfe.md  draft \u7d4c\u7406"
