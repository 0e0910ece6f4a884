"""The words that stand in headings, how they may be mistyped, and the values to narrow by. Imports `entries`.

Words are learned and not forgotten: one that no agent has any more answers nothing, so nobody is misled. They are
written in one order, and what is there already is left alone: two who publish at once never wait in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any

from django.db.backends.utils import CursorWrapper

from catalog.search.entries import Entry
from catalog.search.questions import Question
from catalog.search.tiers import Known
from catalog.search.tokens import BEGINNING_MAX
from catalog.search.words import is_unspaced

_GOES_ON_MOST = 32
_VALUE_MAX = 200  # characters of a value that can be typed
VALUES_MOST = 5_000  # that are compared with one that is none
_BATCH = 400
_LOCK = 0x0CA7_A107  # any number that nothing else takes
_LAST = "\U0010ffff"

# A word of so many letters forgives one error, a longer one two.
MENDED_MIN, TWO_ERRORS_MIN = 4, 6
_VALUE_MENDED_MIN = 3  # of a value, of which there are few
_MENDED_MAX = 30
_COMPARED = 7  # letters of which some may be left out; the rest is compared later


def learn(cursor: CursorWrapper, entries: Collection[Entry]) -> None:
    words = _unknown(cursor, frozenset().union(*(entry.vocabulary for entry in entries)))
    values = {
        (kind, text.casefold(), text) for entry in entries for kind, text in entry.values if len(text) <= _VALUE_MAX
    }
    texts = {text for *_, text in values}
    values -= set(_select(cursor, "SELECT kind, folded, value FROM catalog_search_value WHERE value IN", texts))
    if words or values:
        _wait_for_other_learners(cursor)
    new = _insert(cursor, "catalog_search_word", ("word",), ((word,) for word in words))
    slips = sorted((slip, word) for (word,) in new for slip in _slips_of(word))
    _insert(cursor, "catalog_search_slip", ("slip", "word"), slips)
    _insert(cursor, "catalog_search_value", ("kind", "folded", "value"), sorted(values))


def _wait_for_other_learners(cursor: CursorWrapper) -> None:
    """A word is held by who writes it until their transaction ends, and one that indexes twice writes in no order.

    SQLite has one writer at a time anyway.
    """
    if cursor.db.vendor == "postgresql":
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def forget(cursor: CursorWrapper) -> None:
    for table in ("catalog_search_word", "catalog_search_slip", "catalog_search_value"):
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def known_of(cursor: CursorWrapper, question: Question) -> Known:
    """What the vocabulary knows of the words of a question, and how its last one may go on. One query."""
    words = sorted({word for term in question.terms for word in term.words} | set(question.name))
    letters = sorted({term.unfinished for term in question.terms if _may_go_on(term.unfinished, term.typed)})
    parts = [f"SELECT word, '' FROM catalog_search_word WHERE word IN ({', '.join(['%s'] * len(words))})"]  # noqa: S608
    gone_on = f"""
        SELECT * FROM (
            SELECT word, %s FROM catalog_search_word WHERE word > %s AND word < %s
            ORDER BY length(word), word LIMIT {_GOES_ON_MOST}
        ) AS gone_on
    """  # noqa: S608 (a number of this module)
    parts += [gone_on] * len(letters)
    params = [*words, *(param for begun in letters for param in (begun, begun, begun + _LAST))]
    cursor.execute(" UNION ALL ".join(parts), params)
    known, goes_on = set(), dict[str, list[str]]()
    for word, begun in cursor.fetchall():
        known.add(word)
        if begun:
            goes_on.setdefault(begun, []).append(word)
    return Known(known, {begun: tuple(words) for begun, words in goes_on.items()})


def _may_go_on(letters: str, typed: Collection[str]) -> bool:
    if not letters or is_unspaced(letters):
        return False
    return len(letters) > BEGINNING_MAX or len(typed) > 1


def known_among(cursor: CursorWrapper, words: Collection[str]) -> set[str]:
    """Those of the words that stand in some heading."""
    return {word for (word,) in _select(cursor, "SELECT word FROM catalog_search_word WHERE word IN", words)}


def spelled(cursor: CursorWrapper, kind: str, typed: str) -> str:
    """The value of this kind that a reader means, whatever the case; as typed where there is none."""
    sql = "SELECT value FROM catalog_search_value WHERE kind = %s AND folded = %s ORDER BY value"
    cursor.execute(sql, [kind, typed.casefold()])
    values = [value for (value,) in cursor.fetchall()]
    return typed if typed in values or not values else values[0]


def values_of(cursor: CursorWrapper, kind: str) -> list[str]:
    """What some agent has, or had, of this kind."""
    sql = "SELECT value FROM catalog_search_value WHERE kind = %s ORDER BY folded, value LIMIT %s"
    cursor.execute(sql, [kind, VALUES_MOST])
    return [value for (value,) in cursor.fetchall()]


# --- Typing errors --------------------------------------------------------------------------------------


def meant_by(cursor: CursorWrapper, typed: str) -> list[str]:
    """The words of headings that come closest to a mistyped one; none that has too many other letters."""
    if not _can_be_mistyped(typed):
        return []
    slips = sorted(_slips_of(typed))
    found = {word for (word,) in _select(cursor, "SELECT word FROM catalog_search_slip WHERE slip IN", slips)}
    errors = {word: _errors(typed, word, _forgiven(word, typed)) for word in found if word != typed}
    near = {
        word: count
        for word, count in errors.items()
        if count <= _forgiven(word, typed) and (count < 2 or word[0] == typed[0])
    }
    least = min(near.values(), default=0)
    return sorted(word for word, count in near.items() if count == least)


def nearest(typed: str, values: Iterable[str]) -> str | None:
    """Of a few values the one that comes closest to a mistyped one, whatever the case; None where none is near."""
    folded = typed.casefold()
    if not _VALUE_MENDED_MIN <= len(folded) <= _MENDED_MAX:
        return None
    near, letters = [], set(folded)
    for value in values:
        other, forgiven = value.casefold(), _forgiven(folded, value)
        if abs(len(other) - len(folded)) > forgiven or len(letters ^ set(other)) > 2 * forgiven:
            continue  # cheap to see, of thousands
        if (errors := _errors(folded, other, forgiven)) <= forgiven:
            near.append((errors, other[:1] != folded[0], value))
    return min(near)[2] if near else None


def _can_be_mistyped(word: str) -> bool:
    return MENDED_MIN <= len(word) <= _MENDED_MAX and not is_unspaced(word) and not word.isdigit()


def _forgiven(*words: str) -> int:
    return 2 if min(map(len, words)) >= TWO_ERRORS_MIN else 1


@lru_cache(maxsize=1024)
def _slips_of(word: str) -> frozenset[str]:
    """What is left of the beginning of a word without one or two of its letters: mistyped words share some of it."""
    if not _can_be_mistyped(word):
        return frozenset()
    start = word[:_COMPARED]
    kept = range(len(start) - _forgiven(word), len(start) + 1)
    return frozenset("".join(letters) for length in kept for letters in combinations(start, length))


def _errors(typed: str, word: str, most: int) -> int:
    """Letters too many, too few, wrong, or two that changed places, to come from one word to the other.

    Where these are more than `most`, any number above that.
    """
    far = most + 1
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        before, above, row = row, before, [i, *[far] * len(word)]
        for j in range(max(1, i - most), min(len(word), i + most) + 1):  # no way of fewer errors goes farther aside
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != word[j - 1]))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == word[j - 1]:
                cost = min(cost, above[j - 2] + 1)
            row[j] = cost
        if min(row) > most:
            return far
    return row[-1]


# --- Rows -------------------------------------------------------------------------------------------------


def _unknown(cursor: CursorWrapper, words: Collection[str]) -> list[str]:
    return sorted(set(words) - known_among(cursor, words))


def _select(cursor: CursorWrapper, sql: str, wanted: Iterable[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for batch in _batches(sorted(wanted)):
        cursor.execute(f"{sql} ({', '.join(['%s'] * len(batch))})", batch)
        found += cursor.fetchall()
    return found


def _insert(
    cursor: CursorWrapper, table: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Write the rows that are not there; gives those."""
    new: list[tuple[str, ...]] = []
    row = f"({', '.join(['%s'] * len(columns))})"
    for batch in _batches(list(rows)):
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(batch))}"  # noqa: S608
        sql += f" ON CONFLICT DO NOTHING RETURNING {', '.join(columns)}"
        cursor.execute(sql, [value for one in batch for value in one])
        new += cursor.fetchall()
    return new


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
