"""The index on SQLite: two FTS5 tables. Imports the words, questions and entries of this package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from catalog.search.entries import Entry
from catalog.search.questions import Place, Question, Term, Within

_HEADING, _TEXT = "catalog_search_heading", "catalog_search_text"


@dataclass(frozen=True)
class _Shelf:
    """How a place is read: what orders its answers, and how many of them, the newest, are ordered."""

    table: str
    score: str
    ordered: int


_SHELVES = {
    Place.NAMES: _Shelf(_HEADING, "breadth", 5_000),
    Place.HEADING: _Shelf(_HEADING, f"bm25({_HEADING}, 10.0, 5.0, 3.0, 1.0)", 2_000),
    Place.TEXT: _Shelf(_TEXT, f"bm25({_TEXT})", 1_001),
}


def store(cursor: CursorWrapper, entry: Entry) -> None:
    discard(cursor, entry.agent_id)
    cursor.execute(
        """
        INSERT INTO catalog_search_heading (rowid, names, tags, lead, examples, breadth)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        [entry.agent_id, *map(" ".join, entry.heading), entry.breadth],
    )
    cursor.execute(
        "INSERT INTO catalog_search_text (rowid, words) VALUES (%s, %s)",
        [entry.agent_id, " ".join(entry.words)],
    )


def discard(cursor: CursorWrapper, agent_id: int) -> None:
    cursor.execute("DELETE FROM catalog_search_heading WHERE rowid = %s", [agent_id])
    cursor.execute("DELETE FROM catalog_search_text WHERE rowid = %s", [agent_id])


def discard_all(cursor: CursorWrapper, *, but: Within | None = None) -> None:
    where, params = (f" WHERE rowid NOT IN ({but[0]})", but[1]) if but else ("", ())
    for table in (_HEADING, _TEXT):
        cursor.execute(f"DELETE FROM {table}{where}", params)  # noqa: S608


def find(cursor: CursorWrapper, place: Place, question: Question, within: Within | None, most: int) -> list[int]:
    """The agents that answer in one place, best first."""
    shelf = _SHELVES[place]
    # The plus keeps the planner from asking FTS5 once for every agent within.
    restriction, params = (f"AND +rowid IN ({within[0]})", within[1]) if within else ("", ())
    preferences = question.preferences(place)
    lift = f"(agent_id IN (SELECT rowid FROM {shelf.table} WHERE {shelf.table} MATCH %s))"  # noqa: S608
    sql = f"""
        SELECT agent_id FROM (
            SELECT rowid AS agent_id, {shelf.score} AS score FROM {shelf.table}
            WHERE {shelf.table} MATCH %s {restriction} ORDER BY rowid DESC LIMIT {shelf.ordered}
        )
        ORDER BY {" + ".join([lift] * len(preferences))} DESC, score, agent_id LIMIT {most}
    """  # noqa: S608 (names of this module, and SQL of the ORM: whatever a reader typed is a parameter)
    lifts = [_expression(place, (term,)) for term in preferences]
    cursor.execute(sql, [_expression(place, question.terms, question.wants_all), *params, *lifts])
    return [agent_id for (agent_id,) in cursor.fetchall()]


def _expression(place: Place, terms: Iterable[Term], wants_all: bool = True) -> str:
    operator = " AND " if wants_all else " OR "
    alternatives = operator.join(_alternatives(place, term) for term in terms)
    return f"{{names}} : ({alternatives})" if place is Place.NAMES else alternatives


def _alternatives(place: Place, term: Term) -> str:
    """In quotes nothing is syntax but a quote, and words hold none."""
    tie = " " if term.is_phrase_in(place) else '" AND "'
    found = [f'("{tie.join(words)}")' for words in (term.typed, *term.others)]
    if term.can_go_on(place.shortest_prefix):
        found.append(f'("{tie.join(term.typed)}" *)')
    return f"({' OR '.join(found)})"
