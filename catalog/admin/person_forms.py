"""The forms of a person and of a group: a role to choose, rights as boxes to tick. Imports `groups`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.groups import HELD, PUBLISHING, WRITING

from .roles import MAY, Role, give_role, role_of, roles_to_give

OWN_ROLE = "You cannot change your own role. Ask another administrator."

# The rights that open a page; with the others nothing can be done.
_SHOWN = Q(content_type__app_label="auth", content_type__model__in=("user", "group")) | Q(
    content_type__app_label="catalog", codename__in={*WRITING, *PUBLISHING}
)
_USERNAME_HELP = "To log in with: letters, digits and @ . + - _"
_GOOD_ONE = "At least 8 characters, not only digits, not a common password, and unlike the name."


class _RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Permissions in their own words: "Can publish, yank and restore versions"."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def shown_rights() -> QuerySet[Permission]:
    return Permission.objects.filter(_SHOWN).order_by("content_type__app_label", "content_type__model", "pk")


def rights_field() -> _RightsField:
    return _RightsField(shown_rights(), required=False, widget=forms.CheckboxSelectMultiple, label="Rights")


class _RoleWidget(forms.RadioSelect):
    """Buttons that a screen reader names as one choice: the page labels rows, and has no legend."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return format_html('<div role="radiogroup" aria-label="Role">{}</div>', super().render(*args, **kwargs))


class _RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person with a role. `actor`, who fills in the form, is set by the page."""

    actor: User
    role = forms.ChoiceField(
        required=False,
        widget=_RoleWidget,
        error_messages={"invalid_choice": "This role has rights that you lack. Choose another one."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.has_role = role_of(self.instance) if self.instance.pk else None
        roles = roles_to_give(self.actor)
        if self.has_role and self.has_role not in roles:
            roles.append(self.has_role)
        self.initial["role"] = self.has_role or (Role.EDITOR if Role.EDITOR in roles else Role.READER)
        if "role" in self.fields:  # which it is not on one's own page
            self.fields["role"].choices = [(role, _told(role)) for role in roles]  # type: ignore[attr-defined]

    def clean_role(self) -> Role:
        """A form without it leaves the role as it is, and makes a new person a reader."""
        return Role(self.cleaned_data["role"] or self.has_role or Role.READER)

    def clean(self) -> dict[str, Any] | None:
        if self.instance.pk == self.actor.pk and self.data.get("role", self.has_role) != self.has_role:
            raise forms.ValidationError(OWN_ROLE)
        return super().clean()

    def store_role(self) -> None:
        """After the rest is stored: another role takes the rights that were given in other ways."""
        role: Any = self.cleaned_data.get("role", self.has_role)
        if role != self.has_role:
            by_hand = {"is_superuser", "groups", "user_permissions"}
            give_role(self.instance, role, keeps_others=not by_hand.isdisjoint(self.changed_data))


def _told(role: Role) -> str:
    return format_html('<strong>{}</strong> <span class="role-may">{}</span>', role.label, MAY[role])


class NewPersonForm(_RoleForm, UserCreationForm):  # type: ignore[type-arg]
    class Meta(UserCreationForm.Meta):
        fields = ("username", "first_name", "last_name", "email")
        help_texts = {"username": _USERNAME_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_password(self)


class PersonForm(_RoleForm, UserChangeForm):  # type: ignore[type-arg]
    password = None  # type: ignore[assignment]  # it has a page of its own, linked from this one

    class Meta(UserChangeForm.Meta):
        help_texts = {
            "username": _USERNAME_HELP,
            "is_active": "Switched off, an account cannot log in. What the person wrote keeps their name.",
            "is_superuser": "May do everything, other superusers' accounts included.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            others = Group.objects.exclude(name__in=HELD).order_by("name")
            _offer(self.fields["groups"], others)
            self.fields["groups"].widget.can_add_related = False  # in a window of its own, in the midst of another deed
            self.fields["groups"].help_text = "" if others.exists() else "There is none but those of the roles."

    def clean_groups(self) -> list[Any]:
        return _with_unseen(self, "groups")

    def clean_user_permissions(self) -> list[Any]:
        return _with_unseen(self, "user_permissions")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """A new password for somebody else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_password(self)


def _ask_for_password(form: Any) -> None:
    form.fields["password1"].help_text = _GOOD_ONE
    form.fields["password2"].label, form.fields["password2"].help_text = "Once more", ""


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    actor: User

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if "permissions" in self.fields:
            _offer(self.fields["permissions"], self._to_give())

    def _to_give(self) -> QuerySet[Permission]:
        """What the actor has, without what the catalog gives this group itself."""
        offered = shown_rights().select_related("content_type")
        if self.instance.name in HELD:
            offered = offered.exclude(HELD[self.instance.name])
        if not self.actor.is_superuser:
            has = self.actor.get_all_permissions()
            pairs = ((right.pk, f"{right.content_type.app_label}.{right.codename}") for right in offered)
            offered = offered.filter(pk__in=[pk for pk, right in pairs if right in has])
        return offered

    def clean_permissions(self) -> list[Any]:
        return _with_unseen(self, "permissions")


def _offer(field: Any, rows: Any) -> None:
    field.queryset = rows


def _with_unseen(form: Any, name: str) -> list[Any]:
    """What was ticked, and what the row has that the form does not show."""
    kept: list[Any] = []
    if form.instance.pk:
        kept = list(getattr(form.instance, name).exclude(pk__in=form.fields[name].queryset.values("pk")))
    return [*form.cleaned_data[name], *kept]
