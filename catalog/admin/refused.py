"""The answer to a form that cannot be taken: what was written comes back, to be copied. Imports `definition`."""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from catalog.definition import read

from .editor.form import written

_KEPT = (("source", "Text of the file"), ("note", "Note"))


@never_cache
def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In place of the view, where the token is not ours (CSRF_FAILURE_VIEW) or the session has run out."""
    posted = {**_posted(request), "source": _source_of(request)}
    written = [{"name": name, "label": label, "text": text} for name, label in _KEPT if (text := posted.get(name))]
    here = request.path if request.path.startswith(reverse("admin:index")) else ""
    return render(request, "403_csrf.html", {"written": written, "here": here}, status=403)


def holds_text(request: HttpRequest) -> bool:
    """Whether a form brings a text that somebody wrote."""
    return bool(_source_of(request))


def _source_of(request: HttpRequest) -> str:
    """The text of the file that a form brings, as a whole or in the fields of the editor; "" where it brings none."""
    posted = _posted(request)
    if "source" in posted or "base" not in posted:
        return posted.get("source", "")
    return written(read(posted["base"]), request.POST).definition.source


def _posted(request: HttpRequest) -> dict[str, str]:
    """The fields of the form; none where its body cannot be read."""
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return {}
