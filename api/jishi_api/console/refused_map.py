"""Refused geometries 被拒的图形 on a map: drawn as they were sent, beside the outlines of the city's divisions (respond, road out).

The picture is an SVG made here; no foreign host is asked. What lies far off is shown at the edge, on its side.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from jishi.quality import quarantine_search as store
from jishi.quality.quarantine_search import Shown, Wanted
from jishi.registers.catalog import registers
from jishi_api import quarantine_view as view
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.pages.map import Map, draw

if TYPE_CHECKING:
    from asyncpg import Connection

section = Section()

MOST = 200
GEOMETRY = "geometry"
MOST_POSITIONS = 50_000
OUTLINES = 40

_LATITUDE = re.compile("纬|lat|^y$|^北")
"""What a column of latitudes is called; the ledger does not say which of two columns is which."""

Geometry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """``here``: the refused geometries; ``around``: outlines, drawn to the same scale. ``rows``: what stands where, for who
    does not see the picture: number of the row, where it lies, whether that is far off."""

    picture: Map
    outlines: tuple[str, ...]
    rows: tuple[tuple[int, str, bool], ...]


@section.page("/geometries", words("Refused geometries"), roles=("steward",), menu=Menu.WORK)
async def geometries(visit: Visit) -> Response:
    """The newest open rows that have a geometry and were refused for it."""
    elements = [(name, one.geometry) for name, one in registers().items() if one.geometry]
    entries = []
    for register, element in elements:
        wanted = Wanted("open", register=register, element=element)
        entries += await store.search(visit.connection, visit.officer, wanted, limit=MOST)
    found = await view.shown(visit.request, visit.serving, visit.officer, "console", "quarantine", entries[:MOST])
    told = {one.entry.quarantine_id: view.reasons_of(one.entry, visit.language) for one in found}
    return visit.show("geometries.html", map=await map_of(visit, found), told=told, rows=found)


async def map_of(visit: Visit, rows: Sequence[Shown]) -> Drawn | None:
    """The geometries of these rows on the city's map; None where no row has one that can be read."""
    shapes = [(one.entry.quarantine_id, shape) for one in rows if (shape := geometry_of(one)) is not None]
    if not shapes:
        return None
    outlines = await _outlines(visit.connection, visit.serving.city.division_prefix)
    west, south, east, north = visit.serving.city.bbox
    frame = _frame(visit.serving.city.bbox)
    features = [_feature(number, *_within(shape, frame)) for number, shape in shapes]
    box = {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }
    around = [{"id": "", "geometry": outline, "properties": {}} for outline in (outlines or [box])]
    picture = draw([*around, *features], "title", north_first=False, degrees=True)
    if picture is None:
        return None
    own = {str(number) for number, _ in shapes}
    outline_paths = tuple(area.path for area in picture.areas if area.title not in own)
    areas = tuple(area for area in picture.areas if area.title in own)
    rows_told = tuple((number, where(shape), _within(shape, frame)[1]) for number, shape in shapes)
    return Drawn(
        Map(picture.width, picture.height, areas, picture.lines, picture.dots, picture.corner, picture.opposite),
        outline_paths,
        rows_told,
    )


def geometry_of(one: Shown) -> Geometry | None:
    """The geometry of a row as it was sent, where this officer sees it and it can be read: WKB, or two columns of numbers."""
    name = registers()[one.entry.register].geometry
    if name is None:
        return None
    headers = [header for header in one.row.cells if name in one.entry.columns.get(header, ())]
    headers.sort(key=lambda header: bool(_LATITUDE.search(header.lower())))  # longitude first
    texts = [one.row.cells[header] or "" for header in headers]
    if headers == [GEOMETRY]:
        return read_wkb(texts[0])
    if len(headers) == 2:
        try:
            position = [float(text) for text in texts]
        except ValueError:
            return None
        return {"type": "Point", "coordinates": position} if all(map(math.isfinite, position)) else None
    return None


