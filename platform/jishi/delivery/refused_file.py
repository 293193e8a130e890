"""The refused rows of a batch as a file for the department that sent them, in its own columns (results back to sources).

Each row stands as it was delivered, with its number, the codes and sentences of all its reasons and the columns they are
about. The rows are the department's own delivery handed back, not values of a register, but they are personal: the file is
made for its owner alone (0600), never over another, and the act is logged without a value. The disclosure row that every
hand-over must leave is written here as soon as the disclosure log exists (access).
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import cache
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jishi.delivery.escape import escape_formula
from jishi.errors import CallerError, InternalError
from jishi.identifiers.keys import Keys
from jishi.logs import logger
from jishi.messages import render
from jishi.quality.failures import BatchEntry, Kept, stream_kept
from jishi.quality.raw_row import open_row
from jishi.quality.report import reason_text
from jishi.quality.report_text import named

if TYPE_CHECKING:
    from asyncpg import Connection

OURS = ("QLT-REPORT-COLUMN-ROW", "QLT-REPORT-COLUMN-CODES", "QLT-REPORT-COLUMN-REASONS", "QLT-REPORT-COLUMN-COLUMNS")
SHEET_ROWS = 1_000_000
CELL_CHARACTERS = 32_767
"""What a sheet and a cell of a workbook hold at most (the former rounded down from 1,048,576)."""

_log = logger(__name__)


class Rows(Protocol):
    """A file that takes its rows one by one; the first is the header."""

    def write(self, cells: Sequence[str]) -> None: ...


async def write_refused(
    connection: Connection[Any], keys: Keys, entry: BatchEntry, form: str, path: Path, language: str
) -> int:
    """Write the refused rows of a batch to a new file (``form``: csv or xlsx); how many. Inside a transaction.

    Raises CallerError ``QLT-REPORT-EXISTS``, ``QLT-REPORT-FILE`` (the path cannot be written) and ``QLT-REPORT-NONE``
    (nothing was refused); what was begun is removed.
    """
    rows = 0
    async with aclosing(opened_rows(keys, entry, stream_kept(connection, entry), language)) as opened:
        with new_file(path) as draft, _FORMS[form](draft) as file:
            async for cells in opened:
                file.write(cells)
                rows += 1
            if not rows:
                raise CallerError("QLT-REPORT-NONE", batch=entry.batch)
    rows -= 1  # the header
    _log.info("batch %s: %s refused rows handed back as %s by %s", entry.batch, rows, form, getuser())
    return rows


async def opened_rows(
    keys: Keys, entry: BatchEntry, kept: AsyncIterator[Kept], language: str
) -> AsyncGenerator[list[str]]:
    """The header, then each row: number, codes, sentences, columns concerned, then the cells as delivered.

    The parts of several reasons are in the same order and divided by a semicolon. What of a ragged row fits no column
    stands in its last cell as a JSON list. No row, no header.
    """
    mark = "；" if language.startswith("zh") else "; "

    @cache
    def sentence(rule: str) -> str:
        return reason_text(entry.register, rule, language)

    @cache
    def concerned(rule: str) -> str:
        return named(entry.columns.get(rule, ()), language)

    headers: list[str] = []
    async for row in kept:
        opened = open_row(keys, entry.rows_of, row.row, row.raw)
        cells = opened.cells
        if not headers:
            headers = list(cells)
            further = [render("QLT-REPORT-COLUMN-SURPLUS", language)]
            yield [*_apart(headers, [render(code, language) for code in OURS]), *headers, *_apart(headers, further)]
        yield [
            str(row.row),
            mark.join(row.reasons),
            mark.join(map(sentence, row.reasons)),
            mark.join(map(concerned, row.reasons)),
            *(cells.get(name) or "" for name in headers),
            opened.surplus or "",
        ]


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A draft beside ``path``, for its owner alone, which becomes ``path`` when the block ends well.

    Raises CallerError ``QLT-REPORT-EXISTS`` rather than take another file's place, ``QLT-REPORT-FILE`` when the folder
    does not let itself be written to.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise FileExistsError
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise CallerError("QLT-REPORT-EXISTS", path=path if path.exists() else draft) from None
    except OSError as error:
        raise CallerError("QLT-REPORT-FILE", path=path, reason=error.strerror or "") from error
    try:
        yield draft
        os.link(draft, path)  # unlike a rename it never replaces
    except FileExistsError:
        raise CallerError("QLT-REPORT-EXISTS", path=path) from None
    except OSError as error:
        raise CallerError("QLT-REPORT-FILE", path=path, reason=error.strerror or "") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _delimited(path: Path) -> Iterator[Rows]:
    """CSV as an office's spreadsheet opens it: UTF-8 with its mark, CRLF."""
    with path.open("w", encoding="utf-8-sig", newline="") as text:
        yield _Delimited(csv.writer(text))


class _Delimited:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, cells: Sequence[str]) -> None:
        self._writer.writerow(map(escape_formula, cells))


@contextmanager
def _workbook(path: Path) -> Iterator[Rows]:
    """A workbook whose cells are all text, and stay so when they are edited; a new sheet every million rows."""
    try:
        import openpyxl
    except ImportError as error:
        raise InternalError("RUN-UNAVAILABLE", command="quality report --xlsx", module="openpyxl") from error
    book = openpyxl.Workbook(write_only=True)
    yield _Workbook(book)
    book.save(path)


class _Workbook:
    def __init__(self, book: Any) -> None:
        self._book = book
        self._header: Sequence[str] = ()
        self._rows = SHEET_ROWS

    def write(self, cells: Sequence[str]) -> None:
        if not self._header:
            self._header = cells
            return
        if self._rows == SHEET_ROWS:
            self._begin_sheet()
        self._append(cells)
        self._rows += 1

    def _begin_sheet(self) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._sheet = self._book.create_sheet()
        self._sheet.freeze_panes = "B2"
        # a row is written as soon as it is appended, so each column needs one cell
        self._cells = [WriteOnlyCell(self._sheet) for _ in self._header]
        for cell in self._cells:
            cell.number_format = "@"
        self._append(self._header)
        self._rows = 0

    def _append(self, texts: Sequence[str]) -> None:
        for cell, text in zip(self._cells, texts, strict=True):
            cell.value = _holdable(escape_formula(text))
            cell.data_type = "s"  # an error's name such as #N/A is text too
        self._sheet.append(self._cells)


def _holdable(text: str) -> str:
    """Without the characters a workbook cannot hold, and no longer than one of its cells."""
    clean = _UNHOLDABLE.sub("\ufffd", text)
    return clean if len(clean) <= CELL_CHARACTERS else clean[: CELL_CHARACTERS - 1] + "…"


_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_FORMS: dict[str, Callable[[Path], Any]] = {"csv": _delimited, "xlsx": _workbook}


def _apart(headers: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Our titles, with a mark behind those that the department's own columns bear too."""
    return [f"{title}*" if title in headers else title for title in ours]
