"""One delivery as a run sees it: its source, its landed bytes, and a reading that can be begun again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from jishi.golden.ledger import Batch
from jishi.registers.catalog import register_of
from jishi.registers.element import Rule
from jishi.registers.register import Register
from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.plan import ROW_HASH, Plan
from jishi_ingest.connectors.read import read_batch
from jishi_ingest.connectors.reading import Reading
from jishi_ingest.landing import open_landed
from jishi_ingest.road import Road
from jishi_ingest.source import Source, fit, read_options, source_plan


@dataclass(frozen=True)
class Delivery:
    """A batch with its source and the plan for its headers."""

    road: Road
    batch: Batch
    source: Source
    register: Register
    reading: Reading
    plan: Plan
    ignored_columns: tuple[str, ...]

    @classmethod
    def open(cls, road: Road, source: Source, batch: Batch, gazetteer: Gazetteer | None = None) -> Delivery:
        """Open the landed bytes and fit the source's mapping to their headers; raises InputRefusedError.

        ``gazetteer`` is what the source's addresses are read against, if it has any.
        """
        return cls.of(road, source, batch, _read(road, source, batch), gazetteer)

    @classmethod
    def of(
        cls, road: Road, source: Source, batch: Batch, reading: Reading, gazetteer: Gazetteer | None = None
    ) -> Delivery:
        """The same of a reading that is open already: of rows that have not landed."""
        fitted = fit(source, reading.columns, reading.crs)
        plan = source_plan(
            source,
            fitted,
            delivered_at=batch.delivered_at,
            code_lists=road.code_lists,
            known_divisions=road.known_divisions,
            sealer=road.sealer,
            city=road.city,
            calendar=road.calendar,
            credit=road.credit,
            gazetteer=gazetteer,
        )
        return cls(road, batch, source, register_of(source.register_name), reading, plan, fitted.further)

    def headers_of(self, rule: Rule) -> list[str]:
        """The delivery's own headers a rule is about, in its order of columns; none: the row as such."""
        if rule.element == "row":
            is_key = rule.column.startswith("row__key") and self.plan.key != ROW_HASH
            names = set(self.plan.key if is_key else ())
        else:
            elements = {column.partition("__")[0] for column in (rule.element, rule.column, rule.other) if column}
            names = {name for element in elements for name in self._columns(element)}
        return [name for name in self.reading.columns if name in names]

    @property
    def elements_by_header(self) -> dict[str, tuple[str, ...]]:
        """The delivery's own headers that are used, each with the elements taken from it."""
        taken: dict[str, list[str]] = {}
        for element, take in self.plan.mapped.items():
            for header in take.columns:
                taken.setdefault(header, []).append(element)
        return {header: tuple(elements) for header, elements in taken.items()}

    def _columns(self, element: str) -> tuple[str, ...]:
        take = self.plan.mapped.get(element)
        return take.columns if take else ()

    def again(self, rows: pl.Series) -> Iterator[pl.DataFrame]:
        """Read the delivery once more, only the rows of the given numbers (Int64, ascending)."""
        return rows_again(self.road, self.source, self.batch, rows)


def rows_again(road: Road, source: Source, batch: Batch, rows: pl.Series) -> Iterator[pl.DataFrame]:
    """The rows of the given numbers (Int64, ascending) of a landed delivery, read as its source reads it."""
    begun = 0
    for chunk in _read(road, source, batch).chunks:
        if chunk.height:
            end = int(rows.search_sorted(chunk["row_number"][-1], side="right"))
            wanted, begun = rows[begun:end], end
            if len(wanted):
                yield chunk.filter(pl.col("row_number").is_in(wanted.implode()))
        if begun == len(rows):
            return


def _read(road: Road, source: Source, batch: Batch) -> Reading:
    stream = open_landed(road.settings.landing_dir / batch.landing.path, road.keys)
    options = read_options(source, road.settings)
    return read_batch(stream, batch.landing.file_name, options, repair=batch.repairs is not None)
