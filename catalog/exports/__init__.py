"""A definition in the formats of other coding tools, each with a report of what was kept, changed, dropped or refused.

    made = export(definition, "opencode")        # KeyError for a tool that is not among TOOLS
    made.path, made.content                      # ".opencode/agents/code-reviewer.md", the bytes of the file
    for field, outcome, sentence in made.report: ...

Plain Python: imports no Django, and of the catalog only `definition`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from catalog.definition import Definition, Finding, stem_of

from . import claude, claude_plugin, codex, copilot, cursor, droid, gemini, kiro, opencode, qwen
from .export import Export, Line, Outcome, Tool, Written
from .report import PROMPT, Report

__all__ = ["TOOLS", "Export", "Line", "Outcome", "Tool", "export", "export_published"]

# In the order people see them.
_WRITERS: dict[str, tuple[Tool, Callable[[Report], Written]]] = {
    module.TOOL.key: (module.TOOL, module.write)
    for module in (claude, claude_plugin, opencode, copilot, cursor, gemini, codex, qwen, kiro, droid)
}
TOOLS: Mapping[str, Tool] = MappingProxyType({key: tool for key, (tool, _) in _WRITERS.items()})


def export(definition: Definition, key: str) -> Export:
    """The definition in the format of one of TOOLS. Raises KeyError for any other key.

    A definition with errors, which cannot be published, is refused for every tool but `claude`, whose export is the
    source itself.
    """
    tool, _ = _WRITERS[key]
    if definition.errors and tool is not claude.TOOL:
        return Export(tool, definition.name, _filename(definition, tool), None, _refusal(definition))
    return export_published(definition, key)


def export_published(definition: Definition, key: str) -> Export:
    """The same of a text that was published: what later checks say of it, it was not asked then."""
    tool, write = _WRITERS[key]
    report = Report(tool, definition)
    written = write(report)
    content = None if report.is_refused else written.content
    filename = stem_of(written.stem or written.name) + tool.suffix
    return Export(tool, written.name, filename, content, report.lines)


def _filename(definition: Definition, tool: Tool) -> str:
    return stem_of(definition.name or "agent") + tool.suffix


def _refusal(definition: Definition) -> tuple[Line, ...]:
    """The report of a text that is not yet an agent: its errors, each with the field it is about."""
    told: dict[str, list[Finding]] = {}
    for finding in definition.errors:
        told.setdefault(finding.field or PROMPT, []).append(finding)
    fields = dict.fromkeys((*definition.fields, *(field for field in told if field != PROMPT)))
    return tuple(_refused_line(field, told.get(field, [])) for field in (*fields, PROMPT))


def _refused_line(field: str, findings: list[Finding]) -> Line:
    if findings:
        return Line(field, Outcome.REFUSED, " ".join(finding.message for finding in findings))
    return Line(field, Outcome.DROPPED, "Nothing is exported until the errors are mended.")
