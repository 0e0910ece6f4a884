"""Factory Droid: Markdown in which an unknown tool or model is an error.

Source: formats.md 4.1 to 4.5; docs/cli/configuration/custom-droids.mdx of Factory-AI/factory. How an empty list is
read is not documented, so none is written. Imports `definition`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .export import Tool, Written
from .markdown import write_markdown
from .models import INHERIT, full_id, say_conversations_model
from .names import Letters, NameRule, name_for
from .permissions import permissions_of, server_of
from .report import Report, brief
from .texts import description_of, prompt_of
from .tool_lists import Vocabulary, nothing, sort, tool_list
from .values import effort

TOOL = Tool("droid", "Factory Droid", ".factory/droids", "~/.factory/droids")

_LONG_DESCRIPTION = 500
_MOST_EFFORT = "high"

_EVERY_TOOL_OF = "every tool of "


def _mcp(name: str) -> str | None:
    """A whole server; how Factory Droid calls single tools of one is not documented."""
    server, tool = server_of(name)
    return f"{_EVERY_TOOL_OF}{server}" if server != "*" and tool == "*" else None


WORDS = Vocabulary(
    {
        "Read": "Read",
        "LS": "LS",
        "Grep": "Grep",
        "Glob": "Glob",
        "Write": "Create",
        "Edit": "Edit",
        "Bash": "Execute",
        "WebSearch": "WebSearch",
        "WebFetch": "FetchUrl",
    },
    mcp=_mcp,
    always=frozenset(("TodoWrite",)),
    takes_empty_list=False,
)


def write(report: Report) -> Written:
    name = name_for(report, NameRule(letters=Letters.ASCII))
    description = description_of(report, advised=_LONG_DESCRIPTION)
    model = _model(report)
    values: dict[str, Any] = {"name": name, "description": description, "model": model}
    if level := _effort(report, model):
        values["reasoningEffort"] = level
    permissions = permissions_of(report.definition)
    # Servers of MCP have a field of their own. They alone would leave the list of tools empty.
    has_others = any(not word.startswith(_EVERY_TOOL_OF) for word in sort(permissions, WORDS).words)
    tools = tool_list(report, permissions, WORDS if has_others else replace(WORDS, mcp=nothing))
    if tools is not None:
        servers = [name.removeprefix(_EVERY_TOOL_OF) for name in tools.names if name.startswith(_EVERY_TOOL_OF)]
        values["tools"] = [name for name in tools.names if not name.startswith(_EVERY_TOOL_OF)]
        if servers:
            values["mcpServers"] = servers
    return Written(name, write_markdown(values, prompt_of(report, shortest=1)))


def _model(report: Report) -> str:
    if model := full_id(report):
        report.kept(
            "model",
            f"As {model}. Factory Droid refuses an agent whose model it does not offer: write {INHERIT} there if so.",
        )
        return model
    say_conversations_model(report)
    return INHERIT


def _effort(report: Report, model: str) -> str | None:
    level = effort(report)
    if level is None:
        if (asked := report.definition.fields.get("effort")) is not None:
            report.dropped("effort", f"Factory Droid knows levels such as high; “{brief(asked)}” is none of them.")
        return None
    if model == INHERIT:
        report.dropped("effort", "Factory Droid heeds it only for an agent with a model of its own.")
        return None
    if level in ("xhigh", "max"):
        report.changed("effort", f"As {_MOST_EFFORT}, the most that Factory Droid documents.")
        return _MOST_EFFORT
    report.kept("effort")
    return level
