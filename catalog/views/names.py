"""Whom the public means by a name in an address. Imports `models`, `definition`."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from catalog.definition import fold_name
from catalog.models import Agent, AgentQuerySet


def known_as(name: str, agents: AgentQuerySet) -> Agent:
    """The agent that the public knows by this name, by another spelling of it, or by a former name; else 404."""
    folded = fold_name(name)
    agent = agents.filter(name=name).first()
    if agent is None:
        former = Q(former_names__name__in={name, folded})
        agent = agents.filter(former | Q(name=folded)).first()
    if agent is None or (agent.latest_version_id is None and not agent.versions.exists()):
        raise Http404("There is no such agent.")
    return agent


def moved(request: HttpRequest, address: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
