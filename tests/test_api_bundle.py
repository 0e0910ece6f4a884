"""Many agents in one download: which, in which bytes, and in how much memory."""

import io
import json
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import collecting, counting, definition, drafting, publishing, shelving
from catalog.api import bundles
from catalog.definition import digest_of
from catalog.distribution import archive, streams
from catalog.downloads import repr_digest
from catalog.models import Agent, Download, Version
from tests.answers import BASE, Publish, problem
from tests.sources import agent_source

BUNDLE = "/api/v1/bundle"


@pytest.fixture
def shelf(publish_source: Publish, publisher: User) -> dict[str, Version]:
    """Four agents, one of them in three versions."""
    versions = {name: publish_source(agent_source(name), by=publisher) for name in ("delta", "alpha", "charlie")}
    for number in (1, 2, 3):
        versions[f"bravo@{number}"] = publish_source(agent_source("bravo", prompt=f"Text {number}."), by=publisher)
    return versions


def bundle(client: Client, **asked: Any) -> tuple[dict[str, Any], dict[str, bytes], Any]:
    """The manifest, the files and the answer."""
    response = client.get(BUNDLE, asked)
    assert response.status_code == 200, response.content
    content = response.getvalue()
    assert response["Content-Length"] == str(len(content))
    opened = zipfile.ZipFile(io.BytesIO(content))
    assert opened.testzip() is None
    files = {name: opened.read(name) for name in opened.namelist()}
    return json.loads(files.pop("manifest.json")), files, response


def names(client: Client, **asked: Any) -> list[str]:
    manifest, _, _ = bundle(client, **asked)
    return [f"{agent['name']}@{agent['version']}" for agent in manifest["agents"]]


def test_a_bundle_holds_the_agents_asked_for_with_their_pins(client: Client, shelf: dict[str, Version]) -> None:
    manifest, files, response = bundle(client, agents="delta,bravo@2, alpha")
    assert [(agent["name"], agent["version"]) for agent in manifest["agents"]] == [
        ("delta", 1),
        ("bravo", 2),
        ("alpha", 1),
    ]
    assert list(files) == ["delta.md", "bravo.md", "alpha.md"]
    for agent, version in zip(manifest["agents"], (shelf["delta"], shelf["bravo@2"], shelf["alpha"]), strict=True):
        assert files[agent["file"]] == version.source.encode()
        assert (agent["digest"], agent["size"]) == (version.digest, version.size)
        assert client.get(agent["source"].removeprefix(BASE)).content == version.source.encode()
    assert manifest["format"] == "agent-catalog/bundle/1"
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="agents.zip"'
    assert response["Cache-Control"] == "public, no-cache"


