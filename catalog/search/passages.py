"""The passage of an agent that shows why it was found. Imports `models`, `questions` and `words`.

A long text is searched for the words as they are, and only what is shown of it is read word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from catalog.models import Example, Version
from catalog.search.found import Found
from catalog.search.questions import ask
from catalog.search.words import JOINTS, UNSPACED, has_alike, is_unspaced, lowered

Pieces = list[tuple[str, bool]]  # text, and whether it is a match

LENGTH = 200  # characters, about
LENGTH_UNSPACED = 110
_BEFORE = 50  # shown before the first match, about
_READ = 400  # characters a passage is made of: markup and spaces go
_OCCURRENCES = 4  # of each word that are looked at
_SPELLED = {"cpp": "c++", "csharp": "c#", "fsharp": "f#", "dotnet": ".net"}

# What stands at the beginning of a line, tags, and what is drawn, becomes a space.
_MARKUP = re.compile(r"^[ \t]*(?:#+|>+|[-+*]|\d{1,2}\.)[ \t]+|^[-=|: ]{3,}$|</?[a-z]+>|[|\u2500-\u259f]+", re.MULTILINE)
# Emphasis and code leave nothing; `src/**/*.ts`, `2 * 3` and `snake__case` stay.
_EMPHASIS = re.compile(
    r"`+|(?<!/)\*{2,3}(?!/)|(?<![\w/*])\*(?=[^\s/.*])|(?<=[^\s/*])\*(?![\w/.*])|~~|(?<!\w)__(?=\S)|(?<=\S)__(?!\w)"
)
_DRAWN = re.compile(r"[|\u2500-\u259f]")
_DRAWN_MOST = 8  # such characters in a passage; a table or a tree has more
_LINK = re.compile(r"!?\[([^\][]*)\]\([^()\s]*\)")
_ESCAPED = re.compile(r"\\[nt]")
_PART = re.compile(rf"[^\W_{UNSPACED}]+")
_TIED = re.compile(rf"{_PART.pattern}(?:[-_.'’]{_PART.pattern})+")
_GAP = re.compile(r"[\s\-_.,/]{0,2}")


class HasLead(Protocol):
    @property
    def pk(self) -> int: ...

    @property
    def lead(self) -> str: ...


class Shown(Protocol):
    """An agent, or as much of it as a list needs."""

    @property
    def pk(self) -> int: ...

    @property
    def latest_version(self) -> HasLead | None: ...


def excerpts(found: Found, agents: Iterable[Shown]) -> dict[int, Pieces]:
    """For each agent, by key, about two lines of its lead with the matches; else of its examples, of its prompt.

    Where no words were asked for, or the agent was found by its name or tags, the beginning of its lead. At most two
    queries.
    """
    wanted = _wanted(found.answered)
    versions = {agent.pk: agent.latest_version for agent in agents if agent.latest_version}
    pieces = {pk: _passage([version.lead], wanted) for pk, version in versions.items()}
    missing = [pk for pk, shown in pieces.items() if shown is None]
    if missing and wanted:
        pieces |= _deeper({pk: versions[pk].pk for pk in missing}, wanted)
    return {pk: shown or _beginning(versions[pk].lead, wanted) for pk, shown in pieces.items()}


@dataclass(frozen=True)
class _Wanted:
    """One term: the words that answer it as they stand in a folded text, and letters that may go on."""

    words: frozenset[str]
    begun: str
    strings: tuple[str, ...]  # to be found anywhere: of scripts without spaces, and `c++`

    @cached_property
    def stem(self) -> str:
        """With what they all begin: where that is missing, none of them is looked for."""
        forms = [*self.words, *([self.begun] if self.begun else [])]
        first, last = min(forms, default=""), max(forms, default="")
        alike = (length for length in range(len(first), 0, -1) if last.startswith(first[:length]))
        return first[: next(alike, 0)]


@lru_cache(maxsize=256)
def _wanted(query: str) -> tuple[_Wanted, ...]:
    wanted = []
    for term in ask(query).terms:
        if is_unspaced(term.typed[0]):
            text = "".join(pair[0] for pair in term.typed[:-1]) + term.typed[-1]
            wanted.append(_Wanted(frozenset(), "", (text,)))
            continue
        words = frozenset(word for words in term.meanings for word in words)
        begun = term.unfinished if len(term.unfinished) > 1 else ""
        wanted.append(_Wanted(words, begun, tuple(_SPELLED[word] for word in words if word in _SPELLED)))
    return tuple(wanted)


# --- Where the words are -----------------------------------------------------------------------------------


def _deeper(versions: dict[int, int], wanted: Sequence[_Wanted]) -> dict[int, Pieces | None]:
    texts: dict[int, list[str]] = {version: [] for version in versions.values()}
    fields = ("context", "user", "assistant", "commentary")
    examples = Example.objects.filter(version__in=texts).order_by("version", "position")
    for version, *said in examples.values_list("version", *fields):
        texts[version] += said
    for version, prompt in Version.objects.filter(pk__in=texts).values_list("pk", "prompt"):
        texts[version].append(prompt)
    return {pk: _passage(texts[version], wanted) for pk, version in versions.items()}


def _passage(texts: Iterable[str], wanted: Sequence[_Wanted]) -> Pieces | None:
    """Of the first text that has a match, the part with most of them."""
    texts = list(texts)
    # Accents are folded where nothing else helps: in a long text that takes long.
    for fold, among in ((str.lower, texts), (lowered, (text for text in texts if has_alike(text)))):
        for text in among:
            folded = fold(text)
            places = [(at, term) for term, one in enumerate(wanted) for at in _places(folded, one)]
            written = [place for place in places if not _is_drawn(text, place[0])]
            if written and len(folded) == len(text):
                return _marked(text, _best(sorted(written)), wanted)
    return None


def _is_drawn(text: str, at: int) -> bool:
    """Whether this place is in a table, or in a tree of folders."""
    return len(_DRAWN.findall(text, max(0, at - _BEFORE), at + LENGTH - _BEFORE)) > _DRAWN_MOST


def _places(folded: str, wanted: _Wanted) -> list[int]:
    found = [start for start, _ in _runs(folded, wanted)]
    found += [at for string in wanted.strings if (at := folded.find(string)) >= 0]
    return sorted(found)[:_OCCURRENCES]


def _runs(folded: str, wanted: _Wanted) -> Iterator[tuple[int, int]]:
    """Where the words of a term begin and end."""
    if wanted.stem not in folded:
        return
    for word in wanted.words:
        for at in _whole_words(folded, word):
            yield at, at + len(word)
    if wanted.begun:
        for at in _whole_words(folded, wanted.begun, goes_on=True):
            yield at, _run_end(folded, at)


def _whole_words(folded: str, word: str, *, goes_on: bool = False) -> Iterator[int]:
    at, count = folded.find(word), 0
    while at >= 0 and count < _OCCURRENCES:
        end = at + len(word)
        starts = at == 0 or not folded[at - 1].isalnum()
        if starts and (goes_on or end == len(folded) or not folded[end].isalnum()):
            yield at
            count += 1
        at = folded.find(word, end)


def _best(places: list[tuple[int, int]]) -> int:
    """Where the most terms stand together; of such places the first."""

    def together(start: int) -> int:
        return len({term for at, term in places if start <= at < start + LENGTH - _BEFORE})

    return max((at for at, _ in places), key=lambda at: (together(at), -at))


# --- What is shown -----------------------------------------------------------------------------------------


def _marked(text: str, at: int, wanted: Sequence[_Wanted]) -> Pieces:
    begin = max(0, at - 2 * _BEFORE)
    passage = _clean(text[begin : at + _READ])
    hits = _hits(passage, wanted)
    # What came before the match is as long as it was, or shorter: markup is gone.
    first = next((start for start, _ in hits if start >= min(at - begin, _BEFORE) - _BEFORE // 2), 0)
    start, end = _cut(passage, first, is_begun=begin == 0)
    shown = [(max(hit, start), min(stop, end)) for hit, stop in hits if hit < end and stop > start]
    pieces = _pieces(passage, shown, start, end)
    before, after = "…" if start or begin else "", "…" if end < len(passage) or at + _READ < len(text) else ""
    return [*([(before, False)] if before else []), *pieces, *([(after, False)] if after else [])]


def _cut(passage: str, at: int, *, is_begun: bool) -> tuple[int, int]:
    """Where what is shown begins and ends: at words, the match near the beginning."""
    length = LENGTH_UNSPACED if is_unspaced(passage[at : at + 1] or " ") else LENGTH
    start = 0 if is_begun and (at < 2 * _BEFORE or len(passage) <= length) else max(0, at - _BEFORE)
    if start:
        start = passage.find(" ", start, at) + 1 or start
    end = start + length
    if end >= len(passage):
        return start, len(passage)
    return start, max(passage.rfind(" ", end - 30, end), end - 30) if " " in passage[end - 30 : end] else end


def _beginning(text: str, wanted: Sequence[_Wanted]) -> Pieces:
    passage = _clean(text[:_READ])
    _, end = _cut(passage, 0, is_begun=True)
    shown = [(start, stop) for start, stop in _hits(passage, wanted) if stop <= end]
    return [*_pieces(passage, shown, 0, end), *([("…", False)] if end < len(passage) else [])]


def _clean(text: str) -> str:
    """The text on one line, without what Markdown adds to it."""
    unlinked = _LINK.sub(r"\1", _ESCAPED.sub(" ", text))
    return " ".join(_EMPHASIS.sub("", _MARKUP.sub(" ", unlinked)).split())


def _hits(passage: str, wanted: Sequence[_Wanted]) -> list[tuple[int, int]]:
    folded = lowered(passage)
    found = [run for one in wanted for run in _runs(folded, one)]
    for string in (string for one in wanted for string in one.strings):
        found += [match.span() for match in re.finditer(re.escape(string), folded)]
    return _merged(passage, sorted(found or _compounds(folded, wanted)))


def _run_end(folded: str, at: int) -> int:
    run = _PART.match(folded, at)
    return run.end() if run else at


def _compounds(folded: str, wanted: Sequence[_Wanted]) -> Iterator[tuple[int, int]]:
    """What is tied by punctuation and was asked for as one word."""
    words = frozenset().union(*(one.words for one in wanted))
    return (run.span() for run in _TIED.finditer(folded) if JOINTS.sub("", run[0]) in words)


def _merged(passage: str, hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Matches that overlap, or stand side by side, are one."""
    merged: list[tuple[int, int]] = []
    for start, end in hits:
        if merged and (start <= merged[-1][1] or _GAP.fullmatch(passage, merged[-1][1], start)):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _pieces(passage: str, hits: list[tuple[int, int]], start: int, end: int) -> Pieces:
    pieces: Pieces = []
    for hit, stop in hits:
        pieces += [(passage[start:hit], False), (passage[hit:stop], True)]
        start = stop
    return [(text, is_hit) for text, is_hit in (*pieces, (passage[start:end], False)) if text]
