"""A client's part of the change feed: what each change of a register is to whoever sees only some rows (query, road out).

The feed says what became of golden records. A client is told of those that stood or stand among the rows its plain reads
show: active, not over by their status, inside its row filter. Both sides of a change are looked up in the versions, so an
entity that leaves those rows is told as ``withhold``, one that enters them as ``create``, and of one that never stood
there nothing is said at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from jishi.access.grants import Grant
from jishi.errors import CallerError
from jishi.golden.columns import Names
from jishi.registers.derived import base_of, derived_of
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.plan import Plan, plan_of
from jishi_api.sql import Statement

LEAST_READ = 1000
"""So many changes of a register are looked at by one request, though fewer are asked for."""

HEIGHTS = "SELECT register, last_seq, pruned_seq FROM jishi.register_state"
"""How far each register's feed goes, and the last change of it that is no longer kept."""


@dataclass(frozen=True, slots=True)
class Told:
    """One change as the client sees it. ``elements``: the granted ones that changed; ``into``: whom it was merged into."""

    seq: int
    uid: UUID
    type: str
    recorded_at: datetime
    effective_from: datetime
    elements: tuple[str, ...] = ()
    into: UUID | None = None


def changes_after(register: Register, grant: Grant, seq: int, limit: int) -> Statement:
    """The next ``limit`` rows of the feed; ``before`` and ``after``: whether the client's rows held the entity."""
    plan = plan_of(register, grant, (), geometry=False)
    return Statement(_statement(plan), (*plan.values, seq, limit))


def check(rows: Sequence[Mapping[str, Any]], seq: int, height: int, pruned: int) -> None:
    """CallerError ``QRY-POSITION-EXPIRED`` where changes after ``seq`` are no longer kept, or the register has never been
    so far (it was restored from a copy)."""
    first = rows[0]["seq"] if rows else None
    if seq < pruned or seq > height or (first is not None and first != seq + 1) or (first is None and height > seq):
        raise CallerError("QRY-POSITION-EXPIRED")


def told_of(row: Mapping[str, Any], register: Register, grant: Grant, hidden: frozenset[UUID]) -> Told | None:
    """What the client is told of one row of the feed; None = nothing. ``hidden``: who does not exist for it."""
    before, after = row["before"], row["after"]
    if row["uid"] in hidden or not (before or after):
        return None
    said = row["seq"], row["uid"]
    clocks = row["recorded_at"], row["effective_from"]
    if before and after:
        elements = granted_elements(register, grant, row["elements"] or ())
        kind = "unmerge" if row["type"] == "unmerge" else "change"
        return Told(*said, kind, *clocks, elements) if elements or row["elements"] is None else None
    if after:
        return Told(*said, "unmerge" if row["type"] == "unmerge" else "create", *clocks)
    if row["into_seen"] and row["into"] not in hidden:
        return Told(*said, "merge", *clocks, into=row["into"])
    return Told(*said, "end" if row["over"] else "withhold", *clocks)


def granted_elements(register: Register, grant: Grant, changed: Sequence[str]) -> tuple[str, ...]:
    """Of the changed elements the granted ones, and granted derived ones that are computed from any of them."""
    known = derived_of(register)
    moved = [name for name in sorted(grant.derived) if set(known[base_of(name)].needs) & set(changed)]
    return (*(name for name in changed if name in grant.masked or name in grant.clear), *moved)


@lru_cache(maxsize=512)
def _statement(plan: Plan) -> str:
    register = plan.register
    names = Names(register, "", frozenset())
    columns = names.column_list("g")
    held = f"coalesce({sql.served(plan)}, false)"

    def version(clocks: str, order: str = "") -> str:
        """The golden row or version of these clocks."""
        sources = " UNION ALL ".join(
            f"SELECT g.uid, g.state, g.effective_from, g.recorded_at, {columns} FROM {table} g WHERE g.uid = r.uid AND {clocks}"  # noqa: S608
            for table in (names.golden, names.version)
        )
        return f"SELECT {held} AS held, {sql.is_over(register)} AS over FROM ({sources}) q {order} LIMIT 1"  # noqa: S608

    after = version("g.effective_from = r.effective_from AND g.recorded_at = coalesce(r.known_at, r.recorded_at)")
    exact = version("g.effective_from = r.before_from AND g.recorded_at = r.before_known")
    latest = version(
        "g.recorded_at < r.recorded_at AND g.effective_from <= r.effective_from",
        "ORDER BY q.effective_from DESC, q.recorded_at DESC",
    )
    return f"""
-- The next changes of {register.collection}, and whether the client's rows held the entity before and after each.
WITH r AS MATERIALIZED (
  SELECT c.*
  FROM jishi.change c
  WHERE c.register = {register.number} AND c.seq > ${plan.first}
  ORDER BY c.seq
  LIMIT ${plan.first + 1}
)
SELECT r.seq, r.uid, r.type, r.recorded_at, r.effective_from, r.elements, r."into",
  coalesce(a.held, false) AS after, coalesce(b.held, l.held, false) AS before, coalesce(a.over, true) AS over,
  EXISTS (SELECT FROM {names.golden} q WHERE q.uid = r."into" AND {sql.served(plan)}) AS into_seen
FROM r
LEFT JOIN LATERAL ({after}) a ON true
LEFT JOIN LATERAL ({exact}) b ON r.before_from IS NOT NULL
LEFT JOIN LATERAL ({latest}) l ON r.before_from IS NULL AND r.type <> 'create'
ORDER BY r.seq
"""  # noqa: S608  identifiers of the declaration
