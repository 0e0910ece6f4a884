"""Two prompts as one: the new one as it is rendered, with what came and what went marked. Imports `comparing`.

Blocks are matched first (paragraphs, items of lists, rows of tables), then the words of those that changed. The work
is bounded: past the bounds a block counts as rewritten, and a prompt too intricate to be rendered is not compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from catalog.comparing.marks import LEAST_ALIKE, Work

from .allowed import cleaned_marked
from .blocks import Block, blocks_of, without_targets
from .bounds import TooIntricate
from .characters import without_surrogates
from .marking import Mark, aloud, bounded_steps, marked, marked_code, marked_words, words_of

logger = logging.getLogger(__name__)

_MOST_PAIRED = 40  # of a run of blocks that was rewritten: in a longer one nobody looks for what each one was
_EACH_PAIR = 50  # what seeing how alike two blocks are costs, in the unit of `Work`
_MOST_GONE = 20_000  # characters of HTML of one block
_CELLED = ("table", "thead", "tr")  # whose children have their places
_FEWEST_FOLDED = 2  # blocks
_LONG = 1_200  # characters of HTML: one block of them is folded, too


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a prompt that was compared, as HTML; of one that is `unchanged`, how many paragraphs it has."""

    html: SafeString
    unchanged: int = 0


def render_changes(old: str, new: str) -> list[Stretch] | None:
    """What changed from one prompt to another: empty where both read the same, None where they cannot be compared."""
    try:
        before, after = blocks_of(without_surrogates(old), without_surrogates(new))
        return list(_stretches(list(_Comparison().entries(before, after))))
    except TooIntricate:
        return None
    except Exception:  # a fault of a Markdown or highlighting library must not take the page down
        logger.exception("texts of %d and %d characters could not be compared", len(old), len(new))
        return None


# --- What is shown, and what is folded ---------------------------------------------------------------

Entry = tuple[Block | None, str]  # a block that did not change; or the HTML of one that did


def _stretches(entries: Sequence[Entry]) -> Iterator[Stretch]:
    if all(block for block, _ in entries):
        return
    shown: list[str] = []
    for blocks, html in _runs(entries):
        if not _is_folded(blocks):
            shown += [html, *(block.html for block in blocks)]
            continue
        if shown:
            yield _stretch(shown)
            shown = []
        yield _stretch((block.html for block in blocks), sum(block.paragraphs for block in blocks))
    if shown:
        yield _stretch(shown)


def _runs(entries: Sequence[Entry]) -> Iterator[tuple[list[Block], str]]:
    """The changes one by one, and between them the runs of blocks between two headings. A block beside a change,
    and every heading, is a run of its own."""
    run: list[Block] = []
    for place, (block, html) in enumerate(entries):
        near = entries[max(place - 1, 0) : place + 2]
        if block and block.name != "heading" and all(one for one, _ in near):
            run.append(block)
            continue
        if run:
            yield run, ""
            run = []
        yield [], html or (block.html if block else "")
    if run:
        yield run, ""


def _is_folded(blocks: Sequence[Block]) -> bool:
    return len(blocks) >= _FEWEST_FOLDED or any(len(block.html) > _LONG for block in blocks)


def _stretch(pieces: Iterable[str], unchanged: int = 0) -> Stretch:
    # Piece by piece: whatever one of them holds, it ends there.
    html = "".join(cleaned_marked(piece) for piece in pieces)
    return Stretch(mark_safe(html), unchanged)  # noqa: S308 - cleaned


# --- What came and what went -------------------------------------------------------------------------


class _Comparison:
    """The comparison of two trees of blocks, and the work that is left for it."""

    def __init__(self) -> None:
        self.work = Work()

    def entries(self, old: list[Block], new: list[Block]) -> Iterator[Entry]:
        found = bounded_steps([block.id for block in old], [block.id for block in new], self.work)
        for kind, start, stop, at, until in found:
            if kind == "equal":
                yield from ((block, "") for block in new[at:until])
            else:
                yield from ((None, html) for html in self._rewritten(old[start:stop], new[at:until]))

    def _rewritten(self, gone: list[Block], came: list[Block]) -> Iterator[str]:
        a = b = 0
        for at, to in self._pairs(gone, came):
            yield from _whole(gone[a:at], "del")
            yield from _whole(came[b:to], "ins")
            yield from self._one(gone[at], came[to])
            a, b = at + 1, to + 1
        yield from _whole(gone[a:], "del")
        yield from _whole(came[b:], "ins")

    def _one(self, old: Block, new: Block) -> Iterator[str]:
        if (html := self._changed(old, new)) is not None:
            yield html
        else:
            yield from _whole([old], "del")
            yield from _whole([new], "ins")

    def _changed(self, old: Block, new: Block) -> str | None:
        """`new` with its marks; None where the two have too little in common to be one block that changed."""
        if old.id == new.id:
            return new.html
        if new.code is not None:
            found = marked_code(old.code or "", new.code, new.opening, self.work)
            return _reformatted(new) if found == new.opening else found
        if new.name == "inline":
            found = marked_words(old.opening, new.opening, self.work)
            return _reformatted(new) if found == new.opening else found
        inner = self._inner(old, new) if new.children else None
        if inner is None:
            return None
        if inner == "".join(child.html for child in new.children):
            return _reformatted(new)
        return f"{new.opening}{inner}{new.closing}"

    def _inner(self, old: Block, new: Block) -> str | None:
        kinds = [child.kind for child in new.children]
        if new.name in _CELLED:
            if kinds != [child.kind for child in old.children]:
                return None
            pairs = zip(old.children, new.children, strict=True)
            return "".join(html for pair in pairs for html in self._one(*pair))
        if new.name == "heading" or (new.name == "paragraph" and new.opening):
            if kinds != [child.kind for child in old.children]:
                return None
            texts = [self._changed(*pair) for pair in zip(old.children, new.children, strict=True)]
            return None if None in texts else "".join(filter(None, texts))
        entries = self.entries(old.children, new.children)
        return "".join(html or (block.html if block else "") for block, html in entries)

    # --- Which block was which ---------------------------------------------------------------------------

    def _pairs(self, gone: list[Block], came: list[Block]) -> list[tuple[int, int]]:
        """The blocks that are most likely one that changed, in order."""
        if len(gone) == len(came) and (len(gone) == 1 or len(gone) > _MOST_PAIRED):
            return [(n, n) for n in range(len(gone)) if gone[n].kind == came[n].kind]
        self.work.left -= _EACH_PAIR * len(gone) * len(came)
        if max(len(gone), len(came)) > _MOST_PAIRED or self.work.left < 0:
            return []
        bags = [[self._bag(block) for block in side] for side in (gone, came)]
        likely = [
            [_likeness(bags[0][a], bags[1][b]) if gone[a].kind == came[b].kind else 0 for b in range(len(came))]
            for a in range(len(gone))
        ]
        return _best_pairs(likely)

    def _bag(self, block: Block) -> set[str]:
        html = block.html
        self.work.left -= len(html)
        return words_of(html) if self.work.left >= 0 else set()


