"""Writes the DDL of the declared tables, of all or of single registers: what a new migration would say.

``python -m jishi.migrations.draft [REGISTER]…``
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from jishi.migrations import target_metadata

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def statements(registers: Collection[str] = ()) -> Iterator[str]:
    """One DDL statement after the other, tables before those that refer to them; of ``registers`` alone if any."""
    wanted = {f"{name}{part}" for name in registers for part in ("", "_version", "_contribution", "_link")}
    for table in target_metadata().sorted_tables:
        if not wanted or table.name in wanted:
            yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield str(CreateTable(table).compile(dialect=DIALECT)).strip()
    if table.comment:
        comment = table.comment.replace("'", "''")
        yield f"COMMENT ON TABLE {table.fullname} IS '{comment}'"
    for column in table.columns:
        if column.comment:
            comment = column.comment.replace("'", "''")
            yield f"COMMENT ON COLUMN {table.fullname}.{column.name} IS '{comment}'"
    for value in table.info.get("partitions", ()):
        yield f"CREATE TABLE {table.fullname}_{value} PARTITION OF {table.fullname} FOR VALUES IN ('{value}')"
    if str(table.dialect_options["postgresql"].get("partition_by", "")).startswith("RANGE"):
        yield f"CREATE TABLE {table.fullname}_rest PARTITION OF {table.fullname} DEFAULT"
    for index in sorted(table.indexes, key=lambda item: str(item.name)):
        yield str(CreateIndex(index).compile(dialect=DIALECT)).strip()


if __name__ == "__main__":
    sys.stdout.write("-- Tables as declared; one statement a blank-line block.\n\n")
    sys.stdout.write(";\n\n".join(statements(sys.argv[1:])) + ";\n")
