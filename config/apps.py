"""The admin as an application: Django's own with the catalog's site."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class CatalogAdminConfig(AdminConfig):
    default_site = "catalog.admin.site.CatalogSite"

    def ready(self) -> None:
        # The site lives in the package that registers with it. Imported first by Django, which asks for the
        # site, the package would register with a second one that nobody serves.
        import_module("catalog.admin")
        super().ready()
