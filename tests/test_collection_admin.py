"""Collections as publishers put them together: the list, the form that carries the whole set, two people at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from catalog import collecting
from catalog.models import Agent, Collection, Event, Version
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db

ADD, LIST = "/admin/catalog/collection/add/", "/admin/catalog/collection/"


@pytest.fixture
def agents(publish_source: Publish, publisher: User) -> list[Agent]:
    leads = {
        "code-reviewer": "Reviews code.",
        "test-writer": "Writes tests.",
        "debugger": "Finds why something fails.",
        "poet": "Writes verses.",
    }
    return [publish_source(agent_source(n, description=lead), by=publisher).agent for n, lead in leads.items()]


@pytest.fixture
def team(agents: list[Agent], publisher: User) -> Collection:
    team = collecting.create("Team", introduction="For a *start*.", by=publisher)
    collecting.set_members(team, [(agents[0], "Reads."), (agents[1], ""), (agents[2], "")], by=publisher)
    return team


@pytest.fixture
def desk(client: Client, publisher: User) -> Client:
    return log_in(client, publisher)


def address_of(team: Collection) -> str:
    return f"/admin/catalog/collection/{team.pk}/change/"


def form_of(team: Collection, **fields: Any) -> dict[str, Any]:
    """What the form of a collection sends as it stands."""
    form = {"title": team.title, "name": team.name, "introduction": team.introduction, "do": "save"}
    members = list(team.members.values_list("agent", "note"))
    notes = {f"note-{key}": note for key, note in members}
    return form | notes | {"member": [key for key, _ in members], "seen": team.updated_at.isoformat()} | fields


def names_of(team: Collection) -> list[str]:
    return list(team.members.values_list("agent__name", flat=True))


def shown(html: str) -> list[int]:
    """The agents of the form, in order."""
    return [int(key) for key in re.findall(r'name="member" value="(\d+)"', html)]


def send(client: Client, address: str, form: dict[str, Any]) -> str:
    return str(client.post(address, form, follow=True).content.decode())


def test_a_collection_is_made_filled_and_published(desk: Client, agents: list[Agent]) -> None:
    form: dict[str, Any] = {"title": "First team", "introduction": "Hello.", "find": "reviews", "do": "enter"}
    html = send(desk, ADD, form)
    assert f'value="add-{agents[0].pk}"' in html
    assert not Collection.objects.exists()
    html = send(desk, ADD, form | {"do": f"add-{agents[0].pk}"})
    assert shown(html) == [agents[0].pk]
    assert "Not saved yet." in html
    html = send(desk, ADD, form | {"do": "publish", "member": [agents[0].pk], f"note-{agents[0].pk}": "Reads."})
    assert "Saved. Everybody sees it." in html
    team = Collection.objects.get()
    assert (team.name, team.introduction, team.is_published) == ("first-team", "Hello.", True)
    assert list(team.members.values_list("agent__name", "note")) == [("code-reviewer", "Reads.")]


def test_a_form_saved_untouched_changes_nothing(desk: Client, team: Collection) -> None:
    events = Event.objects.count()
    assert "Not saved yet" not in desk.get(address_of(team)).content.decode()
    send(desk, address_of(team), form_of(team))
    assert Event.objects.count() == events
    assert Collection.objects.get().updated_at == team.updated_at


@pytest.mark.parametrize(
    ("deed", "order"),
    [
        ("up-1", [1, 0, 2]),
        ("up-0", [0, 1, 2]),
        ("down-0", [1, 0, 2]),
        ("down-2", [0, 1, 2]),
        ("remove-1", [0, 2]),
        ("add-3", [0, 1, 2, 3]),
        ("add-1", [0, 1, 2]),
        ("nonsense-0", [0, 1, 2]),
    ],
)
def test_without_scripts_agents_are_moved_removed_and_added(
    desk: Client, team: Collection, agents: list[Agent], deed: str, order: list[int]
) -> None:
    verb, _, place = deed.partition("-")
    html = send(desk, address_of(team), form_of(team, title="Typed", do=f"{verb}-{agents[int(place)].pk}"))
    assert shown(html) == [agents[at].pk for at in order]
    assert 'value="Typed"' in html
    assert names_of(team) == ["code-reviewer", "test-writer", "debugger"]
    assert Collection.objects.get().title == "Team"


def test_the_order_that_is_sent_is_stored(desk: Client, team: Collection, agents: list[Agent]) -> None:
    keys = [agents[2].pk, agents[0].pk, agents[2].pk, 10**12]
    send(desk, address_of(team), form_of(team, member=[*keys, "x", ""]))
    assert names_of(team) == ["debugger", "code-reviewer"]
    assert team.members.get(agent=agents[0]).note == "Reads."


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "Write a title"),
        ({"name": "…"}, "An address needs"),
        ({"name": "other"}, "There is a collection with the address other already"),
        ({"member": [], "do": "publish"}, "Add at least one agent before you publish"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_written(
    desk: Client, team: Collection, publisher: User, fields: dict[str, Any], sentence: str
) -> None:
    collecting.create("Other", by=publisher)
    html = send(desk, address_of(team), form_of(team, **{"introduction": "Mine.", **fields}))
    assert "Not saved." in html
    assert sentence in html
    assert "Mine.</textarea>" in html
    stored = Collection.objects.get(pk=team.pk)
    assert (stored.title, stored.introduction, stored.is_published) == ("Team", "For a *start*.", False)
    assert len(names_of(team)) == 3


def test_who_saves_second_sees_both_and_decides(
    desk: Client, team: Collection, agents: list[Agent], publisher: User, administrator: User
) -> None:
    mine = form_of(team, title="Mine", member=[agents[2].pk])
    collecting.change(team, title="Theirs", name="team", introduction="Their text.", by=administrator)
    html = send(desk, address_of(team), mine)
    assert "Not saved: amara changed this collection while you were writing." in html
    assert 'value="Mine"' in html
    assert "Their text." in html
    assert shown(html) == [agents[2].pk]
    assert Collection.objects.get().title == "Theirs"
    [seen] = re.findall(r'name="seen" value="([^"]+)"', html)
    send(desk, address_of(team), mine | {"seen": seen.replace("&#x2B;", "+")})
    assert Collection.objects.get().title == "Mine"
    assert names_of(team) == ["debugger"]


def test_the_address_of_what_is_published_is_shown_and_cannot_be_written(
    desk: Client, team: Collection, publisher: User
) -> None:
    field = r'id="id_name"[^>]*value="team"[^>]*\sreadonly\s'
    before = form_of(team, name="other", title="Mine")
    assert not re.search(field, desk.get(address_of(team)).content.decode())
    collecting.publish(team, by=publisher)
    team.refresh_from_db()
    for form, said in ((before, "changed this collection"), (form_of(team, name="other"), "stays team: people have")):
        html = send(desk, address_of(team), form)
        assert said in html
        assert re.search(field, html)
    assert Collection.objects.get().name == "team"


def test_a_form_that_does_not_say_what_its_writer_saw_is_not_taken(desk: Client, team: Collection) -> None:
    for seen in ("", "yesterday", "2026-01-01T00:00:00", "2026-99-99T00:00:00+00:00"):
        assert desk.post(address_of(team), form_of(team, seen=seen, title="Mine")).status_code == 400
    assert Collection.objects.get().title == "Team"


def test_editors_read_it_and_see_its_preview(client: Client, team: Collection, editor: User) -> None:
    html = log_in(client, editor).get(address_of(team)).content.decode()
    assert "<em>start</em>" in html
    assert "Reads." in html
    assert 'name="do"' not in html
    preview = client.get(f"/admin/catalog/collection/{team.pk}/preview/").content.decode()
    assert "A preview." in preview
    assert "noindex" in preview
    assert "Download" not in preview
    assert client.get("/collections/team/").status_code == 404


def test_it_is_taken_off_and_deleted_after_a_question(desk: Client, team: Collection, publisher: User) -> None:
    collecting.publish(team, by=publisher)
    for deed, asked in (("unpublish", "off the public pages?"), ("delete", "Delete Team?")):
        address = f"/admin/catalog/collection/{team.pk}/{deed}/"
        assert asked in desk.get(address).content.decode()
        send(desk, address, {})
        assert desk.get("/collections/team/").status_code == 404
    assert not Collection.objects.exists()
    assert desk.get(address_of(team)).status_code == 302


def test_a_collection_that_was_deleted_meanwhile_is_not_lost_to_its_writer(desk: Client, team: Collection) -> None:
    form = form_of(team, title="Mine")
    key = team.pk
    team.delete()
    assert desk.post(f"/admin/catalog/collection/{key}/change/", form).status_code == 302


def test_a_text_sent_without_a_session_comes_back(client: Client, team: Collection) -> None:
    answer = client.post(address_of(team), form_of(team, introduction="What I wrote."))
    assert answer.status_code == 403
    assert b"What I wrote." in answer.content


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_and_the_page_cost_the_same_queries_however_many_there_are(
    desk: Client,
    agents: list[Agent],
    publisher: User,
    django_assert_num_queries: Callable[..., Any],
    count: int,
) -> None:
    for number in range(count):
        one = collecting.create(f"Set {number}", by=publisher)
        collecting.set_members(one, [(agent, "") for agent in agents[: count + 1]], by=publisher)
    for address, queries in ((LIST, 7), (address_of(Collection.objects.latest("pk")), 13)):
        with django_assert_num_queries(queries):
            desk.get(address)


# --- In the browser ----------------------------------------------------------------------------------------

in_browser = pytest.mark.browser
rows = pytest.mark.django_db(transaction=True)


@in_browser
@rows
def test_with_scripts_agents_move_in_place_and_are_saved(
    page_of: Callable[[User], Page], team: Collection, publisher: User
) -> None:
    page = page_of(publisher)
    page.goto(f"/admin/catalog/collection/{team.pk}/change/")
    down = page.get_by_role("button", name="Move Code Reviewer down")
    down.click()
    expect(down).to_be_focused()
    expect(page.get_by_text("Code Reviewer is number 2 now. Not saved yet.")).to_be_attached()
    page.get_by_role("button", name="Remove Debugger").click()
    page.get_by_role("searchbox", name="Add an agent").fill("verses")
    page.get_by_role("searchbox", name="Add an agent").press("Enter")
    page.get_by_role("button", name="Add Poet").click()
    page.get_by_label("Why Poet is in the set").fill("For the notes.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Not published yet.")).to_be_visible()
    assert list(team.members.values_list("agent__name", "note")) == [
        ("test-writer", ""),
        ("code-reviewer", "Reads."),
        ("poet", "For the notes."),
    ]


@in_browser
@rows
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_every_page_is_accessible_and_fits(
    page_of: Callable[[User], Page], team: Collection, publisher: User, scheme: Any, width: int
) -> None:
    collecting.publish(team, by=publisher)
    key = team.pk
    page = page_of(publisher)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    admin = [LIST, ADD, *(f"/admin/catalog/collection/{key}/{one}/" for one in ("change", "preview", "unpublish"))]
    for address in ("/collections/", "/collections/team/", *admin):
        page.goto(address)
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["target"]) for v in violations] == [], address
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
