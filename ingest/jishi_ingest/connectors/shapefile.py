"""A zipped shapefile as text columns and WKB, longitude first (step *read*)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import polars as pl
import pyogrio

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.parquet import to_text
from jishi_ingest.connectors.reading import GEOMETRY, Reading, ReadOptions, begin, clean_headers, mark_rows


def read_shapefile(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Open a zip that holds one shapefile; the encoding is that of its .cpg, the system that of its .prj."""
    stream.seek(0)
    try:
        meta, _, geometry, fields = pyogrio.raw.read(stream.read(), datetime_as_string=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, RuntimeError) as error:
        raise InputRefusedError("ING-READ-SHAPEFILE") from error
    columns = clean_headers(meta["fields"])
    return Reading(
        format="shapefile",
        encoding=meta.get("encoding"),
        columns=(*columns, GEOMETRY),
        chunks=begin(lambda: _frames(columns, fields, geometry, options.chunk_rows)),
        crs=meta.get("crs"),
    )


def _frames(columns: tuple[str, ...], fields: list[Any], geometry: Any, chunk_rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(geometry), chunk_rows):
        end = start + chunk_rows
        series = [
            to_text(pl.Series(name, _values(field[start:end]))).alias(name)
            for name, field in zip(columns, fields, strict=True)
        ]
        frame = pl.DataFrame([*series, pl.Series(GEOMETRY, list(geometry[start:end]), dtype=pl.Binary)])
        yield mark_rows(frame, columns, start + 1)


def _values(field: Any) -> Any:
    """A NumPy field as Polars takes it: texts as a list, days as dates, floats with null for NaN."""
    if field.dtype == object:
        return [None if item is None else str(item) for item in field]
    if np.issubdtype(field.dtype, np.floating):
        return pl.Series(field).fill_nan(None)
    return field
