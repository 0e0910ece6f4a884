"""The form in plain words: what it shows of a definition, and a text with what the form says.

Editing is a function from text to text: a field that the browser sends back as it was given changes nothing.
Imports `definition`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.comparing.texts import PARTS, as_area, scalar_text
from catalog.definition import FIELDS, Definition, InvalidValue, Kind
from catalog.definition.checks import LONG_DESCRIPTION, VERY_LONG_DESCRIPTION
from catalog.definition.tools import LABELS, MEANINGS, NEVER_FOR_SUBAGENTS, RISKY, TOOLS

from .controls import Control, Sent, Typed, known_options, line, plain
from .sections import ALL, OTHER, Examples, Lead, Model, Prompt, Tools

ADVANCED = (
    "disallowedTools",
    "permissionMode",
    "maxTurns",
    "effort",
    "background",
    "isolation",
    "memory",
    "skills",
    "initialPrompt",
    "omitClaudeMd",
    "mcpServers",
    "hooks",
    "experimental",
)
# Together what one change may need: a lead and the examples below it are one field of the file.
_GROUPS: tuple[tuple[Control, ...], ...] = (
    (line("name"),),
    (Lead(), Examples()),
    (Tools(),),
    (Model(),),
    (plain("color"),),
    *((plain(key),) for key in ADVANCED),
    (Prompt(),),
)
_FIELD_OF = {"lead": "description", "examples": "description"}


# --- From the form to the text ---------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """The text with what the form says; `problems` has a sentence for each field that could not be written."""

    definition: Definition
    problems: Mapping[str, str] = field(default_factory=dict)


Change = tuple[Control, Sent, Sent]


def written(base: Definition, typed: Typed) -> Written:
    """`base` with every field that differs from what the untouched form of `base` would send. Never raises.

    A field that was not sent is left alone; `title` and `note` are not in the text.
    """
    definition, problems = base, dict[str, str]()
    for controls in _GROUPS:
        changes = [change for control in controls if (change := _change(control, base, typed))]
        result = _best(definition, changes)
        definition = result.definition
        problems |= result.problems
    return Written(definition, problems)


def _best(definition: Definition, changes: list[Change]) -> Written:
    """The changes in the first order in which all can be made, or else most of them."""
    result = _applied(definition, changes)
    if len(changes) > 1 and result.problems:
        result = min([result, _applied(definition, changes[::-1])], key=lambda one: len(one.problems))
    return result


def _change(control: Control, base: Definition, typed: Typed) -> Change | None:
    sent = control.sent(base)
    if sent is None:
        return None
    now = control.typed(typed, sent)
    return None if now is None or control.is_same(sent, now) else (control, sent, now)


def _applied(definition: Definition, changes: Iterable[Change]) -> Written:
    problems = {}
    for control, sent, now in changes:
        try:
            definition = control.write(definition, sent, now)
        except InvalidValue as refusal:
            problems[control.key] = str(refusal)
    return Written(definition, problems)


# --- From the text to the form ---------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One of several values: what the form sends, what people read, and what it means in a sentence."""

    value: str
    label: str
    meaning: str
    is_chosen: bool
    is_known: bool = True  # false for what the file has and the vocabulary has not


@dataclass(frozen=True)
class ShownField:
    """A field of the form. `kind` names its control; `unshowable` is the value that no control can hold."""

    key: str
    label: str
    help: str
    kind: str = "line"
    value: str = ""
    options: tuple[Option, ...] = ()
    hint: str = ""
    unshowable: str = ""
    problem: str = ""
    is_set: bool = False
    is_ignored_in_plugins: bool = False


@dataclass(frozen=True)
class Card:
    """One example."""

    number: int
    context: str = ""
    user: str = ""
    assistant: str = ""
    commentary: str = ""
    is_first: bool = False
    is_last: bool = False


@dataclass(frozen=True)
class ToolGroup:
    """Tools that let an agent do one kind of thing."""

    code: str
    label: str
    is_risky: bool
    tools: tuple[Option, ...]


@dataclass(frozen=True)
class Gauge:
    """What the description costs, in a figure and in words."""

    tokens: int
    level: str  # none, fine, long or very-long
    words: str
    low: int = LONG_DESCRIPTION
    high: int = VERY_LONG_DESCRIPTION
    most: int = VERY_LONG_DESCRIPTION * 3 // 2


