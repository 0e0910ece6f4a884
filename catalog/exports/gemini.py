"""Gemini CLI: Markdown whose every key and tool must be known, or the file is rejected.

Source: formats.md 4.1 to 4.5, and the loader of version 0.61 (packages/core/src/agents/agentLoader.ts,
tools/tool-names.ts). Imports `definition`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from .export import Tool, Written
from .markdown import write_markdown
from .models import say_no_model
from .names import Letters, NameRule, name_for
from .permissions import Permissions, permissions_of, server_of
from .report import Report
from .servers import Server, servers_for
from .texts import GEMINI_PLACE, description_of, prompt_of
from .tool_lists import Vocabulary, tool_list
from .values import max_turns

TOOL = Tool("gemini", "Gemini CLI", ".gemini/agents", "~/.gemini/agents")

_OWN = frozenset(("generalist",))
# The name of a server ends at the next underscore there; `*` stands for all its tools only alone.
_SERVER = re.compile(r"[A-Za-z0-9.-]+")
_MCP_TOOL = re.compile(r"[A-Za-z0-9.-][A-Za-z0-9_.-]*")


def _mcp(name: str) -> str | None:
    """`mcp_server_tool`, `mcp_server_*`, `mcp_*`."""
    server, tool = server_of(name)
    if server == "*":
        return "mcp_*"
    fits = _SERVER.fullmatch(server) and (tool == "*" or _MCP_TOOL.fullmatch(tool))
    return f"mcp_{server}_{tool}" if fits else None


WORDS = Vocabulary(
    {
        "Read": "read_file",
        "Write": "write_file",
        "Edit": "replace",
        "Bash": "run_shell_command",
        "Glob": "glob",
        "Grep": "grep_search",
        "LS": "list_directory",
        "WebFetch": "web_fetch",
        "WebSearch": "google_web_search",
        "TodoWrite": "write_todos",
        "Skill": "activate_skill",
    },
    mcp=_mcp,
)


def write(report: Report) -> Written:
    definition = report.definition
    name = name_for(report, NameRule(letters=Letters.ASCII, reserved=_OWN))
    values: dict[str, Any] = {"name": name}
    if definition.fields.get("name") != name:
        values["display_name"] = definition.title
    values["description"] = description_of(report)
    permissions = permissions_of(definition)
    tools = tool_list(report, permissions, WORDS)
    if tools is not None:
        values["tools"] = tools.names
    if turns := max_turns(report):
        values["max_turns"] = turns
        report.kept("maxTurns")
    if "model" in definition.fields:
        say_no_model(report)
    writer = partial(_server, permissions=permissions)
    if servers := servers_for(report, writer, is_useless=partial(_is_useless, permissions=permissions)):
        values["mcp_servers"] = servers
    return Written(name, write_markdown(values, prompt_of(report, place=GEMINI_PLACE)))


def _server(server: Server, permissions: Permissions) -> dict[str, Any] | None:
    """With the tools that the agent may use: its list of tools does not hold for the servers of its own file."""
    if server.kind == "ws":
        return None
    settings = server.program() if server.command else {**server.address(), "type": server.kind}
    tools = permissions.mcp_tools_of(server.name)
    return settings if tools is None else {**settings, "include_tools": list(tools)}


def _is_useless(server: str, permissions: Permissions) -> bool:
    """Whether none of its tools may be used there, though some may in Claude Code."""
    name = f"mcp__{server}"
    is_parted = permissions.denies_part_of(name) and not permissions.denies(name)
    return is_parted and permissions.mcp_tools_of(server) == ()
