"""What was planted where, and what the road must make of it: the truth files a report can be checked against."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self


class Outcome(StrEnum):
    """What must become of a planted row, or, for row 0, of the whole delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WARNING = "warning"  # accepted, with a warning
    DUPLICATE = "duplicate"
    HELD = "held"
    QUARANTINED = "quarantined"
    IDENTIFIER_CONFLICT = "identifier-conflict"  # accepted as an entity of its own, with a review
    UNCHANGED = "unchanged"
    WITHHELD = "withheld"  # accepted, but not disclosed
    EXPIRED = "expired"  # accepted, its golden status says so
    PENDING = "pending"  # accepted, a reference finds no target


@dataclass(frozen=True, slots=True)
class Plant:
    """One planted defect. ``row`` is 1-based as received (title, header, footer not counted), 0 = the file as such."""

    row: int
    defect: int  # number in the list of defects
    expected: Outcome
    rule: str = ""  # id of the rule that must say so, '' where none does
    detail: str = ""  # which variant of the defect
    also: tuple[str, ...] = ()  # further rules that say so of the same row; counted, not written


@dataclass
class Counts:
    """How many rows of one file must end how; ``warnings`` counts planted rows, and the backlog of decisions.

    ``withheld`` and ``expired`` count rows by the state of their golden records, ``resolved`` and ``pending`` the
    references by number that the rows brought, all as they stand when every delivery is in.
    """

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    expired: int = 0
    resolved: int = 0
    pending: int = 0


class Truth:
    """Writes ``truth.csv`` and ``persons_truth.csv`` in ``folder`` while the files are made, and keeps the counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self.counts: defaultdict[str, Counts] = defaultdict(Counts)

    def __enter__(self) -> Self:
        opened = [
            self._files.enter_context((self._folder / name).open("w", encoding="utf-8", newline=""))
            for name in ("truth.csv", "persons_truth.csv")
        ]
        self._plants, self._persons = (csv.writer(file, lineterminator="\n") for file in opened)
        self._plants.writerow(("file", "row", "defect", "expected", "rule", "detail"))
        self._persons.writerow(("file", "row", "person"))
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._files.close()

    def plant(self, file: str, plants: Iterable[Plant]) -> None:
        counts = self.counts[file]
        for one in plants:
            self._plants.writerow((file, one.row, one.defect, one.expected.value, one.rule, one.detail))
            if one.row:
                counts.outcomes[one.expected.value] += 1
                if one.rule:
                    kind = counts.warnings if one.expected is Outcome.WARNING else counts.reasons
                    kind.update((one.rule, *one.also))

    def persons(self, file: str, first_row: int, persons: Iterable[int]) -> None:
        """State whom the rows from ``first_row`` on are about, by person number."""
        self._persons.writerows((file, row, person) for row, person in enumerate(persons, first_row))
