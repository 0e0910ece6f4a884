"""Claude Code, as part of a plugin: strict YAML with real line breaks, without what plugins ignore.

Claude Code reads the agents of plugins otherwise than those of projects: it does not turn a literal `\\n` into a line
break there, and ignores four fields (formats.md 1.2 and 1.3). Imports `definition`.
"""

from __future__ import annotations

from catalog.definition import FIELDS
from catalog.definition.fields import PLUGINS

from .export import Outcome, Tool, Written
from .markdown import write_markdown
from .names import NameRule, name_for
from .report import Report, is_limit
from .texts import WORD_FOR_WORD, description_of

TOOL = Tool("claude-plugin", "Claude Code plugin", "agents", "agents")

_IGNORED = {
    "permissionMode": "Whoever runs the agent decides how it asks.",
    "hooks": "What its commands guard has to be guarded otherwise.",
    "mcpServers": "Set the servers up in Claude Code itself.",
    "initialPrompt": "Type the message when you start the agent.",
}


def write(report: Report) -> Written:
    definition = report.definition
    name = name_for(report, NameRule())
    values = {"name": name, "description": description_of(report)}
    for field, value in definition.fields.items():
        known = FIELDS.get(field)
        if known and PLUGINS in known.ignored_by:
            then = _IGNORED.get(field, "")
            sentence = f"Claude Code ignores it in plugins, so it is left out. {then}".strip()
            report.dropped(field, sentence, widens=is_limit(field, value))
        elif field not in values:
            values[field] = value
            report.kept(field, "As it is." if known else "As it is. Claude Code passes over it.")
    report.prompt(Outcome.KEPT, WORD_FOR_WORD)
    return Written(name, write_markdown(values, definition.prompt))
