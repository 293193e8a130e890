"""xls, the binary workbook, by xlrd: written in Python, it survives a file whose lengths are wrong (step *read*)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import xlrd

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.header import Merge
from jishi_ingest.connectors.reading import refusing
from jishi_ingest.connectors.sheet import Sheet, cell_text

_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""The stream in which a workbook with a password lies."""

_ERRORS = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    struct.error,
    *(ArithmeticError, AssertionError, AttributeError, LookupError, NameError, NotImplementedError, RecursionError),
    *(TypeError, ValueError),
)
_EMPTY = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)


class XlsBook:
    """Raises ``ING-READ-PASSWORD`` and ``ING-READ-WORKBOOK``."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        content = stream.read()
        if _LOCKED in content:
            raise InputRefusedError("ING-READ-PASSWORD")
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
            try:
                self._book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
            except xlrd.XLRDError as error:
                if "encrypted" in str(error).lower():
                    raise InputRefusedError("ING-READ-PASSWORD") from error
                raise

    def names(self, *, visible: bool | None = None) -> list[str]:
        return [sheet.name for sheet in self._book.sheets() if visible is None or (sheet.visibility == 0) == visible]

    def open(self, name: str) -> Sheet:
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
            table = self._book.sheet_by_name(name)
            merges = [Merge(top, left, below - 1, right - 1) for top, below, left, right in table.merged_cells]
            last = {
                column: row
                for row in range(table.nrows)
                for column, kind in enumerate(table.row_types(row))
                if kind not in _EMPTY
            }
        return Sheet(name, lambda: self._rows(table), 0, merges, last)

    def _rows(self, table: Any) -> Iterator[list[str]]:
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=table.name):
            for row in range(table.nrows):
                texts = [self._text(cell) for cell in table.row(row)]
                yield texts + [""] * (table.ncols - len(texts))

    def _text(self, cell: Any) -> str:
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return cell_text(bool(cell.value))
        if cell.ctype == xlrd.XL_CELL_DATE and cell.value >= 1:
            try:
                return cell_text(xlrd.xldate.xldate_as_datetime(cell.value, self._book.datemode))
            except (OverflowError, ValueError):
                return cell_text(cell.value)
        return cell_text(cell.value)
