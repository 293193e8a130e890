"""Rows of credit and certificate files with what must have become of each when the whole city is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jishi_ingest.demo.entities import Record
from jishi_ingest.demo.truth import Outcome, Plant, Truth

LATE = "credit_record.decided_on.late"


@dataclass(slots=True)
class Line:
    """``resolved`` and ``pending``: references by number that find their target, and that wait for it."""

    row: Record
    resolved: int = 0
    pending: int = 0
    withheld: bool = False  # the golden record is not disclosed
    expired: bool = False  # its term is over, whatever the row says
    late: bool = False  # reported after the statutory term, and counted so


def account(file: str, lines: Sequence[Line], plants: Sequence[Plant], truth: Truth) -> None:
    """State the plants of a file, and of all its rows that are not refused what becomes of them.

    A row that is planted as late is counted by its plant.
    """
    truth.plant(file, plants)
    refused = {plant.row for plant in plants if plant.expected is Outcome.REFUSED}
    counts = truth.counts[file]
    accepted = [line for row, line in enumerate(lines, 1) if row not in refused]
    counts.resolved += sum(line.resolved for line in accepted)
    counts.pending += sum(line.pending for line in accepted)
    counts.withheld += sum(line.withheld for line in accepted)
    counts.expired += sum(line.expired for line in accepted)
    backlog = sum(line.late for line in accepted)
    if backlog:
        truth.plant(file, [Plant(0, 28, Outcome.WARNING, LATE, f"{backlog} decisions of a backlog")])
        counts.warnings[LATE] += backlog
