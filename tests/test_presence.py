"""Who else has a draft open: known within seconds, forgotten soon."""

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog import drafting
from catalog.admin.editor import presence
from catalog.admin.editor.presence import Other
from catalog.models import Agent, Draft, Presence, Version
from tests.forms import log_in
from tests.sources import agent_source


@pytest.fixture
def draft(publish_source: Callable[..., Version], editor: User, publisher: User) -> Draft:
    return drafting.open_draft(publish_source(agent_source(), by=publisher).agent, by=editor)


@pytest.fixture
def agent(draft: Draft) -> Agent:
    return draft.agent


def _minutes_ago(minutes: float, **rows: object) -> None:
    Presence.objects.filter(**rows).update(seen_at=timezone.now() - timedelta(minutes=minutes))


# --- Who is here -----------------------------------------------------------------------------------


def test_nobody_else_is_here_at_first(agent: Agent, editor: User) -> None:
    assert presence.here(agent, editor, "a", False) == []
    assert presence.here(agent, editor, "a", True) == []


def test_others_see_me_and_whether_i_write(agent: Agent, editor: User, publisher: User) -> None:
    presence.here(agent, editor, "a", False)
    assert presence.here(agent, publisher, "b", False) == [Other("elif", is_writing=False, is_me=False)]
    presence.here(agent, editor, "a", True)
    assert presence.here(agent, publisher, "b", False) == [Other("elif", is_writing=True, is_me=False)]


def test_a_second_window_of_mine_is_another_one(agent: Agent, editor: User) -> None:
    presence.here(agent, editor, "a", True)
    assert presence.here(agent, editor, "b", False) == [Other("elif", is_writing=True, is_me=True)]


def test_people_are_named_once_those_who_write_first(agent: Agent, editor: User, publisher: User, admin: User) -> None:
    publisher.first_name = "Pablo"
    publisher.save()
    for window in "ab":
        presence.here(agent, admin, window, False)
    for window in "cd":
        presence.here(agent, publisher, window, window == "c")
    assert presence.here(agent, editor, "e", False) == [Other("Pablo", True, False), Other("ada", False, False)]


def test_who_is_at_another_draft_is_not_here(
    agent: Agent, editor: User, publisher: User, publish_source: Callable[..., Version]
) -> None:
    presence.here(publish_source(agent_source("another-one")).agent, editor, "a", True)
    assert presence.here(agent, publisher, "b", False) == []


def test_whoever_leaves_is_gone_at_once(agent: Agent, editor: User, publisher: User) -> None:
    for window in "ab":
        presence.here(agent, editor, window, False)
    presence.gone(agent, editor, "a")
    presence.gone(agent, editor, "a")
    assert presence.here(agent, publisher, "c", False) == [Other("elif", False, False)]
    presence.gone(agent, editor, "b")
    assert presence.here(agent, publisher, "c", False) == []


def test_whoever_says_nothing_for_three_quarters_of_a_minute_is_gone(
    agent: Agent, editor: User, publisher: User
) -> None:
    presence.here(agent, editor, "a", False)
    _minutes_ago(0.7)
    assert presence.here(agent, publisher, "b", False) == [Other("elif", False, False)]
    _minutes_ago(0.8, user=editor)
    assert presence.here(agent, publisher, "b", False) == []
    assert Presence.objects.count() == 2


def test_old_rows_are_swept_by_whoever_comes(agent: Agent, editor: User, publisher: User) -> None:
    presence.here(agent, editor, "a", False)
    _minutes_ago(5.1)
    presence.here(agent, publisher, "b", False)
    assert [row.user for row in Presence.objects.all()] == [publisher]


@pytest.mark.django_db(transaction=True)
def test_many_windows_that_wake_up_at_once_are_all_here(editor: User, publisher: User, draft: Draft) -> None:
    users = [editor, publisher, *User.objects.bulk_create(User(username=f"u{n}") for n in range(6))]
    for user in users:
        presence.here(draft.agent, user, "a", False)
    _minutes_ago(6)
    start, faults = Barrier(2 * len(users)), []

    def come(user: User) -> None:
        start.wait()
        try:
            for turn in range(5):
                presence.here(draft.agent, user, "a", turn % 2 == 0)
                presence.here(draft.agent, user, "b", False)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [Thread(target=come, args=(user,)) for user in [*users, *users]]  # the same window twice at once
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Presence.objects.count() == 2 * len(users)
    assert len(presence.others(draft.agent, editor, "a")) == len(users)


# --- What the page asks -------------------------------------------------------------------------------


