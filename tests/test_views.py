"""The public pages: what they show, what they keep to themselves, and what they cost."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from catalog import drafting, publishing, triggers, views
from catalog.definition import parse
from catalog.models import Version
from tests.sources import agent_source

Publish = Callable[..., Version]
TOKENS = Path(__file__).parents[1] / "static" / "catalog" / "tokens.css"

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def queries_of(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured]


# --- One agent ---------------------------------------------------------------------------------------


def test_the_page_shows_the_prompt_rendered_and_the_facts(client: Client, publish_source: Publish) -> None:
    version = publish_source(
        agent_source(model="opus", color="pink", tools="Read, Bash", prompt="# Rules\n\nBe *kind*.\n")
    )
    page = text_of(client, "/agents/code-reviewer/")
    assert "<em>kind</em>" in page
    assert 'data-color="pink"' in page
    assert version.digest in page
    assert "Runs commands" in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/agents/code-reviewer/">' in page


def test_examples_are_shown_as_dialogues(client: Client, publish_source: Publish) -> None:
    description = (
        r"'Reviews code.\n\n<example>\nContext: After a change.\nuser: \"Look at this\"\nassistant: \"I will.\"\n"
        r"<commentary>It is a review.</commentary>\n</example>'"
    )
    publish_source(agent_source(description=description))
    page = text_of(client, "/agents/code-reviewer/")
    for words in ("After a change", "Look at this", "I will", "It is a review"):
        assert words in page


def test_the_source_view_shows_the_whole_file_escaped_and_not_rendered(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="# Rules\n\n<script>alert(1)</script> **bold**\n"))
    page = text_of(client, "/agents/code-reviewer/?view=source")
    assert "name: code-reviewer" in page
    assert "<script>alert" not in page
    assert "**bold**" in page
    assert 'id="line-1"' in page


def test_what_is_in_a_file_is_never_markup_on_the_page(client: Client, publish_source: Publish) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    publish_source(agent_source(description=hostile, prompt=hostile, model=hostile, color=hostile))
    for address in ("/", "/agents/", "/agents/code-reviewer/", "/agents/code-reviewer/?view=source"):
        assert "<img" not in text_of(client, address)


def test_the_install_hint_uses_the_configured_address(
    client: Client, publish_source: Publish, settings: Settings
) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example.com"
    publish_source(agent_source())
    command = (
        "curl --create-dirs -fsSLo .claude/agents/code-reviewer.md https://agents.example.com/agents/code-reviewer"
    )
    assert f'"{command}.md"' in text_of(client, "/agents/code-reviewer/")
    assert f'"{command}/1.md"' in text_of(client, "/agents/code-reviewer/1/")
    assert "testserver" not in text_of(client, "/agents/code-reviewer/")


def test_copying_the_prompt_starts_where_the_frontmatter_ends(client: Client, publish_source: Publish) -> None:
    version = publish_source(agent_source(description="Paints 🎨 pictures.", prompt="Paint.\n"))
    page = text_of(client, "/agents/code-reviewer/")
    start = int(re.search(r'data-copy-from="(\d+)"', page)[1])  # type: ignore[index]
    in_browser = version.source.encode("utf-16-le")[2 * start :].decode("utf-16-le")
    assert in_browser == version.prompt


def test_an_older_version_has_a_page_that_leads_to_the_latest(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="First.\n"))
    publish_source(agent_source(prompt="Second.\n"), note="Says it better.")
    old = text_of(client, "/agents/code-reviewer/1/")
    assert "First." in old
    assert "Read the latest, version 2" in old
    assert "Read the latest" not in text_of(client, "/agents/code-reviewer/2/")
    assert "Says it better." in text_of(client, "/agents/code-reviewer/")


def test_a_yanked_version_says_so_and_the_latest_is_another(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    publish_source(agent_source(prompt="First.\n"))
    second = publish_source(agent_source(prompt="Second.\n"))
    publishing.yank(second, by=publisher, reason="It lies.")
    page = text_of(client, "/agents/code-reviewer/2/")
    assert "It lies." in page
    assert "Second." in page
    assert "First." in text_of(client, "/agents/code-reviewer/")


def test_an_agent_without_an_offered_version_says_so(client: Client, publish_source: Publish, publisher: User) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="Unsafe.")
    page = text_of(client, "/agents/code-reviewer/")
    assert "Every version of this agent has been withdrawn" in page
    assert "Unsafe." in page
    text_of(client, "/agents/code-reviewer.md", 410)
    text_of(client, "/agents/code-reviewer/1/")
    text_of(client, "/agents/code-reviewer/1.md")
    assert "/agents/code-reviewer/" not in text_of(client, "/agents/")


def test_a_deprecated_agent_names_its_successor(client: Client, publish_source: Publish, publisher: User) -> None:
    old = publish_source(agent_source()).agent
    new = publish_source(agent_source(name="better-reviewer")).agent
    publishing.deprecate(old, by=publisher, note="Slow.", successor=new)
    page = text_of(client, "/agents/code-reviewer/")
    assert "Slow." in page
    assert re.search(r'href="/agents/better-reviewer/">\s*Use Better Reviewer instead', page)


@pytest.mark.parametrize(("address", "most"), [("/agents/code-reviewer/", 10), ("/agents/code-reviewer/1/", 5)])
def test_an_agent_page_costs_the_same_queries_however_many_versions_and_agents(
    client: Client, publish_source: Publish, address: str, most: int
) -> None:
    publish_source(agent_source())
    publish_source(agent_source(name="code-critic"))
    publish_source(agent_source(name="code-reader"))
    few = len(queries_of(client, address))
    for number in range(8):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
        publish_source(agent_source(name=f"code-reader-{number}"))
    assert len(queries_of(client, address)) == few <= most


# --- Names and addresses --------------------------------------------------------------------------------


def test_a_unicode_name_works_in_every_address(client: Client, publish_source: Publish) -> None:
    version = publish_source(agent_source(name="人類学者"))
    for address in ("/agents/人類学者/", "/agents/人類学者/1/", "/agents/人類学者.md", "/agents/人類学者/1.md"):
        assert client.get(address).status_code == 200
    assert client.get("/agents/人類学者/1.md").content == version.source.encode()
    assert 'lang="ja"' not in text_of(client, "/agents/人類学者/")  # these letters alone could be Chinese
    assert "-fsSLo .claude/agents/人類学者.md http" in text_of(client, "/agents/人類学者/")


@pytest.mark.parametrize("spelling", ["Code-Reviewer", "code reviewer", "CODE_REVIEWER", "Ｃode-reviewer"])
@pytest.mark.parametrize("rest", ["/", "/1/"])
def test_another_spelling_of_a_name_leads_to_the_agent(
    client: Client, publish_source: Publish, spelling: str, rest: str
) -> None:
    publish_source(agent_source())
    response = client.get(f"/agents/{spelling}{rest}")
    assert response.status_code == 301
    assert response["Location"] == f"/agents/code-reviewer{rest}"


@pytest.mark.parametrize("rest", ["/", "/1/", "/?view=source"])
def test_a_former_name_leads_to_the_agent(client: Client, publish_source: Publish, publisher: User, rest: str) -> None:
    publishing.rename(publish_source(agent_source()).agent, "fault-finder", by=publisher)
    response = client.get(f"/agents/code-reviewer{rest}")
    assert response.status_code == 301
    assert response["Location"] == f"/agents/fault-finder{rest}"


@pytest.mark.parametrize("name", ["code-reviewer", "Fault-Finder", "fault finder"])
def test_a_file_answers_under_every_name_its_agent_is_known_by(
    client: Client, publish_source: Publish, publisher: User, name: str
) -> None:
    """A saved `curl -o` command does not follow redirects: it would empty the file it installed."""
    first = publish_source(agent_source())
    publishing.rename(first.agent, "fault-finder", by=publisher)
    pinned, latest = client.get(f"/agents/{name}/1.md"), client.get(f"/agents/{name}.md")
    assert (pinned.status_code, pinned.content) == (200, first.source.encode())
    assert (latest.status_code, latest.content) == (200, client.get("/agents/fault-finder.md").content)
    # Under the name it was published with it is what it was; a mere spelling leads to whoever is called so.
    assert ("immutable" in pinned["Cache-Control"]) is (name == "code-reviewer")
    assert 'filename="fault-finder.md"' in latest["Content-Disposition"]


@pytest.mark.parametrize(
    "address",
    [
        "/agents/nobody/",
        "/agents/nobody.md",
        "/agents/nobody/1/",
        "/agents/code-reviewer/2/",
        "/agents/code-reviewer/2.md",
        "/agents/code-reviewer/0/",
        "/agents/code-reviewer/01.md",
        f"/agents/code-reviewer/{'9' * 40}/",
        "/agents/%00/",
        "/agents/%0a.md",
        f"/agents/{'x' * 500}/",
        "/agents/---/",
        "/agents/%ED%A0%80/",
        "/nothing",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    page = text_of(client, address, 404)
    assert "There is nothing at this address" in page


def test_a_draft_is_nowhere_to_be_seen(client: Client, publish_source: Publish, editor: User) -> None:
    published = publish_source(agent_source()).agent
    drafting.open_draft(published, by=editor, source=agent_source(description="A canary for review."))
    secret = agent_source(name="canary", description="A canary.")
    unpublished, _ = publishing.register(parse(secret), by=editor)
    drafting.open_draft(unpublished, by=editor, source=secret)
    for address in ("/", "/agents/", "/agents/?sort=new", "/agents/?q=canary", "/agents/code-reviewer/"):
        found = text_of(client, address).partition("</head>")[2]  # there, too, stands what was asked for
        asked = ("“canary”", 'value="canary"', "q=canary")
        assert "canary" not in functools.reduce(lambda page, words: page.replace(words, ""), asked, found.lower())
    for rest in ("/", ".md", "/1/", "/1.md"):
        for name in ("canary", "Canary"):
            hidden = client.get(f"/agents/{name}{rest}")
            unknown = client.get(f"/agents/nobody{rest}")
            assert hidden.status_code == unknown.status_code == 404
            assert hidden.content.decode().lower().replace("canary", "nobody") == unknown.content.decode().lower()


def test_pages_are_the_same_for_everybody(client: Client, publish_source: Publish, admin: User) -> None:
    publish_source(agent_source())
    client.force_login(admin)
    for address in ("/", "/agents/", "/agents/code-reviewer/", "/agents/code-reviewer/1/", "/nothing"):
        response = client.get(address)
        assert "Cookie" not in response.get("Vary", "")
        assert not response.cookies
        assert "ada" not in response.content.decode()


@pytest.mark.parametrize("address", ["/", "/agents/", "/agents/code-reviewer/", "/healthz", "/readyz", "/robots.txt"])
def test_a_page_can_be_read_and_nothing_else(client: Client, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405


# --- For machines, and for when something went wrong ------------------------------------------------------


@pytest.mark.django_db(databases=[])
def test_health_touches_nothing(client: Client) -> None:
    assert text_of(client, "/healthz") == "ok\n"


def test_readiness_holds_while_the_database_is_whole(client: Client) -> None:
    assert text_of(client, "/readyz") == "ok\n"


@pytest.mark.django_db(transaction=True)
def test_readiness_fails_where_a_trigger_is_missing(client: Client) -> None:
    triggers.drop(connection)
    assert "does not protect" in text_of(client, "/readyz", 503)
    triggers.install(connection)
    text_of(client, "/readyz")


def test_robots_stay_out_of_the_admin(client: Client) -> None:
    assert f"Disallow: {reverse('admin:index')}" in text_of(client, "/robots.txt")


def test_a_fault_gives_a_calm_page_that_needs_no_database(
    client: Client, django_assert_num_queries: Callable[[int], object], settings: Settings
) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        page = views.server_error(None)  # type: ignore[arg-type]
    assert page.status_code == 500
    assert "Something went wrong here" in page.content.decode()


def test_a_fault_of_the_static_files_still_gives_an_answer(settings: Settings) -> None:
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": manifest}}
    page = views.server_error(None)  # type: ignore[arg-type]
    assert page.status_code == 500
    assert "Something went wrong here" in page.content.decode()


def test_a_form_without_its_token_is_refused_on_a_page_of_the_catalog() -> None:
    refused = Client(enforce_csrf_checks=True).post(reverse("admin:login"))
    assert refused.status_code == 403
    assert 'class="wordmark"' in refused.content.decode()
    assert "<style" not in refused.content.decode()


def test_a_foreign_host_is_refused_in_plain_words(client: Client) -> None:
    refused = client.get("/", headers={"host": "evil.example"})
    assert refused.status_code == 400
    assert "This cannot be answered" in refused.content.decode()
    assert "evil.example" not in refused.content.decode()


# --- Colours ------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_ink_reads_on_every_ground(scheme: int) -> None:
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS.read_text())
    color = {name: pair[scheme] for name, *pair in pairs}
    grounds = [color[name] for name in ("paper", "raised", "sunken")]
    inks = {"ink", "muted", "accent", "danger", "warning", "good"} | {n for n in color if n.startswith("agent-")}
    assert len(inks) == 14
    for ink in inks:
        tile = mixed(color[ink], color["raised"], 0.13)
        for ground in [*grounds, tile]:
            assert contrast(color[ink], ground) >= 4.5, ink
    assert contrast(color["accent-ink"], color["accent"]) >= 4.5
    assert all(contrast(color["edge"], ground) >= 3 for ground in grounds)
