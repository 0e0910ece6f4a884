"""Editors, publishers, administrators: the groups that are there after every migration."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.groups import ADMINISTRATORS, EDITORS, HELD, PUBLISHERS, ensure_groups

pytestmark = pytest.mark.django_db


def rights_of(group: str) -> set[str]:
    held = Permission.objects.filter(group__name=group).values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in held}


def every(label: str, *models: str) -> set[str]:
    """The permissions of these models, or of all of an app."""
    held = Permission.objects.filter(content_type__app_label=label)
    held = held.filter(content_type__model__in=models) if models else held
    return {f"{label}.{codename}" for codename in held.values_list("codename", flat=True)}


def test_each_group_has_what_its_people_do() -> None:
    editors, publishers, administrators = map(rights_of, (EDITORS, PUBLISHERS, ADMINISTRATORS))
    assert editors == {
        *(f"catalog.{verb}_{row}" for row in ("agent", "draft") for verb in ("view", "add", "change")),
        *(f"catalog.view_{row}" for row in ("version", "category", "tag", "event", "collection")),
        "catalog.delete_draft",
        *(f"catalog.{verb}_apitoken" for verb in ("view", "add", "change")),
    }
    assert publishers - editors == {
        "catalog.publish_agent",
        *(f"catalog.{verb}_{row}" for row in ("category", "tag", "collection") for verb in ("add", "change", "delete")),
    }
    assert administrators == every("catalog") | every("auth", "user", "group")
    assert editors < publishers < administrators


def test_ensuring_them_again_changes_nothing() -> None:
    before = {name: rights_of(name) for name in HELD}
    ensure_groups()
    assert {name: rights_of(name) for name in HELD} == before
    assert Group.objects.count() == len(HELD)


def test_what_is_missing_is_added_and_what_was_added_stays() -> None:
    editors = Group.objects.get(name=EDITORS)
    editors.permissions.remove(Permission.objects.get(codename="change_draft"))
    editors.permissions.add(Permission.objects.get(codename="view_user"))
    Group.objects.get(name=PUBLISHERS).delete()
    ensure_groups()
    assert {"catalog.change_draft", "auth.view_user"} <= rights_of(EDITORS)
    assert "catalog.publish_agent" in rights_of(PUBLISHERS)


def test_the_people_in_a_group_stay_in_it(editor: User) -> None:
    ensure_groups()
    assert [group.name for group in editor.groups.all()] == [EDITORS]


def test_they_are_made_before_django_has_made_its_permissions() -> None:
    Group.objects.all().delete()
    Permission.objects.all().delete()
    ensure_groups()
    assert rights_of(EDITORS)
    assert "auth.add_user" in rights_of(ADMINISTRATORS)


@pytest.mark.django_db(transaction=True)
def test_they_are_there_again_after_the_tables_were_emptied() -> None:
    Group.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == set(HELD)
    assert "catalog.publish_agent" in rights_of(PUBLISHERS)


def test_a_migration_that_stops_before_there_are_groups_is_let_pass() -> None:
    class Halfway:
        """The rows as they are before `auth` or after `catalog` are there."""

        def __init__(self, there: str) -> None:
            self.there = there

        def get_model(self, name: str) -> object:
            if not name.startswith(self.there):
                raise LookupError(name)
            return apps.get_model(name)

    for there in ("auth", "catalog", "nothing"):
        with CaptureQueriesContext(connection) as queries:
            ensure_groups(apps=Halfway(there))
        assert len(queries) == 0
