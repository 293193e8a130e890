"""How late a delivery came, by its source's schedule and by the clocks the law sets for its records (behind the road in).

A schedule says when a delivery is due; it is answered by the first delivery after that. Working days are those of the State
Council's calendar; what lies in a year without a notice is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import asyncpg

from jishi.dictionary.calendar import Calendar
from jishi.dictionary.credit import REPORT_WORKING_DAYS, CreditRules
from jishi.quality.cron import Cron
from jishi.quality.failures import BatchEntry
from jishi.registers.catalog import register_of

GRACE = timedelta(hours=1)
"""So much after it is due a delivery is still in time; the scheduler too begins a missed job for as long."""

STATUTORY = {"QLT-REPORTED-LATE": REPORT_WORKING_DAYS}
"""Message of a rule that asks whether a record was reported in time → the limit it is measured by."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """``due``: when the schedule first asked for this delivery. ``missed``: later times it had come due meanwhile.
    ``working_days``: whole working days from then to the delivery, None where the calendar does not know them."""

    schedule: str
    due: datetime
    late: bool
    late_s: int
    missed: int
    working_days: int | None


@dataclass(frozen=True, slots=True)
class StatutoryClock:
    """Rows the law's term was asked of, and those past it. ``limit_days`` (working days) None: no limit was in force."""

    rule: str
    evaluated: int
    late: int
    limit_days: int | None

    @property
    def share(self) -> float | None:
        return self.late / self.evaluated if self.evaluated else None


async def lateness_of(
    connection: asyncpg.Connection, entry: BatchEntry, zone: ZoneInfo, calendar: Calendar
) -> Lateness | None:
    """None where the source has no schedule, or nothing was delivered before to count from."""
    cron = Cron.read(entry.schedule, zone) if entry.schedule else None
    if cron is None or entry.schedule is None or entry.delivered_at is None:
        return None
    before = await connection.fetchval(_BEFORE, entry.source_id, entry.batch)
    return None if before is None else measure(cron, entry.schedule, before, entry.delivered_at, calendar)


def measure(cron: Cron, schedule: str, before: datetime, delivered: datetime, calendar: Calendar) -> Lateness | None:
    """Lateness of a delivery that follows one of ``before``; None where the schedule never comes due."""
    due = next(cron.after(before), None)
    if due is None:
        return None
    late = delivered - due
    missed = sum(1 for _ in takewhile(lambda moment: moment <= delivered, cron.after(due)))
    days = calendar.working_days_between(due.date(), delivered.astimezone(cron.zone).date())
    return Lateness(schedule, due, late > GRACE, max(0, int(late.total_seconds())), missed, days)


def statutory_clocks(entry: BatchEntry, credit: CreditRules, zone: ZoneInfo) -> tuple[StatutoryClock, ...]:
    """The clocks of the law that rows of the batch were measured by."""
    if entry.delivered_at is None:
        return ()
    asked = {result.rule: result for result in entry.results}
    day = entry.delivered_at.astimezone(zone).date()
    found = []
    for rule in register_of(entry.register).rules:
        result = asked.get(rule.id)
        if rule.message not in STATUTORY or result is None or result.could_not_run:
            continue
        limit = credit.limit(STATUTORY[rule.message], day)
        found.append(StatutoryClock(rule.id, result.evaluated, result.failed, None if limit is None else int(limit)))
    return tuple(found)


_BEFORE = """
-- When the source last delivered something that came to an end, before this batch.
SELECT delivered_at FROM jishi.batch
WHERE source_id = $1 AND batch_id < $2 AND status IN ('published', 'unchanged') AND kind = 'delivery'
ORDER BY batch_id DESC
LIMIT 1"""
