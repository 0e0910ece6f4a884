"""The git repository that coding tools install from, made of the publication log.

    with opened() as store:                      # the commits of everything published, made if need be
        store.newest(), store.tags()

Its commits follow from the log and from what the marketplace is called (CATALOG_MARKETPLACE), from nothing else: the
same rows give the same ids in every process and on every machine. What is on disk is a copy that can be thrown away.
Imports `models`, `definition`, `changes` and `distribution.plugins`.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.conf import settings

from catalog import changes
from catalog.changes import Generation
from catalog.distribution.plugins import plugin_name
from catalog.models import Agent, Collection

from .making import bring_up_to_date, make_anew
from .pktlines import NotLines
from .shelves import name_beside
from .store import Store
from .upload_pack import Answer, advertisement, answer

__all__ = [
    "Answer",
    "NotLines",
    "Store",
    "Unavailable",
    "advertisement",
    "answer",
    "made_anew",
    "open_store",
    "opened",
    "plugin_called",
]

log = logging.getLogger(__name__)


class Unavailable(Exception):
    """The repository cannot be read just now, in a sentence for whoever asked for it."""


@contextmanager
def opened() -> Iterator[Store]:
    """The repository with everything published so far, as it is at this moment. Raises Unavailable."""
    with closing(open_store()) as store:
        yield store


def open_store() -> Store:
    """The same, to be closed by who asks. A file that is damaged is set aside, and made anew."""
    with _told():
        try:
            return _up_to_date()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # busy, full, not to be opened: no fault of what is in it
                raise
            log.exception("The repository is damaged, and made anew.")
            _set_aside()
            return _up_to_date()


@contextmanager
def made_anew() -> Iterator[Store]:
    """The same, with nothing of what was there before. Others have what was there until it is done."""
    with _told():
        try:
            store = Store(_path())
        except sqlite3.DatabaseError:
            _set_aside()
            store = Store(_path())
        with closing(store):
            make_anew(store, settings.CATALOG_MARKETPLACE)
    with opened() as store:
        yield store


def plugin_called(owner: Agent | Collection) -> str:
    """What the plugin of an agent or a collection is called, for commands on pages; nothing is made for that.

    It is called otherwise than its owner where another plugin had that name first, which only the repository knows.
    """
    name = plugin_name(owner.name)
    key = f"a{owner.pk}" if isinstance(owner, Agent) else f"c{owner.pk}"
    beside = name_beside(name, key)
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{_path().as_uri()}?mode=ro", uri=True)) as database:
        row = database.execute("SELECT name FROM plugin WHERE owner = ?", [key]).fetchone()
        if row and re.fullmatch(f"{re.escape(beside)}(-[0-9]+)?", row[0]):
            return str(row[0])
        if database.execute("SELECT 1 FROM plugin_name WHERE name = ? AND owner != ?", [name, key]).fetchone():
            return beside  # as it will be called with the next commit
    return name


_seen: dict[Path, tuple[Generation, str]] = {}  # up to which change each file is known to be, and its mark then


def _up_to_date() -> Store:
    store = Store(_path())
    try:
        generation = changes.latest()
        if _seen.get(store.path) != (generation, store.noted("mark")) and _is_brought_up(store):
            _seen[store.path] = generation, store.noted("mark")
        store.stay_at_this_moment()
    except BaseException:
        store.close()
        raise
    return store


def _is_brought_up(store: Store) -> bool:
    """False where somebody else is at it for long: what there is so far is better than nothing."""
    try:
        bring_up_to_date(store, settings.CATALOG_MARKETPLACE)
    except sqlite3.OperationalError:
        if store.newest() is None:
            raise
        log.warning("Somebody else makes commits: the repository is answered as it was before them.")
        return False
    return True


@contextmanager
def _told() -> Iterator[None]:
    """What keeps the file from being used, told to whoever runs the catalog, and in a sentence to whoever asked."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        log.exception("The repository in %s cannot be used.", settings.CATALOG_REPOSITORY_DIR)
        raise Unavailable("The repository cannot be read just now. Try again in a minute.") from error


def _path() -> Path:
    return Path(settings.CATALOG_REPOSITORY_DIR) / f"{settings.CATALOG_MARKETPLACE}.sqlite3"


def _set_aside() -> None:
    path = _path()
    path.replace(path.with_suffix(".damaged"))
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
