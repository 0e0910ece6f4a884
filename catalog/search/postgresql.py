"""The index on PostgreSQL: weighted vectors under GIN. Imports the words, questions and entries of this package."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from catalog.search.entries import Entry
from catalog.search.questions import Place, Question, Term, Within
from catalog.search.words import GAP

# How many answers, the newest, are put in order.
_ORDERED = {Place.NAMES: 5_000, Place.HEADING: 2_000, Place.TEXT: 1_001}
# The index knows which vectors hold the words of a phrase; whether they stand side by side, only the vectors do.
_READ_FOR_PHRASES = 5_000
_RANK = "-ts_rank('{0.1, 0.3, 0.5, 1.0}', vector, %s::tsquery, 1)"

# What PostgreSQL keeps of a vector; it refuses a longer one.
_VECTOR_MAX_BYTES = 1_000_000
_POSITION_MAX = 16_383
_POSITIONS_MAX = 255  # of one word
_WORD_OVERHEAD = 8  # bytes: its entry, its count of positions, alignment


def store(cursor: CursorWrapper, entry: Entry) -> None:
    cursor.execute(
        """
        INSERT INTO catalog_search (agent_id, breadth, names, heading, text)
        VALUES (%s, %s, %s::tsvector, %s::tsvector, %s::tsvector)
        ON CONFLICT (agent_id) DO UPDATE SET
            breadth = EXCLUDED.breadth, names = EXCLUDED.names, heading = EXCLUDED.heading, text = EXCLUDED.text
        """,
        [entry.agent_id, entry.breadth, _vector([entry.names]), _vector(entry.heading), _vector([entry.words])],
    )


def discard(cursor: CursorWrapper, agent_id: int) -> None:
    cursor.execute("DELETE FROM catalog_search WHERE agent_id = %s", [agent_id])


def discard_all(cursor: CursorWrapper, *, but: Within | None = None) -> None:
    where, params = (f" WHERE agent_id NOT IN ({but[0]})", but[1]) if but else ("", ())
    cursor.execute(f"DELETE FROM catalog_search{where}", params)  # noqa: S608


def find(cursor: CursorWrapper, place: Place, question: Question, within: Within | None, most: int) -> list[int]:
    """The agents that answer in one place, best first. A phrase is looked for in the newest that hold its words."""
    has_phrase = any(term.is_phrase_in(place) for term in question.terms)
    read = _READ_FOR_PHRASES if has_phrase else _ORDERED[place]
    restriction, params = (f"WHERE agent_id IN ({within[0]})", within[1]) if within else ("", ())
    preferences = question.preferences(place)
    # The vector is taken out of its long-term storage once, for all that asks it.
    sql = f"""
        WITH holding AS MATERIALIZED (
            SELECT agent_id FROM catalog_search_in_{place.value}(%s::tsquery, %s) AS agent_id
            {restriction} ORDER BY agent_id DESC LIMIT {read}
        )
        SELECT agent_id FROM (
            SELECT agent_id, breadth, vector FROM holding JOIN catalog_search USING (agent_id)
            CROSS JOIN LATERAL (SELECT {place.value} || '' AS vector OFFSET 0) AS flat
            {"WHERE vector @@ %s::tsquery" if has_phrase else ""} LIMIT {_ORDERED[place]}
        ) AS answers
        ORDER BY {" + ".join(["(vector @@ %s::tsquery)::int"] * len(preferences))} DESC,
            {"breadth" if place is Place.NAMES else _RANK}, agent_id
        LIMIT {most}
    """  # noqa: S608 (names of this module, and SQL of the ORM: whatever a reader typed is a parameter)
    asked = [_query(place, question.terms, question.wants_all)] if has_phrase else []
    lifts = [_query(place, (term,)) for term in preferences]
    ranked = [] if place is Place.NAMES else [_query(place, question.terms, wants_all=False)]
    holding = _query(place, question.terms, question.wants_all, ignores_phrases=True)
    cursor.execute(sql, [holding, None if within else read, *params, *asked, *lifts, *ranked])
    return [agent_id for (agent_id,) in cursor.fetchall()]


def _query(place: Place, terms: Iterable[Term], wants_all: bool = True, ignores_phrases: bool = False) -> str:
    operator = " & " if wants_all else " | "
    return operator.join(_alternatives(place, term, ignores_phrases) for term in terms)


def _alternatives(place: Place, term: Term, ignores_phrases: bool) -> str:
    """In quotes nothing is syntax but a quote and a backslash, and words hold neither."""
    tie = "' <-> '" if term.is_phrase_in(place) and not ignores_phrases else "' & '"
    found = [f"('{tie.join(words)}')" for words in (term.typed, *term.others)]
    if term.can_go_on(place.shortest_prefix):
        found.append(f"('{tie.join(term.typed)}':*)")
    return f"({' | '.join(found)})"


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
