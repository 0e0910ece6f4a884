"""Many agents in one download. Imports `distribution`, `facets`, `search` and `models`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query

from catalog import facets, search
from catalog.api.errors import ApiProblem, Kind, problems
from catalog.api.routes import reading
from catalog.api.schemas import BundleIn
from catalog.definition import fold_name
from catalog.distribution.archive import Archive, archive_response, batches, bundle_of, versions_of
from catalog.distribution.exported import SOURCE
from catalog.distribution.exported_bundle import exported_bundle_of
from catalog.models import Agent, Collection, FormerName, Version

MAX_AGENTS = 1_000
AT_ONCE = 300  # names of one query: SQLite takes no endless list of conditions
_PIN = re.compile(r"([^@]+)(?:@([1-9][0-9]{0,8}))?")


@reading(
    "/bundle",
    operation_id="get_bundle",
    summary="Download many agents",
    openapi_extra=problems(
        *(Kind.AGENT_NOT_FOUND, Kind.COLLECTION_NOT_FOUND),
        *(Kind.INVALID_PARAMETERS, Kind.TOO_MANY_AGENTS, Kind.NOT_POSSIBLE, Kind.EXPORT_REFUSED),
    ),
)
def get_bundle(request: HttpRequest, asked: Query[BundleIn]) -> HttpResponseBase:
    """A .zip of agents: those named in `agents`, those of a `collection`, or what filters and words find.

    It holds each file as `name.md` (`con_.md` and the like where Windows keeps the name for a device) and a
    `manifest.json` with the number and digest of each. The same agents give the same bytes, whenever they are asked
    for; the `ETag` is that of the manifest. At most 1,000 agents.

    With `format` the files lie where a project has them for that tool: unpacked in a project, they are installed. The
    manifest then says of each how many of its fields were kept, changed and dropped, under `widened` for the sake of
    which fields it may do more there, and under `left_out` which agents the tool cannot take, with the reasons.
    """
    chosen = asked.chosen()
    ways = [asked.agents is not None, asked.collection is not None, bool(chosen or asked.q)]
    if ways.count(True) != 1:
        raise ApiProblem(
            Kind.NOT_POSSIBLE,
            "Say which agents in one way: by `agents`, by `collection`, or by filters and words (`q`).",
        )
    if asked.agents is not None:
        return archive_response(request, _bundle(_named(asked.agents), "", asked.format))
    if asked.collection is not None:
        collection = _collection(asked.collection)
        return archive_response(request, _bundle(versions_of(collection), collection.name, asked.format))
    name = asked.category[0] if set(chosen) == {"category"} and len(asked.category) == 1 and not asked.q else ""
    return archive_response(request, _bundle(_found(asked), fold_name(name), asked.format))


def _bundle(versions: list[int], name: str, key: str) -> Archive:
    if key == SOURCE:
        return bundle_of(versions, name)
    archive = exported_bundle_of(versions, name, key)
    if not archive.files and (left_out := archive.manifest["left_out"]):
        reasons = f"{left_out[0]['name']}: {' '.join(left_out[0]['reasons'])}"
        more = f" The same goes for {len(left_out) - 1} more." if len(left_out) > 1 else ""
        raise ApiProblem(Kind.EXPORT_REFUSED, f"The tool can take none of these agents. {reasons}{more}")
    return archive


def _named(text: str) -> list[int]:
    """The versions that a list of names and pins means, in its order."""
    pins = _pins(text)
    _refuse_too_many(len(pins))
    versions = _versions_of(pins)
    if lacking := [name for name in pins if name not in versions]:
        versions |= _renamed(pins, lacking)
    if lacking := [name for name in pins if name not in versions]:
        shown = ", ".join(f"{name}@{pins[name]}" if pins[name] else name for name in lacking[:10])
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        raise ApiProblem(
            Kind.AGENT_NOT_FOUND, f"Not published, or withdrawn: {shown}{more}. Nothing is bundled without them."
        )
    return list(dict.fromkeys(versions[name] for name in pins))


def _versions_of(pins: Mapping[str, int | None]) -> dict[str, int]:
    """The keys of the versions that are published, by the names of their agents."""
    versions: dict[str, int] = {}
    for batch in batches(list(pins), AT_ONCE):
        pinned = {name: number for name in batch if (number := pins[name])}
        latest = Agent.objects.published().filter(name__in=set(batch) - pinned.keys())
        versions |= dict(latest.values_list("name", "latest_version"))
        if pinned:
            which = reduce(or_, (Q(agent__name=name, number=number) for name, number in pinned.items()))
            versions |= dict(Version.objects.filter(which).values_list("agent__name", "pk"))
    return versions


def _renamed(pins: Mapping[str, int | None], lacking: list[str]) -> dict[str, int]:
    """The keys of the versions of agents that had one of the lacking names before, by these names."""
    now: dict[str, str] = {}
    for batch in batches(lacking, AT_ONCE):
        now |= dict(FormerName.objects.filter(name__in=batch).values_list("name", "agent__name"))
    asked = {name: number for name, number in pins.items() if name not in now}
    for former, name in now.items():
        if asked.setdefault(name, pins[former]) != pins[former]:
            sentence = (
                f"{former!r} is called {name!r} now, and asked for in two versions; a bundle holds an agent once."
            )
            raise ApiProblem(Kind.NOT_POSSIBLE, sentence)
    found = _versions_of({name: asked[name] for name in now.values()})
    return {former: found[name] for former, name in now.items() if name in found}


def _pins(text: str) -> dict[str, int | None]:
    """Each name with the number it is pinned to. One that is written otherwise than it is stored is meant, too."""
    pins: dict[str, int | None] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        written = _PIN.fullmatch(part)
        name = fold_name(written[1]) if written else ""
        if not written or not name:
            raise ApiProblem(Kind.NOT_POSSIBLE, f"{part!r} is neither a name nor a pin such as code-reviewer@3.")
        number = int(written[2]) if written[2] else None
        if pins.setdefault(name, number) != number:
            raise ApiProblem(Kind.NOT_POSSIBLE, f"{name!r} is asked for in two versions; a bundle holds an agent once.")
    if not pins:
        raise ApiProblem(Kind.NOT_POSSIBLE, "The list of agents is empty.")
    return pins


def _collection(name: str) -> Collection:
    collection = Collection.objects.published().spelled(name).first()
    if collection is None:
        raise ApiProblem(Kind.COLLECTION_NOT_FOUND, f"No collection called {name!r} is published.")
    return collection


def _found(asked: BundleIn) -> list[int]:
    """The latest versions of what filters and words find, by name."""
    if asked.q:
        keys = search.find(asked.q, asked.chosen(), mends_filters=False).pks
    else:
        shelf = facets.shelf()
        keys = shelf.page(shelf.chosen(asked.chosen()), "name", 0, MAX_AGENTS + 1)
    _refuse_too_many(len(keys))
    if not keys:
        raise ApiProblem(Kind.AGENT_NOT_FOUND, "No published agent is like that.")
    return _by_name(keys)


def _by_name(keys: Iterable[int]) -> list[int]:
    agents = Agent.objects.published().filter(pk__in=list(keys))
    return list(agents.order_by("name").values_list("latest_version", flat=True))


def _refuse_too_many(count: int) -> None:
    if count > MAX_AGENTS:
        raise ApiProblem(Kind.TOO_MANY_AGENTS, f"These are more than {MAX_AGENTS:,} agents. Narrow them, or ask twice.")
