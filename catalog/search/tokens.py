"""The tokens of the index: words marked with the part of an agent they stand in, and marks to narrow by.

A mark is neither letter nor digit, so no text holds one. It is not ASCII, because SQLite's tokenizer drops ASCII
marks. Imports `words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from catalog.search.words import Words, is_unspaced

# Where a word stands. A word without a mark stands anywhere, the prompt included.
NAMES = "«"  # in the name or the title
HEADING = "»"  # there, in a tag, a former name or the lead
CENTRAL = "±"  # in an example, or often in the prompt
ANYWHERE = ""

_START, _END = "⟨", "⟩"  # of a name
_TIE = "·"  # between words that stand side by side
_BEGINS = "¦"  # after the first letters of words
_FILTER = "§"

EVERY = _FILTER  # every agent has it
BEGINNING_MAX = 3  # letters; words that begin with more are looked up in the vocabulary
_VALUE_MAX = 200  # characters of a value that count


def tied(words: Words) -> Iterator[str]:
    """The words side by side, two and two: who has all of these has the phrase."""
    return (f"{first}{_TIE}{second}" for first, second in pairwise(words))


def whole(words: Words) -> str:
    """A name, and nothing but the whole of it."""
    return f"{_START}{_TIE.join(words)}{_END}"


def starts_with(word: str) -> str:
    """A name that starts with this word."""
    return f"{_START}{word}"


def beginning(letters: str) -> str:
    """Some word that goes on after these letters."""
    return f"{letters}{_BEGINS}"


def beginnings(word: str) -> Iterator[str]:
    longest = 1 if is_unspaced(word) else BEGINNING_MAX
    return (beginning(word[:length]) for length in range(1, min(longest, len(word) - 1) + 1))


def tokens_of_passage(words: Words) -> Iterator[str]:
    """Everything a short passage can be found by."""
    yield from words
    yield from tied(words)
    for word in words:
        yield from beginnings(word)


def marked(mark: str, tokens: Iterable[str]) -> Iterator[str]:
    return (mark + token for token in tokens)


# --- What agents are narrowed by ---------------------------------------------------------------------------


def shelf(pk: int) -> str:
    """In the category with this key: its name and title may change."""
    return f"{_FILTER}c{pk}"


def tag(pk: int) -> str:
    return f"{_FILTER}t{pk}"


def value(kind: str, text: str) -> str:
    """Of this model, permission mode or tool; "*" is every tool there is."""
    spelled = text[:_VALUE_MAX].encode("utf-8", "surrogatepass").hex()
    return f"{_FILTER}{_KINDS[kind]}{spelled}"


def block(agent_id: int) -> str:
    """Among agents with keys near this one."""
    return f"{_FILTER}b{agent_id // BLOCK}"


BLOCK = 2_048  # keys that share a mark
SAMPLE = 2 * BLOCK  # of the newest agents: says how frequent a word is
_KINDS = {"model": "m", "mode": "p", "tool": "u"}
