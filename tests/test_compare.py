"""The page that says what changed between two versions: in words, by line, and for any two."""

import re
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import publishing
from catalog.comparing import compare, with_words
from catalog.models import Version
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

ADDRESS = "/agents/code-reviewer/compare/1/2/"


@pytest.fixture
def two(publish_source: Publish) -> None:
    publish_source(agent_source(prompt="You review code.\n\nSay what is wrong.\n"))
    publish_source(
        agent_source(prompt="You review code.\n\nSay what is very wrong.\n", model="opus"), note="Is stricter."
    )


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def words_in(page: str, mark: str) -> list[str]:
    """What is marked as gone (`del`) or as come (`ins`), without what a screen reader is told of it."""
    found = re.findall(rf"<{mark}>(.*?)</{mark}>", page, re.DOTALL)
    return [re.sub(r"<span.*?</span>", "", words).strip() for words in found]


# --- What it says ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_changes_are_told_by_field_with_the_words_marked(client: Client) -> None:
    page = text_of(client, ADDRESS)
    assert "What changed from version 1 to version 2" in page
    assert words_in(page, "ins") == ["very", "opus"]
    assert words_in(page, "del") == ["each person’s own choice"]
    assert "Is stricter." in page


@pytest.mark.usefixtures("two")
def test_a_screen_reader_is_told_what_came_and_what_went(client: Client) -> None:
    assert '<ins><span class="visually-hidden">added: </span>very</ins>' in text_of(client, ADDRESS)


@pytest.mark.usefixtures("two")
def test_the_source_shows_changed_lines_with_their_words_marked_and_both_digests(client: Client) -> None:
    page = text_of(client, f"{ADDRESS}?view=source")
    assert "very" in "".join(words_in(page, "ins"))
    assert page.count("Say what is ") == 2
    for digest in Version.objects.values_list("digest", flat=True):
        assert f">{digest}</code>" in page


@pytest.mark.usefixtures("two")
def test_it_can_be_read_the_other_way_round(client: Client) -> None:
    assert 'href="/agents/code-reviewer/compare/2/1/"' in text_of(client, ADDRESS)
    page = text_of(client, "/agents/code-reviewer/compare/2/1/")
    assert words_in(page, "del") == ["very", "opus"]
    assert "Is stricter." not in page


