"""The list of collections, and what is done to one of them. Imports `collecting`, `contents` and `models`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import collecting
from catalog.contents import contents_of
from catalog.models import Collection
from catalog.rendering import render_prompt
from catalog.templatetags.words import counted, when

from .collection_page import add_collection, change_collection
from .pages import Question, actor, answered, ask, require, require_sight, show

_LIST, _CHANGE = "admin:catalog_collection_changelist", "admin:catalog_collection_change"


@admin.register(Collection)
class CollectionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("called", "agents", "state", "tokens", "changed")
    search_fields = ("name", "title")
    search_help_text = "Title or address"
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    actions = None
    ordering = ("title",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        return Collection.objects.with_sums()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        what_to_do = "A collection is a set of agents for one kind of work, with a page of its own and one download."
        return super().changelist_view(request, {"what_to_do": what_to_do, **(extra_context or {})})

    # --- The columns of the list ---

    @admin.display(description="Collection", ordering="title")
    def called(self, row: Collection) -> SafeString:
        return format_html('<strong>{}</strong> <span class="address">{}</span>', row.title, row.name)

    @admin.display(description="Agents", ordering="agent_count")
    def agents(self, row: Any) -> str:
        return str(row.agent_count)

    @admin.display(description="State", ordering="published_at")
    def state(self, row: Collection) -> SafeString:
        code, label = ("published", "Published") if row.is_published else ("draft", "Not published")
        return format_html('<span class="state {}">{}</span>', code, label)

    @admin.display(description="Tokens in every conversation", ordering="description_tokens")
    def tokens(self, row: Any) -> str:
        return counted(row.description_tokens)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, row: Collection) -> SafeString:
        return when(row.updated_at)

    # --- Addresses ---

    def get_urls(self) -> list[URLPattern]:
        views = {"preview": preview_collection, "unpublish": unpublish_collection}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"catalog_collection_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return add_collection(request)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        require_sight(request, "collection")
        collection = self.get_object(request, object_id)
        return change_collection(request, collection.pk) if collection else redirect(_LIST)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        require(request, "delete_collection")
        collection = self.get_object(request, object_id)
        return _delete(request, collection) if isinstance(collection, Collection) else redirect(_LIST)

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was done to a collection stands on its page."""
        require_sight(request, "collection")
        return redirect(f"{reverse(_CHANGE, args=[object_id])}#done")


def preview_collection(request: HttpRequest, pk: int) -> HttpResponse:
    """The saved collection as everybody will see it."""
    require_sight(request, "collection")
    collection = get_object_or_404(Collection, pk=pk)
    return show(
        request,
        "catalog/collection_detail.html",
        collection=collection,
        contents=contents_of(collection),
        introduction=render_prompt(collection.introduction, keep=False),
        is_preview=True,
        edit_address=reverse(_CHANGE, args=[pk]),
    )


def unpublish_collection(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change_collection")
    collection = get_object_or_404(Collection, pk=pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if answered(request, form):
        collecting.unpublish(collection, by=actor(request))
        messages.success(request, f"{collection.title} is off the public pages. Nothing of it is lost.")
        return redirect(_CHANGE, pk)
    question = Question(
        title=f"Take {collection.title} off the public pages?",
        explanation="Its page and its download stop answering. Its agents stay where they are, and you can publish it "
        "again.",
        button="Take it off",
        back=reverse(_CHANGE, args=[pk]),
        is_grave=True,
    )
    return ask(request, question, form)


def _delete(request: HttpRequest, collection: Collection) -> HttpResponse:
    form = forms.Form(request.POST if request.method == "POST" else None)
    if answered(request, form):
        collecting.delete(collection, by=actor(request))
        messages.success(request, f"{collection.title} is deleted. Its agents are still there.")
        return redirect(_LIST)
    shown = "Everybody sees it now; its page and its download stop answering. " if collection.is_published else ""
    question = Question(
        title=f"Delete {collection.title}?",
        explanation=f"{shown}The order, the notes and the introduction are lost. The agents themselves stay.",
        button="Delete",
        back=reverse(_CHANGE, args=[collection.pk]),
        is_grave=True,
    )
    return ask(request, question, form)
