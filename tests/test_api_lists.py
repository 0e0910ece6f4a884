import base64
import json
from urllib.parse import quote_from_bytes

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog.models import Agent, Category, Tag
from tests.answers import AGENTS, ONE, RICH, Publish, names_in, pages, problem
from tests.sources import agent_source


@pytest.fixture
def shelf(publish_source: Publish) -> list[str]:
    """Seven published agents, not published in the order of their names."""
    names = [f"agent-{letter}" for letter in "dbgface"]
    for name in names:
        publish_source(agent_source(name=name))
    return sorted(names)


# --- Lists -----------------------------------------------------------------------------------------------


def test_agents_are_listed_by_name_as_they_are_shown_alone(client: Client, shelf: list[str]) -> None:
    body = client.get(AGENTS).json()
    assert names_in(body) == shelf
    assert body["items"][0] == client.get(f"{AGENTS}/agent-a").json()
    assert body["next_cursor"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("asked", [{}, {"updated_since": "2020-01-01T00:00:00Z"}, {"q": "faults"}])
def test_the_pages_of_a_list_hold_every_agent_once(
    client: Client, shelf: list[str], limit: int, asked: dict[str, str]
) -> None:
    found = [names_in(page) for page in pages(client, limit=limit, **asked)]
    assert sorted(name for page in found for name in page) == shelf
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]


def test_an_agent_published_while_the_list_is_read_does_not_shift_it(
    client: Client, shelf: list[str], publish_source: Publish
) -> None:
    first = client.get(AGENTS, {"limit": 3}).json()
    publish_source(agent_source(name="agent-aa"))
    second = client.get(AGENTS, {"limit": 100, "cursor": first["next_cursor"]}).json()
    assert names_in(first) + names_in(second) == shelf


def test_an_agent_published_again_while_updates_are_read_is_not_missed(
    client: Client, shelf: list[str], publish_source: Publish
) -> None:
    reading = pages(client, limit=2, updated_since="2020-01-01T00:00:00Z")
    seen = names_in(next(reading))
    last = client.get(AGENTS, {"updated_since": "2020-01-01T00:00:00Z"}).json()["items"][-1]["name"]
    publish_source(agent_source(name=last, prompt="Another prompt."))
    rest = [agent for page in reading for agent in page["items"]]
    assert sorted(seen + [agent["name"] for agent in rest]) == shelf
    assert (rest[-1]["name"], rest[-1]["version"]["number"]) == (last, 2)


def test_updates_since_the_last_time_seen_include_it(client: Client, shelf: list[str]) -> None:
    everything = client.get(AGENTS, {"updated_since": "2020-01-01T00:00:00Z"}).json()["items"]
    since = client.get(AGENTS, {"updated_since": everything[-1]["updated_at"]}).json()
    assert names_in(since)[-1] == everything[-1]["name"]
    assert names_in(client.get(AGENTS, {"updated_since": "2099-01-01T00:00:00+02:00"}).json()) == []


def test_a_list_is_narrowed_by_category_tag_model_and_tool(client: Client, publish_source: Publish) -> None:
    writing = Category.objects.create(name="writing", title="Writing")
    editor = publish_source(agent_source(name="editor", model="opus", tools="Read, Edit"), category=writing)
    publish_source(agent_source(name="shell", model="haiku", tools='"Read, Bash(git:*)"'))
    publish_source(agent_source(name="free"))
    editor.agent.tags.add(Tag.objects.create(name="prose"))

    def found(**asked: str) -> list[str]:
        return names_in(client.get(AGENTS, asked).json())

    assert found(category="writing") == found(tag="prose") == found(model="opus") == ["editor"]
    assert found(tool="Read") == ["editor", "shell"]
    assert found(tool="Bash") == ["shell"]
    assert found(tool="*") == found(model="inherit") == ["free"]
    assert found(tool="Bash(git:*)") == found(tool="Rea") == found(tool="read") == []
    assert found(category="writing", tool="Read", q="faults") == ["editor"]
    assert found(category="writing", model="haiku") == found(category="none") == []


def test_a_search_puts_the_best_first(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(name="gardener", description="Grows things; a database is not one of them."))
    publish_source(agent_source(name="database-expert", description="Tunes databases. Any database at all."))
    publish_source(agent_source(name="poet", description="Writes verse."))
    assert names_in(client.get(AGENTS, {"q": "database"}).json()) == ["database-expert", "gardener"]


def test_a_blank_search_is_none(client: Client, shelf: list[str]) -> None:
    assert names_in(client.get(AGENTS, {"q": "  "}).json()) == shelf


@pytest.mark.parametrize("asked", [{}, {"q": "review"}, {"updated_since": "2020-01-01T00:00:00Z"}, {"tool": "Read"}])
def test_a_list_takes_as_many_queries_for_ten_agents_as_for_one(
    client: Client, publish_source: Publish, asked: dict[str, str]
) -> None:
    counts = []
    for names in (["first"], [f"agent-{number}" for number in range(9)]):
        for name in names:
            version = publish_source(RICH.replace("name: code-reviewer", f"name: {name}"))
            version.agent.tags.add(Tag.objects.get_or_create(name=f"tag of {name}")[0])
        client.get(AGENTS, {"limit": 1})  # brings the agents in memory up to date
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(AGENTS, asked).json()["items"]) == len(Agent.objects.published())
        counts.append(len(queries) - 1)  # the count of the line above
    assert counts[0] == counts[1] <= (9 if "q" in asked else 5)


