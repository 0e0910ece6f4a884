"""The answer to a form whose token is not ours: what was written comes back, to be copied. Imports nothing."""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

_KEPT = (("source", "Text of the file"), ("note", "Note"))


@never_cache
def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django calls (CSRF_FAILURE_VIEW) in place of the view; the form changed nothing."""
    posted = _posted(request)
    written = [{"name": name, "label": label, "text": text} for name, label in _KEPT if (text := posted.get(name))]
    here = request.path if request.path.startswith(reverse("admin:index")) else ""
    return render(request, "403_csrf.html", {"written": written, "here": here}, status=403)


def _posted(request: HttpRequest) -> dict[str, str]:
    """The fields of the form; none where its body cannot be read."""
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return {}
