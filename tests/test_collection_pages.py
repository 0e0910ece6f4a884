"""Collections as everybody sees them: their list, the page of one, and the download."""

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog import collecting, publishing, shelving
from catalog.collecting import MOST_AGENTS
from catalog.contents import Contents, contents_of, first_paragraph
from catalog.definition import digest_of
from catalog.distribution.archive import MANIFEST
from catalog.models import Agent, Category, Collection, Version
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db

PAGE, ARCHIVE = "/collections/backend-team/", "/collections/backend-team.zip"
INTRODUCTION = "# Why\n\nFor **small** teams.\n\n## How\n\nIn turns. <script>alert(1)</script>"


@pytest.fixture
def team(publish_source: Publish, publisher: User) -> Collection:
    craft = Category.objects.create(name="craft", title="Craft")
    sources = {
        "debugger": agent_source("debugger", description="Finds why something fails.", tools="Read, Bash"),
        "release-editor": agent_source("release-editor", description="Writes notes on releases.", tools="Read, Write"),
        "人類学者": agent_source("人類学者", description="人々の文化を調べます。", tools="Read"),
    }
    agents = [publish_source(source, by=publisher, category=craft).agent for source in sources.values()]
    team = collecting.create("Backend team", introduction=INTRODUCTION, by=publisher)
    notes = ("When nobody knows why.", "", "")
    collecting.set_members(team, list(zip(agents, notes, strict=True)), by=publisher)
    collecting.publish(team, by=publisher)
    return team


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return str(response.content.decode())


# --- The list ----------------------------------------------------------------------------------------


def test_the_list_tells_of_each_what_it_holds_and_costs(client: Client, team: Collection) -> None:
    page = get(client, "/collections/")
    assert 'href="/collections/backend-team/"' in page
    assert "For small teams." in page
    assert "3 agents" in page
    tokens = contents_of(team).description_tokens
    assert f"about {tokens} tokens" in page


def test_a_list_without_collections_says_what_one_is(client: Client) -> None:
    assert "There are no collections yet." in get(client, "/collections/")


def test_the_list_is_cut_into_pages(client: Client, team: Collection, publisher: User) -> None:
    [member] = Agent.objects.filter(name="debugger")
    for number in range(31):
        one = collecting.create(f"Set {number:02}", by=publisher)
        collecting.set_members(one, [(member, "")], by=publisher)
        collecting.publish(one, by=publisher)
    first, second = get(client, "/collections/"), get(client, "/collections/?page=2")
    assert first.count('class="agent collection"') == 30
    assert "Set 30" in second
    assert "31–32 of 32" in second
    for wrong in ("0", "3", "x", "-1", "1" * 9):
        assert client.get(f"/collections/?page={wrong}").status_code == 404


def test_what_is_cut_out_of_a_list_is_summed_alone(
    team: Collection, publisher: User, django_assert_num_queries: Callable[..., object]
) -> None:
    empty = collecting.create("Z without agents", by=publisher)
    with django_assert_num_queries(2) as asked:
        [last] = Collection.objects.order_by("-title")[:1].with_sums()
        [first] = Collection.objects.published().with_sums()
    assert (last, last.agent_count, last.description_tokens) == (empty, 0, 0)
    assert (first.agent_count, first.description_tokens) == (3, contents_of(team).description_tokens)
    cut, whole = (query["sql"].rpartition("WHERE")[2] for query in asked.captured_queries)
    assert "LIMIT 1)" in cut
    assert "LIMIT" not in whole


@pytest.mark.parametrize("count", [1, 20])
def test_lists_and_pages_cost_the_same_queries_however_long_they_are(
    client: Client,
    publish_source: Publish,
    publisher: User,
    django_assert_num_queries: Callable[..., object],
    count: int,
) -> None:
    agents = [publish_source(agent_source(f"agent-{number}"), by=publisher).agent for number in range(count)]
    shelving.tag(agents, ["python"], by=publisher)
    for number in range(count):
        one = collecting.create(f"Set {number}", by=publisher)
        collecting.set_members(one, [(agent, "") for agent in agents], by=publisher)
        collecting.publish(one, by=publisher)
    with django_assert_num_queries(3):  # the state of the catalog, how many there are, the page
        client.get("/collections/")
    with django_assert_num_queries(5):  # the state, the collection, its agents, their tags and former names
        client.get("/collections/set-0/")
    with django_assert_num_queries(4):  # the collection, what is in it, the facts of these, the texts
        response = client.get("/collections/set-0.zip")
        response.getvalue()
    etag = response["ETag"]
    with django_assert_num_queries(3):
        assert client.get("/collections/set-0.zip", headers={"If-None-Match": etag}).status_code == 304


# --- The page ----------------------------------------------------------------------------------------


