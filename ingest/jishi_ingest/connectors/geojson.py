"""A GeoJSON feature collection as text columns and WKB, longitude first as RFC 7946 has it (step *read*)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import shapely

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.json_values import Literal, text_of, whole
from jishi_ingest.connectors.reading import GEOMETRY, UNREADABLE, Reading, ReadOptions, begin, clean_headers
from jishi_ingest.connectors.records import member_frame


def is_collection(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") == "FeatureCollection"


def read_geojson(document: dict[str, Any], encoding: str, options: ReadOptions) -> Reading:
    """Features of a parsed collection: their properties as text (nested ones as JSON), their geometry as WKB."""
    features = document.get("features")
    if not isinstance(features, list) or not all(_is_feature(feature) for feature in features):
        raise InputRefusedError("ING-READ-SHAPE")
    members: dict[str, None] = {}
    for feature in features:
        members.update(dict.fromkeys(feature.get("properties") or ()))
    if not features:
        raise InputRefusedError("ING-READ-NO-ROWS")
    return Reading(
        format="geojson",
        encoding=encoding,
        columns=(*clean_headers(map(whole, members)), GEOMETRY),
        chunks=begin(lambda: _frames(features, list(members), options.chunk_rows)),
        crs=crs_name(document.get("crs")),
    )


def crs_name(declared: Any) -> str | None:
    """The authority's name of a declared system, such as ``EPSG:4490``; None when the file declares none.

    >>> crs_name({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}})
    'OGC:CRS84'
    """
    name = declared.get("properties") if isinstance(declared, dict) else None
    name = name.get("name") if isinstance(name, dict) else None
    if not isinstance(name, str) or not name.strip():
        return None
    parts = re.split(r"[:/#]+", name.strip())
    return f"{'OGC' if parts[-1].upper() == 'CRS84' else 'EPSG'}:{parts[-1].upper()}"


def to_wkb(geometries: list[Any]) -> list[bytes | None]:
    """WKB of parsed GeoJSON geometries; None stays None, one that cannot be read becomes UNREADABLE."""
    texts = np.array([None if item is None else text_of(_checked(item)) for item in geometries], dtype=object)
    with np.errstate(all="ignore"):
        encoded = shapely.to_wkb(shapely.from_geojson(texts, on_invalid="ignore"))
    pairs = zip(geometries, encoded, strict=True)
    return [wkb if sent is None or wkb is not None else _raw_wkb(sent) for sent, wkb in pairs]


def _raw_wkb(geometry: Any) -> bytes:
    """WKB of a polygon as it was sent, rings left open, so that a repair is made, and recorded, in one place."""
    try:
        kind, coordinates = geometry["type"], geometry["coordinates"]
        if kind == "Polygon":
            return _polygon(coordinates)
        if kind == "MultiPolygon":
            return struct.pack("<BII", 1, 6, len(coordinates)) + b"".join(map(_polygon, coordinates))
    except (IndexError, KeyError, TypeError, ValueError, struct.error):
        pass
    return UNREADABLE


def _polygon(rings: Any) -> bytes:
    parts = [struct.pack("<BII", 1, 3, len(rings))]
    for ring in rings:
        numbers = [_number(number) for position in ring for number in (position[0], position[1])]
        parts.append(struct.pack(f"<I{len(numbers)}d", len(ring), *numbers))
    return b"".join(parts)


def _number(value: Any) -> float:
    if not isinstance(value, Literal):
        raise TypeError(value)
    return float(value)


def _frames(features: list[dict[str, Any]], columns: list[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(features), chunk_rows):
        part = features[start : start + chunk_rows]
        frame = member_frame([feature.get("properties") or {} for feature in part], columns, start + 1)
        shapes = to_wkb([feature.get("geometry") for feature in part])
        place = frame.columns.index("row_number")
        yield frame.insert_column(place, pl.Series(GEOMETRY, shapes, dtype=pl.Binary))


def _checked(geometry: Any) -> Any:
    """The geometry without members that GeoJSON does not know, so that a stray one cannot stop its reading."""
    known = ("type", "coordinates", "geometries")
    return {key: geometry[key] for key in known if key in geometry} if isinstance(geometry, dict) else Literal("{}")


def _is_feature(feature: Any) -> bool:
    return isinstance(feature, dict) and isinstance(feature.get("properties"), dict | None)
