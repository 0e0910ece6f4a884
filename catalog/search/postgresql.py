"""The index on PostgreSQL: one vector an agent, under GIN. Imports the entries, tiers and words of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.utils import CursorWrapper

from catalog.search import tokens
from catalog.search.entries import Entry
from catalog.search.found import Within
from catalog.search.tiers import Alternative, Clause, Side, Tier
from catalog.search.words import GAP, numbers

# What PostgreSQL keeps of a vector; it refuses a longer one.
_VECTOR_MAX_BYTES = 1_000_000
_POSITION_MAX = 16_383
_POSITIONS_MAX = 255  # of one word
_WORD_OVERHEAD = 8  # bytes: its entry, its count of positions, alignment
_TOKEN_MAX_BYTES = 2_000


def store(cursor: CursorWrapper, entries: Sequence[Entry], version: int) -> None:
    cursor.executemany(
        """
        INSERT INTO catalog_search (agent_id, breadth, version, words) VALUES (%s, %s, %s, %s::tsvector)
        ON CONFLICT (agent_id) DO UPDATE SET
            breadth = EXCLUDED.breadth, version = EXCLUDED.version, words = EXCLUDED.words
        """,
        [(entry.agent_id, entry.breadth, version, _vector(entry)) for entry in entries],
    )


def discard(cursor: CursorWrapper, agent_id: int) -> None:
    cursor.execute("DELETE FROM catalog_search WHERE agent_id = %s", [agent_id])


def discard_all(cursor: CursorWrapper, *, but: Within | None = None) -> None:
    where, params = (f" WHERE agent_id NOT IN ({but[0]})", but[1]) if but else ("", ())
    cursor.execute(f"DELETE FROM catalog_search{where}", params)  # noqa: S608


def find(
    cursor: CursorWrapper, tiers: Sequence[Tier], most: Sequence[int], within: Within | None
) -> Iterator[tuple[list[int], list[int]]]:
    """For each tier the newest agents that answer, so many at most, and the breadths of their names.

    One statement, which ends after a tier that is full, unless that is a lift.
    """
    questions = [_query(tier, keeps_phrases=False) for tier in tiers]
    checks = [_query(tier) if _has_phrase(tier) else None for tier in tiers]
    if within is None:
        ends = [not tier.is_lift for tier in tiers]
        cursor.execute(
            "SELECT ids, breadths FROM catalog_search_find(%s, %s, %s, %s)", [questions, checks, [*most], ends]
        )
        yield from ((numbers(ids), numbers(breadths)) for ids, breadths in cursor.fetchall())
        return
    for question, check, limit in zip(questions, checks, most, strict=True):
        sql = f"""
            SELECT agent_id, breadth FROM catalog_search_holding(%s, %s)
            WHERE agent_id IN ({within[0]}) ORDER BY agent_id DESC LIMIT {limit}
        """  # noqa: S608 (SQL of the ORM: whatever a reader typed is a parameter)
        cursor.execute(sql, [question, check, *within[1]])
        rows = cursor.fetchall()
        yield [agent_id for agent_id, _ in rows], [breadth for _, breadth in rows]


def sampled(cursor: CursorWrapper, clauses: Sequence[Clause], most: int) -> list[int]:
    """How many of the newest agents answer each clause."""
    cursor.execute("SELECT * FROM catalog_search_sampled(%s, %s)", [[_query(Tier((c,))) for c in clauses], most])
    return [count for (count,) in cursor.fetchall()]


def _has_phrase(tier: Tier) -> bool:
    return any(isinstance(one, Side) and len(one.words) > 1 for clause in tier.clauses for one in clause)


def _query(tier: Tier, keeps_phrases: bool = True) -> str:
    wanted = " & ".join(_clause(clause, keeps_phrases) for clause in tier.clauses)
    return f"{wanted} & !{_clause(tier.without, keeps_phrases)}" if tier.without else wanted


def _clause(clause: Clause, keeps_phrases: bool) -> str:
    return f"({' | '.join(_alternative(one, keeps_phrases) for one in clause)})"


def _alternative(alternative: Alternative, keeps_phrases: bool) -> str:
    """In quotes nothing is syntax but a quote and a backslash, and tokens hold neither."""
    if isinstance(alternative, Side):
        tie = "' <-> '" if keeps_phrases else "' & '"
        return f"('{tie.join(alternative.words)}'{':*' if alternative.goes_on else ''})"
    return "('" + "' & '".join(alternative) + "')"


def _vector(entry: Entry) -> str:
    """The tokens, and the words with their positions, as PostgreSQL writes a vector.

    A word outside the limits of PostgreSQL loses its position, or in a vector that is full, its place.
    """
    parts = [tokens.block(entry.agent_id), *entry.tokens]
    kept = [token for token in parts if len(token.encode()) <= _TOKEN_MAX_BYTES]
    room = _VECTOR_MAX_BYTES - sum(len(token.encode()) + _WORD_OVERHEAD for token in kept)
    positions: dict[str, list[str]] = {}
    for position, word in enumerate(entry.text, 1):
        if word == GAP:
            continue
        if word not in positions:
            room -= len(word.encode()) + _WORD_OVERHEAD
            if room < 0:
                break
            positions[word] = []
        if len(positions[word]) < _POSITIONS_MAX and position <= _POSITION_MAX:
            room -= 2
            positions[word].append(str(position))
    words = (f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in positions.items())
    return " ".join((*(f"'{token}'" for token in kept), *words))
