"""Parquet as text columns, row group by row group (step *read*)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import GEOMETRY, Reading, ReadOptions, begin, clean_headers, mark_rows, refusing
from jishi_ingest.connectors.unpack import size_of

EXACT = 1e15
"""Below this a whole number kept as a float has lost nothing; above, its digits are shown as the float has them."""


MOST_ROWS = 200_000_000
"""A few bytes of Parquet can stand for any number of equal rows."""

CHUNK_BYTES = 256 << 20

_ERRORS = (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError, TypeError, NotImplementedError)


def read_parquet(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Open a Parquet file. Raises ``ING-READ-PARQUET`` when it is damaged or cut off, ``-MANY`` for too many rows."""
    size = size_of(stream)
    with refusing("ING-READ-PARQUET", *_ERRORS, byte=size):
        file = arrow_parquet.ParquetFile(stream)
        schema = file.schema_arrow
        geometry = _geometry_column(schema)
        fields = [name for name in schema.names if name != geometry]
        names = clean_headers(fields)
        rows = file.metadata.num_rows
    if rows > MOST_ROWS:
        raise InputRefusedError("ING-READ-MANY", count=rows, limit=MOST_ROWS)
    return Reading(
        format="parquet",
        encoding=None,
        columns=(*names, *((GEOMETRY,) if geometry is not None else ())),
        chunks=begin(lambda: _frames(file, size, fields, geometry, options.chunk_rows)),
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


def _frames(file: Any, size: int, fields: list[str], geometry: str | None, chunk_rows: int) -> Iterator[pl.DataFrame]:
    names = clean_headers(fields)
    first = 1
    with refusing("ING-READ-PARQUET", *_ERRORS, byte=size):
        for batch in file.iter_batches(batch_size=_rows_at_once(file, chunk_rows)):
            if not batch.num_rows:
                continue
            batch.validate(full=True)  # texts that are no UTF-8 would end the process later
            frame = pl.DataFrame(pl.from_arrow(batch))
            columns = [to_text(frame[field]).alias(name) for field, name in zip(fields, names, strict=True)]
            if geometry is not None:
                columns.append(frame[geometry].alias(GEOMETRY))
            marked = mark_rows(pl.DataFrame(columns), names, first)
            first += batch.num_rows
            yield marked


def _rows_at_once(file: Any, chunk_rows: int) -> int:
    """Fewer rows a chunk where rows are long."""
    meta = file.metadata
    sizes = [meta.row_group(place).total_byte_size for place in range(meta.num_row_groups)]
    longest = max((size // max(meta.row_group(at).num_rows, 1) for at, size in enumerate(sizes)), default=1)
    return max(1, min(chunk_rows, CHUNK_BYTES // max(longest, 1)))


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
