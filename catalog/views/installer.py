"""The script that installs agents, as this catalog hands it out. Imports `distribution`."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from catalog import distribution

from .freshness import fresh

SCRIPT = Path(distribution.__file__).with_name("install.py")
CATALOG = 'CATALOG = "http://127.0.0.1:8000"\n'  # the one line in which the scripts of two catalogs differ
PYTHON = "text/x-python; charset=utf-8"


@require_safe
@fresh(of_rows=False)
def installer(request: HttpRequest) -> HttpResponse:
    script = SCRIPT.read_text(encoding="utf-8").replace(CATALOG, f"CATALOG = {settings.CATALOG_BASE_URL!r}\n", 1)
    return HttpResponse(script, content_type=PYTHON, headers={"X-Content-Type-Options": "nosniff"})
