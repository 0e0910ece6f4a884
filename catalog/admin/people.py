"""Accounts and groups: Django's own pages, with a role in the place of rights. Imports `groups`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Count, ManyToManyField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import changes
from catalog.groups import ADMINISTRATORS, HELD
from catalog.templatetags.words import when

from .pages import actor
from .person_forms import OWN_ROLE, GroupForm, NewPersonForm, PasswordForm, PersonForm, rights_field
from .roles import GROUP_OF, MAY, Role, has_all, may_manage, with_role


def _boxes(db_field: ManyToManyField[Any, Any]) -> Any:
    """Groups and rights as boxes to tick."""
    if db_field.related_model is Permission:
        return rights_field()
    return db_field.formfield(widget=forms.CheckboxSelectMultiple, required=False, help_text="")


class _RoleFilter(admin.SimpleListFilter):
    title, parameter_name = "role", "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.value, role.label) for role in Role]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(role=self.value()) if self.value() else queryset


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    form, add_form, change_password_form = PersonForm, NewPersonForm, PasswordForm
    add_form_template = None
    list_display = ("named", "email", "role", "last_seen", "is_active")
    list_filter = (_RoleFilter, "is_active")
    search_help_text = "Username, name or address"
    filter_horizontal = ()
    actions = None
    empty_value_display = ""
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return with_role(super().get_queryset(request))

    # --- The columns of the list, and what a page shows of them -----------------------------------------

    @admin.display(description="Person", ordering="username")
    def named(self, person: User) -> SafeString:
        return format_html('<strong>{}</strong> <span class="quiet">{}</span>', person.username, person.get_full_name())

    @admin.display(description="Role", ordering="role")
    def role(self, person: Any) -> str:
        return Role(person.role).label

    @admin.display(description="Last log-in", ordering="last_login")
    def last_seen(self, person: User) -> SafeString | str:
        return when(person.last_login) if person.last_login else "Never"

    @admin.display(description="Since")
    def since(self, person: User) -> SafeString:
        return when(person.date_joined)

    @admin.display(description="Password")
    def password_page(self, person: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('<a href="{}">Set a new password</a>', address)

    # --- Who may do what to whom -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_manage(actor(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or (obj.pk != actor(request).pk and may_manage(actor(request), obj))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody shuts themselves out: on one's own page, role and account stay as they are."""
        if obj is None:
            person = ("username", "first_name", "last_name", "email", "role", "password1", "password2")
            return [(None, {"fields": person})]
        may_change, is_me = self.has_change_permission(request, obj), obj.pk == actor(request).pk
        person = ("username", "first_name", "last_name", "email", *(("password_page",) if may_change else ()))
        role = {"fields": ("role",), "description": OWN_ROLE} if is_me else {"fields": ("role", "is_active")}
        sets: list[Any] = [(None, {"fields": person}), (None, role), (None, {"fields": ("last_seen", "since")})]
        if actor(request).is_superuser and not is_me:
            sets.append(("Rights one by one", _ONE_BY_ONE))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = ("role",) if obj and obj.pk == actor(request).pk else ()
        return ("password_page", "last_seen", "since", *own)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().add_view(request, extra_context={"show_save_and_continue": False})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, object_id, extra_context={"show_save_and_add_another": False})

    # --- Storing -------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.actor = actor(request)  # type: ignore[attr-defined]  # a class of its own for each request
        return form

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _boxes(db_field)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"username", "first_name", "last_name"} & set(form.changed_data):
            changes.record([None])  # pages say who published a version

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.store_role()

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        return admin.ModelAdmin.response_add(self, request, obj, post_url_continue)  # all was asked for already


_ONE_BY_ONE = {
    "classes": ("collapse",),
    "fields": ("is_superuser", "groups", "user_permissions"),
    "description": "Beside the role. Choosing another role takes them away, unless you change them here too.",
}


@admin.register(Group)
class PeopleGroupAdmin(GroupAdmin):
    form = GroupForm
    list_display = ("name", "people")
    filter_horizontal = ()
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(people_count=Count("user"))

    @admin.display(description="People", ordering="people_count")
    def people(self, group: Any) -> int:
        return int(group.people_count)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _may_manage_group(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or (obj.name not in HELD and _may_manage_group(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        fields = ("name",) if obj and obj.name == ADMINISTRATORS else ("name", "permissions")
        return [(None, {"fields": fields, "description": _about(obj)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        return ("name",) if obj and obj.name in HELD else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.actor = actor(request)  # type: ignore[attr-defined]
        return form

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        return _boxes(db_field)


def _may_manage_group(request: HttpRequest, group: Group) -> bool:
    """A group with rights that one lacks is not one's to change, nor one that one's own rights come from."""
    person = actor(request)
    if group.name == ADMINISTRATORS:
        return False  # it has all there is
    if person.is_superuser:
        return True
    is_own = group.name not in HELD and person.groups.filter(pk=group.pk).exists()
    return not is_own and has_all(person, group.permissions.all())


def _about(group: Group | None) -> str:
    for role, name in GROUP_OF.items():
        if group and group.name == name:
            more = "" if name == ADMINISTRATORS else " That stays; more rights can be added here."
            return f"The group behind the role {role.label}. {MAY[role]}{more}"
    return "Rights for those who need something beside their role. A superuser puts people into it."
