"""What changed from one text to another, field by field and in words, for people who never see the file.

Imports `definition`. All work is bounded: what is too much to compare is shown as rewritten.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext, gettext_lazy

from catalog.definition import FIELDS, Definition, Example, Kind, nested_text
from catalog.definition.tools import names_in

from .lines import Step, steps
from .marks import LEAST_ALIKE, Piece, Work, cut, marked, shortened, words_in
from .texts import PARTS, as_area, cut_prompt, line_of, scalar_text

ONLY_WRITING = gettext_lazy("Only the way the file is written changes, nothing that is read.")
ONLY_SPACES = gettext_lazy("Only spaces and line breaks change.")
ONLY_LAYOUT = gettext_lazy("Only how it is laid out around the examples changes.")
UNREADABLE = gettext_lazy(
    "The fields above the prompt cannot be read as the text stands now. Its lines are compared below."
)
TOO_LONG = gettext_lazy("The prompt is too long to be compared word by word. Its lines are compared below.")
TOO_MANY = gettext_lazy("There are too many examples to be compared one by one. Their lines are compared below.")

_MOST_LINES = 5_000
_MOST_EXAMPLES = 100

_PART_LABELS = {
    "context": gettext_lazy("What is going on"),
    "user": gettext_lazy("The user says"),
    "assistant": gettext_lazy("The assistant answers"),
    "commentary": gettext_lazy("Why this agent"),
}

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text with its marks; `label` is the part of an example, `place` the heading it stands under."""

    pieces: tuple[Piece, ...]
    label: str = ""
    place: str = ""
    note: str = ""  # instead of marks where none could be seen

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What happened to one field: a text with marks, a value before and after, an example, or a sentence."""

    label: str
    kind: Literal["text", "value", "example", "sentence"]
    passages: tuple[Passage, ...] = ()
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()  # of a list of names
    removed: tuple[str, ...] = ()
    deed: str = ""  # of an example: added, removed, changed, moved
    sentence: str = ""


def field_changes(old: Definition, new: Definition, *, title: tuple[str, str] | None) -> list[FieldChange]:
    """What changed from `old` to `new`, in the order of the form; `title` is the title before and after."""
    work = Work()
    found = list(_values(gettext("Title"), *title)) if title else []
    if old.source == new.source:
        return found
    if new.frontmatter.fault or old.frontmatter.fault:
        return [*found, FieldChange("", "sentence", sentence=str(UNREADABLE))]
    in_text = [*_first(old, new, work), *_prompt(old.prompt, new.prompt, work), *_others(old, new, work)]
    return [*found, *(in_text or [FieldChange("", "sentence", sentence=str(ONLY_WRITING))])]


def _first(old: Definition, new: Definition, work: Work) -> Iterator[FieldChange]:
    """Name and description."""
    yield from _values(gettext("Name"), *(_described(one.fields.get("name")) for one in (old, new)))
    before, after = (one.fields.get("description") for one in (old, new))
    label = gettext("When to use it")
    if not all(isinstance(value, str | None) for value in (before, after)):
        yield from _values(label, _described(before), _described(after))
        return
    found = [*_text(label, old.lead, new.lead, work), *_examples(old.examples, new.examples, work)]
    if not found and (before or "").split() != (after or "").split():
        found = [FieldChange(label, "sentence", sentence=str(ONLY_LAYOUT))]
    yield from found


def _others(old: Definition, new: Definition, work: Work) -> Iterator[FieldChange]:
    """Tools, model and color, then the other fields the form has, then those that coding tools do not know."""
    first = ("name", "description", "tools", "model", "color")
    rest = [key for key in FIELDS if key not in first]
    unknown = [key for key in dict.fromkeys((*old.fields, *new.fields)) if key not in FIELDS]
    for key in ("tools", "model", "color", *rest, *unknown):
        if _as_json(old, key) != _as_json(new, key):
            yield from _field(key, old, new, work)


def _as_json(definition: Definition, key: str) -> str:
    """Tells true from 1, and an empty field from none."""
    return json.dumps(definition.fields[key], sort_keys=True) if key in definition.fields else ""


def _field(key: str, old: Definition, new: Definition, work: Work) -> Iterator[FieldChange]:
    about = FIELDS.get(key)
    label = gettext(about.label) if about else as_area(key)
    before, after = old.fields.get(key), new.fields.get(key)
    if about is None:
        yield from _values(label, _described(before), _described(after))
    elif key == "tools":
        yield from _tools(label, old.tools, new.tools)
    elif about.kind in (Kind.TOOLS, Kind.NAMES):
        yield from _names(label, before, after)
    elif about.kind in (Kind.MAP, Kind.SERVERS):
        passage = _passage(as_area(nested_text(old, key)), as_area(nested_text(new, key)), work)
        if passage.note:  # a space more may be another setting
            yield from _values(label, _described(before), _described(after))
        else:
            yield FieldChange(label, "text", (passage,))
    elif about.kind is Kind.PROSE and all(isinstance(value, str | None) for value in (before, after)):
        yield from _text(label, before or "", after or "", work)
    else:
        yield from _values(label, in_words(key, before), in_words(key, after))


# --- Values ------------------------------------------------------------------------------------------

_NONE = {"model": gettext_lazy("each person’s own choice"), "color": gettext_lazy("none")}


def _values(label: str, before: str, after: str) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(label, "value", before=as_area(before), after=as_area(after))


def in_words(key: str, value: Any) -> str:
    """A value as the form's choices name it."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return str(_NONE.get(key) or gettext("not set"))
    if key == "model" and value == "inherit":
        return gettext("the conversation’s model")
    about = FIELDS.get(key)
    is_choice = about and isinstance(value, str) and key not in ("model", "color")
    meaning = about.choices.get(value, "") if about and is_choice else ""
    return f"{value} ({gettext(meaning).removesuffix('.')})" if meaning else _described(value)


