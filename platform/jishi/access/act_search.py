"""Administrative acts 管理行为 as an auditor looks through them: who changed what about access, done or refused (beside the road)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Done:
    """One act; ``code``: of the error that refused it."""

    number: int
    acted_at: datetime
    actor_kind: str
    actor: str
    act: str
    target: str
    succeeded: bool
    code: str | None
    detail: Mapping[str, Any]


async def acts_done(
    connection: Connection[Any], actor: str | None, act: str | None, target: str | None, before: int | None, limit: int
) -> list[Done]:
    """Newest first; None = any. ``act`` is one, or the beginning of several (``grant.``)."""
    rows = await connection.fetch(_ACTS, actor, act, target, before, limit)
    return [
        Done(
            row["act_id"],
            row["acted_at"],
            row["actor_kind"],
            row["actor"],
            row["act"],
            row["target"],
            row["succeeded"],
            row["code"],
            json.loads(row["detail"]),
        )
        for row in rows
    ]


_ACTS = """
-- A page of administrative acts.
SELECT act_id, acted_at, actor_kind, actor, act, target, succeeded, code, detail::text AS detail
FROM jishi.administrative_act
WHERE ($1::text IS NULL OR actor = $1)
  AND ($2::text IS NULL OR starts_with(act, $2))
  AND ($3::text IS NULL OR target = $3)
  AND ($4::bigint IS NULL OR act_id < $4)
ORDER BY act_id DESC
LIMIT $5
"""