def test_the_page_shows_the_agents_in_their_order_with_notes_and_costs(client: Client, team: Collection) -> None:
    page = get(client, PAGE)
    places = [page.index(f'href="/agents/{name}/"') for name in ("debugger", "release-editor")]
    assert places == sorted(places)
    assert "When nobody knows why." in page
    assert "Finds why something fails." in page
    assert "<strong>small</strong>" in page
    assert "<script>alert" not in page
    assert "15,000 tokens above which Claude Code warns" in page


def test_the_page_says_what_the_set_may_do(client: Client, team: Collection) -> None:
    granted = {one.capability.code: len(one.agents) for one in contents_of(team).granted}
    assert granted == {"runs-commands": 1, "changes-files": 1, "reads-files": 3}
    page = get(client, PAGE)
    assert page.index("Runs commands") < page.index("Reads files and searches in them")


def test_a_set_that_costs_too_much_is_said_to(client: Client, publish_source: Publish, publisher: User) -> None:
    long = "word " * 4_004
    names = ("a-one", "b-two", "c-three", "d-four")
    agents = [publish_source(agent_source(name, description=long), by=publisher).agent for name in names]
    much = collecting.create("Much", by=publisher)
    collecting.set_members(much, [(agent, "") for agent in agents[:1]], by=publisher)
    little = contents_of(much)
    assert (little.is_warned_of, little.is_near_warning, little.warning_share) == (False, False, 33)
    collecting.set_members(much, [(agent, "") for agent in agents[:2]], by=publisher)
    near = contents_of(much)
    assert (near.is_warned_of, near.is_near_warning, near.warning_share) == (False, True, 67)
    collecting.set_members(much, [(agent, "") for agent in agents], by=publisher)
    collecting.publish(much, by=publisher)
    page = get(client, "/collections/much/")
    assert "More than Claude Code finds good." in page
    assert contents_of(much).warning_share == 100


def test_what_is_withdrawn_is_marked_and_left_out(client: Client, team: Collection, publisher: User) -> None:
    publishing.yank(Version.objects.get(agent__name="debugger"), by=publisher, reason="It lies.")
    page = get(client, PAGE)
    assert "Withdrawn" in page
    assert "2 agents" in page
    assert "1 withdrawn agent is left out." in page
    assert "2 agents" in get(client, "/collections/")
    assert "debugger.md" not in names_in(client.get(ARCHIVE).getvalue())


def test_what_is_deprecated_is_marked_and_collides_with_what_replaces_it(
    client: Client, team: Collection, publisher: User
) -> None:
    old, new = Agent.objects.get(name="debugger"), Agent.objects.get(name="release-editor")
    publishing.deprecate(old, by=publisher, note="Old.", successor=new)
    page = get(client, PAGE)
    assert "Use Release Editor instead" in page
    assert "Debugger is deprecated, and Release Editor takes its place: one of them is enough." in page
    assert "1 collision" in page
    assert "debugger.md" in names_in(client.get(ARCHIVE).getvalue())


def test_a_collection_whose_agents_are_all_withdrawn_still_answers(
    client: Client, team: Collection, publisher: User
) -> None:
    for version in Version.objects.all():
        publishing.yank(version, by=publisher, reason="Bad.")
    assert "3 withdrawn agents are left out." in get(client, PAGE)
    assert names_in(client.get(ARCHIVE).getvalue()) == [MANIFEST]


@pytest.mark.parametrize("address", [PAGE, ARCHIVE, "/collections/nothing/", "/collections/nothing.zip"])
def test_what_is_not_published_answers_like_what_is_not_there(
    client: Client, team: Collection, publisher: User, address: str
) -> None:
    collecting.unpublish(team, by=publisher)
    response = client.get(address)
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
    assert b"Backend" not in response.content


def test_another_spelling_leads_to_the_page_and_gives_the_file(client: Client, team: Collection) -> None:
    response = client.get("/collections/Backend Team/")
    assert (response.status_code, response["Location"]) == (301, PAGE)
    assert client.get("/collections/Backend Team.zip").getvalue() == client.get(ARCHIVE).getvalue()


def test_an_unchanged_page_is_not_rendered_again(client: Client, team: Collection, publisher: User) -> None:
    etag = client.get(PAGE)["ETag"]
    assert client.get(PAGE, headers={"If-None-Match": etag}).status_code == 304
    collecting.change(team, title="Other", name="backend-team", introduction="", by=publisher)
    assert client.get(PAGE, headers={"If-None-Match": etag}).status_code == 200
    assert "Cookie" not in client.get(PAGE).get("Vary", "")


@pytest.mark.parametrize(
    ("introduction", "paragraph"),
    [
        ("", ""),
        ("One.\nStill one.\n\nTwo.", "One.\nStill one."),
        ("# Title\n\n \nText.", "Text."),
        ("#no-heading", "#no-heading"),
        ("# Only a title", ""),
    ],
)
def test_the_first_paragraph_is_no_heading(introduction: str, paragraph: str) -> None:
    assert first_paragraph(introduction) == paragraph


# --- The download ----------------------------------------------------------------------------------------


