"""Counts by coded elements 统计: one table an element, small groups left out (plan, road out).

Tables stand side by side and are never crossed, and a personal collection is counted as a whole, without a filter: two
counts whose difference is one person cannot be asked for. What remains to whoever asks again tomorrow is how a large group
has moved; the log tells who asks how often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jishi.errors import Fault
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.parameters import short
from jishi_api.plan import Plan
from jishi_api.sql import Page, Statement
from jishi_api.suppress import Line

MOST_TABLES = 8
MOST_GROUPS = 5000
LEVELS = {"province": 2, "city": 4, "county": 6, "town": 9, "village": 12}
"""Division level → digits of its codes (GB/T 2260, 10114)."""

YEAR = "year"
COUNTED = frozenset({Kind.CODE, Kind.BOOLEAN})
DATED = frozenset({Kind.DATE, Kind.PARTIAL_DATE})

LABELS = """
-- Names of codes of one list; of several periods the one in force.
SELECT DISTINCT ON (code) code, name
FROM jishi.code_value
WHERE list = $1 AND code = ANY($2::text[])
ORDER BY code, valid_to DESC NULLS FIRST, valid_from DESC NULLS LAST
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by one element: by its values, by the division of a ``level`` in them, or by the ``year`` of a date."""

    element: str
    level: str | None = None
    year: bool = False

    def expression(self, element: DataElement) -> str:
        column = f"q.{self.element}"
        if self.year:
            if element.kind is Kind.PARTIAL_DATE:  # a year only where both ends of what is known lie in it
                same = f"extract(year FROM {column}) = extract(year FROM {column}_high)"
                return f"CASE WHEN {same} THEN extract(year FROM {column})::int::text END"
            return f"extract(year FROM {column})::int::text"
        if self.level is not None:
            digits = LEVELS[self.level]
            return f"CASE WHEN length({column}) >= {digits} THEN left({column}, {digits}) END"
        return f"{column}::text"

    def lines(self, element: DataElement) -> tuple[Line, ...]:
        """What groups of divisions are summed up with elsewhere: every level above their own, the nearest first."""
        if not _is_division(self.element, element):
            return ()
        own = LEVELS[self.level] if self.level is not None else 99
        return tuple(partial(_within, digits) for digits in sorted(LEVELS.values(), reverse=True) if digits < own)


def tables_of(register: Register, given: object, faults: list[Fault]) -> tuple[Table, ...]:
    """From ``["sex_code", {"element": "county_code", "level": "county"}, {"element": "establish_date", "unit": "year"}]``."""
    listed = given.get("by") if isinstance(given, Mapping) else given
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_TABLES:
        faults.append(Fault("aggregate", "QRY-VALUE-AGGREGATE", {"most": MOST_TABLES}))
        return ()
    found = [_table(register, item, faults) for item in listed]
    return tuple(dict.fromkeys(table for table in found if table is not None))


def statement(plan: Plan, page: Page, table: Table) -> Statement:
    """Rows (value, number), one more than may be where there are too many."""
    element = plan.register.elements[table.element]
    joins = f" CROSS JOIN LATERAL (SELECT {plan.computed}) p" if plan.computed else ""
    asked = sql.selected(plan, page, f"{table.expression(element)} AS value, count(*) AS number", joins)
    return Statement(f"{asked.text}GROUP BY 1 ORDER BY 1 NULLS LAST LIMIT {MOST_GROUPS + 1}", asked.values)


def document(
    table: Table, counts: Mapping[str | None, int], out: frozenset[str | None], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Of what is left out it is said that it is."""
    groups = [
        {"value": value, **({"label": labels[value]} if value and value in labels else {}), "count": number}
        for value, number in counts.items()
        if value not in out
    ]
    return {
        "element": table.element,
        **({"level": table.level} if table.level else {}),
        **({"unit": YEAR} if table.year else {}),
        "groups": groups,
        "suppressed": bool(out),
    }


def label_list(register: Register, table: Table) -> str | None:
    """The code list that names a table's values."""
    return None if table.year else register.elements[table.element].code_list


def _table(register: Register, item: object, faults: list[Fault]) -> Table | None:
    told = {"element": item} if isinstance(item, str) else item
    if not isinstance(told, Mapping) or not isinstance(told.get("element"), str) or told.keys() - _MEMBERS:
        faults.append(Fault("aggregate", "QRY-VALUE-AGGREGATE", {"most": MOST_TABLES}))
        return None
    name, level, unit = told["element"], told.get("level"), told.get("unit")
    element = register.elements.get(name)
    if element is None:
        faults.append(Fault(short(name), "QRY-PROPERTY-UNKNOWN"))
        return None
    dated, division = element.kind in DATED, _is_division(name, element)
    fits = (
        (unit == YEAR and dated and level is None)
        or (unit is None and level is None and (element.kind in COUNTED or division))
        or (unit is None and level in LEVELS and division)
    )
    if not fits:
        faults.append(Fault(name, "QRY-AGGREGATE-ELEMENT", {"levels": ", ".join(LEVELS)}))
        return None
    return Table(name, level, unit == YEAR)


_MEMBERS = frozenset({"element", "level", "unit"})


def _is_division(name: str, element: DataElement) -> bool:
    return element.code_list == "division" or name.endswith(("division_code", "county_code", "town_code"))


def _within(digits: int, value: str | None) -> object:
    return None if value is None else value[:digits]


def wanted_elements(tables: Sequence[Table]) -> frozenset[str]:
    return frozenset(table.element for table in tables)
