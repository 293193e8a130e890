"""Reads the dictionary's files (CSV, TOML) and remembers every fault by file and line, so that all are told at once."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jishi.errors import Fault


@dataclass(slots=True)
class Faults:
    """What is wrong so far; a name is ``file:line`` where the line is known."""

    found: list[Fault] = field(default_factory=list)

    def add(self, name: str, code: str, **values: object) -> None:
        self.found.append(Fault(name, code, values))


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a CSV file: where it stands, and its cells by column, trimmed."""

    place: str
    cells: Mapping[str, str]

    def items(self, column: str) -> tuple[str, ...]:
        """The ``|``-separated items of a cell, without empty ones."""
        return tuple(item for part in self.cells.get(column, "").split("|") if (item := part.strip()))


def read_csv(path: Path, required: tuple[str, ...], optional: tuple[str, ...], faults: Faults) -> Iterator[Line]:
    """The rows of a UTF-8 CSV file with a header; a row that cannot be read is a fault and is left out."""
    text = read_text(path, faults)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        unknown = [column for column in header if column not in (*required, *optional)]
        missing = [column for column in required if column not in header]
        if unknown or missing or len(set(header)) < len(header):
            faults.add(path.name, "DIC-COLUMN", unknown=", ".join(unknown) or "-", missing=", ".join(missing) or "-")
        for row in reader:
            place = f"{path.name}:{reader.line_num}"
            if len(row) != len(header):
                faults.add(place, "DIC-RAGGED", cells=len(row), columns=len(header))
            else:
                yield Line(place, dict(zip(header, (cell.strip() for cell in row), strict=True)))
    except csv.Error as error:
        faults.add(f"{path.name}:{reader.line_num}", "DIC-UNREADABLE", reason=str(error))


def read_toml(path: Path, faults: Faults) -> dict[str, Any]:
    """The tables of a TOML file; empty after a fault."""
    text = read_text(path, faults)
    if text is None:
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.add(path.name, "DIC-UNREADABLE", reason=str(error))
        return {}


def read_text(path: Path, faults: Faults) -> str | None:
    """The file as UTF-8, a byte-order mark dropped; None after a fault."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.add(path.name, "DIC-ENCODING", byte=error.start)
    except OSError as error:
        faults.add(path.name, "DIC-UNREADABLE", reason=error.strerror or "")
    return None


def read_day(text: str, place: str, faults: Faults) -> date | None:
    """An ISO date; empty is None, anything else is a fault and None."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add(place, "DIC-DATE", value=text)
        return None