@dataclass(frozen=True)
class Unknown:
    """A field that coding tools do not know; it stays in the file."""

    key: str
    value: str


@dataclass(frozen=True)
class Shown:
    """Everything the form's template needs."""

    title: str
    may_rename: bool
    fields: Mapping[str, ShownField]
    cards: tuple[Card, ...]
    has_cards: bool  # false where there are none to be edited here
    example_count: int
    tool_groups: tuple[ToolGroup, ...]
    has_all_tools: bool
    model_other: str
    gauge: Gauge
    unknown: tuple[Unknown, ...]
    set_in_advanced: int
    names: tuple[str, ...]  # of the sections on the page: where findings can stand
    trouble: str = ""  # why the fields cannot be edited here
    has_prompt: bool = True
    has_advanced_problem: bool = False
    advanced_count: int = len(ADVANCED)
    blank_card: Card = Card(0)


def shown(
    definition: Definition,
    *,
    title: str,
    may_rename: bool,
    blank_cards: int = 0,
    typed: Typed | None = None,
    problems: Mapping[str, str] | None = None,
) -> Shown:
    """The form over a definition.

    Fields of `problems` could not be written into the text: they show what was `typed` instead of what the text has.
    """
    problems = problems or {}
    sent: dict[str, Sent | None] = {}
    for control in (control for controls in _GROUPS for control in controls):
        values = control.sent(definition)
        if typed is not None and values is not None and control.key in problems:
            values = control.typed(typed, values) or values
        sent[control.key] = values
    fields = {key: _shown_field(key, definition, values, problems.get(key, "")) for key, values in sent.items()}
    tools = sent["tools"] or {}
    examples = sent["examples"]
    trouble = _trouble(definition)
    # Of a file whose block has no end everything counts as the prompt; it cannot be mended there.
    has_prompt = not trouble or bool(definition.frontmatter.opening)
    return Shown(
        title=title,
        may_rename=may_rename,
        fields=fields,
        cards=tuple(_cards(examples, blank_cards)) if examples else (),
        has_cards=examples is not None,
        example_count=len(definition.examples),
        tool_groups=tuple(_tool_groups(tools["tool"])),
        has_all_tools=tools["tools_scope"] == [ALL],
        model_other=(sent["model"] or {}).get("model_other", [""])[0],
        gauge=gauge(definition),
        unknown=tuple(_unknown(definition)),
        set_in_advanced=sum(fields[key].is_set for key in ADVANCED),
        names=("title", *(fields if not trouble else ("name", "prompt") if has_prompt else ("name",))),
        trouble=trouble,
        has_prompt=has_prompt,
        has_advanced_problem=any(key in problems for key in ADVANCED),
    )


def _shown_field(key: str, definition: Definition, sent: Sent | None, problem: str) -> ShownField:
    name = _FIELD_OF.get(key, key)
    about = FIELDS.get(name)
    value = definition.fields.get(name)
    first = next(iter(sent.values())) if sent else []
    text = (sent or {}).get("tools_more", first)[0] if first else ""
    kind = about.kind if about and key == name else Kind.PROSE
    return ShownField(
        key,
        about.label if about else "",
        about.help if about else "",
        str(kind),
        text,
        tuple(_options(key, kind, text)),
        _HINTS.get(kind, ""),
        "" if sent is not None or isinstance(value, str) else as_area(_described(value)),
        problem,
        name in definition.fields,
        bool(about and about.ignored_by),
    )


_HINTS = {
    Kind.TOOLS: "One on each line.",
    Kind.NAMES: "One on each line.",
}
_FLAG_LABELS = {"true": "Yes", "false": "No"}
_LABELS = {"inherit": "The conversation's model"}
_NONE_LABELS = {
    "model": ("Each person's own choice", "The file names no model; the setting of whoever uses the agent decides."),
    "color": ("None", "The coding tool shows the agent without a color."),
}
_CARDS = ("model", "color")  # shown as cards to choose from, with the sentence below the label; others are lists


