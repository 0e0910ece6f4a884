"""The Django application `catalog`; wires what must run by itself. Imports `system_checks`, `triggers`, `groups`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Agent Catalog"

    def ready(self) -> None:
        from catalog import groups, system_checks, triggers  # noqa: F401 (registers its checks)

        # A migration that rebuilds a table on SQLite drops its triggers without a word.
        post_migrate.connect(triggers.install_after_migrate, sender=self)
        # A test that empties the tables empties these too; this runs after it again.
        post_migrate.connect(groups.ensure_groups, sender=self)
