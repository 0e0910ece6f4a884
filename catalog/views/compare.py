"""What changed between any two versions of an agent. Imports `comparing`, `rendering`, `models`,
`definition`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from catalog.comparing import compare, field_changes, shortened, with_words
from catalog.definition import read
from catalog.models import Agent, Version
from catalog.rendering import render_changes

from .freshness import fresh
from .names import known_as, moved

IN_WORDS, AS_RENDERED, AS_SOURCE = "", "rendered", "source"
VERSIONS_OFFERED = 100  # to choose from
NOTES_SHOWN = 20
LINES_SHOWN = 2_000
_LONG = tuple(f"latest_version__{name}" for name in ("source", "prompt", "description", "lead", "fields", "findings"))
_BRIEF = ("agent", "number", "note", "digest", "size", "published_at", "published_by", "yanked_at", "yank_reason")


@require_safe
@fresh
def choose_versions(request: HttpRequest, name: str) -> HttpResponse:
    """Where the form goes: on to the address of the two that were chosen, or of the newest two."""
    agent = known_as(name, Agent.objects.all())
    numbers = [_number(request.GET.get(key, "")) for key in ("from", "to")]
    if not all(numbers):
        numbers = list(agent.versions.newest_first().values_list("number", flat=True)[:2])[::-1]
    if len(numbers) < 2:
        return HttpResponseRedirect(agent.get_absolute_url())
    address = reverse("catalog:compare_versions", args=[agent.name, *numbers])
    view = _view(request)
    return HttpResponseRedirect(f"{address}?view={view}" if view else address)


def _view(request: HttpRequest) -> str:
    view = request.GET.get("view", IN_WORDS)
    return view if view in _SHOWN_AS else IN_WORDS


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@require_safe
@fresh
def compare_versions(request: HttpRequest, name: str, a: int, b: int) -> HttpResponse:
    agent = known_as(name, Agent.objects.select_related("latest_version").defer(*_LONG))
    if agent.name != name:
        return moved(request, reverse("catalog:compare_versions", args=[agent.name, a, b]))
    two = {version.number: version for version in _rows(agent, "source").filter(number__in={a, b})}
    if a not in two or b not in two:
        raise Http404("There is no such version.")
    old, new = two[a], two[b]
    versions = list(_rows(agent).newest_first()[:VERSIONS_OFFERED])
    view = _view(request)
    context = {
        "agent": agent,
        "title": gettext("%(title)s: from version %(a)d to version %(b)d") % {"title": agent.title, "a": a, "b": b},
        "canonical": settings.CATALOG_BASE_URL + request.path,
        "old": old,
        "new": new,
        "is_same": old.source == new.source,
        "view": view,
        "offered": sorted((two | {row.number: row for row in versions}).values(), key=lambda row: -row.number),
        "notes": _notes(versions, new, old),
        **_SHOWN_AS[view](old, new),
    }
    return render(request, "catalog/compare.html", context)


def _rows(agent: Agent, *more: str) -> Any:
    people = (f"published_by__{name}" for name in ("username", "first_name", "last_name"))
    return agent.versions.select_related("published_by").only(*_BRIEF, *more, *people)


def _notes(versions: list[Version], new: Version, old: Version) -> list[Version]:
    """What the authors said of each step on the way, the newest first."""
    return [v for v in versions if old.number < v.number <= new.number and v.note][:NOTES_SHOWN]


def _by_field(old: Version, new: Version) -> dict[str, Any]:
    return {"changes": field_changes(read(old.source), read(new.source), title=None)}


def _by_line(old: Version, new: Version) -> dict[str, Any]:
    shown = shortened(compare(old.source, new.source), LINES_SHOWN)
    return {"groups": with_words(shown), "more": shown.more}


def _as_rendered(old: Version, new: Version) -> dict[str, Any]:
    before, after = read(old.source), read(new.source)
    return {
        "stretches": render_changes(before.prompt, after.prompt),
        "text": after.prompt,
        "is_more": before.fields != after.fields,
    }


_SHOWN_AS = {IN_WORDS: _by_field, AS_RENDERED: _as_rendered, AS_SOURCE: _by_line}
