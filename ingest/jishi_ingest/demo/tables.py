"""Writes a whole table as one delivery of the demo city and states what must come of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from jishi_ingest.demo.manifest import Delivery, deliver
from jishi_ingest.demo.truth import Truth
from jishi_ingest.demo.writers import Delimited, Sheet


def write_table(
    frame: pl.DataFrame,
    file: str,
    source: str,
    out: Path,
    truth: Truth,
    encoding: str = "utf-8",
    status: str = "published",
    title: str = "",
) -> Delivery:
    """Its plants must stand in ``truth`` already. A workbook with a ``title`` has a row of totals too."""
    is_sheet = file.endswith(".xlsx")
    with Sheet(out / file, title, "条" if title else "") if is_sheet else Delimited(out / file, encoding) as table:
        table.write(frame)
    truth.counts[file].rows = frame.height
    return deliver(file, source, truth.counts[file], None if is_sheet else encoding, status=status)
