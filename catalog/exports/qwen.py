"""Qwen Code: Claude Code's fields, with its own names for tools and modes.

Source: formats.md 4.1 to 4.5, and the reader of version 0.24 (packages/core/src/subagents/subagent-manager.ts).
Imports `definition`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalog.definition.tools import is_known, is_mcp

from .export import Tool, Written
from .markdown import write_markdown
from .models import say_no_model
from .names import Letters, NameRule, name_for
from .permissions import Permissions, permissions_of, server_of
from .report import Report, brief, called, named
from .servers import Server, servers_for
from .texts import QWEN_PLACE, description_of, prompt_of
from .tool_lists import Vocabulary, tool_list
from .values import color, max_turns

TOOL = Tool("qwen", "Qwen Code", ".qwen/agents", "~/.qwen/agents")

_NAMES = NameRule(
    letters=Letters.UNMARKED,
    shortest=2,
    longest=50,
    reserved=frozenset(("self", "system", "user", "model", "tool", "config", "default")),
)
_LONG_DESCRIPTION = 1_000
_SHORTEST_PROMPT = 10
_MODES = {
    "default": "default",
    "manual": "default",
    "dontAsk": "default",
    "plan": "plan",
    "acceptEdits": "auto-edit",
    "auto": "auto-edit",
    "bypassPermissions": "yolo",
}
# What is not quite the same there.
_MODE_NOTES = {
    "dontAsk": "There the agent asks, where Claude Code would refuse.",
    "auto": "There the agent changes files without asking.",
}

WORDS = Vocabulary(
    {
        "Read": "ReadFile",
        "Write": "WriteFile",
        "Edit": "Edit",
        "NotebookEdit": "NotebookEdit",
        "Bash": "Shell",
        "Glob": "Glob",
        "Grep": "Grep",
        "LS": "ListFiles",
        "WebFetch": "WebFetch",
        "WebSearch": "WebSearch",
        "TodoWrite": "TodoList",
        "Agent": "Task",
        "Skill": "Skill",
    },
    mcp=lambda name: None if "*" in server_of(name)[1] else name,  # in a list only exact names count
    takes_empty_list=False,
)


def write(report: Report) -> Written:
    fields = report.definition.fields
    name = name_for(report, _NAMES)
    values: dict[str, Any] = {"name": name, "description": description_of(report, advised=_LONG_DESCRIPTION)}
    permissions = permissions_of(report.definition)
    # What is taken away, and the mode `plan`, have fields of their own.
    tools = tool_list(report, replace(permissions, denied=(), is_plan=False), WORDS)
    if tools is not None:
        values["tools"] = tools.names
    if denied := _denied(report, permissions):
        values["disallowedTools"] = denied
    if "model" in fields:
        say_no_model(report)
    if mode := _mode(report):
        values["approvalMode"] = mode
    if turns := max_turns(report):
        values["maxTurns"] = turns
        report.kept("maxTurns")
    if shade := color(report):
        values["color"] = shade
        report.kept("color")
    elif asked := report.definition.color:
        report.dropped("color", f"Qwen Code knows colors such as blue; “{brief(asked)}” is none of them.")
    if isinstance(background := fields.get("background"), bool):
        values["background"] = background
        report.kept("background")
    if servers := servers_for(report, _server):
        values["mcpServers"] = servers
    return Written(name, write_markdown(values, prompt_of(report, shortest=_SHORTEST_PROMPT, place=QWEN_PLACE)))


def _denied(report: Report, permissions: Permissions) -> list[str]:
    """Names of MCP tools, with `*` or without, and names nobody knows stay as they are."""
    if "*" in permissions.denied:  # which takes nothing away there
        every = list(dict.fromkeys((*WORDS.words.values(), "mcp__*")))
        told = "Qwen Code cannot be told *, so that every tool is named which the catalog knows it to have."
        report.changed("disallowedTools", told, widens=True)
        return every
    words = {name: name if is_mcp(name) or not is_known(name) else WORDS.word(name) for name in permissions.denied}
    missing = [name for name, word in words.items() if word is None]
    denied = [word for word in words.values() if word is not None]
    parts = [called(denied)] if denied else []
    parts += [f"Qwen Code has nothing like {named(missing)}, so there is nothing to take away."] if missing else []
    if parts:
        report.kept("disallowedTools", " ".join(parts))
    return denied


def _mode(report: Report) -> str | None:
    asked = report.definition.fields.get("permissionMode")
    mode = _MODES.get(asked) if isinstance(asked, str) else None
    if mode is None:
        if asked:
            report.dropped("permissionMode", f"Qwen Code knows modes such as plan; “{brief(asked)}” is none of them.")
        return None
    if note := _MODE_NOTES.get(str(asked)):
        report.changed("permissionMode", f"{called([mode])} {note}", widens=True)
    else:
        report.kept("permissionMode", called([mode]))
    return mode


def _server(server: Server) -> dict[str, Any] | None:
    if server.command:
        return server.program()
    return {"http": server.address("httpUrl"), "sse": server.address("url")}.get(server.kind)
