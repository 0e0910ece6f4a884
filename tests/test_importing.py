"""Files, folders and archives become drafts or versions, and every file gets its line in the report."""

import io
import os
import re
import sqlite3
import subprocess
import sys
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from catalog.definition import digest_of, parse
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.drafting import open_draft
from catalog.importing import Entry, Outcome, count_files, import_paths, import_upload
from catalog.importing.shelves import category_name
from catalog.models import Agent, Category, Draft, Event, Version
from catalog.publishing import rename, yank
from tests.corpus import CORPUS, corpus_files
from tests.sources import agent_source

pytestmark = pytest.mark.django_db
Publish = Callable[..., Version]


@pytest.fixture
def run(admin: User) -> Callable[..., list[Entry]]:
    """`run(path, …)`: import as Ada, publishing unless told otherwise."""

    def run(*paths: Path | str, publish: bool = True, dry_run: bool = False) -> list[Entry]:
        return list(import_paths(paths, by=admin, publish=publish, dry_run=dry_run))

    return run


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def outcomes(entries: Iterable[Entry]) -> dict[str, str]:
    return {entry.path: str(entry.outcome) for entry in entries}


def codes(entry: Entry) -> list[object]:
    return [finding["code"] for finding in entry.findings if finding["severity"] == "error"]


def everything() -> list[object]:
    """All that an import could write."""
    rows = (Agent, Version, Draft, Category, Event)
    return [list(model.objects.order_by("pk").values()) for model in rows]


# --- A folder -------------------------------------------------------------------------------------------


def test_a_folder_is_published_file_by_file_and_comes_back_byte_for_byte(run: Callable, tmp_path: Path) -> None:
    source = agent_source("reviewer").replace("\n", "\r\n").rstrip()
    write(tmp_path, {"review/reviewer.md": source, "tester.md": agent_source("tester")})
    first, second = run(tmp_path)
    assert (first.path, first.outcome, first.name, first.number) == ("review/reviewer.md", "published", "reviewer", 1)
    assert (second.path, second.outcome, second.name, second.number) == ("tester.md", "published", "tester", 1)
    version = Version.objects.get(agent__name="reviewer")
    assert version.source == source
    assert version.digest == first.digest == digest_of(source.encode())


def test_running_it_again_changes_nothing(run: Callable, tmp_path: Path) -> None:
    files = {"a/one.md": agent_source("one"), "two.md": agent_source("two"), "b/two.md": agent_source("two", "Other.")}
    write(tmp_path, files)
    assert list(outcomes(run(tmp_path)).values()) == ["published", "published", "conflict"]
    before = everything()
    entries = run(tmp_path)
    assert list(outcomes(entries).values()) == ["unchanged", "unchanged", "conflict"]
    assert [entry.number for entry in entries] == [1, 1, None]
    assert everything() == before


def test_a_changed_file_becomes_the_next_version(run: Callable, tmp_path: Path, publish_source: Publish) -> None:
    publish_source(agent_source("tester"))
    write(tmp_path, {"tester.md": agent_source("tester", model="opus")})
    assert [(entry.outcome, entry.number) for entry in run(tmp_path)] == [("published", 2)]


def test_two_files_of_one_name_are_a_conflict_and_the_first_in_order_wins(run: Callable, tmp_path: Path) -> None:
    first, other = agent_source("tester"), agent_source("tester", "Another one.")
    write(
        tmp_path, {"z.md": other, "b/t.md": first, "b/u.md": first, "a.md": other, "B.md": "---\nname: tester\n---\n"}
    )
    entries = run(tmp_path)
    assert outcomes(entries) == {
        "B.md": "refused",
        "a.md": "published",
        "b/t.md": "conflict",
        "b/u.md": "conflict",
        "z.md": "unchanged",
    }
    conflict = next(entry for entry in entries if entry.path == "b/t.md")
    assert codes(conflict) == ["name-taken-in-import"]
    assert conflict.message.startswith("a.md of this import has the same name and another text")
    assert conflict.digest == parse(first).digest
    assert Version.objects.get().source == other


