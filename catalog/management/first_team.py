"""What a new catalog shows beside its starter agents: a collection of them, and tags.

Imports `collecting`, `shelving` and `models`.
"""

from __future__ import annotations

from django.contrib.auth.models import User

from catalog import collecting, shelving
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
TAGS = {
    "code-review": ("code-reviewer", "security-reviewer", "test-writer"),
    "databases": ("data-analyst", "database-migration-planner"),
    "debugging": ("debugger", "performance-investigator", "incident-commander"),
    "documentation": ("technical-writer", "release-notes-editor", "plain-language-editor"),
    "python": ("python-backend-engineer", "test-writer"),
    "web": ("frontend-engineer", "api-designer", "python-backend-engineer"),
}


def tag_starters(by: User) -> None:
    for tag, names in TAGS.items():
        shelving.tag(Agent.objects.filter(name__in=names), [tag], by=by)


def make_first_team(by: User) -> None:
    """Make the collection and publish it. To be called once, when the starter agents have been published."""
    agents = {agent.name: agent for agent in Agent.objects.filter(name__in=MEMBERS)}
    team = collecting.create(TITLE, introduction=INTRODUCTION, by=by)
    collecting.set_members(team, [(agents[name], note) for name, note in MEMBERS.items()], by=by)
    collecting.publish(team, by=by)
