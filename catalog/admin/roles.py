"""What people are here, and who may make them that. Imports `groups`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, TextChoices, Value, When

from catalog.groups import ADMINISTRATORS, EDITORS, HELD, PUBLISHERS


class Role(TextChoices):
    READER = "reader", "Reader"
    EDITOR = "editor", "Editor"
    PUBLISHER = "publisher", "Publisher"
    ADMINISTRATOR = "administrator", "Administrator"
    # These two are nothing to choose: they say what somebody is whose rights were given one by one.
    OWN = "own", "Rights of their own"
    SUPERUSER = "superuser", "Superuser"


MAY = {
    Role.READER: "Only reads. In a private catalog with this account, and with tokens of their own; in a public one "
    "nobody needs an account for that.",
    Role.EDITOR: "Writes agents and submits them for review.",
    Role.PUBLISHER: "Also reviews, publishes and withdraws, and keeps categories and tags.",
    Role.ADMINISTRATOR: "Also manages people.",
    Role.OWN: "Keeps what was given one by one, or by other groups.",
    Role.SUPERUSER: "May do everything.",
}
GROUP_OF = {Role.EDITOR: EDITORS, Role.PUBLISHER: PUBLISHERS, Role.ADMINISTRATOR: ADMINISTRATORS}


def with_role(people: QuerySet[User]) -> QuerySet[User]:
    """Each with `role`: the highest of the groups, whatever rights there are beside it."""
    given = Permission.objects.filter(Q(user=OuterRef("pk")) | Q(group__user=OuterRef("pk")))

    def is_in(group: str) -> Exists:
        return Exists(Group.objects.filter(name=group, user=OuterRef("pk")))

    return people.annotate(
        role=Case(
            When(is_superuser=True, then=Value(Role.SUPERUSER)),
            *(When(is_in(group), then=Value(role)) for role, group in reversed(GROUP_OF.items())),
            When(Q(is_staff=True) | Exists(given), then=Value(Role.OWN)),
            default=Value(Role.READER),
            output_field=CharField(),
        )
    )


def role_of(person: User) -> Role:
    stored: Any = with_role(User.objects.filter(pk=person.pk)).get()
    return Role(stored.role)


def give_role(person: User, role: Role, *, keeps_others: bool = False) -> None:
    """Make somebody exactly that: rights given in other ways are taken, unless they are to be kept."""
    person.is_staff = role != Role.READER
    if not keeps_others:
        person.is_superuser = False
        person.groups.clear()
        person.user_permissions.clear()
    person.save(update_fields=["is_staff", "is_superuser"])
    person.groups.remove(*Group.objects.filter(name__in=HELD))
    if role in GROUP_OF:
        person.groups.add(Group.objects.get_or_create(name=GROUP_OF[role])[0])


# --- Nobody gives, or takes over, rights that they lack ----------------------------------------------------


def _rights(permissions: QuerySet[Permission]) -> set[str]:
    named = permissions.values_list("content_type__app_label", "codename")
    return {f"{app_label}.{codename}" for app_label, codename in named}


def has_all(actor: User, permissions: QuerySet[Permission]) -> bool:
    return (actor.is_active and actor.is_superuser) or _rights(permissions) <= actor.get_all_permissions()


def may_manage(actor: User, person: User) -> bool:
    """Who can set another's password can be that person. Rights count also while the account is switched off."""
    if person.is_superuser and not actor.is_superuser:
        return False
    return has_all(actor, Permission.objects.filter(Q(user=person) | Q(group__user=person)))


def roles_to_give(actor: User) -> list[Role]:
    of_group = {role: Permission.objects.filter(group__name=group) for role, group in GROUP_OF.items()}
    return [Role.READER, *(role for role, permissions in of_group.items() if has_all(actor, permissions))]