def test_names_that_are_one_address_are_one_name(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": agent_source("code-reviewer"), "b.md": agent_source("Code Reviewer")})
    assert list(outcomes(run(tmp_path)).values()) == ["published", "conflict"]


def test_a_refused_file_says_why_and_what_is_beside_it_is_imported(run: Callable, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "security.md": "# Looks for holes\n",
            "empty.md": "",
            "good.md": agent_source("good"),
            "latin.md": b"---\nname: x\ndescription: caf\xe9\n---\n",
            "nothing.md": "---\nname: x\n---\n",
        },
    )
    entries = {entry.path: entry for entry in run(tmp_path)}
    assert entries.pop("good.md").outcome is Outcome.PUBLISHED
    assert len(entries) == 4
    for entry in entries.values():
        assert (entry.outcome, entry.name, entry.number, entry.digest) == ("refused", None, None, None)
        assert codes(entry)
        assert entry.message.endswith(".")


@pytest.mark.parametrize(
    "name", ["README.md", "readme.MD", "README.zh-CN.md", "Readme_zh.md", "CLAUDE.md", "SECURITY.md"]
)
def test_what_tells_of_a_folder_is_no_agent_and_no_fault(run: Callable, tmp_path: Path, name: str) -> None:
    write(tmp_path, {f"core/{name}": "# Our agents\n", "core/a.md": agent_source("a")})
    entries = {entry.path: entry for entry in run(tmp_path)}
    entry = entries[f"core/{name}"]
    assert (entry.outcome, entry.name, entry.findings) == ("ignored", None, [])
    assert entry.message == f"{name} has no frontmatter, so it is taken for no agent."


@pytest.mark.parametrize("name", ["readme-generator.md", "readme_expert.md", "security.md", "claude.md", "a-README.md"])
def test_an_agent_without_its_frontmatter_is_refused_whatever_it_writes(
    run: Callable, tmp_path: Path, name: str
) -> None:
    write(tmp_path, {name: "name: x\ndescription: y\n---\nPrompt.\n"})
    assert outcomes(run(tmp_path)) == {name: "refused"}


def test_a_readme_with_frontmatter_is_read_as_any_other(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"README.md": agent_source("reader"), "CLAUDE.md": "---\nname: x\n---\n", "SECURITY.md": b"\xff"})
    assert outcomes(run(tmp_path)) == {"CLAUDE.md": "refused", "README.md": "published", "SECURITY.md": "refused"}


def test_a_file_over_the_limit_is_refused_without_being_read(run: Callable, tmp_path: Path) -> None:
    with (tmp_path / "huge.md").open("wb") as huge:
        huge.truncate(20_000_000_000)  # sparse: it takes no room
    (entry,) = run(tmp_path)
    assert codes(entry) == ["file-too-large"]
    assert "20,000,000,000" in entry.message


def test_a_file_of_exactly_the_limit_is_read(run: Callable, tmp_path: Path) -> None:
    source = agent_source("big").encode()
    write(tmp_path, {"big.md": source + b"x" * (MAX_SOURCE_BYTES - len(source))})
    assert [entry.outcome for entry in run(tmp_path)] == ["published"]


def test_only_markdown_is_read_and_the_rest_is_counted(admin: User, tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "", "b/c.zip": "", "B.MD": agent_source("b"), "._b.md": "", ".git/x.md": ""})
    write(tmp_path, {".claude/agents/c.md": agent_source("c"), ".cursor/agents/.d.md": agent_source("d")})
    running = import_paths([tmp_path], by=admin, publish=True, dry_run=False)
    assert outcomes(running) == {
        ".claude/agents/c.md": "published",
        ".cursor/agents/.d.md": "published",
        "B.MD": "published",
    }
    assert running.not_markdown == 2


def test_an_import_is_lazy(admin: User, tmp_path: Path) -> None:
    write(tmp_path, {f"{n}.md": agent_source(f"agent-{n}") for n in range(3)})
    entries = import_paths([tmp_path], by=admin, publish=True, dry_run=False)
    assert Agent.objects.count() == 0
    next(entries)
    assert Agent.objects.count() == 1


# --- What else lies in folders ----------------------------------------------------------------------------


