"""What publishing a batch would change, seen from inside its transaction before this is rolled back (beside step *merge*).

Counts are exact; the sample is under masks whoever will look at it. Nothing here holds a clear personal value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from jishi.identifiers.masks import mask
from jishi.registers.element import Kind
from jishi.registers.register import Register

SAMPLE = 20
"""Entities of each type of change that are shown."""

PAGE = 2_000
LONGEST = 300

TYPES = ("create", "change", "end", "withhold")


@dataclass(frozen=True, slots=True)
class Changed:
    """One entity of the sample; ``uid`` None: it does not exist yet. ``before`` and ``after`` by element, under masks."""

    uid: UUID | None
    type: str
    elements: tuple[str, ...]
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Holder:
    """A department that received affected entities: how many of them, and whether it takes the register as a whole."""

    department: str
    subjects: int
    follows: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """Entities by type of change, a sample of each type, and who holds what would change."""

    counts: Mapping[str, int]
    sample: tuple[Changed, ...]
    holders: tuple[Holder, ...]


async def last_change(connection: asyncpg.Connection, register: Register) -> int:
    """Number of the last change before; 0 where there is none."""
    found = await connection.fetchval("SELECT last_seq FROM jishi.register_state WHERE register = $1", register.number)
    return int(found or 0)


async def effects_of(
    connection: asyncpg.Connection, outside: asyncpg.Connection, register: Register, after: int
) -> Effects:
    """What the open transaction of ``connection`` changed since change ``after``; ``outside`` sees what was before."""
    counted = await connection.fetch(_COUNTS, register.number, after)
    counts = dict.fromkeys(TYPES, 0) | {row["type"]: row["entities"] for row in counted}
    picked = await connection.fetch(_SAMPLE, register.number, after, SAMPLE)
    uids = [row["uid"] for row in picked]
    now = await _values(connection, register, uids)
    before = await _values(outside, register, uids)
    sample = tuple(_changed(register, row, before.get(row["uid"]), now.get(row["uid"])) for row in picked)
    return Effects(counts, sample, tuple(await _holders(connection, register, after)))


def _changed(
    register: Register, row: asyncpg.Record, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Changed:
    old, new = _shown(register, before), _shown(register, after)
    names = [name for name in register.elements if old.get(name) != new.get(name)]
    if row["elements"] is not None:
        # of a masked value the change itself may not be seen
        names = [name for name in register.elements if name in row["elements"]]
    return Changed(
        row["uid"] if before is not None else None,
        row["type"],
        tuple(names),
        {name: old.get(name) for name in names},
        {} if row["type"] == "end" else {name: new.get(name) for name in names},
    )


def _shown(register: Register, row: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Every element under its mask, as text; sealed numbers rest masked already."""
    if row is None:
        return {}
    told: dict[str, str | None] = {}
    for name, element in register.elements.items():
        value = row[name]
        text = None if value is None else str(value)[:LONGEST]
        if element.kind is Kind.ITEMS and text is not None and element.sensitivity.value != "N":
            text = "…"  # the members of an item have masks of their own
        told[name] = text if element.sealed or element.kind is Kind.ITEMS else mask(text, element.mask.value)
    return told


async def _values(
    connection: asyncpg.Connection, register: Register, uids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    listed = ", ".join(
        f"ST_AsText({name}, 5) AS {name}" if element.kind is Kind.GEOMETRY else name
        for name, element in register.elements.items()
    )
    rows = await connection.fetch(
        f"SELECT uid, {listed} FROM jishi.{register.name} WHERE uid = ANY($1::uuid[]) AND state = 'active'", list(uids)
    )
    return {row["uid"]: row for row in rows}


async def _holders(connection: asyncpg.Connection, register: Register, after: int) -> list[Holder]:
    """Departments that received an affected entity, by the disclosure log; and those that take the register as a whole."""
    affected = await connection.fetch(_AFFECTED, register.number, after)
    counts: dict[str, set[UUID]] = {}
    for start in range(0, len(affected), PAGE):
        page = [row["uid"] for row in affected[start : start + PAGE]]
        for row in await connection.fetch(_RECEIVED, page):
            counts.setdefault(row["department"], set()).add(row["uid"])
    follow = {row["department"] for row in await connection.fetch(_FOLLOW, register.number)}
    return [
        Holder(department, len(counts.get(department, ())), department in follow)
        for department in sorted({*counts, *follow})
    ]


_SINCE = "register = $1::smallint AND seq > $2::bigint"

_COUNTS = f"SELECT type, count(DISTINCT uid) AS entities FROM jishi.change WHERE {_SINCE} GROUP BY type"

_SAMPLE = f"""
-- A few entities of each type, each once.
SELECT uid, type, elements FROM (
  SELECT uid, type, elements, row_number() OVER (PARTITION BY type ORDER BY seq) AS place
  FROM (SELECT DISTINCT ON (uid, type) uid, type, elements, seq FROM jishi.change WHERE {_SINCE} ORDER BY uid, type, seq) c
) c WHERE place <= $3::integer ORDER BY type, place"""

_AFFECTED = f"SELECT DISTINCT uid FROM jishi.change WHERE {_SINCE} AND type <> 'create'"

_RECEIVED = """
SELECT DISTINCT d.department, u.uid FROM jishi.disclosure d CROSS JOIN LATERAL unnest(d.subjects) u(uid)
WHERE d.subjects && $1::uuid[] AND u.uid = ANY($1::uuid[]) AND d.department IS NOT NULL"""

_FOLLOW = """
SELECT DISTINCT department FROM jishi.disclosure
WHERE register = $1::smallint AND act IN ('changes', 'export') AND department IS NOT NULL"""
