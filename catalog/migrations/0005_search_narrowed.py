"""The search index anew: one table of words for all that is asked, and what people mistype.

The index is empty afterwards: `manage.py quickstart` and `manage.py rebuild_search` fill it.
"""

from importlib import import_module

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_before = import_module(f"{__package__}.0002_search_tables")

# Texts arrive as words with spaces between: "ascii" splits them there and changes nothing else. Nobody asks FTS5
# how long a text is.
SQLITE = (
    "CREATE VIRTUAL TABLE catalog_search_words USING fts5(words, tokenize = 'ascii', columnsize = 0)",
    """
    CREATE TABLE catalog_search (
        agent_id integer PRIMARY KEY,
        breadth integer NOT NULL,
        version integer NOT NULL
    )
    """,
    "CREATE TABLE catalog_search_word (word text PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE catalog_search_slip (slip text, word text, PRIMARY KEY (slip, word)) WITHOUT ROWID",
    """
    CREATE TABLE catalog_search_value (
        kind text, folded text, value text, PRIMARY KEY (kind, folded, value)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX catalog_search_value_spelled ON catalog_search_value (value)",
)
# The long vectors stand out of the rows, so that finding rows reads little. What was published since the index was
# last put in order is looked through on every search: little, then.
POSTGRESQL = (
    """
    CREATE TABLE catalog_search (
        agent_id bigint PRIMARY KEY,
        breadth integer NOT NULL,
        version integer NOT NULL,
        words tsvector NOT NULL
    ) WITH (toast_tuple_target = 128)
    """,
    "CREATE INDEX catalog_search_by_words ON catalog_search USING gin (words) WITH (gin_pending_list_limit = 512)",
    'CREATE TABLE catalog_search_word (word text COLLATE "C" PRIMARY KEY)',
    'CREATE TABLE catalog_search_slip (slip text COLLATE "C", word text COLLATE "C", PRIMARY KEY (slip, word))',
    """
    CREATE TABLE catalog_search_value (
        kind text COLLATE "C", folded text COLLATE "C", value text COLLATE "C", PRIMARY KEY (kind, folded, value)
    )
    """,
    "CREATE INDEX catalog_search_value_spelled ON catalog_search_value (value)",
    # The planner takes reading a vector for cheap and would rather read them all, for seconds: a function
    # is the way to make one query use the index.
    """
    CREATE FUNCTION catalog_search_holding(question text, checked text)
    RETURNS TABLE (agent_id bigint, breadth integer)
    LANGUAGE sql STABLE SET enable_seqscan = off SET enable_indexscan = off
    AS $$
        SELECT found.agent_id, found.breadth FROM catalog_search AS found
        WHERE found.words @@ question::tsquery AND (checked IS NULL OR found.words @@ checked::tsquery)
    $$
    """,
    # A bitmap of all answers takes long where they are many. So the newest are asked first, by the marks of their
    # blocks, and as many more as it should take; where few answer, all the others at once. The index knows which
    # vectors hold the words of a phrase; whether they stand side by side, only the vectors do: some are read.
    """
    CREATE FUNCTION catalog_search_newest(
        question tsquery, checked tsquery, most integer, newest bigint, OUT ids bigint[], OUT breadths integer[]
    )
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_indexscan = off SET plan_cache_mode = force_generic_plan
    AS $$
    DECLARE
        last bigint := newest / 2048;
        width bigint := 2;
        first bigint;
        asked tsquery;
        more bigint[];
        their integer[];
    BEGIN
        ids := '{}';
        breadths := '{}';
        WHILE last >= 0 AND cardinality(ids) < most LOOP
            asked := question;
            first := 0;
            IF width <= 12 THEN
                first := greatest(last - width + 1, 0);
                asked := question && (
                    SELECT string_agg(quote_literal('§b' || block), '|') FROM generate_series(first, last) AS block
                )::tsquery;
            END IF;
            SELECT array_agg(one.agent_id), array_agg(one.breadth) INTO more, their
            FROM (
                SELECT found.agent_id, found.breadth FROM catalog_search AS found
                WHERE found.words @@ asked AND found.agent_id + 0 < (last + 1) * 2048
                ORDER BY found.agent_id DESC LIMIT most - cardinality(ids)
            ) AS one;
            ids := ids || more;
            breadths := breadths || their;
            last := first - 1;
            width := (most - cardinality(ids)) * (newest / 2048 - last) * 5 / 4 / greatest(cardinality(ids), 1) + 1;
        END LOOP;
        IF checked IS NOT NULL THEN
            SELECT coalesce(array_agg(one.agent_id ORDER BY one.agent_id DESC), '{}'),
                coalesce(array_agg(one.breadth ORDER BY one.agent_id DESC), '{}')
            INTO ids, breadths
            FROM catalog_search AS one WHERE one.agent_id = ANY (ids) AND one.words @@ checked;
        END IF;
    END
    $$
    """,
    """
    CREATE FUNCTION catalog_search_find(questions text[], checks text[], most integer[], ends boolean[])
    RETURNS TABLE (ids text, breadths text)
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        newest bigint := (SELECT max(agent_id) FROM catalog_search);
        answers record;
    BEGIN
        FOR at IN 1 .. cardinality(questions) LOOP
            answers := catalog_search_newest(
                questions[at]::tsquery, checks[at]::tsquery,
                CASE WHEN checks[at] IS NULL THEN most[at] ELSE greatest(most[at], 2000) END, newest
            );
            ids := array_to_string(answers.ids[:most[at]], ',');
            breadths := array_to_string(answers.breadths[:most[at]], ',');
            RETURN NEXT;
            EXIT WHEN cardinality(answers.ids) >= most[at] AND ends[at];
        END LOOP;
    END
    $$
    """,
    """
    CREATE FUNCTION catalog_search_sampled(questions text[], most integer) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_indexscan = off SET plan_cache_mode = force_generic_plan
    AS $$
    DECLARE
        newest bigint := (SELECT max(agent_id) FROM catalog_search);
        recent tsquery := ('''§b' || newest / 2048 || ''' | ''§b' || newest / 2048 - 1 || '''')::tsquery;
        question tsquery;
    BEGIN
        FOR at IN 1 .. cardinality(questions) LOOP
            question := questions[at]::tsquery && recent;
            RETURN QUERY SELECT count(*) FROM catalog_search AS found WHERE found.words @@ question;
        END LOOP;
    END
    $$
    """,
)
CREATE = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
TABLES = ("catalog_search", "catalog_search_word", "catalog_search_slip", "catalog_search_value")
DROP = {
    "sqlite": tuple(f"DROP TABLE {table}" for table in ("catalog_search_words", *TABLES)),
    "postgresql": (
        "DROP FUNCTION catalog_search_holding, catalog_search_find, catalog_search_newest, catalog_search_sampled",
        *(f"DROP TABLE {table}" for table in TABLES),
    ),
}


def create_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _before.drop_tables(apps, schema_editor)
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
    _before.create_tables(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_public_catalog")]

    operations = [
        migrations.RunPython(create_tables, drop_tables),
        migrations.AddIndex("version", models.Index(fields=("checks_version",), name="version_checks_version")),
    ]
