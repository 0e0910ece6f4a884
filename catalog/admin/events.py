"""The audit log: who did what to which, when. Only to read. Imports `models`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import Event
from catalog.templatetags.words import when

HEADING = "Audit log"

_SAID = {
    "created": "added it",
    "published": "published version {number}",
    "yanked": "withdrew version {number}",
    "unyanked": "offered version {number} again",
    "restored": "restored version {restores} as version {number}",
    "renamed": "renamed it from {old} to {new}",
    "deprecated": "deprecated it",
    "undeprecated": "recommended it again",
    "discarded": "discarded its draft",
    "retitled": "changed its title from {old} to {new}",
    "submitted": "submitted its draft for review",
    "recalled": "took its draft back from review",
    "returned": "returned its draft",
    "categorised": "moved it to {category}",
    "uncategorised": "took it out of {category}",
    "tagged": "tagged it {tags}",
    "untagged": "took off the tags {tags}",
    "collection-created": "made the collection {title}",
    "collection-changed": "changed {fields} of the collection {title}",
    "collection-filled": "put {count} agents into the collection {title}",
    "collection-published": "published the collection {title}",
    "collection-unpublished": "took the collection {title} off the public pages",
    "collection-deleted": "deleted the collection {title}",
}


class _Data(dict[str, object]):
    """What an event knows; "?" for what it does not."""

    def __missing__(self, key: str) -> str:
        return "?"


def said(event: Event) -> str:
    """What somebody did, as people say it: "withdrew version 2: It is wrong."."""
    known = {key: ", ".join(value) if isinstance(value, list) else value for key, value in event.data.items()}
    deed = _SAID.get(event.verb, event.verb).format_map(_Data(known))
    why = event.data.get("reason") or event.data.get("note")
    return f"{deed}: {why}" if why else deed


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("happened", "who", "deed", "on_agent")
    list_display_links = None
    list_filter = ("verb",)
    search_fields = ("agent__name", "actor__username")
    search_help_text = "Name of the agent, or of who did it"
    actions = None
    empty_value_display = ""
    show_full_result_count = False
    fields = readonly_fields = ("at", "actor", "verb", "agent", "version", "data")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"heading": HEADING, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"heading": HEADING, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor", "agent")

    @admin.display(description="When", ordering="-pk")
    def happened(self, event: Event) -> SafeString:
        return when(event.at)

    @admin.display(description="Who", ordering="actor__username")
    def who(self, event: Event) -> str:
        return event.actor.get_username() if event.actor else "the catalog"

    @admin.display(description="Agent", ordering="agent__name")
    def on_agent(self, event: Event) -> SafeString | str:
        if event.agent is None:
            return ""
        address = reverse("admin:catalog_agent_change", args=[event.agent_id])
        return format_html('<a href="{}">{}</a>', address, event.agent.name)

    @admin.display(description="What")
    def deed(self, event: Event) -> str:
        return said(event)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
