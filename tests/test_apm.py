"""What the `apm` client reads: the versions of a package, and archives that are the same for ever."""

import base64
import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

import pytest
import yaml
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from catalog import counting, definition, drafting, publishing
from catalog.distribution import apm
from catalog.exports import TOOLS, export
from catalog.models import Agent, Category, Tag, Version
from tests.answers import problem
from tests.exported import SOURCE
from tests.programs import program_of
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

PACKAGE = "/apm/v1/packages/agents/code-reviewer/versions"
FIRST = f"{PACKAGE}/1.0.0/download"
# Of archives that lock files name. These never change: a version that would have other bytes is another version.
SOURCE_DIGEST = "sha256:43494d7542c6b952f4871ffb418be9a966ef37dfc9cfc009193a7f89740ca4a7"
# What `exports` makes of a file may change. Whoever changes it counts on in FORMS.
FORM_DIGESTS = {
    "claude-plugin": (0, "sha256:56b1516a4fd5c070d19d7613ef87beec76cc9f82408389a86b517494493b911d"),
    "opencode": (0, "sha256:18b5731b5e2d89b7204aec5522571d7f57e8aa55016e4f37311b44dd96a217c7"),
    "copilot": (0, "sha256:ffeffceb54ca71a69dbe4ae785edc58750daf31c044fb2ec42f71a0657736057"),
    "cursor": (0, "sha256:03425082f99aa3e3cca48e7b0b4622eaa91ed1987a77721644ef861b9f8b8860"),
    "kiro": (0, "sha256:367822111137690a7fa8aa1fe67a1183cb40d6d1f51699e7f502c1fba3ba67cb"),
}


@pytest.fixture
def version(publish_source: Publish, publisher: User) -> Version:
    return publish_source(agent_source(), by=publisher)


def listed(client: Client, address: str = PACKAGE) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200, response.content
    assert set(response.json()) == {"versions"}
    return list(response.json()["versions"])


def numbers(client: Client, address: str = PACKAGE) -> list[str]:
    return [one["version"] for one in listed(client, address)]


def files_in(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as archive:
        assert {info.compress_type for info in archive.infolist()} == {ZIP_STORED}
        return {info.filename: archive.read(info) for info in archive.infolist()}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# --- The archive --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        agent_source(),
        "\ufeff" + agent_source().replace("\n", "\r\n"),
        agent_source(prompt="No newline at the end, Ünïcode, 🙂."),
    ],
    ids=["plain", "byte order mark and CRLF", "no last newline"],
)
def test_an_archive_holds_the_published_file_byte_for_byte(
    client: Client, publish_source: Publish, source: str
) -> None:
    publish_source(source)
    files = files_in(client.get(FIRST).content)
    assert list(files) == ["apm.yml", ".apm/agents/code-reviewer.agent.md"]
    assert files[".apm/agents/code-reviewer.agent.md"] == source.encode()
    about = yaml.safe_load(files["apm.yml"])
    assert (about["name"], about["version"]) == ("code-reviewer", "1.0.0")
    assert about["description"]


@pytest.mark.parametrize("name", ["no", "7", "null", "1e3"])
def test_a_name_is_a_text_in_apm_yml_whatever_it_looks_like(client: Client, publish_source: Publish, name: str) -> None:
    publish_source(agent_source(name=f'"{name}"'))
    content = client.get(f"/apm/v1/packages/agents/{name}/versions/1.0.0/download").content
    assert yaml.safe_load(files_in(content)["apm.yml"])["name"] == name


def test_an_archive_is_the_same_in_every_release_of_the_software(client: Client, version: Version) -> None:
    assert digest_of(client.get(FIRST).content) == SOURCE_DIGEST


def test_nothing_that_may_be_edited_is_in_an_archive(
    client: Client, version: Version, publisher: User, settings: Settings
) -> None:
    before = client.get(FIRST).content
    agent = version.agent
    publishing.retitle(agent, "Another Title", by=publisher)
    publishing.deprecate(agent, by=publisher, note="Use another one.")
    agent.tags.add(Tag.objects.create(name="fast"))
    Agent.objects.update(category=Category.objects.create(name="craft", title="Craft"), license="MIT")
    Version.objects.update(description="Read otherwise.", lead="Read otherwise.", fields={})
    settings.CATALOG_NAME, settings.CATALOG_BASE_URL = "Another Name", "https://agents.example.com"
    publishing.yank(version, by=publisher, reason="Broken.")
    assert client.get(FIRST).content == before


def test_an_archive_names_its_digest_and_is_kept_for_a_year(client: Client, version: Version) -> None:
    response = client.get(FIRST)
    sha256 = hashlib.sha256(response.content)
    assert response["ETag"] == f'"sha256:{sha256.hexdigest()}"'
    assert response["Repr-Digest"] == f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Length"] == str(len(response.content))
    assert response["Content-Disposition"] == 'attachment; filename="code-reviewer-1.0.0.zip"'
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Vary" not in response


