"""The lists people work with: agents and drafts with state, who, when and findings; narrowed, sorted, searched."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import drafting, publishing, shelving
from catalog.definition import read
from catalog.models import Agent, Category, Draft, Version
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
AGENTS, DRAFTS = "/admin/catalog/agent/", "/admin/catalog/draft/"
BROKEN = agent_source("broken").replace("description:", "about:")


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def rows_of(page: str) -> dict[str, str]:
    """The rows of a list by the agent's name."""
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return {re.search(r'class="address">([^<]+)<', row)[1]: row for row in rows}


def states_in(row: str) -> list[str]:
    return re.findall(r'class="state \w+">([^<]+)<', row)


def begun(name: str, by: User, **more: str) -> Draft:
    agent, _ = publishing.register(read(agent_source(name)), by=by)
    return drafting.open_draft(agent, by=by, source=agent_source(name, **more))


@pytest.fixture
def drafts(publish_source: Publish, editor: User, publisher: User) -> dict[str, Draft]:
    """A draft of each state: of a published agent and of a new one."""
    old = publish_source(agent_source("old"), by=publisher).agent
    made = {
        "old": drafting.open_draft(old, by=editor, source=agent_source("old", model="opus")),
        "editing": begun("editing", publisher),
        "submitted": begun("submitted", editor),
        "returned": begun("returned", editor),
        "handed": drafting.open_draft(
            publish_source(agent_source("handed"), by=publisher).agent,
            by=editor,
            source=agent_source("handed", model="opus"),
        ),
    }
    for name in ("submitted", "returned", "handed"):
        made[name] = drafting.submit(made[name], by=editor, revision=made[name].revision)
    made["returned"] = drafting.return_(
        made["returned"], by=publisher, revision=made["returned"].revision, reason="Say when to use it."
    )
    return made


# --- Agents ----------------------------------------------------------------------------------------


def test_each_agent_says_where_its_draft_stands_and_whose_hand_was_last_on_it(
    client: Client, editor: User, drafts: dict[str, Draft]
) -> None:
    rows = rows_of(text_of(log_in(client, editor), AGENTS))
    assert {name: states_in(row) for name, row in rows.items()} == {
        "editing": ["Draft"],
        "handed": ["Published v1", "In review"],
        "old": ["Published v1", "Changes waiting"],
        "returned": ["Returned"],
        "submitted": ["In review"],
    }
    assert re.search(r"Submitted <time.*by elif", rows["submitted"])
    assert re.search(r"Returned <time.*by pablo", rows["returned"])
    assert re.search(r"Saved <time.*by elif", rows["old"])
    assert re.search(r"Saved <time.*by pablo", rows["editing"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=in_review", ["handed", "submitted"]),
        ("state=returned", ["returned"]),
        ("state=changed", ["handed", "old"]),
        ("state=draft", ["editing", "returned", "submitted"]),
        ("state=mine", ["handed", "old", "returned", "submitted"]),
        ("who=pablo", ["editing", "returned"]),
        ("who=elif", ["handed", "old", "submitted"]),
        ("who=nobody", []),
        ("q=faults", ["handed", "old"]),  # a word of the lead
        ("o=2", ["handed", "submitted", "returned", "old", "editing"]),  # by state: what waits for somebody first
        ("o=-5", ["returned", "handed", "submitted", "editing", "old"]),
    ],
)
def test_the_agents_are_narrowed_searched_and_sorted(
    client: Client, editor: User, drafts: dict[str, Draft], query: str, expected: list[str]
) -> None:
    assert list(rows_of(text_of(log_in(client, editor), f"{AGENTS}?{query}"))) == expected


