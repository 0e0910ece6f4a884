"""Collections: their list, the page of one, and its download."""

from __future__ import annotations

import shlex
from html import unescape

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from catalog.contents import contents_of, first_paragraph
from catalog.distribution.archive import TooBusy, archive_of, archive_response
from catalog.models import Collection
from catalog.rendering import render_inline, render_prompt

from .freshness import NOT_KEPT, fresh

PAGE_SIZE = 30
FOLDER = ".claude/agents"


@require_safe
@fresh
def collection_list(request: HttpRequest) -> HttpResponse:
    published = Collection.objects.published().order_by("title", "pk")
    pages = Paginator(published, PAGE_SIZE)
    number = request.GET.get("page", "1")
    if not (number.isascii() and number.isdigit() and len(number) < 6 and 1 <= int(number) <= pages.num_pages):
        raise Http404("There is no such page.")
    page = pages.page(int(number))
    first = (page.number - 1) * PAGE_SIZE
    shown = published[first : first + PAGE_SIZE].with_sums()
    context = {
        "page": page,
        "collections": [(collection, first_paragraph(collection.introduction)) for collection in shown],
        "canonical": settings.CATALOG_BASE_URL + reverse("catalog:collection_list"),
    }
    return render(request, "catalog/collection_list.html", context)


@require_safe
@fresh
def collection_detail(request: HttpRequest, name: str) -> HttpResponse:
    collection = _known_as(name)
    if collection.name != name:
        return HttpResponsePermanentRedirect(collection.get_absolute_url())
    download = settings.CATALOG_BASE_URL + _download_address(collection)
    context = {
        "collection": collection,
        "contents": contents_of(collection),
        "introduction": render_prompt(collection.introduction),
        "description": _in_plain_words(first_paragraph(collection.introduction)),
        "canonical": settings.CATALOG_BASE_URL + collection.get_absolute_url(),
        "download_address": _download_address(collection),
        "install": _install_command(collection.name, download),
    }
    return render(request, "catalog/collection_detail.html", context)


@require_safe
def collection_archive(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file itself under any spelling of the name: `curl -o` without -L would keep the body of a redirect."""
    try:
        return archive_response(request, archive_of(_known_as(name)))
    except TooBusy:
        text = gettext("Other large archives are being sent just now. Ask again in a few seconds.") + "\n"
        headers = {"Retry-After": "5", "Cache-Control": NOT_KEPT}
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers=headers)


def _known_as(name: str) -> Collection:
    """The published collection of this name, or of another spelling of it; else 404."""
    collection = Collection.objects.published().spelled(name).first()
    if collection is None:
        raise Http404("There is no such collection.")
    return collection


def _in_plain_words(markdown: str) -> str:
    return unescape(strip_tags(render_inline(markdown)))


def _download_address(collection: Collection) -> str:
    return reverse("catalog:collection_archive", args=[collection.name])


def _install_command(name: str, address: str) -> list[str]:
    """The command in the parts between which a line may best be broken. `unzip` makes one folder, not two."""
    file = shlex.quote(f"{name}.zip")
    return [
        f"mkdir -p {FOLDER} &&",
        f"curl -fsSLo {file}",
        shlex.quote(address),
        f"&& unzip -o {file}",
        f"'*.md' -d {FOLDER}",
        f"&& rm {file}",
    ]
