"""`manage.py rebuild_search`: index every published agent anew, while the catalog goes on serving."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog import search


class Command(BaseCommand):
    help = "Index every published agent anew. The catalog may be in use meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        count = search.rebuild()
        self.stdout.write(f"{count} agents are in the search index.")
