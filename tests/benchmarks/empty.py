"""Settings and address list of an empty view without middleware: what Django itself costs behind the same server."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.empty"
MIDDLEWARE: list[str] = []


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"", headers={"Content-Length": "0"})


urlpatterns = [path("", nothing)]
