"""The sections of the form that hold more than one control or less than a field: lead, examples, tools, model, prompt.

Imports `definition`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

from catalog.admin.lines import with_own_line_ends
from catalog.comparing.texts import PARTS, as_area, cut_prompt, scalar_text
from catalog.definition import FIELDS, Definition, Example, InvalidValue
from catalog.definition.tools import TOOLS, names_in

from .controls import Sent, Typed, as_line, as_lines, merged, values_of

MOST_CARDS = 100  # beyond it a page is too long to be read; a browser's form has bounds too
OTHER = "other"
ALL, ONLY = "all", "only"


# --- The description: its lead and its examples ---------------------------------------------------


class Lead:
    key = "lead"

    def sent(self, definition: Definition) -> Sent | None:
        value = definition.fields.get("description")
        text = definition.lead if isinstance(value, str) else scalar_text(value)
        return None if text is None else {"lead": [as_area(text)]}

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        values = values_of(typed, "lead")
        return {"lead": values[:1]} if values else None

    def is_same(self, one: Sent, other: Sent) -> bool:
        return one["lead"][0].strip() == other["lead"][0].strip()

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        definition = _with_text(definition)
        return definition.replace(lead=with_own_line_ends(now["lead"][0].strip(), definition.lead))


def _with_text(definition: Definition) -> Definition:
    """A description that is read as a number or a flag is text to whoever wrote it."""
    value = definition.fields.get("description")
    return definition if value is None else definition.replace(description=scalar_text(value))


class Examples:
    """One card for each example. A hidden field says that the cards are there, when all are taken away."""

    key = "examples"

    def sent(self, definition: Definition) -> Sent | None:
        if scalar_text(definition.fields.get("description")) is None or len(definition.examples) > MOST_CARDS:
            return None
        return _as_fields([_as_card(example) for example in definition.examples])

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        columns = [values_of(typed, f"example_{part}") for part in PARTS]
        if self.key not in typed and not any(columns):
            return None
        return _as_fields(list(zip_longest(*columns, fillvalue="")))

    def is_same(self, one: Sent, other: Sent) -> bool:
        return cards_in(one) == cards_in(other)

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        definition = _with_text(definition)
        known = {_as_card(example): example for example in definition.examples}
        examples = [known.get(card) or Example(*card) for card in cards_in(now)]
        after = definition.with_examples(examples)
        if after.lead != definition.lead:
            raise InvalidValue(
                "The examples would change what stands above them in this file. Change them in the Source tab."
            )
        return after


Card = tuple[str, ...]  # the texts of PARTS


def cards_in(sent: Sent) -> list[Card]:
    """The cards that say anything."""
    cards = zip(*(sent[f"example_{part}"] for part in PARTS), strict=True)
    return [card for card in cards if any(text.strip() for text in card)]


def _as_card(example: Example) -> Card:
    return tuple(as_area(getattr(example, part)) for part in PARTS)


def _as_fields(cards: Sequence[Card]) -> Sent:
    return {f"example_{part}": [card[n] for card in cards] for n, part in enumerate(PARTS)}


# --- Tools -------------------------------------------------------------------------------------------


class Tools:
    """All tools, or those that are ticked and those that are written in the box: patterns and names unknown here."""

    key = "tools"

    def sent(self, definition: Definition) -> Sent:
        tools = definition.tools
        if tools is None:
            return {"tools_scope": [ALL], "tool": [], "tools_more": [""]}
        ticked = [tool for tool in TOOLS if tool in tools]
        return {"tools_scope": [ONLY], "tool": ticked, "tools_more": [as_lines(t for t in tools if t not in TOOLS)]}

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        scope = values_of(typed, "tools_scope")
        if not scope or scope[0] not in (ALL, ONLY):
            return None
        ticked = [value.strip() for value in values_of(typed, "tool")]
        more = values_of(typed, "tools_more")
        return {"tools_scope": scope[:1], "tool": ticked, "tools_more": more[:1] or sent["tools_more"]}

    def is_same(self, one: Sent, other: Sent) -> bool:
        if one["tools_scope"] != other["tools_scope"]:
            return False
        if one["tools_scope"] == [ALL]:
            return True
        return set(one["tool"]) == set(other["tool"]) and one["tools_more"] == other["tools_more"]

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        if now["tools_scope"] == [ALL]:
            return definition.replace(tools=None)
        ticked, tools = now["tool"], definition.tools or ()
        others = [tool for tool in tools if tool not in TOOLS]
        if now["tools_more"] != sent["tools_more"]:
            others = merged(others, now["tools_more"][0], _tools_in)
        left = Counter(others)
        kept = []
        for tool in tools:
            left[tool] -= 1
            if tool in ticked or left[tool] >= 0:
                kept.append(tool)
        new = [tool for tool in TOOLS if tool in ticked] + [tool for tool in [*ticked, *others] if tool]
        return definition.replace(tools=(*kept, *(tool for tool in dict.fromkeys(new) if tool not in kept)))


def _tools_in(line: str) -> tuple[str, ...]:
    names = names_in(line) or ()
    if "*" in names:
        raise InvalidValue("A star means every tool. Choose “All tools” instead, or name the tools one by one.")
    return names


# --- Model ---------------------------------------------------------------------------------------------


class Model:
    """A known model, or the id of another one."""

    key = "model"

    def sent(self, definition: Definition) -> Sent | None:
        text = scalar_text(definition.fields.get("model"))
        if text is None:
            return None
        if not text.strip() or text.strip() in FIELDS["model"].choices:
            return {"model": [text.strip()], "model_other": [""]}
        return {"model": [OTHER], "model_other": [as_line(text)]}

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        values = values_of(typed, "model")
        others = [as_line(text) for text in values_of(typed, "model_other")]
        return {"model": values[:1], "model_other": others[:1] or sent["model_other"]} if values else None

    def is_same(self, one: Sent, other: Sent) -> bool:
        return _model_of(one) == _model_of(other) and one["model"] == other["model"]

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        if not (model := _model_of(now)) and now["model"] == [OTHER]:
            raise InvalidValue("Write the id of the other model, or choose one of the models above it.")
        return definition.replace(model=model or None)


def _model_of(sent: Sent) -> str:
    return sent["model_other"][0].strip() if sent["model"] == [OTHER] else sent["model"][0].strip()


# --- Prompt ----------------------------------------------------------------------------------------------


class Prompt:
    """The prompt without the blank lines around it, which stay as they are."""

    key = "prompt"

    def sent(self, definition: Definition) -> Sent:
        return {"prompt": [as_area(cut_prompt(definition.prompt).body)]}

    def typed(self, typed: Typed, sent: Sent) -> Sent | None:
        values = values_of(typed, "prompt")
        return {"prompt": values[:1]} if values else None

    def is_same(self, one: Sent, other: Sent) -> bool:
        return cut_prompt(one["prompt"][0]).body == cut_prompt(other["prompt"][0]).body

    def write(self, definition: Definition, sent: Sent, now: Sent) -> Definition:
        body, cut = cut_prompt(now["prompt"][0]).body, cut_prompt(definition.prompt)
        if not body:
            return definition.replace(prompt="")
        if not cut.body:
            blank = as_area(cut.head).rpartition("\n")
            text = "".join(blank[:2]) or ("\n" if definition.frontmatter.opening else "")
            text += body + "\n"
        else:
            text = as_area(cut.head) + body + as_area(cut.tail)
        has_ends = "\n" in definition.prompt or "\r" in definition.prompt
        ended = with_own_line_ends(text, definition.prompt) if has_ends else text.replace("\n", definition.newline)
        return definition.replace(prompt=ended)
