"""The page of an agent: what it tells people who think of installing it, and what it answers to machines."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog import publishing
from catalog.definition import FIELDS, Severity
from catalog.models import Category, Tag, Version
from catalog.views import agents, noticed
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

PAGE = "/agents/code-reviewer/"


def text_of(client: Client, address: str = PAGE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def said_in(page: str, section: str) -> str:
    """The words of a section, named by the id of its heading."""
    found = re.search(rf'<section[^>]*aria-labelledby="{section}".*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split()) if found else ""


# --- Facts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "opus"}, "Opus Slower and dearer, for hard reasoning."),
        ({"model": "claude-sonnet-4-5"}, "Model claude-sonnet-4-5"),
        ({"model": "inherit"}, "that of the conversation which calls it"),
        ({}, "Model the one you use"),
        ({"permissionMode": "acceptEdits"}, "acceptEdits Changes files without asking."),
        ({"color": "pink"}, "Color pink"),
        ({"maxTurns": "20"}, "1 further setting Most turns 20"),
        ({"memory": "user", "owner": "me"}, "Memory user (For this person, over all their projects) owner me"),
    ],
)
def test_facts_are_told_in_plain_words(
    client: Client, publish_source: Publish, fields: dict[str, str], words: str
) -> None:
    publish_source(agent_source(**fields))
    assert words in said_in(text_of(client), "facts")


def test_it_says_what_the_agent_costs_and_when(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="word " * 1_000))
    facts = said_in(text_of(client), "facts")
    assert re.search(r"Description about \d+ tokens read in every conversation", facts)
    assert "Prompt about 1,300 tokens read when it runs" in facts


def test_category_tags_licence_and_origin_are_there_where_known(client: Client, publish_source: Publish) -> None:
    agent = publish_source(agent_source(), category=Category.objects.create(name="craft", title="Craft")).agent
    agent.tags.add(Tag.objects.create(name="fast"))
    agent.license, agent.origin_url = "MIT", "https://example.com/reviewer"
    agent.save()
    page = text_of(client)
    for words in ("Craft", "fast", "MIT", "https://example.com/reviewer"):
        assert words in said_in(page, "facts")
    assert 'rel="nofollow noopener ugc"' in page


def test_each_tool_is_explained(client: Client, publish_source: Publish) -> None:
    tools = "Read, Bash(git:*), mcp__github__create_issue, mcp__wiki, MultiEdit, Foo, AskUserQuestion"
    publish_source(agent_source(tools=tools, disallowedTools="WebFetch"))
    said = said_in(text_of(client), "may-do")
    for words in (
        "Read Opens a file and reads it.",
        "Bash(git:*) Runs any command of the machine.",
        "mcp__github__create_issue A tool of the MCP server “github”.",
        "mcp__wiki Every tool of the MCP server “wiki”.",
        "MultiEdit Changes passages in a file. Called Edit now.",
        "Foo Not known to this catalog.",
        "AskUserQuestion No agent is ever given this one.",
        "Never: WebFetch",
    ):
        assert words in said


# --- What was noticed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"permissionMode": "bypassPermissions"}, "Careful: It acts without asking you first."),
        ({"model": "gpt-4"}, "Careful: The model it asks for is not known here: it may not start. Line 4"),
        ({"tools": "Read, Foo, Bar"}, "Careful: It names tools that Claude Code does not have"),
        ({"maxTurns": "many"}, "What it says about “Most turns” has no effect in coding tools."),
        ({"memory": "elephant"}, "What it says about “Memory” is not known to coding tools, and has no effect."),
        ({"prompt": "Use AKIAABCDEFGHIJKLMNOP.\n"}, "what looks like a password or key. Do not use it"),
        (
            {"description": "'<example>user: Look.</example>'", "tools": "Read"},
            "1 note Its description has examples only, and no sentence that says when to use it. Line 3",
        ),
    ],
)
def test_findings_say_what_they_mean_to_who_installs_it(
    client: Client, publish_source: Publish, fields: dict[str, str], sentence: str
) -> None:
    publish_source(agent_source(**fields))
    assert sentence in said_in(text_of(client), "findings")


def test_no_reader_is_told_to_mend_the_file(client: Client, publish_source: Publish) -> None:
    hooks = "{PreToolUse: []}"
    publish_source(
        agent_source(
            description="Reviews: code # here", prompt="", hooks=hooks, mcpServers="[x]", tools="Foo", colour="red"
        )
    )
    said = said_in(text_of(client), "findings").lower()
    assert said
    for word in ("put ", "write ", "delete", "did you mean", "quotes", "shorten", "name the tools"):
        assert word not in said


def test_what_may_do_harm_comes_first(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(model="gpt-4", tools="Foo", hooks="{Stop: []}"))
    said = said_in(text_of(client), "findings")
    assert said.index("commands of its own") < said.index("names tools") < said.index("The model")


def test_findings_of_one_kind_are_one_sentence_with_their_lines(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="One \u200b.\nTwo \u200b.\n"))
    said = said_in(text_of(client), "findings")
    assert said.count("cannot be seen") == 1
    assert "Line 6 , Line 7" in said


def test_an_agent_without_findings_has_no_such_section(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(tools="Read"))
    assert said_in(text_of(client), "findings") == ""


def test_every_finding_has_words_for_the_public(publish_source: Publish) -> None:
    """Whatever a check is called, it has a sentence of its own or one for its kind."""
    version = publish_source(agent_source())
    for code in ("a-new-check", "memory-unknown", "field-unknown"):
        version.findings = [
            {"code": code, "severity": str(severity), "field": field, "line": None, "message": "Mend it."}
            for severity in Severity
            for field in (None, "memory", "owner", *FIELDS)
        ]
        for notices in noticed.noticed(version).values():
            assert all(notice.sentence and "%" not in notice.sentence for notice in notices)


# --- Versions -------------------------------------------------------------------------------------------


def test_versions_tell_who_when_why_and_their_digest(client: Client, publish_source: Publish, publisher: User) -> None:
    publish_source(agent_source(prompt="First.\n"))
    second = publish_source(agent_source(prompt="Second.\n"), note="Says it better.")
    publishing.yank(second, by=publisher, reason="It lies.")
    said = said_in(text_of(client), "the-versions")
    assert "Withdrawn today : It lies." in said
    assert "Says it better. What changed in version 2 today by pablo" in said
    assert second.digest[7:19] in said


def test_a_long_list_of_versions_goes_on_elsewhere(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "VERSIONS_LISTED", 4)
    monkeypatch.setattr(agents, "VERSIONS_SHOWN", 2)
    for number in range(6):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
    page = text_of(client)
    assert re.findall(r'class="number"\s+href="/agents/code-reviewer/(\d)/"', page) == ["6", "5", "4", "3"]
    assert "2 older versions" in page
    assert f'href="{PAGE}?versions=2#the-versions"' in page
    older = text_of(client, f"{PAGE}?versions=2")
    assert re.findall(r'class="number"\s+href="/agents/code-reviewer/(\d)/"', older) == ["2", "1"]
    assert f'href="{PAGE}#the-versions"' in older


@pytest.mark.parametrize("asked", ["0", "-1", "x", "١", "9" * 30, "%00", "999999999"])
def test_whatever_is_asked_of_the_versions_there_is_a_page(client: Client, publish_source: Publish, asked: str) -> None:
    publish_source(agent_source())
    assert "Version 1" in text_of(client, f"{PAGE}?versions={asked}")


# --- Related agents ---------------------------------------------------------------------------------------


def test_related_agents_are_shown_with_what_they_have_in_common(client: Client, publish_source: Publish) -> None:
    tag = Tag.objects.create(name="security")
    publish_source(agent_source(description="Reviews firewall rules.")).agent.tags.add(tag)
    other = publish_source(agent_source(name="firewall-critic", description="Criticises firewall rules.")).agent
    other.tags.add(tag)
    publish_source(agent_source(name="poet", description="Writes verse about the sea."))
    said = said_in(text_of(client), "related")
    assert "Firewall Critic" in said
    assert "Also tagged security" in said
    assert "Code Reviewer" not in said


def test_a_withdrawn_agent_is_related_to_nobody(client: Client, publish_source: Publish, publisher: User) -> None:
    publish_source(agent_source())
    publishing.yank(publish_source(agent_source(name="code-critic")), by=publisher, reason="Unsafe.")
    assert "code-critic" not in text_of(client)


# --- Markdown for who asks for it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "is_source"),
    [
        ("text/markdown", True),
        ("text/markdown, text/html, */*", True),
        ("text/html;q=0.4, text/markdown;q=0.5", True),
        ("text/markdown, */*;q=0.1", True),
        ("text/html, text/markdown", False),
        ("text/html, text/markdown;q=0.9", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("*/*", False),
        ("text/*", False),
        ("text/markdown;q=0", False),
        ("text/plain", False),
        ("nonsense;;;q=x", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("address", [PAGE, f"{PAGE}1/"])
def test_who_prefers_markdown_gets_the_source(
    client: Client, publish_source: Publish, address: str, accept: str, is_source: bool
) -> None:
    version = publish_source(agent_source())
    response = client.get(address, headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    assert "Accept" in response["Vary"]
    assert response["Content-Type"].startswith("text/markdown" if is_source else "text/html")
    assert (response.content == version.source.encode()) is is_source


@pytest.mark.parametrize("rest", ["", "1/"])
def test_it_is_the_answer_of_the_file_itself(client: Client, publish_source: Publish, rest: str) -> None:
    publish_source(agent_source())
    page = client.get(PAGE + rest, headers={"accept": "text/markdown"})
    file = client.get(f"{PAGE}{rest}".removesuffix("/") + ".md")
    kept = {"Cache-Control", "Vary"}  # what lies at an address of a page must not be kept for others
    assert {k: v for k, v in page.items() if k not in kept} == {k: v for k, v in file.items() if k not in kept}
    assert page["Cache-Control"] == "private, no-cache"
    again = client.get(PAGE + rest, headers={"accept": "text/markdown", "if-none-match": page["ETag"]})
    assert again.status_code == 304
    assert "Accept" in again["Vary"]


def test_a_page_and_its_source_have_tags_of_their_own(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    page, source = client.get(PAGE), client.get(PAGE, headers={"accept": "text/markdown"})
    assert page["ETag"] != source["ETag"]
    assert client.get(PAGE, headers={"if-none-match": source["ETag"]}).status_code == 200
    assert client.get(PAGE, headers={"if-none-match": page["ETag"]}).status_code == 304


def test_of_a_withdrawn_agent_there_is_no_source(client: Client, publish_source: Publish, publisher: User) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="Unsafe.")
    assert client.get(PAGE, headers={"accept": "text/markdown"}).status_code == 410
    assert client.get(f"{PAGE}1/", headers={"accept": "text/markdown"}).status_code == 200
    assert client.get(f"{PAGE}9/", headers={"accept": "text/markdown"}).status_code == 404


# --- What it says to search engines ----------------------------------------------------------------------------


def test_the_latest_version_has_one_address_for_search_engines_and_older_ones_none(
    client: Client, publish_source: Publish
) -> None:
    publish_source(agent_source(prompt="First.\n"))
    publish_source(agent_source(prompt="Second.\n"))
    canonical = '<link rel="canonical" href="http://127.0.0.1:8000/agents/code-reviewer/">'
    assert canonical in text_of(client)
    assert canonical in text_of(client, f"{PAGE}2/")
    assert '<meta name="robots" content="noindex' in text_of(client, f"{PAGE}1/")
