"""Import in the browser: a report first, then what was confirmed, then what can be mended.

Uploads belong to their session and go away.
"""

import io
import json
import os
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, Route, expect

from catalog import drafting
from catalog.admin import uploads
from catalog.definition import Reading, read
from catalog.importing import import_uploads
from catalog.models import Agent, Category, Draft, Version
from tests.accessibility import assert_everybody_can_read
from tests.corpus import corpus_files
from tests.sources import agent_source

Publish = Callable[..., Version]
IMPORT = "/admin/import/"


@pytest.fixture(autouse=True)
def own_folder(settings: object, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "uploads"


def zipped(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, source in files.items():
            archive.writestr(path.replace("__", "/") + ".md", source)
    return data.getvalue()


def upload(client: Client, *files: tuple[str, bytes]) -> str:
    """Choose these files; gives the address of their report."""
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    answer = client.post(IMPORT, {"files": sent})
    assert answer.status_code == 302
    return answer["Location"]


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_report_comes_first_and_stores_nothing(client: Client, editor: User) -> None:
    client.force_login(editor)
    data = zipped(writing__good=agent_source("good"), writing__bad="no agent", other=agent_source("good", model="opus"))
    report = text_of(client, upload(client, ("agents.zip", data)))
    assert "Nothing is stored yet. 1 of 3 files will become drafts" in report
    for words in ("Refused", "In conflict", "Will become drafts", "writing/bad.md"):
        assert words in report
    assert not Agent.objects.exists()


def test_confirming_imports_drafts_and_removes_the_upload(client: Client, editor: User, own_folder: Path) -> None:
    client.force_login(editor)
    Category.objects.create(name="writing", title="Writing")
    address = upload(client, ("agents.zip", zipped(writing__good=agent_source("good"))))
    answer = client.post(address, {"as": "drafts", "do": "import"})
    report = text_of(client, answer["Location"])
    assert "1 of 1 file taken." in report
    assert (Draft.objects.get().source, Draft.objects.get().edited_by) == (agent_source("good"), editor)
    assert Agent.objects.get().category.name == "writing"
    assert [path.name for path in own_folder.rglob("*") if path.name.isdecimal()] == []


def test_several_files_are_one_import(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    files = [(f"{name}.md", agent_source(name).encode()) for name in ("one", "two")]
    address = upload(client, *files, ("twin.md", agent_source("two", model="opus").encode()))
    report = text_of(client, address + "?as=versions")
    assert "2 of 3 files will be published." in report
    assert "In conflict" in report
    client.post(address, {"as": "versions", "do": "import"})
    assert sorted(Version.objects.values_list("agent__name", "number")) == [("one", 1), ("two", 1)]


def test_a_published_file_keeps_its_bytes(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    data = "\ufeff".encode() + agent_source().replace("\n", "\r\n").encode() + b"no line end"
    address = upload(client, ("a.md", data))
    client.post(address, {"as": "versions", "do": "import"})
    assert client.get("/agents/code-reviewer.md").content == data


def test_confirming_twice_imports_once(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    address = upload(client, ("a.md", agent_source().encode()))
    first, second = (client.post(address, {"as": "versions", "do": "import"}) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert "1 of 1 file taken." in text_of(client, second["Location"])
    assert Version.objects.count() == 1


def test_an_editor_imports_drafts_alone(client: Client, editor: User) -> None:
    client.force_login(editor)
    address = upload(client, ("a.md", agent_source().encode()))
    assert "Publish at once" not in text_of(client, address)
    assert client.get(address + "?as=versions").status_code == 403
    assert client.post(address, {"as": "versions", "do": "import"}).status_code == 403
    assert not Version.objects.exists()


def test_an_upload_belongs_to_the_session_that_made_it(client: Client, editor: User, publisher: User) -> None:
    client.force_login(editor)
    address = upload(client, ("a.md", agent_source().encode()))
    other = Client()
    other.force_login(publisher)
    assert other.get(address).status_code == 404
    assert other.post(address, {"do": "import"}).status_code == 404
    assert client.get(IMPORT + "..%2f..%2fsecret-key/").status_code == 404


def test_cancelling_removes_the_upload(client: Client, editor: User, own_folder: Path) -> None:
    client.force_login(editor)
    address = upload(client, ("../../evil.md", agent_source().encode()))
    assert client.post(address, {"do": "cancel"})["Location"] == IMPORT
    assert list(own_folder.iterdir()) == []
    assert client.get(address).status_code == 404


def test_what_was_left_is_swept_after_a_day(client: Client, editor: User, own_folder: Path) -> None:

    client.force_login(editor)
    upload(client, ("a.md", b"x"))
    [left] = own_folder.iterdir()
    long_ago = time.time() - uploads.KEPT_SECONDS - 60
    os.utime(left, (long_ago, long_ago))
    upload(client, ("b.md", b"x"))
    assert left not in own_folder.iterdir()
    assert len(list(own_folder.iterdir())) == 1


@pytest.mark.parametrize("files", [{}, {"files": ""}])
def test_no_file_at_all_is_said(client: Client, editor: User, files: dict[str, str]) -> None:
    client.force_login(editor)
    assert "Choose at least one file." in client.post(IMPORT, files).content.decode()


def test_too_much_at_once_is_refused(client: Client, editor: User, settings: object) -> None:
    settings.CATALOG_ARCHIVE_MAX_BYTES = 1_000_000
    client.force_login(editor)
    sent = SimpleUploadedFile("a.zip", b"x" * 1_100_000)
    assert "at most 1 MB are taken" in client.post(IMPORT, {"files": sent}).content.decode()


@pytest.mark.parametrize("name", ["agents.txt", "agents", "a.zip"])
def test_other_files_are_refused_in_the_report(client: Client, editor: User, name: str) -> None:
    client.force_login(editor)
    assert "Refused" in text_of(client, upload(client, (name, b"anything")))


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (["no agent"], "Nothing can be taken: 1 file is refused."),
        (["no agent", "nor this"], "Nothing can be taken: 2 files are refused."),
        (["no agent", agent_source()], "Nothing can be taken: 1 file is refused, 1 file is here already."),
    ],
)
def test_where_nothing_can_be_taken_there_is_nothing_to_choose(
    client: Client, publisher: User, publish_source: Publish, sources: list[str], sentence: str
) -> None:
    publish_source(agent_source())
    client.force_login(publisher)
    files = [(f"{number}.md", source.encode()) for number, source in enumerate(sources)]
    report = text_of(client, upload(client, *files))
    assert sentence in report
    assert "Publish at once" not in report


def test_a_readme_is_listed_and_is_no_fault(client: Client, editor: User) -> None:
    client.force_login(editor)
    readme = ("README.md", b"# Agents")
    report = text_of(client, upload(client, readme, ("a.md", agent_source().encode())))
    assert "1 of 2 files will become drafts" in report
    assert "README.md has no frontmatter, so it is taken for no agent." in report
    assert re.search(r"No agents\s*<span class=\"count\">1<", report)
    assert "Nothing can be taken: 1 file is no agent." in text_of(client, upload(client, readme))
    both = text_of(client, upload(client, readme, ("CHANGELOG.md", b"# 1.0")))
    assert "Nothing can be taken: 2 files are no agents." in both


def test_what_is_a_draft_already_can_still_be_published_at_once(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    client.post(upload(client, ("a.md", agent_source().encode())), {"as": "drafts", "do": "import"})
    report = text_of(client, upload(client, ("a.md", agent_source().encode())))
    assert "Nothing can be taken as a draft: 1 file is here already." in report
    assert "Publish at once" in report


def test_the_last_report_leads_to_the_agents(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    address = upload(client, ("a.md", agent_source().encode()))
    answer = client.post(address, {"as": "versions", "do": "import"})
    assert f"/admin/catalog/agent/{Agent.objects.get().pk}/change/" in text_of(client, answer["Location"])


# --- Files of a dropped folder ---------------------------------------------------------------------------


def dropped(client: Client, **files: str) -> str:
    """Drop a folder with these files, as the script of the page sends it; gives the address of the report."""
    paths = [path.replace("__", "/") + ".md" for path in files]
    named = zip(paths, files.values(), strict=True)
    sent = [SimpleUploadedFile(path.split("/")[-1], source.encode()) for path, source in named]
    answer = client.post(IMPORT, {"files": sent, "paths": json.dumps(paths)})
    assert answer.status_code == 302
    return answer["Location"]


def test_the_folders_of_a_dropped_folder_become_categories(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    address = dropped(client, mine__writing__poet=agent_source("poet"), mine__critic=agent_source("critic"))
    assert "mine/writing/poet.md" in text_of(client, address)
    client.post(address, {"do": "import"})
    shelves = Agent.objects.order_by("name").values_list("name", "category__name")
    assert list(shelves) == [("critic", None), ("poet", "writing")]


@pytest.mark.parametrize(
    "paths",
    [
        "",
        "no json",
        "{}",
        "[]",
        '["a.md", "b.md"]',
        "[1]",
        json.dumps(["../../etc/poet.md"]),
        '["C:/x/poet.md"]',
        "[null]",
        json.dumps(["x/" * 600 + "poet.md"]),
    ],
)
def test_paths_that_no_folder_has_are_not_believed(client: Client, editor: User, paths: str) -> None:
    client.force_login(editor)
    sent = SimpleUploadedFile("poet.md", agent_source("poet").encode())
    address = client.post(IMPORT, {"files": [sent], "paths": paths})["Location"]
    client.post(address, {"do": "import"})
    assert Agent.objects.get().category is None


def test_an_upload_called_by_its_path_stands_on_its_shelf(publisher: User) -> None:
    files = [("mine/writing/poet.md", io.BytesIO(agent_source("poet").encode()))]
    [entry] = import_uploads(files, by=publisher, publish=False, dry_run=False)
    assert entry.path == "mine/writing/poet.md"
    assert Agent.objects.get().category.name == "writing"


def test_a_category_is_made_by_those_who_keep_them(editor: User) -> None:
    files = [("mine/writing/poet.md", io.BytesIO(agent_source("poet").encode()))]
    assert len(list(import_uploads(files, by=editor, publish=False, dry_run=False))) == 1
    assert (Agent.objects.get().category, Category.objects.count()) == (None, 0)


# --- What not every program reads -----------------------------------------------------------------------


QUOTED = agent_source("quoted", description="Use it for this: that.")
RECOVERED = agent_source("recovered", description="Use it: when\nsomebody asks")
PLAIN = agent_source("plain")
BOTH = {"quoted.md": QUOTED, "recovered.md": RECOVERED, "plain.md": PLAIN}


def imported(client: Client, way: str = "drafts", files: dict[str, str] | None = None, **more: str) -> str:
    """Import these files; gives the address of the report."""
    address = upload(client, *((name, source.encode()) for name, source in (files or BOTH).items()))
    return client.post(address, {"as": way, "do": "import", **more})["Location"]


def buttons_in(page: str) -> list[str]:
    return re.findall(r'<button[^>]*name="mend"\s+value="([^"]+)"', page)


def test_the_report_says_what_becomes_of_a_file_that_not_every_program_reads(client: Client, editor: User) -> None:
    client.force_login(editor)
    check = text_of(client, upload(client, *((name, source.encode()) for name, source in BOTH.items())))
    for words in ("Read on the second try only.", "Not read as it stands.", "Mend these 2 files while importing"):
        assert words in check
    report = text_of(client, imported(client))
    assert "Claude Code reads it on its second try." in report
    assert "Coding tools would reject this file or cut its text" in report
    assert "Fix all 2" in report
    assert buttons_in(report) == ["all", "draft-1", "draft-2"]
    assert [draft.source for draft in Draft.objects.order_by("agent__name")] == [PLAIN, QUOTED, RECOVERED]


def test_one_click_mends_one_draft(client: Client, editor: User) -> None:
    client.force_login(editor)
    address = imported(client)
    answer = client.post(address, {"mend": "draft-1"})
    assert answer["Location"] == f"{address}#draft-1"
    draft = Draft.objects.get(agent__name="quoted")
    assert draft.source == QUOTED.replace("Use it for this: that.", '"Use it for this: that."')
    report = text_of(client, address)
    assert f'Fixed in the draft: <a href="/admin/catalog/agent/{draft.agent_id}/draft/">open it</a>' in report
    assert buttons_in(report) == ["all", "draft-2"]
    assert Draft.objects.get(agent__name="recovered").source == RECOVERED


def test_all_are_mended_at_once_and_what_is_published_stays(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    address = imported(client, "versions")
    client.post(address, {"mend": "all"})
    drafts = {draft.agent.name: draft for draft in Draft.objects.select_related("agent", "base_version")}
    assert set(drafts) == {"quoted", "recovered"}
    for draft in drafts.values():
        assert draft.definition.reading is Reading.STRICT
        assert draft.base_version.number == 1
    assert {version.source for version in Version.objects.all()} == set(BOTH.values())
    report = text_of(client, address)
    assert report.count("Fixed in the draft") == 2
    assert "2 texts are mended in the drafts." in report
    assert buttons_in(report) == []


def test_an_editor_mends_what_a_publisher_had_published(client: Client, editor: User, publish_source: Publish) -> None:
    publish_source(QUOTED)
    client.force_login(editor)
    address = imported(client, files={"quoted.md": QUOTED})
    assert buttons_in(text_of(client, address)) == ["all", "unchanged-1"]
    client.post(address, {"mend": "unchanged-1"})
    assert Draft.objects.get().definition.reading is Reading.STRICT
    assert Version.objects.get().source == QUOTED


def test_a_draft_in_review_is_left_and_said(client: Client, editor: User) -> None:
    client.force_login(editor)
    address = imported(client)
    draft = Draft.objects.get(agent__name="quoted")
    drafting.submit(draft, by=editor, revision=draft.revision)
    client.post(address, {"mend": "all"})
    report = text_of(client, address)
    assert "The text is mended in the draft." in report
    assert "1 is left as before. Quoted: This draft is with a reviewer." in report
    assert buttons_in(report) == ["all", "draft-1"]
    assert Draft.objects.get(agent__name="quoted").source == QUOTED


def test_mending_twice_or_what_is_gone_does_no_harm(client: Client, editor: User) -> None:
    client.force_login(editor)
    address = imported(client)
    for where in ("draft-1", "draft-1", "draft-3", "draft-99", "draft--1", "no", "refused-1", "draft-" + "9" * 40, ""):
        assert client.post(address, {"mend": where}).status_code == 302
    assert Draft.objects.get(agent__name="quoted").revision == 2
    draft = Draft.objects.get(agent__name="recovered")
    drafting.discard(draft, by=editor, revision=draft.revision)
    assert client.post(address, {"mend": "all"}).status_code == 302
    assert not Draft.objects.filter(agent__name="recovered").exists()
    assert client.get(address).status_code == 200


def test_files_are_mended_while_importing_where_that_is_asked_for(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    report = text_of(client, imported(client, "versions", mend="on"))
    assert "2 were mended meanwhile." in report
    assert report.count("Mended while importing, in those lines alone.") == 2
    assert buttons_in(report) == []
    sources = dict(Version.objects.values_list("agent__name", "source"))
    assert sources["plain"] == PLAIN
    assert sources["quoted"] == QUOTED.replace("Use it for this: that.", '"Use it for this: that."')
    assert read(sources["recovered"]).reading is Reading.STRICT


def test_what_is_here_already_is_not_made_new_by_mending(client: Client, editor: User, publish_source: Publish) -> None:
    publish_source(QUOTED)
    client.force_login(editor)
    check = text_of(client, upload(client, ("a.md", QUOTED.encode()), ("b.md", RECOVERED.encode())))
    assert "Mend 1 file while importing" in check
    report = text_of(client, imported(client, files={"a.md": QUOTED, "b.md": RECOVERED}, mend="on"))
    assert "Already here" in report
    assert [draft.agent.name for draft in Draft.objects.select_related("agent")] == ["recovered"]


def test_who_may_not_change_drafts_is_offered_no_fix(client: Client, db: None) -> None:
    bea = User.objects.create_user("bea", is_staff=True)
    bea.user_permissions.add(*Permission.objects.filter(codename__in=("add_agent", "add_draft")))
    client.force_login(bea)
    address = imported(client)
    report = text_of(client, address)
    assert "Read on the second try only." in report
    assert buttons_in(report) == []
    assert client.post(address, {"mend": "all"}).status_code == 403
    assert {draft.source for draft in Draft.objects.all()} == set(BOTH.values())


def test_the_report_asks_as_much_for_many_files_as_for_few(client: Client, editor: User) -> None:
    client.force_login(editor)

    def count(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = imported(client, files={"a.md": agent_source("first", description="For this: that.")})
    many = {f"{n}.md": agent_source(f"agent-{n}", description="For this: that.") for n in range(12)}
    assert count(imported(client, files=many)) <= count(few) <= 8


def test_an_import_under_way_says_how_far_it_is(client: Client, editor: User, own_folder: Path) -> None:
    client.force_login(editor)
    address = upload(client, ("a.md", agent_source().encode()))
    token = address.rstrip("/").rpartition("/")[2]
    uploads.take(token)
    assert "0 files are through." in text_of(client, f"{address}report/")
    uploads.note_progress(token, 240)
    assert "240 files are through." in text_of(client, f"{address}report/")
    assert client.post(f"{address}report/", {"mend": "all"}).status_code == 404


def test_a_large_archive_is_imported_and_mended(client: Client, editor: User) -> None:
    names = [f"agent-{number:04}" for number in range(450)]
    files = {name: agent_source(name, description="For this: that.") for name in names}
    client.force_login(editor)
    address = upload(client, ("large.zip", zipped(**files)))
    assert "450 of 450 files will become drafts" in text_of(client, address)
    report = client.post(address, {"do": "import"})["Location"]
    page = text_of(client, report)
    assert "Fix all 450" in page
    assert "And 50 more." in page
    client.post(report, {"mend": "all"})
    assert not [draft for draft in Draft.objects.all() if draft.definition.reading is not Reading.STRICT]


@pytest.mark.corpus
def test_every_real_file_that_not_every_program_reads_is_mended(client: Client, editor: User) -> None:
    client.force_login(editor)
    lenient = {}
    for file in corpus_files("agent"):
        definition = read(file.data.decode("utf-8", "replace"))
        if definition.reading is not Reading.STRICT and not definition.errors:
            lenient[definition.name] = definition
    assert len(lenient) > 20
    address = imported(client, files={f"{name}.md": one.source for name, one in lenient.items()})
    client.post(address, {"mend": "all"})
    for draft in Draft.objects.select_related("agent"):
        before = lenient[draft.agent.name]
        assert draft.definition.reading is Reading.STRICT
        assert (draft.definition.prompt, dict(draft.definition.fields)) == (before.prompt, dict(before.fields))


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_files_are_imported_and_mended_in_the_browser(
    page_of: Callable[[User], Page], editor: User, tmp_path: Path, scheme: str, width: int
) -> None:
    archive = tmp_path / "agents.zip"
    archive.write_bytes(zipped(**{name.removesuffix(".md"): source for name, source in BOTH.items()}))
    page = page_of(editor)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)

    page.goto(IMPORT)
    assert_everybody_can_read(page)
    page.get_by_label("Agent files").set_input_files(archive)
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_role("heading", name="Check, then import")).to_be_visible()
    assert_everybody_can_read(page)
    page.get_by_role("button", name="Import 3 as drafts").click()
    page.get_by_role("button", name="Fix: quote the description of quoted").click()
    expect(page.get_by_text("Fixed in the draft: open it")).to_be_visible()
    assert_everybody_can_read(page)
    page.get_by_role("button", name="Fix it").click()
    expect(page.get_by_text("Fixed in the draft: open it")).to_have_count(2)
    assert all(draft.definition.reading is Reading.STRICT for draft in Draft.objects.all())


@pytest.mark.browser
def test_a_second_click_sends_nothing_and_says_what_is_happening(page_of: Callable[[User], Page], editor: User) -> None:
    page = page_of(editor)
    page.goto(IMPORT)
    page.get_by_label("Agent files").set_input_files({"name": "a.md", "mimeType": "", "buffer": b"x"})
    sent: list[str] = []

    def stay(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)

    page.route("**/admin/import/", stay)
    button = page.get_by_role("button", name="Check the files")
    button.click()
    expect(page.get_by_text("Reading the files…")).to_be_visible()
    button.click(force=True)
    page.wait_for_timeout(200)
    assert sent == ["POST"]


@pytest.mark.browser
def test_a_long_import_says_how_far_it_is(page_of: Callable[[User], Page], editor: User) -> None:
    page = page_of(editor)
    page.goto(IMPORT)
    page.get_by_label("Agent files").set_input_files(
        {"name": "a.md", "mimeType": "", "buffer": agent_source("poet").encode()}
    )
    page.get_by_role("button", name="Check the files").click()
    button = page.get_by_role("button", name="Import 1 as draft")
    expect(button).to_be_visible()
    far = '<p id="progress">240 files are through.</p>'
    page.route("**/report/", lambda route: route.fulfill(body=far, content_type="text/html"))
    page.route(page.url, lambda route: route.fulfill(status=204))
    button.click()
    expect(page.get_by_text("Importing 1 file… this can take a minute.")).to_be_visible()
    expect(page.get_by_text("240 files are through.")).to_be_visible()
