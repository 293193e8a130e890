"""What the refused rows hold in one column, each value once with its rows: what a bulk repair is made from (beside the road in).

Whoever does not see the values gets their shapes, each with the digest by which he may still say what shall become of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from jishi.access.officer import Officer
from jishi.identifiers.keys import Keys
from jishi.quality.quarantine_search import Entry, opened
from jishi.quality.raw_row import digest_of_cell, is_open, shape
from jishi.registers.catalog import register_of

MOST_ROWS = 5_000
"""Rows that are opened for it; what they hold is told, of the others nothing."""

MOST_VALUES = 500


@dataclass(frozen=True, slots=True)
class Held:
    """``value`` None: not for this officer, who sees its ``shape``."""

    value: str | None
    shape: str
    digest: str
    rows: int


@dataclass(frozen=True, slots=True)
class Column:
    """``rows``: those that were looked at and have the column; ``elements``: what its source takes from it."""

    header: str
    rows: int
    distinct: int
    held: tuple[Held, ...]
    elements: tuple[str, ...]
    masked: bool


def headers_of(entries: Sequence[Entry], keys: Keys) -> tuple[str, ...]:
    """The columns of the deliveries the rows came with, in the order in which they are met."""
    one_a_batch = {entry.batch_id: entry for entry in entries}
    return tuple(dict.fromkeys(header for entry in one_a_batch.values() for header in opened(keys, entry).cells))


def column(keys: Keys, officer: Officer, entries: Sequence[Entry], header: str) -> Column:
    """The values of ``header`` in these rows, the most frequent first."""
    counted: Counter[tuple[str, str, str, bool]] = Counter()
    elements: dict[str, None] = {}
    for entry in entries:
        cells = opened(keys, entry).cells
        if header not in cells:
            continue
        value = cells[header] or ""
        taken = entry.columns.get(header, ())
        elements.update(dict.fromkeys(taken))
        seen = officer.in_clear(entry.department) or is_open(register_of(entry.register), taken)
        counted[(value, entry.source, entry.register, seen)] += 1
    held = tuple(
        Held(value if seen else None, shape(value), digest_of_cell(keys, source, header, value), rows)
        for (value, source, _, seen), rows in counted.most_common(MOST_VALUES)
    )
    masked = any(one.value is None for one in held)
    return Column(header, counted.total(), len(counted), held, tuple(elements), masked)
