"""Geometries of a filter: GeoJSON or a box, checked and bounded before the database sees them (plan, road out)."""

from __future__ import annotations

import json
from typing import Any

from jishi_api.cql2 import Node

MOST_POSITIONS = 1000


def geometry(node: Node) -> str | None:
    """A GeoJSON geometry of two dimensions in degrees, or a ``bbox``, as bounded GeoJSON text; None where it is neither.

    >>> geometry({"bbox": [1, 2, 3, 4]})
    '{"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 4], [1, 2]]]}'
    """
    shape = _box(node["bbox"]) if isinstance(node, dict) and set(node) == {"bbox"} else node
    if not isinstance(shape, dict) or set(shape) != {"type", "coordinates"}:
        return None
    kind, coordinates = shape["type"], shape["coordinates"]
    depth = _DEPTHS.get(kind) if isinstance(kind, str) else None
    if depth is None or not _is_whole(kind, coordinates, depth):
        return None
    return json.dumps({"type": kind, "coordinates": coordinates})


def _box(corners: object) -> Node:
    if not isinstance(corners, list) or len(corners) != 4 or not all(map(_is_number, corners)):
        return None
    west, south, east, north = corners
    if west > east or south > north:
        return None
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _is_whole(kind: str, coordinates: Any, depth: int) -> bool:
    """Whether positions are right and not too many, rings closed, lines more than a point."""
    positions = _positions(coordinates, depth)
    if positions is None or not 0 < len(positions) <= MOST_POSITIONS:
        return False
    if kind.endswith("Polygon"):
        return _rings_close(coordinates, depth)
    return not kind.endswith("LineString") or _lines_are_long(coordinates, depth)


_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def _positions(node: Any, depth: int) -> list[list[float]] | None:
    if not isinstance(node, list):
        return None
    if depth == 0:
        right = len(node) == 2 and all(map(_is_number, node)) and abs(node[1]) <= 90
        return [node] if right else None
    found: list[list[float]] = []
    for inner in node:
        positions = _positions(inner, depth - 1)
        if positions is None:
            return None
        found += positions
    return found


def _rings_close(node: Any, depth: int) -> bool:
    if depth == 1:
        return len(node) >= 4 and node[0] == node[-1]
    return bool(node) and all(_rings_close(inner, depth - 1) for inner in node)


def _lines_are_long(node: Any, depth: int) -> bool:
    return len(node) >= 2 if depth == 1 else bool(node) and all(_lines_are_long(inner, depth - 1) for inner in node)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180
