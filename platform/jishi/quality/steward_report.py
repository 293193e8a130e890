"""A batch as its stewards read it: every rule with its trend, why it was held or refused, how late it came (behind the road in).

One function for the JSON route and the console page. No value of a row is part of it: rows are looked at apart
(:mod:`jishi.quality.failing_rows`), for that is disclosed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg

from jishi.access import working_days
from jishi.access.officer import Officer
from jishi.dictionary.credit import CreditRules
from jishi.errors import NotFoundError
from jishi.quality.batch_report import TestedRule, tested_rules, why_of
from jishi.quality.failures import BatchEntry, batch_entry
from jishi.quality.lateness import Lateness, StatutoryClock, lateness_of, statutory_clocks
from jishi.quality.trend import trend_of
from jishi.settings import City, Settings

QUOTES_NOTHING = ("ING-BATCH-RULE", "QLT-COULD-NOT-RUN", "QLT-DISAGREES", "JOB-FAILED", "JOB-ATTEMPTS")
"""Faults whose sentence is made of our own words; another may repeat a header or value and is its department's alone."""


@dataclass(frozen=True, slots=True)
class StewardReport:
    """``why``: code and sentence; the sentence is None where the officer may not read it. ``data_docs``: whether Great
    Expectations' own page is there."""

    entry: BatchEntry
    why: tuple[tuple[str, str | None], ...]
    tested: tuple[TestedRule, ...]
    lateness: Lateness | None
    clocks: tuple[StatutoryClock, ...]
    data_docs: bool

    @property
    def could_not_run(self) -> tuple[str, ...]:
        return tuple(rule.rule for rule in self.tested if rule.could_not_run)


async def seen_entry(connection: asyncpg.Connection, batch_id: int, officer: Officer) -> BatchEntry:
    """The batch, if it is there for the officer; else NotFoundError ``ING-BATCH-UNKNOWN``, as where there is none."""
    if not 0 < batch_id < 2**63:
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    entry = await batch_entry(connection, batch_id)
    if not officer.sees(entry.department):
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    return entry


async def steward_report(
    connection: asyncpg.Connection, batch_id: int, officer: Officer, language: str, settings: Settings, city: City
) -> StewardReport:
    """Raises NotFoundError as :func:`seen_entry` does."""
    entry = await seen_entry(connection, batch_id, officer)
    zone = ZoneInfo(city.timezone)
    trend = await trend_of(connection, entry)
    return StewardReport(
        entry,
        tuple(_readable(why_of(entry, language), officer, entry)),
        tested_rules(entry, language, trend),
        await lateness_of(connection, entry, zone, working_days.load(settings).calendar),
        statutory_clocks(entry, _credit_of(settings), zone),
        bool(await connection.fetchval(_RENDERED, entry.rows_of)),
    )


def _readable(why: Iterable[tuple[str, str]], officer: Officer, entry: BatchEntry) -> Iterator[tuple[str, str | None]]:
    for code, sentence in why:
        own = officer.in_clear(entry.department) or code.startswith("QLT-HELD-") or code in QUOTES_NOTHING
        yield code, sentence if own else None


def _credit_of(settings: Settings) -> CreditRules:
    return _credit(settings.dictionaries_dir / "credit", settings.home_dir / "dictionaries" / "credit")


@cache
def _credit(folder: Path, overlay: Path) -> CreditRules:
    """Read once a process, as the calendar is."""
    return CreditRules.load(folder, overlay)


_RENDERED = "SELECT page IS NOT NULL FROM jishi.validation WHERE batch_id = $1"
