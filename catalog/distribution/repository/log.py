"""The publication log, read for the git repository: what each change did to agents and collections.

Only what the log holds and what never changes counts here, never a column that somebody may edit: the same rows give
the same commits on every machine. Imports `store`, and of the catalog `models`, `definition` and `changes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from catalog.changes import moment
from catalog.definition import fold_name
from catalog.models import Change, Event

from .store import Store

AT_ONCE = 1_000  # rows of one question
PUBLISHING = ("published", "restored", "renamed")


class Step(NamedTuple):
    """One change of the log."""

    number: int
    at: datetime
    more_follow: bool
    agent: int | None
    event: int | None
    verb: str
    data: dict[str, Any]
    version: int | None  # its key
    written: str | None  # the name in the version's file
    note: str | None  # of the version


_COLUMNS = (
    *("pk", "at", "more_follow", "agent", "event", "event__verb", "event__data"),
    *("event__version", "event__version__fields__name", "event__version__note"),
)


def last_done() -> int:
    """The number of the last change after which nothing of the same deed follows; 0 in an empty catalog."""
    return Change.objects.filter(more_follow=False).order_by("-pk").values_list("pk", flat=True).first() or 0


def steps(after: int, last: int) -> Iterator[list[Step]]:
    """The changes above `after` up to `last`, one deed at a time."""
    deed: list[Step] = []
    while True:
        rows = Change.objects.filter(pk__gt=after, pk__lte=last).order_by("pk").values_list(*_COLUMNS)[:AT_ONCE]
        for pk, at, more_follow, agent, event, verb, data, *version in rows:
            deed.append(Step(pk, at, more_follow, agent, event, verb or "", data or {}, *version))
            if not more_follow:
                yield deed
                deed = []
            after = pk
        if len(rows) < AT_ONCE:
            return


def mark_of(number: int) -> str:
    """Tells a change from one of the same number in another database, or in this one after it was put back."""
    row = Change.objects.filter(pk=number).values_list("at", flat=True).first()
    found = moment(row)
    return f"{number} {found.isoformat()}" if found else "0"


def number_in(mark: str) -> int:
    """The number of the change that a mark is of; 0 for none."""
    return int(mark.partition(" ")[0] or "0")


class Ledger:
    """What the repository knows of agents and collections after the steps it was told of."""

    def __init__(self, store: Store) -> None:
        self.database = store.database

    @cached_property
    def _ever_deprecated(self) -> set[int | None]:
        return set(Event.objects.filter(verb="deprecated").values_list("agent", flat=True).distinct())

    def take(self, step: Step) -> set[str]:
        """Note one step. Whose plugins may look otherwise afterwards: "a12" is an agent, "c3" a collection."""
        if step.verb.startswith("collection-"):
            return self._collection(step)
        if step.agent is None:
            return set()
        if step.version is not None and step.verb in PUBLISHING:
            self._published(step, step.agent)
        elif step.verb == "renamed":
            self._named(step.agent, step.data["new"])
        elif step.verb in ("yanked", "unyanked"):
            values = (step.verb == "yanked", step.agent, step.data["number"])
            self._run("UPDATE version SET yanked = ? WHERE agent = ? AND number = ?", *values)
        elif step.verb in ("deprecated", "undeprecated"):
            return self._deprecated(step)
        else:
            return set()
        return {f"a{step.agent}", *self.followers(step.agent)}

    def _published(self, step: Step, agent: int) -> None:
        """A version carries the name its agent has: a first one tells it, and whether it was deprecated before."""
        known = self._run("SELECT name FROM agent WHERE key = ? AND name != ''", agent)
        if not known and agent in self._ever_deprecated:
            self._deprecated(_told_before(step, agent))
        name = step.data["new"] if step.verb == "renamed" else known[0][0] if known else fold_name(str(step.written))
        self._named(agent, name)
        values = (agent, step.data["number"], step.version, name)
        self._run("INSERT OR REPLACE INTO version (agent, number, key, name) VALUES (?, ?, ?, ?)", *values)

    def _named(self, agent: int, name: str) -> None:
        naming = "INSERT INTO agent (key, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name"
        self._run(naming, agent, name)
        self._run("INSERT OR REPLACE INTO agent_name VALUES (?, ?)", name, agent)

    def _deprecated(self, step: Step) -> set[str]:
        note = step.data.get("note") or "" if step.verb == "deprecated" else None
        successor = self.agent_called(step.data.get("successor") or "") if note is not None else None
        noting = (
            "INSERT INTO agent (key, name, deprecation, successor) VALUES (?, '', ?, ?) ON CONFLICT DO UPDATE "
            "SET deprecation = excluded.deprecation, successor = excluded.successor"
        )
        self._run(noting, step.agent, note, successor)
        return {f"a{step.agent}"}

    def followers(self, agent: int) -> set[str]:
        """The agents that name this one as their successor."""
        return {f"a{key}" for (key,) in self._run("SELECT key FROM agent WHERE successor = ?", agent)}

    # --- Collections ---

    def _collection(self, step: Step) -> set[str]:
        key = step.data["collection"]
        if step.verb in ("collection-unpublished", "collection-deleted"):
            self._run("UPDATE collection SET offered = 0 WHERE key = ?", key)
            return {f"c{key}"}
        values = (key, step.data["name"], step.data["title"])
        self._run("INSERT OR REPLACE INTO collection VALUES (?, ?, ?, 1)", *values)
        if step.verb == "collection-filled":
            self._fill(key, step.data["agents"])
        elif step.verb == "collection-published":
            self._fill(key, _filled_before(key, step.event or 0))
        return {f"c{key}"}

    def _fill(self, collection: int, names: list[str]) -> None:
        """An agent never loses a name to another one, so a name says which agent was meant then."""
        self._run("DELETE FROM member WHERE collection = ?", collection)
        for name in names:
            if (agent := self.agent_called(name)) is not None:
                self._run("INSERT OR IGNORE INTO member VALUES (?, ?)", collection, agent)

    def collections_of(self, agent: int) -> set[str]:
        return {f"c{key}" for (key,) in self._run("SELECT collection FROM member WHERE agent = ?", agent)}

    def collection(self, key: int) -> tuple[str, str, bool]:
        """Name, title, and whether it is public."""
        name, title, offered = self._run("SELECT name, title, offered FROM collection WHERE key = ?", key)[0]
        return name, title, bool(offered)

    def members(self, collection: int) -> list[int]:
        return [agent for (agent,) in self._run("SELECT agent FROM member WHERE collection = ?", collection)]

    # --- Agents ---

    def agent_called(self, name: str) -> int | None:
        rows = self._run("SELECT agent FROM agent_name WHERE name = ?", name)
        return rows[0][0] if rows else None

    def agent(self, key: int) -> tuple[str, str | None, str]:
        """Name; what its deprecation says, None where it is recommended; the name of its successor or ""."""
        name, deprecation, successor = self._run("SELECT name, deprecation, successor FROM agent WHERE key = ?", key)[0]
        instead = self._run("SELECT name FROM agent WHERE key = ?", successor) if successor else ()
        return name, deprecation, instead[0][0] if instead else ""

    def offered(self, agent: int) -> tuple[int, int] | None:
        """Number and key of the version on offer: the newest not yanked whose file has the agent's name."""
        rows = self._run(
            "SELECT number, version.key FROM version JOIN agent ON agent.key = agent AND agent.name = version.name "
            "WHERE agent = ? AND NOT yanked ORDER BY number DESC LIMIT 1",
            agent,
        )
        return rows[0] if rows else None

    def newest(self, agent: int) -> int:
        """The last number given, withdrawn or not."""
        return int(self._run("SELECT coalesce(max(number), 0) FROM version WHERE agent = ?", agent)[0][0])

    def _run(self, question: str, *values: object) -> list[Any]:
        return self.database.execute(question, values).fetchall()


def _told_before(step: Step, agent: int) -> Step:
    """What was last said of an agent before anybody could read it, which was no change for anybody."""
    said = Event.objects.filter(agent=agent, verb__in=("deprecated", "undeprecated"), pk__lt=step.event or 0)
    verb, data = said.order_by("-pk").values_list("verb", "data").first() or ("undeprecated", {})
    return step._replace(verb=verb, data=data)


def _filled_before(collection: int, event: int) -> list[str]:
    """Whom a collection held when it was published."""
    filled = Event.objects.filter(verb="collection-filled", data__collection=collection, pk__lt=event)
    data = filled.order_by("-pk").values_list("data", flat=True).first()
    names: list[str] = data["agents"] if data else []
    return names
