"""Three texts made into one: what two people wrote from the same text. Plain Python over `definition` and `weaving`.

First by lines, as every program that merges does it. Where that fails, because fields stand on neighbouring lines
and a description is often one long line, field by field. Every change of either side is in the result, or there
is no result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from catalog.comparing import MANY_LINES
from catalog.definition import FIELDS, Definition, Example, InvalidValue, read
from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.definition.rewriting import is_same

from .weaving import Knot, changed_lines, weave, weave_loosely, weave_text

_ABSENT = object()
_PLACES_NAMED = 3
LEAD, DESCRIPTION = "the lead", "description"
ARRANGEMENT = "the order of the fields, or a note between them"


@dataclass(frozen=True, slots=True)
class Merge:
    """Both texts in one; where both changed the same, `source` is None and `overlaps` says what, in words."""

    source: str | None
    overlaps: tuple[str, ...] = ()


class Sides(NamedTuple):
    base: Definition
    mine: Definition
    theirs: Definition


def merge(base: str, mine: str, theirs: str) -> Merge:
    """What `mine` and `theirs` made of `base`, in one text. Never raises; bounded in time.

    Where both changed the same place it is an overlap, and so is a result with an error that neither text had.
    """
    if mine in (base, theirs):
        return Merge(theirs)
    if theirs == base:
        return Merge(mine)
    if trouble := _too_large(base, mine, theirs):
        return Merge(None, (f"the text as a whole: {trouble} to be merged",))
    sides = Sides(read(base), read(mine), read(theirs))
    try:
        together = weave_text(base, mine, theirs)
        if not _missing(sides, read(together)):
            return Merge(together)
        places = ("the fields at the top of the file",)
    except Knot as knot:
        places = (_near("the text", knot),)
    return _by_fields(sides) or Merge(None, places)


def _too_large(*texts: str) -> str:
    """Why texts are not merged: their lines are aligned several times."""
    if max(map(len, texts)) > MAX_SOURCE_BYTES:
        return "it is too long"
    if max(map(_line_count, texts)) > MANY_LINES:
        return "it has too many lines"
    return ""


def _line_count(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n") + 1


def changed(base: str, side: str) -> tuple[str, ...]:
    """What one side changed, in words; lines are counted as that side has them."""
    if side == base:
        return ()
    before, after = read(base), read(side)
    if before.frontmatter.fault or after.frontmatter.fault:
        return (_near("the text", Knot(changed_lines(base, side))),)
    words = []
    for key in _keys(before, after):
        if _same(before.fields.get(key, _ABSENT), after.fields.get(key, _ABSENT)):
            continue
        if key != DESCRIPTION:
            words.append(_label(key))
            continue
        parts = [LEAD] * (before.lead != after.lead) + ["the examples"] * (before.examples != after.examples)
        words += parts or [_label(key)]
    if before.prompt != after.prompt:
        words.append(_near_in_prompt(after, Knot(changed_lines(before.prompt, after.prompt))))
    return tuple(words) or (ARRANGEMENT,)


def mine_where_both_changed(base: str, mine: str, theirs: str) -> str | None:
    """`theirs` with everything I changed: where both did, mine stands. None where the fields cannot be told apart,
    and for texts too large to be merged."""
    if _too_large(base, mine, theirs):
        return None
    sides = Sides(read(base), read(mine), read(theirs))
    if any(side.frontmatter.fault for side in sides):
        return None
    before, here, result = sides
    try:
        for key in _keys(before, here):
            value = here.fields.get(key, _ABSENT)
            if _same(value, before.fields.get(key, _ABSENT)):
                continue
            if key == DESCRIPTION and isinstance(value, str):
                result = _with_my_description(sides, result)
            else:
                result = result.replace(**{key: None if value is _ABSENT else value})
        result = result.replace(prompt=weave_text(*(side.prompt for side in sides), mine_wins=True))
    except InvalidValue:
        return None
    return result.source


def _with_my_description(sides: Sides, result: Definition) -> Definition:
    """With the lead, the examples or both, whichever I changed."""
    before, here, _ = sides
    if here.lead != before.lead:
        result = result.replace(lead=here.lead)
    return result.with_examples(here.examples) if here.examples != before.examples else result


# --- Nothing is lost --------------------------------------------------------------------------------


def _missing(sides: Sides, result: Definition) -> list[str]:
    """What of either side is not in the result, and what would be wrong with it, in words."""
    known = {finding.code for side in sides[1:] for finding in side.errors}
    if wrong := [finding.message for finding in result.errors if finding.code not in known]:
        return [f"the text as a whole: {message}" for message in wrong]
    missing = [_label(key) for key in _keys(*sides, result) if not _holds(key, sides, result)]
    try:
        if result.prompt != weave_text(*(side.prompt for side in sides)):
            missing.append("the prompt")
    except Knot as knot:
        missing.append(_near_in_prompt(sides.mine, knot))
    if _twice(result) - _twice(sides.mine) - _twice(sides.theirs):
        missing.append(ARRANGEMENT)
    return missing


def _keys(*definitions: Definition) -> list[str]:
    return list(dict.fromkeys(key for definition in definitions for key in definition.fields))


def _twice(definition: Definition) -> set[str]:
    keys = [entry.key for entry in definition.frontmatter.entries]
    return {key for key in keys if keys.count(key) > 1}


def _holds(key: str, sides: Sides, result: Definition) -> bool:
    """Whether the result has of a field what either side made of it."""
    values = [side.fields.get(key, _ABSENT) for side in sides]
    value = result.fields.get(key, _ABSENT)
    try:
        return _same(value, _woven(*values))
    except Knot:
        if key != DESCRIPTION or not all(isinstance(text, str) for text in values):
            return False
    try:
        return (result.lead, list(result.examples)) == (_lead(sides), _examples(sides))
    except Knot:
        return False


def _woven(base: Any, mine: Any, theirs: Any) -> Any:
    """The value of a field that both may have changed. Raises Knot."""
    if _same(mine, base) or _same(mine, theirs):
        return theirs
    if _same(theirs, base):
        return mine
    if all(isinstance(value, list) and all(isinstance(item, str) for item in value) for value in (base, mine, theirs)):
        return weave(base, mine, theirs)
    raise Knot


def _lead(sides: Sides) -> str:
    return weave_text(*(side.lead for side in sides))


def _examples(sides: Sides) -> list[Example]:
    base, mine, theirs = (side.examples for side in sides)
    if mine in (base, theirs):
        return list(theirs)
    return list(mine) if theirs == base else weave_loosely(base, mine, theirs)


def _same(one: object, other: object) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return is_same(one, other)


# --- Field by field ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """A source in parts: joined they are the source. The key is None for the lines between the fields."""

    opening: str
    parts: tuple[tuple[str | None, str], ...]
    closing: str
    prompt: str

    def __str__(self) -> str:
        return self.opening + "".join(text for _, text in self.parts) + self.closing + self.prompt

    @property
    def fields(self) -> dict[str, str]:
        return {key: text for key, text in self.parts if key is not None}

    def arrangement(self, shared: set[str]) -> tuple[object, ...]:
        """Everything above the prompt but the fields themselves, and those that not all have."""
        between = "".join(text for key, text in self.parts if key is None)
        return self.opening, between, self.closing, [key for key, _ in self.parts if key in shared]

    def with_field(self, key: str, text: str | None, after: Sequence[str]) -> Cut:
        """With a field's lines set, or none; a new field goes behind the last of `after` that is here."""
        if key in self.fields:
            parts = [(k, text if k == key else t) for k, t in self.parts if k != key or text is not None]
            return replace(self, parts=tuple((k, t or "") for k, t in parts))
        if text is None:
            return self
        places = {k: number for number, (k, _) in enumerate(self.parts)}
        at = next((places[k] + 1 for k in reversed(after) if k in places), 0)
        return replace(self, parts=(*self.parts[:at], (key, text), *self.parts[at:]))


