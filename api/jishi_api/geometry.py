"""Geometries of a filter: GeoJSON or a box, checked and bounded before the database sees them (plan, road out)."""

from __future__ import annotations

import json
from typing import Any

from jishi.registers.tables import SRID
from jishi_api.cql2 import Node
from jishi_api.crs import DEFAULT, Crs

MOST_POSITIONS = 1000


def geometry(node: Node, crs: Crs = DEFAULT) -> str | None:
    """A geometry in the axis order of ``crs``, or a ``bbox``, as bounded GeoJSON text, east before north; None where it is
    neither. Heights are checked and passed over.

    >>> geometry({"bbox": [1, 2, 3, 4]})
    '{"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 4], [1, 2]]]}'
    """
    shape = _box(node["bbox"], crs) if isinstance(node, dict) and set(node) == {"bbox"} else _shape(node, crs)
    if shape is None or _count(shape) > MOST_POSITIONS:
        return None
    return json.dumps(shape)


def _shape(node: Node, crs: Crs) -> dict[str, Any] | None:
    if not isinstance(node, dict):
        return None
    kind = node.get("type")
    if kind == "GeometryCollection" and set(node) == {"type", "geometries"}:
        inner = node["geometries"]
        parts = [_shape(part, crs) for part in inner] if isinstance(inner, list) else []
        return {"type": kind, "geometries": parts} if parts and None not in parts else None
    depth = _DEPTHS.get(kind) if isinstance(kind, str) else None
    if kind is None or depth is None or set(node) != {"type", "coordinates"}:
        return None
    coordinates = _read(node["coordinates"], depth, crs)
    if coordinates is None or not _is_whole(kind, coordinates, depth):
        return None
    return {"type": kind, "coordinates": coordinates}


_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def _read(node: Any, depth: int, crs: Crs) -> list[Any] | None:
    """Positions east before north; None where one is none or out of bounds, or none is there."""
    if not isinstance(node, list) or not node:
        return None
    if depth == 0:
        return _position(node, crs)
    found = [_read(inner, depth - 1, crs) for inner in node]
    return None if None in found else found


def _position(node: list[Any], crs: Crs) -> list[float] | None:
    if len(node) not in (2, 3) or not all(map(_is_number, node)) or not crs.holds(node[0], node[1]):
        return None
    return [node[1], node[0]] if crs.north_first else [node[0], node[1]]


def _is_whole(kind: str, coordinates: Any, depth: int) -> bool:
    """Whether rings are closed and lines more than a point."""
    if kind.endswith("Polygon"):
        return _rings_close(coordinates, depth)
    return not kind.endswith("LineString") or _lines_are_long(coordinates, depth)


def _rings_close(node: Any, depth: int) -> bool:
    if depth == 1:
        return len(node) >= 4 and bool(node[0] == node[-1])
    return all(_rings_close(inner, depth - 1) for inner in node)


def _lines_are_long(node: Any, depth: int) -> bool:
    return len(node) >= 2 if depth == 1 else all(_lines_are_long(inner, depth - 1) for inner in node)


def _box(corners: object, crs: Crs) -> dict[str, Any] | None:
    """A box of four or six numbers; across the antimeridian it is two."""
    if not isinstance(corners, list) or len(corners) not in (4, 6) or not all(map(_is_number, corners)):
        return None
    half = len(corners) // 2
    low, high = _position(corners[:half], crs), _position(corners[half:], crs)
    if low is None or high is None or low[1] > high[1]:
        return None
    if low[0] <= high[0]:
        return {"type": "Polygon", "coordinates": _ring(low[0], low[1], high[0], high[1])}
    if crs.srid != SRID:
        return None
    parts = [_ring(low[0], low[1], 180, high[1]), _ring(-180, low[1], high[0], high[1])]
    return {"type": "MultiPolygon", "coordinates": parts}


def _ring(west: float, south: float, east: float, north: float) -> list[Any]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def _count(shape: dict[str, Any]) -> int:
    if "geometries" in shape:
        return sum(map(_count, shape["geometries"]))
    return _positions(shape["coordinates"])


def _positions(node: Any) -> int:
    return sum(map(_positions, node)) if isinstance(node[0], list) else 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9
