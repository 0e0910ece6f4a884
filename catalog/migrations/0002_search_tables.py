"""The tables of the search index. They belong to no model: `catalog.search` alone reads and writes them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Texts arrive as words with spaces between: "ascii" splits them there and changes nothing else.
SQLITE = (
    """
    CREATE VIRTUAL TABLE catalog_search_heading
    USING fts5(names, tags, lead, examples, breadth UNINDEXED, tokenize = 'ascii', prefix = '1 2 3')
    """,
    """
    CREATE VIRTUAL TABLE catalog_search_text
    USING fts5(words, tokenize = 'ascii', prefix = '3')
    """,
)
# Names stay in the row, the long vectors out of it, so that finding the rows reads little.
POSTGRESQL = (
    """
    CREATE TABLE catalog_search (
        agent_id bigint PRIMARY KEY,
        breadth integer NOT NULL,
        names tsvector NOT NULL,
        heading tsvector NOT NULL,
        text tsvector NOT NULL
    ) WITH (toast_tuple_target = 128)
    """,
    "ALTER TABLE catalog_search ALTER COLUMN names SET STORAGE MAIN",
    "CREATE INDEX catalog_search_by_names ON catalog_search USING gin (names)",
    "CREATE INDEX catalog_search_by_heading ON catalog_search USING gin (heading)",
    "CREATE INDEX catalog_search_by_text ON catalog_search USING gin (text)",
    *(
        # The planner takes reading a vector for cheap and would rather read them all, for seconds: a function
        # is the way to make one query use the index.
        f"""
        CREATE FUNCTION catalog_search_in_{column}(question tsquery, most integer) RETURNS SETOF bigint
        LANGUAGE sql STABLE SET enable_seqscan = off SET enable_indexscan = off
        AS $$ SELECT agent_id FROM catalog_search WHERE {column} @@ question ORDER BY agent_id DESC LIMIT most $$
        """  # noqa: S608 (the names of three columns)
        for column in ("names", "heading", "text")
    ),
)
CREATE = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
DROP = {
    "sqlite": ("DROP TABLE catalog_search_heading", "DROP TABLE catalog_search_text"),
    "postgresql": (
        "DROP FUNCTION catalog_search_in_names, catalog_search_in_heading, catalog_search_in_text",
        "DROP TABLE catalog_search",
    ),
}


def create_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(create_tables, drop_tables)]
