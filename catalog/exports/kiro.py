"""Kiro, CLI 3 and IDE 1: Markdown with tags for kinds of tools and rules for permissions.

Source: formats.md 4.1 to 4.5; kiro.dev/docs/custom-agents and kiro.dev/docs/cli/v3/agent-config. How an empty list
is read is not documented, so none is written. Imports `definition`.
"""

from __future__ import annotations

from typing import Any

from .export import Tool, Written
from .markdown import write_markdown
from .models import say_no_model
from .names import NameRule, name_for
from .permissions import permissions_of, server_of
from .report import Report
from .servers import Server, servers_for
from .texts import description_of, prompt_of
from .tool_lists import Vocabulary, tool_list

TOOL = Tool("kiro", "Kiro", ".kiro/agents", "~/.kiro/agents")

_EVERY_TOOL = ["*"]
_SHELL = "shell"


def _mcp(name: str) -> str | None:
    """`@server/tool`, `@server`, `@mcp`; no part of a server."""
    server, tool = server_of(name)
    if tool == "*":
        return "@mcp" if server == "*" else f"@{server}"
    return None if "*" in tool else f"@{server}/{tool}"


WORDS = Vocabulary(
    {
        "Read": "read",
        "Glob": "read",
        "Grep": "read",
        "LS": "read",
        "Write": "write",
        "Edit": "write",
        "NotebookEdit": "write",
        "Bash": _SHELL,
        "WebFetch": "web",
        "WebSearch": "web",
        "Agent": "subagent",
    },
    mcp=_mcp,
    rule=lambda name, rule: rule if name == "Bash" else None,
    rule_means="Kiro runs commands like {rules} without asking, and asks before any other.",
    takes_empty_list=False,
)


def write(report: Report) -> Written:
    name = name_for(report, NameRule())
    values: dict[str, Any] = {"description": description_of(report)}
    tools = tool_list(report, permissions_of(report.definition), WORDS)
    values["tools"] = _EVERY_TOOL if tools is None else tools.names
    if tools and (commands := tools.words.get(_SHELL)):
        values["permissions"] = [{"capability": _SHELL, "effect": "allow", "match": list(commands)}]
    if "model" in report.definition.fields:
        say_no_model(report)
    if servers := servers_for(report, _server, fills_places=True):
        values["mcpServers"] = servers
    return Written(name, write_markdown(values, prompt_of(report)))


def _server(server: Server) -> dict[str, Any] | None:
    if server.command:
        return server.program()
    return None if server.kind == "ws" else server.address()
