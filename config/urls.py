"""Where each part of the catalog is mounted."""

from django.contrib import admin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path
from django.views.decorators.cache import cache_control

from catalog.api import api, apm_urls


@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this address wherever a page names no icon: the admin, a text file, an API answer."""
    return HttpResponseRedirect(staticfiles_storage.url("catalog/favicon.svg"))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("apm/", include(apm_urls)),
    path("favicon.ico", favicon, name="favicon"),
    path("", include("catalog.urls")),
]

handler400 = "config.errors.bad_request"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
