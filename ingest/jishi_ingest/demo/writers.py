"""Writes tables the way departments send them: encodings, line ends, a sheet with title and totals, features."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import openpyxl
import polars as pl

from jishi_ingest.demo.ground import Floats

_BYTE_ORDER_MARKS = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe"}
_CODECS = {"utf-8-sig": "utf-8"}
_STAMP = (2026, 1, 1, 0, 0, 0)
_FLOAT = re.compile(r"\d\.\d+e\+\d+")


class Table(Protocol):
    """A file that takes its rows in frames of text columns; the header is written with the first."""

    def write(self, frame: pl.DataFrame) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None: ...


class Delimited:
    """CSV, or tab-separated text where the name ends in .txt; CRLF in every encoding but plain UTF-8."""

    def __init__(self, path: Path, encoding: str = "utf-8") -> None:
        self._file = path.open("wb")
        self._encoding = encoding
        self._separator = "\t" if path.suffix == ".txt" else ","
        self._is_new = True

    def write(self, frame: pl.DataFrame) -> None:
        if self._is_new:
            self._file.write(_BYTE_ORDER_MARKS.get(self._encoding, b""))
        text = frame.with_columns(pl.all().replace("", None)).write_csv(
            include_header=self._is_new,
            separator=self._separator,
            line_terminator="\n" if self._encoding == "utf-8" else "\r\n",
        )
        self._file.write(text.encode(_CODECS.get(self._encoding, self._encoding)))
        self._is_new = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()


class Sheet:
    """An xlsx workbook of one sheet: a title row, the header, the rows, a row of totals, counted in ``totals`` (人). The
    same rows, the same bytes.

    A text such as ``3.205991e+17`` becomes a number, as a spreadsheet makes of a long number typed into it.
    """

    def __init__(self, path: Path, title: str = "", totals: str = "") -> None:
        self._path, self._totals, self._rows = path, totals, 0
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Sheet1")
        if title:
            self._sheet.append([title])

    def write(self, frame: pl.DataFrame) -> None:
        if not self._rows:
            self._sheet.append(frame.columns)
        for row in frame.iter_rows():
            self._sheet.append([_cell(value) for value in row])
        self._rows += frame.height

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._totals:
            self._sheet.append(["合计", None, f"{self._rows} {self._totals}"])
        self._book.save(self._path)
        _forget_when(self._path)


def write_features(path: Path, features: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    """Write (properties, geometry) as GeoJSON that declares EPSG:4490, longitude first; returns how many."""
    items = [{"type": "Feature", "properties": names, "geometry": shape} for names, shape in features]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    document = {"type": "FeatureCollection", "crs": crs, "features": items}
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return len(items)


def polygon(ring: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A GeoJSON polygon of one ring, as given."""
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring]] if ring else []}


def degrees(values: Floats) -> pl.Series:
    """Coordinates as text with six decimals."""
    return pl.Series([f"{value:.6f}" for value in values], dtype=pl.String)


def _cell(value: str | None) -> str | float | None:
    if value and value[-4:-2] == "e+" and _FLOAT.fullmatch(value):
        return float(value)
    return value or None


def _forget_when(path: Path) -> None:
    """Pack the workbook anew without the time it was made."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        packed = Path(folder) / path.name
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                entry = zipfile.ZipInfo(name, _STAMP)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with old.open(name) as source, new.open(entry, "w", force_zip64=True) as target:
                    if name == "docProps/core.xml":
                        target.write(re.sub(rb">\d{4}-[^<]*Z<", b">2026-01-01T00:00:00Z<", source.read()))
                    else:
                        shutil.copyfileobj(source, target)
        packed.replace(path)
