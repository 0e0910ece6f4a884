"""What everybody with an account may do in a private catalog: log in, and make tokens to read with. Imports nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend

# Of API tokens these are a person's own; to change one is to revoke it.
RIGHTS = frozenset(f"catalog.{verb}_apitoken" for verb in ("view", "add", "change"))


class ReadersRights(BaseBackend):
    """Rights that follow from a setting, and not from a row: they come and go with CATALOG_PRIVATE."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        may = settings.CATALOG_PRIVATE and user_obj.is_active and not user_obj.is_anonymous and obj is None
        return set(RIGHTS) if may else set()

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return app_label == "catalog" and bool(self.get_user_permissions(user_obj))


def only_reads(user: Any) -> bool:
    """Whether this is a private catalog, and somebody has no rights in it but those of every reader."""
    return settings.CATALOG_PRIVATE and not user.is_staff and user.get_all_permissions() <= RIGHTS
