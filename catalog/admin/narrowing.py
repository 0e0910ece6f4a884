"""By what the lists of agents and drafts are narrowed. Imports `models`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest

from catalog.models import Category, Draft, Tag

from .findings import agents_whose_draft_has
from .pages import actor
from .states import FILTERS, last_touched_by, mine, people_at_work, with_last_hand

TAGS_SHOWN = 20


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"
    MINE = "mine"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.user = actor(request)
        super().__init__(request, *args)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.MINE, "Mine"), *((code, label) for code, (label, _) in FILTERS.items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.MINE:
            return queryset.filter(mine(self.user))
        chosen = FILTERS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class CategoryFilter(admin.SimpleListFilter):
    title, parameter_name = "category", "category"
    NONE = "-"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Category.objects.values_list("name", "title"), (self.NONE, "Without category")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.NONE:
            return queryset.filter(category=None)
        return queryset.filter(category__name=self.value()) if self.value() else queryset


class TagFilter(admin.SimpleListFilter):
    title, parameter_name = "tag", "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The tags most used, and the chosen one."""
        used = Tag.objects.annotate(agent_count=Count("agents")).filter(agent_count__gt=0)
        names = sorted(used.order_by("-agent_count", "name").values_list("name", flat=True)[:TAGS_SHOWN])
        return _with_chosen(names, self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tags__name=self.value()) if self.value() else queryset


class _PeopleFilter(admin.SimpleListFilter):
    """Me first, then the others who are at work here."""

    title, parameter_name = "who", "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        me = actor(request).get_username()
        others = _with_chosen([name for name in people_at_work() if name != me], self.value(), but=me)
        return [(me, f"Me ({me})"), *others]


class LastHandFilter(_PeopleFilter):
    """Whose hand was last on the text."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return with_last_hand(queryset).filter(last_touched_by(self.value() or ""))  # type: ignore[arg-type]


class WriterFilter(_PeopleFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(edited_by__username=self.value()) if self.value() else queryset


def _with_chosen(names: list[str], chosen: str | None, but: str = "") -> list[tuple[str, str]]:
    """The choices, with the one that stands in the address where it is none of them."""
    missing = chosen and chosen != but and chosen not in names
    return [(name, name) for name in ([*names, str(chosen)] if missing else names)]


class FindingsFilter(admin.SimpleListFilter):
    """By the findings of the draft, where there is one, else of the latest version."""

    title, parameter_name = "findings", "findings"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("error", "Has problems"), ("warning", "Has warnings"), ("none", "Has neither")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"error": ("error",), "warning": ("warning",), "none": ("error", "warning")}.get(self.value() or "")
        if not wanted:
            return queryset
        stored = Q()
        for severity in wanted:  # both databases write a space there
            stored |= Q(findings_said__contains=f'"severity": "{severity}"')
        has = Q(draft__isnull=True) & stored | Q(pk__in=agents_whose_draft_has(wanted))
        written = Cast("latest_version__findings", TextField())
        said: QuerySet[Any] = queryset.alias(findings_said=Coalesce(written, Value(""), output_field=TextField()))
        return said.exclude(has) if self.value() == "none" else said.filter(has)


class DraftStateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"
    CHOICES = {
        "in_review": ("In review", Q(state=Draft.State.IN_REVIEW)),
        "returned": ("Returned", Q(state=Draft.State.EDITING, returned_at__isnull=False)),
        "editing": ("Editing", Q(state=Draft.State.EDITING, returned_at__isnull=True)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, label) for code, (label, _) in self.CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.CHOICES.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset
