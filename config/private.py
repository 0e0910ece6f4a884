"""Who may read a private catalog, and what everybody else is told. Imports the API's ways with tokens.

`config.middleware.gate` asks here before any view is asked. What an address leads to is the resolver's word, so that no
spelling of one passes by the gate.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from catalog.api import api
from catalog.api.access import identify
from catalog.api.errors import ApiProblem, Kind
from catalog.api.transport import identified
from catalog.downloads import SAFE
from catalog.throttling import TooManyRequests
from config.errors import API, APM

OPEN = ("catalog:healthz", "catalog:readyz", "favicon")
DOCS = "api:openapi-view"
# Programs read what is answered there, though the addresses look like those of pages.
FEEDS = ("catalog:feed", "catalog:category_feed", "catalog:agent_feed")
JSON_BELOW = (API, APM)
REALM = 'realm="Agent Catalog"'
PLAIN = "text/plain; charset=utf-8"
WANTED = (
    "This catalog is private: send a token, as 'Authorization: Bearer agc_…' or as the password of Basic "
    "authentication. People make theirs in the admin, under API tokens."
)
REFUSED = (ApiProblem, TooManyRequests, OperationalError, InterfaceError)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """None for who may read; for everybody else the answer, which is the same whether anything is there or not.

    The admin has a door of its own at every address (`CatalogSite.admin_view`): no token opens it, and it gives back
    a text that is sent when the session has run out.
    """
    leads_to = _resolved(request)
    if leads_to and (leads_to.app_name == "admin" or leads_to.view_name in OPEN):
        return None
    try:
        if identified(request) or request.user.is_authenticated:
            return None
    except REFUSED as error:
        return _told(request, error)
    if _is_for_people(request, leads_to.view_name if leads_to else ""):
        return redirect_to_login(request.get_full_path())
    return _told(request, ApiProblem(Kind.TOKEN_REQUIRED, WANTED))


def has_token(request: HttpRequest) -> bool:
    """Whether a valid token came with a request. Of whatever else came, `refusal` speaks."""
    try:
        return identify(request) is not None
    except REFUSED:
        return False


def for_one_reader(response: HttpResponse) -> HttpResponse:
    """Kept by no cache, not even the reader's own, which outlives a log-out; for no other site and no search engine.

    It may have an ETag all the same: who keeps a copy is told by a 304 that it is the present one, after the gate.
    """
    headers = response.headers
    for name in [name for name in headers if name.lower().startswith("access-control-")]:
        del headers[name]
    headers["Cache-Control"] = "private, no-store"
    headers["X-Robots-Tag"] = "noindex, noarchive"
    patch_vary_headers(response, ("Cookie", "Authorization"))
    return response


def _resolved(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None


def _is_for_people(request: HttpRequest, view: str) -> bool:
    """Whether a browser asks for a page. What has a dot in its address is a file, or git's."""
    if request.method not in SAFE or "text/html" not in request.headers.get("Accept", ""):
        return False
    is_page = "." not in request.path_info and not _is_below_json(request) and view not in FEEDS
    return is_page or view == DOCS


# --- What is said to programs ------------------------------------------------------------------------------


def _told(request: HttpRequest, error: Exception) -> HttpResponse:
    response = api.on_exception(request, error)
    if not _speaks_json(request):
        headers = {name: response.headers[name] for name in ("Retry-After",) if name in response.headers}
        response = HttpResponse(f"{_sentence(error)}\n", PLAIN, response.status_code, headers=headers)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = _challenge(request)
    return response


def _speaks_json(request: HttpRequest) -> bool:
    is_json = _is_below_json(request) or request.path_info.endswith(".json")
    return is_json or "json" in request.headers.get("Accept", "")


def _is_below_json(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith(JSON_BELOW)


def _challenge(request: HttpRequest) -> str:
    """Basic, for which git and Claude Code wait; a browser would then ask its user for a password by itself."""
    is_browser = "HTTP_SEC_FETCH_SITE" in request.META
    return f"Bearer {REALM}" if is_browser else f'Basic {REALM}, charset="UTF-8"'


def _sentence(error: Exception) -> str:
    if isinstance(error, TooManyRequests):
        text = gettext("The catalog was asked too often from here. Ask again in %(seconds)s seconds.")
        return text % {"seconds": error.standing.reset}
    if not isinstance(error, ApiProblem):
        return gettext("The catalog cannot answer just now. Please try again in a minute.")
    if error.kind is Kind.INVALID_TOKEN:
        text = gettext("This token is not valid. People make a new one at %(admin)s, under API tokens.")
    else:
        text = gettext(
            "This catalog is private. People log in at %(admin)s; programs send a token, as the password of Basic "
            "authentication or as 'Authorization: Bearer agc_…'."
        )
    return text % {"admin": settings.CATALOG_BASE_URL + reverse("admin:index")}
