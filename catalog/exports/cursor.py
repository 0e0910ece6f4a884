"""Cursor: Markdown with a mark for agents that only read. Source: formats.md 4.1 to 4.5. Imports `definition`."""

from __future__ import annotations

from typing import Any

from .export import Tool, Written
from .markdown import write_markdown
from .models import INHERIT, full_id, say_conversations_model
from .names import Letters, NameRule, name_for
from .read_only import is_read_only
from .report import Report
from .texts import description_of, prompt_of

TOOL = Tool("cursor", "Cursor", ".cursor/agents", "~/.cursor/agents")


def write(report: Report) -> Written:
    name = name_for(report, NameRule(letters=Letters.ASCII))
    values: dict[str, Any] = {"name": name, "description": description_of(report), "model": _model(report)}
    if is_read_only(report, "readonly"):
        values["readonly"] = True
    background = report.definition.fields.get("background")
    if isinstance(background, bool):
        values["is_background"] = background
        report.kept("background")
    return Written(name, write_markdown(values, prompt_of(report)))


def _model(report: Report) -> str:
    if model := full_id(report):
        report.kept("model", f"As {model}. Choose one there if Cursor does not know a model of this name.")
        return model
    say_conversations_model(report)
    return INHERIT
