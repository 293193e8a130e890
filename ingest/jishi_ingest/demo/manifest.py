"""What the demo city delivers, in which order, and what must come of each delivery: ``manifest.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jishi_ingest.demo.truth import Counts, Outcome

FILE = "manifest.json"
TRUTH = "truth.csv"
"""The file beside it that states every planted defect."""
LEAST_PERSONS = 500
"""A city of fewer does not hold two rows of every defect."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The counts of one delivery. ``reasons``: rows by rule id, a row may have several; ``warnings``: planted rows, and
    decisions of a backlog that come late.

    ``withheld`` and ``expired``: rows whose golden record is not disclosed or has run out; ``resolved`` and ``pending``:
    references of the rows to other entities. They are those of the file, when all deliveries are in.

    For a delivery that is held or refused as a whole only ``status`` and ``received`` are stated; a refused one counts
    no row as received.
    """

    status: str = "published"
    received: int = 0
    refused: int = 0  # rows refused for what they hold
    conflicting: int = 0  # rows of keys that stand twice with other values; quarantined too
    duplicate: int = 0
    conflicts: int = 0  # reviews of kind identifier-conflict
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    withheld: int = 0
    expired: int = 0
    resolved: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file handed to one source; a file may be delivered more than once."""

    file: str
    source: str
    format: str
    encoding: str | None  # as the report of the road names it; None for workbooks
    rows: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class Manifest:
    """All deliveries in the order of ingest. ``today``: the day (ISO 8601) they are handed over, from which terms are
    told. ``folder`` is where the files lie; it is not written down."""

    city: str
    division_prefix: str
    persons: int
    seed: int
    clean: bool
    deliveries: tuple[Delivery, ...]
    folder: Path
    today: str = ""

    def write(self) -> None:
        content = asdict(self)
        del content["folder"]
        (self.folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest that lies in ``folder``."""
    content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    deliveries = tuple(
        Delivery(**{**item, "expected": Expected(**item["expected"])}) for item in content.pop("deliveries")
    )
    return Manifest(**content, deliveries=deliveries, folder=folder)


def deliver(
    file: str, source: str, counts: Counts, encoding: str | None = "utf-8", form: str = "", status: str = "published"
) -> Delivery:
    """A delivery with the counts its truth gives."""
    found = counts.outcomes
    expected = Expected(status, 0 if status == "refused" else counts.rows)
    if status in ("published", "unchanged"):
        expected = Expected(
            status,
            counts.rows,
            refused=found[Outcome.REFUSED],
            conflicting=found[Outcome.QUARANTINED],
            duplicate=found[Outcome.DUPLICATE],
            conflicts=found[Outcome.IDENTIFIER_CONFLICT],
            reasons=dict(counts.reasons),
            warnings=dict(counts.warnings),
            withheld=counts.withheld,
            expired=counts.expired,
            resolved=counts.resolved,
            pending=counts.pending,
        )
    return Delivery(file, source, form or Path(file).suffix.removeprefix("."), encoding, counts.rows, expected)
