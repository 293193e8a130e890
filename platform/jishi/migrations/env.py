"""Alembic's entry: runs the migrations in one transaction each, on the synchronous driver."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from jishi.migrations import target_metadata
from jishi.storage.engine import psycopg_url
from jishi.storage.metadata import SCHEMA

engine = create_engine(psycopg_url(context.config.attributes["url"]), poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=target_metadata(),
        version_table_schema=SCHEMA,
        include_schemas=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
