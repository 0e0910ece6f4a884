"""The collection that a new catalog shows, made of its starter agents. Imports `collecting` and `models`."""

from __future__ import annotations

from django.contrib.auth.models import User

from catalog import collecting
from catalog.models import Agent

TITLE = "A first team"
INTRODUCTION = """\
Five agents for a small team that writes software. They take turns, and none does the work of another: one asks what \
is wanted, one finds why something fails, one writes the tests, one reads the change, one explains it to people.

Install them together, use them for a week, and keep those that you call by name.
"""
MEMBERS = {
    "requirements-interviewer": "Begin here: it asks what is wanted before anything is built.",
    "debugger": "When something fails and nobody knows why.",
    "test-writer": "Holds in tests what was built or mended.",
    "code-reviewer": "Reads each change once more before it is merged.",
    "technical-writer": "Tells people how to use what was built.",
}


def make_first_team(by: User) -> None:
    """Make the collection and publish it. To be called once, when the starter agents have been published."""
    agents = {agent.name: agent for agent in Agent.objects.filter(name__in=MEMBERS)}
    team = collecting.create(TITLE, introduction=INTRODUCTION, by=by)
    collecting.set_members(team, [(agents[name], note) for name, note in MEMBERS.items()], by=by)
    collecting.publish(team, by=by)