@pytest.mark.parametrize("suffix", ["", "/versions", "/versions/1"])
def test_an_agent_takes_few_queries_and_no_long_texts(client: Client, publish_source: Publish, suffix: str) -> None:
    publish_source(RICH)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{ONE}{suffix}")
    assert len(queries) <= 4
    assert not any('"source"' in query["sql"] or '"prompt"' in query["sql"] for query in queries)


def test_page_ten_thousand_costs_what_page_one_does(client: Client, shelf: list[str]) -> None:
    """The rows before a cursor are passed over in the index, not read and thrown away."""
    for asked in ({}, {"updated_since": "2020-01-01T00:00:00Z"}):
        _, second = [page for page, _ in zip(pages(client, limit=3, **asked), range(2), strict=False)]
        with CaptureQueriesContext(connection) as queries:
            client.get(AGENTS, asked | {"limit": 2, "cursor": second["next_cursor"]})
        assert not any("OFFSET" in query["sql"] for query in queries)


# --- Bad questions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"limit": "-1"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"limit": "9" * 6000}, ["limit"]),
        ({"updated_since": "yesterday"}, ["updated_since"]),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, ["updated_since"]),
        ({"updated_since": "9" * 400}, ["updated_since"]),
        ({"q": "x" * 201}, ["q"]),
        ({"q": "a\0b"}, ["q"]),
        ({"category": "\0", "tool": "\0"}, ["category", "tool"]),
        ({"cursor": "x" * 1001}, ["cursor"]),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(
    client: Client, db: None, asked: dict[str, str], fields: list[str]
) -> None:
    response = client.get(AGENTS, asked)
    assert problem(response) == (422, "invalid_parameters")
    errors = response.json()["errors"]
    assert [error["field"] for error in errors] == fields
    assert all(error["message"].endswith(".") for error in errors)


@pytest.mark.parametrize(
    "q",
    [
        "'",
        '"',
        "%",
        "\\",
        "*",
        "a AND",
        "NEAR(",
        "(((",
        "-",
        "col:",
        "\ud800".encode("utf-8", "surrogatepass"),
        "日本",
        "🙂",
        "a" * 200,
        "; DROP TABLE",
        "{}",
        "a\nb",
    ],
)
def test_any_question_is_answered(client: Client, shelf: list[str], q: str | bytes) -> None:
    assert client.get(AGENTS, {"q": q}).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "!!!!",
        "日本",
        "bnVsbA",  # null
        "W10",  # []
        "WyJhIl0",  # ["a"]
        "W1tbW1tbW1tb",
        "eyJhIjoxfQ",
        "%00",
        "_" * 999,
    ],
)
@pytest.mark.parametrize("asked", [{}, {"q": "faults"}, {"updated_since": "2020-01-01T00:00:00Z"}])
def test_a_cursor_that_is_none_is_refused(client: Client, shelf: list[str], key: str, asked: dict[str, str]) -> None:
    response = client.get(AGENTS, asked | {"cursor": key})
    if key == "":
        assert response.status_code == 200
    else:
        assert problem(response) == (400, "invalid_cursor")


def test_a_cursor_belongs_to_the_list_that_gave_it(client: Client, shelf: list[str]) -> None:
    cursor = client.get(AGENTS, {"limit": 2}).json()["next_cursor"]
    other_lists = ({"q": "faults"}, {"tag": "prose"}, {"updated_since": "2020-01-01T00:00:00Z"})
    for other in other_lists:
        assert problem(client.get(AGENTS, other | {"cursor": cursor})) == (400, "invalid_cursor")
    assert client.get(AGENTS, {"cursor": cursor, "limit": 5}).status_code == 200


def test_a_forged_cursor_harms_nothing(client: Client, shelf: list[str]) -> None:
    since = "2020-01-01T00:00:00Z"
    real = client.get(AGENTS, {"limit": 2, "updated_since": since}).json()["next_cursor"]
    fingerprint = json.loads(base64.urlsafe_b64decode(real + "=="))[0]
    for key in ([2**62, 1], [2**63, 1], [-1, 1], [1, 10**40], ["a", 1], [1], [True, 1], [1.5, 1], [None, None]):
        forged = base64.urlsafe_b64encode(json.dumps([fingerprint, *key]).encode()).decode()
        assert problem(client.get(AGENTS, {"updated_since": since, "cursor": forged})) == (400, "invalid_cursor")


@given(
    path=st.sampled_from(["{}", "{}/versions", "code-reviewer/versions/{}", "code-reviewer/versions/{}/download"]),
    part=st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    field=st.sampled_from(["q", "category", "tag", "model", "tool", "updated_since", "cursor", "limit"]),
)
@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_can_be_asked_makes_the_catalog_fail(
    client: Client, shelf: list[str], path: str, part: bytes, field: str
) -> None:
    quoted = quote_from_bytes(part, safe="")
    for address in (f"{AGENTS}/{path.format(quoted)}", f"{AGENTS}?{field}={quoted}"):
        response = client.get(address)
        assert response.status_code < 500
        assert response.status_code < 400 or problem(response)


def test_a_thousand_parameters_too_many_are_a_bad_request(client: Client, db: None) -> None:
    response = client.get(AGENTS + "?" + "&".join(f"p{number}=1" for number in range(1_100)))
    assert problem(response) == (400, "bad_request")
