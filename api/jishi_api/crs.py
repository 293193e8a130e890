"""Coordinate reference systems: in what geometries may be asked for and given, each in its own axis order (plan, road out).

Rows hold EPSG:4490 with longitude first. CRS84 and EPSG:4326 are served from the same numbers: CGCS2000 and WGS 84 are
both tied to the ITRF and differ by less than what is written. The city's own system is one of the Gauss-Kruger zones of
CGCS2000 or of the northern UTM zones of WGS 84; any other is not offered, as its axis order is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jishi.errors import Fault
from jishi.registers.tables import SRID
from jishi_api.documents import CRS84

REACH_M = 1_500_000.0
"""How far from its central meridian a zone is calculated with."""

POLE_M = 10_000_000.0

DEGREES = (-180.0, -90.0, 180.0, 90.0)
SIDES = 32
"""A box's side is divided into so many parts before it is transformed: in degrees it is bent."""


@dataclass(frozen=True, slots=True)
class Crs:
    """``srid``: the numbers as PostGIS has them, east before north; ``north_first``: how the outside writes them.

    ``decimals``: digits that are written, about a centimetre or less. ``bounds``: west, south, east, north of what can be
    calculated with.
    """

    uri: str
    srid: int
    north_first: bool
    decimals: int
    bounds: tuple[float, float, float, float]

    def as_geojson(self, geometry: str) -> str:
        """SQL of the GeoJSON text of a stored geometry: outer rings counter-clockwise, no member ``crs`` (option 0)."""
        shape = f"ST_ForcePolygonCCW({geometry})"
        if self.srid != SRID:
            shape = f"ST_Transform({shape}, {self.srid})"
        if self.north_first:
            shape = f"ST_FlipCoordinates({shape})"
        return f"ST_AsGeoJSON({shape}, {self.decimals}, 0)"

    def as_stored(self, geometry: str) -> str:
        """SQL of a geometry of this system, east before north, in the system rows are kept in."""
        return geometry if self.srid == SRID else f"ST_Transform({geometry}, {SRID})"

    def holds(self, first: float, second: float) -> bool:
        """Whether a position, written in the system's own order, can be calculated with."""
        east, north = (second, first) if self.north_first else (first, second)
        west, south, east_end, north_end = self.bounds
        return west <= east <= east_end and south <= north <= north_end


DEFAULT = Crs(CRS84, SRID, False, 7, DEGREES)
Systems = Mapping[str, Crs]


@cache
def systems(projected_srid: int) -> Systems:
    """URI → system, the default first. ``projected_srid``: the city's own, left out where its axes are not known."""
    found = [
        DEFAULT,
        Crs(epsg(SRID), SRID, True, 7, DEGREES),
        Crs(epsg(4326), SRID, True, 7, DEGREES),
    ]
    projected = _projected(projected_srid)
    return {crs.uri: crs for crs in (*found, *([projected] if projected else ()))}


def epsg(srid: int) -> str:
    """The URI of a system of the EPSG registry."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def system_of(given: Mapping[str, str], name: str, known: Systems, faults: list[Fault]) -> Crs:
    """The system a parameter names, the default where it does not; a fault where it is not among ``known``."""
    uri = given.get(name)
    if uri is None:
        return DEFAULT
    if uri not in known:
        faults.append(Fault(name, "OGC-CRS-UNKNOWN", {"known": ", ".join(known)}))
    return known.get(uri, DEFAULT)


def _projected(srid: int) -> Crs | None:
    """Gauss-Kruger writes northing first (axes X, Y of GB/T 17798), UTM easting first; as the EPSG registry has them."""
    if 32601 <= srid <= 32660:
        return _zone(srid, 500_000.0, north_first=False)
    for first, last, zone in ((4491, 4501, 13), (4513, 4533, 25)):  # the number of the zone stands before the easting
        if first <= srid <= last:
            return _zone(srid, (zone + srid - first) * 1_000_000 + 500_000.0, north_first=True)
    if 4502 <= srid <= 4512 or 4534 <= srid <= 4554:
        return _zone(srid, 500_000.0, north_first=True)
    return None


def _zone(srid: int, false_easting: float, *, north_first: bool) -> Crs:
    bounds = (false_easting - REACH_M, -POLE_M, false_easting + REACH_M, POLE_M)
    return Crs(epsg(srid), srid, north_first, 3, bounds)