def test_a_pipe_and_links_out_of_the_folder_are_refused_and_never_hang(run: Callable, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.md": agent_source("secret")})
    root = write(tmp_path / "root", {"real/good.md": agent_source("good")})
    os.mkfifo(root / "pipe.md")
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "out").symlink_to(outside)
    (root / "device.md").symlink_to("/dev/zero")
    (root / "nowhere.md").symlink_to("missing.md")
    (root / "loop.md").symlink_to("loop.md")
    (root / "real" / "up").symlink_to(root)
    (root / "inside.md").symlink_to("real/good.md")
    entries = {entry.path: entry for entry in run(root)}
    assert {path: codes(entry) for path, entry in entries.items() if entry.outcome is Outcome.REFUSED} == {
        "pipe.md": ["not-a-file"],
        "out.md": ["link-leaves-folder"],
        "out": ["link-leaves-folder"],
        "device.md": ["link-leaves-folder"],
        "nowhere.md": ["broken-link"],
        "loop.md": ["broken-link"],
    }
    assert entries.pop("inside.md").outcome is Outcome.PUBLISHED
    assert entries.pop("real/good.md").outcome is Outcome.UNCHANGED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused_with_its_reason(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"a.md": agent_source("a"), "closed/b.md": agent_source("b"), "c.md": agent_source("c")})
    (tmp_path / "a.md").chmod(0)
    (tmp_path / "closed").chmod(0)
    entries = run(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert outcomes(entries) == {"a.md": "refused", "c.md": "published", "closed": "refused"}
    assert "Permission denied" in entries[0].message


def test_file_names_of_any_bytes_are_shown_escaped(run: Callable, tmp_path: Path) -> None:
    names = [b"caf\xe9.md", b"\x1b[2J.md", "tur\u202en.md".encode(), "größe.md".encode(), b"two\nlines.md"]
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(agent_source(f"agent-{number}"))
    entries = run(tmp_path)
    assert {entry.outcome for entry in entries} == {Outcome.PUBLISHED}
    shown = {r"caf\xe9.md", r"\x1b[2J.md", r"tur\u202en.md", "größe.md", r"two\x0alines.md"}
    assert {entry.path for entry in entries} == shown


def test_a_tree_deeper_than_pythons_stack_is_walked(run: Callable, tmp_path: Path) -> None:
    folders = [str(tmp_path)]
    for _ in range(1200):
        folders.append(folders[-1] + "/d")
        os.mkdir(folders[-1])
    deep = Path(folders[-1], "deep.md")
    deep.write_text(agent_source("deep"))
    entries = run(tmp_path)
    deep.unlink()
    for folder in reversed(folders[1:]):  # which is too deep for what tidies up after tests
        os.rmdir(folder)
    assert [entry.outcome for entry in entries] == ["published"]


# --- What PATH may be ------------------------------------------------------------------------------------


def test_paths_of_entries_are_relative_to_the_one_path_given(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"f/a/x.md": agent_source("x")})
    zipped(tmp_path / "team.zip", {"a/x.md": agent_source("x")})
    assert [entry.path for entry in run(tmp_path / "f")] == ["a/x.md"]
    assert [entry.path for entry in run(tmp_path / "f/a/x.md")] == ["x.md"]
    assert [entry.path for entry in run(tmp_path / "team.zip")] == ["team.zip/a/x.md"]


def test_of_several_paths_each_entry_begins_with_its_own_in_the_order_given(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"z/x.md": agent_source("x"), "a/x.md": agent_source("x", "Other."), "y.md": agent_source("y")})
    zipped(tmp_path / "team.zip", {"t.md": agent_source("t")})
    monkeypatch.chdir(tmp_path)
    assert outcomes(run("z/", "y.md", "a", "team.zip")) == {
        "z/x.md": "published",
        "y.md": "published",
        "a/x.md": "conflict",
        "team.zip/t.md": "published",
    }


def test_a_path_that_is_nothing_of_the_kind_is_refused(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"notes.txt": "", "broken.zip": "PK"})
    os.mkfifo(tmp_path / "pipe.md")
    found = [codes(run(tmp_path / name)[0]) for name in ("notes.txt", "missing.md", "broken.zip", "pipe.md")]
    assert found == [["file-kind"], ["file-missing"], ["archive-broken"], ["not-a-file"]]


def test_counting_before_the_import_counts_its_entries(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"a/x.md": agent_source("x"), "README.md": "", "b.txt": ""})
    archive = zipped(tmp_path / "c.zip", {"y.md": agent_source("y"), "../z.md": "", "d.txt": ""})
    assert count_files([tmp_path, archive]) == len(run(tmp_path, archive)) == 4


