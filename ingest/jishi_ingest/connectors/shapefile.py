"""A zipped shapefile as text columns and WKB, longitude first (step *read*).

GDAL is given the parts under names of ours, and the texts of the .dbf byte for byte: their encoding is that of the .cpg
or found over the whole file, as with any other text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np
import polars as pl
import pyogrio

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.parquet import to_text
from jishi_ingest.connectors.reading import (
    GEOMETRY,
    REPLACEMENT,
    Reading,
    ReadOptions,
    begin,
    clean_headers,
    mark_rows,
    refusing,
)

BYTES = "ISO-8859-1"
"""Under this name GDAL hands every byte of a text on as one character."""

_PARTS = (".shp", ".shx", ".dbf", ".prj")
_CODECS = {"936": "gb18030", "CP936": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "65001": "utf-8"}
_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError,
    pyogrio.errors.GeometryError,
    pyogrio.errors.CRSError,
    *(ValueError, RuntimeError, IndexError, TypeError, NameError),  # a .prj in no encoding is a NameError
)


def read_shapefile(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], options: ReadOptions) -> Reading:
    """Open a zip that holds one shapefile. Raises ``ING-READ-PARTS`` and ``-PRJ`` (parts are missing), ``-CPG`` and
    ``-DBF-ENCODING`` (texts in another encoding), ``-MEMBERS`` (several shapefiles) and ``-SHAPEFILE``."""
    parts = _parts(archive, members)
    if missing := [suffix for suffix in _PARTS[:3] if suffix not in parts]:
        raise InputRefusedError("ING-READ-PARTS", parts=", ".join(missing))
    if ".prj" not in parts and options.file_crs is None:
        raise InputRefusedError("ING-READ-PRJ")
    _check_records(parts)
    with refusing("ING-READ-SHAPEFILE", *_ERRORS, part=".shp"):
        meta, _, geometry, fields = pyogrio.raw.read(_packed(parts), encoding=BYTES, datetime_as_string=True)
    if geometry is None or len(geometry) == 0:
        raise InputRefusedError("ING-READ-NO-ROWS")
    texts = [name for name, field in zip(meta["fields"], fields, strict=True) if field.dtype == object]
    text_fields = [field for name, field in zip(meta["fields"], fields, strict=True) if name in set(texts)]
    declared = _declared(parts)
    codec = declared or _found([*meta["fields"]], text_fields)
    if declared is not None:
        _check_declared(declared, text_fields)
    columns = clean_headers(_header(name, codec) for name in meta["fields"])
    decoded = [_decoded(field, codec) if field.dtype == object else field for field in fields]
    return Reading(
        format="shapefile",
        encoding=codec,
        columns=(*columns, GEOMETRY),
        chunks=begin(lambda: _frames(columns, decoded, geometry, options.chunk_rows)),
        crs=_crs(meta.get("crs")) if ".prj" in parts else options.file_crs,
    )


def _parts(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Suffix → content of the files of the one shapefile."""
    layers = [PurePath(member.filename) for member in members if member.filename.lower().endswith(".shp")]
    if len(layers) != 1:
        raise InputRefusedError("ING-READ-MEMBERS", count=len(layers))
    wanted = str(layers[0].with_suffix("")).lower()
    return {
        PurePath(member.filename).suffix.lower(): archive.read(member)
        for member in members
        if str(PurePath(member.filename).with_suffix("")).lower() == wanted
    }


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for suffix in _PARTS:
            if suffix in parts:
                made.writestr(f"layer{suffix}", parts[suffix])
    return out.getvalue()


