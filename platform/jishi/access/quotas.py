"""How much of what a grant permits may be used: requests a minute, subjects a day (authorise, road out).

Rates are counted in each process's memory. The daily quota is counted in the database, in blocks: a process takes a block
before it delivers from it, so that the hot path asks nobody and the quota is never exceeded by however many processes.
What a process has taken and not delivered is out of the others' reach until :meth:`Quotas.give_back`, at most one block
each; a killed process leaves its rest, at most one block, unused until the day is over.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as midnight
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jishi.access.grants import Grant

if TYPE_CHECKING:
    from asyncpg import Connection

MINUTE_S, DAY_S = 60, 86_400
BLOCK_SHARE = 50
GREATEST_BLOCK = 1_000
"""A block is a fiftieth of the quota, at least one subject and at most these."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a request was charged: ``limit`` in ``window_s`` seconds, ``remaining`` now, full again in
    ``reset_s``. ``name`` is rate or quota.
    """

    name: str
    allowed: bool
    limit: int
    remaining: int
    window_s: int
    reset_s: int


@dataclass
class Rates:
    """Token buckets, one a grant. ``processes``: among how many the rate is divided, each getting its share of it."""

    processes: int = 1
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[int, tuple[float, float]] = field(default_factory=dict)

    def take(self, grant: Grant, requests: int = 1) -> Allowance | None:
        """Charge a request, or one that weighs as much as several; None where the grant sets no rate. A bucket holds a
        minute's worth and fills evenly; no request weighs more than it holds."""
        if grant.rate_per_minute is None:
            return None
        limit = max(1, grant.rate_per_minute // self.processes)
        now, filling = self.clock(), limit / MINUTE_S
        tokens, at = self._buckets.get(grant.grant_id, (float(limit), now))
        tokens = min(float(limit), tokens + (now - at) * filling)
        weight = min(requests, limit)
        allowed = tokens >= weight
        tokens -= weight * allowed
        self._buckets[grant.grant_id] = tokens, now
        wait = (limit - tokens) / filling if allowed else (weight - tokens) / filling
        return Allowance("rate", allowed, limit, int(tokens), MINUTE_S, math.ceil(wait))

    def keep(self, grant_ids: frozenset[int]) -> None:
        """Forget the buckets of all other grants: those that were revoked."""
        self._buckets = {number: bucket for number, bucket in self._buckets.items() if number in grant_ids}


@dataclass(slots=True)
class _Taken:
    """Of one grant and day: subjects taken and not delivered, and how many nobody had taken when last asked."""

    left: int = 0
    untaken: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Quotas:
    """Daily quotas of subjects, one process's view. ``zone``: whose midnight begins a day."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    clock: Callable[[], float] = time.time
    _day: date | None = None
    _midnight: float = 0.0
    _taken: dict[int, _Taken] = field(default_factory=dict)

    def take_now(self, grant: Grant, subjects: int) -> Allowance | None:
        """Charge ``subjects`` to what this process holds already; None where it must ask: :meth:`take`.

        A grant without a quota is never charged and needs not be asked for.
        """
        taken = self._of_today(grant)
        if grant.quota_per_day is None or taken.left < subjects:
            return None
        taken.left -= subjects
        return self._told(grant, taken, allowed=True)

    async def take(self, connection: Connection[Any], grant: Grant, subjects: int) -> Allowance | None:
        """Charge ``subjects``, taking another block where needed; None where the grant sets no quota. All or nothing: what
        is not allowed costs nothing. ``connection`` must be allowed to write; what it took stays taken if the caller's
        transaction holds.
        """
        if grant.quota_per_day is None:
            return None
        taken = self._of_today(grant)
        day = self._day
        async with taken.lock:
            short = subjects - taken.left
            for wanted in sorted({max(short, block(grant.quota_per_day)), short}, reverse=True) if short > 0 else ():
                used = await connection.fetchval(TAKE, grant.grant_id, day, wanted, grant.quota_per_day)
                if used is not None:
                    taken.left, taken.untaken = taken.left + wanted, grant.quota_per_day - used
                    break
            else:
                if short > 0:
                    used = await connection.fetchval(USED, grant.grant_id, day) or 0
                    taken.untaken = max(0, grant.quota_per_day - used)
                    return self._told(grant, taken, allowed=False)
            taken.left -= subjects
            return self._told(grant, taken, allowed=True)

    async def left(self, connection: Connection[Any], grant: Grant) -> int | None:
        """How many more subjects this process may deliver today at most; None = no quota."""
        if grant.quota_per_day is None:
            return None
        taken = self._of_today(grant)
        used = await connection.fetchval(USED, grant.grant_id, self._day) or 0
        return max(0, grant.quota_per_day - int(used)) + taken.left

    async def give_back(self, connection: Connection[Any]) -> None:
        """Return what this process took of today and did not deliver: at its end, and of grants that are over."""
        self._of_day()
        for grant_id, taken in list(self._taken.items()):
            async with taken.lock:
                if taken.left:
                    await connection.execute(GIVE_BACK, grant_id, self._day, taken.left)
                    taken.left = 0
            self._taken.pop(grant_id, None)

    def _of_today(self, grant: Grant) -> _Taken:
        self._of_day()
        taken = self._taken.get(grant.grant_id)
        return taken or self._taken.setdefault(grant.grant_id, _Taken())

    def _of_day(self) -> None:
        now = self.clock()
        if self._midnight - DAY_S <= now < self._midnight:
            return
        today = datetime.fromtimestamp(now, self.zone).date()
        self._midnight = datetime.combine(today + timedelta(days=1), midnight(), self.zone).timestamp()
        if today != self._day:
            self._day, self._taken = today, {}

    def _told(self, grant: Grant, taken: _Taken, *, allowed: bool) -> Allowance:
        remaining, reset_s = taken.left + taken.untaken, max(1, math.ceil(self._midnight - self.clock()))
        return Allowance("quota", allowed, grant.quota_per_day or 0, remaining, DAY_S, reset_s)


def block(quota: int) -> int:
    """Subjects that a process takes at once; of a small quota one, so that none of it lies where it is not used.

    >>> block(10), block(1_000), block(1_000_000)
    (1, 20, 1000)
    """
    return min(GREATEST_BLOCK, max(1, quota // BLOCK_SHARE))


TAKE = """
-- Take $3 subjects of the quota $4 of grant $1 on day $2, or none; the sum taken, no row where there are not as many left.
INSERT INTO jishi.quota_use AS u (grant_id, day, subjects)
SELECT $1, $2, $3
WHERE $3::bigint <= $4::bigint
ON CONFLICT (grant_id, day) DO UPDATE
SET subjects = u.subjects + excluded.subjects
WHERE u.subjects + excluded.subjects <= $4
RETURNING subjects
"""
"""May be run within the transaction that writes the disclosure: then both hold or neither does."""

GIVE_BACK = """
-- Subjects taken and not delivered.
UPDATE jishi.quota_use
SET subjects = GREATEST(subjects - $3, 0)
WHERE grant_id = $1 AND day = $2
"""

USED = "SELECT subjects FROM jishi.quota_use WHERE grant_id = $1 AND day = $2"
