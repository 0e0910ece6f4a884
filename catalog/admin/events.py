"""The audit log: who did what to which, when. Only to read. Imports `models`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import Event, Scope
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
    "drafted": "put a text into its draft",
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
    "token-issued": "made the API token {label} ({prefix}…){whose}, which may {scopes} until {expires_at}",
    "token-revoked": "revoked the API token {label} ({prefix}…){whose}",
}
_SCOPES = {scope.value: scope.label.lower() for scope in Scope}


class _Data(dict[str, object]):
    """What an event knows; "?" for what it does not."""

    def __missing__(self, key: str) -> str:
        return "?"


def said(event: Event) -> str:
    """What somebody did, as people say it: "withdrew version 2: It is wrong."."""
    known = {key: _told(key, value) for key, value in event.data.items()} | {"whose": _whose(event)}
    deed = _SAID.get(event.verb, event.verb).format_map(_Data(known))
    why = event.data.get("reason") or event.data.get("note")
    return f"{deed}: {why}" if why else deed


def _whose(event: Event) -> str:
    """Whose token it is, where that is somebody else's."""
    owner = event.data.get("of")
    if owner is None:  # of most events, whose actor then need not be asked for
        return ""
    return "" if event.actor and event.actor.get_username() == owner else f" of {owner}"


def _told(key: str, value: Any) -> object:
    if key == "scopes":
        return ", ".join(_SCOPES.get(scope, scope) for scope in value)
    if key == "expires_at":
        return date_format(datetime.fromisoformat(value), "j F Y")
    return ", ".join(value) if isinstance(value, list) else value


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("happened", "who", "deed", "on_agent")
    list_display_links = None
    list_filter = ("verb",)
    search_fields = ("agent__name", "actor__username", "token__prefix", "data__prefix")
    search_help_text = "Name of the agent or of who did it, first characters of a token"
    actions = None
    empty_value_display = ""
    show_full_result_count = False
    fields = readonly_fields = ("at", "actor", "through", "verb", "agent", "version", "data")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"heading": HEADING, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"heading": HEADING, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor", "agent", "token")

    @admin.display(description="When", ordering="-pk")
    def happened(self, event: Event) -> SafeString:
        return when(event.at)

    @admin.display(description="Who", ordering="actor__username")
    def who(self, event: Event) -> SafeString | str:
        name = event.actor.get_username() if event.actor else "the catalog"
        return format_html('{} <span class="by">through {}</span>', name, event.token) if event.token else name

    @admin.display(description="Through")
    def through(self, event: Event) -> str:
        """The token with which a program did it; not as a link, for not everybody may see everybody's."""
        return str(event.token) if event.token else ""

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
