"""What several lists show in the same way. Imports `models`."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import Agent
from catalog.templatetags.words import agent_color, in_language, initials


def named(agent: Agent, color: str | None = None) -> SafeString:
    """An agent with its tile, title and name; without `color` the tile has that of the latest version."""
    if color is None:
        color = agent.latest_version.color if agent.latest_version else ""
    return format_html(
        '<span class="tile small" data-color="{}" aria-hidden="true">{}</span> '
        '<strong {}>{}</strong> <span class="address">{}</span>',
        agent_color(color),
        initials(agent.title),
        in_language(agent.title),
        agent.title,
        agent.name,
    )
