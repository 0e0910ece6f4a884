"""What is wrong or risky in a definition, in sentences a non-developer understands. Imports only this package.

Each check is a function from a definition to findings. A finding's code is stable; raise CHECKS_VERSION when a
check or the reading changes what it says, so that stored findings are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .characters import hidden_characters, holds_refused
from .field_checks import check_description, check_fields, check_name, check_reading
from .findings import Finding, Severity, most_severe_first
from .limits import MAX_SOURCE_BYTES
from .secrets import likely_secrets
from .tools import CHANGES, LABELS, RISKY, RUNS, Capability, base_name, is_known, is_mcp, kinds_of, split_tools
from .wording import _

if TYPE_CHECKING:
    from .definition import Definition

    Check = Callable[[Definition], Iterable[Finding]]

CHECKS_VERSION = 4

LONG_DESCRIPTION, VERY_LONG_DESCRIPTION = 400, 1000  # estimated tokens
_HTML_COMMENT = re.compile(r"<!--")


def check(definition: Definition, early: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """Every finding of a definition, most severe first; `early` are those known before it was read."""
    findings = [*early, *_of_the_block(definition, _CHECKS)]
    text = definition.source[:MAX_SOURCE_BYTES]  # a larger one is an error already
    findings.extend(hidden_characters(text))
    findings.extend(_hidden_in_values(definition))
    findings.extend(likely_secrets(text))
    return most_severe_first(findings)


def errors(definition: Definition, early: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The errors `check` finds, without its other work: this runs on every file that comes in."""
    findings = [*early, *_of_the_block(definition, (check_name, check_description))]
    text = definition.source[:MAX_SOURCE_BYTES]
    if holds_refused(text):
        findings.extend(hidden_characters(text))
    findings.extend(_hidden_in_values(definition))
    return most_severe_first(finding for finding in findings if finding.severity is Severity.ERROR)


def _of_the_block(definition: Definition, checks: Iterable[Check]) -> Iterator[Finding]:
    """What these checks find, or the one fault that leaves nothing for them to look at."""
    if fault := definition.frontmatter.fault:
        yield Finding(fault.code, Severity.ERROR, fault.message, line=fault.line)
    else:
        for one in checks:
            yield from one(definition)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text costs: four ASCII characters or one other character each. Within about 20 %."""
    ascii_count = len(text) if text.isascii() else sum(map(str.isascii, text))
    return -(-ascii_count // 4) + len(text) - ascii_count


def capabilities(definition: Definition) -> tuple[Capability, ...]:
    """What the agent may do on its reader's machine: by its tools, its mode, its hooks and its servers."""
    fields = definition.fields
    found: list[Capability] = []
    if fields.get("permissionMode") == "bypassPermissions":
        found.append(Capability("bypasses-permissions", _("Acts without asking for permission"), risky=True))
    if fields.get("hooks"):
        words = _("Runs commands of its own before or after it acts (hooks)")
        found.append(Capability("runs-hooks", words, risky=True))
    if fields.get("mcpServers"):
        found.append(Capability("starts-servers", _("Starts or connects to MCP servers"), risky=True))
    tools = effective_tools(definition)
    found.extend(_may_use_all(definition) if tools is None else _may_use(tools))
    if tools == () and not definition.tools:
        words = _("Names no tool; coding tools read that as every tool")
        found.append(Capability("no-tools", words, risky=True))
    return tuple(found)


def _may_use_all(definition: Definition) -> Iterator[Capability]:
    denied = ", ".join(denied_tools(definition))
    words = _("May use every tool its user may: read, change, run, go online")
    if denied:
        words = _("May use every tool its user may: read, change, run, go online, but not %(about)s")
    yield Capability("all-tools", words, risky=True, about=denied)


def _may_use(tools: tuple[str, ...]) -> Iterator[Capability]:
    kinds = kinds_of(tools)
    yield from (Capability(kind, label, kind in RISKY) for kind, label in LABELS.items() if kind in kinds)
    for name in sorted({tool.split("__")[1] for tool in tools if is_mcp(tool)}):
        yield Capability("mcp-tools", _("Uses the tools of the MCP server “%(about)s”"), risky=True, about=name)
    if unknown := sorted({name for tool in tools if not is_known(name := base_name(tool))}):
        named = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        words = _("Names tools the catalog does not know: %(about)s")
        yield Capability("unknown-tools", words, risky=False, about=named)


def effective_tools(definition: Definition) -> tuple[str, ...] | None:
    """The tools left after those that are disallowed; None: all."""
    if definition.tools is None:
        return None
    denied = denied_tools(definition)
    return tuple(tool for tool in definition.tools if base_name(tool) not in denied)


def denied_tools(definition: Definition) -> tuple[str, ...]:
    """The tools taken away, without what stands in brackets: coding tools remove the whole tool."""
    denied = split_tools(definition.fields.get("disallowedTools")) or ()
    return tuple(dict.fromkeys(base_name(tool) for tool in denied))


