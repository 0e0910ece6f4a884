"""`manage.py reproject`: rebuild what follows from the sources, after the reader of files has improved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from catalog.models import Version
from catalog.publishing import project

CHUNK = 50


class Command(BaseCommand):
    help = "Rebuild the columns and examples of every version from its source, where they are not those."

    def handle(self, *args: Any, **options: Any) -> None:
        total, rebuilt = Version.objects.count(), 0
        for done, version in enumerate(_versions(), 1):
            rebuilt += project(version)
            if self.stderr.isatty() and (done % CHUNK == 0 or done == total):
                self.stderr.write(f"\r{done} of {total} versions", ending="")
        if self.stderr.isatty() and total:
            self.stderr.write("")
        self.stdout.write(f"{total} versions read, {rebuilt} rebuilt.")


def _versions() -> Iterator[Version]:
    """All versions, oldest first, a few in memory at a time."""
    last, found = 0, True
    while found:
        found = False
        for version in Version.objects.select_related("agent").filter(pk__gt=last).order_by("pk")[:CHUNK]:
            last, found = version.pk, True
            yield version
