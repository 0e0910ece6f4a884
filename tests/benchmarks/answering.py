"""The side of the process with the catalog, where answers of the API are asked for by name.

Nothing is answered from memory that would not be where it is asked for the first time.
"""

import gc
import json
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, cycle, islice
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from catalog import changes
from catalog.api import kept
from catalog.models import Agent, Event, FormerName, Version
from tests.benchmarks import catalogs, worker

API = "/api/v1"
LIMIT = 100
BUSY = 1_000  # agents of which every catalog has the same changes, files and names
BUSY_CHANGES = 20_000
CHANGES_AT_ONCE = 1_000
BATCH = 10_000

_ALL_SINCE = {"updated_since": "2000-01-01T00:00:00Z"}
LISTS: dict[str, dict[str, Any]] = {
    "agents": {},
    "agents, two fields": {"fields": "name,version"},
    "category": {"category": catalogs.SHELVES[0]},
    "category and tool": {"category": catalogs.SHELVES[0], "tool": "Bash"},
    "rare tag": {"tag": catalogs.TAGS[-1]},
    "words": {"q": "database"},
    "since": _ALL_SINCE,
    "since, two fields": {**_ALL_SINCE, "fields": "name,version"},  # nothing beside which to hide
    "since, category": {**_ALL_SINCE, "category": catalogs.SHELVES[0]},
    "since, rare tag": {**_ALL_SINCE, "tag": catalogs.TAGS[-1]},
}


@dataclass(frozen=True)
class Question:
    """`known`: by who has the answer already. `repeated`: as long as nothing changed, so that it is in memory."""

    kind: str
    what: str
    address: str
    body: str = ""
    known: bool = False
    repeated: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.what}" if self.what else self.kind


_questions: dict[str, Question] = {}


def tell() -> dict[str, Any]:
    """Make the catalog one to ask of; which answers it can give, and what else is of interest."""
    settings.CATALOG_RATES = dict.fromkeys(settings.CATALOG_RATES, (10**9, 10**9))  # counted, and never too many
    changes.RECENT = 0  # else it were chance which answers ask for the newest change
    settings.STATIC_ROOT.mkdir(exist_ok=True)  # else the first client warns that there are no files
    _make_changes()
    _questions.update((question.name, question) for question in _all_questions())
    about = [(question.kind, question.what, question.known) for question in _questions.values()]
    return {"questions": about, "changes": changes.latest().number, "collection": _collection()}


def _collection() -> float:
    """The milliseconds for which all answers wait when Python looks through everything for what can go."""
    gc.collect()
    began = time.perf_counter()
    gc.collect()
    return (time.perf_counter() - began) * 1000


class Page(worker.Page):
    """One answer, each time made anew, unless it is one that is repeated. `traced`: for the memory it takes."""

    def __init__(self, address: str, known: bool, changed: bool, traced: bool = False) -> None:
        self.question, self.traced = _questions[address], traced
        super().__init__(self.question.address, known, changed)

    def prepare(self) -> None:
        gc.collect()  # as every round makes the same objects, it would otherwise befall the same answer in each
        super().prepare()
        if not (self.known or self.question.repeated):
            kept.forget()

    def get(self) -> HttpResponse:
        if not self.question.body:
            return super().get()
        response = self.client.post(self.address, self.question.body, content_type="application/json")
        self.status = response.status_code
        return response

    def cost(self) -> dict[str, float]:
        return {"peak": self.peak()} if self.traced else super().cost()

    def peak(self) -> int:
        """The most bytes held at once while the answer is made and sent part by part."""
        self.prepare()
        tracemalloc.start()
        try:
            for _ in self.client.get(self.address):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


# --- What is asked ----------------------------------------------------------------------------------------


