"""All published agents in memory, a few bytes each, so that every count is exact and instant. Imports `changes`.

Each process has a shelf of its own. It follows the database by what `changes` recorded: a reader who asks for the
shelf gets one that holds whatever was committed when it asked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from logging import getLogger
from threading import Lock, Thread

from django.db import connection

from catalog import changes
from catalog.changes import Generation

from . import loading
from .kinds import Chosen, Option
from .loading import ALL_TOOLS, INHERIT, KINDS, READERS_CHOICE
from .shelves import ALL_OF, Filters, Shelf

__all__ = [
    "ALL_OF",
    "ALL_TOOLS",
    "INHERIT",
    "KINDS",
    "READERS_CHOICE",
    "Chosen",
    "Filters",
    "Option",
    "Shelf",
    "forget",
    "shelf",
    "warm_up",
]

DOWNLOADS_SECONDS = 60  # how old the order of downloads may be
_MOST_CHANGED = 0.02  # of all agents; beyond, to load everything is quicker
_OF_COLLECTIONS = "collection-"  # so the verbs begin that change no agent

_log = getLogger(__name__)


class _Kept:
    """The shelf of this process, and the lock of whoever brings it up to date."""

    def __init__(self) -> None:
        self.shelf: Shelf | None = None
        self.lock = Lock()


_kept = _Kept()
if hasattr(os, "register_at_fork"):  # a child of a process that was loading would wait for ever
    os.register_at_fork(after_in_child=lambda: setattr(_kept, "lock", Lock()))


def shelf(generation: Generation | None = None) -> Shelf:
    """The agents as they are now; asks for the newest change, unless `generation` is it."""
    wanted = generation or changes.latest()
    found = _kept.shelf
    if found is None or found.generation != wanted:
        with _kept.lock:
            found = _kept.shelf  # whoever had the lock may have brought it up to date
            if found is None or found.generation != wanted:
                found = _kept.shelf = _followed(found) if found else _loaded()
    if time.monotonic() - found.read_at > DOWNLOADS_SECONDS:
        found = _recounted(found)
    return found


def forget() -> None:
    """Load anew when asked next: what is kept here outlives the rows of a test."""
    with _kept.lock:
        _kept.shelf = None


def warm_up() -> None:
    """Begin to load the shelf, in a process that serves: its first reader should not have to wait."""
    _beside(shelf)


# --- How it is brought up to date -------------------------------------------------------------------------


def _loaded() -> Shelf:
    generation = changes.latest()  # first: what is committed from here on may be in the rows, and is looked at again
    shelves = loading.categories()
    return Shelf.of(generation, loading.all_rows(shelves), shelves.titles, time.monotonic())


def _followed(old: Shelf) -> Shelf:
    """What the changes since made of it; all anew where they say too little, or too much."""
    most = int(max(_MOST_CHANGED * old.total, 50))
    steps = changes.since(old.generation.number, most + 2)
    if old.generation.number and (not steps or steps.pop(0).generation != old.generation):
        return _loaded()  # what it followed was rolled back, or the database is another one by now
    if not steps:
        return old
    if len(steps) > most or any(step.agent_id is None and not step.verb.startswith(_OF_COLLECTIONS) for step in steps):
        return _loaded()
    agents = {step.agent_id for step in steps if step.agent_id is not None}
    shelves = loading.categories()
    rows = list(loading.rows_of(sorted(agents), shelves))
    return old.followed(steps[-1].generation, agents, rows, shelves.titles)


def _recounted(old: Shelf) -> Shelf:
    """With the downloads as they are now; the old ones where somebody else is at it, or at more."""
    if not _kept.lock.acquire(blocking=False):
        return old
    try:
        if _kept.shelf is old:
            _kept.shelf = old.counted_anew(loading.downloads(), time.monotonic())
        return _kept.shelf or old
    finally:
        _kept.lock.release()


def _beside(work: Callable[[], object]) -> None:
    """Do it in a thread of its own. What fails there is tried again when a page asks, and said then."""

    def run() -> None:
        try:
            work()
        except Exception:
            _log.debug("The agents could not be read into memory.", exc_info=True)
        finally:
            connection.close()

    Thread(target=run, name="facets", daemon=True).start()
