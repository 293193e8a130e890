"""Any register as it was: the rows a plan reads taken from all versions instead of the golden table (plan, road out).

A version is golden row or version row (decision 0001). Both tables are read as one relation, and a row stands where no other
one of its entity takes its place: the version with ``recorded_at`` up to the known instant and the greatest effective date
up to the instant, the latest recorded of equals. So conditions, masks and row filter meet the very columns they meet on
the golden table, and find their indexes on both tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from jishi.registers.clock import WITHHELD
from jishi.registers.register import Register
from jishi_api.clock import Clock
from jishi_api.condition import CARRIED_NOW, RELATED_NOW, Condition
from jishi_api.plan import LATEST_NAME, LATEST_NUMBER, Plan
from jishi_api.sql import Statement, states
from jishi_api.temporal import CITY_ZONE

NEWEST = "SELECT last_recorded_at FROM jishi.register_state WHERE register = $1 AND isfinite(last_recorded_at)"
"""The newest instant a register can be asked of as known at: whatever is recorded later is later than it."""


EACH = "OFFSET 0"
"""Behind what is looked up for each row by itself: without it the planner joins, for one page, two whole tables."""


def rights_of(register: Register) -> frozenset[str]:
    """What a grant must hold to ask a register of another time: where it is about persons, the right to its history."""
    return frozenset({"history"}) if register.personal else frozenset()


def over(plan: Plan, clock: Clock, include: frozenset[str]) -> Plan:
    """The plan as of ``clock``, whose values are bound behind the plan's own; ``include``: states meant beside the active.

    Of an interval only what is not over is found, of an instant whatever is in force with its state.
    """
    return _over(plan, clock.shape, include)


def past(plan: Plan, clock: Clock, condition: Condition) -> Condition:
    """A condition over rows of today as one over those of a plan of ``clock``: on the relations of then, and on the numbers
    a version shows; when a number was recorded is not kept, so only this stays the same whatever is published later."""
    bound = bound_of(len(plan.values) + 1, clock.shape)
    text = condition.text.replace(RELATED_NOW, related(bound))
    return replace(condition, text=_BEARERS.sub(_showing, text))


_BEARERS = re.compile(
    r"q\.uid IN \(SELECT d\.uid (?P<found>FROM jishi\.identifier d WHERE [^']*d\.element = '(?P<element>\w+)') AND "
    + re.escape(CARRIED_NOW)
    + r"(?: AND d\.masked = q\.\w+)?\)"
)
"""Who carries a number, as :func:`jishi_api.condition.bearers` writes it."""


def _showing(match: re.Match[str]) -> str:
    """Who ever carried it, found by the number, and shows it in this version."""
    found, shown = match["found"], f"d.uid = q.uid AND d.masked = q.{match['element']}"
    return f"(q.uid IN (SELECT d.uid {found}) AND EXISTS (SELECT {found} AND {shown} {EACH}))"


def related(bound: Bound) -> str:
    """Of a relation ``r``: it holds at the interval's end as known then."""
    tests = ["true"]
    if bound.known:
        tests.append(f"r.recorded_at <= {bound.known} AND r.resolved_at <= {bound.known}")
    if bound.ends:
        tests.append(f"r.effective_from <= {bound.ends}")
    unknown = f" OR r.closed_at > {bound.known}" if bound.known else ""
    after = f" OR r.effective_to > {bound.ends}" if bound.ends else ""
    tests.append(f"(r.effective_to IS NULL{after}{unknown})")
    return " AND ".join(tests)


def merged_into(register: Register, uid: UUID, clock: Clock) -> Statement:
    """As :func:`jishi_api.sql.merged_into`, at the interval's end as known then."""
    values: list[object] = [uid]
    tests = ["uid = $1"]
    for column, at in (("effective_from", clock.ends), ("recorded_at", clock.known)):
        if at is not None:
            values.append(at)
            tests.append(f"{column} <= ${len(values)}")
    return Statement(
        f"""
-- The survivor of an entity that was merged by then.
SELECT "into" AS survivor
FROM jishi.{register.name}_version
WHERE {" AND ".join(tests)}
ORDER BY effective_from DESC, recorded_at DESC
LIMIT 1
""",  # noqa: S608  identifiers of the declaration
        tuple(values),
    )


