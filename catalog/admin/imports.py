"""Import in the browser: choose files, read the report of what would happen, confirm. Imports `importing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.importing import Entry, Outcome, import_uploads
from catalog.models import Agent

from . import uploads
from .pages import PUBLISH, actor, may, require, show
from .uploads import Upload

ROWS_SHOWN = 200  # of each outcome

# What stands in the way comes first. A heading for what will happen, and for what did.
_GROUPS = (
    (Outcome.REFUSED, "Refused", "Refused"),
    (Outcome.CONFLICT, "In conflict", "In conflict, not imported"),
    (Outcome.PUBLISHED, "Will be published", "Published"),
    (Outcome.DRAFT, "Will become drafts", "Now drafts"),
    (Outcome.UNCHANGED, "Already here", "Already here"),
)


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One file or several."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        files = data if isinstance(data, list) and data else [None]
        return [super(_FilesField, self).clean(file, initial) for file in files]


class UploadForm(forms.Form):
    files = _FilesField(  # type: ignore[assignment]
        label="Agent files",
        widget=_FilesInput(attrs={"accept": ".md,.zip"}),
        allow_empty_file=True,
        error_messages={"required": "Choose at least one file."},
    )

    def clean_files(self) -> list[Upload]:
        files: list[Upload] = self.cleaned_data["files"]
        size, most = sum(file.size or 0 for file in files), settings.CATALOG_ARCHIVE_MAX_BYTES
        if size > most:
            raise forms.ValidationError(
                f"These are {size / 1e6:,.0f} MB; at most {most / 1e6:,.0f} MB are taken at once. Choose fewer."
            )
        return files


def choose_files(request: HttpRequest) -> HttpResponse:
    require(request, "add_agent", "add_draft")
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        return redirect("admin:import_check", uploads.keep(request, form.cleaned_data["files"]))
    return show(request, "admin/import.html", title="Import agents", form=form)


def check_files(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what an import of the uploaded files would do; a POST does it."""
    require(request, "add_agent", "add_draft")
    called = _upload_or_404(request, token)
    if uploads.is_taken(token):
        return redirect("admin:import_report", token)
    asked = request.POST if request.method == "POST" else request.GET
    publishing = asked.get("as") == "versions"
    if publishing:
        require(request, PUBLISH)
    if request.method == "POST":
        return _import(request, token, called, publishing)
    told = _run(request, token, called, publishing, dry_run=True)
    may_publish = may(request, PUBLISH)
    # What is no use as drafts may be fit to be published, and the other way round: then there is a choice.
    is_choice = may_publish and bool(
        told["takes"] or _run(request, token, called, not publishing, dry_run=True)["takes"]
    )
    return show(
        request,
        "admin/import_check.html",
        title="Check, then import",
        token=token,
        called=called,
        publishing=publishing,
        is_choice=is_choice,
        told=told,
    )


def report(request: HttpRequest, token: str) -> HttpResponse:
    require(request, "add_agent", "add_draft")
    _upload_or_404(request, token)
    told = uploads.report(token)
    if told is not None:
        _lead_to_agents(told["groups"])
    return show(request, "admin/import_report.html", title="Imported", told=told)


def _lead_to_agents(groups: list[dict[str, Any]]) -> None:
    rows = [row for group in groups for row in group["rows"]]
    known = dict(Agent.objects.filter(name__in={row["name"] for row in rows}).values_list("name", "pk"))
    for row in rows:
        row["pk"] = known.get(row["name"])


def _upload_or_404(request: HttpRequest, token: str) -> list[str]:
    called = uploads.names(request, token)
    if called is None:
        raise Http404("This upload is gone: choose the files again.")
    return called


def _import(request: HttpRequest, token: str, called: list[str], publishing: bool) -> HttpResponse:
    if request.POST.get("do") == "cancel":
        uploads.remove(token)
        messages.success(request, "Nothing was imported. The uploaded files are removed.")
        return redirect("admin:import")
    if uploads.take(token):
        uploads.finish(token, _run(request, token, called, publishing, dry_run=False))
    return redirect("admin:import_report", token)


def _run(request: HttpRequest, token: str, called: list[str], publishing: bool, *, dry_run: bool) -> dict[str, Any]:
    with uploads.opened(token, called) as files:
        entries = import_uploads(files, by=actor(request), publish=publishing, dry_run=dry_run)
        told = _told(entries, dry_run)
    return {**told, "not_markdown": entries.not_markdown}


def _told(entries: Iterable[Entry], dry_run: bool) -> dict[str, Any]:
    """The report as plain data: counts of each outcome, and the first files of each."""
    counts: Counter[Outcome] = Counter()
    rows: dict[Outcome, list[dict[str, Any]]] = {outcome: [] for outcome in Outcome}
    for entry in entries:
        counts[entry.outcome] += 1
        if counts[entry.outcome] <= ROWS_SHOWN:
            rows[entry.outcome].append(asdict(entry))
    groups = [
        {
            "outcome": outcome.value,
            "title": will if dry_run else did,
            "count": counts[outcome],
            "rows": rows[outcome],
            "more": counts[outcome] - len(rows[outcome]),
        }
        for outcome, will, did in _GROUPS
        if counts[outcome]
    ]
    takes = counts[Outcome.PUBLISHED] + counts[Outcome.DRAFT]
    return {"groups": groups, "total": counts.total(), "takes": takes, "why_nothing": _why_nothing(counts)}


def _why_nothing(counts: Counter[Outcome]) -> str:
    """What became of files none of which is taken: "1 file is refused, 2 files are here already"."""
    words = ((Outcome.REFUSED, "refused"), (Outcome.CONFLICT, "in conflict"), (Outcome.UNCHANGED, "here already"))
    said = ((counts[outcome], word) for outcome, word in words if counts[outcome])
    return ", ".join(f"{count} {'file is' if count == 1 else 'files are'} {word}" for count, word in said)
