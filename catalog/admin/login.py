"""Who may enter the admin, and the form that asks for name and password. Imports no other room."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError

# In a private catalog everybody has a right: see `catalog.readers`.
NO_ACCESS = "This account may not write or publish here. Ask an administrator of this catalog for a role that may."


def may_enter(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whoever has any right in the catalog: to be put into a group is enough."""
    return isinstance(user, User) and user.is_active and (user.is_staff or user.has_module_perms("catalog"))


class LogInForm(AuthenticationForm):
    """Django's own form for its admin lets in staff alone."""

    error_messages = {
        "invalid_login": "That username and password do not go together. Capital letters count in both.",
        "inactive": "This account is switched off. Ask an administrator of this catalog.",
    }

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not may_enter(user):
            raise ValidationError(NO_ACCESS, code="no_access")
