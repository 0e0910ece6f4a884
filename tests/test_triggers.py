"""What was published never changes, whichever way somebody writes: held by the database on both engines."""

import json
import tempfile
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from catalog import publishing, triggers
from catalog.models import Agent, Event, FormerName, Version
from tests.sources import agent_source

SQLITE = connection.vendor == "sqlite"
FROZEN = {
    "id": 999_999,
    "agent_id": None,
    "number": 77,
    "source": "another",
    "digest": "sha256:0",
    "size": 1,
    "note": "another",
    "published_at": timezone.now(),
    "published_by_id": None,
}


@pytest.fixture
def version(publish_source: Callable[..., Version]) -> Version:
    publish_source(agent_source("second"))
    publish_source(agent_source(prompt="One.\n"))
    return publish_source(agent_source(prompt="Two.\n"))


def _sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _columns(version: Version) -> dict[str, object]:
    return {field.column: getattr(version, field.attname) for field in Version._meta.concrete_fields}


def _insert(version: Version, ending: str = "", verb: str = "INSERT INTO", **changes: object) -> None:
    columns = _columns(version) | {"source": "another", **changes}
    columns |= {name: json.dumps(columns[name]) for name in ("tools", "fields", "findings")}
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join(["%s"] * len(columns))
    _sql(f"{verb} catalog_version ({names}) VALUES ({marks}) {ending}", *columns.values())


def _save(version: Version) -> None:
    version.source = "another"
    version.save()


def _bulk_update(version: Version) -> None:
    version.source = "another"
    Version.objects.bulk_update([version], ["source"])


def _upsert(version: Version) -> None:
    copy = Version(**{**_columns(version), "id": None, "source": "another"})
    Version.objects.bulk_create(
        [copy], update_conflicts=True, unique_fields=["agent", "number"], update_fields=["source"]
    )


def _update_or_create(version: Version) -> None:
    Version.objects.update_or_create(agent=version.agent, number=version.number, defaults={"source": "another"})


def _loaddata(version: Version) -> None:
    rows = json.loads(serializers.serialize("json", [version]))
    rows[0]["fields"]["source"] = "another"
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as fixture:
        json.dump(rows, fixture)
        fixture.flush()
        call_command("loaddata", fixture.name, verbosity=0)


def _swap_the_user(version: Version) -> None:
    other = User.objects.create_user("mallory")
    Version.objects.filter(pk=version.pk).update(published_by=other)


def _move_to_another_agent(version: Version) -> None:
    Version.objects.filter(pk=version.pk).update(agent=Agent.objects.get(name="second"))


EVERYWHERE: dict[str, Callable[[Version], None]] = {
    "save": _save,
    "bulk_update": _bulk_update,
    "upsert": _upsert,
    "update_or_create": _update_or_create,
    "loaddata": _loaddata,
    "another publisher": _swap_the_user,
    "another agent": _move_to_another_agent,
    "update": lambda version: Version.objects.filter(pk=version.pk).update(source="another"),
    "renumber": lambda version: Version.objects.update(number=models.F("number") + 100),
    "UPDATE": lambda version: _sql("UPDATE catalog_version SET source = 'another' WHERE id = %s", version.pk),
    "DELETE": lambda version: _sql("DELETE FROM catalog_version WHERE id = %s", version.pk),
    "DELETE all": lambda version: _sql("DELETE FROM catalog_version"),
    "raw_delete": lambda version: Version.objects.filter(pk=version.pk)._raw_delete("default"),
    "ON CONFLICT": lambda version: _insert(
        version, "ON CONFLICT (agent_id, number) DO UPDATE SET source = 'another'", id=999_999
    ),
}
ON_SQLITE: dict[str, Callable[[Version], None]] = {
    "INSERT OR REPLACE": lambda version: _insert(version, verb="INSERT OR REPLACE INTO"),
    "REPLACE by primary key": lambda version: _insert(version, verb="REPLACE INTO", number=99),
    "REPLACE by number": lambda version: _insert(version, verb="REPLACE INTO", id=999_999),
    "UPDATE OR REPLACE number": lambda version: _sql(
        "UPDATE OR REPLACE catalog_version SET number = 1 WHERE id = %s", version.pk
    ),
    "UPDATE OR REPLACE id": lambda version: _sql(
        "UPDATE OR REPLACE catalog_version SET id = id - 1 WHERE id = %s", version.pk
    ),
}
ON_POSTGRESQL: dict[str, Callable[[Version], None]] = {
    "TRUNCATE": lambda version: _sql("TRUNCATE catalog_version CASCADE"),
    "TRUNCATE agents": lambda version: _sql("TRUNCATE catalog_agent CASCADE"),
    "TRUNCATE users": lambda version: _sql("TRUNCATE auth_user CASCADE"),
}
WRITE_PATHS = EVERYWHERE | (ON_SQLITE if SQLITE else ON_POSTGRESQL)


