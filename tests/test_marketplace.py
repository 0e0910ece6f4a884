"""marketplace.json by its address, and the archives it names: what clients get, and how long they may keep it."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from catalog import publishing
from catalog.distribution import marketplace, plugins, repository
from catalog.downloads import repr_digest
from catalog.models import Version
from catalog.system_checks import marketplace as check_name
from tests.programs import program_of
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db
ADDRESS = "/marketplace.json"


def document(client: Client, **headers: str) -> dict[str, Any]:
    response = client.get(ADDRESS, headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json; charset=utf-8"
    found: dict[str, Any] = json.loads(response.content)
    return found


def entries(client: Client) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in document(client)["plugins"]}


@pytest.fixture
def https(settings: Any) -> None:
    settings.CATALOG_BASE_URL, settings.HTTPS, settings.LOOPBACK = "https://agents.example.com", True, False


def test_every_plugin_is_at_a_commit_of_the_repository(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    first = entries(client)["code-reviewer"]
    publish_source(agent_source("debugger"))
    with repository.opened() as store:
        made = store.made(bytes.fromhex(first["source"]["sha"]))
        assert made
        assert made.number == 2
    assert first == {
        "name": "code-reviewer",
        "source": {
            "source": "git-subdir",
            "url": "http://127.0.0.1:8000/catalog.git",
            "path": "plugins/code-reviewer",
            "sha": made.id.hex(),
        },
        "version": "1.0.0",
        "description": "Reviews a change for faults, and says where each one is.",
    }
    assert entries(client)["code-reviewer"] == first, "another publication leaves it where it is"
    publish_source(agent_source(prompt="Better.\n"))
    assert entries(client)["code-reviewer"]["version"] == "2.0.0"
    assert entries(client)["code-reviewer"]["source"]["sha"] != first["source"]["sha"]


def test_over_https_every_plugin_is_an_archive_with_its_digest(
    client: Client, publish_source: Publish, https: None
) -> None:
    publish_source(agent_source())
    source = entries(client)["code-reviewer"]["source"]
    assert source["source"] == "archive"
    assert source["url"].startswith("https://agents.example.com/plugins/code-reviewer/")
    response = client.get(source["url"].removeprefix("https://agents.example.com"))
    assert sha256(response.content).hexdigest() == source["sha256"]
    assert response["Repr-Digest"] == repr_digest(f"sha256:{source['sha256']}")
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == [".claude-plugin/plugin.json", "agents/code-reviewer.md"]
        assert json.loads(archive.read(".claude-plugin/plugin.json"))["version"] == "1.0.0"


def test_an_archive_is_there_for_ever(client: Client, publish_source: Publish, publisher: User, https: None) -> None:
    version = publish_source(agent_source())
    address = entries(client)["code-reviewer"]["source"]["url"].removeprefix("https://agents.example.com")
    before = client.get(address).content
    publish_source(agent_source(prompt="Better.\n"))
    publishing.yank(version, by=publisher, reason="Broken.")
    publishing.rename(version.agent, "critic", by=publisher)
    again = client.get(address, headers={"if-none-match": client.get(address)["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address).content == before
    call_command("rebuild_repository", verbosity=0)
    assert client.get(address).content == before


def test_other_trees_are_no_archives(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    with repository.opened() as store:
        newest = store.newest()
        assert newest
        ids = [id.hex() for (id,) in store.database.execute("SELECT id FROM object")]
    others = {id: client.get(f"/plugins/other/{id}.zip").status_code for id in ids}
    assert set(others.values()) == {404}, "an archive has the name of its plugin alone"
    answers = {id: client.get(f"/plugins/code-reviewer/{id}.zip").status_code for id in ids}
    assert sorted(answers.values()).count(200) == 1
    assert answers[newest.tree.hex()] == 404
    assert client.get(f"/plugins/code-reviewer/{'0' * 40}.zip").status_code == 404


def test_what_was_renamed_or_withdrawn_is_told(client: Client, publish_source: Publish, publisher: User) -> None:
    renamed, withdrawn = publish_source(agent_source("one")), publish_source(agent_source("two"))
    publishing.rename(renamed.agent, "first", by=publisher)
    publishing.yank(withdrawn, by=publisher, reason="Broken.")
    assert set(entries(client)) == {"first"}
    assert document(client)["renames"] == {"one": "first", "two": None}


def test_it_is_asked_about_and_not_sent_again(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    etag = client.get(ADDRESS)["ETag"]
    assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 304
    publish_source(agent_source("debugger"))
    assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200


def test_a_list_that_is_too_long_for_clients_has_no_descriptions(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_source(agent_source())
    monkeypatch.setattr(marketplace, "MOST", 100)
    assert "description" not in entries(client)["code-reviewer"]


def test_in_a_private_catalog_its_reader_gets_the_repository_with_their_own_token(
    client: Client, publish_source: Publish, publisher: User, settings: Any
) -> None:
    publish_source(agent_source())
    settings.CATALOG_PRIVATE = True
    assert client.get(ADDRESS).status_code == 401
    secret = program_of(publisher, "read").bearer.removeprefix("Bearer ")
    asked = {"authorization": f"Basic {base64.b64encode(f'x:{secret}'.encode()).decode()}"}
    [entry] = document(client, **asked)["plugins"]
    assert entry["source"]["url"] == f"http://x:{secret}@127.0.0.1:8000/catalog.git"
    response = client.get(ADDRESS, headers=asked)
    assert response["Cache-Control"] == "private, no-store"
    assert "ETag" not in response


def test_it_is_called_as_the_settings_say(client: Client, settings: Any) -> None:
    settings.CATALOG_MARKETPLACE, settings.CATALOG_NAME = "acme", "Acme's Agents"
    assert document(client)["name"] == "acme"
    assert document(client)["owner"]["name"] == "Acme's Agents"


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("code-reviewer", "code-reviewer"),
        ("claude-helper", "cc-helper"),
        ("my-claude-code", "my-cc-code"),
        ("anthropic-guide", "ant-guide"),
        ("claudette", "claudette"),
        ("cc-plugin-maker", "agent-cc-plugin-maker"),
        ("claude-plugin-maker", "agent-cc-plugin-maker"),
        ("3d-artist", "agent-3d-artist"),
        ("con", "agent-con"),
        ("com1", "agent-com1"),
        ("console", "console"),
        ("prüfer", "prufer"),
        ("代码", "agent-e6f04ffb"),
    ],
)
def test_a_plugin_is_called_as_every_client_lets_it_be_called(name: str, plugin: str) -> None:
    assert plugins.plugin_name(name) == plugin


def test_long_names_are_cut_and_stay_apart() -> None:
    names = [plugins.plugin_name(f"{'very-' * 18}{end}") for end in ("long", "lone")]
    assert len(set(names)) == 2
    assert all(len(name) <= 64 for name in names)


@pytest.mark.parametrize("name", ["agent-catalog", "acme", "x"])
def test_a_name_that_tools_take_is_fine(settings: Any, name: str) -> None:
    settings.CATALOG_MARKETPLACE = name
    assert check_name(None) == []


@pytest.mark.parametrize("name", ["Acme", "a b", "claude-agents", "anthropic", "x" * 65, "-x", "1st"])
def test_one_that_they_do_not_is_told_of(settings: Any, name: str) -> None:
    settings.CATALOG_MARKETPLACE = name
    assert [message.id for message in check_name(None)] == ["catalog.E011"]
