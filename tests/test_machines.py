"""What machines read: feeds, the sitemap, robots.txt, llms.txt, security.txt, and what pages say of themselves."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django import Settings

from catalog import collecting, feeds, publishing, sitemaps
from catalog.models import Agent, Category, Version
from catalog.rendering.data import render_linked_data
from catalog.views import llms
from tests.sources import agent_source
from tests.test_unpublished import public_addresses

Publish = Callable[..., Version]
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
BASE = "https://agents.example.com"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def base(settings: Settings) -> None:
    """Another host than the one that is asked: no address may be built from the request."""
    settings.CATALOG_BASE_URL = BASE


@pytest.fixture
def shelf() -> Category:
    return Category.objects.create(name="craft", title="Craft & Co", description="Made by hand.")


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def feed_of(client: Client, address: str) -> ElementTree.Element:
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(response.content)


def entries(feed: ElementTree.Element) -> list[ElementTree.Element]:
    return feed.findall(f"{ATOM}entry")


def titles(feed: ElementTree.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title", "") for entry in entries(feed)]


def links(element: ElementTree.Element) -> dict[str, str]:
    return {link.get("rel", "alternate"): link.get("href", "") for link in element.findall(f"{ATOM}link")}


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


# --- Feeds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/feed/", "/feed/categories/craft/", "/agents/code-reviewer/feed/"])
def test_a_feed_is_atom_with_the_addresses_of_the_catalog(
    client: Client, publish_source: Publish, publisher: User, shelf: Category, address: str
) -> None:
    publish_source(agent_source(description="Use it *after* a change.", model="opus"), by=publisher, category=shelf)
    second = publish_source(agent_source(prompt="Better.\n"), by=publisher, note="Says it <better>.")
    feed = feed_of(client, address)
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert links(feed)["self"] == f"{BASE}{address}"
    assert feed.findtext(f"{ATOM}id")
    assert RFC_3339.fullmatch(feed.findtext(f"{ATOM}updated", ""))
    assert titles(feed) == ["Code Reviewer, version 2", "Code Reviewer, version 1"]
    newest = entries(feed)[0]
    assert newest.findtext(f"{ATOM}author/{ATOM}name") == "pablo"
    assert newest.findtext(f"{ATOM}id") == f"tag:agents.example.com,{second.published_at:%Y-%m-%d}:versions/{second.pk}"
    assert RFC_3339.fullmatch(newest.findtext(f"{ATOM}updated", ""))
    assert links(newest) == {
        "alternate": f"{BASE}/agents/code-reviewer/2/",
        "enclosure": f"{BASE}/agents/code-reviewer/2.md",
    }
    assert "<p>Says it &lt;better&gt;.</p>" in newest.findtext(f"{ATOM}summary", "")
    assert "<em>after</em>" in entries(feed)[1].findtext(f"{ATOM}summary", "")
    assert feed.findtext(f"{ATOM}updated") == newest.findtext(f"{ATOM}updated")
    identities = [entry.findtext(f"{ATOM}id") for entry in entries(feed)]
    assert len(set(identities)) == len(identities)
    assert "testserver" not in text_of(client, address)


def test_what_an_entry_is_called_stays_when_its_agent_is_renamed(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    agent = publish_source(agent_source()).agent
    before = entries(feed_of(client, "/feed/"))[0].findtext(f"{ATOM}id")
    publishing.rename(agent, "fault-finder", by=publisher)
    after = entries(feed_of(client, "/feed/"))[-1]
    assert after.findtext(f"{ATOM}id") == before
    assert links(after)["alternate"] == f"{BASE}/agents/fault-finder/1/"
    moved = client.get("/agents/code-reviewer/feed/")
    assert (moved.status_code, moved["Location"]) == (301, "/agents/fault-finder/feed/")


def test_a_withdrawn_version_is_in_no_feed(
    client: Client, publish_source: Publish, publisher: User, shelf: Category
) -> None:
    publish_source(agent_source(), category=shelf)
    bad = publish_source(agent_source(prompt="Worse.\n"))
    publishing.yank(bad, by=publisher, reason="It lies.")
    for address in ("/feed/", "/feed/categories/craft/", "/agents/code-reviewer/feed/"):
        assert titles(feed_of(client, address)) == ["Code Reviewer, version 1"]


def test_a_feed_of_an_agent_that_offers_nothing_is_empty(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="It lies.")
    feed = feed_of(client, "/agents/code-reviewer/feed/")
    assert entries(feed) == []
    assert RFC_3339.fullmatch(feed.findtext(f"{ATOM}updated", ""))


def test_the_feed_of_a_category_has_its_agents_alone(client: Client, publish_source: Publish, shelf: Category) -> None:
    publish_source(agent_source(name="inside"), category=shelf)
    publish_source(agent_source(name="outside"))
    feed = feed_of(client, "/feed/categories/craft/")
    assert titles(feed) == ["Inside, version 1"]
    assert feed.findtext(f"{ATOM}title") == "Craft & Co · Agent Catalog"


def test_a_feed_has_the_newest_and_no_more(
    client: Client, publish_source: Publish, shelf: Category, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST", 3)
    for name in ("a", "b", "c", "d"):
        publish_source(agent_source(name=name), category=shelf)
    publish_source(agent_source(name="a", prompt="Better.\n"))
    newest = ["A, version 2", "D, version 1", "C, version 1"]
    assert titles(feed_of(client, "/feed/")) == newest
    assert titles(feed_of(client, "/feed/categories/craft/")) == newest


def test_a_feed_costs_the_same_queries_however_long_it_is(
    client: Client, publish_source: Publish, shelf: Category
) -> None:
    addresses = ("/feed/", "/feed/categories/craft/", "/agents/code-reviewer/feed/")
    publish_source(agent_source(), category=shelf)
    few = [queries_of(client, address) for address in addresses]
    for number in range(5):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
        publish_source(agent_source(name=f"agent-{number}"), category=shelf)
    assert [queries_of(client, address) for address in addresses] == few == [2, 4, 3]


@pytest.mark.parametrize("text", ["\x00 \x08 \x1b", "\ufffe \uffff", "]]> <![CDATA[ &amp; &", "<script>x</script>"])
def test_any_text_is_well_formed_in_a_feed(client: Client, publish_source: Publish, publisher: User, text: str) -> None:
    note = text.replace("\x00", "")
    version = publish_source(agent_source(description="x"), by=publisher, note=note)
    Agent.objects.filter(pk=version.agent_id).update(title=note)
    summary = entries(feed_of(client, "/feed/"))[0].findtext(f"{ATOM}summary", "")
    assert "<script>" not in summary


# --- The sitemap --------------------------------------------------------------------------------------------


def places(client: Client, address: str) -> dict[str, str]:
    """The addresses in a part of the sitemap, each with the time of its change."""
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml; charset=utf-8")
    rows = list(ElementTree.fromstring(response.content))
    return {row.findtext(f"{SITEMAP}loc", ""): row.findtext(f"{SITEMAP}lastmod", "") for row in rows}


def test_the_sitemap_leads_to_every_page(
    client: Client, publish_source: Publish, publisher: User, shelf: Category
) -> None:
    version = publish_source(agent_source(), category=shelf)
    publish_source(agent_source(name="人類学者"))
    collection = collecting.create("Beginnings", by=publisher)
    collecting.set_members(collection, [(version.agent, "")], by=publisher)
    collecting.publish(collection, by=publisher)
    index = places(client, "/sitemap.xml")
    assert list(index) == [f"{BASE}/sitemap-1.xml", f"{BASE}/sitemap-2.xml"]
    found: dict[str, str] = {}
    for part in index:
        found |= places(client, part.removeprefix(BASE))
    changed = f"{version.published_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert found[BASE + version.agent.get_absolute_url()] == changed
    assert found[BASE + collection.get_absolute_url()]
    assert BASE + Agent.objects.get(name="人類学者").get_absolute_url() in found
    assert BASE + shelf.get_absolute_url() in found
    for address in found:
        assert client.get(address.removeprefix(BASE)).status_code == 200, address


def test_the_sitemap_has_nothing_that_is_not_offered(
    client: Client, publish_source: Publish, publisher: User, shelf: Category
) -> None:
    publishing.yank(publish_source(agent_source(), category=shelf), by=publisher, reason="It lies.")
    collecting.create("Beginnings", by=publisher)
    assert list(places(client, "/sitemap.xml")) == [f"{BASE}/sitemap-1.xml"]
    assert not [place for place in places(client, "/sitemap-1.xml") if "craft" in place or "beginnings" in place]
    assert client.get("/sitemap-2.xml").status_code == 404


def test_the_sitemap_is_cut_by_ranges_of_ids(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "SIZE", 2)
    agents = [publish_source(agent_source(name=name)).agent for name in ("a", "b", "c")]
    parts = [part.removeprefix(BASE) for part in places(client, "/sitemap.xml")][1:]
    assert len(parts) == 2
    found = [list(places(client, part)) for part in parts]
    assert all(1 <= len(part) <= 2 for part in found)
    assert list(chain.from_iterable(found)) == [BASE + agent.get_absolute_url() for agent in agents]
    assert client.get("/sitemap-999999999.xml").status_code == 404
    assert client.get("/sitemap-0.xml").status_code == 404


def test_the_sitemap_costs_the_same_queries_in_any_catalog(client: Client, publish_source: Publish) -> None:
    addresses = ("/sitemap.xml", "/sitemap-1.xml", "/sitemap-2.xml", "/llms.txt")
    publish_source(agent_source(), category=Category.objects.create(name="craft", title="Craft"))
    few = [queries_of(client, address) for address in addresses]
    for number in range(5):
        publish_source(
            agent_source(name=f"agent-{number}"), category=Category.objects.create(name=f"c{number}", title="C")
        )
    assert [queries_of(client, address) for address in addresses] == few == [2, 3, 2, 4]


# --- robots.txt, security.txt, favicon ------------------------------------------------------------------------


def test_robots_are_told_of_the_sitemap_and_kept_from_what_has_no_end(client: Client) -> None:
    rules = text_of(client, "/robots.txt").splitlines()
    assert f"Sitemap: {BASE}/sitemap.xml" in rules
    assert {"Disallow: /admin/", "Disallow: /*?", "Disallow: /agents/*/compare/"} <= set(rules)


def test_without_a_contact_there_is_no_security_txt(client: Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


def test_security_txt_says_whom_to_tell(client: Client, settings: Settings) -> None:
    settings.CATALOG_SECURITY_CONTACT = "mailto:security@example.com"
    response = client.get("/.well-known/security.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == f"{BASE}/.well-known/security.txt"
    holds = datetime.fromisoformat(fields["Expires"]) - timezone.now()
    assert timedelta(days=180) < holds < timedelta(days=365)


@pytest.mark.parametrize(
    ("contact", "is_wrong"),
    [
        ("", False),
        ("mailto:security@example.com", False),
        ("https://example.com/security", False),
        ("security@example.com", True),
        ("http://example.com/security", True),
        ("mailto:security", True),
        ("mailto:a@example.com\nPolicy: none", True),
    ],
)
def test_a_contact_that_is_none_is_an_error(settings: Settings, contact: str, is_wrong: bool) -> None:
    settings.CATALOG_SECURITY_CONTACT = contact
    assert ("catalog.E005" in {message.id for message in run_checks()}) is is_wrong


# --- llms.txt ---------------------------------------------------------------------------------------------------


def test_llms_txt_says_what_there_is_and_how_to_fetch_it(
    client: Client, publish_source: Publish, publisher: User, shelf: Category
) -> None:
    version = publish_source(agent_source(description="Use it after [a change]."), category=shelf)
    collection = collecting.create("Beginnings", by=publisher)
    collecting.set_members(collection, [(version.agent, "")], by=publisher)
    collecting.publish(collection, by=publisher)
    text = text_of(client, "/llms.txt")
    assert text.startswith("# Agent Catalog\n\n> ")
    parts = ["How to fetch", "How to install", "Collections", "Categories", "Agents"]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == parts
    assert rf"- [Code Reviewer]({BASE}/agents/code-reviewer.md): Use it after \[a change\]." in text
    assert f"- [Craft & Co]({BASE}{shelf.get_absolute_url()}): Made by hand." in text
    assert f"- [Beginnings]({BASE}/collections/beginnings/)" in text
    assert f"`{BASE}/agents/{{name}}.md`" in text
    for address in re.findall(r"\]\(([^)]+)\)", text):
        assert client.get(address.removeprefix(BASE)).status_code == 200, address


def test_a_lead_is_one_line_of_text_in_llms_txt(client: Client, publish_source: Publish) -> None:
    hostile = "|\n  One.\n\n  ## Agents\n\n  - [x](https://evil.example) " + "long " * 100
    publish_source(agent_source(description=hostile))
    lines = text_of(client, "/llms.txt").splitlines()
    assert lines.count("## Agents") == 1
    assert "](https://evil.example)" not in "\n".join(lines)
    assert all(len(line) < 400 for line in lines)


def test_llms_txt_is_bounded_and_names_the_api_for_more(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llms, "MOST", 2)
    for name in ("alpha", "beta", "gamma"):
        publish_source(agent_source(name=name))
    Agent.objects.filter(name="gamma").update(downloads=9)
    Agent.objects.filter(name="alpha").update(downloads=3)
    text = text_of(client, "/llms.txt")
    assert re.findall(r"agents/(\w+)\.md\)", text) == ["alpha", "gamma"]
    assert f"All of them: `{BASE}/api/v1/agents`" in text


# --- What pages say of themselves ------------------------------------------------------------------------------


def meta_of(page: str) -> dict[str, str]:
    """The content of every meta element by its name or property."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)"\s+content="([^"]*)"', page)
    return {name: html.unescape(content) for name, content in found}


