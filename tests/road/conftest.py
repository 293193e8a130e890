"""What the road's tests share: a deployment that takes deliveries, tiny sources of its own, invented numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.golden.turn import turn
from jishi.identifiers import citizen_id, organisation_code, uscc
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit, submit_again

OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
DEPARTMENT = "113205000000900347"

#: A tiny source of legal entities; ``{…}`` are filled in by :meth:`Road.declare`.
ENTITIES = """
id = "{id}"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = {rank}
key = ["key"]
mode = "{mode}"
{more}

[map]
entity_name = {{ from = "name", as = "entity_name" }}
uscc = {{ from = "code", as = "uscc" }}
city = {{ from = "city", optional = true }}
business_scope = {{ from = "scope", optional = true }}
legal_rep_name = {{ from = "rep", as = "person_name", optional = true }}
legal_rep_phone = {{ from = "phone", as = "phone", optional = true }}
reg_capital = {{ from = "capital", as = "money", optional = true }}
reg_capital_currency = {{ from = "capital", as = "money_currency", optional = true }}
establish_date = {{ from = "established", optional = true }}
"""

#: A tiny source of persons, with identity documents.
PERSONS = """
id = "{id}"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "natural_person"
rank = {rank}
key = ["key"]
mode = "{mode}"
{more}

[map]
full_name = {{ from = "name", as = "person_name" }}
id_number = {{ from = "number" }}
birth_date = {{ from = "born", optional = true }}
sex_code = {{ from = "sex", optional = true }}
mobile = {{ from = "phone", as = "phone", optional = true }}
other_id_type_code = {{ from = "other_type", optional = true }}
other_id_number = {{ from = "other_number", optional = true }}
person_status_code = {{ from = "status", optional = true }}
death_date = {{ from = "died", optional = true }}
hukou_address = {{ from = "address", optional = true }}
"""

KINDS = {"entities": ENTITIES, "persons": PERSONS}


@dataclass
class Deployment:
    """One deployment under test: settings, its owner's connection, and deliveries taken in this process."""

    settings: Settings
    connection: asyncpg.Connection
    folder: Path
    opened: Road | None = field(default=None)
    sent: int = 0

    @property
    def road(self) -> Road:
        if self.opened is None:
            self.opened = Road.open(self.settings)
        return self.opened

    def declare(self, name: str, kind: str = "entities", *, rank: int = 10, mode: str = "delta", more: str = "") -> str:
        """Write a source into this city's home; later deliveries see it. Its id."""
        folder = self.settings.home_dir / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        text = KINDS[kind].format(id=name, rank=rank, mode=mode, more=more)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        self.opened = None
        return name

    async def submit(self, source: str, file: Path) -> int:
        return await submit(self.road, source_of(self.road, source), file)

    async def deliver(self, source: str, delivery: Path | bytes | Sequence[dict[str, object]]) -> dict[str, Any]:
        """Take a file, bytes of a CSV file, or rows, down the whole road in this process; the receipt."""
        batch = await self.submit(source, self.file(delivery))
        return await self.finish(batch)

    async def finish(self, batch: int) -> dict[str, Any]:
        receipt = await finish(self.road, batch, lambda progress: None)
        if receipt["status"] in ("published", "held", "unchanged"):
            assert receipt["received"] == sum(receipt[name] for name in OUTCOMES), receipt
        return receipt

    async def release(self, batch: int) -> dict[str, Any]:
        await submit_again(self.road, batch, release=True)
        return await self.finish(batch)

    def file(self, delivery: Path | bytes | Sequence[dict[str, object]]) -> Path:
        if isinstance(delivery, Path):
            return delivery
        self.sent += 1
        path = self.folder / f"delivery-{self.sent}.csv"
        path.write_bytes(delivery if isinstance(delivery, bytes) else to_csv(delivery))
        return path

    async def turn(self, register: str, until: datetime | None = None) -> int:
        return await turn(self.connection, register_of(register), until)

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(query, *values)]

    async def value(self, query: str, *values: object) -> Any:
        return await self.connection.fetchval(query, *values)

    async def served(self, register: str, *columns: str) -> list[tuple[Any, ...]]:
        """The given columns of the active golden records, sorted."""
        found = await self.connection.fetch(
            f"SELECT {', '.join(columns)} FROM jishi.{register} WHERE state = 'active' ORDER BY {', '.join(columns)}"
        )
        return [tuple(row) for row in found]

    async def changes(self, register: str, after: int = 0) -> list[dict[str, Any]]:
        """The change feed of a register, which must be gap-free from 1 on."""
        found = await self.rows(
            "SELECT * FROM jishi.change WHERE register = $1 ORDER BY seq", register_of(register).number
        )
        assert [row["seq"] for row in found] == list(range(1, len(found) + 1))
        return found[after:]

    async def count(self, register: str, table: str) -> int:
        return int(await self.value(f"SELECT count(*) FROM jishi.{register}_{table}"))


def to_csv(rows: Sequence[dict[str, object]]) -> bytes:
    headers = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, headers, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def uscc_of(number: int, division: str = "320505") -> str:
    """A well-formed code of an invented enterprise."""
    inner = f"MA{number:06d}"
    body = f"91{division}{inner}{organisation_code.check_character(inner)}"
    return body + uscc.check_character(body)


def citizen_of(number: int, born: str = "19600101", division: str = "320505") -> str:
    """A well-formed number of an invented person: the order number is that of ``number``."""
    body = f"{division}{born}{number:03d}"
    return body + citizen_id.check_character(body)


@contextmanager
def fresh_database(server: Settings, template: str, name: str) -> Iterator[str]:
    """A migrated database of its own, for fixtures that outlive one test."""
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    engine.wait(_run(admin, f"CREATE DATABASE {name} OWNER {roles.OWNER} TEMPLATE {template}"))
    yield engine.to_database(cluster.url(server), name)
    engine.wait(_run(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _run(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def city(settings: Settings, tmp_path: Path) -> AsyncIterator[Deployment]:
    """A deployment without any data."""
    assert settings.database_url is not None
    connection = await engine.connect(settings.database_url)
    yield Deployment(settings, connection, tmp_path)
    await connection.close()


@pytest.fixture(scope="session")
def invent() -> dict[str, Callable[..., str]]:
    """Makers of well-formed numbers of nobody: ``uscc(n)`` and ``citizen(n, born)``."""
    return {"uscc": uscc_of, "citizen": citizen_of}


@pytest.fixture(scope="session")
def instant() -> Callable[..., datetime]:
    """``instant(2020, 1, 1)`` at midnight UTC."""
    return lambda *parts: datetime(*parts, tzinfo=UTC)
