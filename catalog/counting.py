"""How often each version is downloaded: noted in memory, written in batches, so that no download waits for it.

One download is one whole file sent in answer to a GET. Robots are left out, and so is a reader who takes the same
version again within an hour. A reader is an address and a User-Agent together: many people of a company share one
address, and those with the same client behind it count as one. Neither is stored; the cache holds a keyed digest of
both for that hour. What a cache in front of the catalog answers is not seen here. Imports `models` and `callers`.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from multiprocessing.util import Finalize
from threading import Lock, Thread, current_thread

from django.conf import settings
from django.core.cache import caches
from django.db import close_old_connections, connection, connections, transaction
from django.db.models import Sum
from django.http import HttpRequest

from catalog.callers import address_of
from catalog.models import Agent, Download, Version

INTERVAL = 2.0  # seconds between two batches: what a killed process loses at most
WINDOW = 3_600  # seconds in which a reader counts once for a version
MOST = 100_000  # entries that wait in memory while nothing can be written
BATCH = 500  # rows of one transaction
CLIENT_LENGTH = 200  # characters kept of what a caller may write at any length

_ADD = """
    INSERT INTO catalog_download (version_id, day, count) VALUES (%s, %s, %s)
    ON CONFLICT (version_id, day) DO UPDATE SET count = catalog_download.count + excluded.count