def _described(value: Any) -> str:
    """Any value in words."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(map(_described, value)) or gettext("an empty list")
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_described(item)}" for key, item in value.items()) or gettext("no settings")
    return (scalar_text(value) or "").strip() or gettext("not set")


def _tools(label: str, old: Sequence[str] | None, new: Sequence[str] | None) -> Iterator[FieldChange]:
    if old and new:
        yield from _lists(label, old, new)
    else:
        yield from _values(label, *(_scope(tools) for tools in (old, new)))


def _scope(tools: Sequence[str] | None) -> str:
    if tools is None:
        return gettext("all tools")
    names = ", ".join(map(line_of, tools))
    return gettext("only %(names)s") % {"names": names} if tools else gettext("no tools")


def _names(label: str, before: Any, after: Any) -> Iterator[FieldChange]:
    old, new = names_in(before), names_in(after)
    if any(value is not None and not _is_plain(value) for value in (before, after)):
        yield from _values(label, _described(before), _described(after))
    else:
        yield from _lists(label, old or (), new or ())


def _is_plain(value: Any) -> bool:
    return all(isinstance(item, str | int | float) for item in (value if isinstance(value, list) else [value]))


def _lists(label: str, old: Sequence[str], new: Sequence[str]) -> Iterator[FieldChange]:
    """What came and what went; the order says nothing."""
    added, removed = (tuple(map(line_of, (Counter(a) - Counter(b)))) for a, b in ((new, old), (old, new)))
    if added or removed:
        yield FieldChange(label, "value", added=added, removed=removed)


# --- Words -------------------------------------------------------------------------------------------


def _text(label: str, old: str, new: str, work: Work) -> Iterator[FieldChange]:
    old, new = as_area(old).strip(), as_area(new).strip()
    if old == new:
        return
    passage = _passage(old, new, work)
    if passage.note:
        yield FieldChange(label, "sentence", sentence=passage.note)
    else:
        yield FieldChange(label, "text", (passage,))


def _passage(old: str, new: str, work: Work, label: str = "", place: str = "") -> Passage:
    pieces = marked(old, new, work)
    is_seen = any(piece.kind != "same" and piece.text.strip() for piece in pieces)
    return Passage(shortened(pieces), label, place, "" if is_seen else str(ONLY_SPACES))


# --- Examples ----------------------------------------------------------------------------------------


def _examples(old: Sequence[Example], new: Sequence[Example], work: Work) -> Iterator[FieldChange]:
    old, new = ([Example(*_texts(example)) for example in side] for side in (old, new))
    if old == new:
        return
    if max(len(old), len(new)) > _MOST_EXAMPLES:
        yield FieldChange(gettext("Examples"), "sentence", sentence=str(TOO_MANY))
        return
    pairs = _pairs(old, new)
    in_order = {at for _, _, _, at, until in _equal(steps(old, new)) for at in range(at, until)}
    for at, example in enumerate(new):
        label, before = gettext("Example %(number)d") % {"number": at + 1}, pairs.get(at)
        if before is None:
            yield _whole(label, example, "new")
        elif old[before] != example:
            passages = tuple(_parts(old[before], example, work))
            yield FieldChange(label, "example", passages, deed=gettext("changed"))
        elif at not in in_order:
            moved = gettext("It was example %(number)d.") % {"number": before + 1}
            yield FieldChange(label, "example", deed=gettext("moved"), sentence=moved)
    for before in sorted(set(range(len(old))) - set(pairs.values())):
        yield _whole(gettext("Former example %(number)d") % {"number": before + 1}, old[before], "gone")


def _equal(found: Iterable[Step]) -> Iterator[Step]:
    return (step for step in found if step[0] == "equal")


def _pairs(old: Sequence[Example], new: Sequence[Example]) -> dict[int, int]:
    """Which example of `old` each of `new` was: the same one, else the most similar, best at the same place."""
    pairs = {at + n: start + n for _, start, stop, at, _ in _equal(steps(old, new)) for n in range(stop - start)}
    bags = [[set(words_in(" ".join(_texts(one)))) for one in side] for side in (old, new)]
    taken = set(pairs.values())
    ranked = sorted(
        (-_likeness(bags[0][a], bags[1][b]) - 0.2 * (a == b) - 2 * (old[a] == new[b]), abs(a - b), a, b)
        for a in range(len(old))
        for b in range(len(new))
        if a not in taken and b not in pairs
    )
    for rank, _, a, b in ranked:
        if -rank >= LEAST_ALIKE and a not in taken and b not in pairs:
            pairs[b] = a
            taken.add(a)
    return pairs


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _texts(example: Example) -> list[str]:
    return [as_area(getattr(example, part)).strip() for part in PARTS]


def _parts(old: Example, new: Example, work: Work) -> Iterator[Passage]:
    for part, before, after in zip(PARTS, _texts(old), _texts(new), strict=True):
        if before != after:
            yield _passage(before, after, work, str(_PART_LABELS[part]))


def _whole(label: str, example: Example, kind: Literal["gone", "new"]) -> FieldChange:
    texts = zip(PARTS, _texts(example), strict=True)
    passages = tuple(Passage((Piece(kind, text),), str(_PART_LABELS[part])) for part, text in texts if text)
    return FieldChange(label, "example", passages, deed=gettext("added") if kind == "new" else gettext("removed"))


# --- The prompt --------------------------------------------------------------------------------------


def _prompt(before: str, after: str, work: Work) -> Iterator[FieldChange]:
    """The paragraphs that changed, each with a line around it."""
    before, after = (cut_prompt(as_area(prompt)).body for prompt in (before, after))
    if before == after:
        return
    old, new = (text.split("\n") if text else [] for text in (before, after))
    if max(len(old), len(new)) > _MOST_LINES:
        yield FieldChange(gettext("Prompt"), "sentence", sentence=str(TOO_LONG))
        return
    places = _places(new)
    passages = [_stretch(old, new, hunk, places, work) for hunk in _hunks(steps(old, new))]
    if seen := tuple(passage for passage in passages if not passage.note):
        yield FieldChange(gettext("Prompt"), "text", seen)
    else:
        yield FieldChange(gettext("Prompt"), "sentence", sentence=str(ONLY_SPACES))


def _hunks(found: Iterable[Step]) -> list[list[Step]]:
    """Changes with no more than a line and its blank neighbours between them are shown as one."""
    hunks: list[list[Step]] = []
    for kind, start, stop, at, until in found:
        if kind == "equal":
            continue
        if hunks and at - hunks[-1][-1][4] <= 3 and start - hunks[-1][-1][2] <= 3:
            hunks[-1].append((kind, start, stop, at, until))
        else:
            hunks.append([(kind, start, stop, at, until)])
    return hunks


def _stretch(old: list[str], new: list[str], hunk: list[Step], places: list[str], work: Work) -> Passage:
    pieces: list[Piece] = []
    first, last = hunk[0][3], hunk[-1][4]
    if above := _near(new[max(first - 2, 0) : first][::-1])[::-1]:
        pieces.append(Piece("same", cut("\n".join(above), is_first=True, is_last=False) + "\n"))
    shown = first
    for _, start, stop, at, until in hunk:
        pieces.append(Piece("same", _ended(new[shown:at])))
        pieces += marked(_ended(old[start:stop]), _ended(new[at:until]), work)
        shown = until
    is_seen = any(piece.kind != "same" and piece.text.strip() for piece in pieces)
    if below := _near(new[last : last + 2]):
        pieces.append(Piece("same", cut("\n".join(below), is_first=False, is_last=True)))
    place = places[min(first, len(places) - 1)] if places else ""
    return Passage(shortened(pieces), place=place, note="" if is_seen else str(ONLY_SPACES))


def _ended(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _near(lines: list[str]) -> list[str]:
    """The next line that says anything, with the blank one before it."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            return lines[:number]
    return []


def _places(lines: Iterable[str]) -> list[str]:
    """The heading above each line."""
    places, place, is_code = [], "", False
    for line in lines:
        places.append(place)
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code and (match := _HEADING.match(line)):
            place = match[1]
    return places
