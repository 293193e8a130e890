"""The box of ``bbox``: read in the axis order of its system, as a condition over a register's rows (plan, road out)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jishi.errors import Fault
from jishi.registers.tables import SRID
from jishi_api.crs import SIDES, Crs

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """``parts``: west, south, east, north in ``crs``; two of them where the box lies across the antimeridian."""

    crs: Crs
    parts: tuple[Corners, ...]

    def test(self, column: str, first: int) -> tuple[str, tuple[float, ...]]:
        """SQL over ``column`` with parameters from ``first`` on, and their values."""
        texts = [
            f"ST_Intersects({column}, {_envelope(self.crs, first + 4 * place)})" for place in range(len(self.parts))
        ]
        values = tuple(value for part in self.parts for value in part)
        return (texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"), values


def read_box(text: str, crs: Crs, faults: list[Fault]) -> Box | None:
    """Four numbers, or six of which the heights are passed over: nothing here has one. None after a fault.

    What lies beyond the reach of a projected system is cut off: nothing of the city is there.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) in (4, 6) and all(_NUMBER.fullmatch(part) for part in parts):
        numbers = [float(part) for part in parts]
        if len(numbers) == 6:
            low, high = numbers.pop(2), numbers.pop(4)
            found = _box(numbers, crs) if low <= high else None
        else:
            found = _box(numbers, crs)
        if found is not None:
            return found
    faults.append(Fault("bbox", "QRY-VALUE-BBOX"))
    return None


_NUMBER = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?")


def _box(numbers: list[float], crs: Crs) -> Box | None:
    if crs.north_first:
        south, west, north, east = numbers
    else:
        west, south, east, north = numbers
    if south > north:
        return None
    if crs.srid != SRID:
        return None if west > east else Box(crs, (_cut((west, south, east, north), crs.bounds),))
    if not (-180 <= west <= 180 and -180 <= east <= 180 and south >= -90 and north <= 90):
        return None
    if west <= east:
        return Box(crs, ((west, south, east, north),))
    return Box(crs, ((west, south, 180.0, north), (-180.0, south, east, north)))


def _cut(corners: Corners, bounds: Corners) -> Corners:
    west, south, east, north = (
        min(max(number, bounds[place % 2]), bounds[place % 2 + 2]) for place, number in enumerate(corners)
    )
    return west, south, east, north


def _envelope(crs: Crs, first: int) -> str:
    west, south, east, north = (f"${first + corner}::float8" for corner in range(4))
    envelope = f"ST_MakeEnvelope({west}, {south}, {east}, {north}, {crs.srid})"
    if crs.srid == SRID:
        return envelope
    return crs.as_stored(f"ST_Segmentize({envelope}, greatest({east} - {west}, {north} - {south}) / {SIDES} + 1)")