# --- Categories ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ("01-core-development", ("core-development", "Core Development")),
        ("categories/05-data-ai", ("data-ai", "Data AI")),
        ("plugins/web-tools/agents", ("web-tools", "Web Tools")),
        ("plugins/web/.claude/agents", ("web", "Web")),
        ("repo-main/agents", None),
        (".claude/agents", None),
        ("agents/specialized/python", ("python", "Python")),
        ("Core Development", ("core-development", "Core Development")),
        ("core_development", ("core-development", "Core Development")),
        ("FP&A", ("fp-a", "FP&A")),
        ("経理", ("経理", "経理")),
        ("2024", ("2024", "2024")),
        ("3d-printing", ("3d-printing", "3d Printing")),
        ("team/---", ("team", "Team")),
        ("team/" + "x" * 150, ("team", "Team")),
        ("caf\udce9 zone", ("caf-zone", r"caf\xe9 zone")),
        ("", None),
    ],
)
def test_the_innermost_telling_folder_names_the_category(folders: str, expected: tuple[str, str] | None) -> None:
    assert category_name([folder for folder in folders.split("/") if folder]) == expected


def test_folders_become_categories_of_new_agents(run: Callable, tmp_path: Path) -> None:
    files = ["01-core/a.md", "b.md", "plugins/web/agents/c.md", "02-core/d.md"]
    write(tmp_path, {name: agent_source(f"agent-{name[-4]}") for name in files})
    run(tmp_path)
    shelves = Agent.objects.order_by("name").values_list("name", "category__name")
    assert list(shelves) == [("agent-a", "core"), ("agent-b", None), ("agent-c", "web"), ("agent-d", "core")]
    assert [category.title for category in Category.objects.all()] == ["Core", "Web"]


def test_an_archive_gives_the_categories_its_folder_would(run: Callable, tmp_path: Path) -> None:
    zipped(tmp_path / "team.zip", {"team/core/a.md": agent_source("a"), "team/b.md": agent_source("b")})
    run(tmp_path / "team.zip")
    assert list(Agent.objects.order_by("name").values_list("category__name", flat=True)) == ["core", None]


def test_the_category_of_an_agent_that_is_there_never_changes(
    run: Callable, tmp_path: Path, publish_source: Publish
) -> None:
    publish_source(agent_source("tester"), category=Category.objects.create(name="quality", title="Quality"))
    write(tmp_path, {"other/tester.md": agent_source("tester", model="opus")})
    run(tmp_path)
    assert Agent.objects.get().category.name == "quality"
    assert Category.objects.count() == 1


# --- Drafts ---------------------------------------------------------------------------------------------


def test_without_publish_files_become_drafts(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"core/tester.md": agent_source("tester")})
    (entry,) = run(tmp_path, publish=False)
    assert (entry.outcome, entry.name, entry.number) == ("draft", "tester", None)
    agent = Agent.objects.get()
    assert (agent.draft.source, agent.latest_version, agent.category.name) == (agent_source("tester"), None, "core")
    assert [entry.outcome for entry in run(tmp_path, publish=False)] == ["unchanged"]


def test_a_draft_of_a_published_agent_is_written_against_its_latest_version(
    run: Callable, tmp_path: Path, publish_source: Publish
) -> None:
    latest = publish_source(agent_source("tester"))
    write(tmp_path, {"tester.md": agent_source("tester", model="opus")})
    assert [entry.outcome for entry in run(tmp_path, publish=False)] == ["draft"]
    assert Draft.objects.get().base_version == latest


def test_the_latest_text_is_no_new_draft(run: Callable, tmp_path: Path, publish_source: Publish) -> None:
    publish_source(agent_source("tester"))
    write(tmp_path, {"tester.md": agent_source("tester")})
    assert [(entry.outcome, entry.number) for entry in run(tmp_path, publish=False)] == [("unchanged", 1)]
    assert not Draft.objects.exists()


def test_an_open_draft_is_never_overwritten(
    run: Callable, tmp_path: Path, publish_source: Publish, editor: User
) -> None:
    agent = publish_source(agent_source("tester")).agent
    open_draft(agent, by=editor, source=agent_source("tester", "Half written."))
    write(tmp_path, {"tester.md": agent_source("tester", model="opus")})
    (entry,) = run(tmp_path, publish=False)
    assert (entry.outcome, codes(entry)) == (Outcome.REFUSED, ["draft-open"])
    assert "open draft" in entry.message
    assert Draft.objects.get().source == agent_source("tester", "Half written.")


def test_publishing_leaves_another_draft_alone(
    run: Callable, tmp_path: Path, publish_source: Publish, editor: User
) -> None:
    agent = publish_source(agent_source("tester")).agent
    open_draft(agent, by=editor, source=agent_source("tester", "Half written."))
    write(tmp_path, {"tester.md": agent_source("tester", model="opus")})
    assert [(entry.outcome, entry.number) for entry in run(tmp_path)] == [("published", 2)]
    assert Draft.objects.get().source == agent_source("tester", "Half written.")


