"""`manage.py reproject`: rebuild what follows from the sources, after the reader of files has improved."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from catalog.management import upkeep
from catalog.models import Version


class Command(BaseCommand):
    help = "Rebuild the columns and examples of every version from its source, where they are not those."

    def handle(self, *args: Any, **options: Any) -> None:
        total, rebuilt = upkeep.reproject(Version.objects.all(), self.show_progress)
        self.stdout.write(f"{total} versions read, {rebuilt} rebuilt.")

    def show_progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total} versions", ending="" if done < total else "\n")
