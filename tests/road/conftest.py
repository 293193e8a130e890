"""What the road's tests share: a deployment that takes deliveries, tiny sources of its own, invented numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.golden.turn import turn
from jishi.identifiers import citizen_id, organisation_code, uscc
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import engine
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

State = dict[str, tuple[Any, ...]]

#: What the oracle compares of an entity, and which of it is taken from one contribution.
VALUES = ("entity_name", "uscc", "city", "business_scope", "legal_rep_name", "legal_rep_phone")
GROUPS = (("entity_name",), ("uscc",), ("city",), ("business_scope",), ("legal_rep_name", "legal_rep_phone"))
DAYS = (-400, -100, -25, -15, -5, 0, 15, 50, 10_000)


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


async def expected(city: Any, register: str, at: datetime, known: datetime) -> State:
    """uid → values of every entity alive at ``at`` as known at ``known``, from contributions and links alone."""
    revisions = await city.rows(
        f"SELECT l.uid, l.rank, c.* FROM jishi.{register}_contribution c JOIN jishi.{register}_link l"
        " USING (contribution_id)"
    )
    in_force: dict[int, dict[str, Any]] = {}
    for revision in revisions:
        if revision["effective_from"] > at or revision["recorded_at"] > known:
            continue
        other = in_force.get(revision["contribution_id"])
        if other is None or _clocks(revision) > _clocks(other):
            in_force[revision["contribution_id"]] = revision
    alive: dict[str, list[dict[str, Any]]] = {}
    for revision in in_force.values():
        if not revision["ended"]:
            alive.setdefault(str(revision["uid"]), []).append(revision)
    return {uid: _survive(entries) for uid, entries in alive.items()}


def _clocks(revision: dict[str, Any]) -> tuple[datetime, datetime]:
    return revision["effective_from"], revision["recorded_at"]


def _survive(entries: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Of each group the best-ranked contribution that says anything, among equals the later one."""

    def trust(entry: dict[str, Any]) -> tuple[Any, ...]:
        return (
            entry["rank"],
            -entry["effective_from"].timestamp(),
            -entry["recorded_at"].timestamp(),
            entry["contribution_id"],
        )

    values: list[Any] = []
    for group in GROUPS:
        telling = sorted((e for e in entries if any(e[column] is not None for column in group)), key=trust)
        values += [telling[0][column] if telling else None for column in group]
    return tuple(values)


async def recorded(city: Any, register: str, at: datetime, known: datetime) -> State:
    """The same from golden and version tables, as design §4 says to read them."""
    columns = ", ".join(VALUES)
    found = await city.rows(
        f"""
SELECT DISTINCT ON (uid) uid, state, {columns} FROM (
  SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{register}
  UNION ALL
  SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{register}_version
) v
WHERE effective_from <= $1 AND recorded_at <= $2
ORDER BY uid, effective_from DESC, recorded_at DESC""",
        at,
        known,
    )
    return {str(row["uid"]): tuple(row[c] for c in VALUES) for row in found if row["state"] == "active"}


async def served(city: Any, register: str) -> State:
    """What a query without clocks answers."""
    found = await city.rows(f"SELECT uid, {', '.join(VALUES)} FROM jishi.{register} WHERE state = 'active'")
    return {str(row["uid"]): tuple(row[c] for c in VALUES) for row in found}


class Subscriber:
    """Somebody who follows the change feed and fetches what it names; must always hold what is served."""

    def __init__(self, city: Any, register: str) -> None:
        self.city, self.register = city, register
        self.position = 0
        self.held: State = {}

    async def follow(self) -> list[str]:
        """Fold what is new in the feed; the types of the changes."""
        now = await served(self.city, self.register)
        news = await self.city.changes(self.register, after=self.position)
        self.position += len(news)
        for change in news:
            uid = str(change["uid"])
            match change["type"]:
                case "create":
                    assert uid not in self.held, "created twice"
                    self.held[uid] = now.get(uid, ())
                case "end":
                    self.held.pop(uid, None)
                case "merge":
                    assert change["into"] is not None and uid in self.held, "merged without being there"
                    self.held.pop(uid)
                case "unmerge":
                    assert uid not in self.held, "there already"
                    self.held[uid] = now.get(uid, ())
                case "change":
                    assert uid in self.held, "changed without being there"
                    named = set(change["elements"])
                    before = self.held[uid]
                    after = now.get(uid, before)  # gone already where an end follows
                    moved = {name for name, old, new in zip(VALUES, before, after, strict=True) if old != new}
                    assert moved <= named, "a changed element is not named"
                    self.held[uid] = after
        assert self.held == now
        return [change["type"] for change in news]


class Watcher:
    """Checks after every step all that must always hold, and that what was known once stays known."""

    def __init__(self, city: Any, register: str = "legal_entity") -> None:
        self.city, self.register = city, register
        self.subscriber = Subscriber(city, register)
        self.past: list[tuple[datetime, datetime, State]] = []

    async def look(self, *points: datetime, now: datetime | None = None) -> list[str]:
        """The types of the changes since the last look. ``now``: to where time has been turned; None = no further."""
        types = await self.subscriber.follow()
        number = register_of(self.register).number
        known = await self.city.value("SELECT last_recorded_at FROM jishi.register_state WHERE register = $1", number)
        assert await served(self.city, self.register) == await expected(self.city, self.register, now or known, known)
        for at in (*(known + timedelta(days=days) for days in DAYS), *points):
            wanted = await expected(self.city, self.register, at, known)
            assert await recorded(self.city, self.register, at, known) == wanted, at
            self.past.append((at, known, wanted))
        for at, earlier, state in self.past:
            assert await recorded(self.city, self.register, at, earlier) == state, (at, earlier)
        return types


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
def watch() -> Callable[[Deployment], Watcher]:
    """Makes the watcher of a deployment's legal entities, who recomputes their states from contributions alone."""
    return Watcher