"""
_ADD_TO_AGENT = "UPDATE catalog_agent SET downloads = downloads + %s WHERE id = %s"

# What looks after pages rather than uses them, in the words of their User-Agents. Command-line clients and libraries
# (curl, Wget, python-requests, git, claude-code) are how people install agents: these are nobody's robots here.
_ROBOTS = (
    *("robot", "crawl", "spider", "slurp", "scan", "preview", "archiver", "heritrix", "nutch", "httrack"),
    *("feedfetcher", "google-inspectiontool", "googleother", "apis-google", "mediapartners", "facebookexternalhit"),
    *("facebookcatalog", "meta-external", "whatsapp", "pinterest", "embedly", "headless", "phantomjs", "lighthouse"),
    *("ptst/", "validator", "linkcheck", "link check", "link-check", "monitor", "pingdom", "pinger", "statuscake"),
    *("site24x7", "uptime", "health", "probe", "googlehc", "check_http", "blackbox", "zgrab", "nikto", "sqlmap"),
    "apachebench",
)
_BOT = re.compile(r"(?<!cu)bots?(?![a-z])")  # Cubot makes telephones

logger = logging.getLogger(__name__)


# --- Noting -----------------------------------------------------------------------------------------------

# Version, address and client of whoever asked, and when first. Each step on it is a single one of the interpreter's
# (`setdefault` here, `popitem` there), so it needs no lock.
_noted: dict[tuple[int, str, str], float] = {}


def downloaded(request: HttpRequest, *versions: int) -> None:
    """Note that these versions (their primary keys) are sent whole in answer to this request.

    To be called for answers of 200, and where a range is the whole file. Anything but a GET is passed over here. It
    takes a microsecond and asks nobody: who counts, and who has counted already, is found out when it is written.
    """
    if request.method != "GET":
        return
    address, client = address_of(request), request.META.get("HTTP_USER_AGENT", "")[:CLIENT_LENGTH]
    now = time.time()
    for version in versions:
        if len(_noted) < MOST:
            _noted.setdefault((version, address, client), now)
    start_flushing()


# --- Who counts ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1_000)
def is_robot(client: str) -> bool:
    """Whether a User-Agent says so, or says nothing at all."""
    text = client.strip().lower()
    return not text or any(word in text for word in _ROBOTS) or _BOT.search(text) is not None


def _is_repeat(version: int, day: date, address: str, client: str) -> bool:
    """Whether this reader counted for this version within the window. Asking makes it so.

    The cache decides, so that several processes that share one count a reader once among them.
    """
    text = f"catalog.counting\n{day}\n{address}\n{client}"
    reader = hmac.digest(settings.SECRET_KEY.encode(), text.encode(errors="replace"), "sha256").hex()
    try:
        return not caches["downloads"].add(f"{version}:{reader[:32]}", True, WINDOW)
    except Exception as error:  # whatever the cache's client raises: a download is worth more than an exact repeat
        _say("Whether downloads repeat cannot be told, all are counted: %s", error)
        return False


# --- Writing ------------------------------------------------------------------------------------------------

_tallies: Counter[tuple[int, date]] = Counter()  # what is to be written; only who holds `_writing` touches it
_writing = Lock()


def flush() -> int:
    """Write what was noted; how many downloads that were. What cannot be written now waits for the next time."""
    with _writing:
        _tally()
        keys = sorted(_tallies)
        return sum(_write(keys[first : first + BATCH]) for first in range(0, len(keys), BATCH))


def waiting() -> int:
    """How many entries are in memory and not in the database."""
    return len(_noted) + len(_tallies)


def _tally() -> None:
    while _noted:
        if len(_noted) % 100 == 0:
            time.sleep(0.0005)  # else the downloads of this moment would wait for the interpreter
        (version, address, client), at = _noted.popitem()
        day = datetime.fromtimestamp(at, UTC).date()
        if is_robot(client) or _is_repeat(version, day, address, client):
            continue
        _tallies[version, day] += 1
        if len(_tallies) > MOST:
            del _tallies[next(iter(_tallies))]  # the oldest


def _write(keys: list[tuple[int, date]]) -> int:
    """One transaction. The lock on an agent covers the rows of its versions, and nobody waits for one here.

    So this can neither deadlock nor hold up whoever publishes: an agent in other hands has its turn next time.
    """
    with transaction.atomic():
        owners = dict(Version.objects.filter(pk__in={version for version, _ in keys}).values_list("pk", "agent_id"))
        held = Agent.objects.select_for_update(skip_locked=True, no_key=True).order_by("pk")
        free = set(held.filter(pk__in=set(owners.values())).values_list("pk", flat=True))
        done = [key for key in keys if owners.get(key[0]) in free]
        sums: Counter[int] = Counter()
        for key in done:
            sums[owners[key[0]]] += _tallies[key]
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, [(version, day, _tallies[version, day]) for version, day in done])
            cursor.executemany(_ADD_TO_AGENT, [(number, agent) for agent, number in sorted(sums.items())])
    for key in [*done, *(key for key in keys if key[0] not in owners)]:
        del _tallies[key]
    return sums.total()


# --- In the background ----------------------------------------------------------------------------------------

_is_serving = False
_beside: list[Callable[[], None]] = []
_flusher: Thread | None = None
_starting = Lock()
_said_at = -60.0


def flush_regularly() -> None:
    """Write every two seconds from now on, and once more at the end. Called where the server takes up its work.

    The thread begins with the first download: in the process that answers, should the server fork after this.
    """
    global _is_serving
    _is_serving = True


def flush_too(write: Callable[[], None]) -> None:
    """Let the same thread write something else that no answer should wait for."""
    _beside.append(write)


def start_flushing() -> None:
    """See to it that what waits is written, where the server has taken up its work."""
    if _is_serving and _flusher is None:
        _start_flushing()


def _start_flushing() -> None:
    global _flusher
    with _starting:
        if _flusher is None:
            _flusher = Thread(target=_flush_for_ever, name="download-counts", daemon=True)
            _flusher.start()
            # Unlike `atexit` it also runs where a process was forked by `multiprocessing`, as granian's are.
            Finalize(None, _flush_at_the_end, exitpriority=0)


def _flush_for_ever() -> None:
    while _flusher is current_thread():
        time.sleep(INTERVAL)
        _flush_or_say()
    connections.close_all()


def _flush_at_the_end() -> None:
    for _ in range(5):  # an agent may be in other hands just then
        _flush_or_say()
        if not waiting():
            break
        time.sleep(0.2)


def _flush_or_say() -> None:
    close_old_connections()
    try:
        if waiting():
            flush()
        for write in _beside:
            write()
    except Exception as error:  # this thread must outlive whatever the database does
        _say("%d download counts wait, because the database takes nothing: %s", waiting(), error)
    finally:
        close_old_connections()


def _say(message: str, *details: object) -> None:
    """In the log, once a minute at most."""
    global _said_at
    if time.monotonic() - _said_at >= 60:
        _said_at = time.monotonic()
        logger.warning(message, *details)


def forget() -> None:
    """Drop what is not written yet: between tests, and in a process just forked, because its parent writes that."""
    global _flusher, _starting, _writing
    _noted.clear()
    _tallies.clear()
    _flusher, _starting, _writing = None, Lock(), Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


# --- Reading ------------------------------------------------------------------------------------------------


def daily(agent: Agent, days: int = 90) -> list[tuple[date, int]]:
    """Each of the last whole days (UTC), through yesterday, with the downloads of all versions, withdrawn ones too."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days)
    rows = Download.objects.filter(version__agent=agent, day__gte=first, day__lt=today)
    counts = dict(rows.order_by("day").values_list("day").annotate(Sum("count")))
    return [(day, counts.get(day, 0)) for day in (first + timedelta(days=past) for past in range(days))]
