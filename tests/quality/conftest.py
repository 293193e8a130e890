"""Stage tables made by hand: columns and types as the standard batch has them, and a row that satisfies every rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from jishi.quality.validate import Validation, validate
from jishi.registers.element import Kind, Rule, Test
from jishi.registers.register import Register, element_columns
from jishi.storage.engine import psycopg_url

TODAY = date(2026, 11, 21)
_TYPES = {
    Kind.DATE: "date",
    Kind.PARTIAL_DATE: "date",
    Kind.DECIMAL: "numeric",
    Kind.INTEGER: "bigint",
    Kind.BOOLEAN: "boolean",
}
_GOOD: dict[str, Any] = {
    "text": "A",
    "date": date(2000, 1, 1),
    "numeric": Decimal(1),
    "bigint": 1,
    "double precision": 1.0,
    "boolean": True,
}
_SHAPED = {"mobile": "13800000000", "reg_no_legacy": "123456789012345"}


@dataclass(frozen=True)
class StageTable:
    """A stage table ``stage.<name>`` of ``register`` with ``columns`` beside the row number."""

    url: str
    name: str
    register: Register
    columns: Mapping[str, str]
    engine: sa.Engine

    def validate(self, today: date = TODAY) -> Validation:
        return validate(self.url, self.name, self.register, self.columns, today)

    def bad(self) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
        """Row number → ids of the rules that refuse it, and of those that warn of it."""
        columns: Any = (sa.column(column) for column in ("row_number", "reasons", "warnings"))
        rows = sa.select(sa.table(f"{self.name}_bad", *columns, schema="stage"))
        with self.engine.connect() as connection:
            return {
                number: (frozenset(reasons), frozenset(warnings))
                for number, reasons, warnings in connection.execute(rows)
            }

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))


class Forge:
    """Makes stage tables in one database."""

    today = TODAY

    def __init__(self, url: str) -> None:
        self.plain_url = url
        self.url = psycopg_url(url)
        self.engine = sa.create_engine(self.url)

    def table(
        self,
        register: Register,
        rows: Sequence[Mapping[str, Any]],
        name: str = "b_1",
        types: Mapping[str, str] | None = None,
    ) -> StageTable:
        """A table of the rows, numbered from 1; ``types`` replaces the types of some columns."""
        columns = {**self.types(register), **(types or {})}
        table = StageTable(self.url, name, register, columns, self.engine)
        quoted = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        table.execute("CREATE SCHEMA IF NOT EXISTS stage")
        table.execute(f'CREATE UNLOGGED TABLE stage."{name}" (row_number bigint UNIQUE, {quoted})')
        target = sa.table(name, *(sa.column(column) for column in ("row_number", *columns)), schema="stage")
        if rows:
            with self.engine.begin() as connection:
                connection.execute(target.insert(), [{**row, "row_number": n} for n, row in enumerate(rows, start=1)])
        return table

    def types(self, register: Register) -> dict[str, str]:
        """Every column of the register's stage table some rule looks at, and all value columns, with their types."""
        types: dict[str, str] = {}
        for name, element in register.elements.items():
            for column in element_columns(name, element):
                types[column] = "text" if column.endswith("_precision") else _TYPES.get(element.kind, "text")
        for rule in register.rules:
            types |= {c: _fact_type(rule) for c in (rule.column, rule.other) if c and c not in types}
        return types

    def good_row(self, register: Register) -> dict[str, Any]:
        """A row that satisfies every rule and leaves none without a value to look at."""
        row = {column: _SHAPED.get(column, _GOOD[kind]) for column, kind in self.types(register).items()}
        allowed = {rule.column: rule.param("values")[0] for rule in register.rules if rule.test is Test.IN_SET}
        return row | allowed


@pytest.fixture
def forge(database: str) -> Iterator[Forge]:
    made = Forge(database)
    yield made
    made.engine.dispose()


def _fact_type(rule: Rule) -> str:
    if rule.test is Test.IN_SET and isinstance(rule.param("values")[0], bool):
        return "boolean"
    return "double precision" if rule.test is Test.BETWEEN else "text"