def _likeness(one: set[str], other: set[str]) -> float:
    likeness = len(one & other) / max(len(one), len(other), 1)
    return likeness if likeness >= LEAST_ALIKE else 0


def _best_pairs(likely: list[list[float]]) -> list[tuple[int, int]]:
    """Pairs in order, of the greatest likeness together; what is not alike is no pair."""
    rows, columns = len(likely), len(likely[0]) if likely else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]  # for what is left from a place of both on
    for a in range(rows - 1, -1, -1):
        for b in range(columns - 1, -1, -1):
            paired = likely[a][b] + best[a + 1][b + 1] if likely[a][b] else 0
            best[a][b] = max(best[a + 1][b], best[a][b + 1], paired)
    pairs, a, b = [], 0, 0
    while a < rows and b < columns:
        if likely[a][b] and best[a][b] == likely[a][b] + best[a + 1][b + 1]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return pairs


# --- A block as a whole ------------------------------------------------------------------------------

_INSIDE = ("heading", "paragraph", "list_item", "cell", "footnote")  # a mark may stand inside of their tag
_ROWS = ("tr", "thead", "tbody")
_IN_TEXT = ("inline", "footnote_anchor")
_BOUND = ("list_item", "cell", "footnote", *_ROWS, *_IN_TEXT)  # to what is around them


def _whole(blocks: list[Block], mark: Mark) -> Iterator[str]:
    """Blocks that came or went: one mark around those that follow each other, where one may stand there."""
    for is_bound, run in groupby(blocks, key=lambda block: block.name in _BOUND or not block.opening):
        if is_bound:
            yield from (_bound(block, mark) for block in run)
            continue
        first, *rest = run
        htmls = [_heading(block, mark) if block.name == "heading" else _kept(block, mark) for block in (first, *rest)]
        yield marked(mark, "".join(htmls), of="block prose", is_said=first.name != "heading")


def _bound(block: Block, mark: Mark) -> str:
    opening, inner, closing = _parts(block, mark)
    if block.name in _ROWS:
        return f"{opening}{''.join(_bound(child, mark) for child in block.children)}{closing}"
    if block.name in _INSIDE and opening:
        return f"{opening}{marked(mark, inner, of='' if block.name == 'cell' else 'block')}{closing}"
    return marked(mark, f"{opening}{inner}{closing}")


def _heading(block: Block, mark: Mark) -> str:
    """Read aloud by itself too, since people go from heading to heading."""
    opening, inner, closing = _parts(block, mark)
    return f"{opening}{aloud(mark)}{inner}{closing}"


def _kept(block: Block, mark: Mark) -> str:
    return "".join(_parts(block, mark))


def _parts(block: Block, mark: Mark) -> tuple[str, str, str]:
    opening, inner, closing = block.opening, "".join(child.html for child in block.children), block.closing
    if mark == "ins":
        return opening, inner, closing
    opening, inner, closing = (without_targets(html) for html in (opening, inner, closing))
    if len(opening) + len(inner) <= _MOST_GONE or block.name in _ROWS:
        return opening, inner, closing
    said = escape(gettext("A long passage stood here. The source shows it."))
    return (opening, said, closing) if block.name in _INSIDE else ("<p>", said, "</p>\n")


def _reformatted(block: Block) -> str:
    """A block of the same words, which look or lead otherwise."""
    told = gettext("Only the formatting or a link changed")
    said = f'<span class="said">{escape(told)}</span> '
    if block.name in _IN_TEXT:
        return f'<span class="reformatted">{said}{block.html}</span>'
    if block.name in _INSIDE and block.opening:
        inner = "".join(child.html for child in block.children)
        tag = "span" if block.name in ("heading", "paragraph") else "div"
        return f'{block.opening}<{tag} class="reformatted">{said}{inner}</{tag}>{block.closing}'
    return f'<div class="reformatted">{said}{block.html}</div>'
