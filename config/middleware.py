"""What holds for every answer, whichever view gives it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

Answer = Callable[[HttpRequest], HttpResponse]


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
