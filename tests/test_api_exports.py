"""Versions in the formats of other tools, as the API answers them: one by one, as a report, and many in a bundle."""

import json
import tracemalloc
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import counting, publishing
from catalog.api import examples
from catalog.definition import digest_of, read
from catalog.distribution import exported
from catalog.distribution.exported import FORMATS, SOURCE, export_of
from catalog.downloads import repr_digest
from catalog.exports import export
from catalog.models import Download, Version
from tests.answers import AGENTS, BASE, ONE, RICH, Publish, problem, shape, without_limits
from tests.sources import agent_source
from tests.test_api_bundle import bundle

BUNDLE = "/api/v1/bundle"
OTHERS = [key for key in FORMATS if key != SOURCE]
# Qwen Code takes no prompt of fewer than 10 characters (formats.md 4.1).
CURT = agent_source("curt", prompt="Hi\n")


def download(key: str, which: str = "latest") -> str:
    return f"{ONE}/versions/{which}/download?format={key}"


# --- One file -------------------------------------------------------------------------------------------------


def test_the_format_of_claude_code_is_the_source_itself(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    for which in ("1", "latest"):
        plain, asked = client.get(download(SOURCE, which).partition("?")[0]), client.get(download(SOURCE, which))
        assert asked.content == plain.content == RICH.encode()
        assert without_limits(asked) == without_limits(plain)


@pytest.mark.parametrize("which", ["1", "latest"])
@pytest.mark.parametrize("key", OTHERS)
def test_a_version_is_sent_as_a_tool_reads_it(client: Client, publish_source: Publish, key: str, which: str) -> None:
    version = publish_source(RICH)
    made = export(read(RICH), key)
    response = client.get(download(key, which))
    assert response.content == made.content != RICH.encode()
    digest = digest_of(response.content)
    assert response["Content-Type"] == made.tool.media_type
    assert response["Content-Disposition"] == f'attachment; filename="{made.filename}"'
    assert (response["ETag"], response["Repr-Digest"]) == (f'"{digest}"', repr_digest(digest))
    assert f'<{BASE}/agents/code-reviewer/1.md>; rel="via"; digest="{version.digest}"' in response["Link"]
    other, relation = ("latest", "latest-version") if which == "1" else ("1", "cite-as")
    assert f'<{BASE}{download(key, other)}>; rel="{relation}"' in response["Link"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_no_export_is_kept_for_as_long_as_a_source(client: Client, publish_source: Publish) -> None:
    """The next release of the software may write it otherwise."""
    publish_source(RICH)
    assert client.get(download("codex", "1"))["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=3600"
    latest = client.get(download("codex"))["Cache-Control"]
    assert latest == client.get(download(SOURCE))["Cache-Control"]
    assert "Last-Modified" not in client.get(download("codex", "1"))


def test_an_export_is_not_sent_twice_and_may_be_asked_for_in_part(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    whole = client.get(download("opencode"))
    unchanged = client.get(download("opencode"), headers={"if-none-match": whole["ETag"]})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", whole["ETag"])
    head = client.head(download("opencode"))
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == str(len(whole.content))
    part = client.get(download("opencode"), headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, whole.content[:10])
    assert problem(client.get(download("opencode"), headers={"if-match": '"sha256:0"'})) == (412, "precondition_failed")


@pytest.mark.parametrize("key", ["windsurf", "", "Claude", "claude,codex", "x" * 300, "%00"])
@pytest.mark.parametrize(
    "address", [f"{ONE}/versions/latest/download?format=", f"{BUNDLE}?agents=code-reviewer&format="]
)
def test_an_unknown_format_is_told_which_there_are(
    client: Client, publish_source: Publish, address: str, key: str
) -> None:
    publish_source(RICH)
    response = client.get(address + key)
    assert problem(response) == (422, "invalid_parameters")
    [error] = response.json()["errors"]
    assert error["field"] == "format"
    assert ", ".join(FORMATS) in error["message"]


def test_what_a_tool_cannot_take_is_refused_with_the_report(client: Client, publish_source: Publish) -> None:
    publish_source(CURT)
    address = f"{AGENTS}/curt/versions/1/download?format="
    response = client.get(address + "qwen")
    assert problem(response) == (422, "export_refused")
    body = response.json()
    assert "Qwen Code cannot take this version: " in body["detail"]
    assert [line["field"] for line in body["report"] if line["outcome"] == "refused"] == ["prompt"]
    assert client.get(address + "opencode").status_code == 200


def test_a_draft_is_exported_to_nobody(client: Client, publish_source: Publish) -> None:
    assert problem(client.get(f"{AGENTS}/nobody/versions/latest/download?format=codex")) == (404, "agent_not_found")
    publish_source(RICH)
    assert problem(client.get(download("codex", "2"))) == (404, "version_not_found")


def test_under_a_former_name_an_export_answers_too(client: Client, publisher: User, publish_source: Publish) -> None:
    """`curl -o` without -L would keep the body of a redirect."""
    agent = publish_source(RICH).agent
    publishing.rename(agent, "change-reviewer", by=publisher)
    for which, version in zip(("1", "latest"), agent.versions.order_by("number"), strict=True):
        assert client.get(download("cursor", which)).content == export(read(version.source), "cursor").content


@pytest.mark.parametrize("misspelt", ["fromat", "Format", "formats", "fomat"])
def test_a_misspelt_format_is_refused_and_not_passed_over(
    client: Client, publish_source: Publish, misspelt: str
) -> None:
    publish_source(agent_source())
    address = "/api/v1/agents/code-reviewer/versions/latest/download"
    response = client.get(f"{address}?{misspelt}=cursor")
    assert problem(response) == (422, "invalid_parameters")
    assert "'format' is meant, perhaps" in response.json()["detail"]
    for other in ("v=2", "from=newsletter", "form=a"):  # what keeps a file out of caches, or is counted by somebody
        assert client.get(f"{address}?{other}").status_code == 200


def test_an_export_counts_as_a_download(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    client.get(download("codex"), headers={"user-agent": "curl/8.0"})
    counting.flush()
    assert [str(row.version) for row in Download.objects.select_related("version__agent")] == ["code-reviewer v1"]


def test_what_was_made_once_is_not_made_again() -> None:
    definition = read(RICH)

    def unread() -> Any:
        raise AssertionError("It is in memory.")

    made = export_of(definition.digest, lambda: definition, "kiro")
    assert export_of(definition.digest, unread, "kiro") is made
    exported.forget()
    with pytest.raises(AssertionError):
        export_of(definition.digest, unread, "kiro")


# --- The report -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["1", "latest"])
def test_the_report_tells_what_becomes_of_each_field_in_each_tool(
    client: Client, publish_source: Publish, which: str
) -> None:
    version = publish_source(RICH)
    body = client.get(f"{ONE}/versions/{which}/exports").json()
    assert (body["name"], body["number"], body["digest"]) == ("code-reviewer", 1, version.digest)
    assert [item["format"] for item in body["items"]] == list(FORMATS)
    for item in body["items"]:
        made = export(read(RICH), item["format"])
        assert (item["path"], item["user_path"], item["filename"]) == (made.path, made.user_path, made.filename)
        assert [line["field"] for line in item["report"]] == [*read(RICH).fields, "prompt"]
        assert sum(item["counts"].values()) == len(item["report"])
        file = client.get(item["url"].removeprefix(BASE))
        assert (item["digest"], item["size"]) == (digest_of(file.content), len(file.content))


def test_where_there_is_no_file_the_report_says_so(client: Client, publish_source: Publish) -> None:
    publish_source(CURT)
    items = client.get(f"{AGENTS}/curt/versions/latest/exports").json()["items"]
    [refused] = [item for item in items if item["is_refused"]]
    assert refused["format"] == "qwen"
    assert [refused[part] for part in ("url", "digest", "size")] == [None] * 3
    assert refused["counts"]["refused"] == 1


def test_the_example_of_the_reference_has_the_shape_of_a_report(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    body = client.get(f"{ONE}/versions/latest/exports").json()
    assert shape(body) == shape(examples.EXPORTS)
    assert json.loads(json.dumps(examples.EXPORTS))["items"][0].keys() == body["items"][-1].keys()


def test_the_report_takes_one_query_and_then_none(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    address = f"{ONE}/versions/latest/exports"
    for most in (2, 1):  # the last change, and the version where it is not known yet
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) == most


def test_the_report_follows_the_agent(client: Client, publisher: User, publish_source: Publish) -> None:
    agent = publish_source(RICH).agent
    publishing.rename(agent, "change-reviewer", by=publisher)
    moved = client.get(f"{ONE}/versions/1/exports")
    assert (moved.status_code, moved["Location"]) == (308, f"{AGENTS}/change-reviewer/versions/1/exports")
    for version in agent.versions.all():
        publishing.yank(version, by=publisher, reason="Bad.")
    assert problem(client.get(f"{AGENTS}/change-reviewer/versions/latest/exports")) == (410, "agent_withdrawn")
    assert client.get(f"{AGENTS}/change-reviewer/versions/1/exports").status_code == 200


# --- Many of them -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", OTHERS)
def test_a_bundle_for_a_tool_is_unpacked_where_the_tool_looks(
    client: Client, publish_source: Publish, key: str
) -> None:
    versions = [publish_source(RICH), publish_source(agent_source("tester"))]
    manifest, files, response = bundle(client, agents="code-reviewer,tester@1", format=key)
    made = [export(read(version.source), key) for version in versions]
    assert files == {each.path: each.content for each in made}
    assert response["Content-Disposition"] == f'attachment; filename="agents-{key}.zip"'
    assert (manifest["format"], manifest["tool"]) == ("agent-catalog/exported-bundle/1", key)
    for agent, version, each in zip(manifest["agents"], versions, made, strict=True):
        assert agent == {
            "name": version.agent.name,
            "version": 1,
            "source": f"{BASE}/agents/{version.agent.name}/1.md",
            "source_digest": version.digest,
            "file": each.path,
            "size": len(each.content or b""),
            "digest": digest_of(each.content or b""),
            "report": {str(outcome): count for outcome, count in each.counts.items()},
            "widened": [line.field for line in each.report if line.widens],
        }
    assert manifest["left_out"] == []


def test_what_a_tool_cannot_take_is_left_out_of_a_bundle_and_the_manifest_says_why(
    client: Client, publish_source: Publish
) -> None:
    publish_source(RICH)
    curt = publish_source(CURT)
    manifest, files, _ = bundle(client, agents="curt,code-reviewer", format="qwen")
    assert [agent["name"] for agent in manifest["agents"]] == ["code-reviewer"]
    assert list(files) == [".qwen/agents/code-reviewer.md"]
    [left_out] = manifest["left_out"]
    assert (left_out["name"], left_out["source_digest"]) == ("curt", curt.digest)
    assert "Qwen Code" in left_out["reasons"][0]
    nothing = client.get(BUNDLE, {"agents": "curt", "format": "qwen"})
    assert problem(nothing) == (422, "export_refused")
    assert "curt: Qwen Code" in nothing.json()["detail"]


def test_of_two_files_with_one_name_the_second_is_left_out(client: Client, publish_source: Publish) -> None:
    """OpenCode keeps the name `build` for itself: the agent is called build-agent there, as another one is."""
    for name in ("build", "build-agent"):
        publish_source(agent_source(name))
    manifest, files, _ = bundle(client, agents="build,build-agent", format="opencode")
    assert list(files) == [".opencode/agents/build-agent.md"]
    assert [agent["name"] for agent in manifest["agents"]] == ["build"]
    assert manifest["left_out"][0]["reasons"] == ["Its file would have the name that the one of build has."]


def test_the_same_bundle_has_the_same_bytes_though_nothing_is_in_memory(
    client: Client, publish_source: Publish
) -> None:
    publish_source(RICH)
    publish_source(CURT)
    asked = {"agents": "code-reviewer,curt", "format": "codex"}
    first = client.get(BUNDLE, asked)
    exported.forget()
    again = client.get(BUNDLE, asked)
    assert (again.getvalue(), again["ETag"]) == (first.getvalue(), first["ETag"])
    assert client.get(BUNDLE, asked, headers={"if-none-match": first["ETag"]}).status_code == 304
    head = client.head(BUNDLE, asked)
    assert (head.content, head["Content-Length"]) == (b"", first["Content-Length"])
    assert client.get(BUNDLE, asked | {"format": "kiro"})["ETag"] != first["ETag"]


def test_a_bundle_in_the_format_of_claude_code_is_the_plain_one(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    plain, asked = (
        client.get(BUNDLE, {"agents": "code-reviewer"}),
        client.get(BUNDLE, {"agents": "code-reviewer", "format": SOURCE}),
    )
    assert (asked.getvalue(), asked["ETag"]) == (plain.getvalue(), plain["ETag"])


def test_a_bundle_for_a_tool_is_made_while_it_is_sent(
    client: Client, publish_source: Publish, publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds a few files at a time, however small the part of it is that keeps what was made."""
    for number in range(60):
        publish_source(agent_source(f"agent-{number:02}", prompt=f"{number} " + "x" * 100_000), by=publisher)
    monkeypatch.setattr(exported, "KEPT_BYTES", 1_000_000)
    exported.forget()
    tracemalloc.start()
    response = client.get(
        BUNDLE, {"agents": ",".join(f"agent-{number:02}" for number in range(60)), "format": "cursor"}
    )
    size = sum(len(part) for part in response.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == int(response["Content-Length"]) > 6_000_000
    assert peak < 12_000_000  # the texts of 25 versions, some in two forms, and what reads them


def test_a_bundle_for_a_tool_takes_few_queries(client: Client, publish_source: Publish) -> None:
    for name in ("alpha", "bravo", "charlie"):
        publish_source(agent_source(name))
    asked = {"agents": "alpha,bravo,charlie", "format": "droid"}
    for most in (4, 3):  # the latest, their facts, the texts to be read, the texts to be sent
        with CaptureQueriesContext(connection) as queries:
            client.get(BUNDLE, asked).getvalue()
        assert len(queries) == most


def test_every_agent_of_a_bundle_for_a_tool_counts_as_downloaded(client: Client, publish_source: Publish) -> None:
    publish_source(RICH)
    publish_source(CURT)
    asked = {"agents": "curt,code-reviewer", "format": "qwen"}
    client.get(BUNDLE, asked, headers={"user-agent": "curl/8.0"}).getvalue()
    counting.flush()
    assert {str(row.version) for row in Download.objects.select_related("version__agent")} == {"code-reviewer v1"}
    assert Version.objects.count() == 2
