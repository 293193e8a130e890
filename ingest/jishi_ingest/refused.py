"""The refused rows of a delivery, read once more from the landed bytes and sealed for the quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality.quarantine import Refused, row_context
from jishi_ingest.connectors.reading import GEOMETRY
from jishi_ingest.delivery import Delivery
from jishi_ingest.examine import Examined
from jishi_ingest.road import Road


def refused_rows(road: Road, delivery: Delivery, examined: Examined) -> Iterator[Refused]:
    """Each refused row whole: its cells by raw header as sealed JSON."""
    if not examined.refused:
        return
    for frame in delivery.again(pl.Series(sorted(examined.refused), dtype=pl.Int64)):
        for row in frame.iter_rows(named=True):
            key, reasons = examined.refused[row["row_number"]]
            yield Refused(row["row_number"], key, sealed_row(road, delivery.batch.batch_id, row), reasons)


def sealed_row(road: Road, batch_id: int, row: dict[str, Any]) -> bytes:
    """A row of a reading's frame as it rests outside its delivery; :func:`jishi.quality.raw_row.open_row` opens it."""
    if row.get(GEOMETRY) is not None:
        row = row | {GEOMETRY: row[GEOMETRY].hex()}
    raw = json.dumps(row, ensure_ascii=False).encode()
    return seal_bytes(raw, road.keys, road.settings.cipher, context=row_context(batch_id, row["row_number"]))
