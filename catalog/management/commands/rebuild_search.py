"""`manage.py rebuild_search`: index every published agent anew, while the catalog goes on serving."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog import search
from catalog.models import Agent


class Command(BaseCommand):
    help = "Index every published agent anew. The catalog may be in use meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        total = Agent.objects.published().count()
        count = search.rebuild(lambda done: self.show_progress(done, total))
        self.stdout.write(f"{count} agents are in the search index.")

    def show_progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total} agents", ending="" if done < total else "\n")
