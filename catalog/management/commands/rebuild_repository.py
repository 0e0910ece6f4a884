"""`manage.py rebuild_repository`: make the git repository anew from the database."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from catalog.distribution import repository


class Command(BaseCommand):
    help = (
        "Make the git repository that tools install from anew. Its commits are the same as before; who asks meanwhile "
        "waits. It is brought up to date by itself: this is for when its file is suspected to be damaged."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        with repository.made_anew() as store:
            newest = store.newest()
            tags = sum(1 for _ in store.tags())
        took = time.monotonic() - began
        if newest:
            self.stdout.write(f"{newest.number} commits and {tags} tags, made in {took:.1f} s: {newest.id.hex()}")
