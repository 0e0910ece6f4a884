import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog import definition, drafting, publishing
from catalog.api import api, examples
from catalog.api.errors import Kind
from catalog.models import Category, Tag
from tests.answers import AGENTS, BASE, ONE, RICH, Publish, names_in, problem, shape, without_limits
from tests.sources import agent_source

ROOT = Path(__file__).resolve().parents[1]
SNAPSHOT = Path(__file__).with_name("openapi.json")
UPDATE = "python manage.py export_openapi_schema --api catalog.api.api --indent 2 --output tests/openapi.json"


# --- An agent --------------------------------------------------------------------------------------------


def test_an_agent_tells_all_of_itself(client: Client, publish_source: Publish) -> None:
    shelf = Category.objects.create(name="engineering", title="Engineering")
    version = publish_source(RICH, category=shelf, note="First.")
    agent = version.agent
    agent.tags.add(*(Tag.objects.create(name=name) for name in ("quality", "git")))
    body = client.get(ONE).json()
    assert body.pop("findings") == version.findings
    assert body == {
        "name": "code-reviewer",
        "title": "Code Reviewer",
        "lead": "Use it after a change.",
        "description": version.description,
        "category": "engineering",
        "tags": ["git", "quality"],
        "model": "opus",
        "color": "green",
        "tools": ["Read", "Bash(git:*)"],
        "examples": [
            {
                "context": "A change is done.",
                "user": "Look at this.",
                "assistant": "I will ask the code-reviewer.",
                "commentary": "A change is done.",
            }
        ],
        "version": {
            "number": 1,
            "digest": version.digest,
            "size": len(RICH.encode()),
            "note": "First.",
            "published_at": as_json(version.published_at),
            "yanked_at": None,
            "yank_reason": None,
        },
        "urls": {
            "page": f"{BASE}/agents/code-reviewer/",
            "source": f"{BASE}/agents/code-reviewer.md",
            "pinned_source": f"{BASE}/agents/code-reviewer/1.md",
            "download": f"{BASE}/api/v1/agents/code-reviewer/versions/1/download",
            "versions": f"{BASE}/api/v1/agents/code-reviewer/versions",
        },
        "created_at": as_json(agent.created_at),
        "updated_at": as_json(agent.updated_at),
        "deprecated": False,
        "deprecation": None,
    }


