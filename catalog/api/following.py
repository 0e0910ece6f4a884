"""What lets a mirror or a lock file follow the catalog: its changes, and what is outdated.

Imports `changes` and `models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query

from catalog import changes
from catalog.api import shapes
from catalog.api.errors import ApiProblem, Kind, problems
from catalog.api.routes import asking, following
from catalog.api.schemas import ChangesIn, ChangesOut, OutdatedIn, OutdatedOut, PinIn
from catalog.api.transport import json_response
from catalog.models import Agent, Change, Version

CATALOG_CHANGED, CHANGED = "catalog-changed", "changed"


@following(
    "/changes",
    response=ChangesOut,
    operation_id="list_changes",
    summary="List changes",
    openapi_extra=problems(Kind.UNKNOWN_SEQUENCE, Kind.INVALID_PARAMETERS),
)
def list_changes(request: HttpRequest, asked: Query[ChangesIn]) -> HttpResponse:
    """Everything that became different for the public, in the order in which it did, from the very beginning.

    Who applies all changes in their order has a mirror: every version that was ever published, by its digest and at
    its pinned address; what was yanked, renamed and deprecated. The latest version of an agent is the newest that was
    not yanked and whose file carries the name the agent has now. Nothing is ever taken out of this list.
    """
    if asked.since and asked.since > changes.latest().number:
        raise ApiProblem(Kind.UNKNOWN_SEQUENCE, f"There is no change {asked.since:,} yet: begin anew with since=0.")
    rows = Change.objects.filter(pk__gt=asked.since).order_by("pk").select_related("agent", "event__version")
    found = list(rows.only(*_COLUMNS)[: asked.limit + 1])
    page = found[: asked.limit]
    names = _Names(page)
    answer = {
        "items": [_change(row, names) for row in page],
        "next_since": page[-1].pk if page else asked.since,
        "has_more": len(found) > len(page),
    }
    return json_response(answer)


_COLUMNS = ("at", "agent__name", "event__verb", "event__data", "event__version__number", "event__version__digest")


class _Names:
    """What agents were called after each change. They have the name of now since they last got it."""

    def __init__(self, rows: Iterable[Change]) -> None:
        self.renames: dict[int, list[tuple[int, str]]] = {}
        agents = {row.agent_id for row in rows if row.agent_id}
        renamed = Change.objects.filter(agent__in=agents, event__verb="renamed").order_by("pk")
        for pk, agent, data in renamed.values_list("pk", "agent", "event__data"):
            if agent:
                self.renames.setdefault(agent, []).append((pk, data["old"]))
        self.public = _public({name for row in rows if (name := _successor(row))})

    def successor(self, row: Change) -> str | None:
        """Whom to use instead, where the public knows it."""
        name = _successor(row)
        return name if name in self.public else None

    def of(self, row: Change) -> str | None:
        if row.agent is None:
            return None
        later = (old for pk, old in self.renames.get(row.agent.pk, ()) if pk > row.pk)
        return next(later, row.agent.name)


def _public(names: set[str]) -> dict[str, int]:
    """The agents that the public knows, or knew, by these names. Two questions: as one, no index would answer it.

    Who was never published is as good as nobody.
    """
    public = Agent.objects.ever_published()
    former = public.filter(former_names__name__in=names).values_list("former_names__name", "pk")
    return {**dict(former), **dict(public.filter(name__in=names).values_list("name", "pk"))}


def _successor(row: Change) -> str | None:
    return row.event.data.get("successor") if row.event and row.event.verb == "deprecated" else None


def _change(row: Change, names: _Names) -> dict[str, Any]:
    event = row.event
    data: dict[str, Any] = event.data if event else {}
    version = event.version if event else None
    verb = event.verb if event else CHANGED if row.agent_id else CATALOG_CHANGED
    return {
        "sequence": row.pk,
        "at": row.at,
        "verb": verb,
        "name": names.of(row),
        "former_name": data.get("old") if verb == "renamed" else None,
        "number": version.number if version else None,
        "digest": version.digest if version else None,
        "note": data.get("reason", data.get("note")) if verb in ("yanked", "deprecated") else None,
        "successor": names.successor(row),
    }


# --- What is outdated -------------------------------------------------------------------------------------


@asking(
    "/outdated",
    response=OutdatedOut,
    operation_id="find_outdated",
    summary="Find out what is outdated",
    openapi_extra=problems(Kind.BAD_REQUEST, Kind.INVALID_PARAMETERS, Kind.LENGTH_REQUIRED, Kind.TOO_LARGE),
)
def find_outdated(request: HttpRequest, asked: OutdatedIn) -> HttpResponse:
    """Which of the files that a client holds are not the latest any more, and what to take instead.

    A thousand a call; whoever holds ten thousand asks ten times. Stores nothing, and takes the same few queries
    however many are asked about.
    """
    held = _Held(asked.pins)
    told = [held.told(pin) for pin in asked.pins]
    outdated = [one for one in told if one is not None]
    return json_response({"current": len(told) - len(outdated), "outdated": outdated})


_Row = tuple[str, int, str]  # name, number and digest of a latest version


class _Held:
    """What the catalog knows of the files that a client holds."""

    def __init__(self, pins: Sequence[PinIn]) -> None:
        names = {pin.name for pin in pins if pin.name}
        self.by_name = _public(names)
        versions = Version.objects.filter(digest__in={pin.digest for pin in pins}).order_by("pk")
        columns = ("digest", "agent", "number", "yanked_at", "yank_reason")
        self.versions: dict[str, list[dict[str, Any]]] = {}
        for version in versions.values(*columns):
            self.versions.setdefault(version["digest"], []).append(version)
        agents = {version["agent"] for same in self.versions.values() for version in same} | set(self.by_name.values())
        self.latest: dict[int, _Row] = {
            pk: (name, number, digest)
            for pk, name, number, digest in Agent.objects.published()
            .filter(pk__in=agents)
            .values_list("pk", "name", "latest_version__number", "latest_version__digest")
        }

    def told(self, pin: PinIn) -> dict[str, Any] | None:
        """What to say of a file; None where it is the latest."""
        agent = self.by_name.get(pin.name) if pin.name else None
        same = self.versions.get(pin.digest, [])
        version = next((one for one in reversed(same) if agent is None or one["agent"] == agent), None)
        if version is None and pin.name is None:
            return self._entry(pin, None, "unknown", None)
        owner = version["agent"] if version else agent
        latest = self.latest.get(owner) if owner else None
        if version is None:
            return self._entry(pin, None, "unknown", latest)
        if latest and latest[2] == pin.digest:
            return None
        return self._entry(pin, version, "withdrawn" if version["yanked_at"] else "outdated", latest)

    def _entry(self, pin: PinIn, version: dict[str, Any] | None, status: str, latest: _Row | None) -> dict[str, Any]:
        return {
            "name": pin.name,
            "digest": pin.digest,
            "number": version["number"] if version else None,
            "status": status,
            "reason": version["yank_reason"] if version and status == "withdrawn" else None,
            "latest": _latest(*latest) if latest else None,
        }


def _latest(name: str, number: int, digest: str) -> dict[str, Any]:
    download = shapes.address("api:download_version", name, number)
    return {"name": name, "number": number, "digest": digest, "download": download}