def _check_lead(definition: Definition) -> Iterator[Finding]:
    """Examples that no lead goes before: pages and lists have a blank where people look first.

    A warning, not an error: coding tools take such a description, and real files of other people must stay importable.
    """
    if definition.examples and not definition.lead.strip():
        message = "Nobody is told when to use this agent: write a sentence before the examples."
        line = definition.line_of("description")
        yield Finding("lead-missing", Severity.WARNING, message, "description", line)


def _check_prompt(definition: Definition) -> Iterator[Finding]:
    cut = definition.frontmatter
    if not definition.prompt.strip():
        message = "The prompt is empty. Write below the second --- line what the agent shall do, and how."
        yield Finding("prompt-empty", Severity.WARNING, message, "prompt")
        return
    if match := _HTML_COMMENT.search(cut.prompt):
        above = cut.opening.count("\n") + cut.block.count("\n") + cut.closing.count("\n")
        line = above + cut.prompt.count("\n", 0, match.start()) + 1
        message = (
            f"Line {line} begins an HTML comment. Most pages hide it from people, but the model reads it; "
            "the catalog shows it."
        )
        yield Finding("html-comment", Severity.NOTE, message, "prompt", line)


def _check_cost(definition: Definition) -> Iterator[Finding]:
    tokens = definition.description_tokens
    if tokens > LONG_DESCRIPTION:
        severity = Severity.WARNING if tokens > VERY_LONG_DESCRIPTION else Severity.NOTE
        message = (
            f"The description costs about {tokens:,} tokens in every conversation the agent is offered to, used or "
            f"not. Most agents do with fewer than {LONG_DESCRIPTION}: shorten the examples first."
        )
        yield Finding("description-costly", severity, message, "description", definition.line_of("description"))


def _check_risks(definition: Definition) -> Iterator[Finding]:
    """What the file may do on a reader's machine; a plugin ignores the first three, a plain download has them all."""
    fields, line_of = definition.fields, definition.line_of
    if fields.get("permissionMode") == "bypassPermissions":
        message = "The agent acts without ever asking for permission. Leave that choice to the person who runs it."
        yield Finding(
            "bypasses-permissions",
            Severity.WARNING,
            message,
            "permissionMode",
            line_of("permissionMode"),
            {"permissionMode": None},
        )
    if fields.get("hooks"):
        message = "Hooks run commands on the reader's machine. Say in the prompt or the change note what each one does."
        yield Finding("runs-hooks", Severity.WARNING, message, "hooks", line_of("hooks"))
    if fields.get("mcpServers"):
        message = "The agent starts or connects to MCP servers on the reader's machine. Make sure each one is trusted."
        yield Finding("starts-servers", Severity.WARNING, message, "mcpServers", line_of("mcpServers"))
    tools = effective_tools(definition)
    if definition.tools is None:
        but = f" but {', '.join(denied)}" if (denied := denied_tools(definition)) else ""
        message = (
            f"The agent may use every tool{but}. Naming the tools it needs makes it safer and keeps it to its task."
        )
        yield Finding("all-tools", Severity.NOTE, message, "tools", line_of("tools"))
    elif tools and any(base_name(tool) in ("Bash", "PowerShell") for tool in tools):
        message = "The agent may run commands on the reader's machine."
        yield Finding("runs-commands", Severity.NOTE, message, "tools", line_of("tools"))
    elif tools and CHANGES in kinds_of(tools) and RUNS not in kinds_of(tools):
        message = "The agent may create and change files in the reader's project."
        yield Finding("changes-files", Severity.NOTE, message, "tools", line_of("tools"))


def _hidden_in_values(definition: Definition) -> Iterator[Finding]:
    r"""Characters that only an escape such as "\u202e" in double quotes brings in: the source looks innocent."""
    if "\\" not in definition.frontmatter.block:
        return
    for key, value in definition.fields.items():
        refused = (text for text in _texts({key: value}) if text not in definition.source and holds_refused(text))
        if text := next(refused, None):
            worst = most_severe_first(hidden_characters(text))[0]
            message = (
                f"The field {visible_key(key)} holds, written as an escape, a character that is not allowed. Delete it."
            )
            yield Finding(worst.code, Severity.ERROR, message, key, definition.line_of(key))


def visible_key(key: str) -> str:
    """A field's key as a sentence may hold it."""
    return key if key.isprintable() else ascii(key)[1:-1]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)


_CHECKS: tuple[Check, ...] = (
    check_reading,
    check_name,
    check_description,
    _check_lead,
    check_fields,
    _check_cost,
    _check_prompt,
    _check_risks,
)

__all__ = ["CHECKS_VERSION", "capabilities", "check", "effective_tools", "estimated_tokens"]