def test_publishing_what_was_imported_as_a_draft_uses_the_draft_up(run: Callable, tmp_path: Path) -> None:
    write(tmp_path, {"tester.md": agent_source("tester")})
    run(tmp_path, publish=False)
    assert [(entry.outcome, entry.number) for entry in run(tmp_path)] == [("published", 1)]
    assert not Draft.objects.exists()


# --- What the catalog knows about a text --------------------------------------------------------------------


def test_an_older_text_becomes_the_next_version_when_its_file_is_imported(
    run: Callable, tmp_path: Path, publish_source: Publish
) -> None:
    write(tmp_path, {"tester.md": agent_source("tester")})
    run(tmp_path)
    publish_source(agent_source("tester", "Better."))
    assert [(entry.outcome, entry.number) for entry in run(tmp_path)] == [("published", 3)]
    assert [(entry.outcome, entry.number) for entry in run(tmp_path)] == [("unchanged", 3)]


@pytest.mark.parametrize("publish", [True, False])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_withdrawn_text_does_not_come_back(
    run: Callable, tmp_path: Path, publish_source: Publish, admin: User, publish: bool, dry_run: bool
) -> None:
    yank(publish_source(agent_source("tester")), by=admin, reason="It leaks.")
    write(tmp_path, {"tester.md": agent_source("tester")})
    (entry,) = run(tmp_path, publish=publish, dry_run=dry_run)
    assert (entry.outcome, codes(entry)) == ("refused", ["version-withdrawn"])


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_name_that_only_falls_together_with_another_is_told(
    run: Callable, tmp_path: Path, publish_source: Publish, dry_run: bool
) -> None:
    publish_source(agent_source("fold-me"))
    write(tmp_path, {"other.md": agent_source("Fold Me", "Quite another agent.")})
    (entry,) = run(tmp_path, dry_run=dry_run)
    assert (entry.outcome, entry.number) == ("published", 2)
    assert entry.findings[0]["code"] == "name-falls-together"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_former_name_is_refused_with_the_present_one(
    run: Callable, tmp_path: Path, publish_source: Publish, admin: User, dry_run: bool
) -> None:
    rename(publish_source(agent_source("tester")).agent, "checker", by=admin)
    write(tmp_path, {"tester.md": agent_source("tester", "Other.")})
    (entry,) = run(tmp_path, dry_run=dry_run)
    assert (entry.outcome, codes(entry)) == ("refused", ["name-renamed"])
    assert "name: checker" in entry.message


def test_a_killed_import_leaves_whole_files_only_and_goes_on_when_run_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "agents", {f"core/{n:03}.md": agent_source(f"agent-{n:03}") for n in range(300)})
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "CATALOG_DATA_DIR": str(tmp_path)}
    environment |= {"DJANGO_SUPERUSER_PASSWORD": "ada's password"}

    def manage(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "manage.py", *arguments, "--skip-checks"]
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    manage("migrate").communicate()
    manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com").communicate()
    for lines in (1, 40, 90):
        with manage("import_agents", str(folder), "--publish") as importing:
            for _ in range(lines):
                importing.stdout.readline()
            importing.kill()
        with closing(sqlite3.connect(tmp_path / "catalog.sqlite3")) as database:
            counted = [
                "SELECT count(*) FROM catalog_agent",
                "SELECT count(*) FROM catalog_agent WHERE latest_version_id IS NOT NULL AND category_id IS NOT NULL",
                "SELECT count(*) FROM catalog_version",
                "SELECT count(*) FROM catalog_event WHERE verb = 'created'",
                "SELECT count(*) FROM catalog_event WHERE verb = 'published'",
            ]
            counts = {database.execute(question).fetchone()[0] for question in counted}
        assert len(counts) == 1, counts
        assert lines <= counts.pop() < 300
    output, _ = manage("import_agents", str(folder), "--publish").communicate()
    assert re.search(r"300 files: \d+ published, \d+ unchanged\.", output)