def as_json(time: Any) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def test_what_a_file_does_not_say_is_null(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    body = client.get(ONE).json()
    assert [body[field] for field in ("category", "model", "color", "tools")] == [None] * 4
    assert (body["tags"], body["examples"]) == ([], [])


def test_no_tools_is_not_all_tools(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(tools="[]"))
    assert client.get(ONE).json()["tools"] == []


def test_a_deprecated_agent_says_so(client: Client, publisher: User, publish_source: Publish) -> None:
    agent, other = publish_source(agent_source()).agent, publish_source(agent_source("better")).agent
    publishing.deprecate(agent, by=publisher, note="Use another.", successor=other)
    body = client.get(ONE).json()
    assert body["deprecated"] is True
    assert body["deprecation"] == {"note": "Use another.", "successor": "better"}


def test_text_in_any_script_is_sent_as_it_is(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(name="レビュー担当", description="変更を確認します 🙂"))
    response = client.get(f"{AGENTS}/レビュー担当")
    assert response.json()["description"] == "変更を確認します 🙂"
    assert "変更を確認します 🙂".encode() in response.content
    assert response.json()["urls"]["page"].endswith("/agents/%E3%83%AC%E3%83%93%E3%83%A5%E3%83%BC%E6%8B%85%E5%BD%93/")


@pytest.mark.parametrize("host", ["127.0.0.1:9999", "localhost"])
def test_addresses_are_those_of_the_catalog_whatever_the_host_header(
    client: Client, publish_source: Publish, settings: Any, host: str
) -> None:
    publish_source(agent_source())
    settings.CATALOG_BASE_URL = "https://agents.example.org"
    headers = {"host": host, "x-forwarded-host": "evil.example"}
    urls = client.get(ONE, headers=headers).json()["urls"]
    assert {url.split("/")[2] for url in urls.values()} == {"agents.example.org"}


def test_every_address_an_agent_gives_answers(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    for url in client.get(ONE).json()["urls"].values():
        assert client.get(url.removeprefix(BASE)).status_code == 200, url


# --- Versions --------------------------------------------------------------------------------------------


def test_a_version_shows_the_agent_as_it_was(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(description="As it was."))
    publish_source(agent_source(description="As it is."))
    then, now = client.get(f"{ONE}/versions/1").json(), client.get(f"{ONE}/versions/2").json()
    assert (then["lead"], then["version"]["number"]) == ("As it was.", 1)
    assert (now["lead"], now["version"]["number"]) == ("As it is.", 2)
    assert then["urls"]["page"] == f"{BASE}/agents/code-reviewer/1/"
    assert then["urls"]["pinned_source"] == f"{BASE}/agents/code-reviewer/1.md"
    assert now["urls"]["page"] == f"{BASE}/agents/code-reviewer/"
    assert client.get(f"{ONE}/versions/latest").json() == client.get(ONE).json() == now


def test_versions_are_listed_newest_first_with_the_yanked(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    versions = [publish_source(agent_source(prompt=f"Prompt {number}.")) for number in range(5)]
    publishing.yank(versions[1], by=publisher, reason="It was wrong.")
    body = client.get(f"{ONE}/versions").json()
    assert [version["number"] for version in body["items"]] == [5, 4, 3, 2, 1]
    assert [version["number"] for version in body["items"] if version["yanked_at"]] == [2]
    assert body["next_cursor"] is None


def test_versions_come_in_pages(client: Client, publish_source: Publish) -> None:
    for number in range(5):
        publish_source(agent_source(prompt=f"Prompt {number}."))
    first = client.get(f"{ONE}/versions", {"limit": 2}).json()
    second = client.get(f"{ONE}/versions", {"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [version["number"] for version in first["items"] + second["items"]] == [5, 4, 3, 2, 1]
    assert second["next_cursor"] is None


def test_latest_is_the_newest_that_is_offered(client: Client, publisher: User, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="First."))
    publishing.yank(publish_source(agent_source(prompt="Second.")), by=publisher, reason="It was wrong.")
    assert client.get(f"{ONE}/versions/latest").json()["version"]["number"] == 1
    assert client.get(ONE).json()["version"]["number"] == 1
    yanked = client.get(f"{ONE}/versions/2")
    assert yanked.status_code == 200
    assert yanked.json()["version"]["yanked_at"].endswith("Z")


def test_an_agent_without_an_offered_version_is_gone_but_its_versions_are_not(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="It was wrong.")
    for address in (ONE, f"{ONE}/versions/latest", f"{ONE}/versions/latest/download"):
        assert problem(client.get(address)) == (410, "agent_withdrawn")
    for address in (f"{ONE}/versions", f"{ONE}/versions/1", f"{ONE}/versions/1/download"):
        assert client.get(address).status_code == 200
    assert names_in(client.get(AGENTS).json()) == []


@pytest.mark.parametrize(
    "number", ["2", "0", "-1", "01", "1.0", "one", "LATEST", "١", "2147483648", str(10**30), "9" * 5000]
)
@pytest.mark.parametrize("suffix", ["", "/download"])
def test_a_number_that_no_version_has_is_not_found(
    client: Client, publish_source: Publish, number: str, suffix: str
) -> None:
    publish_source(agent_source())
    assert problem(client.get(f"{ONE}/versions/{number}{suffix}")) == (404, "version_not_found")


# --- Names -----------------------------------------------------------------------------------------------

OF_AN_AGENT = ["", "/versions", "/versions/1", "/versions/latest"]


@pytest.mark.parametrize("suffix", OF_AN_AGENT)
def test_a_former_name_leads_to_the_present_one(
    client: Client, publisher: User, publish_source: Publish, suffix: str
) -> None:
    publishing.rename(publish_source(agent_source()).agent, "change-reviewer", by=publisher)
    response = client.get(f"{ONE}{suffix}?limit=1&q=%20")
    assert response.status_code == 308
    assert response["Location"] == f"{AGENTS}/change-reviewer{suffix}?limit=1&q=%20"
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("number", ["1", "latest"])
def test_a_download_under_a_former_name_is_the_file_itself(
    client: Client, publisher: User, publish_source: Publish, number: str
) -> None:
    publishing.rename(publish_source(agent_source()).agent, "change-reviewer", by=publisher)
    response = client.get(f"{ONE}/versions/{number}/download")
    assert response.status_code == 200
    assert response.content == client.get(f"{AGENTS}/change-reviewer/versions/{number}/download").content


@pytest.mark.parametrize("spelling", ["Code-Reviewer", "CODE-REVIEWER", "code_reviewer", "Code Reviewer"])
def test_another_spelling_of_a_name_leads_to_the_one_it_has(
    client: Client, publish_source: Publish, spelling: str
) -> None:
    publish_source(agent_source())
    response = client.get(f"{AGENTS}/{spelling}/versions/1")
    assert (response.status_code, response["Location"]) == (308, f"{ONE}/versions/1")


@pytest.mark.parametrize("suffix", OF_AN_AGENT)
def test_an_agent_with_nothing_but_a_draft_is_as_unknown_as_one_that_is_not_there(
    client: Client, editor: User, suffix: str
) -> None:
    source = agent_source(name="plan-a", description="A secret canary.")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    drafted, unknown = client.get(f"{AGENTS}/plan-a{suffix}"), client.get(f"{AGENTS}/plan-b{suffix}")
    assert problem(drafted) == problem(unknown) == (404, "agent_not_found")
    assert drafted.content.replace(b"plan-a", b"plan-b") == unknown.content
    assert without_limits(drafted) == without_limits(unknown)
    assert client.get(f"{AGENTS}/Plan-A{suffix}").status_code == 404


def test_a_draft_shows_nowhere(client: Client, editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    drafting.open_draft(agent, by=editor, source=agent_source(description="A secret canary."))
    publishing.register(definition.parse(agent_source(name="secret-canary")), by=editor)
    for address in (AGENTS, f"{AGENTS}?q=canary", ONE, f"{ONE}/versions", f"{ONE}/versions/latest/download"):
        assert b"canary" not in client.get(address).content


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80", "%FF", "x" * 2000, "..", "%2e%2e", "' OR 1=1", "%0A"])
@pytest.mark.parametrize("suffix", OF_AN_AGENT)
def test_a_name_nobody_can_have_is_not_found(client: Client, db: None, name: str, suffix: str) -> None:
    status, _ = problem(client.get(f"{AGENTS}/{name}{suffix}"))
    assert status == 404


# --- The reference ---------------------------------------------------------------------------------------


def test_the_openapi_document_is_the_reviewed_one(client: Client, db: None) -> None:
    served = client.get("/api/v1/openapi.json").json()
    assert served == json.loads(SNAPSHOT.read_text(encoding="utf-8")), f"review the change, then run: {UPDATE}"


def test_operations_are_verb_resource_and_shapes_end_in_in_or_out() -> None:
    document = api.get_openapi_schema()
    operations = [described for methods in document["paths"].values() for described in methods.values()]
    assert {described["operationId"] for described in operations} == set(examples.BY_OPERATION)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", described["operationId"]) for described in operations)
    assert all(name.endswith(("In", "Out")) for name in document["components"]["schemas"])


def test_the_examples_of_the_reference_have_the_shape_of_real_answers(client: Client, publish_source: Publish) -> None:
    agent = publish_source(RICH).agent
    agent.tags.add(Tag.objects.create(name="quality"))
    assert shape(client.get(ONE).json()) == shape(examples.AGENT)
    assert shape(client.get(AGENTS).json()) == shape(examples.AGENTS)
    assert shape(client.get(f"{ONE}/versions").json()) == shape(examples.VERSIONS)
    assert shape(client.get(f"{AGENTS}/unknown").json()) == shape(examples.PROBLEM)
    assert definition.parse(examples.FILE).name == "python-backend-engineer"


def test_the_root_leads_to_the_docs_which_list_every_operation_and_problem(client: Client, db: None) -> None:
    page = client.get("/api/v1/", follow=True).content.decode()
    for methods in api.get_openapi_schema()["paths"].values():
        for described in methods.values():
            assert f'id="{described["operationId"]}"' in page
    for kind in Kind:
        assert f'id="{kind.code}"' in page


def test_the_readme_has_the_pipeline_of_the_reference(client: Client, db: None) -> None:
    pipeline = (ROOT / "catalog" / "api" / "pipeline.yml").read_text(encoding="utf-8")
    assert pipeline in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "https://agents.example.com" not in client.get("/api/v1/docs").content.decode()