@pytest.mark.parametrize("path", WRITE_PATHS)
def test_no_way_of_writing_changes_or_removes_a_published_version(version: Version, path: str) -> None:
    connection.check_constraints()  # what is deferred to the commit would stop TRUNCATE before the trigger does
    before = list(Version.objects.order_by("pk").values())
    with pytest.raises(IntegrityError, match="never"), transaction.atomic():
        WRITE_PATHS[path](version)
    assert list(Version.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("column", FROZEN)
def test_each_published_column_is_frozen(version: Version, column: str) -> None:
    value = FROZEN[column]
    if value is None:
        value = {
            "agent_id": Agent.objects.get(name="second").pk,
            "published_by_id": User.objects.create_user("mallory").pk,
        }[column]
    with pytest.raises(IntegrityError, match="A published version never changes: publish a new one"):
        _sql(f'UPDATE catalog_version SET "{column}" = %s WHERE id = %s', value, version.pk)


@pytest.mark.parametrize(
    "remove",
    [
        lambda version: version.delete(),
        lambda version: Version.objects.all().delete(),
        lambda version: version.agent.delete(),
        lambda version: version.published_by.delete(),
        lambda version: User.objects.all().delete(),
    ],
)
def test_deleting_through_the_orm_is_refused_before_it_reaches_the_database(
    version: Version, remove: Callable[[Version], None]
) -> None:
    with pytest.raises(ProtectedError):
        remove(version)
    assert Version.objects.filter(pk=version.pk).exists()


def _delete_and_commit(table: str) -> None:
    _sql(f"DELETE FROM {table}")
    connection.check_constraints()


@pytest.mark.parametrize("table", ["catalog_agent", "auth_user"])
def test_rows_that_versions_hang_on_cannot_be_removed_by_sql(version: Version, table: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _delete_and_commit(table)
    assert Version.objects.filter(pk=version.pk).exists()


def test_emptying_the_database_with_flush_is_refused(version: Version) -> None:
    connection.check_constraints()
    with pytest.raises((CommandError, IntegrityError)), transaction.atomic():
        call_command("flush", interactive=False, verbosity=0)
    assert Version.objects.filter(pk=version.pk).exists()


def test_what_is_not_published_text_can_be_written(version: Version) -> None:
    version.lead = "A better reader sees this."
    version.yanked_at, version.yanked_by = timezone.now(), version.published_by
    version.save()
    version.refresh_from_db()
    assert version.lead == "A better reader sees this."


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_event SET verb = 'nothing'",
        "UPDATE catalog_event SET actor_id = NULL",
        "DELETE FROM catalog_event",
        "INSERT OR REPLACE INTO catalog_event (id, verb, data, at) SELECT id, 'nothing', data, at FROM catalog_event"
        if SQLITE
        else "TRUNCATE catalog_event CASCADE",
        "UPDATE catalog_formername SET name = 'another'",
        "DELETE FROM catalog_formername",
        "REPLACE INTO catalog_formername (name, agent_id) SELECT name, agent_id FROM catalog_formername"
        if SQLITE
        else "TRUNCATE catalog_formername",
    ],
)
def test_the_audit_log_and_former_names_only_grow(version: Version, statement: str) -> None:
    publishing.rename(version.agent, "critic", by=version.published_by)
    connection.check_constraints()
    events, names = list(Event.objects.values()), list(FormerName.objects.values())
    with pytest.raises(IntegrityError, match=r"never|always"), transaction.atomic():
        _sql(statement)
    assert (list(Event.objects.values()), list(FormerName.objects.values())) == (events, names)


def _altered(name: str) -> tuple[models.Field, models.Field]:
    new = models.CharField(max_length=600, blank=True, default="")
    new.set_attributes_from_name(name)
    new.model = Version
    return Version._meta.get_field(name), new


@pytest.fixture
def rebuild_the_table(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Alter a column of Version as a migration would, and back after the test."""
    altered: list[tuple[models.Field, models.Field]] = []

    def alter(name: str) -> None:
        old, new = _altered(name)
        altered.append((new, old))
        with connection.schema_editor() as editor:
            editor.alter_field(Version, old, new)

    yield alter
    for new, old in altered:
        with connection.schema_editor() as editor:
            editor.alter_field(Version, new, old)
    triggers.install(connection)


@pytest.mark.parametrize("column", ["note", "yank_reason"])
def test_triggers_lost_when_django_rebuilds_a_table_are_back_after_migrate(
    rebuild_the_table: Callable[[str], None], publish_source: Callable[..., Version], column: str
) -> None:
    version = publish_source(agent_source())
    assert triggers.missing(connection) == []
    rebuild_the_table(column)
    if SQLITE:  # PostgreSQL alters in place
        assert triggers.missing(connection) == [
            "catalog_version_is_frozen",
            "catalog_version_is_kept",
            "catalog_version_is_not_replaced",
        ]
    call_command("migrate", verbosity=0, skip_checks=True)
    assert triggers.missing(connection) == []
    with pytest.raises(IntegrityError, match="never changes"):
        Version.objects.filter(pk=version.pk).update(source="another")


def test_a_database_without_its_triggers_fails_the_system_check(db: None) -> None:
    call_command("check", tags=["database"], databases=["default"])
    triggers.drop(connection)
    with pytest.raises(SystemCheckError, match="catalog_version_is_frozen"):
        call_command("check", tags=["database"], databases=["default"])
    triggers.install(connection)
    call_command("check", tags=["database"], databases=["default"])


def test_installing_twice_is_installing_once(version: Version) -> None:
    triggers.install(connection)
    triggers.install(connection)
    assert triggers.missing(connection) == []


@pytest.mark.skipif(SQLITE, reason="SQLite cannot switch a trigger off")
def test_a_trigger_that_is_switched_off_counts_as_missing_and_is_switched_on_again(db: None) -> None:
    _sql("ALTER TABLE catalog_version DISABLE TRIGGER catalog_version_is_kept")
    assert triggers.missing(connection) == ["catalog_version_is_kept"]
    triggers.install(connection)
    assert triggers.missing(connection) == []