# --- Dry runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("publish", [True, False])
def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    run: Callable, tmp_path: Path, publish_source: Publish, editor: User, publish: bool
) -> None:
    publish_source(agent_source("known"))
    publish_source(agent_source("changed"))
    drafted = publish_source(agent_source("drafted")).agent
    open_draft(drafted, by=editor, source=agent_source("drafted", "Half written."))
    files = {
        "changed.md": agent_source("changed", model="opus"),
        "drafted.md": agent_source("drafted", model="opus"),
        "known.md": agent_source("known"),
        "new/n.md": agent_source("new"),
        "new/o.md": agent_source("new"),
        "new/p.md": agent_source("new", "Other."),
        "README.md": "",
    }
    write(tmp_path, files)
    before = everything()
    foreseen = run(tmp_path, publish=publish, dry_run=True)
    assert everything() == before
    assert foreseen == run(tmp_path, publish=publish)
    assert Counter(entry.outcome for entry in foreseen)[Outcome.PUBLISHED if publish else Outcome.DRAFT] >= 2


# --- Uploads ----------------------------------------------------------------------------------------------


def uploaded(name: str, data: bytes, by: User) -> list[Entry]:
    return list(import_upload(name, io.BytesIO(data), by=by, publish=True, dry_run=False))


def test_an_uploaded_file_is_imported_under_its_own_name_whatever_path_it_claims(admin: User) -> None:
    for name in ("tester.md", "../../etc/tester.md", "C:\\work\\tester.md"):
        (entry,) = uploaded(name, agent_source("tester").encode(), admin)
        assert (entry.path, entry.name) == ("tester.md", "tester")


def test_an_uploaded_archive_is_imported(admin: User, tmp_path: Path) -> None:
    data = zipped(tmp_path / "x.zip", {"core/a.md": agent_source("a"), "b.md": "no"}).read_bytes()
    assert outcomes(uploaded("team.zip", data, admin)) == {
        "team.zip/b.md": "refused",
        "team.zip/core/a.md": "published",
    }
    assert Agent.objects.get().category.name == "core"


def test_other_uploads_and_large_ones_are_refused(admin: User) -> None:
    assert codes(*uploaded("a.exe", b"MZ", admin)) == ["file-kind"]
    assert codes(*uploaded("a.md", b"x" * (MAX_SOURCE_BYTES + 1), admin)) == ["file-too-large"]
    assert codes(*uploaded("a.zip", b"MZ", admin)) == ["archive-broken"]


# --- At size ------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_memory_stays_flat_on_ten_thousand_files(admin: User, tmp_path: Path) -> None:
    for number in range(10_000):
        folder = tmp_path / f"{number // 500:02}"
        folder.mkdir(exist_ok=True)
        # Asking the database after each name is not what is measured: ten files share one.
        (folder / f"{number}.md").write_text(agent_source(f"agent-{number // 10}", prompt="x" * 4000))
    early = count = 0
    tracemalloc.start()
    for count, _ in enumerate(import_paths([tmp_path], by=admin, publish=True, dry_run=True), 1):
        if count == 1000:
            early = tracemalloc.get_traced_memory()[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert peak - early < 1_000_000


@pytest.mark.corpus
def test_all_agent_files_of_the_corpus_go_in_and_come_out_byte_for_byte(run: Callable) -> None:
    agents = {str(file): file.data for file in corpus_files("agent")}
    others = {str(file) for file in corpus_files()} - agents.keys()
    entries = {entry.path: entry for entry in run(CORPUS)}
    assert agents.keys() <= entries.keys()
    assert entries.keys() - agents.keys() <= others | {"README.md"}

    counts = Counter(str(entries[path].outcome) for path in agents)
    assert counts["published"] == Agent.objects.published().count() == 992
    assert counts["refused"] == 1  # the one that is not UTF-8
    assert counts["published"] + counts["unchanged"] + counts["conflict"] + counts["refused"] == 1433

    taken = {}
    for path, data in agents.items():
        entry = entries[path]
        if entry.outcome is Outcome.PUBLISHED:
            taken[entry.name] = data
            assert entry.number == 1
    for version in Version.objects.select_related("agent").iterator():
        assert version.source.encode() == taken.pop(version.agent.name)
    assert taken == {}
    stored = set(Version.objects.values_list("agent__name", "digest"))
    for path, data in agents.items():
        entry = entries[path]
        if entry.outcome is not Outcome.REFUSED:
            assert ((entry.name, digest_of(data)) in stored) == (entry.outcome is not Outcome.CONFLICT), path

    again = Counter(str(entry.outcome) for entry in run(CORPUS))
    first = Counter(str(entry.outcome) for entry in entries.values())
    assert again["unchanged"] == first["published"] + first["unchanged"]
    assert (again["conflict"], again["refused"]) == (first["conflict"], first["refused"])