def _options(key: str, kind: Kind, chosen: str) -> Iterable[Option]:
    """Every choice of a field, and what the file has where that is none of them: nothing is lost."""
    if kind not in (Kind.CHOICE, Kind.EFFORT, Kind.FLAG, Kind.MODEL):
        return
    yield Option("", *_NONE_LABELS.get(key, ("Not set", "")), not chosen)
    known = known_options(key)
    for value in known:
        yield Option(value, *_in_words(key, value), value == chosen)
    if kind is Kind.MODEL:
        yield Option(OTHER, "Another model", "Write its full id below.", chosen == OTHER)
    elif chosen and chosen not in known:
        label = f"As the file has it: {_unquoted(chosen)}"
        yield Option(chosen, label, "Coding tools do not know this value.", True, is_known=False)


def _in_words(key: str, value: str) -> tuple[str, str]:
    """The label of a choice and its sentence; in a list there is room for one text only."""
    meaning = FIELDS[key].choices.get(value, "")
    if key in _CARDS:
        return _LABELS.get(value, value.capitalize()), meaning
    return _FLAG_LABELS.get(value) or f"{meaning.removesuffix('.')} ({value})", ""


def _unquoted(option: str) -> str:
    """The value of an option that holds it as JSON; whatever else was sent is shown as it is, shortened."""
    try:
        return as_area(_described(json.loads(option)))
    except (ValueError, RecursionError):
        return as_area(_described(option))


def _cards(sent: Sent, blank: int) -> Iterable[Card]:
    columns = [sent[f"example_{part}"] for part in PARTS]
    texts = [*zip(*columns, strict=True), *[("",) * len(PARTS)] * blank]
    for number, card in enumerate(texts, 1):
        context, user, assistant, commentary = card
        yield Card(number, context, user, assistant, commentary, number == 1, number == len(texts))


def _tool_groups(ticked: Iterable[str]) -> Iterable[ToolGroup]:
    """Those that an agent never gets are only offered where the file has them, so that they can be taken away."""
    ticked = set(ticked)
    for code, label in LABELS.items():
        names = [n for n, kind in TOOLS.items() if kind == code and (n in ticked or n not in NEVER_FOR_SUBAGENTS)]
        tools = tuple(Option(name, name, _meaning(name), name in ticked) for name in names)
        yield ToolGroup(code, label, code in RISKY, tools)


def _meaning(name: str) -> str:
    never = " An agent never gets this one, even when it is listed." if name in NEVER_FOR_SUBAGENTS else ""
    return MEANINGS[name] + never


def gauge(definition: Definition) -> Gauge:
    """The bounds are those of the finding `description-costly`: coding tools read every agent's description in every
    conversation, and Claude Code warns where all of them together pass 15,000 tokens, some 37 agents of 400."""
    tokens = definition.description_tokens
    about = f"About {tokens:,} token{'' if tokens == 1 else 's'}"
    if not tokens:
        return Gauge(0, "none", "Nothing is written yet.")
    if tokens <= LONG_DESCRIPTION:
        return Gauge(tokens, "fine", f"{about}: read in every conversation. Fine.")
    if tokens <= VERY_LONG_DESCRIPTION:
        return Gauge(tokens, "long", f"{about}: long, and read in every conversation. Shorten the examples first.")
    words = f"{about}: very long, and read in every conversation, used or not. Shorten the examples first."
    return Gauge(tokens, "very-long", words)


def _unknown(definition: Definition) -> Iterable[Unknown]:
    for key, value in definition.fields.items():
        if key not in FIELDS:
            yield Unknown(as_area(key), as_area(_described(value)))


_MOST_DESCRIBED = 300


def _described(value: Any) -> str:
    """A value in words, shortened."""
    if isinstance(value, list):
        text = ", ".join(_described(item) for item in value[:_MOST_DESCRIBED]) or "an empty list"
    elif isinstance(value, dict):
        parts = [f"{key}: {_described(item)}" for key, item in list(value.items())[:_MOST_DESCRIBED]]
        text = "; ".join(parts) or "no settings"
    else:
        text = scalar_text(value) or "empty"
    return text if len(text) <= _MOST_DESCRIBED else text[: _MOST_DESCRIBED - 1] + "…"


def _trouble(definition: Definition) -> str:
    """Why the fields cannot be read or written before the text itself is mended; "" where they can."""
    for finding in definition.errors:
        if finding.field is None and finding.code in _UNREADABLE:
            return finding.message
    return ""


_UNREADABLE = frozenset(
    (
        "file-too-large",
        "frontmatter-not-closed",
        "frontmatter-not-first",
        "frontmatter-one-line",
        "frontmatter-too-deep",
        "frontmatter-too-large",
    )
)
