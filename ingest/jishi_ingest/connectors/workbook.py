"""xlsx and xls as text columns: the sheet that fits is found, header rows may be merged, nothing computed is invented.

Title rows above the header and closing rows below the data are not data (step *read*).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import polars as pl

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors.header import header_of, refuse_merged_rows
from jishi_ingest.connectors.reading import Reading, ReadOptions, begin, clean_headers, mark_rows, refuse_large
from jishi_ingest.connectors.sheet import Book, Sheet
from jishi_ingest.connectors.table import DataRows, count_expected, find_header
from jishi_ingest.connectors.unpack import size_of
from jishi_ingest.connectors.xls import XlsBook
from jishi_ingest.connectors.xlsx import XlsxBook

LARGEST = 2 << 30
"""Bytes of an xlsx file once unpacked."""

EVERY = "*"
"""Instead of the name of a sheet: all visible ones that fit, one after the other."""


def read_workbook(stream: BinaryIO, kind: str, name: str, options: ReadOptions) -> Reading:
    """The sheet asked for, or the only visible one that fits; ``name`` is the file's.

    Raises ``ING-READ-WORKBOOK``, ``-PASSWORD``, ``-SHEET``, ``-SHEETS`` (several fit), ``-HIDDEN`` (only a hidden one
    fits), ``-FORMULA``, ``-MERGED`` and ``-AREA``.
    """
    size = size_of(stream)
    if kind == "xls":
        refuse_large(size, kind, options)
    book: Book = XlsBook(stream, name) if kind == "xls" else XlsxBook(stream, name)
    chosen = _choose(book, options)
    others = [other for other in book.names() if other not in {sheet.name for sheet in chosen}]
    notes = [Fault(chosen[0].name, "ING-NOTE-SHEETS", {"sheets": ", ".join(others)})] if others else []
    tables = [_Table(sheet, options, notes) for sheet in chosen]
    for table in tables[1:]:
        if set(table.columns) != set(tables[0].columns):
            raise InputRefusedError("ING-READ-SHEETS-DIFFER", sheet=table.name, first=tables[0].name)
    return Reading(
        format=kind,
        encoding=None,
        columns=tables[0].columns,
        chunks=begin(lambda: _one_after_the_other(tables, options.chunk_rows)),
        ignored=notes,
    )


class _Table:
    """The data of one sheet: its columns, and its rows in frames."""

    def __init__(self, sheet: Sheet, options: ReadOptions, notes: list[Fault]) -> None:
        head = sheet.head()
        place = find_header(head, options.expected_headers)
        if place is None:
            raise InputRefusedError("ING-READ-EMPTY")
        header = header_of(head, place, sheet.merges)
        refuse_merged_rows(sheet.name, sheet.merges, header.bottom, sheet.left)
        self._used = [
            column
            for column, name in enumerate(header.names)
            if name.strip() or sheet.last.get(column, -1) > header.bottom
        ]
        cells = [header.names[column] for column in self._used]
        self.name, self.columns, self._rows = sheet.name, clean_headers(cells), sheet.rows
        self._first = header.bottom + 1
        self._data = DataRows(sheet.name, self.columns, cells, options.footer, notes)
        if titles := sum(map(any, head[: header.top])):
            notes.append(Fault(sheet.name, "ING-NOTE-TITLE", {"count": titles}))
        if header.bottom > header.top:
            notes.append(Fault(sheet.name, "ING-NOTE-HEADER-ROWS", {"count": header.bottom - header.top + 1}))

    def frames(self, chunk_rows: int) -> Iterator[pl.DataFrame]:
        return self._data.of(self._frames(chunk_rows))

    def _frames(self, chunk_rows: int) -> Iterator[pl.DataFrame]:
        rows = (row for row in itertools.islice(self._rows(), self._first, None) if any(row))
        first = 1
        while part := list(itertools.islice(rows, chunk_rows)):
            frame = pl.DataFrame(
                {
                    name: pl.Series(name, [row[column] for row in part], dtype=pl.String)
                    for column, name in zip(self._used, self.columns, strict=True)
                }
            )
            yield mark_rows(frame, self.columns, first)
            first += len(part)


def _one_after_the_other(tables: Iterable[_Table], chunk_rows: int) -> Iterator[pl.DataFrame]:
    """The frames of all tables in the column order of the first; row numbers run on."""
    order: list[str] | None = None
    done = 0
    for table in tables:
        count = 0
        for frame in table.frames(chunk_rows):
            order = order or frame.columns
            yield frame.select(order).with_columns(pl.col("row_number") + done)
            count += frame.height
        done += count


def _choose(book: Book, options: ReadOptions) -> list[Sheet]:
    """The sheets to read; which others there are is noted by the caller."""
    if options.sheet is not None and options.sheet != EVERY:
        if options.sheet not in book.names():
            raise InputRefusedError("ING-READ-SHEET", sheet=options.sheet)
        return [book.open(options.sheet)]
    shown = [sheet for sheet in map(book.open, book.names(visible=True)) if any(map(any, sheet.head()))]
    fitting = _fitting(shown, options.expected_headers)
    if not fitting:
        hidden = _fitting(map(book.open, book.names(visible=False)), options.expected_headers)
        if hidden:
            raise InputRefusedError("ING-READ-HIDDEN", sheet=hidden[0].name)
    if len(fitting) > 1 and options.sheet != EVERY:
        raise InputRefusedError("ING-READ-SHEETS", sheets=", ".join(sheet.name for sheet in fitting))
    if not shown:
        raise InputRefusedError("ING-READ-EMPTY")
    return fitting or shown[:1]


def _fitting(sheets: Iterable[Sheet], expected: frozenset[str]) -> list[Sheet]:
    """The sheets with the most of the expected headers; none where nothing is expected or found."""
    found: list[tuple[int, Sheet]] = []
    for sheet in sheets:
        head = sheet.head()
        place = find_header(head, expected)
        found.append((count_expected(head[place], expected) if place is not None else 0, sheet))
    most = max((count for count, _ in found), default=0)
    return [sheet for count, sheet in found if count == most > 0]
