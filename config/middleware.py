"""What holds for every answer, whichever view gives it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.urls import reverse
from django.urls.resolvers import get_resolver
from django.utils import translation

Answer = Callable[[HttpRequest], HttpResponse]

WITHOUT_MARKUP = "default-src 'none'; frame-ancestors 'none'"


def short_way(get_response: Answer) -> Answer:
    """Files and the API are asked for by programs, and far more often than pages: the rest of MIDDLEWARE is not.

    They know no session and no cookie, have no form and show no markup. What the rest would add that matters here is
    added here; plain http that is to be redirected, and whatever is not found, goes the long way.
    """
    secured = SecurityMiddleware(get_response).process_response
    resolve = get_resolver().resolve

    def answer(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.endswith(".md") and not path.startswith("/api/"):
            return get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return get_response(request)
        request.get_host()  # refuses hosts that are not ours
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
        return secured(request, response)

    return answer


def two_sides(get_response: Answer) -> Answer:
    """The admin knows who asks, and speaks English. Outside of it nobody is known, so that caches may hold any answer.

    Without cookies in the request nothing can tell readers apart, set a cookie or vary by one.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")):
            with translation.override("en"):
                return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = get_response(request)
        if response.status_code == 304:  # Django would say that the page it stands for is empty (RFC 9110 8.6)
            response.headers.pop("Content-Length", None)
        return response

    return answer
