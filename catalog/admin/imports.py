"""Import in the browser: choose files, read the report of what would happen, confirm. Imports `importing`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.drafting import DraftConflict
from catalog.importing import Entry, import_uploads
from catalog.models import Agent
from catalog.publishing import NotPublishable

from . import uploads
from .import_report import row_at, told_of
from .mending import Mender, mend_draft
from .pages import PUBLISH, actor, may, require, show
from .uploads import Upload

_BATCH = 100
_NOTED = 20  # files between two words about how far an import is
_MOST_PATH = 1_000


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
        files = form.cleaned_data["files"]
        return redirect("admin:import_check", uploads.keep(request, files, _paths(request, files)))
    return show(request, "admin/import.html", title="Import agents", form=form, **limits())


def limits() -> dict[str, int]:
    """What a page that takes files tells its script."""
    return {
        "most_bytes": settings.CATALOG_ARCHIVE_MAX_BYTES,
        "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES or 0,
    }


def _paths(request: HttpRequest, files: list[Upload]) -> list[str]:
    """Where each file of a dropped folder stood in it, as the page says; none where that does not fit the files."""
    try:
        paths = json.loads(request.POST.get("paths") or "[]")
    except ValueError:
        return []
    if not isinstance(paths, list) or len(paths) != len(files):
        return []
    fits = (isinstance(path, str) and len(path) <= _MOST_PATH for path in paths)
    return paths if all(fits) else []


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
        mends = request.POST.get("mend") == "on"
        uploads.finish(token, _run(request, token, called, publishing, mends=mends, dry_run=False))
    return redirect("admin:import_report", token)


def _run(
    request: HttpRequest, token: str, called: list[str], publishing: bool, *, mends: bool = False, dry_run: bool
) -> dict[str, Any]:
    mender = Mender(is_asked=mends)
    with uploads.opened(token, called) as files:
        running = import_uploads(files, by=actor(request), publish=publishing, dry_run=dry_run, change=mender)
        with closing(running) as entries:
            told = told_of(entries if dry_run else _counted(entries, token), mender, is_foreseen=dry_run)
    return {**told, "not_markdown": entries.not_markdown}


def _counted(entries: Iterator[Entry], token: str) -> Iterator[Entry]:
    for count, entry in enumerate(entries, 1):
        if count % _NOTED == 0:
            uploads.note_progress(token, count)
        yield entry


# --- Afterwards -----------------------------------------------------------------------------------------


def report(request: HttpRequest, token: str) -> HttpResponse:
    """What an import did; a POST mends what not every program reads, in the drafts of those who may write them."""
    require(request, "add_agent", "add_draft")
    _upload_or_404(request, token)
    told = uploads.report(token)
    if request.method == "POST":
        require(request, "change_draft")
        if told is None:
            raise Http404("This import is not through.")
        return _mend(request, token, told)
    waiting = 0
    if told is not None:
        _lead_to_agents(told)
        waiting = len(_waiting(told))
    return show(
        request,
        "admin/import_report.html",
        title="Imported" if told else "Importing",
        told=told,
        through=0 if told else uploads.progress(token),
        waiting=waiting,
        may_mend=may(request, "change_draft"),
    )


def _lead_to_agents(told: dict[str, Any]) -> None:
    rows = [row for group in told["groups"] for row in group["rows"]]
    known = dict(Agent.objects.filter(name__in={row["name"] for row in rows}).values_list("name", "pk"))
    for row in rows:
        row["pk"] = known.get(row["name"])
        row["is_mended"] = row["name"] in told["mended"]


def _waiting(told: dict[str, Any]) -> list[str]:
    """The names of the agents whose text could be mended, and was not."""
    return [name for name in told["mendable"] if name not in told["mended"]]


def _mend(request: HttpRequest, token: str, told: dict[str, Any]) -> HttpResponse:
    address = redirect("admin:import_report", token)
    where = request.POST.get("mend", "")
    if where == "all":
        names = _waiting(told)
    elif row := row_at(told, where):
        names, address["Location"] = [row["name"]], f"{address['Location']}#{where}"
    else:
        return address
    mended, refusals = _mend_drafts(request, names)
    told["mended"] = {**told["mended"], **dict.fromkeys(mended, True)}
    uploads.tell(token, told)
    if mended:
        texts = "The text is" if len(mended) == 1 else f"{len(mended)} texts are"
        messages.success(request, f"{texts} mended in the draft{'' if len(mended) == 1 else 's'}. Not published yet.")
    if refusals:
        left = "1 is" if len(refusals) == 1 else f"{len(refusals)} are"
        messages.warning(request, f"{left} left as before. {refusals[0]}")
    return address


def _mend_drafts(request: HttpRequest, names: list[str]) -> tuple[list[str], list[str]]:
    """Mend one after the other: the names of those that are well written now, and why others are not."""
    mended, refusals = [], []
    for start in range(0, len(names), _BATCH):
        batch = Agent.objects.filter(name__in=names[start : start + _BATCH]).select_related("latest_version", "draft")
        for agent in batch:
            try:
                mend_draft(agent, by=actor(request))
            except (NotPublishable, DraftConflict) as refusal:
                refusals.append(f"{agent.title}: {refusal}")
            else:
                mended.append(agent.name)
    return mended, refusals