def test_versions_of_the_same_text_say_that_nothing_changed(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    first = publish_source(agent_source(prompt="First.\n"))
    publish_source(agent_source(prompt="Second.\n"))
    publishing.restore(first, by=publisher)
    for view in ("", "?view=source"):
        assert "the same file, byte for byte" in text_of(client, f"/agents/code-reviewer/compare/1/3/{view}")


@pytest.mark.usefixtures("two")
def test_a_version_against_itself_asks_to_choose_two(client: Client) -> None:
    assert "one and the same version" in text_of(client, "/agents/code-reviewer/compare/2/2/")


def test_line_ends_alone_are_a_change_of_writing(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    publish_source(agent_source().replace("\n", "\r\n"))
    assert "Only the way the file is written changes" in text_of(client, ADDRESS)
    assert "CRLF" in text_of(client, f"{ADDRESS}?view=source")


def test_a_withdrawn_version_can_be_compared_and_says_so(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    publish_source(agent_source(prompt="First.\n"))
    publishing.yank(publish_source(agent_source(prompt="Second.\n")), by=publisher, reason="It lies.")
    page = text_of(client, ADDRESS)
    assert "withdrawn" in page
    assert "It lies." in page


def test_what_is_in_a_file_is_never_markup(client: Client, publish_source: Publish) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    publish_source(agent_source())
    publish_source(agent_source(description=hostile, prompt=hostile, model=hostile, owner=hostile), note=hostile)
    for view in ("", "?view=source"):
        assert "<img" not in text_of(client, ADDRESS + view)


def test_a_character_that_cannot_be_seen_is_shown(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Be kind.\n"))
    publish_source(agent_source(prompt="Be un\u200bkind.\n"))
    for view in ("", "?view=source"):
        assert "U+200B" in text_of(client, ADDRESS + view)


# --- Choosing ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("?from=2&to=1", "/agents/code-reviewer/compare/2/1/"),
        ("?from=1&to=2&view=source", f"{ADDRESS}?view=source"),
        ("", ADDRESS),
        ("?from=x&to=%00", ADDRESS),
        ("?from=١&to=2", ADDRESS),
    ],
)
def test_the_form_leads_to_the_address_of_what_was_chosen(client: Client, query: str, address: str) -> None:
    response = client.get(f"/agents/code-reviewer/compare/{query}")
    assert (response.status_code, response["Location"]) == (302, address)


def test_with_one_version_there_is_nothing_to_choose(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    assert client.get("/agents/code-reviewer/compare/")["Location"] == "/agents/code-reviewer/"
    assert "compare" not in text_of(client, "/agents/code-reviewer/").lower()


@pytest.mark.usefixtures("two")
def test_the_agent_page_leads_to_every_comparison(client: Client) -> None:
    page = text_of(client, "/agents/code-reviewer/")
    assert f'href="{ADDRESS}"' in page
    assert 'action="/agents/code-reviewer/compare/"' in page
    assert f'href="{ADDRESS}"' in text_of(client, "/agents/code-reviewer/1/")


# --- Addresses ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "address",
    [
        "/agents/code-reviewer/compare/1/3/",
        "/agents/code-reviewer/compare/9/1/",
        "/agents/code-reviewer/compare/0/1/",
        "/agents/code-reviewer/compare/1/999999999/",
        f"/agents/code-reviewer/compare/1/{'9' * 40}/",
        "/agents/nobody/compare/1/2/",
        "/agents/nobody/compare/",
        "/agents/code-reviewer/compare/1/",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, address: str) -> None:
    text_of(client, address, 404)


def test_a_former_name_leads_on(client: Client, publisher: User, two: None) -> None:
    publishing.rename(Version.objects.all()[0].agent, "fault-finder", by=publisher)
    response = client.get(f"{ADDRESS}?view=source")
    assert (response.status_code, response["Location"]) == (301, "/agents/fault-finder/compare/1/2/?view=source")


@pytest.mark.usefixtures("two")
def test_search_engines_are_asked_to_leave_it_out(client: Client) -> None:
    assert '<meta name="robots" content="noindex' in text_of(client, ADDRESS)


@pytest.mark.usefixtures("two")
def test_it_is_kept_until_something_changes(client: Client, publish_source: Publish) -> None:
    etag = client.get(ADDRESS)["ETag"]
    assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 304
    publish_source(agent_source(prompt="Third.\n"))
    assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200


def test_it_costs_the_same_queries_however_many_versions(client: Client, publish_source: Publish) -> None:
    costs = []
    for number in range(8):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
        if number in (1, 7):
            with CaptureQueriesContext(connection) as captured:
                text_of(client, ADDRESS)
            costs.append(len(captured))
    assert costs[0] == costs[1] <= 4


# --- Words inside lines -------------------------------------------------------------------------------


def marked(old: str, new: str) -> list[str]:
    signs = {"same": "{}", "gone": "[-{}-]", "new": "[+{}+]"}
    rows = [row for group in with_words(compare(old, new)) for row in group if row.kind != "same"]
    return ["".join(signs[piece.kind].format(piece.text) for piece in row.pieces) or row.text for row in rows]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("be kind", "be very kind", ["be kind", "be [+very +]kind"]),
        ("use tabs  here", "use tabs here", ["use tabs[-  -]here", "use tabs[+ +]here"]),
        ("文化を調べます", "文化を深く調べます", ["文化を調べます", "文化を[+深く+]調べます"]),
        ("nothing in common", "quite another thing", ["nothing in common", "quite another thing"]),
        ("same\n", "same", ["same", "same"]),
    ],
)
def test_words_are_marked_in_a_line_that_is_still_the_same_line(old: str, new: str, lines: list[str]) -> None:
    assert marked(old, new) == lines


def test_a_line_is_matched_with_the_one_it_was_where_others_came_between() -> None:
    assert marked("keep this here\n", "a new one\nkeep this there\n") == [
        "keep this [-here-]",
        "a new one",
        "keep this [+there+]",
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("text", ["a b " * 50_000, "a\n" * 60_000, "x " * 900 + "\n" + "y " * 900, "文" * 60_000])
def test_the_work_is_bounded(client: Client, publish_source: Publish, text: str) -> None:
    publish_source(agent_source(prompt=text + "\n"))
    publish_source(agent_source(prompt=text.replace("a", "b").replace("文", "武")[::-1] + "\n"))
    for view in ("", "?view=source"):
        start = time.process_time()
        text_of(client, ADDRESS + view)
        assert time.process_time() - start < 5
