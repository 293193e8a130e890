"""Columns of geometry: read, judged, brought to EPSG:4490 with longitude first, repaired (step standardise)."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from jishi.standardise import gcj02
from jishi.standardise.geometry_text import parse_text, parse_wkb

SRID: Final = 4490
Form = Literal["wkb", "wkt"]

_Geometries = npt.NDArray[np.object_]
_POLYGON: Final = 3
_COLLECTION: Final = 7
_CHINA = (73.0, 3.0, 136.0, 54.0)  # longitude and latitude of everything Chinese, west south east north
_COORDINATE: Final = 1_000.0  # nothing in degrees is that large; metres of any projection are


def read_geometries(raw: pl.Series, form: Form, crs: str, *, multi: pl.Series | None = None) -> pl.DataFrame:
    """WKB (Binary or hexadecimal text) or WKT/GeoJSON text → value (hex EWKB, SRID 4490), read, repaired, bounds.

    ``read``: null when empty, ``ok``, ``unreadable``, ``empty`` (no coordinates), ``collection`` (of shapes of several
    kinds), ``zero`` (0, 0), ``metres``, ``swapped`` (latitude first), ``out_of_range``. A height is left out.
    ``repaired``: rings closed or crossings resolved. ``multi``: rows
    whose polygon becomes a multipolygon. ``crs``: what the source declares; only gcj02 and bd09 are converted.
    """
    given = raw.is_not_null().to_numpy()
    geometries, closed = parse_wkb(raw) if form == "wkb" else parse_text(raw)
    read = _judge(geometries, given)
    good = read == "ok"
    geometries[good] = _convert(shapely.force_2d(geometries[good]), crs)
    repaired = closed & good
    invalid = good & ~shapely.is_valid(geometries)
    if invalid.any():
        geometries[invalid] = shapely.make_valid(geometries[invalid], method="structure", keep_collapsed=False)
        repaired |= invalid
        lost = invalid & shapely.is_empty(geometries)
        read[lost], good = "empty", good & ~lost
    polygons = good & (shapely.get_type_id(geometries) == _POLYGON)
    geometries[polygons] = shapely.orient_polygons(geometries[polygons])
    if multi is not None:
        single = polygons & multi.fill_null(False).to_numpy()
        geometries[single] = shapely.multipolygons(geometries[single, np.newaxis])
    return _frame(geometries, good, read, repaired & good)


def read_points(longitude: pl.Series, latitude: pl.Series, crs: str) -> pl.DataFrame:
    """Two columns of degrees as tidied text → the frame of :func:`read_geometries`; one alone is ``unreadable``."""
    x, y = (column.cast(pl.Float64, strict=False).to_numpy() for column in (longitude, latitude))
    readable = np.isfinite(x) & np.isfinite(y)
    points: _Geometries = np.full(len(x), None, dtype=object)
    points[readable] = shapely.points(x[readable], y[readable])
    given = (longitude.is_not_null() | latitude.is_not_null()).to_numpy()
    read = _judge(points, given)
    good = read == "ok"
    points[good] = _convert(points[good], crs)
    return _frame(points, good, read, np.zeros(len(x), dtype=bool))


def inside(bounds: pl.DataFrame, box: tuple[float, float, float, float]) -> pl.Series:
    """Whether a geometry lies wholly in ``box`` (west, south, east, north); null without a geometry."""
    west, south, east, north = box
    within = (
        (pl.col("west") >= west) & (pl.col("south") >= south) & (pl.col("east") <= east) & (pl.col("north") <= north)
    )
    return bounds.select(inside=within)["inside"]


def _judge(geometries: _Geometries, given: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """What is wrong with each geometry's coordinates as degrees; the first fault that fits."""
    with np.errstate(invalid="ignore"):
        west, south, east, north = shapely.bounds(geometries).T
        extreme = np.maximum.reduce([np.abs(west), np.abs(east), np.abs(south), np.abs(north)])
        faults = (
            (~given, None),
            (shapely.is_missing(geometries), "unreadable"),
            (shapely.is_empty(geometries), "empty"),
            (shapely.get_type_id(geometries) == _COLLECTION, "collection"),
            (~np.isfinite(extreme) | _lacks_number(geometries), "unreadable"),
            (extreme == 0, "zero"),
            (extreme > _COORDINATE, "metres"),
            (_is_swapped(west, south, east, north), "swapped"),
            (
                (np.maximum(np.abs(west), np.abs(east)) > 180) | (np.maximum(np.abs(south), np.abs(north)) > 90),
                "out_of_range",
            ),
        )
    read: npt.NDArray[np.object_] = np.full(len(geometries), "ok", dtype=object)
    for where, word in reversed(faults):
        read[where] = word
    return read


def _lacks_number(geometries: _Geometries) -> npt.NDArray[np.bool_]:
    """Geometries with a vertex that is no number; their outline says nothing of it."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    lacking = np.zeros(len(geometries), dtype=bool)
    lacking[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    return lacking


def _is_swapped(west: Any, south: Any, east: Any, north: Any) -> Any:
    """Whether the coordinates lie in China only when read latitude first."""
    left, bottom, right, top = _CHINA
    return (west >= bottom) & (east <= top) & (south >= left) & (north <= right)


def _convert(geometries: _Geometries, crs: str) -> _Geometries:
    if crs not in ("gcj02", "bd09") or not len(geometries):
        return geometries
    coordinates = shapely.get_coordinates(geometries)
    x, y = coordinates[:, 0], coordinates[:, 1]
    if crs == "bd09":
        x, y = gcj02.from_bd09(x, y)
    converted = np.column_stack(gcj02.unshift(x, y))
    return np.asarray(shapely.set_coordinates(geometries, converted), dtype=object)


def _frame(
    geometries: _Geometries, good: npt.NDArray[np.bool_], read: npt.NDArray[np.object_], repaired: npt.NDArray[np.bool_]
) -> pl.DataFrame:
    kept = geometries.copy()
    kept[~good] = None
    hexadecimal = shapely.to_wkb(shapely.set_srid(kept, SRID), hex=True, include_srid=True)
    west, south, east, north = shapely.bounds(kept).T
    frame = pl.DataFrame(
        {
            "value": pl.Series(hexadecimal.tolist(), dtype=pl.String),
            "read": pl.Series(read.tolist(), dtype=pl.String),
            "repaired": repaired,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
        }
    )
    has = pl.col("value").is_not_null()
    return frame.with_columns(
        pl.when(has).then(pl.col(name)).alias(name) for name in ("repaired", "west", "south", "east", "north")
    )
