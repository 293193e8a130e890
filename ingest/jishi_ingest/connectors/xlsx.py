"""xlsx by calamine, each sheet after its facts are known: what calamine does not tell is put back (step *read*)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import python_calamine as calamine

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.header import Merge
from jishi_ingest.connectors.reading import refusing
from jishi_ingest.connectors.sheet import Sheet, cell_text
from jishi_ingest.connectors.sheet_facts import SheetFacts, scan_sheet, sheet_parts, string_lengths

_ERRORS = (calamine.CalamineError, OSError, ValueError, AttributeError)


class XlsxBook:
    """Raises ``ING-READ-WORKBOOK``, ``-FORMULA`` and ``-AREA``."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._archive = zipfile.ZipFile(stream)
        self._parts = sheet_parts(self._archive)
        self._lengths = string_lengths(self._archive)
        self._stream = stream
        stream.seek(0)
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
            self._workbook = calamine.CalamineWorkbook.from_filelike(stream)

    def names(self, *, visible: bool | None = None) -> list[str]:
        found = [sheet for sheet in self._workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
        shown = calamine.SheetVisibleEnum.Visible
        return [sheet.name for sheet in found if visible is None or (sheet.visible == shown) == visible]

    def open(self, name: str) -> Sheet:
        if name not in self._parts:
            raise InputRefusedError("ING-READ-WORKBOOK", part=name)
        facts = scan_sheet(self._archive, self._parts[name], name, self._lengths)
        self._stream.seek(0)
        with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
            cells = self._workbook.get_sheet_by_name(name)
            found = cells.merged_cell_ranges or []
        left = int(cells.start[1]) if cells.start else 0
        merges = [Merge(top, first - left, bottom, last - left) for (top, first), (bottom, last) in found]
        last = {column - left: row for column, row in facts.last.items()}
        return Sheet(name, lambda: _rows(name, cells, facts, left), left, merges, last)


def _rows(name: str, cells: Any, facts: SheetFacts, left: int) -> Iterator[list[str]]:
    with refusing("ING-READ-WORKBOOK", *_ERRORS, part=name):
        for number, row in enumerate(cells.iter_rows() if cells.end else ()):
            texts = [cell_text(cell) for cell in row]
            if facts.errors:
                for place, text in enumerate(texts):
                    if not text:
                        texts[place] = facts.errors.get((number, place + left), text)
            yield texts