def _check_records(parts: dict[str, bytes]) -> None:
    """Raise ``ING-READ-SHAPEFILE`` where a part is shorter than its own head says: GDAL would read what there is.

    Shapefile Technical Description (ESRI, 1998): lengths are 16-bit words at byte 24; dBASE: records at byte 4, length
    of the head at 8 and of a record at 10. Each geometry has one record.
    """
    for suffix in (".shp", ".shx"):
        part = parts[suffix]
        if len(part) < 100 or int.from_bytes(part[24:28], "big") * 2 != len(part):
            raise InputRefusedError("ING-READ-SHAPEFILE", part=suffix)
    table, shapes = parts[".dbf"], (len(parts[".shx"]) - 100) // 8
    rows, head, width = (int.from_bytes(table[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if len(table) < 32 or rows != shapes or len(table) < head + rows * width:
        raise InputRefusedError("ING-READ-SHAPEFILE", part=".dbf")


def _declared(parts: dict[str, bytes]) -> str | None:
    """The codec the .cpg names, else the one the head of the .dbf does (0x4D: code page 936)."""
    name = parts.get(".cpg", b"").decode("ascii", "ignore").strip().upper()
    if not name:
        return "gb18030" if parts[".dbf"][29:30] == b"\x4d" else None
    name = _CODECS.get(name, name)
    try:
        "".encode(name)
    except (LookupError, ValueError):
        raise InputRefusedError("ING-READ-CPG", declared=_printable(name), row=1) from None
    return name.lower()


def _printable(name: str) -> str:
    """A name of an encoding as it may be shown; rubbish is a question mark."""
    return name if re.fullmatch(r"[A-Z0-9_.: -]{1,30}", name) else "?"


def _found(headers: list[str], fields: list[Any]) -> str:
    """The first of UTF-8 and GB18030 that every whole text is in."""
    row = 1
    for codec in ("utf-8", "gb18030"):
        fault = _first_fault(codec, fields)
        if fault is None and all(_header(name, codec).find(REPLACEMENT) < 0 for name in headers):
            return codec
        row = max(row, fault or 1)
    raise InputRefusedError("ING-READ-DBF-ENCODING", row=row)


def _check_declared(codec: str, fields: list[Any]) -> None:
    """Raise ``ING-READ-CPG`` where the declared encoding is wrong and the other one right for every text."""
    row = _first_fault(codec, fields)
    if row is not None and any(_first_fault(other, fields) is None for other in ("utf-8", "gb18030")):
        raise InputRefusedError("ING-READ-CPG", declared=codec, row=row)


def _first_fault(codec: str, fields: list[Any]) -> int | None:
    """The first row (1-based) with a text that is not in ``codec``, one cut off at its end apart."""
    rows = [
        row
        for field in fields
        for row, text in enumerate(field, start=1)
        if text is not None and not text.isascii() and REPLACEMENT in _whole(text.encode(BYTES), codec)
    ]
    return min(rows, default=None)


def _whole(raw: bytes, codec: str) -> str:
    """The text; a last character that the width of the field cut in two is left out and not judged."""
    text = raw.decode(codec, "replace")
    if text.endswith(REPLACEMENT) and REPLACEMENT not in text[:-1]:
        return text[:-1]
    return text


def _header(name: str, codec: str) -> str:
    return _whole(name.encode(BYTES, "replace"), codec)


def _decoded(field: Any, codec: str) -> Any:
    """The texts of a field; U+FFFD stays where a character was cut or is none."""
    made = [
        None if text is None else text if text.isascii() else text.encode(BYTES, "replace").decode(codec, "replace")
        for text in field
    ]
    return np.array(made, dtype=object)


def _crs(found: Any) -> str:
    """The system's name by its authority; one without stays a description, which no source declares."""
    text = str(found or "").strip()
    return text if len(text) <= 40 and text else "?"


def _frames(columns: tuple[str, ...], fields: list[Any], geometry: Any, chunk_rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(geometry), chunk_rows):
        end = start + chunk_rows
        series = [
            to_text(pl.Series(name, _values(field[start:end]))).alias(name)
            for name, field in zip(columns, fields, strict=True)
        ]
        frame = pl.DataFrame([*series, pl.Series(GEOMETRY, list(geometry[start:end]), dtype=pl.Binary)])
        yield mark_rows(frame, columns, start + 1)


def _values(field: Any) -> Any:
    """A NumPy field as Polars takes it: texts as a list, days as dates, floats with null for NaN."""
    if field.dtype == object:
        return [None if item is None else str(item) for item in field]
    if np.issubdtype(field.dtype, np.floating):
        return pl.Series(field).fill_nan(None)
    return field
