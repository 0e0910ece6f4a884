"""The tools of coding agents: read and write a list of them, and say in plain words what each may do.

Source of the vocabulary: formats.md 1.2. Imports `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .wording import _

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
    READS: _("Reads files and searches in them"),
    CHANGES: _("Creates and changes files"),
    RUNS: _("Runs commands"),
    GOES_ONLINE: _("Goes online"),
    DELEGATES: _("Hands work to other agents and skills"),
    ORGANISES: _("Keeps a list of tasks"),
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
# Each tool in a sentence, for people who choose them.
MEANINGS = {
    "Read": _("Opens a file and reads it."),
    "Glob": _("Finds files by their names."),
    "Grep": _("Finds words in files."),
    "LSP": _("Asks the programming language where something is defined and used."),
    "Monitor": _("Starts a command and follows what it prints."),
    "Write": _("Writes new files, or whole files anew."),
    "Edit": _("Changes passages in a file."),
    "NotebookEdit": _("Changes the cells of a notebook (Jupyter)."),
    "Bash": _("Runs any command of the machine."),
    "PowerShell": _("Runs any command of a Windows machine."),
    "WebFetch": _("Opens a web page and reads it."),
    "WebSearch": _("Looks something up with a search engine."),
    "TodoWrite": _("Keeps a to-do list that the user sees."),
    "TaskCreate": _("Puts a task on the shared list."),
    "TaskGet": _("Looks at one task of the shared list."),
    "TaskList": _("Looks at the whole shared list of tasks."),
    "TaskUpdate": _("Changes a task of the shared list, such as ticking it off."),
    "TaskOutput": _("Reads what a command in the background has printed."),
    "TaskStop": _("Stops a command in the background."),
    "Agent": _("Gives a piece of work to another agent."),
    "Skill": _("Uses a skill: instructions kept ready for one kind of work."),
    "Workflow": _("Runs a prepared series of steps."),
    "SendMessage": _("Writes to another agent that is at work."),
    "AskUserQuestion": _("Asks the user a question in between."),
    "EnterPlanMode": _("Begins to plan before it changes anything."),
    "ExitPlanMode": _("Shows its plan and asks to begin."),
    "ScheduleWakeup": _("Sets itself a time to go on."),
    "ToolSearch": _("Looks for further tools when it needs them."),
    "ListMcpResourcesTool": _("Lists what the connected services (MCP) offer to read."),
    "ReadMcpResourceTool": _("Reads something that a connected service (MCP) offers."),
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
    words: str  # with "%(about)s" where `about` stands in the sentence
    risky: bool
    about: str = ""

    @property
    def label(self) -> str:
        return self.words % {"about": self.about}


def split_tools(value: Any) -> tuple[str, ...] | None:
    """The tools of a field's value: a list, or text split at commas (or, without any, at spaces) outside brackets.

    `Agent(a, b)` is one tool. None, a value of another type, and a list with `*` mean all tools: None.
    """
    items = names_in(value)
    return None if items is None or "*" in items else items


def names_in(value: Any) -> tuple[str, ...] | None:
    """The names as they stand, `*` too; None where the value is neither text nor a list."""
    if isinstance(value, str):
        items = _split_text(value)
    elif isinstance(value, list):
        items = [str(item).strip() for item in value if isinstance(item, (str, int, float))]
    else:
        return None
    return tuple(item for item in items if item)


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
