"""Two texts as one, with the words marked that came and went. Imports only this package; all work is bounded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .lines import Step, steps

_MOST_TOKENS = 2_000  # of both texts together
_MOST_EFFORT = 60_000_000  # for all comparisons by word: well below a second
_MOST_SAME = 240  # characters that did not change, shown between two that did
LEAST_ALIKE = 0.3  # below it two texts are two texts, and not one that was changed

# Chinese and Japanese write no spaces: there each character counts as a word.
CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CHARACTER = re.compile(f"[{CJK}]")
_FIRST_WORD, _LAST_WORD = re.compile(r"^\S*\s+"), re.compile(r"\s+\S*$")
_TOKEN = re.compile(rf"(?:[{CJK}]|[^\s{CJK}]+|^)\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, went or came."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass
class Work:
    """The effort that is left for comparing words."""

    left: int = field(default_factory=lambda: _MOST_EFFORT)


def marked(old: str, new: str, work: Work) -> list[Piece]:
    """`new` with what came marked, and what went where it stood. Spaces between words are not compared."""
    a, b = (words_in(text) for text in (old, new))
    left, right = ([token.rstrip() for token in tokens] for tokens in (a, b))
    found = word_steps(left, right, work) if len(a) + len(b) <= _MOST_TOKENS else None
    pieces: list[Piece] = []
    for kind, start, stop, at, until in found or [("replace", 0, len(a), 0, len(b))]:
        if kind == "equal":
            pieces.append(Piece("same", "".join(b[at:until])))
            continue
        gone, came = "".join(a[start:stop]), "".join(b[at:until])
        if gone.strip() and came.strip():
            gone = gone.rstrip() + _between(gone.rstrip(), is_apart=found is None)
        elif start and at and not came:  # the last words of a text end otherwise than they did before others
            kept, space = _parted(pieces.pop().text)
            pieces.append(Piece("same", kept + _parted(a[start - 1])[1]))
            gone = gone.rstrip() + space
        pieces += [*_trimmed("gone", gone), *_trimmed("new", came)]
    return pieces


def _parted(text: str) -> tuple[str, str]:
    """A text, and the space behind it."""
    words = text.rstrip()
    return words, text[len(words) :]


def _between(gone: str, *, is_apart: bool) -> str:
    """What parts a text from the one in its place."""
    return "\n" if is_apart else "" if _CHARACTER.match(gone[-1]) else " "


def _trimmed(kind: Literal["gone", "new"], text: str) -> list[Piece]:
    """Space at the end carries no mark."""
    words, space = _parted(text)
    return [*([Piece(kind, words)] if words else []), *([Piece("same", space)] if space else [])]


def words_in(text: str) -> list[str]:
    """The words, each with the space behind it."""
    return [token for token in _TOKEN.findall(text) if token]


def word_steps(old: Sequence[str], new: Sequence[str], work: Work) -> list[Step] | None:
    """How the words follow from each other; None where that is too much work, or they have too little in common."""
    in_new = Counter(new)
    work.left -= (sum(in_new[token] for token in old) + len(old)) * min(len(old), len(new))
    if work.left < 0:
        return None
    found = _without_specks(steps(old, new), new)
    same = sum(len(token) for kind, _, _, at, until in found if kind == "equal" for token in new[at:until])
    most = max(sum(map(len, old)), sum(map(len, new)))
    return found if not old or not new or same >= most * LEAST_ALIKE else None


def _without_specks(found: list[Step], new: Sequence[str]) -> list[Step]:
    """A dash or a dot that happens to stay between two changes only makes both harder to read."""
    kept: list[Step] = []
    for number, step in enumerate(found):
        kind, start, stop, at, until = step
        said = "".join(new[at:until])
        is_speck = kind == "equal" and 0 < number < len(found) - 1 and not re.search(r"\w", said)
        if kept and (is_speck or (kind != "equal" and kept[-1][0] == "replace")):
            _, a, _, b, _ = kept.pop()
            kept.append(("replace", a, stop, b, until))
        else:
            kept.append(step if kind == "equal" else ("replace", start, stop, at, until))
    return kept


def shortened(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """With the long stretches left out in which nothing changed."""
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    last = len(joined) - 1
    return tuple(
        Piece("same", cut(piece.text, is_first=n == 0, is_last=n == last)) if piece.kind == "same" else piece
        for n, piece in enumerate(joined)
    )


def cut(text: str, *, is_first: bool, is_last: bool) -> str:
    """The two ends of a long text, in whole words. The space around it stays: it parts it from what is marked."""
    if len(text) <= _MOST_SAME:
        return text
    half = _MOST_SAME // 2
    head, tail = text[:half], text[-half:]
    head = "" if is_first else _LAST_WORD.sub("", head) or head
    tail = "" if is_last else _FIRST_WORD.sub("", tail) or tail
    return " ".join(part for part in (head, "…", tail) if part)