def versions(register: Register) -> str:
    """Every version of every entity, as two plain selections, so that the planner takes them for one table with two
    children. What stands in both tables comes twice, once with ``in_version``."""
    columns = ", ".join(("uid", *register.columns, "effective_from", "recorded_at", "state", "batch_id"))
    return (
        f'SELECT {columns}, in_version, NULL::uuid AS "into" FROM jishi.{register.name} UNION ALL '  # noqa: S608
        f'SELECT {columns}, false, "into" FROM jishi.{register.name}_version'
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """Parameters of a clock by what they mean; None = open."""

    begins: str | None
    ends: str | None
    known: str | None
    count: int

    def known_by(self, alias: str) -> str:
        return f" AND {alias}.recorded_at <= {self.known}" if self.known else ""

    def begun_by(self, alias: str) -> str:
        return f" AND {alias}.effective_from <= {self.ends}" if self.ends else ""


@lru_cache(maxsize=1024)
def _over(plan: Plan, shape: tuple[bool, bool, bool, bool], include: frozenset[str]) -> Plan:
    register = plan.register
    bound = bound_of(plan.first, shape)
    tests = [f"({plan.rows})"] if plan.rows else []
    tests.append(f"NOT q.in_version{bound.known_by('q')}{bound.begun_by('q')}")
    tests += _in_force(register, bound) if shape[3] else _within(register, bound, include)
    if "withheld" not in include and any(rule.state == WITHHELD for rule in register.clocks):
        tests += _none_of((register.name,), "w", "q", f"w.state = '{WITHHELD}'")  # now: it may not be told any more
    return replace(
        plan,
        source=f"({versions(register)})",
        clocks=bound.count,
        rows=" AND ".join(tests),
        joins=_at_the_end(plan.joins, bound.ends),
    )


def bound_of(first: int, shape: tuple[bool, bool, bool, bool]) -> Bound:
    has_begin, has_end, has_known, is_instant = shape
    found: list[str | None] = []
    number = first
    for is_bound in (has_begin and not is_instant, has_end, has_known):
        found.append(f"${number}::timestamptz" if is_bound else None)
        number += is_bound
    begins, ends, known = found
    return Bound(begins, ends, known, number - first)


def _in_force(register: Register, bound: Bound) -> list[str]:
    """``q`` is the version in force at the instant."""
    later = "(o.effective_from, o.recorded_at) > (q.effective_from, q.recorded_at)"
    return _none(register, "o", "q", f"{later}{bound.begun_by('o')}{bound.known_by('o')}")


def _within(register: Register, bound: Bound, include: frozenset[str]) -> list[str]:
    """``q`` is in force within the interval, not corrected, not over, and the last such version."""
    tests = [states(register, include)]
    tests += _none(
        register,
        "o",
        "q",
        f"o.effective_from = q.effective_from AND o.recorded_at > q.recorded_at{bound.known_by('o')}",
    )
    if bound.begins:
        followed = f"o.effective_from > q.effective_from AND o.effective_from <= {bound.begins}"
        tests += _none(register, "o", "q", f"{followed}{bound.known_by('o')}")
    corrected = f"c.effective_from = o.effective_from AND c.recorded_at > o.recorded_at{bound.known_by('c')}"
    later = f"o.effective_from > q.effective_from{bound.begun_by('o')}{bound.known_by('o')}"
    stands = " AND ".join([states(register, include, "o"), *_none(register, "c", "o", corrected)])
    return [*tests, *_none(register, "o", "q", f"{later} AND {stands}")]


def _none(register: Register, alias: str, of: str, test: str) -> list[str]:
    """No version ``alias`` of the entity ``of`` for which the test holds: one look into each table."""
    return _none_of((f"{register.name}_version", register.name), alias, of, test)


def _none_of(tables: tuple[str, ...], alias: str, of: str, test: str) -> list[str]:
    return [
        f"NOT EXISTS (SELECT FROM jishi.{table} {alias} WHERE {alias}.uid = {of}.uid AND {test} {EACH})"
        for table in tables
    ]


def _at_the_end(joins: str, ends: str | None) -> str:
    """Names of codes, and numbers, as they were in force at the interval's end before those in force since."""
    if ends is None:
        return joins
    day = f"({ends} AT TIME ZONE '{CITY_ZONE.key}')::date"
    named = f"((v.valid_from IS NULL OR v.valid_from <= {day}) AND (v.valid_to IS NULL OR {day} < v.valid_to)) DESC"
    carried = f"(d.valid_from <= {ends} AND (d.valid_to IS NULL OR {ends} < d.valid_to)) DESC"
    return joins.replace(LATEST_NAME, f"{named}, {LATEST_NAME}").replace(LATEST_NUMBER, f"{carried}, {LATEST_NUMBER}")
