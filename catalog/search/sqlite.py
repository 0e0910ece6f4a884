"""The index on SQLite: one FTS5 table. Imports the entries, tiers and words of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.utils import CursorWrapper

from catalog.search.entries import Entry
from catalog.search.found import Within
from catalog.search.tiers import Alternative, Clause, Side, Tier
from catalog.search.tokens import SAMPLE
from catalog.search.words import GAP, numbers


def store(cursor: CursorWrapper, entries: Sequence[Entry], version: int) -> None:
    texts = [(entry.agent_id, " ".join((*entry.tokens, GAP, *entry.text))) for entry in entries]
    cursor.executemany("DELETE FROM catalog_search_words WHERE rowid = %s", [(agent_id,) for agent_id, _ in texts])
    cursor.executemany("INSERT INTO catalog_search_words (rowid, words) VALUES (%s, %s)", texts)
    cursor.executemany(
        "INSERT OR REPLACE INTO catalog_search (agent_id, breadth, version) VALUES (%s, %s, %s)",
        [(entry.agent_id, entry.breadth, version) for entry in entries],
    )


def discard(cursor: CursorWrapper, agent_id: int) -> None:
    cursor.execute("DELETE FROM catalog_search_words WHERE rowid = %s", [agent_id])
    cursor.execute("DELETE FROM catalog_search WHERE agent_id = %s", [agent_id])


def discard_all(cursor: CursorWrapper, *, but: Within | None = None) -> None:
    for table, key in (("catalog_search_words", "rowid"), ("catalog_search", "agent_id")):
        where, params = (f" WHERE {key} NOT IN ({but[0]})", but[1]) if but else ("", ())
        cursor.execute(f"DELETE FROM {table}{where}", params)  # noqa: S608


def find(
    cursor: CursorWrapper, tiers: Sequence[Tier], most: Sequence[int], within: Within | None
) -> Iterator[tuple[list[int], list[int]]]:
    """For each tier the newest agents that answer, so many at most, and the breadths of their names if those count.

    One statement, read as far as wanted: SQLite works out a tier when the one before it was read. A tier is one row,
    as rows take longer to hand over than to find.
    """
    # The plus keeps the planner from asking FTS5 once for every agent within.
    restriction, params = (f"AND +rowid IN ({within[0]})", within[1]) if within else ("", ())
    parts, values = [], []
    for tier, limit in zip(tiers, most, strict=True):
        breadths, joined = "''", ""
        if tier.is_of_names:
            breadths, joined = "group_concat(breadth)", "CROSS JOIN catalog_search USING (agent_id)"
        part = f"""
            SELECT group_concat(agent_id), {breadths} FROM (
                SELECT rowid AS agent_id FROM catalog_search_words
                WHERE catalog_search_words MATCH %s {restriction} ORDER BY rowid DESC LIMIT {limit}
            ) {joined}
        """  # noqa: S608 (SQL of the ORM: whatever a reader typed is a parameter)
        parts.append(part)
        values += [_expression(tier), *params]
    cursor.execute(" UNION ALL ".join(parts), values)
    while row := cursor.fetchone():
        yield numbers(row[0]), numbers(row[1])


def sampled(cursor: CursorWrapper, clauses: Sequence[Clause], most: int) -> list[int]:
    """How many of the newest agents answer each clause."""
    part = f"""
        SELECT count(*) FROM (
            SELECT 1 FROM catalog_search_words
            WHERE catalog_search_words MATCH %s AND rowid > (SELECT max(agent_id) - {SAMPLE} FROM catalog_search)
            ORDER BY rowid DESC LIMIT {most}
        )
    """  # noqa: S608 (numbers of these modules)
    cursor.execute(" UNION ALL ".join([part] * len(clauses)), [_expression(Tier((clause,))) for clause in clauses])
    return [count for (count,) in cursor.fetchall()]


def _expression(tier: Tier) -> str:
    wanted = " AND ".join(map(_clause, tier.clauses))
    return f"({wanted}) NOT {_clause(tier.without)}" if tier.without else wanted


def _clause(clause: Clause) -> str:
    return f"({' OR '.join(map(_alternative, clause))})"


def _alternative(alternative: Alternative) -> str:
    """In quotes nothing is syntax but a quote, and tokens hold none."""
    if isinstance(alternative, Side):
        return f'("{" ".join(alternative.words)}"{" *" if alternative.goes_on else ""})'
    return '("' + '" AND "'.join(alternative) + '")'
