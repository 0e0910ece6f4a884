"""What follows from the stored texts, brought up to this release. Imports `models`, `publishing`, `search`
and `distribution`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from catalog import changes, search
from catalog.definition import CHECKS_VERSION
from catalog.distribution import repository
from catalog.models import Version, VersionQuerySet
from catalog.publishing import project

CHUNK = 50

Progress = Callable[[int, int], None]  # told how many are done, of how many


def reproject(versions: VersionQuerySet, progress: Progress) -> tuple[int, int]:
    """Rebuild the projections of these versions where they are not what today's reader makes: read, rebuilt."""
    total, rebuilt = versions.count(), 0
    for done, version in enumerate(_in_turn(versions), 1):
        rebuilt += project(version)
        if done % CHUNK == 0 or done == total:
            progress(done, total)
    return total, rebuilt


def update_projections(progress: Progress) -> str:
    outdated = Version.objects.filter(checks_version__lt=CHECKS_VERSION)
    total, _ = reproject(outdated, progress)
    return f"{_counted(total, 'version')} read again" if total else "up to date"


def update_search(progress: Progress) -> str:
    total = search.outdated()
    if not total:
        return "up to date"
    return f"{_counted(search.catch_up(lambda done: progress(done, total)), 'agent')} indexed"


def update_repository() -> str:
    """Imports that were killed are finished with what they had published."""
    changes.finish()
    with repository.opened() as store:
        newest = store.newest()
    return _counted(newest.number if newest else 0, "commit")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _in_turn(versions: VersionQuerySet) -> Iterator[Version]:
    """The versions, oldest first, a few in memory at a time."""
    last, found = 0, True
    while found:
        found = False
        for version in versions.select_related("agent").filter(pk__gt=last).order_by("pk")[:CHUNK]:
            last, found = version.pk, True
            yield version
