"""What the reader of workbooks does not tell: error values, formulas nobody computed, how far a sheet reaches (step *read*).

The sheet's XML passes once through Expat before the workbook is opened, so that a cell at the far corner of an empty
sheet is refused instead of filling the memory with what lies between.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import MEBIBYTE, refusing

AREA = 50_000_000
"""Cells of the smallest rectangle around everything in a sheet; a full sheet of 47 columns."""

CHARACTERS = 400_000_000
"""Text of all cells that name a shared string: few kilobytes of a sheet can ask for more than any memory holds."""

_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class SheetFacts:
    """Places are 0-based (row, column)."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # such as #N/A, by place
    last: dict[int, int] = field(default_factory=dict)  # column → the last row with something in it


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet → the member of the archive that holds its cells."""
    with refusing("ING-READ-WORKBOOK", ElementTree.ParseError, KeyError, ValueError, part="xl/workbook.xml"):
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  Expat bounds entities
        targets = {item.get("Id"): str(item.get("Target")) for item in relations}
        sheets = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()  # noqa: S314
        found = [
            (str(item.get("name")), targets.get(item.get(_RELATIONS)))
            for item in sheets
            if item.tag.endswith("}sheet") and item.get(_RELATIONS)
        ]
    return {name: _member(target) for name, target in found if target}


def string_lengths(archive: zipfile.ZipFile) -> list[int]:
    """Characters of each shared string."""
    lengths: list[int] = []

    def start(name: str, _: Any) -> None:
        if name.rpartition(":")[2] == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    if "xl/sharedStrings.xml" in archive.namelist():
        _parse(archive, "xl/sharedStrings.xml", start, text)
    return lengths


def scan_sheet(archive: zipfile.ZipFile, part: str, sheet: str, lengths: list[int]) -> SheetFacts:
    """Raises InputRefusedError ``ING-READ-FORMULA`` (first cell, number of cells), ``-AREA`` and ``-TOO-LARGE``."""
    scan = _Scan(sheet, lengths)
    _parse(archive, part, scan.start, scan.text)
    scan.end()
    scan.refuse_open()
    return scan.facts


def cell_name(row: int, column: int) -> str:
    """A place as spreadsheets call it.

    >>> cell_name(0, 0), cell_name(9, 27)
    ('A1', 'AB10')
    """
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


class _Scan:
    """Follows the cells of one sheet in the order of the file."""

    def __init__(self, sheet: str, lengths: list[int]) -> None:
        self.facts = SheetFacts()
        self._sheet, self._lengths = sheet, lengths
        self._columns: dict[str, int] = {}
        self._row, self._column, self._kind = -1, -1, ""
        self._formula = self._filled = self._listening = self._wanted = False
        self._acts: dict[str, Callable[[dict[str, str]], None]] = {}
        self._text: list[str] = []
        self._characters = 0
        self._open: list[tuple[int, int]] = []
        self._bounds: list[int] = []  # top, left, bottom, right

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in self._acts:
            self._acts[name] = self._act(name.rpartition(":")[2])
        self._acts[name](attributes)

    def _act(self, local: str) -> Callable[[dict[str, str]], None]:
        acts = {"c": self._cell, "v": self._value, "f": self._function, "is": self._inline, "row": self._line}
        return acts.get(local, self._other)

    def _cell(self, attributes: dict[str, str]) -> None:
        if self._filled or self._formula:
            self.end()
        self._place(attributes.get("r"))
        self._kind = attributes.get("t", "")
        self._wanted = self._kind in ("s", "e")

    def _value(self, _: dict[str, str]) -> None:
        self._filled, self._listening = True, self._wanted or self._formula

    def _function(self, _: dict[str, str]) -> None:
        self._formula, self._listening = True, False

    def _inline(self, _: dict[str, str]) -> None:
        self._filled, self._listening = True, False

    def _line(self, attributes: dict[str, str]) -> None:
        self.end()
        number = attributes.get("r")
        self._row, self._column = int(number) - 1 if number else self._row + 1, -1

    def _other(self, _: dict[str, str]) -> None:
        self._listening = False

    def text(self, data: str) -> None:
        if self._listening:
            self._text.append(data)

    def end(self) -> None:
        """What the cell just left held."""
        if not (self._filled or self._formula):
            return
        if self._wanted or self._formula:
            self._judge("".join(self._text), (self._row, self._column))
        last = self.facts.last
        if last.get(self._column, -1) < self._row:
            last[self._column] = self._row
        self._grow()
        self._formula = self._filled = self._listening = False
        self._text.clear()

    def _judge(self, text: str, place: tuple[int, int]) -> None:
        if self._formula and not text and self._kind != "str":
            self._open.append(place)
        if self._kind == "e" and text:
            self.facts.errors[place] = text
        if self._kind == "s" and text:
            self._characters += self._length(int(text))

    def _length(self, index: int) -> int:
        if self._characters > CHARACTERS:
            raise InputRefusedError("ING-READ-TOO-LARGE")
        return self._lengths[index]

    def _place(self, name: str | None) -> None:
        if name is None:
            self._column += 1
            return
        letters = name.rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = _column_of(letters)
        self._column, self._row = self._columns[letters], int(name[len(letters) :]) - 1

    def _grow(self) -> None:
        row, column, bounds = self._row, self._column, self._bounds
        if not bounds:
            bounds += [row, column, row, column]
        elif row < bounds[0] or row > bounds[2] or column < bounds[1] or column > bounds[3]:
            bounds[:] = min(bounds[0], row), min(bounds[1], column), max(bounds[2], row), max(bounds[3], column)
            if (bounds[2] - bounds[0] + 1) * (bounds[3] - bounds[1] + 1) > AREA:
                raise InputRefusedError("ING-READ-AREA", sheet=self._sheet, cell=cell_name(row, column))

    def refuse_open(self) -> None:
        """Raise ``ING-READ-FORMULA`` where formulas carry no value."""
        if self._open:
            first = cell_name(*self._open[0])
            raise InputRefusedError("ING-READ-FORMULA", sheet=self._sheet, cell=first, count=len(self._open))


def _column_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter.upper()) - 64
    if not 0 < number <= 1 << 14:
        raise ValueError(letters)
    return number - 1


def _member(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _parse(archive: zipfile.ZipFile, part: str, start: Any, text: Any) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    with refusing("ING-READ-WORKBOOK", expat.ExpatError, KeyError, ValueError, IndexError, part=part):
        with archive.open(part) as member:
            while piece := member.read(MEBIBYTE):
                parser.Parse(piece)
        parser.Parse(b"", True)