def _ping(client: Client, agent: Agent, **said: object) -> dict:
    address = reverse("admin:catalog_agent_here", args=[agent.pk])
    response = client.post(address, json.dumps({"window": "w-1", **said}), content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


def test_a_sign_of_life_tells_who_is_here_and_what_is_stored(
    client: Client, draft: Draft, editor: User, publisher: User
) -> None:
    presence.here(draft.agent, editor, "a", True)
    drafting.save(draft, agent_source(prompt="Two."), by=editor, revision=1)
    answer = _ping(log_in(client, publisher), draft.agent)
    assert answer.pop("html").split() == [
        *("<span", 'class="other', 'writing">'),
        *("elif", "is", "writing.", "</span>"),
    ]
    assert answer == {
        "others": [{"who": "elif", "is_writing": True, "is_me": False}],
        "revision": 2,
        "edited_by": "elif",
        "edited_by_me": False,
        "state": "editing",
    }


def test_a_draft_that_is_gone_has_no_revision(client: Client, draft: Draft, editor: User) -> None:
    drafting.discard(draft, by=editor, revision=1)
    answer = _ping(log_in(client, editor), draft.agent, is_writing=True)
    assert (answer["revision"], answer["edited_by"], answer["state"]) == (0, "", "")
    assert Presence.objects.get().is_writing


def test_of_many_people_three_are_named(client: Client, agent: Agent, editor: User) -> None:
    for name in ("eve", "dan", "cem", "ben", "<b>ana"):
        presence.here(agent, User.objects.create_user(name), "a", False)
    html = " ".join(_ping(log_in(client, editor), agent)["html"].split())
    assert "&lt;b&gt;ana is here." in html
    assert "ben is here." in html
    assert "dan" not in html
    assert "2 more are here." in html


def test_a_sign_of_life_costs_the_same_however_many_are_here(
    client: Client, agent: Agent, editor: User, django_assert_num_queries: Callable
) -> None:
    log_in(client, editor)
    _ping(client, agent)
    with django_assert_num_queries(8):  # session, user, two of rights, draft, row, sweep, others
        _ping(client, agent)
    for user in User.objects.bulk_create(User(username=f"u{n}") for n in range(12)):
        presence.here(agent, user, "a", False)
    with django_assert_num_queries(8):
        assert len(_ping(client, agent)["others"]) == 12


def test_a_page_that_goes_says_goodbye_as_a_form(client: Client, agent: Agent, editor: User) -> None:
    _ping(log_in(client, editor), agent)
    response = client.post(reverse("admin:catalog_agent_gone", args=[agent.pk]), {"window": "w-1"})
    assert (response.status_code, response.content) == (204, b"")
    assert not Presence.objects.exists()


@pytest.mark.parametrize("said", ["no JSON", "[]", "{}", '{"window": 1}', '{"window": "a b"}', '{"window": ""}'])
def test_a_sign_of_life_without_the_name_of_a_window_is_refused(
    client: Client, agent: Agent, editor: User, said: str
) -> None:
    address = reverse("admin:catalog_agent_here", args=[agent.pk])
    log_in(client, editor)
    assert client.post(address, said, content_type="application/json").status_code == 400
    assert client.post(reverse("admin:catalog_agent_gone", args=[agent.pk])).status_code == 400
    assert not Presence.objects.exists()


def test_there_is_no_page_of_an_agent_that_is_not_there(client: Client, editor: User) -> None:
    address = reverse("admin:catalog_agent_here", args=[999])
    log_in(client, editor)
    assert client.post(address, '{"window": "a"}', content_type="application/json").status_code == 404


@pytest.mark.parametrize("name", ["here", "gone"])
def test_only_who_may_see_drafts_learns_who_writes(client: Client, agent: Agent, outsider: User, name: str) -> None:
    address = reverse(f"admin:catalog_agent_{name}", args=[agent.pk])
    assert client.post(address, {"window": "a"}).status_code == 401
    outsider.is_staff = True
    outsider.save()
    log_in(client, outsider)
    assert client.post(address, {"window": "a"}).status_code == 403
    assert client.get(address).status_code in (403, 405)
    assert not Presence.objects.exists()


# --- In the browser ---------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_shows_who_comes_and_who_goes(
    page_of: Callable[[User], Page], draft: Draft, editor: User, publisher: User
) -> None:
    presence.here(draft.agent, publisher, "elsewhere", True)
    page = page_of(editor)
    page.goto(reverse("admin:catalog_agent_draft", args=[draft.agent.pk]))
    others = page.locator("#others")
    expect(others).to_have_text("pablo is writing.")
    expect(others).to_have_attribute("role", "status")
    assert [other.who for other in presence.others(draft.agent, publisher, "elsewhere")] == ["elif"]

    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("#others")).to_contain_text("You have this open in another window.")
    presence.gone(draft.agent, publisher, "elsewhere")
    second.close(run_before_unload=False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(others).not_to_contain_text("pablo")

    page.goto("/")
    for _ in range(100):
        if not Presence.objects.filter(user=editor).exists():
            break
        page.wait_for_timeout(50)
    assert not Presence.objects.filter(user=editor).exists()
