"""What is counted as a download, and that nothing of it is lost or written twice."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from catalog import collecting, counting, publishing
from catalog.models import Agent, Download, Version
from tests.sources import agent_source

ROOT = Path(__file__).resolve().parents[1]
Publish = Callable[..., Version]

LATEST, PINNED = "/agents/code-reviewer.md", "/agents/code-reviewer/1.md"
API_LATEST = "/api/v1/agents/code-reviewer/versions/latest/download"
API_PINNED = "/api/v1/agents/code-reviewer/versions/1/download"
DOORS = [LATEST, PINNED, API_LATEST, API_PINNED]
CURL = "curl/8.5.0"


@pytest.fixture
def version(publish_source: Publish) -> Version:
    return publish_source(agent_source())


@pytest.fixture
def curl() -> Client:
    return Client(headers={"user-agent": CURL})


def counts() -> dict[str, int]:
    """What is in the database once all that was noted is written: "name v1" -> downloads."""
    counting.flush()
    found = Counter()
    for row in Download.objects.select_related("version__agent"):
        found[str(row.version)] += row.count
    return dict(found)


def asked_by(client: str = CURL, address: str = "192.0.2.1", **headers: str) -> object:
    """The request of a reader, as the server hands it on."""
    return RequestFactory(headers={"user-agent": client, **headers}).get(LATEST, REMOTE_ADDR=address)


def total() -> int:
    return Agent.objects.get().downloads


# --- What is a download ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", DOORS)
def test_a_whole_file_is_a_download_at_every_door(curl: Client, version: Version, address: str) -> None:
    assert curl.get(address).status_code == 200
    assert counts() == {"code-reviewer v1": 1}
    row = Download.objects.get()
    assert (row.version, row.day, row.count) == (version, datetime.now(UTC).date(), 1)
    assert total() == 1


@pytest.mark.parametrize("address", DOORS)
def test_a_file_asked_for_by_a_former_name_is_counted_for_its_agent(
    curl: Client, version: Version, admin: User, address: str
) -> None:
    publishing.rename(version.agent, "code-critic", by=admin)
    assert curl.get(address).status_code == 200
    assert counts() == {"code-critic v1" if address in (PINNED, API_PINNED) else "code-critic v2": 1}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": '"{digest}"'}, 304),
        ({"if-match": '"sha256:other"'}, 412),
        ({"range": "bytes=0-9"}, 206),
        ({"range": "bytes=10-"}, 206),
        ({"range": "bytes=-10"}, 206),
        ({"range": "bytes=1000000-"}, 416),
    ],
    ids=["unchanged", "another file meant", "its beginning", "its end", "its last bytes", "beyond it"],
)
@pytest.mark.parametrize("address", DOORS)
def test_what_is_no_whole_file_is_no_download(
    curl: Client, version: Version, address: str, headers: dict[str, str], status: int
) -> None:
    headers = {name: value.format(digest=version.digest) for name, value in headers.items()}
    assert curl.get(address, headers=headers).status_code == status
    assert counts() == {}


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-999999", "bytes=-999999", "bytes=0-1,3-4"])
def test_a_range_that_is_the_whole_file_is_a_download(curl: Client, version: Version, asked: str) -> None:
    curl.get(PINNED, headers={"range": asked})
    assert counts() == {"code-reviewer v1": 1}


@pytest.mark.parametrize("address", DOORS)
def test_head_is_no_download(curl: Client, version: Version, address: str) -> None:
    assert curl.head(address).status_code == 200
    assert counts() == {}


@pytest.mark.parametrize("address", ["/agents/nobody.md", "/agents/code-reviewer/9.md", "/api/v1/agents/code-reviewer"])
def test_what_gives_no_file_is_no_download(curl: Client, version: Version, address: str) -> None:
    curl.get(address)
    assert counts() == {}


def test_a_withdrawn_version_is_counted_for_its_agent(curl: Client, version: Version, admin: User) -> None:
    publishing.yank(version, by=admin, reason="It was wrong.")
    curl.get(PINNED)
    assert counts() == {"code-reviewer v1": 1}
    assert total() == 1


def test_counting_asks_the_database_nothing(curl: Client, version: Version) -> None:
    for address in DOORS:
        curl.get(address)
        with CaptureQueriesContext(connection) as queries:
            curl.get(address)
        assert len(queries) == (address == LATEST or "latest" in address)  # which one that is


def test_nothing_is_written_before_the_batch(curl: Client, version: Version) -> None:
    curl.get(LATEST)
    assert not Download.objects.exists()
    assert counting.waiting() == 1
    assert (counting.flush(), counting.flush(), counting.waiting()) == (1, 0, 0)


def test_several_versions_in_one_answer_are_a_download_each(publish_source: Publish) -> None:
    versions = [publish_source(agent_source(name)) for name in ("one", "two", "three")]
    counting.downloaded(asked_by(), *(version.pk for version in versions))
    assert counts() == {"one v1": 1, "two v1": 1, "three v1": 1}


def test_a_collection_s_archive_is_a_download_of_each_agent_in_it(
    curl: Client, publish_source: Publish, publisher: User
) -> None:
    agents = [publish_source(agent_source(name)).agent for name in ("one", "two")]
    collection = collecting.create("A set", by=publisher, introduction="Two.")
    collecting.set_members(collection, [(agent, "") for agent in agents], by=publisher)
    collecting.publish(collection, by=publisher)
    first = curl.get("/collections/a-set.zip")
    assert curl.head("/collections/a-set.zip").status_code == first.status_code == 200
    assert curl.get("/collections/a-set.zip", headers={"if-none-match": first["ETag"]}).status_code == 304
    assert counts() == {"one v1": 1, "two v1": 1}


# --- Who counts ----------------------------------------------------------------------------------------------


def test_a_reader_who_asks_again_counts_once(curl: Client, version: Version) -> None:
    for _ in range(3):
        for address in DOORS:
            curl.get(address)
        counting.flush()
    assert counts() == {"code-reviewer v1": 1}
    assert total() == 1


def test_another_reader_counts(version: Version) -> None:
    for client, address in [
        (CURL, "192.0.2.1"),
        (CURL, "192.0.2.2"),
        ("Wget/1.21", "192.0.2.1"),
        (CURL, "2001:db8::1"),
    ]:
        counting.downloaded(asked_by(client, address), version.pk)
    assert counts() == {"code-reviewer v1": 4}


def test_a_reader_counts_for_each_version(curl: Client, version: Version, publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Better.\n"))
    for number in (1, 2):
        curl.get(f"/agents/code-reviewer/{number}.md")
    assert counts() == {"code-reviewer v1": 1, "code-reviewer v2": 1}
    assert total() == 2


def test_a_reader_counts_again_after_the_window(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "WINDOW", 0.2)
    for _ in range(2):
        counting.downloaded(asked_by(), version.pk)
        counting.flush()
    time.sleep(0.25)
    counting.downloaded(asked_by(), version.pk)
    assert counts() == {"code-reviewer v1": 2}


def test_a_reader_counts_again_on_another_day(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    before_midnight = datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC)
    for moment in (before_midnight, before_midnight + timedelta(seconds=2)):
        monkeypatch.setattr(counting.time, "time", moment.timestamp)
        counting.downloaded(asked_by(), version.pk)
        monkeypatch.undo()
        counting.flush()
    rows = Download.objects.values_list("day", "count")
    assert [(day.isoformat(), count) for day, count in rows] == [("2026-03-14", 1), ("2026-03-15", 1)]


def test_the_cache_holds_nobody_s_address(version: Version) -> None:
    counting.downloaded(asked_by("Somebody's client", "192.0.2.77"), version.pk)
    counting.flush()
    [key] = caches["downloads"]._cache
    assert "192.0.2" not in key
    assert "Somebody" not in key


def test_processes_that_share_a_cache_count_a_reader_once_among_them(version: Version) -> None:
    counting.downloaded(asked_by(), version.pk)
    counting.flush()
    counting.forget()  # the memory of this process, as another one has none
    counting.downloaded(asked_by(), version.pk)
    assert counts() == {"code-reviewer v1": 1}


@pytest.mark.parametrize(
    "client",
    [
        "",
        "   ",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Twitterbot/1.0",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        "CCBot/2.0 (https://commoncrawl.org/faq/)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        "kube-probe/1.29",
        "ELB-HealthChecker/2.0",
        "check_http/v2.3.1 (monitoring-plugins 2.3.1)",
        "W3C_Validator/1.3",
        "ia_archiver",
        "WhatsApp/2.23.20.0",
    ],
)
def test_a_robot_does_not_count(version: Version, client: str) -> None:
    counting.downloaded(asked_by(client), version.pk)
    assert counts() == {}


@pytest.mark.parametrize(
    "client",
    [
        "curl/8.5.0",
        "Wget/1.21.4",
        "python-requests/2.32.3",
        "Python-urllib/3.11",
        "git/2.43.0",
        "claude-code/2.0.14",
        "claude-cli/1.0.60 (external, cli)",
        "node",
        "undici",
        "axios/1.7.2",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "PowerShell/7.4.2",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4291",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
        "Agent-Botanist/1.0",
    ],
)
def test_a_tool_or_a_browser_counts(version: Version, client: str) -> None:
    counting.downloaded(asked_by(client), version.pk)
    assert counts() == {"code-reviewer v1": 1}


def test_behind_a_proxy_the_reader_is_whom_the_proxy_names(version: Version, settings: object) -> None:
    settings.CATALOG_PROXIES = 1
    for forwarded in ("192.0.2.1", "10.9.9.9, 192.0.2.1", "made up, 192.0.2.1", "192.0.2.1, 192.0.2.2"):
        counting.downloaded(asked_by(address="10.0.0.1", **{"x-forwarded-for": forwarded}), version.pk)
    assert counts() == {"code-reviewer v1": 2}


def test_without_a_proxy_nobody_can_pose_as_many_readers(version: Version) -> None:
    for number in range(5):
        counting.downloaded(asked_by(**{"x-forwarded-for": f"192.0.2.{number}"}), version.pk)
    assert counts() == {"code-reviewer v1": 1}


# --- What waits ----------------------------------------------------------------------------------------------


def test_counts_wait_while_the_database_takes_none(curl: Client, version: Version) -> None:
    curl.get(LATEST)
    with suppress(DatabaseError), transaction.atomic():
        broken = "DROP TABLE catalog_download"
        with connection.cursor() as cursor:
            cursor.execute(broken)
        counting.flush()
    assert counting.waiting() == 1
    assert counts() == {"code-reviewer v1": 1}
    assert total() == 1


def test_memory_is_bounded(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 10)
    for number in range(30):
        counting.downloaded(asked_by("x" * 10_000, f"192.0.2.{number}"), version.pk)
    assert counting.waiting() == 10
    assert {len(client) for _, _, client in counting._noted} == {counting.CLIENT_LENGTH}


def test_a_batch_of_many_rows_is_written_whole(publish_source: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 3)
    versions = [publish_source(agent_source(f"agent-{number}")) for number in range(8)]
    for round in range(2):
        for version in versions:
            counting.downloaded(asked_by(address=f"192.0.2.{round}"), version.pk)
    assert counting.flush() == 16
    assert set(Download.objects.values_list("count", flat=True)) == {2}
    assert set(Agent.objects.values_list("downloads", flat=True)) == {2}


def test_a_cache_that_fails_costs_exactness_and_no_download(
    version: Version, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(caches["downloads"]), "add", lambda *arguments: 1 / 0)
    counting.downloaded(asked_by(), version.pk)
    assert counts() == {"code-reviewer v1": 1}


# --- At once -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_or_counted_twice_while_it_is_written(version: Version) -> None:
    def ask(reader: int) -> None:
        for number in range(500):
            counting.downloaded(asked_by(address=f"{reader}.{number}"), version.pk)

    def write() -> None:
        for _ in range(20):
            counting.flush()
        connection.close()

    threads = [*(Thread(target=ask, args=(reader,)) for reader in range(4)), Thread(target=write), Thread(target=write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts() == {"code-reviewer v1": 2_000}
    assert total() == 2_000


PROCESS = """
import sys
import django
from django.db import connection
django.setup()
connection.settings_dict["NAME"] = sys.argv[1]
from catalog import counting
from django.test import RequestFactory
ask = RequestFactory(headers={"user-agent": "curl"}).get
for turn in range(20):
    for reader in range(10):
        counting.downloaded(ask("/", REMOTE_ADDR=f"{sys.argv[2]}.{turn}.{reader}"), *map(int, sys.argv[3:]))
    counting.flush()
