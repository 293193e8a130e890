"""Geometries out of WKB, WKT and GeoJSON text; what GEOS would not survive is not given to it (step standardise)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

DEEPEST = 5_000
"""Collections inside collections: GEOS follows them on the stack, and more than ten thousand end the process."""

Geometries = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]

_MULTI = re.compile(
    rb"\x01(?:[\x04-\x07]\x00\x00[\x00\x20\x40\x80\xa0\xc0\xe0]|[\xbc-\xbf\xd4-\xd7\xec-\xef][\x03\x07\x0b]\x00\x00)"
    rb"|\x00[\x00\x20\x40\x80\xa0\xc0\xe0]\x00(?:\x00[\x04-\x07]|[\x03\x07\x0b][\xbc-\xbf\xd4-\xd7\xec-\xef])[\x00-\xff]{4}[\x00\x01]"
)
"""Byte order, type and, for the higher byte first, count of a geometry of several parts, in EWKB and ISO WKB."""

_DEEP_TEXT = re.compile(r"(?:[\[{(]\s*){100}")
_COLLECTION = re.compile("geometrycollection", re.IGNORECASE)


def parse_wkb(raw: pl.Series) -> tuple[Geometries, Flags]:
    """WKB, binary or hexadecimal → geometries, None where unreadable, and whether an open ring had to be closed."""
    values: npt.NDArray[Any] = np.array([_shallow(value) for value in raw.to_list()], dtype=object)
    with np.errstate(all="ignore"):
        geometries = _read(shapely.from_wkb, values, "ignore")
        failed = shapely.is_missing(geometries) & np.array([value is not None for value in values], dtype=bool)
        closed = np.zeros(len(values), dtype=bool)
        if failed.any():
            geometries[failed] = _read(shapely.from_wkb, values[failed], "fix")
            closed = failed & ~shapely.is_missing(geometries)
    return geometries, closed


def parse_text(raw: pl.Series) -> tuple[Geometries, Flags]:
    """WKT, or GeoJSON where a brace begins it, → the same; nothing is closed."""
    texts = [None if text is None or _is_deep(text) else text for text in raw.to_list()]
    geometries: Geometries = np.full(len(texts), None, dtype=object)
    values: npt.NDArray[Any] = np.array(texts, dtype=object)
    is_json = np.array([text is not None and text.startswith("{") for text in texts], dtype=bool)
    with np.errstate(all="ignore"):
        geometries[~is_json] = _read(shapely.from_wkt, values[~is_json], "ignore")
        geometries[is_json] = _read(shapely.from_geojson, values[is_json], "ignore")
    return geometries, np.zeros(len(texts), dtype=bool)


def _read(parse: Any, values: npt.NDArray[Any], on_invalid: str) -> Geometries:
    """All at once; one by one where one of a kind that GEOS does not know (a curve) stops them all."""
    try:
        return np.asarray(parse(values, on_invalid=on_invalid), dtype=object)
    except (NotImplementedError, shapely.errors.GEOSException, UnicodeError, ValueError):
        made: Geometries = np.full(len(values), None, dtype=object)
        for place, value in enumerate(values):
            try:
                made[place] = parse(value, on_invalid=on_invalid)
            except (NotImplementedError, shapely.errors.GEOSException, UnicodeError, ValueError):
                continue
        return made


def _shallow(value: bytes | str | None) -> bytes | str | None:
    """The value; None where it is nested too deep."""
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            return None
    if value is None or len(value) < 9 * DEEPEST:
        return value
    return None if sum(1 for _ in _MULTI.finditer(value)) > DEEPEST else value


def _is_deep(text: str) -> bool:
    return _DEEP_TEXT.search(text) is not None or len(_COLLECTION.findall(text)) > 100
