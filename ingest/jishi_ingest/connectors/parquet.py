"""Parquet as text columns, row group by row group (step *read*)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import GEOMETRY, Reading, ReadOptions, begin, clean_headers, mark_rows

EXACT = 1e15
"""Below this a whole number kept as a float has lost nothing; above, its digits are shown as the float has them."""


def read_parquet(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Open a Parquet file. Raises ``ING-READ-PARQUET`` when it is damaged or cut off."""
    try:
        file = arrow_parquet.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise InputRefusedError("ING-READ-PARQUET") from error
    schema = file.schema_arrow
    geometry = _geometry_column(schema)
    fields = [name for name in schema.names if name != geometry]
    return Reading(
        format="parquet",
        encoding=None,
        columns=(*clean_headers(fields), *((GEOMETRY,) if geometry is not None else ())),
        chunks=begin(lambda: _frames(file, fields, geometry, options.chunk_rows)),
    )


def to_text(series: pl.Series) -> pl.Series:
    """Any column as text: dates ISO, whole floats without ``.0`` where exact, nested values as JSON."""
    kind = series.dtype
    if kind == pl.String:
        return series
    if kind.is_float():
        whole = (series == series.floor()) & (series.abs() < EXACT)
        as_float = pl.when(whole).then(series.cast(pl.Int64, strict=False).cast(pl.String))
        return pl.select(as_float.otherwise(series.cast(pl.String)).alias(series.name)).to_series()
    if isinstance(kind, pl.Datetime):
        return series.dt.to_string("%Y-%m-%dT%H:%M:%S%.f").str.replace(r"T00:00:00(\.0+)?$", "")
    if kind.is_nested():
        return pl.Series(
            series.name,
            [None if item is None else json.dumps(item, ensure_ascii=False, default=str) for item in series.to_list()],
            dtype=pl.String,
        )
    return series.cast(pl.String, strict=False)


def _frames(file: Any, fields: list[str], geometry: str | None, chunk_rows: int) -> Iterator[pl.DataFrame]:
    names = clean_headers(fields)
    first = 1
    try:
        for batch in file.iter_batches(batch_size=chunk_rows):
            if not batch.num_rows:
                continue
            frame = pl.DataFrame(pl.from_arrow(batch))
            columns = [to_text(frame[field]).alias(name) for field, name in zip(fields, names, strict=True)]
            if geometry is not None:
                columns.append(frame[geometry].alias(GEOMETRY))
            yield mark_rows(pl.DataFrame(columns), names, first)
            first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputRefusedError("ING-READ-PARQUET") from error


def _geometry_column(schema: Any) -> str | None:
    """The column a GeoParquet file names as its geometry."""
    declared = (schema.metadata or {}).get(b"geo")
    if declared is None:
        return None
    try:
        column = json.loads(declared).get("primary_column")
    except (ValueError, AttributeError):
        return None
    return column if column in schema.names and pa.types.is_binary(schema.field(column).type) else None
