"""Accounts and groups: Django's own pages, with fields that everybody can operate. Imports no other room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, Q
from django.http import HttpRequest

# Rows that people work with; rights to the others open no page.
_RIGHTS = Q(content_type__app_label="auth", content_type__model__in=("user", "group")) | Q(
    content_type__app_label="catalog",
    content_type__model__in=("agent", "draft", "version", "category", "tag", "event"),
)


class _RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Permissions in their own words: "Can publish, yank and restore versions"."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def _boxes(db_field: ManyToManyField[Any, Any]) -> Any:
    """Groups and rights as boxes to tick."""
    if db_field.related_model is not Permission:
        return db_field.formfield(widget=forms.CheckboxSelectMultiple, required=False, help_text="")
    permissions = Permission.objects.filter(_RIGHTS).order_by("content_type__app_label", "content_type__model", "pk")
    return _RightsField(permissions, required=False, widget=forms.CheckboxSelectMultiple, label="Rights")


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser")
    filter_horizontal = ()
    empty_value_display = ""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _boxes(db_field)


@admin.register(Group)
class PeopleGroupAdmin(GroupAdmin):
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        return _boxes(db_field)