def test_the_same_request_gives_the_same_bytes(
    client: Client, shelf: dict[str, Version], publish_source: Publish
) -> None:
    asked = {"agents": "alpha,bravo@1"}
    first = client.get(BUNDLE, asked)
    publish_source(agent_source("bravo", prompt="Text 4."))
    again = client.get(BUNDLE, asked)
    assert (again.getvalue(), again["ETag"]) == (first.getvalue(), first["ETag"])
    unchanged = client.get(BUNDLE, asked, headers={"if-none-match": first["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    publish_source(agent_source("alpha", prompt="Another."))
    assert client.get(BUNDLE, asked)["ETag"] != first["ETag"]


def test_a_yanked_version_is_bundled_by_its_pin_alone(
    client: Client, shelf: dict[str, Version], publisher: User
) -> None:
    publishing.yank(shelf["bravo@3"], by=publisher, reason="Bad.")
    assert names(client, agents="bravo") == ["bravo@2"]
    assert names(client, agents="bravo@3") == ["bravo@3"]
    publishing.yank(shelf["alpha"], by=publisher, reason="Bad.")
    assert problem(client.get(BUNDLE, {"agents": "alpha"})) == (404, "agent_not_found")


def test_an_agent_that_was_renamed_is_bundled_by_its_former_name_too(
    client: Client, shelf: dict[str, Version], publisher: User
) -> None:
    publishing.rename(shelf["bravo@1"].agent, "first", by=publisher)
    assert names(client, agents="alpha,bravo") == ["alpha@1", "first@4"]  # renaming publishes a version
    assert names(client, agents="bravo@2,first@2") == ["first@2"]
    assert problem(client.get(BUNDLE, {"agents": "bravo@2,first"})) == (422, "not_possible")
    told = client.get(BUNDLE, {"agents": "first,bravo@2"}).json()["detail"]
    assert told.startswith("'bravo' is called 'first' now, and asked for in two versions;")
    told = client.get(BUNDLE, {"agents": "bravo@9"})
    assert told.json()["detail"] == "Not published, or withdrawn: bravo@9. Nothing is bundled without them."


@pytest.mark.parametrize("tool", ["claude", "claude-plugin", "codex", "copilot"])
def test_no_file_of_a_bundle_is_called_as_a_device(client: Client, publish_source: Publish, tool: str) -> None:
    """The catalog's own import refuses one that is, and no Windows can hold it."""
    for name in ("con", "agent-con", "con-"):
        publish_source(agent_source(name))
    manifest, files, _ = bundle(client, agents="con,agent-con", format=tool)
    called = {entry["name"]: entry["file"].rpartition("/")[2].partition(".")[0] for entry in manifest["agents"]}
    assert called == {"con": "con_", "agent-con": "agent-con"}
    assert sorted(files) == sorted(entry["file"] for entry in manifest["agents"])


def test_the_file_of_such_an_agent_is_called_alike_everywhere(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source("con"))
    for address in ("/agents/con.md", "/agents/con/1.md", "/api/v1/agents/con/versions/latest/download"):
        assert client.get(address)["Content-Disposition"] == 'attachment; filename="con_.md"', address
    page = client.get("/agents/con/").content.decode()
    assert ".claude/agents/con_.md" in page
    assert ".claude/agents/con.md" not in page


def test_a_collection_a_category_and_a_search_are_bundled(
    client: Client, shelf: dict[str, Version], publisher: User
) -> None:
    delta, alpha = shelf["delta"].agent, shelf["alpha"].agent
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, [(delta, ""), (alpha, "")], by=publisher)
    assert problem(client.get(BUNDLE, {"collection": "a-team"})) == (404, "collection_not_found")
    collecting.publish(team, by=publisher)
    assert names(client, collection="a-team") == ["delta@1", "alpha@1"]
    named = client.get(BUNDLE, {"collection": "A Team"})["Content-Disposition"]
    assert named == 'attachment; filename="a-team.zip"'
    shelving.tag([delta, alpha], ["greek"], by=publisher)
    assert names(client, tag="greek") == ["alpha@1", "delta@1"]
    assert names(client, q="charlie") == ["charlie@1"]
    assert names(client, q="reviews", tag="greek") == ["alpha@1", "delta@1"]
    assert problem(client.get(BUNDLE, {"tag": "none"})) == (404, "agent_not_found")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({}, (422, "not_possible")),
        ({"agents": "alpha", "collection": "x"}, (422, "not_possible")),
        ({"agents": "alpha", "q": "x"}, (422, "not_possible")),
        ({"agents": ","}, (422, "not_possible")),
        ({"agents": "alpha,alpha@1"}, (422, "not_possible")),
        ({"agents": "alpha@0"}, (422, "not_possible")),
        ({"agents": "alpha@latest"}, (422, "not_possible")),
        ({"agents": "@1"}, (422, "not_possible")),
        ({"agents": "../etc/passwd"}, (404, "agent_not_found")),
        ({"agents": "alpha,nobody,bravo@9"}, (404, "agent_not_found")),
        ({"agents": "a\0b"}, (422, "invalid_parameters")),
        ({"collection": "none"}, (404, "collection_not_found")),
        ({"agents": ",".join(f"a{number}" for number in range(1_001))}, (422, "too_many_agents")),
    ],
)
def test_what_cannot_be_bundled_is_refused(
    client: Client, shelf: dict[str, Version], asked: dict[str, str], answer: tuple[int, str]
) -> None:
    assert problem(client.get(BUNDLE, asked)) == answer


