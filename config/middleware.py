"""What holds for every answer, whichever view gives it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.urls import reverse
from django.urls.resolvers import get_resolver
from django.utils import translation

from config.private import for_one_reader, has_token, refusal

Answer = Callable[[HttpRequest], HttpResponse]

WITHOUT_MARKUP = "default-src 'none'; frame-ancestors 'none'"


def short_way(get_response: Answer) -> Answer:
    """Files and the API are asked for by programs, and far more often than pages: the rest of MIDDLEWARE is not.

    They know no session and no cookie, have no form and show no markup. What the rest would add that matters here is
    added here; plain http that is to be redirected, and whatever is not found, goes the long way. In a private catalog
    only a valid token goes the short one.
    """
    secured = SecurityMiddleware(get_response).process_response
    resolve = get_resolver().resolve

    def answer(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.endswith(".md") and not path.startswith(("/api/", "/apm/", "/catalog.git/")):
            return get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return get_response(request)
        request.get_host()  # refuses hosts that are not ours
        if settings.CATALOG_PRIVATE and not has_token(request):
            return get_response(request)
        try:
            request.resolver_match = match = resolve(path)
            if not getattr(match.func, "goes_the_short_way", False):
                return get_response(request)
            request.META.pop("HTTP_COOKIE", None)
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except Http404:
            return get_response(request)
        response.headers.setdefault("Content-Security-Policy", WITHOUT_MARKUP)
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if settings.CATALOG_PRIVATE:
            for_one_reader(response)
        return secured(request, response)

    return answer


def two_sides(get_response: Answer) -> Answer:
    """The admin knows who asks, and speaks English. Outside of it nobody is known, so that caches may hold any answer.

    Without cookies in the request nothing can tell readers apart, set a cookie or vary by one. In a private catalog the
    gate knows people by theirs, and no cache may hold anything, Django's redirects to other spellings of an address
    included. (The one to https, and what is said of a foreign host, hold nothing of the catalog.)
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = by_side(request)
        return for_one_reader(response) if settings.CATALOG_PRIVATE else response

    def by_side(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")):
            with translation.override("en"):
                return get_response(request)
        if not settings.CATALOG_PRIVATE:
            request.META.pop("HTTP_COOKIE", None)
        response = get_response(request)
        if response.status_code == 304:  # Django would say that the page it stands for is empty (RFC 9110 8.6)
            response.headers.pop("Content-Length", None)
        return response

    return answer


def gate(get_response: Answer) -> Answer:
    """A private catalog is closed, for every address and method, but to people who are logged in and to tokens.

    It stands here, and not at the views, so that none of them can forget it. Only static files are handed out before
    it, by WhiteNoise: they are the software's own, and hold nothing of the catalog.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.CATALOG_PRIVATE:
            return get_response(request)
        return refusal(request) or get_response(request)

    return answer