def _all_questions() -> Iterator[Question]:
    agent = f"{API}/agents/{catalogs.one_agent()['name']}"
    for kind, asked in LISTS.items():
        yield from _pages(kind, asked)
    yield Question("agents", "from memory", _listed({}), repeated=True)
    yield Question("agent", "", agent)
    yield Question("agent", "from memory", agent, repeated=True)
    yield Question("agent", "304", agent, known=True)
    yield Question("versions", "", f"{agent}/versions")
    last = changes.latest().number
    for what, since in {"page 1": 0, "middle": last // 2, "last page": last - CHANGES_AT_ONCE}.items():
        yield Question("changes", what, f"{API}/changes?since={since}&limit={CHANGES_AT_ONCE}")
    pins = _pins()
    for count in (10, len(pins)):
        body = json.dumps({"pins": pins[:count]})
        yield Question("outdated", _counted(count, "pins"), f"{API}/outdated", body=body)
    names = _names()
    for count in (10, len(names)):
        yield Question("bundle", _counted(count, "agents"), f"{API}/bundle?agents={','.join(names[:count])}")


def _counted(count: int, what: str) -> str:
    """Of a few that are withdrawn the largest number is a little less, in every catalog the same."""
    return f"10 {what}" if count == 10 else f"1,000 {what}"


def _listed(asked: dict[str, Any]) -> str:
    return f"{API}/agents?{urlencode({'limit': LIMIT, **asked})}"


def _pages(kind: str, asked: dict[str, Any]) -> Iterator[Question]:
    """The first page of a list, one in its middle and its last full one, where there are so many."""
    unseen = {key: value for key, value in asked.items() if key != "fields"}  # what a cursor does not know of
    cursors = _cursors(tuple(unseen.items()))
    yield Question(kind, "page 1", _listed(asked))
    if len(cursors) > 2:
        yield Question(kind, "middle", _listed({**asked, "cursor": cursors[len(cursors) // 2]}))
    if len(cursors) > 1:
        yield Question(kind, "last page", _listed({**asked, "cursor": cursors[-1]}))


@cache
def _cursors(asked: tuple[tuple[str, Any], ...]) -> list[str]:
    """Where the full pages of a list begin, found by following it to its end."""
    client, cursor, cursors = Client(SERVER_NAME="127.0.0.1"), "", list[str]()
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = client.get(_listed({**dict(asked), **more, "fields": "name"})).json()
        if len(page["items"]) == LIMIT:
            cursors.append(cursor)
        cursor = page["next_cursor"]
    return cursors


def _pins() -> list[dict[str, str]]:
    """A file of each of the first agents: of one the latest, of the next the first, which is long outdated."""
    rows = Version.objects.filter(agent__in=range(1, BUSY + 1)).order_by("pk")
    held = {agent: (name, first) for agent, name, first in rows.filter(number=1).values_list(*_HELD)}
    latest = {agent: (name, last) for agent, name, last in rows.filter(number=catalogs.VERSIONS).values_list(*_HELD)}
    chosen = (latest[agent] if agent % 2 else held[agent] for agent in held)
    return [{"name": name, "digest": digest} for name, digest in chosen]


_HELD = ("agent", "agent__name", "digest")


def _names() -> list[str]:
    return list(Agent.objects.published().filter(pk__lte=BUSY).order_by("pk").values_list("name", flat=True))


# --- A long sequence of changes -----------------------------------------------------------------------------


def _make_changes() -> None:
    """As if each version had been published, and of the first agents, which all catalogs have, much more were told."""
    if changes.latest().number > BUSY_CHANGES:
        return
    versions = Version.objects.order_by("pk").values_list("agent_id", "pk")
    busy = islice(cycle(versions.filter(agent__lte=BUSY)), BUSY_CHANGES)
    told = enumerate(chain(busy, versions.filter(agent__gt=BUSY)))
    with transaction.atomic():
        while batch := list(islice(told, BATCH)):
            events = [_event(number, *row) for number, row in batch]
            Event.objects.bulk_create(events, batch_size=500)
            changes.record([Agent(pk=event.agent_id) for event in events], events)
            renamed = [event for event in events if event.verb == "renamed"]
            FormerName.objects.bulk_create(FormerName(name=one.data["old"], agent_id=one.agent_id) for one in renamed)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _event(number: int, agent: int, version: int) -> Event:
    """Most are publications; between them, everywhere alike, come other deeds."""
    match number % 50:
        case 0:
            return Event(verb="renamed", agent_id=agent, data={"old": f"once-{number}"})
        case 10:
            return Event(
                verb="deprecated", agent_id=agent, data={"note": "", "successor": catalogs.name_of(number % BUSY)}
            )
        case 20 | 30 | 40:
            return Event(verb="yanked", agent_id=agent, version_id=version, data={"reason": "It went too far."})
    return Event(verb="published", agent_id=agent, version_id=version)
