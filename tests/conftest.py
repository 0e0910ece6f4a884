"""What every test may use: the cast, publishing through the front door, a browser, the real files.

A test that needs the corpus carries `@pytest.mark.corpus`, one that needs Chromium
`@pytest.mark.browser`; each is skipped where that is missing, and with CI=true such a skip fails the run.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.db import connection
from django.test import Client, TransactionTestCase
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from catalog import changes, counting, definition, downloads, facets, groups, publishing, search, triggers
from catalog.api import kept
from catalog.distribution import streams
from catalog.models import Category, Version
from tests import browser, corpus
from tests.repositories import Repository

STRICT = os.environ.get("CI", "").lower() in ("1", "true")

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if STRICT else "local")


# --- What this machine lacks ---------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("corpus") is None)  # the longest first, beside the others
    missing = {}
    if not corpus.is_present():
        missing["corpus"] = corpus.MISSING
    if browser.find_chromium() is None:
        missing["browser"] = browser.MISSING
    for item in items:
        if item.get_closest_marker("corpus"):  # thousands of files take no other way through the code than a few
            item.add_marker(pytest.mark.no_cover)
        for mark in missing.keys() & {marker.name for marker in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=missing[mark]))


def _skipped_for_lack(config: pytest.Config) -> dict[str, int]:
    """How many tests were skipped for want of Chromium or the corpus, by reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    reasons = [str(report.longrepr) for report in reports]
    counts = {lack: sum(lack in reason for reason in reasons) for lack in (browser.MISSING, corpus.MISSING)}
    return {lack: count for lack, count in counts.items() if count}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if STRICT and exitstatus == pytest.ExitCode.OK and _skipped_for_lack(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for lack, count in _skipped_for_lack(config).items():
        verdict = "which CI counts as a failure" if STRICT else "so they say nothing"
        terminalreporter.write_line(f"!!! {count} tests were SKIPPED, {verdict}: {lack}", red=True, bold=True)


# --- The database ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def flush_meets_no_triggers() -> Iterator[None]:
    """Django empties all tables after a test with real transactions, which the triggers on versions and
    events refuse. They are dropped for that moment, here alone; the flush ends with `post_migrate`, which
    installs them again. Search tables are none of Django's and would outlive the flush."""
    flush = TransactionTestCase._fixture_teardown

    def flush_without_triggers(self: TransactionTestCase) -> None:
        search.clear()
        triggers.drop(connection)
        flush(self)

    TransactionTestCase._fixture_teardown = flush_without_triggers
    yield
    TransactionTestCase._fixture_teardown = flush


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process keeps in memory outlives a test's rows: the counts of one would stand in the next."""
    monkeypatch.setattr(changes, "RECENT", 0)  # a test's transaction never ends: no commit is told of
    for cache in caches.all():
        cache.clear()
    monkeypatch.setattr(streams, "WAIT", 0.05)
    streams.places.holders.clear()
    streams.places.left.clear()
    shutil.rmtree(settings.CATALOG_REPOSITORY_DIR, ignore_errors=True)
    counting.forget()
    downloads.forget()
    kept.forget()
    facets.forget()


# --- The cast ------------------------------------------------------------------------------------------


def _member(group: str, name: str) -> User:
    """To be put into a group is enough: nobody here is marked as staff."""
    user = User.objects.create_user(name, password=f"{name}'s password")
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def editor(db: None) -> User:
    """Elif writes drafts, and publishes nothing."""
    return _member(groups.EDITORS, "elif")


@pytest.fixture
def publisher(db: None) -> User:
    """Pablo writes and publishes."""
    return _member(groups.PUBLISHERS, "pablo")


@pytest.fixture
def administrator(db: None) -> User:
    """Amara does that too, and manages people. She is no superuser."""
    return _member(groups.ADMINISTRATORS, "amara")


@pytest.fixture
def outsider(db: None) -> User:
    """Oona has an account, and no rights."""
    return User.objects.create_user("oona", password="oona's password")


@pytest.fixture
def admin(db: None) -> User:
    """Ada may do everything."""
    return User.objects.create_superuser("ada", password="ada's password")


@pytest.fixture
def publish_source(db: None) -> Callable[..., Version]:
    """`publish_source(source)`: its agent registered, its text published, the version given back."""

    def publish(
        source: str | bytes, *, by: User | None = None, note: str = "", category: Category | None = None
    ) -> Version:
        by = by or User.objects.get_or_create(username="pablo")[0]
        agent, _ = publishing.register(definition.parse(source), by=by, category=category)
        version, _ = publishing.publish(agent, source, by=by, note=note)
        return version

    return publish


@pytest.fixture
def repository(db: None, tmp_path: Path) -> Iterator[Repository]:
    repository = Repository(tmp_path / "repository.sqlite3")
    yield repository
    repository.store.close()


# --- The browser -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # playwright keeps an event loop in this thread, which Django would take for asynchronous code
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with browser.running_chromium() as chromium:
        yield chromium


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained about. A test that expects a complaint takes it out of this list."""
    noted: list[str] = []
    yield noted
    assert noted == []


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer, complaints: list[str], settings: object) -> Iterator[Page]:
    """A page of a visitor: `page.goto("/agents/")`. Any complaint of the browser fails the test."""
    settings.CATALOG_BASE_URL = live_server.url
    context = chromium.new_context(base_url=live_server.url)
    yield browser.open_page(context, complaints)
    context.close()


@pytest.fixture
def page_of(page: Page, live_server: LiveServer, settings: object) -> Callable[[User], Page]:
    """`page_of(editor)`: the page of someone who is logged in."""

    def log_in(user: User) -> Page:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return page

    return log_in
