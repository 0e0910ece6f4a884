"""The index on PostgreSQL: weighted vectors under GIN. Imports the words, questions and entries of this package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from catalog.search.entries import Entry
from catalog.search.questions import Place, Question, Term, Within
from catalog.search.words import GAP, Words

_HEADING, _TEXT = "catalog_search_heading", "catalog_search_text"
# What PostgreSQL keeps of a vector; it refuses a longer one.
_VECTOR_MAX_BYTES = 1_000_000
_POSITION_MAX = 16_383
_POSITIONS_MAX = 255  # of one word
_WORD_OVERHEAD = 8  # bytes: its entry, its count of positions, alignment


@dataclass(frozen=True)
class _Shelf:
    """How a place is read: what orders its answers, and how many of them, the newest, are ordered."""

    table: str
    vector: str
    score: str
    ordered: int


_RANK = "-ts_rank('{0.1, 0.3, 0.5, 1.0}', vector, %s::tsquery, 1)"
_SHELVES = {
    Place.NAMES: _Shelf(_HEADING, "names", "breadth", 5_000),
    Place.HEADING: _Shelf(_HEADING, "words", _RANK, 5_000),
    Place.TEXT: _Shelf(_TEXT, "words", _RANK, 2_000),
}


def store(cursor: CursorWrapper, entry: Entry) -> None:
    cursor.execute(
        """
        INSERT INTO catalog_search_heading (agent_id, breadth, names, words)
        VALUES (%s, %s, %s::tsvector, %s::tsvector)
        ON CONFLICT (agent_id) DO UPDATE
        SET breadth = EXCLUDED.breadth, names = EXCLUDED.names, words = EXCLUDED.words
        """,
        [entry.agent_id, entry.breadth, _vector([entry.names]), _vector(entry.heading)],
    )
    cursor.execute(
        """
        INSERT INTO catalog_search_text (agent_id, words) VALUES (%s, %s::tsvector)
        ON CONFLICT (agent_id) DO UPDATE SET words = EXCLUDED.words
        """,
        [entry.agent_id, _vector([entry.words])],
    )


def discard(cursor: CursorWrapper, agent_id: int) -> None:
    cursor.execute("DELETE FROM catalog_search_heading WHERE agent_id = %s", [agent_id])
    cursor.execute("DELETE FROM catalog_search_text WHERE agent_id = %s", [agent_id])


def discard_all(cursor: CursorWrapper, *, but: Within | None = None) -> None:
    where, params = (f" WHERE agent_id NOT IN ({but[0]})", but[1]) if but else ("", ())
    for table in (_HEADING, _TEXT):
        cursor.execute(f"DELETE FROM {table}{where}", params)  # noqa: S608


def tidy(cursor: CursorWrapper) -> None:
    """Tell the planner how common each word is: without, it may read every row for a rare one."""
    for table in (_HEADING, _TEXT):
        cursor.execute(f"ANALYZE {table}")


def find(cursor: CursorWrapper, place: Place, question: Question, within: Within | None, most: int) -> list[int]:
    """The agents that answer in one place, best first."""
    shelf = _SHELVES[place]
    restriction, params = (f"AND agent_id IN ({within[0]})", within[1]) if within else ("", ())
    preferences = question.preferences(place)
    lift = "(vector @@ %s::tsquery)::int"
    sql = f"""
        SELECT agent_id FROM (
            SELECT *, {shelf.vector} AS vector FROM {shelf.table}
            WHERE {shelf.vector} @@ %s::tsquery {restriction} ORDER BY agent_id DESC LIMIT {shelf.ordered}
        ) AS answers
        ORDER BY {" + ".join([lift] * len(preferences))} DESC, {shelf.score}, agent_id LIMIT {most}
    """  # noqa: S608 (names of this module, and SQL of the ORM: whatever a reader typed is a parameter)
    lifts = [_query(place, (term,)) for term in preferences]
    ranked = [_query(place, question.terms, wants_all=False)] if shelf.score is _RANK else []
    cursor.execute(sql, [_query(place, question.terms, question.wants_all), *params, *lifts, *ranked])
    return [agent_id for (agent_id,) in cursor.fetchall()]


def _query(place: Place, terms: Iterable[Term], wants_all: bool = True) -> str:
    operator = " & " if wants_all else " | "
    return operator.join(_alternatives(term, place.shortest_prefix) for term in terms)


def _alternatives(term: Term, shortest_prefix: int) -> str:
    phrases = [_phrase(words) for words in (term.typed, *term.others)]
    if term.can_go_on(shortest_prefix):
        phrases.append(_phrase(term.typed, goes_on=True))
    return f"({' | '.join(phrases)})"


def _phrase(words: Words, *, goes_on: bool = False) -> str:
    """In quotes nothing is syntax but a quote and a backslash, and words hold neither."""
    phrase = " <-> ".join(f"'{word}'" for word in words)
    return f"({phrase}:*)" if goes_on else f"({phrase})"


def _vector(passages: Iterable[list[str]]) -> str:
    """The words with their positions as PostgreSQL writes a vector; each passage weighs less than the one before.

    A word outside the limits of PostgreSQL loses its position, or in a vector that is full, its place.
    """
    positions: dict[str, list[str]] = {}
    room, position = _VECTOR_MAX_BYTES, 0
    for weight, words in zip("ABCD", passages, strict=False):
        position += 1
        for word in words:
            position += 1
            if word == GAP:
                continue
            if word not in positions:
                room -= len(word.encode()) + _WORD_OVERHEAD
                if room < 0:
                    break
                positions[word] = []
            if len(positions[word]) < _POSITIONS_MAX and position <= _POSITION_MAX:
                room -= 2
                positions[word].append(f"{position}{weight}")
    return " ".join(f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in positions.items())
