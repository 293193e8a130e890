"""A table as a file that is sent while it is made: CSV or a workbook, in as much memory as a page of it (road out, files).

Every cell is text and stays text; what a spreadsheet program would run as a formula is shown as text. Nothing is written to
a disk on the way.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol
from xml.sax.saxutils import escape

from jishi.delivery.escape import escape_formula

Form = Literal["csv", "xlsx"]
Rows = Sequence[Sequence[str]]

MEDIA_TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

SHEET_ROWS = 200_000
"""Rows of one sheet: what a reader can open without thinking twice, and well inside the format's limits."""

CELL_CHARACTERS = 32_767
"""What a cell of a workbook holds at most."""


class _Writer(Protocol):
    """Takes rows and gives the bytes that are ready."""

    def write(self, rows: Rows) -> bytes: ...

    def close(self) -> bytes: ...


async def stream_table(form: Form, header: Sequence[str], pages: AsyncIterator[Rows]) -> AsyncIterator[bytes]:
    """The file piece by piece; each page of rows is made to bytes beside the event loop."""
    writer: _Writer = _Delimited(header) if form == "csv" else _Workbook(header)
    async for rows in pages:
        if piece := await asyncio.to_thread(writer.write, rows):
            yield piece
    yield await asyncio.to_thread(writer.close)


class _Delimited:
    """UTF-8 with its mark and CRLF, as an office's spreadsheet opens it."""

    def __init__(self, header: Sequence[str]) -> None:
        self._text = io.StringIO(newline="")
        self._text.write("\ufeff")
        self._rows = csv.writer(self._text)
        self._rows.writerow(map(escape_formula, header))

    def write(self, rows: Rows) -> bytes:
        for row in rows:
            self._rows.writerow(map(escape_formula, row))
        return self._taken()

    def close(self) -> bytes:
        return self._taken()

    def _taken(self) -> bytes:
        piece = self._text.getvalue().encode("utf-8", "replace")
        self._text.seek(0)
        self._text.truncate()
        return piece


class _Pipe(io.RawIOBase):
    """What the archive writes, until it is taken; it cannot be sought, so sizes stand behind the content."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._held += piece
        return len(piece)

    def taken(self) -> bytes:
        piece = bytes(self._held)
        self._held.clear()
        return piece


class _Workbook:
    """Office Open XML (ECMA-376) with inline texts, one sheet after the other; its list of sheets is written last."""

    def __init__(self, header: Sequence[str]) -> None:
        self._header = header
        self._pipe = _Pipe()
        self._archive = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._sheets = 0
        self._begin()

    def write(self, rows: Rows) -> bytes:
        for row in rows:
            if self._room == 0:
                self._end()
                self._begin()
            self._sheet.write(_row(row))
            self._room -= 1
        return self._pipe.taken()

    def close(self) -> bytes:
        self._end()
        numbers = range(1, self._sheets + 1)
        for name, content in (
            ("[Content_Types].xml", _TYPES.format(sheets="".join(_TYPE.format(n=n) for n in numbers))),
            ("_rels/.rels", _ROOT),
            ("xl/workbook.xml", _BOOK.format(sheets="".join(_SHEET.format(n=n) for n in numbers))),
            ("xl/_rels/workbook.xml.rels", _LINKS.format(sheets="".join(_LINK.format(n=n) for n in numbers))),
            ("xl/styles.xml", _STYLES),
        ):
            self._archive.writestr(name, content)
        self._archive.close()
        return self._pipe.taken()

    def _begin(self) -> None:
        self._sheets += 1
        self._room = SHEET_ROWS
        self._sheet = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._sheet.write(_SHEET_BEGIN.encode() + _row(self._header))

    def _end(self) -> None:
        self._sheet.write(_SHEET_END.encode())
        self._sheet.close()


def _row(cells: Sequence[str]) -> bytes:
    return f"<row>{''.join(map(_cell, cells))}</row>".encode("utf-8", "replace")


def _cell(text: str) -> str:
    if not text:
        return '<c s="1"/>'
    clean = _UNHOLDABLE.sub("\ufffd", escape_formula(text))
    if len(clean) > CELL_CHARACTERS:
        clean = clean[: CELL_CHARACTERS - 1] + "…"
    return f'<c t="inlineStr" s="1"><is><t xml:space="preserve">{escape(clean)}</t></is></c>'


_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{{sheets}}</Types>'
)
_TYPE = f'<Override PartName="/xl/worksheets/sheet{{n}}.xml" ContentType="{_KIND}.worksheet+xml"/>'
_ROOT = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{{sheets}}</sheets></workbook>'
_SHEET = '<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>'
_LINKS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{{sheets}}'
    f'<Relationship Id="styles" Type="{_RELATED}/styles" Target="styles.xml"/></Relationships>'
)
_LINK = f'<Relationship Id="rId{{n}}" Type="{_RELATED}/worksheet" Target="worksheets/sheet{{n}}.xml"/>'
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="2">'
    '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET_BEGIN = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/></sheetView></sheetViews>'
    "<sheetData>"
)
_SHEET_END = "</sheetData></worksheet>"
