"""OpenAI Codex: TOML, in which an unknown key drops the file.

Source: formats.md 4.1 to 4.5; codex-rs/core/src/config/agent_roles.rs. Imports `definition`.
"""

from __future__ import annotations

import re
from typing import Any

from .export import Tool, Written
from .models import say_no_model
from .names import NameRule, name_for
from .read_only import is_read_only
from .report import Report, brief
from .servers import Server, servers_for
from .texts import description_of, prompt_of
from .toml import write_toml
from .values import effort

TOOL = Tool("codex", "OpenAI Codex", ".codex/agents", "~/.codex/agents", ".toml", "application/toml")

_OWN = frozenset(("default", "worker", "explorer"))  # an agent of such a name would take the place of Codex's own
_SERVER = re.compile(r"[A-Za-z0-9_-]+")
# developers.openai.com/codex/subagents: the overrides of the calling session are applied again to what it spawns.
_SESSION_DECIDES = "A session that may write can run it so all the same: start Codex in a read-only sandbox to be sure."


def write(report: Report) -> Written:
    name = name_for(report, NameRule(reserved=_OWN))
    values: dict[str, Any] = {"name": name, "description": description_of(report)}
    if level := _effort(report):
        values["model_reasoning_effort"] = level
    if is_read_only(report, "read-only", _SESSION_DECIDES):
        values["sandbox_mode"] = "read-only"
    if "model" in report.definition.fields:
        say_no_model(report)
    values["developer_instructions"] = prompt_of(report, shortest=1)
    if servers := servers_for(report, _server):
        values["mcp_servers"] = servers
    return Written(name, write_toml(values))


def _effort(report: Report) -> str | None:
    level = effort(report)
    if level == "max":
        report.changed("effort", "As xhigh, the most that Codex knows.")
        return "xhigh"
    if level:
        report.kept("effort")
    elif (value := report.definition.fields.get("effort")) is not None:
        report.dropped("effort", f"Codex knows levels such as high; “{brief(value)}” is none of them.")
    return level


def _server(server: Server) -> dict[str, Any] | None:
    if not _SERVER.fullmatch(server.name):
        return None
    if server.command:
        return server.program()
    return server.address(headers="http_headers") if server.kind == "http" else None
