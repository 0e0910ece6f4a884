"""What a cache may do with public pages: keep them, ask whether they changed, and hand them to anybody."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, signals
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from catalog import changes, collecting, publishing
from catalog.models import Category, Tag, Version
from catalog.views import freshness
from catalog.views.freshness import fresh, generation_of
from tests.answers import without_limits
from tests.sources import agent_source
from tests.test_unpublished import public_addresses

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = (
    *("/", "/agents/", "/agents/?q=code", "/agents/code-reviewer/", "/agents/code-reviewer/?view=source"),
    *("/agents/code-reviewer/1/", "/agents/code-reviewer/feed/", "/feed/", "/feed/categories/craft/"),
    *("/collections/", "/collections/beginnings/", "/help/", "/help/?q=tools", "/help/first-agent/"),
    *("/.well-known/ai-catalog.json", "/ai-catalog-1.json", "/collections/beginnings/ai-catalog.json"),
    *("/sitemap.xml", "/sitemap-1.xml", "/sitemap-2.xml", "/llms.txt", "/robots.txt", "/.well-known/security.txt"),
)


@pytest.fixture
def catalog(publish_source: Publish, publisher: User, settings: Settings) -> Version:
    settings.CATALOG_SECURITY_CONTACT = "mailto:security@example.com"
    shelf = Category.objects.create(name="craft", title="Craft")
    version = publish_source(agent_source(), by=publisher, category=shelf)
    version.agent.tags.add(Tag.objects.create(name="fast"))
    collection = collecting.create("Beginnings", by=publisher)
    collecting.set_members(collection, [(version.agent, "")], by=publisher)
    collecting.publish(collection, by=publisher)
    return version


@pytest.fixture
def rendered() -> Iterator[list[str]]:
    """The templates that were rendered since."""
    names: list[str] = []

    def note(sender: Any, template: Any, **kwargs: Any) -> None:
        names.append(template.name)

    signals.template_rendered.connect(note)
    yield names
    signals.template_rendered.disconnect(note)


def etag_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return str(response["ETag"])


# --- An unchanged page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("address", OPEN_TO_ALL)
def test_an_unchanged_page_is_not_rendered_and_costs_one_query(
    client: Client, catalog: Version, rendered: list[str], address: str
) -> None:
    etag = etag_of(client, address)
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', etag)
    rendered.clear()
    with CaptureQueriesContext(connection) as queries:
        again = client.get(address, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert len(queries) <= 1
    assert rendered == []


@pytest.mark.parametrize("address", OPEN_TO_ALL)
def test_a_304_has_the_headers_of_the_page(client: Client, catalog: Version, address: str) -> None:
    page = client.get(address)
    again = client.get(address, headers={"if-none-match": page["ETag"]})
    for name in ("ETag", "Cache-Control", "Content-Security-Policy"):
        assert again[name] == page[name]
    assert "Content-Length" not in again  # none of it would be the length of the page
    assert page["Cache-Control"] == freshness.PAGE_CACHE


@pytest.mark.parametrize("address", OPEN_TO_ALL)
def test_head_answers_as_get_does(client: Client, catalog: Version, address: str) -> None:
    page, head = client.get(address), client.head(address)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", page["ETag"])
    assert client.head(address, headers={"if-none-match": page["ETag"]}).status_code == 304


def test_tags_are_compared_weakly_and_any_of_several_counts(client: Client, catalog: Version) -> None:
    etag = etag_of(client, "/")
    for asked in (etag.removeprefix("W/"), f'"other", {etag}', "*"):
        assert client.get("/", headers={"if-none-match": asked}).status_code == 304, asked
    for asked in ('"other"', 'W/"other"', "nonsense", ""):
        assert client.get("/", headers={"if-none-match": asked}).status_code == 200, asked


def test_what_is_not_there_is_not_found_whatever_the_reader_holds(client: Client, catalog: Version) -> None:
    assert client.get("/agents/nobody/", headers={"if-none-match": "*"}).status_code == 404


def test_two_addresses_have_two_tags(client: Client, catalog: Version) -> None:
    tags = [etag_of(client, address) for address in OPEN_TO_ALL]
    assert len(set(tags)) == len(tags)


# --- A changed page --------------------------------------------------------------------------------------


def test_a_change_of_the_catalog_changes_the_tag(client: Client, catalog: Version, publisher: User) -> None:
    etag = etag_of(client, "/agents/code-reviewer/")
    publishing.deprecate(catalog.agent, by=publisher, note="Slow.")
    page = client.get("/agents/code-reviewer/", headers={"if-none-match": etag})
    assert page.status_code == 200
    assert "Slow." in page.content.decode()


@pytest.mark.parametrize(
    "changed",
    [
        {"CATALOG_BASE_URL": "https://agents.example.com"},
        {"CATALOG_NAME": "Our Agents"},
        {"LANGUAGE_CODE": "de"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_setting_that_pages_show_changes_the_tag(
    client: Client, catalog: Version, settings: Settings, changed: dict[str, str]
) -> None:
    etag = etag_of(client, "/")
    for name, value in changed.items():
        setattr(settings, name, value)
    assert etag_of(client, "/") != etag


def test_midnight_changes_the_tag_and_an_hour_does_not(
    client: Client, catalog: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = timezone.now().replace(hour=12)
    tags = []
    for later in (timedelta(), timedelta(hours=11), timedelta(hours=12)):
        monkeypatch.setattr(timezone, "now", lambda later=later: noon + later)
        tags.append(etag_of(client, "/categories/"))
    assert tags[0] == tags[1] != tags[2]


def test_another_release_changes_the_tag(client: Client, catalog: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = etag_of(client, "/help/")
    monkeypatch.setattr(freshness, "_software", lambda: "of another release")
    assert etag_of(client, "/help/") != etag


def test_a_template_a_script_and_a_translation_are_part_of_the_software(
    settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_DIR = tmp_path
    seen = {freshness._software.__wrapped__()}
    for name in ("templates/page.html", "static/page.css", "catalog/views.py", "catalog/locale/de/django.mo"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        for text in ("one", "two"):
            (tmp_path / name).write_text(text)
            seen.add(freshness._software.__wrapped__())
    assert len(seen) == 9


def test_while_the_software_is_being_changed_nothing_is_kept(
    client: Client, catalog: Version, settings: Settings
) -> None:
    settings.DEBUG = True
    page = client.get("/help/")
    assert "ETag" not in page
    assert page["Cache-Control"] == freshness.NOT_KEPT


# --- The decorator ----------------------------------------------------------------------------------------


def test_a_page_that_tells_of_downloads_is_made_anew_every_ten_minutes(
    rf: RequestFactory, catalog: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    @fresh
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @fresh(of_downloads=True)
    def telling(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    noon = timezone.now().replace(hour=12, minute=0, second=1)
    seen = {silent: set[str](), telling: set[str]()}
    for minutes in (0, 9, 11, 19):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: noon + timedelta(minutes=minutes))
        for view, tags in seen.items():
            tags.add(view(rf.get("/page"))["ETag"])
    assert (len(seen[silent]), len(seen[telling])) == (1, 2)


def test_a_person_who_is_called_otherwise_is_called_so_on_the_pages(
    client: Client, catalog: Version, administrator: User
) -> None:
    page, person = catalog.get_absolute_url(), catalog.published_by
    before = client.get(page)
    client.force_login(administrator)
    form = {"username": person.username, "first_name": "Renate", "last_name": "", "email": "", "is_active": "on"}
    saved = client.post(f"/admin/auth/user/{person.pk}/change/", form)
    assert saved.status_code == 302, saved.content.decode()
    after = client.get(page, headers={"If-None-Match": before["ETag"]})
    assert (after.status_code, "Renate" in after.content.decode()) == (200, True)


def test_what_is_gone_may_be_back_in_a_second(client: Client, catalog: Version, publisher: User) -> None:
    publishing.yank(catalog, by=publisher, reason="Broken.")
    gone = client.get(f"/agents/{catalog.agent.name}.md")
    assert (gone.status_code, gone["Cache-Control"]) == (410, freshness.NOT_KEPT)


def test_the_view_gets_the_state_of_the_catalog_without_another_query(rf: RequestFactory, catalog: Version) -> None:
    @fresh
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(generation_of(request).number))

    with CaptureQueriesContext(connection) as queries:
        answer = page(rf.get("/"))
    assert len(queries) == 1
    assert int(answer.content) == changes.latest().number


def test_a_page_of_the_software_alone_asks_the_rows_nothing(client: Client, catalog: Version) -> None:
    for address in ("/help/", "/help/first-agent/", "/robots.txt", "/.well-known/security.txt"):
        with CaptureQueriesContext(connection) as queries:
            etag_of(client, address)
        assert len(queries) == 0, address


def test_a_redirect_is_kept_no_longer_than_a_page(client: Client, catalog: Version, publisher: User) -> None:
    publishing.rename(catalog.agent, "fault-finder", by=publisher)
    moved = client.get("/agents/code-reviewer/")
    assert (moved.status_code, moved["Cache-Control"]) == (301, freshness.PAGE_CACHE)


@pytest.mark.parametrize("address", ["/nothing", "/agents/nobody/", "/agents/?page=77", "/agents/nobody/feed/"])
def test_what_is_not_there_is_not_kept(client: Client, catalog: Version, address: str) -> None:
    missing = client.get(address)
    assert (missing.status_code, missing["Cache-Control"]) == (404, "no-store")
    assert "ETag" not in missing


def test_a_fault_is_not_kept(client: Client, catalog: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError

    client.raise_request_exception = False
    monkeypatch.setattr("catalog.views.llms.text", broken)
    fault = client.get("/llms.txt")
    assert (fault.status_code, fault["Cache-Control"]) == (500, "no-store")


# --- The same for everybody ---------------------------------------------------------------------------------


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_no_public_answer_knows_who_asks(
    client: Client, catalog: Version, admin: User, settings: Settings, method: str
) -> None:
    known = Client(headers={"accept-language": "de"})
    known.force_login(admin)
    odd = Client()
    odd.cookies[settings.SESSION_COOKIE_NAME] = "no session of ours"
    odd.cookies[settings.CSRF_COOKIE_NAME] = "no token of ours"
    odd.cookies["messages"] = "no messages of ours"
    odd.cookies["django_language"] = "de"
    for address in [*OPEN_TO_ALL, *public_addresses("code-reviewer", "craft", "beginnings")]:
        answers = [getattr(reader, method)(address) for reader in (client, known, odd)]
        assert len({body_of(answer) for answer in answers}) == 1, address
        assert len({tuple(sorted(without_limits(answer).items())) for answer in answers}) == 1, address
        for answer in answers:
            assert not answer.cookies, address
            assert "cookie" not in answer.get("Vary", "").lower(), address


def test_a_view_that_would_look_at_a_cookie_finds_none(client: Client, catalog: Version, rf: RequestFactory) -> None:
    response = client.get("/", headers={"cookie": "a=b"})
    assert response.wsgi_request.COOKIES == {}
    assert client.get("/admin/login/", headers={"cookie": "a=b"}).wsgi_request.COOKIES == {"a": "b"}


def test_every_public_page_can_be_kept_or_says_that_it_cannot(client: Client, catalog: Version) -> None:
    """A new address says how long its answer holds."""
    silent = {"/healthz", "/readyz"}  # asked by machines beside the server
    for address in public_addresses("code-reviewer", "craft", "beginnings"):
        answer = client.get(address)
        if answer.status_code in (200, 404) and address not in silent:
            assert answer.get("Cache-Control"), address
        body_of(answer)
