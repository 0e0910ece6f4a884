"""The words that came and went, marked in the HTML of one paragraph or of one piece of code. Imports `comparing`.

What comes in is the renderer's own HTML, in which every text is escaped; what is put into it is escaped here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import groupby
from typing import Literal

from django.utils.translation import gettext

from catalog.comparing.lines import Step, steps
from catalog.comparing.marks import CJK, LEAST_ALIKE, Work, word_steps

from .characters import visible

Mark = Literal["ins", "del"]

_MOST_WORDS = 4_000  # of both texts together
_MOST_EFFORT = 10_000_000  # of one call of `steps`
_EACH = 20  # what one line or block costs at least
_PARTS = re.compile(r"(<[^>]+>)|([^<]+)")
_WORD = rf"[{CJK}]|[^\W{CJK}]+(?:['’.\-/][^\W{CJK}]+)*|[^\w\s]"
_TEXT = re.compile(rf"(\s+)|{_WORD}")
_ASIAN = re.compile(f"[{CJK}]")
_CODE_TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")
_CODE = re.compile(r"(\s*<pre[^>]*>(?:<code[^>]*>)?)(.*?)((?:</code>)?</pre>\s*)", re.DOTALL)
_CLOSING = tuple(".,:;!?)]}…")  # no space stands before these
_SPACE = '<del class="space"> </del>'  # parts words that are gone from others, and is none of the text
_VOID = ("<br", "<input", "<hr")


def aloud(mark: Mark) -> str:
    """What is said of it to those who do not see it."""
    said = gettext("added:") if mark == "ins" else gettext("removed:")
    return f'<span class="visually-hidden">{escape(said)} </span>'


def marked(mark: Mark, html: str, *, of: str = "", is_said: bool = True) -> str:
    """Escaped HTML as what came or went; `of` are the classes of the mark."""
    classes = f' class="{of}"' if of else ""
    return f"<{mark}{classes}>{aloud(mark) if is_said else ''}{html}</{mark}>"


def words_of(html: str) -> set[str]:
    """The words of a piece of HTML, to see how much two of them have in common."""
    return {word for kind, word in _items(html) if kind == "word" and word[0].isalnum()}


def bounded_steps(old: Sequence[Hashable], new: Sequence[Hashable], work: Work) -> list[Step]:
    """`steps` at the cost of this work; without any left, `new` counts as rewritten."""
    in_new = Counter(new)
    repeated = sum(in_new[each] for each in old if in_new[each] > 1)
    work.left -= min(repeated * min(len(old), len(new)), _MOST_EFFORT) + _EACH * (len(old) + len(new))
    return steps(old, new) if work.left >= 0 else [("replace", 0, len(old), 0, len(new))]


# --- A paragraph -----------------------------------------------------------------------------------------

Item = tuple[Literal["tag", "space", "word"], str]


@dataclass
class _Words:
    """The words of a paragraph, and where they stand among its tags and spaces."""

    items: list[Item]
    texts: list[str] = field(init=False)
    places: list[int] = field(init=False)
    depths: list[int] = field(init=False)  # of the tags that are open before each item, and behind the last one
    codes: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        self.texts, self.places, self.depths, self.codes = [], [], [0], []
        in_code = False
        for place, (kind, text) in enumerate(self.items):
            step = 0
            if kind == "word":
                self.texts.append(text)
                self.places.append(place)
                self.codes.append(in_code)
            elif kind == "tag":
                step = -1 if text.startswith("</") else 0 if text.startswith(_VOID) else 1
                in_code = step == 1 if text.startswith(("<code", "</code")) else in_code
            self.depths.append(self.depths[-1] + step)

    def between(self, start: int, stop: int) -> str:
        """The text from word `start` to before word `stop`, with the space around it."""
        first = self.places[start - 1] + 1 if start else 0
        last = self.places[stop] if stop < len(self.places) else len(self.items)
        return "".join(text for kind, text in self.items[first:last] if kind != "tag")


def marked_words(old: str, new: str, work: Work) -> str | None:
    """`new` with its new words marked, and those of `old` that are gone where they stood; None where the two have
    too little in common, or are too much to compare. It is `new` itself where the words are the same."""
    before, after = _Words(list(_items(old))), _Words(list(_items(new)))
    if before.texts == after.texts:
        return new
    is_long = len(before.texts) + len(after.texts) > _MOST_WORDS
    found = None if is_long or not after.texts else word_steps(before.texts, after.texts, work)
    if found is None or not any(step[0] == "equal" for step in found):
        return None
    gone: dict[int, str] = {}
    came: set[int] = set()
    for kind, start, stop, at, until in found:
        if kind == "equal":
            continue
        came.update(after.places[at:until])
        if start < stop:
            place, html = _gone(before, start, stop, after, at, is_replaced=at < until)
            gone[place] = html
    return "".join(_written(after.items, came, gone))


def _items(html: str) -> Iterator[Item]:
    for part in _PARTS.finditer(html):
        if part[1]:
            yield "tag", part[1]
            continue
        for token in _TEXT.finditer(unescape(part[2])):
            yield "space" if token[1] else "word", token[0]


def _gone(before: _Words, start: int, stop: int, after: _Words, at: int, *, is_replaced: bool) -> tuple[int, str]:
    """Before which item of `after` the words of `before` go that are no more, and how they are written there."""
    text = before.between(start, stop)
    words = text.strip()
    has_space = text[:1].isspace() or not start
    place = _place(after, at, behind_space=has_space)
    is_apart = text[-1:].isspace()
    if is_replaced:
        is_apart = not _ASIAN.match(words[-1]) and after.texts[at] not in _CLOSING
    html = visible(words)
    html = marked("del", f"<code>{html}</code>" if all(before.codes[start:stop]) else html)
    space_before = _SPACE if has_space and not _is_behind_space(after.items, place) else ""
    return place, f"{space_before}{html}{_SPACE if is_apart else ''}"


def _place(after: _Words, at: int, *, behind_space: bool) -> int:
    """Between the word before `at` and word `at`: outside of the most tags, on the right side of the space."""
    first = after.places[at - 1] + 1 if at else 0
    last = after.places[at] if at < len(after.places) else len(after.items)
    least = min(after.depths[first : last + 1])
    places = [place for place in range(first, last + 1) if after.depths[place] == least]
    if not behind_space:
        return places[0]
    return next((place for place in places if _is_behind_space(after.items, place)), places[-1])


def _is_behind_space(items: Sequence[Item], place: int) -> bool:
    for kind, _ in reversed(items[:place]):
        if kind != "tag":
            return kind == "space"
    return True


def _written(items: Sequence[Item], came: set[int], gone: dict[int, str]) -> Iterator[str]:
    run: list[str] = []  # of new words, with the spaces between them
    spaces = ""
    for place in range(len(items) + 1):
        kind, text = items[place] if place < len(items) else ("tag", "")
        if kind == "space" and run and place not in gone:
            spaces += text
            continue
        is_new = place in came
        if run and (not is_new or place in gone):
            yield marked("ins", escape("".join(run)))
            yield spaces
            run, spaces = [], ""
        yield gone.get(place, "")
        if is_new:
            run += [spaces, text]
            spaces = ""
        else:
            yield text if kind == "tag" else escape(text)


# --- Code ------------------------------------------------------------------------------------------------


def marked_code(old: str, new: str, html: str, work: Work) -> str | None:
    """The `pre` of the text `new`, its lines marked that came, and those of `old` that are gone. None where the two
    have too little in common."""
    frame = _CODE.fullmatch(html)
    if frame is None:
        return None
    if old == new:
        return html
    a, b = (text.splitlines(keepends=True) for text in (old, new))
    found = bounded_steps(a, b, work)
    same = sum(len(a[n].strip()) for kind, start, stop, _, _ in found if kind == "equal" for n in range(start, stop))
    is_short = max(len(a), len(b)) <= 3  # of which one may have changed, and no line is the same
    if not is_short and same < LEAST_ALIKE * max(len(old), len(new)):
        return None
    inner = "".join(_lines(a, b, found, work))
    return f"{frame[1]}{inner}{frame[3]}"


def _lines(a: list[str], b: list[str], found: Iterable[Step], work: Work) -> Iterator[str]:
    for kind, start, stop, at, until in found:
        if kind == "equal":
            yield visible("".join(b[at:until]))
            continue
        if stop - start == until - at:
            in_words = [_line(old, new, work) for old, new in zip(a[start:stop], b[at:until], strict=True)]
            if all(in_words):
                yield from (line for line in in_words if line)
                continue
        gone, came = "".join(a[start:stop]), "".join(b[at:until])
        if gone:
            yield marked("del", visible(gone if gone.endswith("\n") else f"{gone}\n"))
        if came:
            yield marked("ins", visible(came))


def _line(old: str, new: str, work: Work) -> str | None:
    a, b = _CODE_TOKEN.findall(old), _CODE_TOKEN.findall(new)
    found = word_steps(a, b, work) if len(a) + len(b) <= _MOST_WORDS else None
    if found is None:
        return None
    pieces = [
        ("same", "".join(b[at:until])) if kind == "equal" else (sign, text)
        for kind, start, stop, at, until in found
        for sign, text in (("del", "".join(a[start:stop])), ("ins", "".join(b[at:until])))
        if text and (kind != "equal" or sign == "ins")
    ]
    runs = ((sign, "".join(text for _, text in run)) for sign, run in groupby(pieces, key=lambda piece: piece[0]))
    return "".join(visible(text) if sign == "same" else _in_line(sign, text) for sign, text in runs)


def _in_line(sign: str, text: str) -> str:
    return marked("ins" if sign == "ins" else "del", visible(text))