def names_in(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_the_download_holds_the_exact_files_and_says_which(client: Client, team: Collection, settings: object) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example"
    response = client.get(ARCHIVE)
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.testzip() is None
    manifest = json.loads(archive.read(MANIFEST))
    assert (manifest["name"], manifest["title"], manifest["catalog"]) == (
        "backend-team",
        "Backend team",
        "https://agents.example/",
    )
    assert [agent["file"] for agent in manifest["agents"]] == ["debugger.md", "release-editor.md", "人類学者.md"]
    for agent in manifest["agents"]:
        content = archive.read(agent["file"])
        assert (len(content), digest_of(content)) == (agent["size"], agent["digest"])
        assert client.get(agent["source"].removeprefix("https://agents.example")).content == content
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="backend-team.zip"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, no-cache"
    assert "sandbox" in response["Content-Security-Policy"]


def test_the_same_content_gives_the_same_bytes(client: Client, team: Collection, publisher: User) -> None:
    first = client.get(ARCHIVE)
    content = first.getvalue()
    for entry in zipfile.ZipFile(io.BytesIO(content)).infolist():
        assert entry.flag_bits & 0x08 == 0  # no data descriptor: strict readers refuse one
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_STORED
        assert (entry.create_system, entry.external_attr >> 16) == (3, 0o100644)
    collecting.change(team, title="Backend team", name="backend-team", introduction="Else.", by=publisher)
    again = client.get(ARCHIVE)
    assert (again.getvalue(), again["ETag"]) == (content, first["ETag"])


@pytest.mark.parametrize("change", ["publish", "order", "title", "yank"])
def test_other_content_has_another_etag(
    client: Client, team: Collection, publish_source: Publish, publisher: User, change: str
) -> None:
    before = client.get(ARCHIVE)
    content = before.getvalue()
    agents = [member.agent for member in team.members.select_related("agent")]
    if change == "publish":
        publish_source(agent_source("debugger", model="opus"), by=publisher)
    elif change == "order":
        collecting.set_members(team, [(agent, "") for agent in reversed(agents)], by=publisher)
    elif change == "title":
        collecting.change(team, title="Other", name="backend-team", introduction="", by=publisher)
    else:
        publishing.yank(agents[0].versions.get(), by=publisher, reason="Bad.")
    response = client.get(ARCHIVE, headers={"If-None-Match": before["ETag"]})
    assert response.status_code == 200
    assert response["ETag"] != before["ETag"]
    assert response.getvalue() != content


def test_the_download_answers_conditions_and_head(client: Client, team: Collection) -> None:
    whole = client.get(ARCHIVE)
    unchanged = client.get(ARCHIVE, headers={"If-None-Match": whole["ETag"]})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", whole["ETag"])
    refused = client.get(ARCHIVE, headers={"If-Match": '"other"'})
    assert (refused.status_code, refused["Cache-Control"]) == (412, "no-store")
    head = client.head(ARCHIVE)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(whole.getvalue())))
    assert head["ETag"] == whole["ETag"]
    assert client.post(ARCHIVE).status_code == 405


def test_head_reads_no_texts(
    client: Client, team: Collection, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(3):  # the collection, what is in it, and the facts of these
        client.head(ARCHIVE)


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("claude", {".claude/agents/debugger.md", ".claude/agents/release-editor.md", ".claude/agents/人類学者.md"}),
        ("codex", {".codex/agents/debugger.toml", ".codex/agents/release-editor.toml", ".codex/agents/人類学者.toml"}),
    ],
)
def test_the_commands_of_the_page_put_the_files_where_the_tool_looks(
    client: Client, team: Collection, tmp_path: Path, tool: str, files: set[str]
) -> None:
    """As a shell carries them out, but for the address: the archive is there already."""
    [found] = [each for each in client.get(PAGE).context["for_tools"] if each.key == tool]
    (tmp_path / found.filename).write_bytes(client.get(found.path).getvalue())
    steps = found.ways[-1].text.split(" && ")
    [fetched] = [step for step in steps if step.startswith(f"curl -fsSLo {found.filename} ")]
    assert f"http://127.0.0.1:8000{found.path}" in fetched
    for step in steps:
        if step != fetched:
            subprocess.run(["sh", "-c", step], cwd=tmp_path, check=True, capture_output=True)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_a_full_collection_is_compared_within_a_moment(publish_source: Publish, publisher: User) -> None:
    words = [f"word{number}" for number in range(300)]
    for number in range(MOST_AGENTS):
        lead = " ".join(words[(number * 7 + step) % 300] for step in range(60))
        publish_source(agent_source(f"agent-{number}", description=lead), by=publisher)
    full = collecting.create("Full", by=publisher)
    collecting.set_members(full, [(agent, "") for agent in Agent.objects.all()], by=publisher)
    contents: Contents = contents_of(full)
    assert contents.overlaps
    assert contents.overlap_count == len(contents.overlaps) + contents.more_overlaps
    assert contents.overlaps == contents_of(full).overlaps
