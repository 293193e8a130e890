"""The schema's history ends where the declarations stand: what the migrations made is what the tables say."""

from __future__ import annotations

from typing import Any

import asyncpg
import geoalchemy2  # noqa: F401  teaches the inspector what a geometry column is
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, pool, text

from jishi.migrations import target_metadata
from jishi.storage.engine import psycopg_url
from jishi.storage.metadata import SCHEMA

CHILDREN = """
-- Partitions: they follow their parent, which is compared.
SELECT child.relname FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid
JOIN pg_namespace ON pg_namespace.oid = child.relnamespace
WHERE nspname = :schema
"""


def test_a_migrated_database_is_what_the_declarations_say(database: str) -> None:
    assert differences(database, target_metadata()) == []


async def test_the_comparison_sees_what_no_migration_made(database: str, connection: asyncpg.Connection[Any]) -> None:
    """What the test above rests on: a table, a column, an index and a type that differ are found."""
    await connection.execute("DROP TABLE jishi.review")
    await connection.execute("DROP INDEX jishi.place_geom_idx")
    await connection.execute("ALTER TABLE jishi.relation DROP COLUMN to_lookup")
    await connection.execute("ALTER TABLE jishi.judgement ALTER COLUMN decided_by TYPE uuid USING NULL")
    found = differences(database, target_metadata())
    kinds = {difference[0] if isinstance(difference, tuple) else difference[0][0] for difference in found}
    assert kinds == {"add_table", "add_index", "add_column", "modify_type"}


def differences(url: str, declared: MetaData) -> list[Any]:
    """Alembic's comparison of schema ``jishi``, types included, without partitions and its own version table."""
    engine = create_engine(psycopg_url(url), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SET search_path = public"))
            connection.dialect.default_schema_name = "public"
            children = set(connection.execute(text(CHILDREN), {"schema": SCHEMA}).scalars())

            def compared(name: str | None, kind: str, parents: Any) -> bool:
                if kind == "schema":
                    return name == SCHEMA
                return kind != "table" or name not in children | {"alembic_version"}

            context = MigrationContext.configure(
                connection,
                opts={
                    "target_metadata": declared,
                    "include_schemas": True,
                    "include_name": compared,
                    "compare_type": True,
                    "version_table_schema": SCHEMA,
                },
            )
            return list(compare_metadata(context, declared))
    finally:
        engine.dispose()
