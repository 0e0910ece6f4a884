"""What becomes of an agent in other tools: the page that tells it, and the editor's pane that tells it of a draft."""

import json
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from catalog import drafting, publishing
from catalog.definition import read
from catalog.distribution.losses import ORDER
from catalog.exports import TOOLS, Outcome, export
from catalog.models import Version
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

PAGE = "/agents/code-reviewer/exports/"
SOURCE = agent_source(color="pink", tools="Read, Bash(git *)", hooks="{Stop: []}", model="opus", owner="me")


def text_of(client: Client, address: str = PAGE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def said_of(page: str, tool: str) -> str:
    """The words of a tool's report."""
    part = re.search(
        rf'<details class="report"\s+id="(?:export-)?{tool}".*?(?=<details class="report"|</article|$)', page, re.S
    )
    assert part, tool
    return " ".join(re.sub(r"<[^>]*>", " ", part[0]).replace("&#x27;", "'").replace("&quot;", '"').split())


# --- The page -------------------------------------------------------------------------------------------------


def test_every_tool_that_the_catalog_writes_for_is_on_the_page() -> None:
    assert {"claude", *ORDER} == set(TOOLS)


@pytest.mark.parametrize("key", ORDER)
def test_every_line_of_the_report_is_told(client: Client, publish_source: Publish, key: str) -> None:
    publish_source(SOURCE)
    said = said_of(text_of(client), key)
    for line in export(read(SOURCE), key).report:
        assert line.sentence.replace("  ", " ") in said
        label = {"kept": "Kept", "dropped": "Left out", "changed": "Changed"}[line.outcome]
        assert ("May do more" if line.widens else label) in said


def test_what_is_lost_comes_first_and_is_named_at_a_glance(client: Client, publish_source: Publish) -> None:
    publish_source(SOURCE)
    said = said_of(text_of(client), "codex")
    dropped = [line.field for line in export(read(SOURCE), "codex").report if line.outcome is Outcome.DROPPED]
    glance, lines = said[: said.index(" kept ")], said[said.index(" kept ") :]
    for label in ("Color", "Hooks", "owner"):
        assert label in glance
    assert len(dropped) >= 3
    assert lines.index("Hooks") < lines.index("Prompt Kept")


def test_a_tool_that_keeps_everything_is_complete(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    assert said_of(text_of(client), "claude-plugin").startswith("Claude Code plugin complete")


def test_a_tool_that_cannot_take_the_agent_says_why_and_has_no_file(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Hi\n"))
    said = said_of(text_of(client, f"{PAGE}?tool=qwen"), "qwen")
    assert "cannot take it" in said
    assert "Not possible Qwen Code takes no prompt of fewer than 10 characters" in said
    assert "Download" not in said


@pytest.mark.parametrize("which", ["latest", "1"])
def test_the_file_of_the_chosen_tool_is_shown_as_it_is_downloaded(
    client: Client, publish_source: Publish, which: str
) -> None:
    publish_source(SOURCE)
    address = PAGE if which == "latest" else "/agents/code-reviewer/1/exports/"
    assert "developer_instructions" not in text_of(client, address)
    page = text_of(client, f"{address}?tool=codex")
    file = client.get(f"/api/v1/agents/code-reviewer/versions/{which}/download?format=codex").content.decode()
    assert [line for line in file.splitlines() if line and line not in said_of(page, "codex")] == []
    assert f'href="/api/v1/agents/code-reviewer/versions/{which}/download?format=codex"' in page
    assert len(re.findall(r'id="codex"\s+open', page)) == 1


@pytest.mark.parametrize("tool", ["", "nonsense", "claude", "<script>", "x" * 500, "%00"])
def test_whatever_tool_is_asked_for_there_is_a_page(client: Client, publish_source: Publish, tool: str) -> None:
    publish_source(SOURCE)
    assert "<script>alert" not in text_of(client, f"{PAGE}?tool={tool}")


def test_a_hostile_text_is_shown_and_does_nothing(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="</pre><script>alert(1)</script> hid\u200bden\n"))
    page = text_of(client, f"{PAGE}?tool=opencode")
    assert "<script>alert(1)" not in page
    assert "\u200b" not in page


# --- Which version ----------------------------------------------------------------------------------------------


def test_the_page_is_that_of_the_latest_and_each_version_has_its_own(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    publish_source(agent_source(color="pink"))
    publish_source(agent_source())
    assert "Color" in said_of(text_of(client, "/agents/code-reviewer/1/exports/"), "codex")
    assert "Color" not in said_of(text_of(client), "codex")
    assert "This is version 1." in text_of(client, "/agents/code-reviewer/1/exports/")
    assert 'href="/agents/code-reviewer/1/"' in text_of(client, "/agents/code-reviewer/1/exports/")
    publishing.yank(Version.objects.get(number=1), by=publisher, reason="It lies.")
    withdrawn = text_of(client, "/agents/code-reviewer/1/exports/")
    assert "Version 1 was withdrawn" in withdrawn
    assert "It lies." in withdrawn


def test_the_agent_leads_to_it_and_it_leads_back(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    assert f'href="{PAGE}"' in text_of(client, "/agents/code-reviewer/")
    assert 'href="/agents/code-reviewer/1/exports/"' in text_of(client, "/agents/code-reviewer/1/")
    assert 'href="/agents/code-reviewer/"' in text_of(client)


def test_what_is_not_there_is_not_found(client: Client, publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source())
    assert client.get("/agents/code-reviewer/2/exports/").status_code == 404
    assert client.get("/agents/nobody/exports/").status_code == 404
    publishing.rename(version.agent, "change-reviewer", by=publisher)
    moved = client.get(f"{PAGE}?tool=kiro")
    assert (moved.status_code, moved["Location"]) == (301, "/agents/change-reviewer/exports/?tool=kiro")
    for each in version.agent.versions.all():
        publishing.yank(each, by=publisher, reason="Bad.")
    assert client.get("/agents/change-reviewer/exports/").status_code == 404
    assert client.get("/agents/change-reviewer/1/exports/").status_code == 200


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?tool=codex", "/agents/code-reviewer/1/exports/"])
def test_it_is_kept_as_other_pages_are_and_takes_few_queries(
    client: Client, publish_source: Publish, address: str
) -> None:
    publish_source(SOURCE)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    assert len(queries) == 3  # the last change, the agent, the version
    with CaptureQueriesContext(connection) as queries:
        again = client.get(address, headers={"if-none-match": page["ETag"]})
    assert (again.status_code, len(queries)) == (304, 1)
    assert '<meta name="robots" content="noindex' in page.content.decode()


def test_in_a_german_catalog_the_sentences_say_that_they_are_english(
    client: Client, publish_source: Publish, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "de"
    publish_source(SOURCE)
    page = text_of(client)
    assert "In anderen Werkzeugen" in page
    sentences = re.findall(r'<dd lang="en">\s*(.*?)\s*</dd>', page)
    assert len(sentences) == len(ORDER) * len(export(read(SOURCE), "kiro").report)
    assert "Left out" not in re.sub(r'<dd lang="en">.*?</dd>', "", page, flags=re.S)


# --- In the editor ----------------------------------------------------------------------------------------------


def pane_of(client: Client, editor: User, source: str) -> str:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=agent_source())
    asked = {"do": "look", "pane": "exports", "revision": draft.revision, "entries": [["source", source]]}
    address = reverse("admin:catalog_agent_draft_live", args=[agent.pk])
    answer = log_in(client, editor).post(address, json.dumps(asked), content_type="application/json")
    assert answer.status_code == 200
    return str(answer.json()["pane"])


@pytest.mark.parametrize("key", ORDER)
def test_the_pane_tells_of_the_text_as_it_is_typed(client: Client, editor: User, key: str) -> None:
    pane = pane_of(client, editor, SOURCE)
    made = export(read(SOURCE), key)
    said = said_of(pane, key)
    assert made.path in said
    for line in made.report:
        assert line.sentence.replace("  ", " ") in said
    assert [line for line in (made.content or b"").decode().splitlines() if " ".join(line.split()) not in said] == []


def test_the_pane_says_what_keeps_a_half_written_text_from_being_exported(client: Client, editor: User) -> None:
    said = said_of(pane_of(client, editor, '---\nname: code-reviewer\ndescription: "half'), "opencode")
    assert "cannot take it" in said
    assert ".opencode/agents" not in said


def test_the_pane_shows_the_beginning_of_a_long_file(client: Client, editor: User) -> None:
    pane = pane_of(client, editor, agent_source(prompt="word " * 40_000))
    assert len(pane) < 500_000
    assert "as the File tab shows the rest" in pane


def test_the_pane_has_a_tab_that_works_without_scripts(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(SOURCE), by=editor)
    drafting.open_draft(agent, by=editor, source=SOURCE)
    page = log_in(client, editor).get(reverse("admin:catalog_agent_draft", args=[agent.pk]) + "?pane=exports")
    assert "What becomes of this text in each tool" in page.content.decode()
