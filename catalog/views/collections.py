"""Collections: their list, the page of one, and its download."""

from __future__ import annotations

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
from catalog.distribution.archive import archive_of, archive_response
from catalog.distribution.streams import TooBusy
from catalog.models import Collection
from catalog.rendering import render_inline, render_prompt

from .freshness import NOT_KEPT, fresh
from .ways import ways_of_collection

PAGE_SIZE = 30


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
    contents = contents_of(collection)
    context = {
        "collection": collection,
        "contents": contents,
        "introduction": render_prompt(collection.introduction),
        "description": _in_plain_words(first_paragraph(collection.introduction)),
        "canonical": settings.CATALOG_BASE_URL + collection.get_absolute_url(),
        "for_tools": ways_of_collection(collection, contents.agents) if contents.offered else (),
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
