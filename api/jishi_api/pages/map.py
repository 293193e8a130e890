"""A map of features as lines and dots of an SVG, drawn here so that no foreign host has to be asked (respond, road out)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 960.0
MOST_HEIGHT = 480.0
MARGIN = 16.0

Feature = Mapping[str, Any]
Position = Sequence[float]


@dataclass(frozen=True, slots=True)
class Shape:
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Map:
    """``corner``: the coordinates of the south-western corner, ``opposite``: of the north-eastern, as they were told."""

    width: float
    height: float
    areas: tuple[Shape, ...]
    lines: tuple[Shape, ...]
    dots: tuple[Dot, ...]
    corner: str
    opposite: str


def draw(features: Iterable[Feature], title_of: str | None, *, north_first: bool, degrees: bool) -> Map | None:
    """None where nothing has a place. ``title_of``: the property told when a shape is pointed at; ``degrees``: whether a
    step to the east has to be shortened by the latitude."""
    shown = [(feature["geometry"], _title(feature, title_of)) for feature in features if feature["geometry"]]
    corners = _corners(shown, north_first)
    if corners is None:
        return None
    west, south, east, north = corners
    squeeze = max(math.cos(math.radians((south + north) / 2)), 0.01) if degrees else 1.0
    wide, high = max((east - west) * squeeze, 1e-6), max(north - south, 1e-6)
    scale = min((WIDTH - 2 * MARGIN) / wide, (MOST_HEIGHT - 2 * MARGIN) / high)
    height = round(high * scale + 2 * MARGIN, 1)
    shift = (WIDTH - wide * scale) / 2

    def place(position: Position) -> tuple[float, float]:
        x, y = (position[1], position[0]) if north_first else (position[0], position[1])
        return round(shift + (x - west) * squeeze * scale, 1), round(height - MARGIN - (y - south) * scale, 1)

    areas: list[Shape] = []
    lines: list[Shape] = []
    dots: list[Dot] = []
    for geometry, title in shown:
        for kind, coordinates in _simple(geometry):
            if kind == "Point":
                dots.append(Dot(*place(coordinates), title))
            elif kind == "LineString":
                lines.append(Shape(_path([coordinates], place, closed=False), title))
            else:
                areas.append(Shape(_path(coordinates, place, closed=True), title))
    opposite = f"{north:.6g}, {east:.6g}" if north_first else f"{east:.6g}, {north:.6g}"
    corner = f"{south:.6g}, {west:.6g}" if north_first else f"{west:.6g}, {south:.6g}"
    return Map(WIDTH, height, tuple(areas), tuple(lines), tuple(dots), corner, opposite)


def _title(feature: Feature, name: str | None) -> str:
    told = feature["properties"].get(name) if name else None
    return str(told or feature["id"])


def _simple(geometry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Points, lines and polygons, one by one."""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _simple(part)
    elif kind.startswith("Multi"):
        for part in geometry["coordinates"]:
            yield kind.removeprefix("Multi"), part
    else:
        yield kind, geometry["coordinates"]


def _positions(kind: str, coordinates: Any) -> Iterator[Position]:
    if kind == "Point":
        yield coordinates
    elif kind == "LineString":
        yield from coordinates
    else:
        for ring in coordinates:
            yield from ring


def _corners(shown: Iterable[tuple[Any, str]], north_first: bool) -> tuple[float, float, float, float] | None:
    found = [
        position
        for geometry, _ in shown
        for kind, coordinates in _simple(geometry)
        for position in _positions(kind, coordinates)
    ]
    if not found:
        return None
    first, second = [position[0] for position in found], [position[1] for position in found]
    east, north = (second, first) if north_first else (first, second)
    return min(east), min(north), max(east), max(north)


def _path(rings: Sequence[Sequence[Position]], place: Any, *, closed: bool) -> str:
    parts = []
    for ring in rings:
        steps = [f"{x} {y}" for x, y in map(place, ring)]
        parts.append(f"M{' L'.join(steps)}{'Z' if closed else ''}")
    return " ".join(parts)
