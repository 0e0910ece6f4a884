"""Settings and address list of the empty view: the catalog's own settings, so that only the view differs."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.empty"


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


urlpatterns = [path("", nothing)]