def test_who_has_an_archive_is_not_sent_it_again(client: Client, version: Version) -> None:
    whole = client.get(FIRST)
    again = client.get(FIRST, headers={"if-none-match": whole["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", whole["ETag"])
    part = client.get(FIRST, headers={"range": "bytes=0-1"})
    assert (part.status_code, part.content) == (206, b"PK")
    assert problem(client.get(FIRST, headers={"if-match": '"other"'})) == (412, "precondition_failed")


@pytest.mark.parametrize("address", [PACKAGE, FIRST])
def test_head_tells_what_get_would_send(client: Client, version: Version, address: str) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head[name] for name in ("ETag", "Content-Length", "Cache-Control")} == {
        name: get[name] for name in ("ETag", "Content-Length", "Cache-Control")
    }


def test_an_archive_counts_as_a_download_of_its_version(client: Client, version: Version) -> None:
    client.get(PACKAGE)
    client.head(FIRST)
    client.get(FIRST, headers={"user-agent": "python-requests/2"})
    counting.flush()
    assert Agent.objects.get().downloads == 1


# --- The versions -------------------------------------------------------------------------------------------


def test_versions_are_listed_with_the_digests_of_the_bytes_served(
    client: Client, version: Version, publish_source: Publish
) -> None:
    publish_source(agent_source(prompt="Better.\n"))
    found = listed(client)
    assert [one["version"] for one in found] == ["2.0.0", "1.0.0"]
    for one in found:
        assert set(one) == {"version", "digest", "published_at"}
        assert one["digest"] == digest_of(client.get(f"{PACKAGE}/{one['version']}/download").content)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["published_at"])


def test_a_list_is_kept_for_a_minute_and_sent_again_when_it_changed(
    client: Client, version: Version, publish_source: Publish
) -> None:
    first = client.get(PACKAGE)
    assert first["Content-Type"] == "application/json; charset=utf-8"
    assert first["Cache-Control"] == "public, max-age=60"
    again = client.get(PACKAGE, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again["Cache-Control"]) == (304, "public, max-age=60")
    publish_source(agent_source(prompt="Better.\n"))
    assert client.get(PACKAGE, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_the_text_of_a_version_is_read_once(client: Client, publish_source: Publish) -> None:
    """What follows from a text alone stays in memory: the texts here are those of no other test."""

    def texts_read() -> int:
        with CaptureQueriesContext(connection) as queries:
            listed(client)
        assert len(queries) <= 6
        return sum('"source"' in query["sql"] for query in queries)

    publish_source(agent_source(prompt="Read once.\n"))
    assert [texts_read(), texts_read()] == [1, 0]
    publish_source(agent_source(prompt="Read once, the second.\n"))
    with CaptureQueriesContext(connection) as queries:
        listed(client)
    [reading] = [query["sql"] for query in queries if '"source"' in query["sql"]]
    assert re.search(r"IN \(\d+\)", reading)  # the one that is new


def test_a_yanked_version_leaves_the_list_and_its_archive_stays(
    client: Client, version: Version, publish_source: Publish, publisher: User
) -> None:
    second = publish_source(agent_source(prompt="Better.\n"))
    before = client.get(FIRST).content
    publishing.yank(version, by=publisher, reason="Broken.")
    assert numbers(client) == ["2.0.0"]
    assert client.get(FIRST).content == before
    publishing.yank(second, by=publisher, reason="Broken, too.")
    assert numbers(client) == []
    assert client.get(f"{PACKAGE}/2.0.0/download").status_code == 200


def test_a_renamed_agent_goes_on_under_its_former_name(client: Client, version: Version, publisher: User) -> None:
    before, [first] = client.get(FIRST).content, listed(client)
    publishing.rename(version.agent, "critic", by=publisher)
    assert client.get(FIRST).content == before
    assert numbers(client) == ["2.0.0", "1.0.0"]
    assert listed(client)[1] == first
    renamed = "/apm/v1/packages/agents/critic/versions"
    assert numbers(client, renamed) == ["2.0.0"]  # the first one would install as another agent
    files = files_in(client.get(f"{renamed}/2.0.0/download").content)
    assert b"name: critic" in files[".apm/agents/critic.agent.md"]


# --- What is not there --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("agents/nobody/versions", "agent_not_found"),
        ("agents/nobody/versions/1.0.0/download", "agent_not_found"),
        ("agents/Code-Reviewer/versions", "agent_not_found"),
        ("agents/prüfer/versions", "agent_not_found"),
        ("agents/code-reviewer/versions/2.0.0/download", "version_not_found"),
        ("agents/code-reviewer/versions/1/download", "version_not_found"),
        ("agents/code-reviewer/versions/1.0.1/download", "version_not_found"),
        ("agents/code-reviewer/versions/1.1.0/download", "version_not_found"),
        ("agents/code-reviewer/versions/01.0.0/download", "version_not_found"),
        ("agents/code-reviewer/versions/٣.0.0/download", "version_not_found"),
        ("agents/code-reviewer/versions/999999999.0.0/download", "version_not_found"),
        ("agents/code-reviewer/versions/latest/download", "version_not_found"),
        ("collections/code-reviewer/versions", "not_found"),
        ("agents/code-reviewer", "not_found"),
        ("agents/code-reviewer/versions/", "not_found"),
        ("agents/%00/versions", "not_found"),
    ],
)
def test_what_is_not_there_is_a_problem(client: Client, publish_source: Publish, path: str, code: str) -> None:
    publish_source(agent_source())
    publish_source(agent_source(name="prüfer"))
    assert problem(client.get(f"/apm/v1/packages/{path}")) == (404, code)