def canonical_of(page: str) -> str:
    found = re.findall(r'<link rel="canonical"\s+href="([^"]+)"', page)
    return str(found[0]) if found else ""


def linked_data(page: str) -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(text))


def test_every_public_page_says_what_it_is_and_where_it_is_at_home(
    client: Client, publish_source: Publish, publisher: User, shelf: Category
) -> None:
    version = publish_source(agent_source(), by=publisher, category=shelf)
    publish_source(agent_source(prompt="Better.\n"))
    version.agent.tags.create(name="fast")
    collection = collecting.create("Beginnings", by=publisher)
    collecting.set_members(collection, [(version.agent, "")], by=publisher)
    collecting.publish(collection, by=publisher)
    seen = set()
    for address in public_addresses("code-reviewer", "craft", "fast", "beginnings"):
        response = client.get(address)
        if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
            continue
        seen.add(address)
        page = response.content.decode()
        meta = meta_of(page)
        assert meta.get("description"), address
        assert meta.get("og:title"), address
        assert meta.get("og:site_name") == "Agent Catalog", address
        assert meta.get("og:url", "").startswith(BASE), address
        assert meta.get("twitter:card") == "summary", address
        assert canonical_of(page).startswith(BASE) or "noindex" in meta.get("robots", ""), address
        assert len(re.findall('<link rel="canonical"', page)) <= 1, address
        assert re.search(r"<title>\s*\S", page), address
    assert len(seen) >= 12


