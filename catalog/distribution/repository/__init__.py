"""The git repository that coding tools install from, made of the publication log.

    with opened() as store:                      # the commits of everything published, made if need be
        store.newest(), store.tags()

Its commits are a pure function of the log: the same rows give the same ids in every process and on every machine. What
is on disk is a copy that can be thrown away. Imports `models`, `definition`, `changes` and `distribution.plugins`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.conf import settings

from catalog import changes
from catalog.changes import Generation
from catalog.distribution.plugins import plugin_name
from catalog.models import Agent, Collection

from .making import bring_up_to_date
from .pktlines import NotLines
from .store import FORMAT, Store
from .upload_pack import Answer, advertisement, answer

__all__ = [
    "Answer",
    "NotLines",
    "Store",
    "advertisement",
    "answer",
    "made_anew",
    "open_store",
    "opened",
    "plugin_called",
]

_seen: dict[Path, Generation] = {}  # up to which change each file is known to be up to date


def open_store() -> Store:
    """The repository with everything published so far. To be closed."""
    store = Store(_path())
    try:
        generation = changes.recent()
        if _seen.get(store.path) != generation or store.newest() is None:
            bring_up_to_date(store, settings.CATALOG_MARKETPLACE)
            _seen[store.path] = generation
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def made_anew() -> Iterator[Store]:
    """The same, with nothing of what was there before."""
    with closing(Store(_path())) as store, store.writing():
        store.forget()
    _seen.clear()
    with opened() as store:
        yield store


def plugin_called(owner: Agent | Collection) -> str:
    """What the plugin of an agent or a collection is called, for commands on pages; nothing is made for that.

    Where the repository does not have it yet: as it will be called, unless another plugin has that name.
    """
    key = f"a{owner.pk}" if isinstance(owner, Agent) else f"c{owner.pk}"
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{_path().as_uri()}?mode=ro", uri=True)) as database:
        if row := database.execute("SELECT name FROM plugin WHERE owner = ?", [key]).fetchone():
            return str(row[0])
    return plugin_name(owner.name)


def _path() -> Path:
    return Path(settings.CATALOG_REPOSITORY_DIR) / f"{settings.CATALOG_MARKETPLACE}-{FORMAT}.sqlite3"


@contextmanager
def opened() -> Iterator[Store]:
    """The same, closed afterwards."""
    with closing(open_store()) as store:
        yield store
