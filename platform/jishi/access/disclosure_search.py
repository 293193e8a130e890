"""The disclosure log 披露登记 as an auditor looks through it: by time, caller, register and act; and whether it is sealed (behind
the road out).

Reading it is told in it: whoever calls writes that down first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.who import START, Looks, Place

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Wanted:
    """None = any. ``caller``: a client's id, a login. ``register``: its number. ``since`` is in, ``until`` is out."""

    since: datetime | None = None
    until: datetime | None = None
    caller: str | None = None
    register: int | None = None
    act: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """The last seal, and how many disclosures came after it; None before the first."""

    number: int
    sealed_at: datetime
    rows: int
    since: int


async def search(connection: Connection[Any], wanted: Wanted, before: Place | None, limit: int) -> Looks:
    """Newest first."""
    until = wanted.until or datetime.max.replace(tzinfo=UTC)
    place = before or Place(until, UUID(int=0), 0)
    rows: Sequence[Mapping[str, Any]] = await connection.fetch(
        _SEARCH,
        wanted.since or START,
        until,
        wanted.caller,
        wanted.register,
        wanted.act,
        wanted.channel,
        place.at,
        place.writer,
        place.number,
        limit + 1,
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Looks(shown, Place(last["disclosed_at"], last["writer"], last["number"]) if last else None)


async def acts_told(connection: Connection[Any]) -> list[str]:
    """The acts of the last disclosures, for whoever chooses one."""
    return [row["act"] for row in await connection.fetch(_ACTS)]


async def sealed(connection: Connection[Any]) -> Sealed | None:
    row = await connection.fetchrow(_SEALED)
    return None if row is None else Sealed(row["number"], row["sealed_at"], row["rows"], row["since"])


_SEARCH = """
-- A page of the disclosure log.
SELECT
  d.writer, d.number, d.disclosed_at, d.request_id, d.channel, d.act, d.caller_kind, d.caller, d.department, d.purpose,
  d.case_no, d.grant_id, d.register, d.masked, d.clear, d.result, d.misses, cardinality(d.subjects) AS subjects,
  p.name AS department_name, c.name AS client_name
FROM jishi.disclosure d
LEFT JOIN jishi.department p ON p.uscc = d.department
LEFT JOIN jishi.client c ON d.caller_kind = 'client' AND c.client_id = d.caller
WHERE d.disclosed_at >= $1
  AND d.disclosed_at < $2
  AND ($3::text IS NULL OR d.caller = $3)
  AND ($4::smallint IS NULL OR d.register = $4)
  AND ($5::text IS NULL OR d.act = $5)
  AND ($6::text IS NULL OR d.channel = $6)
  AND (d.disclosed_at, d.writer, d.number) < ($7, $8, $9::bigint)
ORDER BY d.disclosed_at DESC, d.writer DESC, d.number DESC
LIMIT $10
"""

_ACTS = """
-- What was done lately.
SELECT DISTINCT act
FROM (SELECT act FROM jishi.disclosure ORDER BY disclosed_at DESC LIMIT 5000) lately
ORDER BY act
"""

_SEALED = """
-- The last seal and what came after it.
SELECT
  s.number, s.sealed_at, s.rows,
  (SELECT count(*) FROM jishi.disclosure d WHERE d.disclosed_at > s.sealed_at) AS since
FROM jishi.disclosure_seal s
ORDER BY s.number DESC
LIMIT 1
"""
