"""Claude Code, for a project or a person: the source itself, byte for byte. Imports `definition`."""

from __future__ import annotations

from catalog.definition import Reading

from .export import Outcome, Tool, Written
from .report import Report

TOOL = Tool("claude", "Claude Code", ".claude/agents", "~/.claude/agents")

_AS_WRITTEN = "As it stands in the file."


def write(report: Report) -> Written:
    definition = report.definition
    faults = {finding.field: finding.message for finding in definition.errors}
    for field in definition.fields:
        if field in faults:
            report.kept(field, f"{_AS_WRITTEN} {faults[field]}")
        elif field == "description" and definition.reading is Reading.RECOVERED:
            report.kept(
                field,
                f"{_AS_WRITTEN} Claude Code rejects a file that is written so, or cuts its text: put the description "
                "in quotes, or install the agent as a plugin.",
            )
        else:
            report.kept(field, _AS_WRITTEN)
    report.prompt(Outcome.KEPT, _AS_WRITTEN)
    name = definition.fields.get("name")
    content = definition.source.encode(errors="surrogatepass")
    return Written(name if isinstance(name, str) else definition.name, content, definition.name or "agent")