def test_who_spells_a_name_otherwise_is_told_how_it_is_spelled(client: Client, version: Version) -> None:
    answer = client.get("/apm/v1/packages/agents/Code-Reviewer/versions").json()
    assert "'code-reviewer'" in answer["detail"]


def test_drafts_are_no_packages(client: Client, editor: User) -> None:
    agent, _ = publishing.register(definition.read(agent_source()), by=editor)
    drafting.open_draft(agent, by=editor, source=agent_source())
    for address in (PACKAGE, FIRST):
        assert problem(client.get(address)) == (404, "agent_not_found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(client: Client, version: Version, method: str) -> None:
    response = getattr(client, method)(PACKAGE)
    assert problem(response) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert problem(getattr(client, method)(f"{PACKAGE}/2.0.0")) == (404, "not_found")


def test_the_registry_is_asked_as_often_as_the_api(client: Client, version: Version, settings: Settings) -> None:
    settings.CATALOG_RATES = settings.CATALOG_RATES | {"reads": (1, 1)}
    assert client.get(PACKAGE).status_code == 200
    assert problem(client.get(FIRST)) == (429, "too_many_requests")


@pytest.mark.parametrize("way", ["Bearer", "Basic"])
def test_a_private_catalog_is_a_registry_for_who_has_a_token(
    client: Client, version: Version, outsider: User, settings: Settings, way: str
) -> None:
    settings.CATALOG_PRIVATE = True
    secret = program_of(outsider, "read").bearer.removeprefix("Bearer ")
    sent = secret if way == "Bearer" else base64.b64encode(f"anybody:{secret}".encode()).decode()
    for address in (PACKAGE, FIRST):
        assert client.get(address).status_code == 401
        answer = client.get(address, headers={"authorization": f"{way} {sent}"})
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")


# --- Exports ------------------------------------------------------------------------------------------------


def form(owner: str, name: str = "code-reviewer") -> str:
    return f"/apm/v1/packages/{owner}/{name}/versions"


@pytest.mark.parametrize("owner", apm.FORMS)
def test_an_owner_called_as_a_tool_packs_the_export_for_it(client: Client, publish_source: Publish, owner: str) -> None:
    publish_source(SOURCE)
    [one] = listed(client, form(owner))
    content = client.get(f"{form(owner)}/{one['version']}/download").content
    assert digest_of(content) == one["digest"]
    [_, file] = files_in(content).items()
    assert file == (".apm/agents/code-reviewer.agent.md", export(definition.parse(SOURCE), owner).content)


def test_only_tools_that_read_markdown_are_owners() -> None:
    assert {TOOLS[owner].media_type.partition(";")[0] for owner in apm.FORMS} == {"text/markdown"}


@pytest.mark.parametrize("owner", apm.FORMS)
def test_a_changed_export_is_counted_as_another_version(client: Client, publish_source: Publish, owner: str) -> None:
    """Where this fails because an export says something else now: add 1 in `apm.FORMS`, and write the digest here."""
    publish_source(SOURCE)
    [one] = listed(client, form(owner))
    assert (apm.FORMS[owner], one["digest"]) == FORM_DIGESTS[owner]


def test_a_version_packed_by_an_earlier_release_is_gone_and_says_what_to_take(
    client: Client, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apm, "FORMS", {**apm.FORMS, "opencode": 1})
    assert numbers(client, form("opencode")) == ["1.1.0"]
    assert client.get(f"{form('opencode')}/1.1.0/download").status_code == 200
    gone = client.get(f"{form('opencode')}/1.0.0/download")
    assert problem(gone) == (410, "form_outdated")
    assert "1.1.0" in gone.json()["detail"]
    assert numbers(client) == ["1.0.0"]


def test_the_newest_versions_of_an_export_are_listed_and_all_of_them_answer(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apm, "FORMS_LISTED", 2)
    for number in range(1, 4):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
    assert numbers(client, form("cursor")) == ["3.0.0", "2.0.0"]
    assert client.get(f"{form('cursor')}/1.0.0/download").status_code == 200


def test_what_a_tool_cannot_take_is_no_version_for_it(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    publish_source(agent_source(prompt="Longer than GitHub Copilot takes. " * 1_000))
    assert numbers(client, form("copilot")) == ["1.0.0"]
    answer = client.get(f"{form('copilot')}/2.0.0/download")
    assert problem(answer) == (404, "version_not_found")
    assert TOOLS["copilot"].title in answer.json()["detail"]
    assert client.get(f"{PACKAGE}/2.0.0/download").status_code == 200