def read_wkb(text: str) -> Geometry | None:
    """Hexadecimal WKB as a GeoJSON geometry, rings as they are; None where it cannot be read or is too long to draw."""
    try:
        made, rest = _geometry(bytes.fromhex(text))
    except (ValueError, struct.error, IndexError, RecursionError):
        return None
    positions = list(_positions(made))
    readable = all(math.isfinite(number) for position in positions for number in position)
    return made if positions and readable and len(positions) <= MOST_POSITIONS and not rest else None


_KINDS = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}


def _geometry(data: bytes) -> tuple[Geometry, bytes]:
    order = "<" if data[0] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}I", data, 1)
    data = data[5:]
    if kind & 0x20000000:  # a number of its system before the coordinates
        data = data[4:]
    size = 3 if kind & 0x80000000 or 1000 < kind & 0xFFFF < 2000 else 2
    kind = (kind & 0xFFFF) % 1000
    if kind not in _KINDS:
        raise ValueError(kind)
    if kind == 1:
        return {"type": "Point", "coordinates": list(struct.unpack_from(f"{order}{size}d", data)[:2])}, data[8 * size :]
    (count,) = struct.unpack_from(f"{order}I", data)
    data = data[4:]
    if kind in (4, 5, 6):
        parts = []
        for _ in range(count):
            part, data = _geometry(data)
            parts.append(part["coordinates"])
        return {"type": _KINDS[kind], "coordinates": parts}, data
    rings = []
    for _ in range(1 if kind == 2 else count):
        length = count
        if kind == 3:
            (length,) = struct.unpack_from(f"{order}I", data)
            data = data[4:]
        numbers = struct.unpack_from(f"{order}{length * size}d", data)
        data = data[8 * size * length :]
        rings.append([list(numbers[at : at + 2]) for at in range(0, len(numbers), size)])
    return {"type": _KINDS[kind], "coordinates": rings[0] if kind == 2 else rings}, data


def _positions(shape: Geometry) -> Iterator[list[float]]:
    def walk(part: Any) -> Iterator[list[float]]:
        if part and isinstance(part[0], float | int):
            yield part
        else:
            for inner in part:
                yield from walk(inner)

    yield from walk(shape["coordinates"])


def where(shape: Geometry) -> str:
    """Where it lies, in the coordinates that were sent: a point, or from corner to corner."""
    found = list(_positions(shape))
    east, north = [position[0] for position in found], [position[1] for position in found]
    low, high = (min(east), min(north)), (max(east), max(north))
    told = f"{low[0]:.6g}, {low[1]:.6g}"
    return told if low == high else f"{told} – {high[0]:.6g}, {high[1]:.6g}"


def _frame(bbox: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The city and half as much around it."""
    west, south, east, north = bbox
    wide, high = (east - west) / 2, (north - south) / 2
    return west - wide, south - high, east + wide, north + high


def _within(shape: Geometry, frame: tuple[float, float, float, float]) -> tuple[Geometry, bool]:
    """The shape, or a point at the edge on its side where it lies outside; and whether it does."""
    west, south, east, north = frame
    found = list(_positions(shape))
    if all(west <= x <= east and south <= y <= north for x, y in (position[:2] for position in found)):
        return shape, False
    x, y = found[0][0], found[0][1]
    return {"type": "Point", "coordinates": [min(max(x, west), east), min(max(y, south), north)]}, True


def _feature(number: int, shape: Geometry, far: bool) -> dict[str, Any]:
    return {"id": number, "geometry": shape, "properties": {"title": f"{number}", "far": far}}


async def _outlines(connection: Connection[Any], prefix: str) -> list[Geometry]:
    rows = await connection.fetch(_OUTLINES, f"{prefix}%", OUTLINES)
    return [json.loads(row["shape"]) for row in rows if row["shape"]]


_OUTLINES = """
-- The outlines of the city's counties, thinned out.
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.002), 5) AS shape FROM jishi.place
WHERE place_type = 'division' AND state = 'active' AND geom IS NOT NULL AND division_code LIKE $1
  AND length(division_code) = 6 AND right(division_code, 2) <> '00'
ORDER BY division_code LIMIT $2"""
