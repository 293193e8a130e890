"""Entities side by side 比对, as an officer may see them, for deciding whether they are one (disclose, respond).

An officer of a department sees what it said, as it was sent; of what others said that it is there. The city's see what
everybody said, under the masks of its elements.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from jishi.access.grants import Grant
from jishi.access.officer import Officer
from jishi.registers.register import Register
from jishi_api import lineage
from jishi_api.disclose import Row, bound, features
from jishi_api.looking import Channel, look
from jishi_api.members import granted_members
from jishi_api.plan import Plan, plan_of
from jishi_api.serving import Serving

LINKED_BY = {1: "new", 2: "identifier", 3: "model", 4: "steward"}


@dataclass(frozen=True, slots=True)
class Saying:
    """What one source says of an entity, in a row of its delivery."""

    contribution: int
    source: str
    department: str
    department_name: str | None
    batch: int
    row_number: int
    linked_by: str
    effective_from: datetime
    ended: bool
    in_clear: bool
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One entity. ``unseen``: how many rows of other departments it has besides."""

    uid: UUID
    sayings: tuple[Saying, ...]
    unseen: int


async def sides(
    request: Request, serving: Serving, officer: Officer, channel: Channel, register: Register, uids: Sequence[UUID]
) -> list[Side]:
    """Each entity with what its sources say that is in force; disclosed before it is returned."""
    every = frozenset(register.elements)
    masked, clear = Grant(0, "", register.name, masked=every), Grant(0, "", register.name, clear=every)
    plans = [plan_of(register, one, granted_members(register, one), geometry=True) for one in (masked, clear)]
    found = []
    for uid in uids:
        rows = (
            [await _rows(serving, plan, uid) for plan in plans]
            if officer.department
            else [await _rows(serving, plans[0], uid)] * 2
        )
        found.append(_side(serving, officer, uid, plans, rows))
    shown = [side for side in found if side.sayings]
    kinds = {saying.in_clear for side in shown for saying in side.sayings}
    subjects = tuple(dict.fromkeys(side.uid for side in shown))
    named = plans[0].masked
    await look(
        request,
        serving,
        officer,
        channel,
        "side-by-side",
        register,
        [str(uid) for uid in uids],
        masked=named if False in kinds else (),
        clear=named if True in kinds else (),
        subjects=subjects,
        misses=len(uids) - len(shown),
    )
    return found


async def _rows(serving: Serving, plan: Plan, uid: UUID) -> Sequence[Row]:
    values = bound([*plan.values, uid], serving.sealer)
    rows: Sequence[Row] = await serving.lanes.fetch(lineage.contributions(plan), *values)
    return rows


def _side(serving: Serving, officer: Officer, uid: UUID, plans: Sequence[Plan], rows: Sequence[Sequence[Row]]) -> Side:
    sayings, unseen = [], 0
    opened = {row["contribution_id"]: row for row in rows[1]}
    for row in rows[0]:
        if not officer.sees(row["department"]):
            unseen += 1
            continue
        in_clear = officer.in_clear(row["department"])
        told, plan = (opened[row["contribution_id"]], plans[1]) if in_clear else (row, plans[0])
        (feature,) = features([told], plan, serving.sealer)
        values = json.loads(feature + b"}")
        sayings.append(
            Saying(
                row["contribution_id"],
                row["source"],
                row["department"],
                row["department_name"],
                row["batch_id"],
                row["row_number"],
                LINKED_BY.get(row["method"], "steward"),
                row["effective_from"],
                row["ended"],
                in_clear,
                values["properties"],
            )
        )
    return Side(uid, tuple(sayings), unseen)
