"""Rules of credit publicity 信用公示规则 as dated data: grades with their terms, statutory limits; read before the road."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from jishi.dictionary.reading import Faults, Line, read_csv, read_day
from jishi.errors import DeclarationError

GRADES, LIMITS = "grades.csv", "limits.csv"
REPORT_WORKING_DAYS, BARE_FINE = "report_working_days", "bare_fine"
_PUBLISHED = ("yes", "only_if_needed")
_DATED = ("in_force_from", "in_force_to")


@dataclass(frozen=True, slots=True)
class Period:
    """In force from ``start`` until the day before ``end`` (None: still)."""

    start: date
    end: date | None

    def holds_on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class GradeRule:
    """How long a record of one grade of dishonesty 失信程度 is published, counted in months from its decision's day."""

    grade: str
    always: bool  # False: published only where the department says that it is needed
    min_months: int
    max_months: int
    period: Period


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of the law or of this project, with its unit in the file."""

    name: str
    value: Decimal
    period: Period


@dataclass(frozen=True)
class CreditRules:
    """All rules that were ever in force; a day says which are."""

    grades: tuple[GradeRule, ...]
    limits: tuple[Limit, ...]

    @classmethod
    def load(cls, folder: Path, overlay: Path | None = None) -> CreditRules:
        """The rules of ``folder``; a file that ``overlay`` (absent = none) has stands instead of the shipped one.

        Raises DeclarationError ``DIC-CREDIT`` with every fault.
        """
        faults = Faults()
        grades = tuple(
            _grade(line, faults)
            for line in read_csv(
                _chosen(folder, overlay, GRADES),
                ("grade", "published", "min_months", "max_months", *_DATED),
                ("basis", "mark"),
                faults,
            )
        )
        limits = tuple(
            _limit(line, faults)
            for line in read_csv(
                _chosen(folder, overlay, LIMITS), ("name", "value", "unit", *_DATED), ("basis", "mark"), faults
            )
        )
        if faults.found:
            raise DeclarationError("DIC-CREDIT", faults=tuple(faults.found), count=len(faults.found))
        return cls(grades, limits)

    def on(self, day: date) -> dict[str, GradeRule]:
        """Grade → its rule in force on ``day``; empty before the first rules: older logic is not applied."""
        return {rule.grade: rule for rule in self.grades if rule.period.holds_on(day)}

    def limit(self, name: str, day: date) -> Decimal | None:
        """The limit in force on ``day``, None when there is none."""
        return next((limit.value for limit in self.limits if limit.name == name and limit.period.holds_on(day)), None)

    def version(self) -> str:
        """SHA-256 over everything the rules say."""
        return hashlib.sha256(repr((self.grades, self.limits)).encode()).hexdigest()


def _chosen(folder: Path, overlay: Path | None, name: str) -> Path:
    return overlay / name if overlay is not None and (overlay / name).is_file() else folder / name


def _grade(line: Line, faults: Faults) -> GradeRule:
    cells = line.cells
    low, high = (_number(line, name, faults) for name in ("min_months", "max_months"))
    if cells["published"] not in _PUBLISHED or low > high:
        faults.add(line.place, "DIC-CREDIT-GRADE", given=cells["grade"])
    return GradeRule(cells["grade"], cells["published"] == "yes", int(low), int(high), _period(line, faults))


def _limit(line: Line, faults: Faults) -> Limit:
    return Limit(line.cells["name"], _number(line, "value", faults), _period(line, faults))


def _number(line: Line, column: str, faults: Faults) -> Decimal:
    try:
        number = Decimal(line.cells[column])
    except InvalidOperation:
        faults.add(line.place, "DIC-CREDIT-NUMBER", given=line.cells[column])
        return Decimal(0)
    if not number.is_finite() or number < 0:
        faults.add(line.place, "DIC-CREDIT-NUMBER", given=line.cells[column])
    return number


def _period(line: Line, faults: Faults) -> Period:
    start = read_day(line.cells["in_force_from"], line.place, faults)
    if start is None:
        faults.add(line.place, "DIC-DATE", value=line.cells["in_force_from"])
    return Period(start or date.min, read_day(line.cells["in_force_to"], line.place, faults))
