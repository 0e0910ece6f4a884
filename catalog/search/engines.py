"""Which engine keeps the index of a database. Imports the engines."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from django.db import connections
from django.db.backends.utils import CursorWrapper

from catalog.search import postgresql, sqlite

_ENGINES: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def opened(using: str) -> tuple[Any, CursorWrapper]:
    """The engine, and a cursor to close."""
    connection = connections[using]
    return _ENGINES[connection.vendor], connection.cursor()