def test_what_i_look_after_is_mine(client: Client, editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    log_in(client, editor)
    assert rows_of(text_of(client, f"{AGENTS}?state=mine")) == {}
    agent.maintainers.add(editor)
    assert list(rows_of(text_of(client, f"{AGENTS}?state=mine"))) == ["code-reviewer"]


def test_findings_are_those_of_the_draft_where_there_is_one(
    client: Client, editor: User, publish_source: Publish
) -> None:
    publish_source(agent_source("warned", model="sonet", tools="Read"))
    publish_source(agent_source("fine", tools="Read"))
    mended = publish_source(agent_source("mended", model="sonet", tools="Read")).agent
    drafting.open_draft(mended, by=editor, source=agent_source("mended", tools="Read"))
    drafting.save(draft := begun("broken", editor), BROKEN, by=editor, revision=draft.revision)
    log_in(client, editor)

    def found(query: str = "") -> dict[str, list[str]]:
        rows = rows_of(text_of(client, AGENTS + query))
        return {
            name: re.findall(r'class="finding-count (?:error|warning)">([^<]+)<', row) for name, row in rows.items()
        }

    assert found() == {"broken": ["1 problem"], "fine": [], "mended": [], "warned": ["1 warning"]}
    assert list(found("?findings=error")) == ["broken"]
    assert list(found("?findings=warning")) == ["warned"]
    assert sorted(found("?findings=none")) == ["fine", "mended"]
    drafting.save(draft, agent_source("broken", tools="Read"), by=editor, revision=draft.revision + 1)
    assert list(found("?findings=error")) == []


def test_the_way_on_is_the_draft_or_its_review(
    client: Client, editor: User, publisher: User, drafts: dict[str, Draft]
) -> None:
    def ways(user: User) -> dict[str, list[tuple[str, str]]]:
        rows = rows_of(text_of(log_in(client, user), AGENTS))
        return {name: re.findall(r'href="[^"]*/(draft|review)/">([^<]+)<', row) for name, row in rows.items()}

    assert ways(editor)["old"] == ways(publisher)["old"] == [("draft", "Edit draft")]
    assert ways(editor)["submitted"] == [("draft", "Read draft")]
    assert ways(publisher)["submitted"] == [("review", "Review")]


@pytest.mark.parametrize("address", [AGENTS, DRAFTS, "/admin/review/", "/admin/", f"{AGENTS}?findings=warning"])
def test_fifty_rows_take_as_many_queries_as_five(
    client: Client, publisher: User, publish_source: Publish, address: str
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    def add(start: int, stop: int) -> None:
        for number in range(start, stop):
            agent = publish_source(agent_source(f"agent-{number}")).agent
            draft = drafting.open_draft(agent, by=publisher, source=agent_source(f"agent-{number}", model="sonet"))
            if number % 2:
                drafting.submit(draft, by=publisher, revision=draft.revision)

    log_in(client, publisher)
    add(0, 5)
    count()  # what is remembered
    before = count()
    add(5, 50)
    count()
    assert count() == before
    assert before <= 17


def test_an_empty_list_says_what_to_do(client: Client, editor: User) -> None:
    log_in(client, editor)
    page = text_of(client, AGENTS)
    assert "There are no agents yet" in page
    assert "Import files" in page
    assert "A draft begins when somebody edits an agent" in text_of(client, DRAFTS)
    assert "show all agents" in text_of(client, f"{AGENTS}?q=zebra")


# --- The page of an agent --------------------------------------------------------------------------


def change(client: Client, agent: Agent, **fields: str) -> int:
    form = {"title": agent.title, "category": "", "tags": "", "maintainers": "", "license": "", "origin_url": ""}
    return client.post(f"{AGENTS}{agent.pk}/change/", {**form, **fields}).status_code


def test_an_editor_changes_only_what_was_never_published(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    published = publish_source(agent_source("published")).agent
    withdrawn = publish_source(agent_source("withdrawn"))
    publishing.yank(withdrawn, by=publisher, reason="It is wrong.")
    new = begun("new", editor).agent
    log_in(client, editor)
    statuses = [change(client, agent, title="Mine", tags="t") for agent in (published, withdrawn.agent, new)]
    assert statuses == [403, 403, 302]
    assert sorted(Agent.objects.values_list("title", flat=True)) == ["Mine", "Published", "Withdrawn"]
    page = text_of(client, f"{AGENTS}{published.pk}/change/")
    assert "is changed by those who may publish" in page
    assert 'name="title"' not in page
    assert 'name="title"' in text_of(client, f"{AGENTS}{new.pk}/change/")
    assert change(log_in(client, publisher), published, title="Theirs") == 302


def test_what_is_changed_on_the_page_stands_in_the_audit_log(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source()).agent
    writing = Category.objects.create(name="writing", title="Writing")
    shelving.tag([agent], ["old"], by=publisher)
    log_in(client, publisher)
    change(client, agent, title="Careful", category=str(writing.pk), tags="python, Code Review")
    page = text_of(client, f"{AGENTS}{agent.pk}/change/")
    for sentence in (
        "pablo changed its title from Code Reviewer to Careful",
        "pablo moved it to Writing",
        "pablo took off the tags old",
        "pablo tagged it code-review, python",
    ):
        assert sentence in page
    change(client, agent, title="Careful", category=str(writing.pk), tags="python,code-review")
    assert agent.events.filter(verb="tagged").count() == 2
    change(client, agent, title="Careful", tags="python,code-review")
    assert "pablo took it out of Writing" in text_of(client, f"{AGENTS}{agent.pk}/change/")


def test_the_page_says_where_the_draft_stands(
    client: Client, editor: User, publisher: User, drafts: dict[str, Draft]
) -> None:
    def page(name: str, user: User) -> str:
        return text_of(log_in(client, user), f"{AGENTS}{drafts[name].agent_id}/change/")

    assert "Say when to use it." in page("returned", editor)
    assert re.search("<strong>In review</strong> since <time.*submitted by elif", page("submitted", editor))
    assert f"{AGENTS}{drafts['submitted'].agent_id}/review/" not in page("submitted", editor)
    assert f"{AGENTS}{drafts['submitted'].agent_id}/review/" in page("submitted", publisher)
    assert f"{AGENTS}add/?from=old" in page("old", editor)


def test_an_agent_without_text_says_what_to_do(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    page = text_of(log_in(client, editor), f"{AGENTS}{agent.pk}/change/")
    assert "No text yet." in page
    assert "Write its text" in page
    assert "Copy as a new agent" not in page


# --- Drafts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["editing", "handed", "old", "returned", "submitted"]),
        ("?state=in_review", ["handed", "submitted"]),
        ("?state=returned", ["returned"]),
        ("?state=editing", ["editing", "old"]),
        ("?who=pablo", ["editing"]),
    ],
)
def test_the_drafts_are_narrowed(
    client: Client, editor: User, drafts: dict[str, Draft], query: str, expected: list[str]
) -> None:
    assert sorted(rows_of(text_of(log_in(client, editor), DRAFTS + query))) == expected


def test_a_draft_in_review_opens_for_review_where_one_may(
    client: Client, editor: User, publisher: User, drafts: dict[str, Draft]
) -> None:
    address = f"{DRAFTS}{drafts['submitted'].pk}/change/"
    assert log_in(client, editor).get(address)["Location"].endswith("/draft/")
    assert log_in(client, publisher).get(address)["Location"].endswith("/review/")


def discard(client: Client, drafts: list[Draft], **more: str) -> str:
    """Tick the drafts, choose to discard them, and answer the question that follows."""
    keys = [str(draft.pk) for draft in drafts]
    asked = client.post(DRAFTS, {"action": "discard", "index": "0", "_selected_action": keys}).content.decode()
    meant = re.search(r'name="drafts" value="([^"]*)"', asked)
    form = {"drafts": meant[1] if meant else "", **more}
    return re.sub(r"\s+", " ", client.post(f"{DRAFTS}discard/", form, follow=True).content.decode())


def test_drafts_are_discarded_together_but_for_those_in_review(
    client: Client, editor: User, drafts: dict[str, Draft]
) -> None:
    log_in(client, editor)
    keys = [str(draft.pk) for draft in drafts.values()]
    asked = client.post(DRAFTS, {"action": "discard", "index": "0", "_selected_action": keys}).content.decode()
    assert "Discard 3 drafts?" in asked
    assert "2 passed over: in review" in asked
    assert "3 drafts discarded." in discard(client, list(drafts.values()))
    assert set(Draft.objects.values_list("agent__name", flat=True)) == {"submitted", "handed"}


def test_a_draft_that_was_saved_meanwhile_is_not_discarded(
    client: Client, editor: User, drafts: dict[str, Draft]
) -> None:
    log_in(client, editor)
    seen = f"{drafts['old'].pk}:{drafts['old'].revision},{drafts['editing'].pk}:{drafts['editing'].revision}"
    drafting.save(drafts["old"], agent_source("old", model="haiku"), by=editor, revision=drafts["old"].revision)
    page = client.post(f"{DRAFTS}discard/", {"drafts": seen}, follow=True).content.decode()
    assert "1 draft discarded. 1 was kept: saved, submitted or published meanwhile." in page
    assert Draft.objects.filter(agent__name="old").exists()


def test_nothing_is_discarded_by_those_who_may_not(client: Client, outsider: User, drafts: dict[str, Draft]) -> None:
    seen = f"{drafts['old'].pk}:{drafts['old'].revision}"
    log_in(client, outsider).post(f"{DRAFTS}discard/", {"drafts": seen})
    assert Draft.objects.filter(agent__name="old").exists()


# --- The start page --------------------------------------------------------------------------------


def start(client: Client, user: User) -> tuple[str, str, str]:
    """What waits, the drafts, and what was published."""
    page = text_of(log_in(client, user), "/admin/")
    waiting, drafts, published = (page.index(head) for head in ("Waiting for you", "Your drafts", "Recently published"))
    return page[waiting:drafts], page[drafts:published], page[published:]


def test_an_editor_begins_with_what_came_back(client: Client, editor: User, drafts: dict[str, Draft]) -> None:
    waiting, mine, _ = start(client, editor)
    assert "Say when to use it." in waiting
    assert f"{AGENTS}{drafts['returned'].agent_id}/draft/" in waiting
    assert f"{AGENTS}{drafts['submitted'].agent_id}/" not in waiting
    assert '<span class="count">3</span>' in mine
    assert "in review since" in mine
    assert f"{AGENTS}{drafts['editing'].agent_id}/" not in mine


def test_a_publisher_begins_with_the_queue(client: Client, publisher: User, drafts: dict[str, Draft]) -> None:
    waiting, mine, published = start(client, publisher)
    first, second = (waiting.index(f"{AGENTS}{drafts[name].agent_id}/review/") for name in ("submitted", "handed"))
    assert first < second  # the longest waiting first
    assert f"{AGENTS}{drafts['editing'].agent_id}/draft/" in mine
    assert "Old" in published


def test_a_start_page_with_nothing_on_it_says_what_comes_there(
    client: Client, editor: User, publish_source: Publish
) -> None:
    publish_source(agent_source())
    waiting, mine, _ = start(client, editor)
    assert "A draft that a reviewer returns stands here" in waiting
    assert "A draft begins when you edit" in mine