def test_all_that_is_lacking_is_named(client: Client, shelf: dict[str, Version]) -> None:
    detail = client.get(BUNDLE, {"agents": "alpha,nobody,bravo@9"}).json()["detail"]
    assert "nobody, bravo@9" in detail
    assert "alpha" not in detail


def test_a_draft_is_not_bundled(client: Client, shelf: dict[str, Version], editor: User) -> None:
    source = agent_source("secret-plan")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    assert problem(client.get(BUNDLE, {"agents": "secret-plan"})) == (404, "agent_not_found")


def test_head_reads_no_texts(client: Client, shelf: dict[str, Version]) -> None:
    with CaptureQueriesContext(connection) as queries:
        head = client.head(BUNDLE, {"agents": "alpha,bravo@1"})
    get = client.get(BUNDLE, {"agents": "alpha,bravo@1"})
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", get["ETag"])
    assert head["Content-Length"] == get["Content-Length"]
    assert not any('"source"' in query["sql"] for query in queries)


def test_every_file_of_a_bundle_counts_as_downloaded(client: Client, shelf: dict[str, Version]) -> None:
    client.get(BUNDLE, {"agents": "alpha,bravo@1"}, headers={"user-agent": "curl/8.0"}).getvalue()
    counting.flush()
    assert {str(row.version) for row in Download.objects.select_related("version__agent")} == {"alpha v1", "bravo v1"}


def test_a_bundle_is_made_while_it_is_sent(
    client: Client, publish_source: Publish, publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds a few files at a time, and queries a few at a time."""
    for number in range(120):
        publish_source(agent_source(f"agent-{number:03}", prompt=f"{number} " + "x" * 100_000), by=publisher)
    response = client.get(BUNDLE, {"agents": ",".join(f"agent-{number:03}" for number in range(120))})
    digest = 0
    tracemalloc.start()
    for part in response.streaming_content:
        digest += len(part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest == int(response["Content-Length"]) > 12_000_000
    assert peak < 10_000_000  # 25 files and what reads them
    monkeypatch.setattr(bundles, "MAX_AGENTS", 100)
    assert problem(client.get(BUNDLE, {"q": "agent"})) == (422, "too_many_agents")


def test_only_some_large_archives_are_sent_at_once_and_all_others_are_told_to_wait(
    client: Client, publish_source: Publish, publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a thread of the server for as long as its reader takes."""
    monkeypatch.setattr(archive, "WHOLE", 1_000)
    for name in ("a", "b"):
        publish_source(agent_source(name, prompt="x" * 2_000), by=publisher)
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, [(agent, "") for agent in Agent.objects.all()], by=publisher)
    collecting.publish(team, by=publisher)
    asked = {"agents": "a,b"}
    sent = [client.get(BUNDLE, asked) for _ in range(streams.STREAMS)]
    waiting = client.get(BUNDLE, asked)
    assert problem(waiting) == (503, "unavailable")
    assert waiting["Retry-After"] == "5"
    page = client.get("/collections/a-team.zip")
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert client.head(BUNDLE, asked).status_code == 200
    whole = sent[0].getvalue()  # whoever has it all makes room
    assert client.get(BUNDLE, asked).getvalue() == sent[1].getvalue() == whole


def test_a_small_archive_is_sent_whole_with_its_digest(client: Client, shelf: dict[str, Version]) -> None:
    response = client.get(BUNDLE, {"agents": "alpha"})
    assert not response.streaming
    assert response["Repr-Digest"] == repr_digest(digest_of(response.content))


def test_a_bundle_takes_few_queries(client: Client, shelf: dict[str, Version]) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get(BUNDLE, {"agents": "delta,bravo@2,alpha,charlie"}).getvalue()
    assert len(queries) == 4  # the latest, the pinned, their facts, their texts


def test_the_manifest_is_what_the_etag_says(client: Client, shelf: dict[str, Version]) -> None:
    response = client.get(BUNDLE, {"agents": "alpha"})
    manifest = zipfile.ZipFile(io.BytesIO(response.getvalue())).read("manifest.json")
    assert response["ETag"] == f'"{digest_of(manifest)}"'
