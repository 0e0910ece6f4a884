"""The tools of coding agents: read and write a list of them, and say in plain words what each may do.

Source of the vocabulary: formats.md 1.2. Imports nothing of the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# What a tool lets the agent do, in the order people want to read it.
READS, CHANGES, RUNS, GOES_ONLINE, DELEGATES, ORGANISES = (
    "reads-files",
    "changes-files",
    "runs-commands",
    "goes-online",
    "delegates",
    "organises",
)
LABELS = {
    READS: "Reads files and searches in them",
    CHANGES: "Creates and changes files",
    RUNS: "Runs commands",
    GOES_ONLINE: "Goes online",
    DELEGATES: "Hands work to other agents and skills",
    ORGANISES: "Keeps a list of tasks",
}
RISKY = frozenset((CHANGES, RUNS))

TOOLS = {
    "Read": READS,
    "Glob": READS,
    "Grep": READS,
    "LSP": READS,
    "Monitor": RUNS,
    "Write": CHANGES,
    "Edit": CHANGES,
    "NotebookEdit": CHANGES,
    "Bash": RUNS,
    "PowerShell": RUNS,
    "WebFetch": GOES_ONLINE,
    "WebSearch": GOES_ONLINE,
    "TodoWrite": ORGANISES,
    "TaskCreate": ORGANISES,
    "TaskGet": ORGANISES,
    "TaskList": ORGANISES,
    "TaskUpdate": ORGANISES,
    "TaskOutput": RUNS,
    "TaskStop": RUNS,
    "Agent": DELEGATES,
    "Skill": DELEGATES,
    "Workflow": DELEGATES,
    "SendMessage": DELEGATES,
    "AskUserQuestion": ORGANISES,
    "EnterPlanMode": ORGANISES,
    "ExitPlanMode": ORGANISES,
    "ScheduleWakeup": ORGANISES,
    "ToolSearch": ORGANISES,
    "ListMcpResourcesTool": READS,
    "ReadMcpResourceTool": READS,
}
# Names that public files still carry, and what the tool is called now ("" where it is gone).
OLD_NAMES = {
    "MultiEdit": "Edit",
    "LS": "Glob",
    "NotebookRead": "Read",
    "BashOutput": "TaskOutput",
    "KillShell": "TaskStop",
    "KillBash": "TaskStop",
    "Task": "Agent",
    "AgentOutputTool": "TaskOutput",
    "SlashCommand": "Skill",
}
# A subagent never gets these, whatever its list says.
NEVER_FOR_SUBAGENTS = frozenset(("AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "Workflow", "ScheduleWakeup"))

_MCP = re.compile(r"mcp__[A-Za-z0-9_.-]+(?:__(?:\*|[A-Za-z0-9_.*-]+))?|mcp__\*")


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing an agent may do on its reader's machine: a stable code, plain words, and whether to look twice."""

    code: str
    label: str
    risky: bool


def split_tools(value: Any) -> tuple[str, ...] | None:
    """The tools of a field's value: a list, or text split at commas (or, without any, at spaces) outside brackets.

    `Agent(a, b)` is one tool. None, a value of another type, and a list with `*` mean all tools: None.
    """
    if value is None or value is True:
        return None
    if isinstance(value, str):
        items = _split_text(value)
    elif isinstance(value, list):
        items = [str(item).strip() for item in value if isinstance(item, (str, int, float))]
    else:
        return None
    return None if "*" in items else tuple(item for item in items if item)


def _split_text(text: str) -> list[str]:
    items = _split_at(text, ",")
    return items if len(items) > 1 else _split_at(" ".join(text.split()), " ")


def _split_at(text: str, separator: str) -> list[str]:
    """Cut where the separator stands outside brackets."""
    items, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign == separator and depth == 0:
            items.append(text[start:at].strip())
            start = at + 1
    items.append(text[start:].strip())
    return items


def base_name(tool: str) -> str:
    """`Bash(git *)` is `Bash`."""
    return tool.split("(", 1)[0].strip()


def is_mcp(tool: str) -> bool:
    return _MCP.fullmatch(base_name(tool)) is not None


def is_known(tool: str) -> bool:
    """Whether a name is a tool's, an old one's or an MCP tool's."""
    return tool in TOOLS or tool in OLD_NAMES or is_mcp(tool)


def kinds_of(tools: Iterable[str]) -> set[str]:
    """What the known tools among these let an agent do: keys of LABELS."""
    names = (base_name(tool) for tool in tools)
    return {TOOLS[n] for n in (OLD_NAMES.get(name, name) for name in names) if n in TOOLS}
