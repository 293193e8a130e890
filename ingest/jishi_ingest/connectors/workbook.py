"""xlsx and xls as text columns: title rows above the header and closing rows below are not data (step *read*)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import polars as pl
import python_calamine as calamine

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors.reading import Reading, ReadOptions, begin, clean_headers, fold_header, mark_rows

HEADER_DEPTH = 50
"""The header is looked for in so many first rows."""

EXACT = 1e15
"""A spreadsheet keeps 15 digits; a whole number below this lost none."""


def read_workbook(stream: BinaryIO, kind: str, options: ReadOptions) -> Reading:
    """One sheet of a workbook. Raises ``ING-READ-WORKBOOK``, ``-PASSWORD`` or ``-SHEET``."""
    try:
        stream.seek(0)
        workbook = calamine.CalamineWorkbook.from_filelike(stream)
        sheet, ignored = _pick_sheet(workbook, options.sheet)
        rows = [[cell_text(cell) for cell in row] for row in workbook.get_sheet_by_name(sheet).to_python()]
    except calamine.PasswordError as error:
        raise InputRefusedError("ING-READ-PASSWORD") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise InputRefusedError("ING-READ-WORKBOOK") from error
    header = _find_header(rows, options.expected_headers)
    if header is None:
        raise InputRefusedError("ING-READ-EMPTY")
    body = [row for row in rows[header + 1 :] if any(row)]
    kept = _without_footer(body, options.footer)
    if header:
        ignored.append(Fault(sheet, "ING-NOTE-TITLE", {"count": sum(map(any, rows[:header]))}))
    if len(kept) < len(body):
        ignored.append(Fault(sheet, "ING-NOTE-FOOTER", {"count": len(body) - len(kept)}))
    used = [
        position for position, name in enumerate(rows[header]) if name.strip() or any(row[position] for row in kept)
    ]
    columns = clean_headers(rows[header][position] for position in used)
    return Reading(
        format=kind,
        encoding=None,
        columns=columns,
        chunks=begin(lambda: _frames(kept, used, columns, options.chunk_rows)),
        ignored=tuple(ignored),
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


def _pick_sheet(workbook: Any, wanted: str | None) -> tuple[str, list[Fault]]:
    """The sheet asked for, else the first visible one that is a table; the others are noted."""
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in sheets if sheet.visible == calamine.SheetVisibleEnum.Visible]
    if wanted is not None and wanted not in [sheet.name for sheet in sheets]:
        raise InputRefusedError("ING-READ-SHEET", sheet=wanted)
    if wanted is None and not visible:
        raise InputRefusedError("ING-READ-EMPTY")
    picked = visible[0] if wanted is None else wanted
    others = [sheet.name for sheet in sheets if sheet.name != picked]
    return picked, [Fault(picked, "ING-NOTE-SHEETS", {"sheets": ", ".join(others)})] if others else []


def _find_header(rows: list[list[str]], expected: frozenset[str]) -> int | None:
    """The first row that holds the most of the expected headers; without any, the first row that is not blank."""
    depth = min(len(rows), HEADER_DEPTH)
    wanted = set(map(fold_header, expected))
    found = [len(wanted.intersection(map(fold_header, row))) for row in rows[:depth]]
    if found and max(found) > 0:
        return found.index(max(found))
    return next((position for position in range(depth) if any(rows[position])), None)


def _without_footer(rows: list[list[str]], words: tuple[str, ...]) -> list[list[str]]:
    """The rows without those at the end that begin with one of ``words`` (blanks inside a word do not count)."""
    end = len(rows)
    while words and end and next(filter(None, rows[end - 1])).replace(" ", "").replace("\u3000", "").startswith(words):
        end -= 1
    return rows[:end]


def _frames(
    rows: list[list[str]], used: list[int], columns: tuple[str, ...], chunk_rows: int
) -> Iterator[pl.DataFrame]:
    for start in range(0, len(rows), chunk_rows):
        part = rows[start : start + chunk_rows]
        frame = pl.DataFrame(
            {
                name: pl.Series(name, [row[position] for row in part], dtype=pl.String)
                for position, name in zip(used, columns, strict=True)
            }
        )
        yield mark_rows(frame, columns, start + 1)
