"""Who may enter the admin, and the form that asks for name and password. Imports `throttling`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from catalog.throttling import TooManyLogIns, give_back_log_in, take_log_in

TOO_OFTEN = "too_often"
# In a private catalog everybody has a right: see `catalog.readers`.
NO_ACCESS = "This account may not write or publish here. Ask an administrator of this catalog for a role that may."


def may_enter(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whoever has any right in the catalog: to be put into a group is enough."""
    return isinstance(user, User) and user.is_active and (user.is_staff or user.has_module_perms("catalog"))


class LogInForm(AuthenticationForm):
    """Django's own form for its admin lets in staff alone. `wait` is in seconds, where log-ins failed too often."""

    error_messages = {
        "invalid_login": "That username and password do not go together. Capital letters count in both.",
        "inactive": "This account is switched off. Ask an administrator of this catalog.",
        TOO_OFTEN: "Logging in failed too often, from your network or for this account. Try again in %(minutes)s. "
        "Whoever is logged in can go on working.",
    }
    wait = 0

    def clean(self) -> dict[str, Any]:
        """Name and password are not even compared once too many did not go together."""
        username = self.cleaned_data.get("username", "")
        if username:  # which whoever has to try again need not write again
            self.fields["username"].widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True
        try:
            counted = take_log_in(cast(HttpRequest, self.request), username)
        except TooManyLogIns as refused:
            self.wait = refused.wait
            minutes = -(-refused.wait // 60)
            told = {"minutes": "a minute" if minutes == 1 else f"{minutes} minutes"}
            raise ValidationError(self.error_messages[TOO_OFTEN], TOO_OFTEN, told) from refused
        cleaned = super().clean()
        give_back_log_in(counted)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not may_enter(user):
            raise ValidationError(NO_ACCESS, code="no_access")


def wait_in(shown: Mapping[str, Any] | None) -> int:
    """For how many seconds a page, of which this is the context, lets nobody log in."""
    form = (shown or {}).get("form")
    return form.wait if isinstance(form, LogInForm) else 0
