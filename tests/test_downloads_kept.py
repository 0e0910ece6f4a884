"""What downloads say of time, and what is kept of them in memory."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import changes, downloads, publishing
from catalog.downloads import find_source
from catalog.models import Agent, Version
from tests.sources import agent_source

Publish = Callable[..., Version]
PINNED, LATEST = "/agents/code-reviewer/1.md", "/agents/code-reviewer.md"
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`later(5)`: it is five seconds later, for what is told of time."""

    def move(seconds: float) -> None:
        class Later(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.now(tz) + timedelta(seconds=seconds)

        monkeypatch.setattr(downloads, "datetime", Later)

    return move


# --- Where else it is -------------------------------------------------------------------------------------


def test_the_latest_leads_to_the_pinned_address_and_back(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    publish_source(agent_source(model="opus"))
    assert client.get(LATEST)["Link"] == f'<{BASE}/agents/code-reviewer/2.md>; rel="cite-as"'
    assert client.get(PINNED)["Link"] == f'<{BASE}{LATEST}>; rel="latest-version"'
    api = client.get("/api/v1/agents/code-reviewer/versions/latest/download")
    assert client.get(api["Link"].split(">")[0][1:].removeprefix(BASE)).content == api.content


# --- Since when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PINNED, LATEST])
def test_a_file_that_did_not_change_since_is_not_sent_again(
    client: Client, publish_source: Publish, later: Callable[[float], None], address: str
) -> None:
    version = publish_source(agent_source())
    later(65)
    modified = client.get(address)["Last-Modified"]
    told = parsedate_to_datetime(modified)
    assert version.published_at <= told <= datetime.now(UTC) + timedelta(seconds=65)
    for asked in (modified, format_datetime(told + timedelta(hours=1), usegmt=True)):
        response = client.get(address, headers={"if-modified-since": asked})
        assert (response.status_code, response.content, response["Last-Modified"]) == (304, b"", modified)
    before = format_datetime(told - timedelta(seconds=1), usegmt=True)
    assert client.get(address, headers={"if-modified-since": before}).status_code == 200
    assert client.get(address, headers={"if-modified-since": "yesterday"}).status_code == 200
    assert client.get(address, headers={"if-unmodified-since": before}).status_code == 412
    # The text decides where both are asked.
    both = {"if-modified-since": modified, "if-none-match": '"another"'}
    assert client.get(address, headers=both).status_code == 200


def test_no_time_is_told_or_believed_while_another_version_could_still_have_it(
    client: Client, publish_source: Publish
) -> None:
    """An HTTP date knows seconds: two versions of one second would have the same."""
    publish_source(agent_source())
    response = client.get(LATEST)
    assert "Last-Modified" not in response
    now = format_datetime(datetime.now(UTC), usegmt=True)
    publish_source(agent_source(model="opus"))
    assert client.get(LATEST, headers={"if-modified-since": now}).status_code == 200


def test_going_back_to_an_older_version_is_a_change_too(
    client: Client, publish_source: Publish, publisher: User, later: Callable[[float], None]
) -> None:
    first, second = publish_source(agent_source()), publish_source(agent_source(model="opus"))
    Agent.objects.update(latest_at=timezone.now() - timedelta(hours=1))
    had = client.get(LATEST)["Last-Modified"]
    publishing.yank(second, by=publisher, reason="Bad.")
    later(65)
    response = client.get(LATEST, headers={"if-modified-since": had})
    assert (response.status_code, response.content) == (200, first.source.encode())
    assert parsedate_to_datetime(response["Last-Modified"]) > parsedate_to_datetime(had)


def test_retitling_and_withdrawing_an_old_version_leave_the_time_as_it_is(
    publish_source: Publish, publisher: User
) -> None:
    first, second = publish_source(agent_source()), publish_source(agent_source(model="opus"))
    since = Agent.objects.get().latest_at
    publishing.yank(first, by=publisher, reason="Bad.")
    publishing.retitle(second.agent, "Gentle Critic", by=publisher)
    assert Agent.objects.get().latest_at == since


# --- What is in memory --------------------------------------------------------------------------------------


def test_memory_holds_so_many_bytes_and_forgets_what_was_asked_for_longest_ago(
    publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        publish_source(agent_source(name, prompt="x" * 1_000))
    size = len(find_source("a", 1).content)
    monkeypatch.setattr(downloads, "KEPT_BYTES", 2 * size + 1)
    downloads.forget()
    for name in ("a", "b", "a", "c"):
        find_source(name, 1)
    with CaptureQueriesContext(connection) as queries:
        find_source("a", 1)
        find_source("c", 1)
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        find_source("b", 1)
    assert len(queries) == 1
    assert downloads._kept.files.size <= 2 * size + 1


def test_a_renamed_agent_is_downloaded_by_both_names(client: Client, publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source()).agent
    first = client.get(PINNED).content
    publishing.rename(agent, "reviewer", by=publisher)
    renamed = client.get("/agents/reviewer.md")
    assert b"name: reviewer" in renamed.content
    assert client.get(LATEST).content == renamed.content
    assert client.get(PINNED).content == client.get("/agents/reviewer/1.md").content == first
    publishing.rename(agent, "code-reviewer", by=publisher)
    assert b"name: code-reviewer" in client.get(LATEST).content
    assert client.get(PINNED).content == first


def test_an_agent_that_is_withdrawn_is_gone_with_the_next_request(
    client: Client, publish_source: Publish, publisher: User
) -> None:
    version = publish_source(agent_source())
    assert client.get(LATEST).status_code == 200
    publishing.yank(version, by=publisher, reason="Bad.")
    assert client.get(LATEST).status_code == 410
    assert client.get(PINNED).status_code == 200


# --- The newest change, as known a moment ago ---------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_process_sees_its_own_changes_at_once_and_others_a_moment_later(
    publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "RECENT", 60)
    publish_source(agent_source())
    first = changes.recent()
    assert first == changes.latest()
    publish_source(agent_source(model="opus"))
    second = changes.recent()
    assert second.number > first.number
    with CaptureQueriesContext(connection) as queries:
        assert changes.recent() == second
    assert len(queries) == 0
    with monkeypatch.context() as elsewhere:  # another process, which tells this one nothing
        elsewhere.setattr(changes._recent, "tell", lambda: None)
        publish_source(agent_source(model="haiku"))
    assert changes.recent() == second
    monkeypatch.setattr(changes, "RECENT", 0.005)
    time.sleep(0.006)
    assert changes.recent() == changes.latest() != second


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_the_newest_change_is_asked_for_is_not_missed(
    publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked before the commit must not tell those who ask after it what it saw."""
    monkeypatch.setattr(changes, "RECENT", 60)
    publish_source(agent_source())
    really = changes.latest

    def slowly() -> Any:
        found = really()
        publish_source(agent_source(model="opus"))
        return found

    changes._recent.tell()
    monkeypatch.setattr(changes, "latest", slowly)
    stale = changes.recent()
    monkeypatch.setattr(changes, "latest", really)
    assert changes.recent() == really() != stale


@pytest.mark.django_db(transaction=True)
def test_the_latest_is_never_older_than_what_was_published_before_it_was_asked_for(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "RECENT", 60)
    faults: list[str] = []
    published = [0]
    publish_source(agent_source(prompt="Text 0."))

    def read() -> None:
        reader = Client()
        while published[0] < 15:
            least = published[0]
            found = int(reader.get(LATEST).content.rpartition(b"Text ")[2].split(b".")[0])
            if found < least:
                faults.append(f"{found} after {least}")
        connection.close()

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 16):
        publish_source(agent_source(prompt=f"Text {number}."))
        published[0] = number
    for thread in threads:
        thread.join()
    assert faults == []
