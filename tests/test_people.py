"""Colleagues in the admin: a role for each, and nobody with more rights than they were given."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from catalog import drafting, publishing
from catalog.definition import read
from catalog.groups import ADMINISTRATORS, EDITORS, HELD, PUBLISHERS
from tests.accessibility import assert_everybody_can_read
from tests.forms import log_in
from tests.sources import agent_source

USERS = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"
NEW = {"username": "nora", "password1": "long-enough-8", "password2": "long-enough-8"}

pytestmark = pytest.mark.django_db


def person(name: str, *groups: str, **fields: object) -> User:
    user = User.objects.create_user(name, password=f"{name}'s password", **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def change(client: Client, user: User, **fields: object) -> HttpResponse:
    """Save the page of a person as it stands, but for `fields`."""
    form = {"username": user.username, "first_name": user.first_name, "last_name": "", "email": "", "is_active": "on"}
    sent = {name: value for name, value in (form | fields).items() if value is not None}
    return client.post(f"{USERS}{user.pk}/change/", sent)


def groups_of(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


def text_of(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- Who gets in ---------------------------------------------------------------------------------------


def sign_in(client: Client, name: str) -> HttpResponse:
    form = {"username": name, "password": f"{name}'s password", "next": "/admin/"}
    return client.post("/admin/login/", form, follow=True)


def test_to_be_put_into_a_group_is_enough(client: Client) -> None:
    person("erik", EDITORS)
    assert "Hello, erik" in text_of(sign_in(client, "erik"))


def test_a_right_of_ones_own_is_enough(client: Client) -> None:
    person("tess").user_permissions.add(Permission.objects.get(codename="view_tag"))
    assert "Hello, tess" in text_of(sign_in(client, "tess"))


def test_who_has_no_rights_is_told_at_the_door(client: Client, outsider: User) -> None:
    page = text_of(sign_in(client, "oona"))
    assert "Ask an administrator of this catalog for a role" in page
    assert "_auth_user_id" not in client.session


def test_who_lost_their_rights_while_logged_in_is_told_why(client: Client, editor: User) -> None:
    log_in(client, editor)
    editor.groups.clear()
    answer = client.get("/admin/catalog/agent/", follow=True)
    assert len(answer.redirect_chain) == 1
    assert "You are logged in as <strong>elif</strong>, who may not write or publish here." in text_of(answer)


def test_whoever_has_to_try_again_begins_with_the_password(client: Client, editor: User) -> None:
    assert re.search(r"<input[^>]*username[^>]*autofocus", client.get("/admin/login/").content.decode())
    again = client.post("/admin/login/", {"username": "elif", "password": "guessed"}).content.decode()
    assert re.search(r"<input[^>]*password[^>]*autofocus", again)
    assert not re.search(r"<input[^>]*username[^>]*autofocus", again)


def test_a_wrong_password_and_a_switched_off_account_are_told_alike(client: Client, editor: User) -> None:
    wrong = client.post("/admin/login/", {"username": "elif", "password": "guessed"})
    editor.is_active = False
    editor.save()
    for answer in (wrong, sign_in(client, "elif")):
        assert "That username and password do not go together." in text_of(answer)


# --- Roles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "groups"),
    [
        ("reader", []),
        ("editor", [EDITORS]),
        ("publisher", [PUBLISHERS]),
        ("administrator", [ADMINISTRATORS]),
        (None, []),
    ],
)
def test_a_person_is_added_with_a_role(
    client: Client, administrator: User, role: str | None, groups: list[str]
) -> None:
    form = NEW | ({"role": role} if role else {})
    assert log_in(client, administrator).post(f"{USERS}add/", form).status_code == 302
    added = User.objects.get(username="nora")
    assert (groups_of(added), added.is_superuser) == (groups, False)
    assert added.check_password("long-enough-8")
    is_let_in = client.login(username="nora", password="long-enough-8") and client.get("/admin/").status_code == 200
    assert is_let_in == bool(groups)


@pytest.mark.parametrize("role", ["reader", "editor", "publisher", "administrator"])
@pytest.mark.parametrize("was", [None, *HELD])
def test_a_role_takes_the_place_of_the_one_before(
    client: Client, administrator: User, was: str | None, role: str
) -> None:
    nora = person("nora", *filter(None, [was]))
    assert change(log_in(client, administrator), nora, role=role).status_code == 302
    assert groups_of(nora) == [f"{role.capitalize()}s"] * (role != "reader")
    assert (log_in(client, nora).get("/admin/").status_code == 200) == (role != "reader")


def test_another_role_takes_rights_that_were_given_one_by_one(client: Client, administrator: User) -> None:
    Group.objects.create(name="Archivists").permissions.add(Permission.objects.get(codename="view_event"))
    nora = person("nora", "Archivists", is_staff=True)
    nora.user_permissions.add(Permission.objects.get(codename="publish_agent"))
    change(log_in(client, administrator), nora, role="editor")
    nora = User.objects.get(pk=nora.pk)
    assert groups_of(nora) == [EDITORS]
    assert not nora.has_perm("catalog.publish_agent")


def test_a_page_saved_untouched_leaves_every_right_as_it_was(client: Client, administrator: User, admin: User) -> None:
    Group.objects.create(name="Archivists")
    nora = person("nora", EDITORS, "Archivists", is_staff=True)
    unseen = Permission.objects.get(codename="view_example")  # a right that no box is shown for
    nora.user_permissions.add(Permission.objects.get(codename="publish_agent"), unseen)
    rights, groups = nora.get_all_permissions(), groups_of(nora)
    assert change(log_in(client, administrator), nora).status_code == 302
    boxes = {
        "role": "editor",
        "groups": [Group.objects.get(name="Archivists").pk],
        "user_permissions": [Permission.objects.get(codename="publish_agent").pk],
    }
    assert change(log_in(client, admin), nora, **boxes).status_code == 302
    nora = User.objects.get(pk=nora.pk)
    assert (nora.get_all_permissions(), groups_of(nora)) == (rights, groups)


def test_rights_one_by_one_are_for_superusers_alone(client: Client, administrator: User, admin: User) -> None:
    nora, _ = person("nora"), Group.objects.create(name="Archivists")
    for who, sees in ((administrator, False), (admin, True)):
        page = text_of(log_in(client, who).get(f"{USERS}{nora.pk}/change/"))
        assert [f'name="{name}"' in page for name in ("is_superuser", "user_permissions", "groups")] == [sees] * 3
        assert ("Rights one by one" in page) == sees
    right = Permission.objects.get(codename="publish_agent")
    change(client, nora, role="reader", user_permissions=[right.pk])
    assert User.objects.get(pk=nora.pk).has_perm("catalog.publish_agent")
    assert "Rights of their own" in text_of(client.get(f"{USERS}{nora.pk}/change/"))


def test_each_role_is_offered_with_a_sentence(client: Client, administrator: User) -> None:
    page = text_of(log_in(client, administrator).get(f"{USERS}add/"))
    offered = re.findall(r'name="role" value="(\w+)"', page)
    assert offered == ["reader", "editor", "publisher", "administrator"]
    assert "Writes agents and submits them for review." in page
    assert 'value="editor" id="id_role_1" checked' in page


# --- No way up -----------------------------------------------------------------------------------------


def test_an_administrator_gives_nobody_superuser_powers(client: Client, administrator: User) -> None:
    nora = person("nora")
    forged = {
        "role": "publisher",
        "is_superuser": "on",
        "is_staff": "on",
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
        "groups": list(Group.objects.values_list("pk", flat=True)),
    }
    log_in(client, administrator)
    change(client, nora, **forged)
    client.post(f"{USERS}add/", {**NEW, **forged, "username": "another"})
    change(client, administrator, **{**forged, "role": "administrator"})
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.user_permissions.through.objects.exists()
    for name in ("nora", "another"):
        assert groups_of(User.objects.get(username=name)) == [PUBLISHERS]
    assert groups_of(administrator) == [ADMINISTRATORS]


@pytest.mark.parametrize("role", ["superuser", "own", "emperor"])
def test_nobody_is_made_what_is_no_role(client: Client, administrator: User, role: str) -> None:
    nora = person("nora", EDITORS)
    answer = change(log_in(client, administrator), nora, role=role)
    assert "This role has rights that you lack." in text_of(answer)
    assert groups_of(nora) == [EDITORS]


def test_who_manages_people_alone_makes_nobody_an_editor(client: Client) -> None:
    clerk = person("cleo", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    page = log_in(client, clerk).post(f"{USERS}add/", {**NEW, "role": "administrator"})
    assert "This role has rights that you lack." in text_of(page)
    assert re.findall(r'name="role" value="(\w+)"', text_of(page)) == ["reader"]
    assert not User.objects.filter(username="nora").exists()


@pytest.mark.parametrize("is_active", [True, False])
def test_a_superuser_is_out_of_an_administrators_reach(
    client: Client, administrator: User, admin: User, is_active: bool
) -> None:
    User.objects.filter(pk=admin.pk).update(is_active=is_active)
    log_in(client, administrator)
    page = text_of(client.get(f"{USERS}{admin.pk}/change/"))
    assert "ada" in page
    assert "Save</button>" not in page
    assert "password/" not in page.partition("</header>")[2]
    assert change(client, admin, username="taken-over", role="reader").status_code == 403
    passwords = {"password1": "long-enough-8", "password2": "long-enough-8", "set-password": ""}
    assert client.get(f"{USERS}{admin.pk}/password/").status_code == 403
    assert client.post(f"{USERS}{admin.pk}/password/", passwords).status_code == 403
    assert client.post(f"{USERS}{admin.pk}/delete/", {"post": "yes"}).status_code == 403
    admin = User.objects.get(pk=admin.pk)
    assert (admin.username, admin.is_superuser, admin.check_password("ada's password")) == ("ada", True, True)


@pytest.mark.parametrize("is_active", [True, False])
def test_who_has_rights_that_one_lacks_is_out_of_reach(client: Client, administrator: User, is_active: bool) -> None:
    keeper = person("kim", EDITORS)
    keeper.user_permissions.add(Permission.objects.get(codename="delete_permission"))
    User.objects.filter(pk=keeper.pk).update(is_active=is_active)
    log_in(client, administrator)
    assert change(client, keeper, role="reader").status_code == 403
    assert client.get(f"{USERS}{keeper.pk}/password/").status_code == 403


@pytest.mark.parametrize("who", ["administrator", "admin"])
def test_nobody_shuts_themselves_out(client: Client, request: pytest.FixtureRequest, who: str) -> None:
    me = request.getfixturevalue(who)
    log_in(client, me)
    before = (groups_of(me), True, me.is_superuser)
    page = text_of(client.get(f"{USERS}{me.pk}/change/"))
    assert "You cannot change your own role. Ask another administrator." in page
    answer = change(client, me, role="reader", is_active=None, is_superuser=None, groups=[])
    assert "You cannot change your own role. Ask another administrator." in text_of(answer)
    assert change(client, me, is_active=None, first_name="Me").status_code == 302
    assert client.post(f"{USERS}{me.pk}/delete/", {"post": "yes"}).status_code == 403
    me = User.objects.get(pk=me.pk)
    assert (groups_of(me), me.is_active, me.is_superuser) == before
    assert me.first_name == "Me"


def test_an_administrator_sets_the_password_of_a_colleague(client: Client, administrator: User, editor: User) -> None:
    address = f"{USERS}{editor.pk}/password/"
    assert "A new password for elif" in text_of(log_in(client, administrator).get(address))
    short = client.post(address, {"password1": "short", "password2": "short", "set-password": ""})
    assert "too short" in text_of(short)
    form = {"password1": "long-enough-8", "password2": "long-enough-8", "set-password": ""}
    assert client.post(address, form).status_code == 302
    assert client.login(username="elif", password="long-enough-8")


def test_somebody_is_switched_off_and_on_again(client: Client, administrator: User, editor: User) -> None:
    log_in(client, administrator)
    change(client, editor, role="editor", is_active=None)
    assert not client.login(username="elif", password="elif's password")
    change(log_in(client, administrator), editor, role="editor")
    assert client.login(username="elif", password="elif's password")


def test_who_wrote_something_is_not_deleted(client: Client, administrator: User, editor: User) -> None:
    drafting.open_draft(publishing.register(read(agent_source()), by=editor)[0], by=editor)
    answer = log_in(client, administrator).post(f"{USERS}{editor.pk}/delete/", {"post": "yes"})
    assert answer.status_code in (200, 403)
    assert User.objects.filter(pk=editor.pk).exists()


# --- Groups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["administrator", "admin"])
@pytest.mark.parametrize("name", list(HELD))
def test_what_the_catalog_gives_its_groups_is_not_taken(
    client: Client, request: pytest.FixtureRequest, who: str, name: str
) -> None:
    group = Group.objects.get(name=name)
    before = set(group.permissions.values_list("pk", flat=True))
    log_in(client, request.getfixturevalue(who))
    client.post(f"{GROUPS}{group.pk}/change/", {"name": "Renamed", "permissions": []})
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 403
    group.refresh_from_db()
    assert (group.name, set(group.permissions.values_list("pk", flat=True))) == (name, before)


def test_a_group_gets_no_right_that_its_maker_lacks(client: Client, administrator: User) -> None:
    lacked, had = (Permission.objects.get(codename=name) for name in ("add_permission", "view_event"))
    log_in(client, administrator)
    refused = client.post(f"{GROUPS}add/", {"name": "Mine", "permissions": [lacked.pk]})
    assert refused.status_code == 200
    assert client.post(f"{GROUPS}add/", {"name": "Mine", "permissions": [had.pk]}).status_code == 302
    assert list(Group.objects.get(name="Mine").permissions.all()) == [had]


def test_a_group_that_is_stronger_than_its_reader_is_only_read(client: Client, administrator: User) -> None:
    strong = Group.objects.create(name="Strong")
    strong.permissions.add(Permission.objects.get(codename="add_permission"))
    log_in(client, administrator)
    assert client.get(f"{GROUPS}{strong.pk}/change/").status_code == 200
    assert client.post(f"{GROUPS}{strong.pk}/change/", {"name": "Weak", "permissions": []}).status_code == 403
    assert client.post(f"{GROUPS}{strong.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_group_ones_own_rights_come_from_is_left_to_others(client: Client, administrator: User) -> None:
    own = Group.objects.create(name="Managers")
    own.permissions.set(Permission.objects.filter(content_type__model__in=("user", "group")))
    administrator.groups.set([own])
    log_in(client, administrator)
    assert client.post(f"{GROUPS}{own.pk}/change/", {"name": "M", "permissions": []}).status_code in (302, 403)
    assert client.post(f"{GROUPS}{own.pk}/delete/", {"post": "yes"}).status_code in (302, 403)
    assert own.permissions.count() == 8


# --- In a browser --------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_people_are_for_everybody_to_read(
    page_of: Callable[[User], Page], admin: User, editor: User, scheme: str
) -> None:
    page = page_of(admin)
    page.emulate_media(color_scheme=scheme)
    Group.objects.create(name="Archivists")
    own, theirs = (f"{USERS}{user.pk}/" for user in (admin, editor))
    for address in (USERS, f"{USERS}add/", f"{own}change/", f"{theirs}change/", f"{theirs}password/", GROUPS):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(address)
            for details in page.locator("fieldset summary").all():
                details.click()
            assert_everybody_can_read(page)


@pytest.mark.browser
def test_a_colleague_is_made_a_publisher(page_of: Callable[[User], Page], administrator: User, editor: User) -> None:
    page = page_of(administrator)
    page.goto(USERS)
    page.get_by_role("link", name="elif").click()
    page.get_by_role("radiogroup", name="Role").get_by_label("Publisher").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="elif")).to_contain_text("Publisher")


# --- The lists -----------------------------------------------------------------------------------------


@pytest.fixture
def everybody(editor: User, publisher: User, administrator: User, admin: User, outsider: User) -> None:
    person("otto", is_staff=True)


def test_the_list_says_what_people_are(client: Client, admin: User, everybody: None) -> None:
    page = text_of(log_in(client, admin).get(USERS)).partition("<tbody>")[2]
    roles = dict(re.findall(r"<strong>(\w+)</strong>.*?field-role\">([^<]+)<.*?</tr>", page))
    assert roles == {
        "ada": "Superuser",
        "amara": "Administrator",
        "elif": "Editor",
        "oona": "Reader",
        "otto": "Rights of their own",
        "pablo": "Publisher",
    }
    assert "Never" in page


@pytest.mark.parametrize(
    ("role", "names"),
    [("editor", ["elif"]), ("reader", ["oona"]), ("superuser", ["ada"]), ("own", ["otto"]), ("publisher", ["pablo"])],
)
def test_the_list_is_narrowed_by_role(
    client: Client, admin: User, everybody: None, role: str, names: list[str]
) -> None:
    page = text_of(log_in(client, admin).get(f"{USERS}?role={role}")).partition("<tbody>")[2]
    assert re.findall(r"<strong>(\w+)</strong>", page) == names


@pytest.mark.parametrize("address", [USERS, GROUPS])
@pytest.mark.parametrize("who", ["administrator", "admin"])
def test_the_queries_of_a_list_do_not_grow_with_it(
    client: Client, request: pytest.FixtureRequest, who: str, address: str
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    log_in(client, request.getfixturevalue(who))
    before = count()
    for number in range(6):
        Group.objects.create(name=f"group-{number}")
        person(f"person-{number}", EDITORS, f"group-{number}")
    assert count() == before
    assert before <= 12