def _cut(definition: Definition) -> Cut | None:
    """None where the block cannot be read or a field stands twice."""
    matter = definition.frontmatter
    if matter.fault or _twice(definition):
        return None
    lines = matter.block.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
    parts: list[tuple[str | None, str]] = []
    done = 0
    for entry in sorted(matter.entries, key=lambda entry: entry.line):
        if entry.line < done:
            return None
        parts.append((None, "".join(lines[done : entry.line])))
        parts.append((entry.key, "".join(lines[entry.line : entry.end])))
        done = entry.end
    parts.append((None, "".join(lines[done:])))
    return Cut(matter.opening, tuple(part for part in parts if part[1]), matter.closing, matter.prompt)


def _by_fields(sides: Sides) -> Merge | None:
    """None where a text has no fields to go by."""
    base, mine, theirs = (_cut(side) for side in sides)
    if base is None or mine is None or theirs is None:
        return None
    if overlaps := [*_overlaps(sides)]:
        return Merge(None, tuple(overlaps))
    shared = set(base.fields) & set(mine.fields) & set(theirs.fields)
    arranged, by_me, by_them = (cut.arrangement(shared) for cut in (base, mine, theirs))
    if by_me not in (arranged, by_them) and by_them != arranged:
        return Merge(None, (ARRANGEMENT,))
    missing = [ARRANGEMENT]
    # One side's changes are written into the other's text, so that its comments and its order stay.
    if by_me in (arranged, by_them):
        source, missing = _written_into(sides, base, mine, theirs)
        if not missing:
            return Merge(source)
    if by_them in (arranged, by_me):
        source, also_missing = _written_into(Sides(sides.base, sides.theirs, sides.mine), base, theirs, mine)
        if not also_missing:
            return Merge(source)
    return Merge(None, tuple(missing))


