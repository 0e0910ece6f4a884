"""The admin as an application: Django's own with the catalog's site."""

from django.contrib.admin.apps import AdminConfig


class CatalogAdminConfig(AdminConfig):
    default_site = "catalog.admin.site.CatalogSite"
