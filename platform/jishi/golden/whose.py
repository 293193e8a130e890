"""Whose word each golden value is, for many entities at once: which contribution won, and who delivered it when (beside the
step *merge*).

The order of trust is that of :mod:`jishi.golden.recompute`; :mod:`jishi.golden.decision` tells it for one entity, with
the reasons.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from jishi.golden.columns import Names
from jishi.golden.recompute import says_any, trust_order
from jishi.registers.catalog import register_of
from jishi.registers.register import Register

Fetch = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]
"""A connection's ``fetch``, or a lane's."""


@dataclass(frozen=True, slots=True)
class Word:
    """A contribution in force. ``method``: 1 new entity, 2 strong identifier, 3 model, 4 steward."""

    contribution_id: int
    uid: UUID
    method: int
    source_id: int
    source: str
    source_key: UUID
    department: str
    department_name: str | None
    batch_id: int
    row_number: int
    effective_from: datetime
    recorded_at: datetime
    delivered_at: datetime | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whose:
    """Winners by uid and element; an element of which nobody says anything is not there. ``words``: all contributions in
    force of the entities by number, the most trusted source first."""

    winners: Mapping[UUID, Mapping[str, int]]
    words: Mapping[int, Word]

    def of(self, uid: UUID, element: str) -> Word | None:
        """Who is to answer for an element: whose value it is; where nobody says anything of it, the most trusted voice."""
        number = self.winners.get(uid, {}).get(element)
        if number is not None:
            return self.words[number]
        return next((word for word in self.words.values() if word.uid == uid), None)


async def whose(fetch: Fetch, register: Register, uids: Iterable[UUID], elements: Iterable[str]) -> Whose:
    """Of each element of each entity, whose value is golden now."""
    asked = list(uids)
    groups = _groups(register.name, frozenset(elements))
    found = await fetch(_winners(register.name, tuple(number for number, _ in groups)), asked)
    winners = {
        row["uid"]: {
            name: row[f"w{number}"] for number, names in groups for name in names if row[f"w{number}"] is not None
        }
        for row in found
    }
    words = await fetch(_words(register.name), asked)
    return Whose(winners, {row["contribution_id"]: _word(row) for row in words})


def _word(row: Mapping[str, Any]) -> Word:
    return Word(**{**dict(row), "warnings": tuple(row["warnings"] or ())})


@lru_cache(maxsize=256)
def _groups(register: str, elements: frozenset[str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Numbers of the groups that hold any of ``elements``, and which of them."""
    names = Names(register_of(register), "", frozenset())
    found = []
    for number, (_, members) in enumerate(names.groups()):
        meant = tuple(name for name in members if name in elements)
        if meant:
            found.append((number, meant))
    return tuple(found)


def _in_force(register: Register, more: str) -> str:
    """The revisions in force of the contributions of the entities bound to ``$1``."""
    return f"""
  SELECT DISTINCT ON (c.contribution_id) l.uid, l.rank, l.method, l.source_id, l.source_key, l.warnings, c.contribution_id,
    c.effective_from, c.recorded_at, c.ended, c.batch_id, c.row_number{more}
  FROM jishi.{register.name}_link l
  JOIN jishi.{register.name} g ON g.uid = l.uid
  JOIN jishi.{register.name}_contribution c ON c.contribution_id = l.contribution_id
  WHERE l.uid = ANY($1::uuid[]) AND c.effective_from <= greatest(now(), g.effective_from)
  ORDER BY c.contribution_id, c.effective_from DESC, c.recorded_at DESC
"""


@lru_cache(maxsize=512)
def _winners(name: str, numbers: tuple[int, ...]) -> str:
    register = register_of(name)
    names = Names(register, "", frozenset())
    groups = names.groups()
    wanted = dict.fromkeys(column for number in numbers for column in groups[number][0])
    chosen = "".join(
        f",\n  (array_agg(f.contribution_id ORDER BY {trust_order(names, groups[number][0])})"
        f" FILTER (WHERE {says_any(groups[number][0])}))[1] AS w{number}"
        for number in numbers
    )
    more = "".join(f", c.{column}" for column in wanted)
    return f"""
-- Of some of {register.collection}, whose value each group of elements is.
SELECT f.uid{chosen}
FROM (
  SELECT s.*, bool_or(NOT s.ended) OVER (PARTITION BY s.uid) AS is_alive FROM ({_in_force(register, more)}) s
) f
WHERE f.ended = NOT f.is_alive
GROUP BY f.uid
"""


@lru_cache(maxsize=64)
def _words(name: str) -> str:
    return f"""
-- Who says anything of some of {register_of(name).collection}, in which delivery.
SELECT q.contribution_id, q.uid, q.method, q.source_id, s.name AS source, q.source_key, s.department,
  d.name AS department_name, q.batch_id, q.row_number, q.effective_from, q.recorded_at, b.delivered_at, q.warnings
FROM ({_in_force(register_of(name), "")}) q
JOIN jishi.source s USING (source_id)
LEFT JOIN jishi.department d ON d.uscc = s.department
LEFT JOIN jishi.batch b ON b.batch_id = q.batch_id
ORDER BY q.rank, q.contribution_id
"""
