"""Who saw a given subject, out of the disclosure log: for the counter, for auditors, for operators (road out).

A person's access log holds every disclosure whose subjects name him. At the counter, what was disclosed for an exempt purpose
(investigations, by ``city.toml``) is left out altogether, and so is who exactly asked; an auditor is shown all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from jishi.access.seals import instant
from jishi.registers.catalog import registers

if TYPE_CHECKING:
    from asyncpg import Connection

Seen = Literal["hit", "full", "check", "log"]
SEEN: Mapping[str, Seen] = {"search": "hit", "page": "hit", "match": "hit", "verify": "check", "access-log": "log"}
"""Act → how much was seen: a hit among others, a check of what the caller said himself, a look at this log; all else is a
full read."""
MOST = 1000
START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the next one is older."""

    at: datetime
    writer: UUID
    number: int

    def text(self) -> str:
        return f"{instant(self.at)}~{self.writer}~{self.number}"

    @staticmethod
    def of(text: str) -> Place:
        """Raises ValueError for what is no place."""
        at, writer, number = text.split("~")
        return Place(datetime.fromisoformat(at).astimezone(UTC), UUID(writer), int(number))


@dataclass(frozen=True, slots=True)
class Looks:
    """A page of the log, the newest first; ``following`` is where the next one begins, None after the last."""

    rows: Sequence[Mapping[str, Any]]
    following: Place | None


async def who_saw(
    connection: Connection[Any],
    uids: Iterable[UUID],
    *,
    since: datetime | None = None,
    before: Place | None = None,
    limit: int = 100,
    hidden_purposes: Iterable[str] = (),
) -> Looks:
    """Disclosures of any of ``uids``, without those for ``hidden_purposes``, which no number counts either."""
    place = before or Place(datetime.max.replace(tzinfo=UTC), UUID(int=0), 0)
    rows = await connection.fetch(
        _WHO, list(uids), since or START, place.at, place.writer, place.number, list(hidden_purposes), limit + 1
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Looks(shown, Place(last["disclosed_at"], last["writer"], last["number"]) if last else None)


async def uids_of(connection: Connection[Any], register: int, element: str, lookups: Iterable[UUID]) -> list[UUID]:
    """Who has, or had, the number of these lookups."""
    found = await connection.fetch(_UIDS, register, element, list(lookups))
    return [row["uid"] for row in found]


def as_document(row: Mapping[str, Any], exempt_purposes: Iterable[str], *, in_full: bool) -> dict[str, Any]:
    """One disclosure as it is told; ``in_full`` to auditors."""
    collections = {register.number: register.collection for register in registers().values()}
    told = {
        "at": instant(row["disclosed_at"]),
        "department": {"uscc": row["department"], "name": row["department_name"]},
        "purpose": row["purpose"],
        "collection": collections.get(row["register"]),
        "masked": list(row["masked"]),
        "clear": list(row["clear"]),
        "seen": SEEN.get(row["act"], "full"),
    }
    if not in_full:
        return told
    further = ("channel", "act", "caller_kind", "caller", "case_no", "grant_id", "result")
    return {
        **told,
        **{name: row[name] for name in further},
        "request_id": str(row["request_id"]),
        "exempt": row["purpose"] in set(exempt_purposes),
    }


_WHO = """
-- Disclosures of some subjects, the newest first.
SELECT
  d.writer, d.number, d.disclosed_at, d.request_id, d.channel, d.act, d.caller_kind, d.caller, d.department, d.purpose,
  d.case_no, d.grant_id, d.register, d.masked, d.clear, d.result, p.name AS department_name
FROM jishi.disclosure d
LEFT JOIN jishi.department p ON p.uscc = d.department
WHERE d.subjects && $1::uuid[]
  AND d.disclosed_at >= $2
  AND (d.disclosed_at, d.writer, d.number) < ($3, $4, $5::bigint)
  AND NOT coalesce(d.purpose = ANY ($6::text[]), false)
ORDER BY d.disclosed_at DESC, d.writer DESC, d.number DESC
LIMIT $7
"""

_UIDS = """
-- Entities of one register by a number.
SELECT DISTINCT uid
FROM jishi.identifier
WHERE register = $1 AND element = $2 AND lookup = ANY ($3::uuid[])
"""
