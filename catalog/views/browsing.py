"""How people find an agent: the home page and the list, with its selection in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.models import Agent, AgentQuerySet, Category, Tag
from catalog.search import MOST, matching

PAGE_SIZE = 30
LAST_PAGE = 100  # deeper ones cost more than they help: search is the way there
COUNT_LIMIT = MOST  # counted exactly up to here, "1,000+" beyond; search looks no further either
QUERY_MAX_LENGTH = 200
ON_HOME = 6
SHELVES_ON_HOME = 18
FACETS_SECONDS = 10  # counting reads every agent; a newcomer who imports a folder wants to see its shelves
FACET_OPTIONS_SHOWN = 8

Facets = dict[str, list[dict[str, Any]]]

SORTS: dict[str, tuple[str, Callable[[AgentQuerySet], AgentQuerySet]]] = {
    "name": ("Name", lambda agents: agents.order_by("name")),
    "updated": ("Recently updated", AgentQuerySet.recently_updated),
    "new": ("Newest", AgentQuerySet.newest_first),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    agents = Agent.objects.published().with_latest()
    newest = list(agents.newest_first()[:ON_HOME])
    # What is new was also updated just now: the second list shows what the first does not.
    updated = [agent for agent in agents.recently_updated()[: 2 * ON_HOME] if agent not in newest]
    shelves = [shelf | {"address": EVERYTHING.address(category=shelf["value"])} for shelf in _facets()["category"]]
    context = {
        "shelves": shelves[:SHELVES_ON_HOME],
        "more_shelves": shelves[SHELVES_ON_HOME:],
        "newest": newest,
        "updated": updated[:ON_HOME],
    }
    return render(request, "catalog/home.html", context)


@require_safe
def agent_list(request: HttpRequest) -> HttpResponse:
    selection = Selection.of(request)
    agents = selection.agents()
    first = (selection.page - 1) * PAGE_SIZE
    rows = list(agents.with_latest()[first : first + PAGE_SIZE + 1])
    if not rows and selection.page > 1:
        raise Http404("The list is shorter than that.")
    context = {
        "selection": selection,
        "facets": _facet_links(selection),
        "sorts": _sort_links(selection),
        "agents": rows[:PAGE_SIZE],
        "count": _bounded_count(agents),
        "count_limit": COUNT_LIMIT,
        "pages": _page_links(selection, rows, first),
    }
    return render(request, "catalog/agent_list.html", context)


@dataclass(frozen=True)
class Selection:
    """What a reader asked the list for; all of it stands in the address."""

    q: str
    category: str
    tag: str
    model: str
    sort: str
    page: int

    @classmethod
    def of(cls, request: HttpRequest) -> Selection:
        asked = {
            # PostgreSQL takes no NUL in a text, and no name or query has one.
            key: request.GET.get(key, "").replace("\0", "").strip()[:QUERY_MAX_LENGTH]
            for key in ("q", "category", "tag", "model")
        }
        sort = request.GET.get("sort", "")
        return cls(**asked, sort=sort if sort in SORTS else "", page=_page_number(request))

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.category or self.tag or self.model)

    @property
    def order(self) -> str:
        """The key of SORTS that counts, or "" for the best match first."""
        return self.sort or ("" if self.q else "name")

    def agents(self) -> AgentQuerySet:
        agents = Agent.objects.published()
        if self.category:
            agents = agents.in_category(self.category)
        if self.tag:
            agents = agents.tagged(self.tag)
        if self.model:
            agents = agents.filter(latest_version__model=self.model)
        if self.q:
            agents = matching(agents, self.q)
        return SORTS[self.order][1](agents) if self.order else agents

    def address(self, **changes: str | int) -> str:
        """The address of this selection with something changed, on its first page unless told."""
        asked = vars(self) | {"page": 1} | changes
        if asked["page"] == 1:
            del asked["page"]
        query = urlencode({key: value for key, value in asked.items() if value})
        return reverse("catalog:agent_list") + (f"?{query}" if query else "")


EVERYTHING = Selection(q="", category="", tag="", model="", sort="", page=1)


def _facet_links(selection: Selection) -> list[dict[str, Any]]:
    """The facets as links, and what is chosen of each. Counts are those of the whole catalog: shown there alone."""
    facets = []
    for key, options in _facets().items():
        chosen = getattr(selection, key)
        titles = {option["value"]: option["title"] for option in options}
        links = [
            option | {"address": selection.address(**{key: option["value"]}), "is_chosen": option["value"] == chosen}
            for option in options
        ]
        facets.append(
            {
                "title": key.capitalize(),
                "options": links[:FACET_OPTIONS_SHOWN],
                "more": links[FACET_OPTIONS_SHOWN:],
                "chosen": titles.get(chosen, chosen),
                "without": selection.address(**{key: ""}),
            }
        )
    return facets


def _sort_links(selection: Selection) -> list[dict[str, Any]]:
    labels = {key: label for key, (label, _) in SORTS.items()}
    if selection.q:
        labels = {"": "Best match"} | labels
    return [
        {"label": label, "address": selection.address(sort=key), "is_chosen": key == selection.order}
        for key, label in labels.items()
    ]


def _page_links(selection: Selection, rows: list[Agent], first: int) -> dict[str, Any]:
    more, page = len(rows) > PAGE_SIZE, selection.page
    return {
        "first": first + 1,
        "last": first + min(len(rows), PAGE_SIZE),
        "previous": selection.address(page=page - 1) if page > 1 else "",
        "next": selection.address(page=page + 1) if more and page < LAST_PAGE else "",
        "is_cut": more and page == LAST_PAGE,
    }


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= LAST_PAGE):
        raise Http404("There is no such page.")
    return int(asked)


def _bounded_count(agents: AgentQuerySet) -> int:
    """The number of agents, or COUNT_LIMIT + 1 for any number above: counting costs the same in any catalog."""
    return agents.order_by()[: COUNT_LIMIT + 1].count()


def _facets() -> Facets:
    """By what people narrow the list, with counts. A few seconds old at most."""
    return cast(Facets, cache.get_or_set("catalog:facets", _count_facets, FACETS_SECONDS))


def _count_facets() -> Facets:
    agents = Count("agents", filter=Q(agents__latest_version__isnull=False))
    categories = Category.objects.annotate(count=agents).filter(count__gt=0).order_by("-count", "title")
    tags = Tag.objects.annotate(count=agents).filter(count__gt=0).order_by("-count", "name")[:24]
    models = (
        Agent.objects.published()
        .exclude(latest_version__model="")
        .values("latest_version__model")
        .annotate(count=Count("pk"))
        .order_by("-count", "latest_version__model")[:12]
    )
    return {
        "category": [{"value": c.name, "title": c.title, "count": c.count} for c in categories],
        "model": [
            {"value": m["latest_version__model"], "title": m["latest_version__model"], "count": m["count"]}
            for m in models
        ],
        "tag": [{"value": t.name, "title": t.name, "count": t.count} for t in tags],
    }
