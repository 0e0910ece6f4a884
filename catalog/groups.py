"""The three groups that people are put into: editors, publishers, administrators. Imports no other room.

They are ensured after every `migrate`, as Django ensures permissions: what is missing is added, what an
administrator added beside it stays.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models import Q

EDITORS, PUBLISHERS, ADMINISTRATORS = "Editors", "Publishers", "Administrators"

WRITING = (
    *("view_agent", "add_agent", "change_agent", "view_collection"),
    *("view_draft", "add_draft", "change_draft", "delete_draft"),  # to delete a draft is to discard it
    *("view_version", "view_category", "view_tag", "view_event"),
    *("view_apitoken", "add_apitoken", "change_apitoken"),  # their own; to change one is to revoke it
)
PUBLISHING = (
    "publish_agent",
    *("add_category", "change_category", "delete_category"),
    *("add_tag", "change_tag", "delete_tag"),
    *("add_collection", "change_collection", "delete_collection"),
)

_CATALOG = Q(content_type__app_label="catalog")
_PEOPLE = Q(content_type__app_label="auth", content_type__model__in=("user", "group"))

# Which permissions each group has at least.
HELD = {
    EDITORS: _CATALOG & Q(codename__in=WRITING),
    PUBLISHERS: _CATALOG & Q(codename__in=WRITING + PUBLISHING),
    ADMINISTRATORS: _CATALOG | _PEOPLE,
}


def ensure_groups(using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: Any) -> None:
    """Receiver of `post_migrate`. Asks `apps`, the rows as they are after a migration that stops halfway."""
    try:
        group_model, permission_model = apps.get_model("auth.Group"), apps.get_model("auth.Permission")
        apps.get_model("catalog.Agent")
    except LookupError:
        return
    if not router.allow_migrate_model(using, group_model):
        return
    for label in ("catalog", "auth"):  # Django makes theirs in turn, and the turn of `auth` comes later
        create_permissions(installed_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    for name, held in HELD.items():
        group, _ = group_model._default_manager.using(using).get_or_create(name=name)
        group.permissions.add(*permission_model._default_manager.using(using).filter(held))
