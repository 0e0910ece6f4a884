"""Who may enter the admin, and the form that asks for name and password. Imports `throttling`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest

from catalog.throttling import TooManyLogIns, give_back_log_in, take_log_in

# In a private catalog everybody has a right: see `catalog.readers`.
TOO_OFTEN = "too_often"
NO_ACCESS = "This account may not write or publish here. Ask an administrator of this catalog for a role that may."


def may_enter(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whoever has any right in the catalog: to be put into a group is enough."""
    return isinstance(user, User) and user.is_active and (user.is_staff or user.has_module_perms("catalog"))


class LogInForm(AuthenticationForm):
    """Django's own form for its admin lets in staff alone."""

    error_messages = {
        "invalid_login": "That username and password do not go together. Capital letters count in both.",
        "inactive": "This account is switched off. Ask an administrator of this catalog.",
        "too_often": "Logging in failed too often, from your network or for this account. Try again in %(minutes)s. "
        "Whoever is logged in can go on working.",
    }

    def clean(self) -> dict[str, Any]:
        """Name and password are not even compared once too many did not go together."""
        request = cast(HttpRequest, self.request)
        username = self.cleaned_data.get("username", "")
        try:
            take_log_in(request, username)
        except TooManyLogIns as refused:
            minutes = -(-refused.wait // 60)
            wait = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise ValidationError(self.error_messages["too_often"], TOO_OFTEN, {"minutes": wait}) from refused
        # Whoever has to try again, has the name there already.
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["password"].widget.attrs["autofocus"] = True
        cleaned = super().clean()
        give_back_log_in(request, username)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not may_enter(user):
            raise ValidationError(NO_ACCESS, code="no_access")


def fails_too_often(shown: Mapping[str, Any] | None) -> bool:
    """Whether a page shows the form because log-ins failed too often. `shown` is its context."""
    form = (shown or {}).get("form")
    return isinstance(form, LogInForm) and form.has_error(NON_FIELD_ERRORS, TOO_OFTEN)
