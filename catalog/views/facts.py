"""The facts of a version in plain words: its model, its tools one by one, its other settings.

Imports `comparing`, `models`, `definition`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from catalog.comparing import in_words
from catalog.definition import FIELDS, Definition
from catalog.definition.checks import denied_tools, effective_tools
from catalog.definition.tools import MEANINGS, NEVER_FOR_SUBAGENTS, OLD_NAMES, RISKY, TOOLS, base_name, is_mcp
from catalog.models import Version

TOOLS_NAMED = 60
SETTINGS_NAMED = 30
_LONGEST_VALUE = 300
_TOLD_ALREADY = frozenset(("name", "description", "tools", "disallowedTools", "model", "color", "permissionMode"))


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the list: what it does, and whether to look twice."""

    name: str
    meaning: str
    is_risky: bool


def facts_of(version: Version, definition: Definition) -> dict[str, Any]:
    tools, denied = effective_tools(definition), denied_tools(definition)
    return {
        "model": _model(version.model),
        "tools": [_tool(name) for name in (tools or ())[:TOOLS_NAMED]],
        "more_tools": max(len(tools or ()) - TOOLS_NAMED, 0),
        "denied": denied[:TOOLS_NAMED],
        "mode": _mode(version.fields.get("permissionMode")),
        "settings": list(_settings(version.fields))[:SETTINGS_NAMED],
    }


def _model(name: str) -> tuple[str, str]:
    """What a model is called, and what that means."""
    if name in ("", "inherit"):
        return "", gettext("the one you use") if not name else gettext("that of the conversation which calls it")
    meaning = FIELDS["model"].choices.get(name)
    return (name.capitalize(), gettext(meaning)) if meaning else (name, "")


def _mode(mode: Any) -> tuple[str, str]:
    if not isinstance(mode, str) or not mode.strip():
        return "", ""
    meaning = FIELDS["permissionMode"].choices.get(mode.strip())
    return mode.strip()[:_LONGEST_VALUE], gettext(meaning) if meaning else ""


def _tool(name: str) -> Tool:
    base = base_name(name)
    if base in NEVER_FOR_SUBAGENTS:
        return Tool(name, gettext("No agent is ever given this one."), is_risky=False)
    if is_mcp(name):
        return Tool(name, _of_server(base), is_risky=True)
    now = OLD_NAMES.get(base, base)
    if now not in TOOLS:
        return Tool(name, gettext("Not known to this catalog."), is_risky=False)
    meaning = gettext(MEANINGS[now])
    if now != base:
        meaning = gettext("%(meaning)s Called %(name)s now.") % {"meaning": meaning, "name": now}
    return Tool(name, meaning, TOOLS[now] in RISKY)


def _of_server(base: str) -> str:
    _, server, *tool = base.split("__", 2)
    if server == "*":
        return gettext("Every tool of every MCP server.")
    if not tool or tool == ["*"]:
        return gettext("Every tool of the MCP server “%(server)s”.") % {"server": server}
    return gettext("A tool of the MCP server “%(server)s”.") % {"server": server}


def _settings(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What else the file sets, in the order of the format; then the fields that coding tools do not know."""
    known = [key for key in FIELDS if key in fields and key not in _TOLD_ALREADY]
    for key in [*known, *(key for key in fields if key not in FIELDS)]:
        about = FIELDS.get(key)
        value = in_words(key, fields[key])
        if len(value) > _LONGEST_VALUE:
            value = value[:_LONGEST_VALUE].rstrip() + " …"
        yield gettext(about.label) if about else key, value
