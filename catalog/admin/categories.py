"""How people browse: categories and tags. Imports `shelving`, `models`, `changes` and `definition`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import changes, shelving
from catalog.definition import fold_name
from catalog.models import Category, Tag


class _NamedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row whose name is part of an address: folded as the names of agents are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_name(self) -> str:
        written = self.cleaned_data.get("name") or self.data.get("title", "")
        name = fold_name(written)
        if not name:
            raise forms.ValidationError("A name needs at least one letter or digit.")
        if len(name) > 100:
            raise forms.ValidationError("A name has at most 100 characters.")
        if type(self.instance)._default_manager.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"There is one named {name} already.")
        return name


class CategoryForm(_NamedForm):
    name = forms.CharField(
        required=False, max_length=100, help_text="Its address. Left empty, it follows from the title."
    )

    class Meta:
        model = Category
        fields = ("title", "name", "description")


class TagForm(_NamedForm):
    class Meta:
        model = Tag
        fields = ("name",)
        help_texts = {"name": "In small letters, words joined by hyphens; other spellings are turned into that."}


class _ShelfAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A row that agents stand on, with their number and the way to them."""

    actions = None
    filter_name = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(agent_count=Count("agents"))
        return counted

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.index_after(obj, partial(super().save_model, request, obj, form, change))
        changes.record([None])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.index_after(obj, partial(super().delete_model, request, obj))
        changes.record([None])

    def index_after(self, obj: Any, write: Callable[[], None]) -> None:
        write()

    def view_on_site(self, row: Category | Tag) -> str:
        return row.get_absolute_url()

    @admin.display(description="Agents", ordering="agent_count")
    def agent_count(self, row: Any) -> SafeString:
        address = f"{reverse('admin:catalog_agent_changelist')}?{self.filter_name}={row.name}"
        return format_html('<a href="{}">{}</a>', address, row.agent_count)

    @admin.display(description="Public list")
    def public_list(self, row: Category | Tag) -> SafeString:
        return format_html(
            '<a href="{}">Open<span class="visually-hidden"> the public list of {}</span></a>',
            row.get_absolute_url(),
            row,
        )


@admin.register(Category)
class CategoryAdmin(_ShelfAdmin):
    form = CategoryForm
    filter_name = "category"
    list_display = ("title", "name", "agent_count", "public_list")
    search_fields = ("name", "title")


@admin.register(Tag)
class TagAdmin(_ShelfAdmin):
    form = TagForm
    filter_name = "tag"
    list_display = ("name", "agent_count", "public_list")
    search_fields = ("name",)

    def index_after(self, obj: Tag, write: Callable[[], None]) -> None:
        """A tag's name is searched for: what carried it is indexed anew."""
        with shelving.reindexed(obj.agents.all() if obj.pk else []):
            write()
