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

_LABELS = {
    "source": "Text of the file",
    "lead": "Description",
    "prompt": "Prompt",
    "title": "Title",
    "note": "Note",
    "introduction": "Introduction",
}
_FIELDS = ("lead", "prompt")  # of the editor: what people write at length
_MOST_REBUILT = 100_000  # characters; anybody at all can send a form


@never_cache
def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In place of the view, where the token is not ours (CSRF_FAILURE_VIEW) or the session has run out."""
    texts = _texts(request)
    written = [{"name": name, "label": label, "text": texts[name]} for name, label in _LABELS.items() if name in texts]
    here = request.path if request.path.startswith(reverse("admin:index")) else ""
    return render(request, "403_csrf.html", {"written": written, "here": here}, status=403)


def holds_text(request: HttpRequest) -> bool:
    """Whether a form brings a text that somebody wrote."""
    posted = _posted(request)
    editors = ("base", *_FIELDS) if "base" in posted else ()
    return any(posted.get(name) for name in ("source", "introduction", *editors))


def _texts(request: HttpRequest) -> dict[str, str]:
    """What a form brings, by name: the text of the file, title and note.

    The fields of the editor are put into the text that they were made from; very long ones come back as they are.
    """
    posted = _posted(request)
    kept = ["source", "title", "note", "introduction"]
    if "base" in posted and "source" not in posted:
        if sum(len(value) for name in request.POST for value in request.POST.getlist(name)) < _MOST_REBUILT:
            posted["source"] = written(read(posted["base"]), request.POST).definition.source
        else:
            kept += _FIELDS
    return {name: text for name in kept if (text := posted.get(name))}


def _posted(request: HttpRequest) -> dict[str, str]:
    """The fields of the form; none where its body cannot be read."""
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return {}
