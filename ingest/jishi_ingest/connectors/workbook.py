"""xlsx and xls as text columns: the sheet that fits is found, header rows may be merged, nothing computed is invented.

What calamine does not tell stands in the facts of the sheet (step *read*).
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import polars as pl
import python_calamine as calamine

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors.header import Merge, header_of, refuse_merged_rows
from jishi_ingest.connectors.reading import Reading, ReadOptions, begin, clean_headers, mark_rows, refuse_large, refusing
from jishi_ingest.connectors.sheet_facts import SheetFacts, scan_old_sheet, scan_sheet, sheet_parts, string_lengths
from jishi_ingest.connectors.table import HEADER_DEPTH, DataRows, count_expected, find_header
from jishi_ingest.connectors.unpack import size_of

EXACT = 1e15
"""A spreadsheet keeps 15 digits; a whole number below this lost none."""

LARGEST = 2 << 30
"""Bytes of an xlsx file once unpacked."""

EVERY = "*"
"""Instead of the name of a sheet: all visible ones that fit, one after the other."""

_ERRORS = (calamine.CalamineError, OSError, ValueError, AttributeError)


def read_workbook(stream: BinaryIO, kind: str, name: str, options: ReadOptions) -> Reading:
    """The sheet asked for, or the only visible one that fits; ``name`` is the file's.

    Raises ``ING-READ-WORKBOOK``, ``-PASSWORD``, ``-SHEET``, ``-SHEETS`` (several fit), ``-HIDDEN`` (only a hidden one
    fits), ``-FORMULA``, ``-MERGED`` and ``-AREA``.
    """
    if kind == "xls":
        refuse_large(size_of(stream), kind, options)
    stream.seek(0)
    with refusing("ING-READ-PASSWORD", calamine.PasswordError), refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
        try:
            workbook = calamine.CalamineWorkbook.from_filelike(stream)
        except calamine.PasswordError as error:
            raise InputRefusedError("ING-READ-PASSWORD") from error
    book = _Book(workbook, stream, kind)
    chosen = _choose(book, options)
    others = [sheet.name for sheet in book.sheets() if sheet.name not in {found.name for found in chosen}]
    notes = [Fault(chosen[0].name, "ING-NOTE-SHEETS", {"sheets": ", ".join(others)})] if others else []
    tables = [_Table(sheet, options, notes) for sheet in chosen]
    for table in tables[1:]:
        if set(table.columns) != set(tables[0].columns):
            raise InputRefusedError("ING-READ-SHEETS-DIFFER", sheet=table.sheet.name, first=tables[0].sheet.name)
    return Reading(
        format=kind,
        encoding=None,
        columns=tables[0].columns,
        chunks=begin(lambda: _one_after_the_other(tables, options.chunk_rows)),
        ignored=notes,
    )


def cell_text(cell: Any) -> str:
    """A cell as the text a reader of the sheet's data sees: no ``.0``, ISO dates; a number too long for a float stays
    visible as such.

    >>> cell_text(13900000000.0), cell_text(3.20505188605070e17), cell_text(date(2002, 1, 4))
    ('13900000000', '3.2050518860507e+17', '2002-01-04')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta | int):
        return str(cell)
    return "" if cell is None else str(cell)


@dataclass(frozen=True)
class _Sheet:
    """One sheet: its cells by calamine, and the facts calamine does not tell."""

    name: str
    cells: Any
    facts: SheetFacts

    @property
    def left(self) -> int:
        return int(self.cells.start[1]) if self.cells.start else 0

    @property
    def merges(self) -> list[Merge]:
        """Ranges in the columns that :meth:`rows` gives."""
        found = self.cells.merged_cell_ranges or []
        return [Merge(top, left - self.left, bottom, right - self.left) for (top, left), (bottom, right) in found]

    def rows(self) -> Iterator[list[str]]:
        """All rows from the sheet's first on; columns begin with the first that holds anything."""
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=self.name):
            for number, row in enumerate(self.cells.iter_rows() if self.cells.end else ()):
                texts = [cell_text(cell) for cell in row]
                if self.facts.errors:
                    for place, text in enumerate(texts):
                        if not text:
                            texts[place] = self.facts.errors.get((number, place + self.left), text)
                yield texts

    def head(self) -> list[list[str]]:
        return list(itertools.islice(self.rows(), HEADER_DEPTH + 1))