while counting.waiting():
    counting.flush()
"""


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_at_once_add_up(publish_source: Publish) -> None:
    versions = [publish_source(agent_source(f"agent-{number}")).pk for number in range(5)]
    processes = []
    for number in range(4):
        order = versions if number % 2 else versions[::-1]
        command = [sys.executable, "-c", PROCESS, connection.settings_dict["NAME"], number, *order]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        processes.append(subprocess.Popen([str(word) for word in command], env=environment, cwd=ROOT))
    assert [process.wait(60) for process in processes] == [0] * 4
    assert set(Download.objects.values_list("count", flat=True)) == {800}
    assert set(Agent.objects.values_list("downloads", flat=True)) == {800}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no locks on rows")
def test_an_agent_in_other_hands_has_its_turn_next_time(publish_source: Publish) -> None:
    held, free = publish_source(agent_source("held")), publish_source(agent_source("free"))
    counting.downloaded(asked_by(), held.pk, free.pk)
    with transaction.atomic():
        Agent.objects.select_for_update().get(pk=held.agent_id)
        elsewhere = Thread(target=lambda: (counting.flush(), connection.close()))
        elsewhere.start()
        elsewhere.join(10)
        assert not elsewhere.is_alive()
    assert list(Download.objects.values_list("version", flat=True)) == [free.pk]
    assert counts() == {"held v1": 1, "free v1": 1}


@pytest.mark.django_db(transaction=True)
def test_a_serving_process_writes_by_itself(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "INTERVAL", 0.05)
    monkeypatch.setattr(counting, "_is_serving", True)
    counting.downloaded(asked_by(), version.pk)
    flusher = counting._flusher
    for _ in range(100):
        if Download.objects.exists():
            break
        time.sleep(0.05)
    assert total() == 1
    counting.forget()
    flusher.join(10)
    assert not flusher.is_alive()


# --- Reading ---------------------------------------------------------------------------------------------------


def test_daily_gives_whole_days_with_zeros_through_yesterday(
    version: Version, publish_source: Publish, admin: User
) -> None:
    second = publish_source(agent_source(prompt="Better.\n"))
    other = publish_source(agent_source("somebody-else"))
    today = datetime.now(UTC).date()
    for one, ago, count in [
        (version, 1, 4),
        (second, 1, 3),
        (version, 3, 2),
        (version, 0, 9),
        (version, 5, 9),
        (other, 1, 9),
    ]:
        Download.objects.create(version=one, day=today - timedelta(days=ago), count=count)
    publishing.yank(second, by=admin, reason="It was wrong.")
    with CaptureQueriesContext(connection) as queries:
        found = counting.daily(version.agent, 4)
    assert found == [(today - timedelta(days=ago), count) for ago, count in [(4, 0), (3, 2), (2, 0), (1, 7)]]
    assert len(queries) == 1
