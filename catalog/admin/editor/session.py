"""Logging in again without leaving the page, and answers for scripts where nobody is logged in. Imports nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import site
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from catalog.admin.login import LogInForm

View = Callable[..., HttpResponseBase]


def for_scripts(view: View) -> View:
    """In place of `admin_view` for what scripts ask: 401 and JSON where a page would lead to the log-in."""

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not site.has_permission(request):
            return JsonResponse({"logIn": True}, status=401)
        return view(request, *args, **kwargs)

    return answer


@never_cache
@sensitive_post_parameters()
def log_in_again(request: HttpRequest) -> HttpResponse:
    """GET gives a fresh token for forms; POST with username and password logs in and gives one, too.

    Both answer with who is logged in now. With a sentence 403 where name and password do not belong
    together, and 429 where log-ins failed too often.
    """
    if request.method == "POST":
        form = LogInForm(request, data=_credentials(request))
        if not form.is_valid():
            told = form.non_field_errors() or ["Write your username and your password."]
            headers = {"Retry-After": str(form.wait)} if form.wait else None
            return JsonResponse({"trouble": str(told[0])}, status=429 if form.wait else 403, headers=headers)
        login(request, form.get_user())
    user = request.user.get_username() if site.has_permission(request) else ""
    return JsonResponse({"token": get_token(request), "user": user})


def _credentials(request: HttpRequest) -> dict[str, str]:
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(asked, dict):
        return {}
    return {name: _storable(str(asked.get(name, ""))) for name in ("username", "password")}


def _storable(text: str) -> str:
    """Without what JSON can hold and no database: halves of characters."""
    return text.encode(errors="replace").decode()
