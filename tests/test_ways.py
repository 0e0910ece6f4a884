"""The box that says how to install: for each tool the exact command, from the catalog's own address."""

import json
import re
import shlex
from collections.abc import Callable
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from catalog import collecting, publishing
from catalog.distribution.archive import MANIFEST
from catalog.models import Version
from catalog.views.commands import quoted
from catalog.views.ways import ForTool
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

PAGE = "/agents/code-reviewer/"
HERE = "http://127.0.0.1:8000"
TOOLS = ["claude", "copilot", "cursor", "codex", "gemini", "opencode", "qwen", "kiro", "droid", "apm", "git"]
FILES = ["cursor", "codex", "gemini", "opencode", "kiro", "droid"]  # of tools that install nothing by themselves


def offered(client: Client, address: str = PAGE) -> dict[str, ForTool]:
    return {found.key: found for found in client.get(address).context["for_tools"]}


def first_of(client: Client, tool: str, address: str = PAGE) -> str:
    return offered(client, address)[tool].ways[0].text


def copied_on(client: Client, address: str = PAGE) -> list[str]:
    """What the copy buttons of the page hold."""
    page = client.get(address).content.decode()
    return [unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page) if not text.startswith("sha256:")]


# --- The latest version ---------------------------------------------------------------------------------------


def test_every_tool_has_its_place_and_every_command_its_button(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    found = offered(client)
    assert list(found) == TOOLS
    assert copied_on(client) == [way.text for tool in found.values() for way in tool.ways]


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        (
            "claude",
            f"claude plugin marketplace add {HERE}/catalog.git\nclaude plugin install code-reviewer@agent-catalog",
        ),
        (
            "copilot",
            f"copilot plugin marketplace add {HERE}/catalog.git\ncopilot plugin install code-reviewer@agent-catalog",
        ),
        ("qwen", f"qwen extensions install {HERE}/catalog.git:code-reviewer --consent"),
        ("git", f"git clone {HERE}/catalog.git"),
    ],
)
def test_a_tool_that_can_installs_with_its_own_command(
    client: Client, publish_source: Publish, tool: str, command: str
) -> None:
    publish_source(agent_source())
    assert first_of(client, tool) == command


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        (
            "claude",
            "claude plugin marketplace update agent-catalog\nclaude plugin update code-reviewer@agent-catalog",
        ),
        (
            "copilot",
            "copilot plugin marketplace update agent-catalog\ncopilot plugin update code-reviewer@agent-catalog",
        ),
        ("qwen", "qwen extensions update code-reviewer"),
    ],
)
def test_what_was_installed_so_can_be_updated(client: Client, publish_source: Publish, tool: str, command: str) -> None:
    publish_source(agent_source())
    assert [way.text for way in offered(client)[tool].ways if way.label == "To update it later"] == [command]
    assert "To update it, and other ways" in said_of(client, tool)
    assert "To update it later" not in said_of(client, "codex")
    assert "To update it" not in said_of(client, tool, f"{PAGE}1/"), "a version stays as it is"


