"""How programs find the catalog and what it holds: the AI Catalog, and links in the headers of pages."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from catalog import collecting, publishing
from catalog.exports import TOOLS
from catalog.models import Agent, Category, Tag, Version
from catalog.views import ai_catalog
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

BASE = "https://agents.example.com"
WELL_KNOWN = "/.well-known/ai-catalog.json"
LINK = re.compile(r'<([^>]*)>; rel="([a-z-]+)"; type="([a-z+/-]+)"')


@pytest.fixture(autouse=True)
def base(settings: Settings) -> None:
    """Another host than the one that is asked: no address may be built from the request."""
    settings.CATALOG_BASE_URL = BASE


def document(client: Client, address: str = WELL_KNOWN) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == 200, address
    assert response["Content-Type"] == "application/ai-catalog+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    found = response.json()
    assert found["specVersion"] == "1.0"
    assert found["host"]["displayName"] == "Agent Catalog"
    keys = [(entry["identifier"], entry.get("version")) for entry in found["entries"]]
    assert len(set(keys)) == len(keys)
    for entry in found["entries"]:
        assert {"identifier", "type", "url"} <= set(entry)
        assert "data" not in entry
        assert entry["url"].startswith(f"{BASE}/")
        assert client.get(entry["url"].removeprefix(BASE)).status_code == 200, entry["url"]
    return dict(found)


def metadata(entry: dict[str, Any]) -> dict[str, str]:
    return dict(entry["extensions"]["https://ai-catalog.org/extensions/metadata"])


def links(response: Any) -> dict[str, tuple[str, str]]:
    """Each relation of the header with its address and media type, after a look at whether all of it is well formed."""
    header = response.get("Link", "")
    found = LINK.findall(header)
    assert ", ".join(f'<{url}>; rel="{rel}"; type="{kind}"' for url, rel, kind in found) == header
    return {rel: (url, kind) for url, rel, kind in found}


# --- The AI Catalog -----------------------------------------------------------------------------------------


def test_a_catalog_without_agents_is_one_without_entries(client: Client) -> None:
    found = document(client)
    assert found["entries"] == []
    assert found["host"] == {
        "displayName": "Agent Catalog",
        "identifier": "agents.example.com",
        "documentationUrl": f"{BASE}/help/",
    }


def test_an_agent_is_told_with_all_that_finding_it_takes(client: Client, publish_source: Publish) -> None:
    shelf = Category.objects.create(name="craft", title="Craft")
    publish_source(agent_source(), category=shelf)
    version = publish_source(agent_source(prompt="Better.\n"))
    version.agent.tags.set([Tag.objects.create(name=name) for name in ("fast", "craft")])
    [entry] = document(client)["entries"]
    assert metadata(entry) == {
        "format": "claude-code-subagent",
        "latest": f"{BASE}/agents/code-reviewer.md",
        "page": f"{BASE}/agents/code-reviewer/",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.pop("updatedAt"))
    del entry["extensions"]
    assert entry == {
        "identifier": "urn:air:agents.example.com:agent:code-reviewer",
        "type": "text/markdown",
        "url": f"{BASE}/agents/code-reviewer/2.md",
        "displayName": "Code Reviewer",
        "description": "Reviews a change for faults, and says where each one is.",
        "tags": ["craft", "fast"],
        "version": "2",
        "digest": version.digest,
    }


def test_the_digest_of_an_entry_is_that_of_the_bytes_at_its_address(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source().replace("\n", "\r\n"))
    [entry] = document(client)["entries"]
    file = client.get(entry["url"].removeprefix(BASE))
    assert entry["digest"] == f"sha256:{hashlib.sha256(file.content).hexdigest()}"
    assert file["Content-Type"].partition(";")[0] == entry["type"]


def test_a_description_is_one_line_of_bounded_length(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(description="|\n  One.\n\n  Two.\n  " + "long " * 200))
    [entry] = document(client)["entries"]
    assert entry["description"].startswith("One. Two. long")
    assert len(entry["description"]) <= ai_catalog.DESCRIPTION_MAX


def test_names_of_any_script_make_identifiers_that_are_urns(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(name="prüfer"))
    [entry] = document(client)["entries"]
    assert entry["identifier"] == "urn:air:agents.example.com:agent:pr%C3%BCfer"
    assert entry["url"] == f"{BASE}/agents/pr%C3%BCfer/1.md"


@pytest.mark.parametrize(
    ("base_url", "identifier"),
    [
        ("http://127.0.0.1:8000", "urn:air:127.0.0.1:agent:code-reviewer"),
        ("http://[::1]:8000", "urn:air:%3A%3A1:agent:code-reviewer"),
        ("https://Agents.Example.com", "urn:air:agents.example.com:agent:code-reviewer"),
    ],
)
def test_an_identifier_begins_with_the_domain_of_the_catalog(
    publish_source: Publish, settings: Settings, base_url: str, identifier: str
) -> None:
    settings.CATALOG_BASE_URL = base_url
    publish_source(agent_source())
    [entry] = json.loads(ai_catalog.whole())["entries"]
    assert entry["identifier"] == identifier


def test_what_is_said_of_an_agent_beside_its_file_is_said_here_too(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    agent = publish_source(agent_source(), by=publisher).agent
    Agent.objects.update(license="MIT")
    publishing.deprecate(agent, by=publisher, note="Use another one.")
    [entry] = document(client)["entries"]
    assert metadata(entry).items() >= {"license": "MIT", "status": "deprecated"}.items()


def test_a_withdrawn_agent_is_none_that_can_be_found(client: Client, publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source(), by=publisher)
    etag = client.get(WELL_KNOWN)["ETag"]
    publishing.yank(version, by=publisher, reason="Broken.")
    assert client.get(WELL_KNOWN, headers={"if-none-match": etag}).status_code == 200
    assert document(client)["entries"] == []


def test_a_collection_is_a_catalog_of_its_own(client: Client, publish_source: Publish, publisher: User) -> None:
    first, second = (publish_source(agent_source(name=name), by=publisher).agent for name in ("alpha", "beta"))
    publish_source(agent_source(name="gamma"))
    collection = collecting.create("Beginnings", by=publisher, introduction="# Begin\n\nWhat everybody needs.")
    collecting.set_members(collection, [(second, ""), (first, "")], by=publisher)
    nested = "/collections/beginnings/ai-catalog.json"
    assert client.get(nested).status_code == 404
    collecting.publish(collection, by=publisher)
    entry = document(client)["entries"][-1]
    assert entry.pop("updatedAt")
    assert metadata(entry) == {"archive": f"{BASE}/collections/beginnings.zip"}
    del entry["extensions"]
    assert entry == {
        "identifier": "urn:air:agents.example.com:collection:beginnings",
        "type": "application/ai-catalog+json",
        "url": BASE + nested,
        "displayName": "Beginnings",
        "description": "What everybody needs.",
        "publisher": {"identifier": "agents.example.com", "displayName": "Agent Catalog", "identityType": "dns"},
    }
    assert [one["displayName"] for one in document(client, nested)["entries"]] == ["Beta", "Alpha"]


def test_a_large_catalog_is_nested_in_parts(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"agent-{number}" for number in range(5)]
    for name in names:
        publish_source(agent_source(name=name))
    monkeypatch.setattr(ai_catalog, "MOST", 2)
    parts = document(client)["entries"]
    assert {part["type"] for part in parts} == {"application/ai-catalog+json"}
    assert [part["identifier"].rpartition(":")[2] for part in parts] == ["agents-1", "agents-2", "agents-3"]
    found = [document(client, part["url"].removeprefix(BASE))["entries"] for part in parts]
    assert [len(part) for part in found] == [2, 2, 1]
    assert [entry["identifier"].rpartition(":")[2] for part in found for entry in part] == names
    assert client.get("/ai-catalog-4.json").status_code == 404


def test_more_agents_cost_no_more_queries(client: Client, publish_source: Publish) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(WELL_KNOWN)
        return len(queries)

    publish_source(agent_source(name="first"))
    before = asked()
    for number in range(5):
        publish_source(agent_source(name=f"agent-{number}")).agent.tags.create(name=f"tag-{number}")
    assert asked() == before <= 6


# --- Links ----------------------------------------------------------------------------------------------------


def test_home_links_to_all_that_programs_look_for(client: Client) -> None:
    found = links(client.get("/"))
    assert found == {
        "service-desc": (f"{BASE}/api/v1/openapi.json", "application/json"),
        "service-doc": (f"{BASE}/api/v1/docs", "text/html"),
        "describedby": (f"{BASE}/llms.txt", "text/plain"),
        "ai-catalog": (BASE + WELL_KNOWN, "application/ai-catalog+json"),
    }
    for address, media_type in found.values():
        answer = client.get(address.removeprefix(BASE))
        assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, media_type)


def test_every_page_links_to_the_ai_catalog(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    for address in ("/agents/", "/agents/code-reviewer/", "/collections/", "/help/"):
        assert links(client.get(address))["ai-catalog"] == (BASE + WELL_KNOWN, "application/ai-catalog+json")
    for address in (WELL_KNOWN, "/llms.txt", "/feed/", "/robots.txt"):
        assert "Link" not in client.get(address), address


@pytest.mark.parametrize("name", ["code-reviewer", "prüfer"])
def test_the_page_of_an_agent_links_to_the_file_it_shows(client: Client, publish_source: Publish, name: str) -> None:
    version = publish_source(agent_source(name=name))
    publish_source(agent_source(name=name, prompt="Better.\n"))
    for page in (version.agent.get_absolute_url(), version.get_absolute_url()):
        address, media_type = links(client.get(page))["alternate"]
        assert (address, media_type) == (f"{BASE}{page.rstrip('/')}.md", "text/markdown")
        assert client.get(address.removeprefix(BASE)).status_code == 200


def test_the_page_of_a_withdrawn_agent_links_to_no_file(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    version = publish_source(agent_source(), by=publisher)
    publishing.yank(version, by=publisher, reason="Broken.")
    assert "alternate" not in links(client.get("/agents/code-reviewer/"))
    assert "alternate" in links(client.get("/agents/code-reviewer/1/"))


def test_what_is_not_there_links_to_nothing(client: Client) -> None:
    assert "Link" not in client.get("/agents/nobody/")


def test_robots_txt_forbids_nothing_of_this(client: Client) -> None:
    rules = re.findall(r"^Disallow: (.*)$", client.get("/robots.txt").content.decode(), re.MULTILINE)
    patterns = [re.compile(re.escape(rule).replace(r"\*", ".*")) for rule in rules]
    for address in (WELL_KNOWN, "/ai-catalog-1.json", "/llms.txt", "/apm/v1/packages/agents/code-reviewer/versions"):
        assert not [pattern for pattern in patterns if pattern.match(address)], address


# --- llms.txt -------------------------------------------------------------------------------------------------


def test_llms_txt_names_every_way_to_install(client: Client) -> None:
    text = client.get("/llms.txt").content.decode()
    for address in ("/catalog.git", "/marketplace.json", "/apm", "/install.py", WELL_KNOWN):
        assert re.search(rf"[`(]{re.escape(BASE + address)}[`)]", text), address
    assert f"`{BASE}/api/v1/agents/{{name}}/versions/latest/download?format={{tool}}`" in text
    assert f"({', '.join(TOOLS)})" in text
