"""The tables of the search index. They belong to no model: `catalog.search` alone reads and writes them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Texts arrive as words that only stand apart by spaces; "ascii" splits them there and changes nothing else.
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
# Two tables, so that the index of the headings is read without the long vectors of the prompts.
POSTGRESQL = (
    """
    CREATE TABLE catalog_search_heading (
        agent_id bigint PRIMARY KEY,
        breadth integer NOT NULL,
        names tsvector NOT NULL,
        words tsvector NOT NULL
    )
    """,
    "CREATE INDEX catalog_search_names ON catalog_search_heading USING gin (names)",
    "CREATE INDEX catalog_search_heading_words ON catalog_search_heading USING gin (words)",
    """
    CREATE TABLE catalog_search_text (
        agent_id bigint PRIMARY KEY,
        words tsvector NOT NULL
    )
    """,
    "CREATE INDEX catalog_search_text_words ON catalog_search_text USING gin (words)",
)
STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def create_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in ("catalog_search_heading", "catalog_search_text"):
        schema_editor.execute(f"DROP TABLE {table}")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(create_tables, drop_tables)]
