"""The findings of a text being written, with what mends them as a button. Imports `definition`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog.definition import FIELDS, Definition, Finding, InvalidValue, Severity, read

_SHOWN = 40


@dataclass(frozen=True)
class Advice:
    """A finding as the page shows it; `key` finds it again in the text that comes back."""

    finding: Finding
    key: str
    fix_label: str


def advice_on(definition: Definition, name: str, *, is_taken: bool = False) -> list[Advice]:
    """What is to be said of a text that is to carry `name`, most severe first.

    `is_taken`: the name it has is another agent's.
    """
    return [Advice(finding, _key(finding), _label(finding)) for finding in _findings(definition, name, is_taken)]


def mend(source: str, key: str, name: str) -> tuple[str, str]:
    """The text with one finding mended, and the sentence that says so.

    A finding that has moved to another line is found by what it says; one that is gone leaves the text as it is.
    Raises InvalidValue where the text cannot take the fix.
    """
    definition = read(source)
    found = [finding for finding in _findings(definition, name) if finding.fix]
    code = key.rpartition(":")[0]
    same = [f for f in found if _key(f) == key] or [f for f in found if _key(f).rpartition(":")[0] == code]
    if not same:
        return source, "Saved. What was to be mended is not in the text any more."
    mended = definition.replace(**(same[0].fix or {}))
    return mended.source, f"Mended and saved: {_label(same[0]).lower()}."


def _findings(definition: Definition, name: str, is_taken: bool = False) -> list[Finding]:
    other = _another_name(definition, name, is_taken)
    return [*([other] if other else []), *definition.findings]


def _another_name(definition: Definition, name: str, is_taken: bool) -> Finding | None:
    if not definition.name or definition.name == name:
        return None
    if is_taken:
        message = f"The name {definition.name} belongs to another agent. Choose another name."
        return Finding("name-taken", Severity.ERROR, message, "name", definition.line_of("name"))
    fix = _possible(definition, name)
    message = (
        f"The text says its name is {definition.name}, and this agent is {name}. To give the agent another name, "
        "use Rename on its page."
    )
    return Finding("name-of-another-agent", Severity.ERROR, message, "name", definition.line_of("name"), fix)


def _possible(definition: Definition, name: str) -> dict[str, Any] | None:
    try:
        definition.replace(name=name)
    except InvalidValue:
        return None
    return {"name": name}


def _key(finding: Finding) -> str:
    return f"{finding.code}:{finding.field or ''}:{finding.line or ''}"


def _label(finding: Finding) -> str:
    """What the fix will do, in a few words; "" where there is none."""
    if not finding.fix:
        return ""
    key, value = next(iter(finding.fix.items()))
    field = FIELDS.get(key)
    label = field.label.lower() if field else key
    if value is None:
        return "Allow all tools" if key == "tools" else f"Remove the {label}"
    if finding.code.startswith("reading-"):
        return f"Quote the {label}" if len(finding.fix) == 1 else "Quote these fields"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return f"Change to {text}" if len(text) <= _SHOWN and "\n" not in text else f"Rewrite the {label}"
