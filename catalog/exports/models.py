"""The model an agent asks for, as other tools may take it: short names of Claude Code mean nothing there.

Source of the rules: formats.md 4.4. Imports `definition`.
"""

from __future__ import annotations

import re

from .report import Report, brief

_FULL_ID = re.compile(r"(?=[^0-9]*[0-9])claude-[a-z0-9]+(?:[.-][a-z0-9]+)*")
INHERIT = "inherit"


def full_id(report: Report) -> str | None:
    """The full id of a Claude model, such as `claude-sonnet-4-5`, where the file has one."""
    model = report.definition.model or ""
    return model if _FULL_ID.fullmatch(model) else None


def is_inherited(report: Report) -> bool:
    """Whether the file asks for the model of the conversation, which is what other tools do by themselves."""
    return report.definition.model == INHERIT


def say_inherited(report: Report) -> None:
    report.kept("model", "The agent answers with the model of the conversation that calls it, there as here.")


def say_no_model(report: Report) -> None:
    """For a tool whose names of models cannot be known here."""
    if is_inherited(report):
        say_inherited(report)
        return
    asked = brief(report.definition.model or "this")
    report.dropped("model", f"The file asks for “{asked}”. {report.tool.title} has other names: choose a model there.")


def say_conversations_model(report: Report) -> None:
    """For a tool in whose file the agent gets the model of the conversation instead of the one it asks for."""
    if is_inherited(report):
        say_inherited(report)
    elif asked := report.definition.model:
        report.changed(
            "model",
            f"The file asks for “{brief(asked)}”. In {report.tool.title} the agent answers with the model of "
            "the conversation that calls it, until you choose another.",
        )