class _Book:
    """A workbook whose sheets are opened one by one, each after its facts are known."""

    def __init__(self, workbook: Any, stream: BinaryIO, kind: str) -> None:
        self._workbook, self._stream = workbook, stream
        self._archive = zipfile.ZipFile(stream) if kind == "xlsx" else None
        self._parts = sheet_parts(self._archive) if self._archive else {}
        self._lengths = string_lengths(self._archive) if self._archive else []

    def sheets(self, *, visible: bool | None = None) -> list[Any]:
        """Descriptions of the sheets that hold cells; only the visible or only the hidden ones."""
        found = [sheet for sheet in self._workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
        shown = calamine.SheetVisibleEnum.Visible
        return [sheet for sheet in found if visible is None or (sheet.visible == shown) == visible]

    def open(self, name: str) -> _Sheet:
        if self._archive is None:
            facts = scan_old_sheet(self._stream, name)
        else:
            facts = scan_sheet(self._archive, self._part(name), name, self._lengths)
        self._stream.seek(0)
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
            return _Sheet(name, self._workbook.get_sheet_by_name(name), facts)

    def _part(self, name: str) -> str:
        if name not in self._parts:
            raise InputRefusedError("ING-READ-WORKBOOK", part=name)
        return self._parts[name]


class _Table:
    """The data of one sheet: its columns, and its rows in frames."""

    def __init__(self, sheet: _Sheet, options: ReadOptions, notes: list[Fault]) -> None:
        head, merges = sheet.head(), sheet.merges
        place = find_header(head, options.expected_headers)
        if place is None:
            raise InputRefusedError("ING-READ-EMPTY")
        header = header_of(head, place, merges)
        refuse_merged_rows(sheet.name, merges, header.bottom, sheet.left)
        last = {column - sheet.left: row for column, row in sheet.facts.last.items()}
        self._used = [
            column for column, name in enumerate(header.names) if name.strip() or last.get(column, -1) > header.bottom
        ]
        cells = [header.names[column] for column in self._used]
        self.sheet, self.columns = sheet, clean_headers(cells)
        self._first = header.bottom + 1
        self._data = DataRows(sheet.name, self.columns, cells, options.footer, notes)
        if titles := sum(map(any, head[: header.top])):
            notes.append(Fault(sheet.name, "ING-NOTE-TITLE", {"count": titles}))
        if header.bottom > header.top:
            notes.append(Fault(sheet.name, "ING-NOTE-HEADER-ROWS", {"count": header.bottom - header.top + 1}))

    def frames(self, chunk_rows: int) -> Iterator[pl.DataFrame]:
        return self._data.of(self._frames(chunk_rows))

    def _frames(self, chunk_rows: int) -> Iterator[pl.DataFrame]:
        rows = (row for row in itertools.islice(self.sheet.rows(), self._first, None) if any(row))
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


def _choose(book: _Book, options: ReadOptions) -> list[_Sheet]:
    """The sheets to read; which others there are is noted by the caller."""
    if options.sheet not in (None, EVERY):
        if options.sheet not in [sheet.name for sheet in book.sheets()]:
            raise InputRefusedError("ING-READ-SHEET", sheet=options.sheet)
        return [book.open(str(options.sheet))]
    shown = [sheet for sheet in (book.open(found.name) for found in book.sheets(visible=True)) if any(sheet.head())]
    fitting = _fitting(shown, options.expected_headers)
    if not fitting:
        hidden = _fitting((book.open(found.name) for found in book.sheets(visible=False)), options.expected_headers)
        if hidden:
            raise InputRefusedError("ING-READ-HIDDEN", sheet=hidden[0].name)
    if len(fitting) > 1 and options.sheet != EVERY:
        raise InputRefusedError("ING-READ-SHEETS", sheets=", ".join(sheet.name for sheet in fitting))
    if not shown:
        raise InputRefusedError("ING-READ-EMPTY")
    return fitting or shown[:1]


def _fitting(sheets: Iterable[_Sheet], expected: frozenset[str]) -> list[_Sheet]:
    """The sheets with the most of the expected headers; none where nothing is expected or found."""
    found: list[tuple[int, _Sheet]] = []
    for sheet in sheets:
        head = sheet.head()
        place = find_header(head, expected)
        found.append((count_expected(head[place], expected) if place is not None else 0, sheet))
    most = max((count for count, _ in found), default=0)
    return [sheet for count, sheet in found if count == most > 0]
