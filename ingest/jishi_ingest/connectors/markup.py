"""HTML saved under the name of a spreadsheet: its one table of data as text columns (step *read*).

Business systems write such files as "Excel export". lxml reads the markup; scripts and styles are never run or kept.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl
from lxml import etree, html

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors.encoding import Utf8Stream, detect
from jishi_ingest.connectors.header import Merge, header_of, refuse_merged_rows
from jishi_ingest.connectors.reading import (
    MEBIBYTE,
    Reading,
    ReadOptions,
    begin,
    clean_headers,
    mark_rows,
    refuse_large,
    refusing,
    surplus_text,
)
from jishi_ingest.connectors.table import DataRows, count_expected, find_header
from jishi_ingest.connectors.unpack import size_of

WIDEST_SPAN = 1_000
"""Columns or rows one cell may be stretched over."""

_Grid = tuple[list[list[str]], list[Merge]]


def read_html(stream: BinaryIO, name: str, options: ReadOptions) -> Reading:
    """The table that fits the source; ``ING-READ-TABLES`` where several do, ``ING-READ-FORMAT`` where there is none."""
    refuse_large(size_of(stream), "HTML", options)
    facts = detect(stream)
    source = Utf8Stream(stream, facts, block=16 * MEBIBYTE)
    content = b"".join(iter(source.read, b""))
    _refuse_truncated(content)
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )  # the limits of libxml2 would cut long cells off in silence
    with refusing("ING-READ-FORMAT", etree.LxmlError, ValueError, AssertionError, kind="HTML"):
        root = html.document_fromstring(content, parser=parser)
        grids = [_grid(table) for table in root.iter("table") if not any(True for _ in table.iterdescendants("table"))]
    rows, merges = _choose([grid for grid in grids if any(map(any, grid[0]))], options.expected_headers)
    place = find_header(rows, options.expected_headers)
    if place is None:
        raise InputRefusedError("ING-READ-EMPTY")
    header = header_of(rows, place, merges)
    refuse_merged_rows(name, merges, header.bottom, 0)
    columns = clean_headers(header.names)
    above = sum(map(any, rows[: header.top]))
    notes = [Fault(name, "ING-NOTE-TITLE", {"count": above})] if above else []
    data = DataRows(name, columns, header.names, options.footer, notes)
    return Reading(
        format="html",
        encoding=facts.encoding,
        columns=columns,
        chunks=begin(lambda: data.of(_frames(rows[header.bottom + 1 :], columns, options.chunk_rows))),
        ignored=notes,
    )


def _refuse_truncated(content: bytes) -> None:
    """Raise ``ING-READ-TRUNCATED`` where a table is never closed; the parser would close it by itself."""
    tags = [len(re.findall(tag, content, re.IGNORECASE)) for tag in (rb"<table\b", rb"</table\b")]
    if tags[0] > tags[1]:
        raise InputRefusedError("ING-READ-TRUNCATED", line=content.count(b"\n") + 1)


def _choose(grids: list[_Grid], expected: frozenset[str]) -> _Grid:
    if not grids:
        raise InputRefusedError("ING-READ-FORMAT", kind="HTML")
    counts = [max(count_expected(row, expected) for row in rows[:50]) for rows, _ in grids]
    fitting = [grid for grid, count in zip(grids, counts, strict=True) if count == max(counts)]
    if len(fitting) > 1:
        raise InputRefusedError("ING-READ-TABLES", count=len(fitting))
    return fitting[0]


def _grid(table: Any) -> _Grid:
    """Rows of cell texts with stretched cells at their first place, and where cells are stretched."""
    rows: list[list[str]] = []
    merges: list[Merge] = []
    taken: dict[int, int] = {}  # column → the last row a cell above reaches into
    for number, line in enumerate(table.iter("tr")):
        cells: list[str] = []
        for cell in line:
            if cell.tag not in ("td", "th"):
                continue
            while taken.get(len(cells), -1) >= number:
                cells.append("")
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            if width > 1 or height > 1:
                left = len(cells)
                merges.append(Merge(number, left, number + height - 1, left + width - 1))
                taken |= dict.fromkeys(range(left, left + width), number + height - 1)
            cells += [" ".join(cell.text_content().split()), *[""] * (width - 1)]
        rows.append(cells)
    return rows, merges


def _span(cell: Any, name: str) -> int:
    text = (cell.get(name) or "1").strip()
    return min(max(int(text), 1), WIDEST_SPAN) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _frames(rows: list[list[str]], columns: tuple[str, ...], chunk_rows: int) -> Iterator[pl.DataFrame]:
    """Rows with more cells than the header has columns, or fewer, are ragged."""
    width, first = len(columns), 1
    waiting = (row for row in rows if row)
    while part := list(itertools.islice(waiting, chunk_rows)):
        filled = [[*row[:width], *[None] * (width - len(row))] for row in part]
        frame = pl.DataFrame(filled, schema=dict.fromkeys(columns, pl.String), orient="row")
        marked = mark_rows(frame, columns, first)
        ragged = pl.Series([len(row) != width for row in part])
        if ragged.any():
            damaged = pl.when(pl.col("row_fault").is_null()).then(pl.lit("ragged")).otherwise(pl.lit("ragged,replaced"))
            surplus = pl.Series([surplus_text(row[width:]) for row in part], dtype=pl.String)
            marked = marked.with_columns(
                pl.when(ragged).then(damaged).otherwise("row_fault").alias("row_fault"), surplus.alias("row_surplus")
            )
        yield marked
        first += len(part)
