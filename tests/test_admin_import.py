"""Import in the browser: a report first, then what was confirmed; uploads belong to their session and go away."""

import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.admin import uploads
from catalog.models import Agent, Draft, Version
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
