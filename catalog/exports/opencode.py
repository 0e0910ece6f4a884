"""OpenCode: Markdown with a map of permissions.

One invalid field makes a person's whole configuration invalid, and an unknown one goes to the provider of the model:
only what OpenCode knows is written (formats.md 4.1 to 4.5; packages/core/src/v1/config/agent.ts). Imports `definition`.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.definition.tools import is_mcp

from .export import Tool, Written
from .markdown import write_markdown
from .models import full_id, is_inherited, say_inherited
from .names import NameRule, name_for
from .permissions import EVERY_MCP, Permissions, Rules, permissions_of, server_of
from .report import Report, brief, named
from .texts import description_of, prompt_of
from .tool_lists import (
    Vocabulary,
    blocked_words,
    say_every_tool,
    say_list,
    say_plan,
    say_rest,
    say_taken_away,
    sort,
    taken_as_well,
    went_as_well,
)
from .values import color, max_turns

TOOL = Tool(
    "opencode", "OpenCode", ".opencode/agents", "~/.config/opencode/agents", ".md", "text/markdown; charset=utf-8"
)

# An agent of such a name would change OpenCode's own.
_OWN = frozenset(("build", "plan", "general", "explore", "scout", "title", "summary", "compaction"))
_COLORS = {
    "red": "#DC2626",
    "blue": "#2563EB",
    "green": "#16A34A",
    "yellow": "#CA8A04",
    "purple": "#9333EA",
    "orange": "#EA580C",
    "pink": "#DB2777",
    "cyan": "#0891B2",
}
# The modes in which Claude Code asks, or refuses, where OpenCode does neither for what is in a list.
_ASKS = ("default", "manual", "acceptEdits", "auto", "dontAsk")
# What OpenCode itself asks about. A list of tools takes the place of all its rules, this one too.
_READING = {"*": "allow", "*.env": "ask", "*.env.*": "ask", "*.env.example": "allow"}
_WITH_PROVIDER = re.compile(r"[a-z0-9-]+/[A-Za-z0-9._:-]+(?:/[A-Za-z0-9._:-]+)*")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
# Rules that mean the same there: globs for commands, names of agents and of skills. Not `?`, a sign of its own there.
_RULES = {
    "Bash": re.compile(r"[^?\x00-\x1f]+"),
    "Agent": re.compile(r"[^?*\x00-\x1f]+"),
    "Skill": re.compile(r"[^?*\x00-\x1f]+"),
}
_UNFIT = re.compile(r"[^A-Za-z0-9_*-]")  # what OpenCode replaces in the name of an MCP tool


def _mcp(name: str) -> str | None:
    """`server_tool`; `*` stands for any."""
    server, tool = server_of(name)
    return None if server == "*" else _UNFIT.sub("_", f"{server}_{tool}")


def _rule(name: str, rule: str) -> str | None:
    return rule if name in _RULES and _RULES[name].fullmatch(rule) else None


WORDS = Vocabulary(
    {
        "Read": "read",
        "Write": "edit",
        "Edit": "edit",
        "NotebookEdit": "edit",
        "Bash": "bash",
        "Glob": "glob",
        "Grep": "grep",
        "LS": "list",
        "WebFetch": "webfetch",
        "WebSearch": "websearch",
        "TodoWrite": "todowrite",
        "Agent": "task",
        "Skill": "skill",
        "LSP": "lsp",
    },
    mcp=_mcp,
    rule=_rule,
    note="OpenCode does not ask before it uses them, even where you have set it to ask.",
    denies_beside=True,
)


def write(report: Report) -> Written:
    name = name_for(report, NameRule(reserved=_OWN))
    values: dict[str, Any] = {"description": description_of(report), "mode": "subagent"}
    if model := _model(report):
        values["model"] = model
    if steps := max_turns(report):
        values["steps"] = steps
        report.kept("maxTurns", f"As its most steps: {steps}.")
    if shade := _color(report):
        values["color"] = shade
    if permission := _permission(report):
        values["permission"] = permission
    return Written(name, write_markdown(values, prompt_of(report)))


def _model(report: Report) -> str | None:
    asked = report.definition.model or ""
    if _WITH_PROVIDER.fullmatch(asked):
        report.kept("model")
        return asked
    if model := full_id(report):
        report.kept("model", f"As anthropic/{model}, the model's name there.")
        return f"anthropic/{model}"
    if is_inherited(report):
        say_inherited(report)
    elif asked:
        report.dropped(
            "model",
            f"The file asks for “{brief(asked)}”. OpenCode wants the full name of a model and its provider, which "
            "change with every generation: choose a model there.",
        )
    return None


def _color(report: Report) -> str | None:
    asked = report.definition.color or ""
    shade = _COLORS[its] if (its := color(report)) else asked if _HEX.fullmatch(asked) else None
    if shade:
        report.kept("color", f"As {shade}, the way OpenCode writes it.")
    elif asked:
        report.dropped("color", f"OpenCode would not start with a color “{brief(asked)}”.")
    return shade


def _permission(report: Report) -> dict[str, Any]:
    """What is allowed where the file has a list, else what is denied. The last rule that fits counts, in OpenCode."""
    permissions = permissions_of(report.definition)
    if permissions.allowed is None and not permissions.denies(EVERY_MCP):
        return _denied(report, permissions)
    sorting = sort(permissions, WORDS)
    say_list(report, permissions, sorting, WORDS)
    if permissions.allowed is None:
        say_rest(report, permissions, sorting, cannot="every MCP server")
    else:
        say_taken_away(report, permissions, sorting)
    say_plan(report, permissions)
    _say_never_asks(report)
    denied = _denied_beside(permissions)
    allowed = {word: _action(word, rules) for word, rules in sorting.words.items() if word not in denied}
    return {"*": "deny", **allowed, **denied}


def _denied_beside(permissions: Permissions) -> dict[str, str]:
    """Of the MCP servers that the list names, what is taken away: the last rule that fits counts."""
    servers = {
        server_of(name)[0] for name in permissions.allowed or () if is_mcp(name) and not permissions.denies(name)
    }
    names = [name for name in permissions.denied if is_mcp(name) and server_of(name)[0] in servers]
    return {word: "deny" for name in names if (word := _mcp(name))}


def _say_never_asks(report: Report) -> None:
    """A list takes the place of all rules of OpenCode's user, so that the mode is not theirs to decide."""
    mode = report.definition.fields.get("permissionMode")
    if isinstance(mode, str) and mode in _ASKS and not report.speaks_of("permissionMode"):
        report.dropped(
            "permissionMode",
            "The list of tools takes the place of all rules in OpenCode: the agent uses them without asking.",
            widens=True,
        )


def _action(word: str, rules: Rules) -> str | dict[str, str]:
    if rules:
        return {"*": "deny", **dict.fromkeys(rules, "allow")}
    return dict(_READING) if word == "read" else "allow"


def _denied(report: Report, permissions: Permissions) -> dict[str, Any]:
    words = [*blocked_words(permissions, WORDS), *(_mcp(name) or "*" for name in permissions.denied if is_mcp(name))]
    if not words:
        say_every_tool(report, permissions)
        return {}
    report.kept("tools", "The agent may use every tool but those that are taken away.")
    shared = taken_as_well(permissions, WORDS)
    if permissions.denied:
        named_there = [word for name in permissions.denied if (word := WORDS.word(name))]
        told = f"OpenCode denies {named(dict.fromkeys(named_there))}." if named_there else "OpenCode has none of these."
        if named_there and (missing := [name for name in permissions.denied if not WORDS.word(name)]):
            told += f" It has nothing like {named(missing)}."
        say = report.changed if shared else report.kept
        say("disallowedTools", f"{told}{went_as_well(report, shared)}")
    say_plan(report, permissions)
    return dict.fromkeys(words, "deny")
