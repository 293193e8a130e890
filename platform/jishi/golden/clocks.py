"""What the calendar alone does to golden records, as SQL: the days on which something changes, and what holds on a day (merge).

A register's clock rules make announced versions: on the day itself ``turn`` finds them recorded and applies them.
"""

from __future__ import annotations

from jishi.registers.clock import ClockRule
from jishi.registers.register import Register

ZONE = "$2::text"
"""Where the statements have the city's time zone: days begin at local midnight."""


def moment(rule: ClockRule, alias: str) -> str:
    """The instant a dated rule begins, or ends, to hold."""
    return f"(({alias}.{rule.at} + {int(rule.day_after)})::timestamp AT TIME ZONE {ZONE})"


def moments(register: Register, alias: str) -> list[str]:
    """All instants at which a record with the values in ``alias`` changes by itself."""
    return sorted({moment(rule, alias) for rule in register.clocks if rule.at is not None})


def dates(register: Register) -> tuple[str, ...]:
    """The columns that say when."""
    return tuple(sorted({rule.at for rule in register.clocks if rule.at is not None}))


def value(register: Register, column: str, alias: str) -> str:
    """``column`` as the rules leave it at instant ``alias.t``; the first rule that holds decides."""
    cases = [
        f"WHEN {_holds(rule, alias)} THEN '{value}'"
        for rule in register.clocks
        for element, value in rule.sets
        if element == column
    ]
    return f"CASE {' '.join(cases)} ELSE {alias}.{column} END AS {column}" if cases else f"{alias}.{column}"


def state(register: Register, alias: str) -> str:
    """The state of a living record at instant ``alias.t``."""
    cases = [f"WHEN {_holds(rule, alias)} THEN '{rule.state}'" for rule in register.clocks if rule.state is not None]
    return f"CASE {' '.join(cases)} ELSE {alias}.state END AS state" if cases else f"{alias}.state"


def _holds(rule: ClockRule, alias: str) -> str:
    tests = [f"{alias}.state = 'active'"]
    for element, values in rule.when:
        tests.append(f"{alias}.{element}::text IN ({', '.join(repr(value) for value in values)})")
    if rule.at is not None:
        tests.append(f"{alias}.t {'<' if rule.until else '>='} {moment(rule, alias)}")
    return " AND ".join(tests)