def test_apm_is_told_of_the_catalog_once_and_then_of_the_agent(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    once, then = offered(client)["apm"].first
    assert f"apm config set registry.catalog.url {HERE}/apm" in once.text
    assert then.text == 'apm install "agents/code-reviewer#>=1.0.0" --target claude'


@pytest.mark.parametrize("tool", ["claude", "copilot", "qwen", *FILES])
def test_a_file_is_fetched_to_where_the_tool_looks_for_it(client: Client, publish_source: Publish, tool: str) -> None:
    """What the command fetches is there, and is what the tool reads."""
    publish_source(agent_source())
    [way] = [way for way in offered(client)[tool].ways if way.label == "In your project’s folder"]
    *program, path, address = shlex.split(way.text)
    assert program == ["curl", "--create-dirs", "-fsSLo"]
    assert address.startswith(f"{HERE}/")
    response = client.get(address.removeprefix(HERE))
    assert response.status_code == 200
    assert path.rpartition("/")[2] == response["Content-Disposition"].partition('"')[2].rstrip('"')
    report = client.get("/api/v1/agents/code-reviewer/versions/latest/exports").json()
    assert path in {item["path"] for item in report["items"] if item["format"] == tool}


def test_commands_are_made_of_the_address_and_the_name_that_the_catalog_goes_by(
    client: Client, publish_source: Publish, settings: Settings
) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example.com"
    settings.CATALOG_MARKETPLACE = "our-agents"
    publish_source(agent_source())
    for command in copied_on(client):
        assert "127.0.0.1" not in command
    assert first_of(client, "claude").endswith("install code-reviewer@our-agents")
    page = client.get(PAGE)
    settings.CATALOG_MARKETPLACE = "their-agents"
    assert client.get(PAGE, headers={"if-none-match": page["ETag"]}).status_code == 200


def test_a_private_catalog_is_asked_with_a_token(client: Client, publish_source: Publish, settings: Settings) -> None:
    publish_source(agent_source())
    assert "CATALOG_TOKEN" not in client.get(PAGE).content.decode()
    settings.CATALOG_PRIVATE = True
    client.force_login(User.objects.create_user("reader"))
    assert "a token of yours from the variable CATALOG_TOKEN" in client.get(PAGE).content.decode()
    for tool in offered(client).values():
        for way in tool.ways[: tool.steps]:
            assert "CATALOG_TOKEN" in way.text, way.text
    assert "apm" not in offered(client), "it sends its token over https alone"
    assert '.md -H "Authorization: Bearer $CATALOG_TOKEN" "http' in first_of(client, "cursor")
    assert f'"{HERE.replace("://", "://x:$CATALOG_TOKEN@")}/catalog.git"' in first_of(client, "claude")


def test_apm_reads_a_private_catalog_over_https(client: Client, publish_source: Publish, settings: Settings) -> None:
    publish_source(agent_source())
    settings.CATALOG_PRIVATE, settings.CATALOG_BASE_URL = True, "https://agents.example.com"
    client.force_login(User.objects.create_user("reader"))
    once, _ = offered(client)["apm"].first
    assert once.text.startswith('export APM_REGISTRY_TOKEN_CATALOG="$CATALOG_TOKEN"')


def test_a_name_that_tools_reserve_is_another_plugin(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source("claude-reviewer"))
    command = first_of(client, "claude", "/agents/claude-reviewer/")
    assert "@agent-catalog" in command
    assert "install claude-reviewer@" not in command
    told = "The plugin is called cc-reviewer: some tools do not take claude-reviewer"
    assert told in client.get("/agents/claude-reviewer/").content.decode()


def test_a_name_in_another_script_is_installed_and_no_package(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source("人類学者"))
    found = offered(client, "/agents/人類学者/")
    assert "apm" not in found
    assert found["claude"].ways[0].text.isascii()  # tools take no plugin of another name
    assert ".claude/agents/人類学者.md" in found["claude"].ways[2].text


# --- What is lost on the way ------------------------------------------------------------------------------------


def said_of(client: Client, tool: str, address: str = PAGE) -> str:
    page = client.get(address).content.decode()
    part = page.partition(f'data-tool="{tool}"')[2].partition("<input")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", part).split())


def test_the_box_says_what_is_lost_and_leads_to_the_report(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(color="pink", hooks="{Stop: []}"))
    assert "Left out: Color, Hooks. See how" in said_of(client, "codex")
    page = client.get(PAGE).content.decode()
    assert f'href="{PAGE}exports/?tool=codex#codex"' in page
    assert 'id="codex"' in client.get(f"{PAGE}exports/?tool=codex").content.decode()


def test_what_an_agent_may_do_beyond_its_file_is_told_first(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(tools="Read, Bash", color="pink"))
    assert "May do more there: Tools. Left out: Color. See how" in said_of(client, "codex")
    assert "May do more" not in said_of(client, "gemini")
    page = client.get(f"{PAGE}exports/").content.decode()
    codex = " ".join(re.sub(r"<[^>]*>", " ", page.partition('id="codex"')[2].partition("</details>")[0]).split())
    assert "May do more there: Tools Left out: Color" in codex
    assert "Tools May do more OpenAI Codex has no list of tools" in codex


def test_as_a_plugin_an_agent_loses_what_plugins_ignore_and_as_a_file_nothing(
    client: Client, publish_source: Publish
) -> None:
    publish_source(agent_source(hooks="{Stop: []}"))
    plugin, _, file, _, script = offered(client)["claude"].ways
    assert plugin.losses is not None
    assert plugin.losses.dropped == ("Hooks",)
    assert (file.losses, script.losses) == (None, None)


def test_what_a_plugin_cannot_limit_is_better_installed_as_a_file(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(permissionMode="plan"))
    assert first_of(client, "claude").startswith("curl --create-dirs -fsSLo .claude/agents/code-reviewer.md")
    assert "May do more as a plugin: Permission mode." in said_of(client, "claude")
    assert ".github/agents" in first_of(client, "copilot")
    assert ".qwen/agents" in first_of(client, "qwen")
    publish_source(agent_source(permissionMode="acceptEdits"))
    assert first_of(client, "claude").startswith("claude plugin")


def test_where_nothing_is_lost_the_box_says_that(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    assert "Every field is kept." in said_of(client, "claude")


def test_a_tool_that_cannot_take_the_agent_is_given_no_command(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Hi\n"))  # too short for Qwen Code
    said = said_of(client, "qwen")
    assert "Qwen Code cannot take it. Qwen Code takes no prompt" in said
    assert "qwen extensions" not in said
    assert "Download" not in said
    assert "Download" in said_of(client, "codex")


# --- One version ------------------------------------------------------------------------------------------------


def test_of_one_version_every_way_is_pinned(client: Client, publish_source: Publish) -> None:
    for prompt in ("First text.\n", "Second text.\n"):
        publish_source(agent_source(prompt=prompt))
    found = offered(client, f"{PAGE}1/")
    for tool in found.values():
        for command in (way.text for way in tool.ways if way.label != tool.ways[0].label or tool.key != "apm"):
            pinned = ("/1.md", "/versions/1/download?", "code-reviewer--v1", "@1", "#1.0.0")
            assert any(sign in command for sign in pinned), command
    assert found["claude"].ways[0].text.endswith(f"{HERE}/agents/code-reviewer/1.md")
    plugin = found["claude"].ways[1]
    assert f'"{HERE}/catalog.git#code-reviewer--v1"' in plugin.text
    assert plugin.note
    assert "--ref code-reviewer--v1" in found["qwen"].ways[1].text


def test_a_version_from_before_a_rename_is_tagged_with_its_own_name(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    publishing.rename(publish_source(agent_source()).agent, "change-reviewer", by=publisher)
    commands = " ".join(copied_on(client, "/agents/change-reviewer/1/"))
    assert "catalog.git#code-reviewer--v1" in commands
    assert "change-reviewer--v1" not in commands
    assert 'apm install "agents/code-reviewer#1.0.0"' in commands


def test_what_was_withdrawn_is_there_as_a_file_alone(client: Client, publish_source: Publish, publisher: User) -> None:
    publish_source(agent_source(prompt="First text.\n"))
    publishing.yank(publish_source(agent_source(prompt="Second text.\n")), by=publisher, reason="Bad.")
    commands = copied_on(client, f"{PAGE}2/")
    assert commands
    for command in commands:
        assert command.startswith("curl --create-dirs")
    assert "was withdrawn" in client.get(f"{PAGE}2/").content.decode()


# --- Collections ------------------------------------------------------------------------------------------------


def test_a_collection_is_one_plugin_or_an_archive_for_each_tool(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    members = [(publish_source(agent_source(name), by=publisher).agent, "") for name in ("alpha", "bravo")]
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, members, by=publisher)
    collecting.publish(team, by=publisher)
    found = offered(client, "/collections/a-team/")
    assert list(found) == [tool for tool in TOOLS if tool != "apm"]
    assert found["claude"].ways[0].text.endswith("claude plugin install a-team@agent-catalog")
    assert found["qwen"].ways[0].text == f"qwen extensions install {HERE}/catalog.git:a-team --consent"
    assert found["qwen"].ways[1].text == "qwen extensions update a-team"
    for key in FILES:
        command = found[key].ways[0].text
        assert f'"{HERE}/api/v1/bundle?collection=a-team&format={key}"' in command
        assert client.get(found[key].path).status_code == 200
    assert copied_on(client, "/collections/a-team/") == [way.text for tool in found.values() for way in tool.ways]


def test_a_collection_says_which_of_its_agents_do_not_arrive_as_they_are(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    sources = [agent_source("reader", tools="Read, Bash"), agent_source("short", prompt="Hi\n"), agent_source("free")]
    sources += [agent_source(f"helper-{number}", tools="Read, Bash") for number in range(9)]
    members = [(publish_source(source, by=publisher).agent, "") for source in sources]
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, members, by=publisher)
    collecting.publish(team, by=publisher)
    address = "/collections/a-team/"
    assert "May do more there: Reader , Helper 0 , Helper 1" in said_of(client, "codex", address)
    assert "Helper 6 and 2 more" in said_of(client, "codex", address)
    assert "Without those that it cannot take: Short" in said_of(client, "qwen", address)
    assert "May do more" not in said_of(client, "gemini", address)
    assert "May do more" not in said_of(client, "claude", address)
    page = client.get(address).content.decode()
    assert 'href="/agents/reader/exports/?tool=codex#codex"' in page
    manifest = json.loads(
        ZipFile(BytesIO(client.get(offered(client, address)["codex"].path).getvalue())).read(MANIFEST)
    )
    assert {one["name"]: one["widened"] for one in manifest["agents"][:3]} == {
        "reader": ["tools"],
        "short": [],
        "free": [],
    }


def test_a_collection_is_no_plugin_first_where_files_hold_a_limit_that_it_cannot(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    member = publish_source(agent_source("planner", permissionMode="plan"), by=publisher).agent
    team = collecting.create("A team", by=publisher)
    collecting.set_members(team, [(member, "")], by=publisher)
    collecting.publish(team, by=publisher)
    address = "/collections/a-team/"
    assert "unzip a-team.zip" in first_of(client, "claude", address)
    assert "May do more as a plugin: Planner" in said_of(client, "claude", address)


# --- How it is written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("agents/code-reviewer.md", "agents/code-reviewer.md"),
        ("http://127.0.0.1/x?format=codex&a=b", '"http://127.0.0.1/x?format=codex&a=b"'),
        ("~/.codex/a b.toml", '~/".codex/a b.toml"'),
        ("$HOME", "'$HOME'"),
        ('a"b', "'a\"b'"),
        ("", '""'),
    ],
)
def test_quotes_stand_where_a_shell_needs_them(text: str, written: str) -> None:
    assert quoted(text) == written


def test_what_is_shown_is_what_is_copied(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    page = client.get(PAGE).content.decode()
    shown = re.findall(r'<pre class="command"[^>]*><code>(.*?)</code></pre>', page, re.DOTALL)
    lines = [re.findall(r'<span class="line">(.*?)</span></span>', command + "</span>") for command in shown]
    plain: Any = [[unescape(re.sub(r"<[^>]*>", "", line)) for line in command] for command in lines]
    assert ["\n".join(command) for command in plain] == copied_on(client)


def test_the_box_asks_the_database_for_nothing(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{PAGE}1/").status_code == 200
    assert len(queries) <= 6
