"""The refused rows of a delivery, read once more from the landed bytes and sealed for the quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterator

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
            if row.get(GEOMETRY) is not None:
                row[GEOMETRY] = row[GEOMETRY].hex()
            key, reasons = examined.refused[row["row_number"]]
            raw = json.dumps(row, ensure_ascii=False).encode()
            context = row_context(delivery.batch.batch_id, row["row_number"])
            sealed = seal_bytes(raw, road.keys, road.settings.cipher, context=context)
            yield Refused(row["row_number"], key, sealed, reasons)