def _overlaps(sides: Sides) -> Iterator[str]:
    """What both changed, and not alike, in words."""
    for key in _keys(*sides):
        values = [side.fields.get(key, _ABSENT) for side in sides]
        try:
            _woven(*values)
        except Knot:
            if key == DESCRIPTION and all(isinstance(text, str) for text in values):
                yield from _overlaps_in_description(sides)
            else:
                yield _label(key)
    try:
        weave_text(*(side.prompt for side in sides))
    except Knot as knot:
        yield _near_in_prompt(sides.mine, knot)


def _overlaps_in_description(sides: Sides) -> Iterator[str]:
    try:
        _lead(sides)
    except Knot:
        yield LEAD
    try:
        _examples(sides)
    except Knot as knot:
        yield f"example {knot.places[0]}" if len(knot.places) == 1 else "the examples"


def _written_into(sides: Sides, base: Cut, mine: Cut, theirs: Cut) -> tuple[str, list[str]]:
    """`theirs` with what `mine` made of the base, and what of either is missing in it."""
    cut, changed = theirs, []
    for key in dict.fromkeys([*mine.fields, *base.fields]):
        was, now, stands = (part.fields.get(key) for part in (base, mine, theirs))
        if now in (was, stands):
            continue
        if stands == was:
            before = list(mine.fields)
            cut = cut.with_field(key, now, before[: before.index(key)] if now is not None else ())
            continue
        value, at_first, other = (side.fields.get(key, _ABSENT) for side in (sides.mine, sides.base, sides.theirs))
        if _same(value, at_first) and not _same(value, other):
            return "", [_label(key)]  # it is written in another manner alone, which has no place here
        if not _same(value, other):
            changed.append(key)
    result = read(str(replace(cut, prompt=weave_text(base.prompt, mine.prompt, theirs.prompt))))
    for key in changed:
        try:
            result = _with_value(result, key, sides)
        except InvalidValue:
            return "", [_label(key)]
    return result.source, _missing(sides, result)


def _with_value(result: Definition, key: str, sides: Sides) -> Definition:
    try:
        value = _woven(*(side.fields.get(key, _ABSENT) for side in sides))
    except Knot:  # only a description has parts that can be told apart
        return result.replace(lead=_lead(sides)).with_examples(_examples(sides))
    return result.replace(**{key: None if value is _ABSENT else value})


# --- In words --------------------------------------------------------------------------------------------


def _label(key: str) -> str:
    if key in (DESCRIPTION, "name"):
        return f"the {key}"
    return FIELDS[key].label if key in FIELDS else f"“{key}”"


def _near_in_prompt(definition: Definition, knot: Knot) -> str:
    """Lines as the form shows them: without the empty one behind the closing fence."""
    hidden = 1 if definition.prompt.startswith(("\n", "\r\n")) else 0
    return _near("the prompt", Knot([max(line - hidden, 1) for line in knot.places]))


def _near(what: str, knot: Knot) -> str:
    lines = [str(line) for line in knot.places]
    if len(lines) == 1:
        return f"{what}, near line {lines[0]}"
    last = lines[-1] if len(lines) <= _PLACES_NAMED else "more"
    return f"{what}, near lines {', '.join(lines[:-1][:_PLACES_NAMED])} and {last}"