@pytest.mark.parametrize(
    "address", ["/agents/?q=code", "/agents/?category=craft", "/agents/?tag=fast", "/agents/?model=opus"]
)
def test_a_selection_is_kept_out_of_search_engines(
    client: Client, publish_source: Publish, shelf: Category, address: str
) -> None:
    publish_source(agent_source(), category=shelf)
    page = text_of(client, address)
    assert meta_of(page)["robots"].startswith("noindex")
    assert not canonical_of(page)


@pytest.mark.parametrize("address", ["/agents/", "/agents/?sort=new", "/agents/?sort=name"])
def test_the_order_of_a_list_is_not_another_page(client: Client, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    page = text_of(client, address)
    assert canonical_of(page) == f"{BASE}/agents/" or "noindex" in meta_of(page)["robots"]


def test_an_agent_is_told_to_search_engines(client: Client, publish_source: Publish, shelf: Category) -> None:
    version = publish_source(agent_source(description="Use it </script><b>after</b> a change."), category=shelf)
    Agent.objects.filter(pk=version.agent_id).update(license="MIT", origin_url="https://git.example.com/agents")
    page = text_of(client, "/agents/code-reviewer/")
    code, crumbs = linked_data(page)["@graph"]
    assert code["@type"] == "SoftwareSourceCode"
    assert code["description"] == "Use it </script><b>after</b> a change."
    assert (code["name"], code["version"], code["license"]) == ("Code Reviewer", "1", "MIT")
    assert code["url"] == f"{BASE}/agents/code-reviewer/"
    assert code["codeRepository"] == "https://git.example.com/agents"
    assert RFC_3339.fullmatch(code["dateModified"])
    assert crumbs["@type"] == "BreadcrumbList"
    assert [item["position"] for item in crumbs["itemListElement"]] == [1, 2, 3]
    assert [item["name"] for item in crumbs["itemListElement"]] == ["Agents", "Craft & Co", "Code Reviewer"]


def test_what_an_agent_does_not_state_is_not_told(client: Client, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    Agent.objects.filter(pk=version.agent_id).update(origin_url="javascript:alert(1)")
    code, _ = linked_data(text_of(client, "/agents/code-reviewer/"))["@graph"]
    assert "license" not in code
    assert "codeRepository" not in code


def test_home_says_how_to_search(client: Client) -> None:
    site = linked_data(text_of(client, "/"))
    assert (site["@type"], site["url"]) == ("WebSite", f"{BASE}/")
    template = site["potentialAction"]["target"]["urlTemplate"]
    assert template == f"{BASE}/agents/?q={{query}}"
    assert site["potentialAction"]["query-input"] == "required name=query"


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!-- <script>", "\u2028 & \ud800", '"\\'])
def test_no_text_ends_a_block_of_data(text: str) -> None:
    block = render_linked_data({"name": text})
    inside = block.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert not set("<>&\u2028") & set(inside)
    assert json.loads(inside) == {"name": text}


def test_every_page_names_the_feed(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    for address in ("/", "/agents/", "/agents/code-reviewer/", "/help/"):
        feeds_named = re.findall(r'application/atom\+xml"\s+title="[^"]*"\s+href="([^"]+)"', text_of(client, address))
        assert "/feed/" in feeds_named, address
    assert "/agents/code-reviewer/feed/" in text_of(client, "/agents/code-reviewer/")


def test_the_catalog_is_called_as_its_owners_call_it(
    client: Client, publish_source: Publish, settings: Settings
) -> None:
    settings.CATALOG_NAME = "Agents of <Acme>"
    publish_source(agent_source())
    for address in ("/", "/agents/", "/agents/code-reviewer/", "/collections/", "/help/", "/api/v1/docs"):
        page = text_of(client, address)
        assert "Agents of &lt;Acme&gt;" in page.partition("</title>")[0], address
        assert "Agent Catalog" not in page, address
    assert "Agents of \\<Acme\\>" in text_of(client, "/llms.txt")
    assert feed_of(client, "/feed/").findtext(f"{ATOM}title") == "Agents of <Acme>"


# --- In a browser ------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_policy_lets_data_stand_in_a_page_and_runs_none_of_it(page: Page, publish_source: Publish) -> None:
    """Any complaint of the browser, such as of a script that the policy stops, fails the test."""
    hostile = "</script><script>document.title = 'taken over'</script>"
    publish_source(agent_source(description=hostile))
    for address in ("/", "/agents/code-reviewer/"):
        page.goto(address)
        data = page.locator('script[type="application/ld+json"]').evaluate("it => JSON.parse(it.textContent)")
        assert data["@context"] == "https://schema.org"
        assert page.title() != "taken over"
