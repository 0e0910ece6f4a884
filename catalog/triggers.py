"""The database's own hold on what was published: triggers on SQLite and PostgreSQL. Imports `models`.

Django drops a table's triggers whenever it rebuilds the table on SQLite, so they are made again after every
`migrate`, and a system check (`check --database default`) says when one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.models import Event, FormerName, Version


@dataclass(frozen=True)
class Guard:
    """What the database holds of one table: columns that never change, rows that never go."""

    model: type[models.Model]
    frozen: tuple[str, ...]  # fields
    keys: tuple[tuple[str, ...], ...]  # by which INSERT OR REPLACE could overwrite a row
    never_changes: str
    never_goes: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def columns(self, fields: Sequence[str]) -> list[str]:
        columns = {field.name: str(field.column) for field in self.model._meta.concrete_fields}
        return [columns[name] for name in fields]

    @property
    def is_frozen(self) -> str:
        return f"{self.table}_is_frozen"

    @property
    def is_kept(self) -> str:
        return f"{self.table}_is_kept"

    @property
    def is_not_replaced(self) -> str:
        return f"{self.table}_is_not_replaced"

    @property
    def is_not_emptied(self) -> str:
        return f"{self.table}_is_not_emptied"


GUARDS = (
    Guard(
        Version,
        frozen=("id", "agent", "number", "source", "digest", "size", "note", "published_at", "published_by"),
        keys=(("id",), ("agent", "number")),
        never_changes="A published version never changes: publish a new one.",
        never_goes="A published version is never deleted: withdraw it instead (yank).",
    ),
    Guard(
        Event,
        frozen=("id", "actor", "token", "verb", "agent", "version", "data", "at"),
        keys=(("id",),),
        never_changes="A line of the audit log never changes.",
        never_goes="A line of the audit log is never deleted.",
    ),
    Guard(
        FormerName,
        frozen=("id", "name", "agent"),
        keys=(("id",), ("name",)),
        never_changes="A former name always leads to its agent.",
        never_goes="A former name is never given up: its address redirects for ever.",
    ),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make every trigger of the tables that exist; can be run any number of times."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for guard in _guards_in(connection):
            for statement in _making(guard, connection.vendor):
                cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Remove every trigger. Only the test harness calls this, to empty its database between tests."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for guard in _guards_in(connection):
            for statement in _dropping(guard, connection.vendor):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The triggers that should be there and are not (or are switched off). Empty means all is held."""
    expected = {(guard.table, name) for guard in _guards_in(connection) for name in _names(guard, connection.vendor)}
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE_TRIGGERS if connection.vendor == "sqlite" else _POSTGRESQL_TRIGGERS)
        present = set(cursor.fetchall())
    return sorted(name for _, name in expected - present)


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`."""
    install(connections[using])


@register(Tags.database)
def check_triggers(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a database that would let published versions be changed."""
    return [
        Error(
            f"The database {alias!r} does not hold published versions: it lacks {', '.join(names)}.",
            hint="Make the triggers again with: manage.py migrate --skip-checks",
            id="catalog.E010",
        )
        for alias in databases or ()
        if (names := missing(connections[alias]))
    ]


_SQLITE_TRIGGERS = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
_POSTGRESQL_TRIGGERS = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)
"""


def _guards_in(connection: BaseDatabaseWrapper) -> list[Guard]:
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    return [guard for guard in GUARDS if guard.table in tables]


def _names(guard: Guard, vendor: str) -> tuple[str, str, str]:
    third = guard.is_not_replaced if vendor == "sqlite" else guard.is_not_emptied
    return (guard.is_frozen, guard.is_kept, third)


def _dropping(guard: Guard, vendor: str) -> Iterator[str]:
    on = "" if vendor == "sqlite" else f' ON "{guard.table}"'
    for name in _names(guard, vendor):
        yield f'DROP TRIGGER IF EXISTS "{name}"{on}'


def _making(guard: Guard, vendor: str) -> Iterator[str]:
    return _making_on_sqlite(guard) if vendor == "sqlite" else _making_on_postgresql(guard)


def _making_on_sqlite(guard: Guard) -> Iterator[str]:
    yield from _dropping(guard, "sqlite")
    changed = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in guard.columns(guard.frozen))
    yield (
        f'CREATE TRIGGER "{guard.is_frozen}" BEFORE UPDATE ON "{guard.table}" WHEN {changed} '
        f"BEGIN SELECT RAISE(ABORT, '{guard.never_changes}'); END"
    )
    yield (
        f'CREATE TRIGGER "{guard.is_kept}" BEFORE DELETE ON "{guard.table}" '
        f"BEGIN SELECT RAISE(ABORT, '{guard.never_goes}'); END"
    )
    # INSERT OR REPLACE removes the row in its way without firing the trigger for DELETE.
    taken = " OR ".join(
        "(" + " AND ".join(f'"{c}" = NEW."{c}"' for c in guard.columns(key)) + ")" for key in guard.keys
    )
    exists = f'EXISTS (SELECT 1 FROM "{guard.table}" WHERE {taken})'  # noqa: S608 (our own names)
    yield (
        f'CREATE TRIGGER "{guard.is_not_replaced}" BEFORE INSERT ON "{guard.table}" WHEN {exists} '
        f"BEGIN SELECT RAISE(ABORT, '{guard.never_changes}'); END"
    )


def _making_on_postgresql(guard: Guard) -> Iterator[str]:
    # The comparison stands in the function, not in the trigger's WHEN: PostgreSQL refuses to alter the type
    # of a column that a trigger names.
    columns = guard.columns(guard.frozen)
    old, new = (", ".join(f'{row}."{c}"' for c in columns) for row in ("OLD", "NEW"))
    yield _function(
        guard.is_frozen,
        f"IF ROW({old}) IS DISTINCT FROM ROW({new}) THEN {_raise(guard.never_changes)} END IF; RETURN NEW;",
    )
    yield _function(guard.is_kept, _raise(guard.never_goes))
    for name, event, function in (
        (guard.is_frozen, "UPDATE", guard.is_frozen),
        (guard.is_kept, "DELETE", guard.is_kept),
    ):
        yield (
            f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {event} ON "{guard.table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{function}"()'
        )
    yield (
        f'CREATE OR REPLACE TRIGGER "{guard.is_not_emptied}" BEFORE TRUNCATE ON "{guard.table}" '
        f'FOR EACH STATEMENT EXECUTE FUNCTION "{guard.is_kept}"()'
    )


def _function(name: str, body: str) -> str:
    return f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$'


def _raise(sentence: str) -> str:
    return f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation';"
