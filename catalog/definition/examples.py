"""The examples of a description, written back in the file's own convention. Reading them is `dialogues`' part.

Imports nothing of the catalog but dialogues and findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .dialogues import KINDS, Block, Dialogues, Example, Part, dedented, read_dialogues, without_header
from .findings import InvalidValue


def write_examples(description: str, examples: Sequence[Example]) -> str:
    """The description with these examples instead of its own, in the convention it has.

    Unchanged examples keep their text as written. Raises InvalidValue where an example cannot be brought back,
    for instance because its text holds `</example>` itself.
    """
    now = read_dialogues(description)
    wanted = tuple(_cleaned(example) for example in examples if example)
    if now.examples in (wanted, tuple(examples)):
        return description
    for attempt in _attempts(now, wanted):
        if read_dialogues(attempt).examples == wanted:
            return attempt
    raise InvalidValue(
        "An example holds a line that reads as the beginning of another part, such as “user:” or “</example>”. "
        "Word it differently; nothing was changed."
    )


def write_lead(description: str, lead: str) -> str:
    """The description with another lead, its examples as written."""
    now = read_dialogues(description)
    if not now.blocks:
        return lead
    kept = without_header(now.head)
    header = now.head.rstrip()[len(kept) :] if now.head.rstrip().startswith(kept) else ""
    space = now.head[len(now.head.rstrip()) :]
    return (
        lead.strip()
        + (header or "")
        + (space or "\n\n")
        + description[len(now.head) : len(description) - len(now.tail)]
    )


# --- Writing -----------------------------------------------------------------------------------------


def _cleaned(example: Example) -> Example:
    return Example(**{kind: _trimmed(getattr(example, kind)) for kind in KINDS})


def _trimmed(text: str) -> str:
    return dedented(text.replace("\r\n", "\n").strip())


def _attempts(now: Dialogues, wanted: tuple[Example, ...]) -> Iterable[str]:
    if not wanted:
        yield now.lead
        return
    if now.blocks:
        gap = now.gaps[0] if now.gaps else ("\n\n" if "\n" in now.blocks[0].raw else " ")
        yield now.head + _joined(now, wanted, gap) + now.tail
    head = without_header(now.head)
    plain = "\n\n".join(_plain(example) for example in wanted)
    yield (
        (f"{head}\n\nExamples:\n\n" if head else "") + plain + (f"\n\n{now.tail.strip()}" if now.tail.strip() else "")
    )


def _joined(now: Dialogues, wanted: tuple[Example, ...], gap: str) -> str:
    kept = {block.example: block.raw for block in now.blocks}
    template = max(now.blocks, key=lambda block: len({part.kind for part in block.parts}))
    written = [kept.get(example) or _in_manner_of(template, example) for example in wanted]
    gaps = list(now.gaps) + [gap] * len(wanted)
    return "".join(text + (gaps[n] if n + 1 < len(written) else "") for n, text in enumerate(written))


def _in_manner_of(block: Block, example: Example) -> str:
    """The example with the labels, quotes, order and white space of another."""
    parts = {part.kind: part for part in reversed(block.parts)}
    order = [part.kind for part in block.parts]
    for kind in KINDS:
        if kind not in order:
            order.insert(KINDS.index(kind), kind)
    order = list(dict.fromkeys(order))
    lines = "\n" in block.raw
    indent = _indent_of(block)
    out = block.prefix
    for number, kind in enumerate(kind for kind in order if getattr(example, kind)):
        text = getattr(example, kind)
        part = parts.get(kind) or _default_part(kind, indent if lines else "", lines)
        opening = part.opening
        if number == 0 and kind != order[0]:
            opening = _led_like(block.parts[0].opening, opening)
        text = text.replace("\n", f"\n{indent}") if lines else text
        out += opening + text + part.closing
    return out + block.suffix


def _led_like(first: str, opening: str) -> str:
    """An opening that comes first now, with the bullet and white space of the one that came first."""
    lead = re.match(r"\s*(?:[-*•][ \t]+)?", first)
    return (lead.group() if lead else "") + opening.lstrip(" \t\n-*•")


def _indent_of(block: Block) -> str:
    """The white space before the second part's line."""
    for part in block.parts[1:]:
        if match := re.match(r"[ \t]*\n+([ \t]*)", part.opening):
            return match.group(1)
    return ""


def _default_part(kind: str, indent: str, lines: bool) -> Part:
    start = f"\n{indent}" if lines else " "
    if kind == "commentary":
        inside = start if lines else ""
        return Part(kind, f"{start}<commentary>{inside}", "", f"{inside}</commentary>")
    if kind == "context":
        return Part(kind, f"{start}Context: ", "", "")
    return Part(kind, f'{start}{kind}: "', "", '"')


def _plain(example: Example) -> str:
    """The commonest convention of real files: a tagged block, one line a part."""
    lines = ["<example>"]
    if example.context:
        lines.append(f"Context: {example.context}")
    if example.user:
        lines.append(f'user: "{example.user}"')
    if example.assistant:
        lines.append(f'assistant: "{example.assistant}"')
    if example.commentary:
        lines.append(f"<commentary>\n{example.commentary}\n</commentary>")
    return "\n".join([*lines, "</example>"])
