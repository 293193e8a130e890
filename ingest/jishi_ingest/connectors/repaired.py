"""Rows of a repair as they land and as they are read again: the columns of the delivery they came with (step *read*).

One JSON document a line: first the columns, then a row each, its cells in their order, geometry as the hex digits of its
WKB. Only this program writes the form, and the ledger says which batch is in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import polars as pl

from jishi.errors import InternalError
from jishi.quality.raw_row import RawRow
from jishi_ingest.connectors.reading import GEOMETRY, UNREADABLE, Reading, ReadOptions, mark_rows

FORMAT = "repair"


def write_rows(columns: Sequence[str], rows: Iterable[RawRow]) -> bytes:
    """The rows as they land. A row without one of the columns has an empty cell there."""
    text = io.StringIO()
    text.write(json.dumps({"columns": list(columns)}, ensure_ascii=False) + "\n")
    for row in rows:
        cells = [row.cells.get(name) for name in columns]
        told = {"cells": cells, "ragged": "ragged" in (row.fault or ""), "surplus": row.surplus}
        text.write(json.dumps(told, ensure_ascii=False) + "\n")
    return text.getvalue().encode()


def read_repaired(stream: BinaryIO, options: ReadOptions) -> Reading:
    """The rows of a landed repair; numbered from 1 in the order they landed."""
    stream.seek(0)
    lines = iter(io.TextIOWrapper(stream, encoding="utf-8", newline="\n"))
    try:
        columns = tuple(json.loads(next(lines))["columns"])
    except (StopIteration, ValueError, KeyError, TypeError):
        raise InternalError("STO-FILE-FORMAT", path="repair") from None
    return Reading(FORMAT, "utf-8", columns, _chunks(lines, columns, options.chunk_rows))


def reading_of(columns: Sequence[str], rows: Sequence[RawRow]) -> Reading:
    """Rows that have not landed, as a reading of one chunk."""
    return Reading(FORMAT, "utf-8", tuple(columns), iter([frame_of(columns, rows)]))


def frame_of(columns: Sequence[str], rows: Sequence[RawRow], first: int = 1) -> pl.DataFrame:
    """The rows as a chunk of a reading, the first of them with the number ``first``."""
    series = [
        pl.Series(GEOMETRY, [_wkb(row.cells.get(name)) for row in rows], dtype=pl.Binary)
        if name == GEOMETRY
        else pl.Series(name, [row.cells.get(name) for row in rows], dtype=pl.String)
        for name in columns
    ]
    texts = tuple(name for name in columns if name != GEOMETRY)
    frame = mark_rows(pl.DataFrame(series), texts, first)
    ragged = pl.Series("ragged", ["ragged" in (row.fault or "") for row in rows])
    if not ragged.any():
        return frame
    surplus = pl.Series("surplus", [row.surplus for row in rows], dtype=pl.String)
    both = pl.when(pl.col("row_fault").is_null()).then(pl.lit("ragged")).otherwise(pl.lit("ragged,replaced"))
    return frame.with_columns(
        row_fault=pl.when(ragged).then(both).otherwise("row_fault"),
        row_surplus=pl.when(ragged).then(surplus).otherwise("row_surplus"),
    )


def _chunks(lines: Iterator[str], columns: tuple[str, ...], chunk_rows: int) -> Iterator[pl.DataFrame]:
    part: list[RawRow] = []
    first = 1
    for line in lines:
        told = json.loads(line)
        cells = dict(zip(columns, told["cells"], strict=True))
        part.append(RawRow(cells, told["surplus"], "ragged" if told["ragged"] else None))
        if len(part) == chunk_rows:
            yield frame_of(columns, part, first)
            first, part = first + len(part), []
    if part:
        yield frame_of(columns, part, first)


def _wkb(cell: str | None) -> bytes | None:
    if cell is None:
        return None
    try:
        return bytes.fromhex(cell) or UNREADABLE
    except ValueError:
        return UNREADABLE
