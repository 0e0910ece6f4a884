"""GitHub Copilot, in the cloud, the CLI and editors: Markdown with a list of tools.

Copilot passes over tools it does not know, and takes an empty list as no tool (formats.md 4.1 to 4.5; the reference
"Custom agents configuration" of docs.github.com). Imports `definition`.
"""

from __future__ import annotations

from typing import Any

from .export import Tool, Written
from .markdown import write_markdown
from .models import say_no_model
from .names import Letters, NameRule, name_for
from .permissions import permissions_of, server_of
from .report import Report
from .servers import Server, servers_for
from .texts import description_of, prompt_of
from .tool_lists import Vocabulary, tool_list

TOOL = Tool(
    "copilot", "GitHub Copilot", ".github/agents", "~/.copilot/agents", ".agent.md", "text/markdown; charset=utf-8"
)

_LONGEST_PROMPT = 30_000
_OWN = frozenset(("general-purpose",))  # an agent of such a name is not loaded: tried with Copilot CLI 1.0.102


def _mcp(name: str) -> str | None:
    """`server/tool`, `server/*`; neither every server at once nor a part of one."""
    server, tool = server_of(name)
    return None if server == "*" or ("*" in tool and tool != "*") else f"{server}/{tool}"


WORDS = Vocabulary(
    {
        "Read": "read",
        "Write": "edit",
        "Edit": "edit",
        "NotebookEdit": "edit",
        "Bash": "execute",
        "PowerShell": "execute",
        "Glob": "search",
        "Grep": "search",
        "LS": "search",
        "WebFetch": "web",
        "WebSearch": "web",
        "TodoWrite": "todo",
        "Agent": "agent",
    },
    mcp=_mcp,
    passes_over_unknown=True,
)


def write(report: Report) -> Written:
    name = name_for(report, NameRule(letters=Letters.ASCII, reserved=_OWN, whose="its file"))
    shown = name if report.definition.name in _OWN else report.definition.name
    values: dict[str, Any] = {"name": shown, "description": description_of(report)}
    tools = tool_list(report, permissions_of(report.definition), WORDS)
    if tools is not None:
        values["tools"] = tools.names
    if "model" in report.definition.fields:
        say_no_model(report)
    if servers := servers_for(report, _server, fills_places=True):
        values["mcp-servers"] = servers
    return Written(name, write_markdown(values, prompt_of(report, longest=_LONGEST_PROMPT)))


def _server(server: Server) -> dict[str, Any] | None:
    """With every tool that the server has: Copilot wants to be told which."""
    if server.command:
        return {"type": "local", **server.program(), "tools": ["*"]}
    return None if server.kind == "ws" else {"type": server.kind, **server.address(), "tools": ["*"]}
