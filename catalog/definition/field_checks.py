"""The checks of single fields: how they were read, and whether a coding tool will take their value.

Source of the rules: formats.md 1.2 and 1.3. Imports only this package.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from .fields import FIELDS, Field, Kind
from .findings import Finding, Severity
from .frontmatter import Reading
from .limits import MAX_NAME_LENGTH
from .names import DEVICE, KEBAB
from .rewriting import LITERAL_NEWLINE, Quoted, as_decoded
from .tools import NEVER_FOR_SUBAGENTS, OLD_NAMES, TOOLS, base_name, is_known, split_tools
from .values import Entry, NotStrict, read_mapping

if TYPE_CHECKING:
    from .definition import Definition

_MODEL_ID = re.compile(r"(?:[a-z0-9.-]+[/:.])?claude-[a-z0-9][a-z0-9.:@-]*(?:\[[0-9a-z]+\])?", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\n|\\\\n")
_SPILL = frozenset(
    [
        "user",
        "assistant",
        "context",
        "examples",
        "example",
        "commentary",
        "human",
        "agent",
        "specifically",
        "例",
        "使用例",
        "ユーザー",
        "アシスタント",
        "note",
    ]
)
_NEAR_COLORS = {
    "magenta": "pink", "fuchsia": "pink", "rose": "pink", "violet": "purple", "indigo": "purple", "teal": "cyan",
    "turquoise": "cyan", "aqua": "cyan", "navy": "blue", "lime": "green", "emerald": "green", "gold": "yellow",
    "amber": "yellow", "crimson": "red", "maroon": "red", "brown": "orange", "coral": "orange",
}  # fmt: skip
MOST_NAMED = 10  # findings of one kind
MOST_TOOLS = 100  # tools of one list that are looked at
SHORTEST_NAME, LONGEST_USUAL_NAME = 2, 50


def check_reading(definition: Definition) -> Iterator[Finding]:
    """Files that only a lenient reading can read, and keys that stand twice."""
    if definition.reading is not Reading.STRICT:
        yield _lenient_reading(definition)
    times = Counter(entry.key for entry in definition.frontmatter.entries)
    for key in [key for key, count in times.items() if count > 1][:MOST_NAMED]:
        message = f"The field {key} stands more than once. Coding tools take the last one; delete the others."
        yield Finding("field-repeated", Severity.WARNING, message, key, definition.line_of(key))
    for entry in definition.entries.values():
        if entry.eaten and entry.key in FIELDS:
            what = "a word that begins with &" if entry.eaten[0] == "&" else "a word that begins with !"
            message = (
                f"The value of {entry.key} begins with {what}, which coding tools leave out. Put the value in quotes."
            )
            yield Finding("value-cut-at-front", Severity.WARNING, message, entry.key, entry.line + 2)


def _lenient_reading(definition: Definition) -> Finding:
    """What a strict program stumbles over, and the fields to be put in quotes."""
    culprits = [entry for entry in definition.entries.values() if _stumbles(definition, entry)]
    texts = {e.key: definition.fields[e.key] for e in culprits if isinstance(e.value, str)}
    key = next(iter(texts), "description")
    what = f"the value of {key}" if len(texts) < 2 else f"the values of {_listed(list(texts))}"
    has, verb = ("has", "is") if len(texts) < 2 else ("have", "are")
    fix = {name: Quoted(text) for name, text in texts.items()} or None
    if definition.reading is Reading.QUOTED:
        message = (
            f"Strict programs cannot read this file, because {what} {has} special characters and no quotes. "
            "Claude Code reads it on its second try. In quotes it is safe everywhere."
        )
        return Finding("reading-quoted", Severity.NOTE, message, key, definition.line_of(key), fix)
    message = (
        f"Coding tools would reject this file or cut its text, because {what} {verb} not written as it must "
        "be. The catalog could recover it; putting it in quotes mends the file."
    )
    return Finding("reading-recovered", Severity.WARNING, message, key, definition.line_of(key), fix)


def _stumbles(definition: Definition, entry: Entry) -> bool:
    """Whether the lines of a field, read alone, are not strict YAML of one field."""
    lines = definition.frontmatter.block.split("\n")[entry.line : entry.end]
    try:
        return len(read_mapping("\n".join(lines) + "\n")) != 1
    except NotStrict:
        return True


def check_name(definition: Definition) -> Iterator[Finding]:
    written, line = definition.fields.get("name"), definition.line_of("name")
    if written is None or (isinstance(written, str) and not written.strip()):
        message = "The agent has no name. Give it one of small letters and hyphens, such as code-reviewer."
        yield Finding("name-missing", Severity.ERROR, message, "name", line)
    elif not isinstance(written, str):
        if isinstance(written, (bool, int, float)):
            text = _as_written(definition, "name")
            message = (
                f"The name {text} is read as {_kind_of(written)}, so coding tools skip the file. Put it in quotes."
            )
            yield Finding("name-not-text", Severity.ERROR, message, "name", line, {"name": text})
        else:
            message = "The name must be one line of text, such as code-reviewer."
            yield Finding("name-not-text", Severity.ERROR, message, "name", line)
    else:
        yield from _check_name_form(definition, written, line)


def _check_name_form(definition: Definition, written: str, line: int | None) -> Iterator[Finding]:
    name = definition.name
    if not name:
        message = (
            f"The name “{written}” has no letter and no digit. Use small letters and hyphens, such as code-reviewer."
        )
        yield Finding("name-not-usable", Severity.ERROR, message, "name", line)
    elif ":" in written or written.startswith("-"):
        message = f"Coding tools skip an agent whose name holds a colon or begins with a hyphen. “{name}” would do."
        yield Finding("name-not-usable", Severity.ERROR, message, "name", line, {"name": name})
    elif len(name) > MAX_NAME_LENGTH:
        message = f"The name has {len(name)} characters; {MAX_NAME_LENGTH} are the most."
        yield Finding("name-too-long", Severity.ERROR, message, "name", line)
    elif not SHORTEST_NAME <= len(name) <= LONGEST_USUAL_NAME:
        message = (
            f"Some coding tools take names of {SHORTEST_NAME} to {LONGEST_USUAL_NAME} characters only; "
            f"this one has {len(name)}."
        )
        yield Finding("name-unusual-length", Severity.WARNING, message, "name", line)
    elif DEVICE.fullmatch(name):
        message = f"Windows keeps the name {name} for a device, so no file can be called {name}.md there. Add a word."
        yield Finding("name-of-device", Severity.WARNING, message, "name", line)
    if name and not KEBAB.fullmatch(written) and ":" not in written and not written.startswith("-"):
        message = (
            f"The name is not written in small letters, digits and hyphens. In addresses the catalog calls the agent "
            f"“{name}” and shows the name as its title; some coding tools refuse such names."
        )
        fix = {"name": name} if KEBAB.fullmatch(name) else None
        yield Finding("name-not-kebab-case", Severity.NOTE, message, "name", line, fix)


def check_description(definition: Definition) -> Iterator[Finding]:
    value, line = definition.fields.get("description"), definition.line_of("description")
    if value is None or (isinstance(value, str) and not value.strip()):
        message = "The agent has no description. Say in one or two sentences when somebody should use it."
        yield Finding("description-missing", Severity.ERROR, message, "description", line)
        return
    if not isinstance(value, str):
        text = _as_written(definition, "description")
        fix = {"description": text} if isinstance(value, (bool, int, float)) else None
        message = f"The description is read as {_kind_of(value)}, so coding tools skip the file. Put it in quotes."
        yield Finding("description-not-text", Severity.ERROR, message, "description", line, fix)
        return
    if entry := definition.entries.get("description"):
        yield from _check_description_cut(definition, entry)
        yield from _check_literal_newlines(definition, entry)


def _check_description_cut(definition: Definition, entry: Entry) -> Iterator[Finding]:
    """Text that stands in the file but does not reach the reader."""
    line = entry.line + 2
    rows = definition.frontmatter.block.split("\n")[entry.line : entry.end]
    if entry.style == "" and entry.value_end and definition.reading is not Reading.QUOTED:
        row, column = entry.value_end[0] - entry.line, entry.value_end[1]
        rest = rows[row][column:].strip() if row < len(rows) else ""
        if rest.startswith("#") and len(rest) > 1:
            whole = " ".join([str(entry.value), rest, *(r.strip() for r in rows[row + 1 :])])
            message = (
                f"The description is cut before “{_short(rest)}”: a # after a space begins a comment. Put it in quotes."
            )
            fix = {"description": Quoted(as_decoded(whole))}
            yield Finding("description-cut", Severity.WARNING, message, "description", line, fix)
    if entry.style == "raw" and definition.description.split("\n")[0].endswith(":"):
        message = (
            "The first line of the description ends with a colon, so coding tools reject the file. Put it in quotes."
        )
        yield Finding("description-ends-with-colon", Severity.WARNING, message, "description", line)
    behind = (e for e in definition.frontmatter.entries if e.line >= entry.end)
    spilled = list(takewhile(lambda e: e.key.lower() in _SPILL, behind))  # up to the next field
    if spilled and definition.reading is Reading.STRICT:
        last = max(e.end for e in spilled)
        text = "\n".join([str(entry.value), *definition.frontmatter.block.split("\n")[entry.end : last]])
        whole_fix: dict[str, Any] = {"description": Quoted(as_decoded(text))}
        whole_fix |= dict.fromkeys(e.key for e in spilled)
        message = (
            f"The description is cut: the lines from “{spilled[0].key}:” on are read as fields of their own, "
            "which nobody reads. They look like a part of the description."
        )
        yield Finding("description-spilled", Severity.WARNING, message, "description", line, whole_fix)


def _check_literal_newlines(definition: Definition, entry: Entry) -> Iterator[Finding]:
    text = entry.value if isinstance(entry.value, str) else ""
    if LITERAL_NEWLINE not in text:
        return
    line = entry.line + 2
    if match := _AMBIGUOUS.search(text):
        message = (
            f"“{_short(text[max(match.start() - 2, 0) :])}” looks like a path, but coding tools turn its \\n into "
            "a line break. Write it with forward slashes."
        )
        yield Finding("description-backslash-n", Severity.WARNING, message, "description", line)
    message = (
        "The description's line breaks are written as \\n. Claude Code turns them into line breaks, but not for agents "
        "that are installed as a plugin: there people see \\n. Real line breaks work everywhere."
    )
    fix = {"description": Quoted(definition.description)}
    yield Finding("description-literal-newlines", Severity.NOTE, message, "description", line, fix)


# --- The other fields ------------------------------------------------------------------------------


def check_fields(definition: Definition) -> Iterator[Finding]:
    """Values that a coding tool drops or does not know, and fields that nobody reads."""
    unknown = [key for key in definition.fields if key not in FIELDS and key.lower() not in _SPILL]
    for key in unknown[:MOST_NAMED]:
        yield _unknown_field(definition, key)
    if len(unknown) > MOST_NAMED:
        message = f"Coding tools do not know {len(unknown) - MOST_NAMED} more of the fields and pass over them."
        yield Finding("field-unknown", Severity.NOTE, message)
    for key, value in definition.fields.items():
        field = FIELDS.get(key)
        if field is None or (value is None and key != "tools"):
            continue
        if field.kind in (Kind.CHOICE, Kind.MODEL, Kind.EFFORT):
            yield from _check_choice(definition, field, value)
        elif field.kind is Kind.TOOLS:
            yield from _check_tools(definition, field, value)
        elif problem := _wrong_type(field, value):
            yield Finding("value-of-wrong-type", Severity.WARNING, problem, key, definition.line_of(key))


def _unknown_field(definition: Definition, key: str) -> Finding:
    line = definition.line_of(key)
    alike = {
        "allowed-tools": "tools",
        "allowedtools": "tools",
        "colour": "color",
        "permission-mode": "permissionMode",
    }
    near = alike.get(key.lower()) or _closest(key, tuple(FIELDS))
    if near and near not in definition.fields:
        message = f"Coding tools do not know the field {key}. Did you mean {near}?"
        value = definition.fields[key]
        return Finding("field-misspelt", Severity.WARNING, message, key, line, {key: None, near: value})
    message = f"Coding tools do not know the field {key} and pass over it. The catalog keeps it."
    return Finding("field-unknown", Severity.NOTE, message, key, line)


def _check_choice(definition: Definition, field: Field, value: Any) -> Iterator[Finding]:
    line = definition.line_of(field.name)
    text = value.strip() if isinstance(value, str) else _as_written(definition, field.name)
    if field.kind is Kind.EFFORT and isinstance(value, int) and not isinstance(value, bool):
        return
    if text in field.choices or (field.kind is Kind.MODEL and _MODEL_ID.fullmatch(text)):
        return
    near = text.lower() if text.lower() in field.choices else _closest(text, tuple(field.choices))
    if field.name == "color":
        near = _NEAR_COLORS.get(text.lower(), near)
    allowed = ", ".join(field.choices)
    effect = {
        "model": "The agent may not start with it.",
        "color": "Coding tools show no color then.",
    }.get(field.name, "Coding tools drop it.")
    message = f"“{_short(text)}” is not a known value of {field.label.lower()}. {effect} Known are {allowed}."
    if field.name == "model":
        message = message[:-1] + ", or the full id of a Claude model."
    fix = {field.name: near} if near else None
    yield Finding(f"{_slug(field.name)}-unknown", Severity.WARNING, message, field.name, line, fix)


def _check_tools(definition: Definition, field: Field, value: Any) -> Iterator[Finding]:
    line = definition.line_of(field.name)
    if value is not None and not isinstance(value, (str, list)):
        message = (
            f"{field.label} must be names with commas between them. As it stands, coding tools read it as all tools."
        )
        yield Finding("tools-not-a-list", Severity.WARNING, message, field.name, line)
        return
    tools = split_tools(value)
    if not tools:
        if field.name == "tools" and (value is None or tools == ()):
            message = (
                "The list of tools is empty, which coding tools read as all tools. Name the tools, or delete the line."
            )
            yield Finding("tools-empty", Severity.WARNING, message, "tools", line, {"tools": None})
        return
    names = list(dict.fromkeys(base_name(tool) for tool in tools))[:MOST_TOOLS]
    if old := {name: OLD_NAMES[name] for name in names if name in OLD_NAMES}:
        calls = [f"{name} is called {new} now" for name, new in old.items()]
        message = f"{_listed(calls)}; the old {'name' if len(old) == 1 else 'names'} may stop working."
        yield Finding("tool-old-name", Severity.NOTE, message, field.name, line, {field.name: _renamed(tools, old)})
    if never := [name for name in names if field.name == "tools" and name in NEVER_FOR_SUBAGENTS]:
        message = f"An agent never gets {_listed(never)}, even when its list says so."
        yield Finding("tool-not-for-agents", Severity.NOTE, message, field.name, line)
    if unknown := [name for name in names if not is_known(name)]:
        yield _unknown_tools(field.name, unknown, tools, line)


def _unknown_tools(key: str, unknown: list[str], tools: tuple[str, ...], line: int | None) -> Finding:
    near = {name: match for name in unknown if (match := _near_tool(name))}
    said = _listed([f"“{_short(name)}”" for name in unknown], most=6)
    one = len(unknown) == 1
    message = (
        f"{said} {'is not a tool' if one else 'are not tools'} of Claude Code; "
        f"{'it is' if one else 'they are'} left out when the agent starts."
    )
    if near:
        hints = _listed([match if one else f"{match} for “{_short(name)}”" for name, match in near.items()], "or", 3)
        message += f" Did you mean {hints}?"
    fix = {key: _renamed(tools, near)} if near else None
    return Finding("tool-unknown", Severity.WARNING, message, key, line, fix)


def _near_tool(name: str) -> str:
    same = next((known for known in TOOLS if known.lower() == name.lower()), "")
    return same or _closest(name, tuple(TOOLS))


def _listed(items: list[str], joint: str = "and", most: int = 10) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    shown = items if len(items) <= most + 1 else [*items[:most], f"{len(items) - most} more"]
    return f" {joint} ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _renamed(tools: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """The tools with other names, what stands in brackets kept, each once."""
    changed = [names.get(base := base_name(tool), base) + tool[len(base) :] for tool in tools]
    return tuple(dict.fromkeys(changed))


def _wrong_type(field: Field, value: Any) -> str:
    """The sentence for a value of a type the field does not take, or ""."""
    if field.kind is Kind.COUNT:
        good = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if good else f"{field.label} must be a whole number from 1. Coding tools drop what stands here."
    if field.kind is Kind.FLAG:
        return (
            ""
            if isinstance(value, bool)
            else f"{field.label} must be true or false. Coding tools drop what stands here."
        )
    if field.kind is Kind.MAP:
        return (
            "" if isinstance(value, dict) else f"{field.label} must be settings, each on an indented line of its own."
        )
    if field.kind in (Kind.NAMES, Kind.SERVERS):
        good = isinstance(value, (list, str) if field.kind is Kind.NAMES else (list, dict))
        return "" if good else f"{field.label} must be a list of names."
    if field.kind is Kind.PROSE and field.name != "description":
        return "" if isinstance(value, str) else f"{field.label} must be text. Put it in quotes."
    return ""


@lru_cache(maxsize=1024)
def _closest(word: str, known: tuple[str, ...]) -> str:
    if len(word) > LONGEST_USUAL_NAME:
        return ""
    folded = {k.lower(): k for k in known}
    found = difflib.get_close_matches(word.lower().replace("-", "").replace("_", ""), folded, n=1, cutoff=0.8)
    return folded[found[0]] if found else ""


def _as_written(definition: Definition, key: str) -> str:
    """A field's first line as it stands behind the colon."""
    entry = definition.entries.get(key)
    row = definition.frontmatter.block.split("\n")[entry.line] if entry else ""
    end = entry.value_end[1] if entry and entry.value_end and entry.value_end[0] == entry.line else len(row)
    return row[:end].partition(":")[2].strip()


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    return "a number" if isinstance(value, (int, float)) else "a list" if isinstance(value, list) else "a set of fields"


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
