"""Plants the defects of place files (24–27): wrong coordinates, a false datum, damaged borders, unclear addresses."""

from __future__ import annotations

from random import Random
from typing import Any

import polars as pl

from jishi_ingest.demo.gcj02 import to_gcj02
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.places import ENGLISH, HEADERS, Poi, coordinates
from jishi_ingest.demo.truth import Outcome, Plant
from jishi_ingest.demo.writers import degrees, polygon

READABLE = "place.geom.readable"
SEVERAL, NAMELESS = "place.address_full.county_single", "place.address_full.county_named"
COORDINATES = ("swapped", "zero", "outside the city", "metres as degrees")
ADDRESSES = ("former county", "ambiguous county", "no county")
UNKNOWN_ROAD = "未定名路"
"""A road of no other address, so that nothing tells in which county it lies."""

Feature = tuple[dict[str, Any], dict[str, Any]]


def plant(
    frame: pl.DataFrame, points: list[Poi], ground: Ground, seed: str, share: float
) -> tuple[pl.DataFrame, list[Plant]]:
    """Plant 24 (two of each fault at least) and 27 in a table of points."""
    random = Random(f"{seed}-place-defects")
    rows = frame.to_dicts()
    each = max(2, round(len(rows) * share))
    free = random.sample(range(len(rows)), len(rows))
    plants: list[Plant] = []
    for fault in COORDINATES:
        for at in (free.pop() for _ in range(min(each, len(free)))):
            x, y = _wrong(fault, points[at], ground)
            rows[at][HEADERS[2]], rows[at][HEADERS[3]] = f"{x:.6f}", f"{y:.6f}"
            rule = "place.geom.inside_city" if fault == "outside the city" else READABLE
            plants.append(Plant(at + 1, 24, Outcome.REFUSED, rule, fault))
    for fault in ADDRESSES:
        for at in (free.pop() for _ in range(min(each, len(free)))):
            rows[at][HEADERS[1]], planted = _address(fault, at, points[at], ground, random)
            plants.append(planted)
    return pl.DataFrame(rows, schema=frame.schema), sorted(plants, key=lambda one: one.row)


def shifted(points: list[Poi]) -> tuple[pl.DataFrame, list[Plant]]:
    """The given points, known already, with GCJ-02 coordinates under the headers of a CGCS2000 file (25)."""
    longitude, latitude = to_gcj02(*coordinates(points))
    names = pl.DataFrame([(one.name, one.address) for one in points], schema=list(ENGLISH[:2]), orient="row")
    frame = names.with_columns(degrees(longitude).alias(ENGLISH[2]), degrees(latitude).alias(ENGLISH[3]))
    plants = [
        Plant(row, 25, Outcome.WARNING, "place.geom.offset_m", "GCJ-02 as CGCS2000")
        for row in range(1, len(points) + 1)
    ]
    return frame, plants


def damaged_borders(ground: Ground) -> tuple[list[Feature], list[Plant]]:
    """Borders of former counties, each damaged in one way (26): two of each."""
    kinds = (
        ("self-intersecting", Outcome.WARNING, "place.geom.repaired"),
        ("unclosed", Outcome.WARNING, "place.geom.repaired"),
        ("clockwise", Outcome.ACCEPTED, ""),
        ("empty", Outcome.REFUSED, READABLE),
    )
    named = [*ground.former, *((f"{ground.city_code[:4]}{serial}", f"原区{serial}") for serial in range(91, 99))]
    west, south, east, north = ground.city.bbox
    step = (east - west) / 12
    features: list[Feature] = []
    plants: list[Plant] = []
    for place, (code, name) in enumerate(named[:8]):
        kind, outcome, rule = kinds[place % 4]
        left, right = round(west + step * (place + 1), 6), round(west + step * (place + 1.8), 6)
        bottom, top = round((south + north) / 2, 6), round((south + north) / 2 + step, 6)
        ring = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        ring = {
            "self-intersecting": [ring[0], ring[2], ring[1], ring[3], ring[0]],
            "unclosed": ring[:-1],
            "clockwise": ring[::-1],
            "empty": [],
        }[kind]
        features.append(({"name": name, "gb": f"156{code}"}, polygon(ring)))
        plants.append(Plant(place + 1, 26, outcome, rule, kind))
    return features, plants


def _wrong(fault: str, point: Poi, ground: Ground) -> tuple[float, float]:
    if fault == "swapped":
        return point.latitude, point.longitude
    if fault == "zero":
        return 0.0, 0.0
    if fault == "metres as degrees":
        return 500_000.0 + (point.longitude - 120.0) * 95_000.0, point.latitude * 110_900.0
    west, south, east, north = ground.city.bbox
    return point.longitude - (east - west) - 0.5, point.latitude + (north - south) / 3


def _address(fault: str, at: int, point: Poi, ground: Ground, random: Random) -> tuple[str, Plant]:
    """An address whose county is a former one, one of several, or not named; and what must become of it."""
    county = ground.counties[point.county].name
    road = point.address[point.address.index(county) :].removeprefix(county)
    if fault.startswith("former"):
        # a city without a renamed county names one of today
        name, code = random.choice(ground.renamed or ((county, ground.counties[point.county].code),))
        return f"{ground.city.name}{name}{road}", Plant(at + 1, 27, Outcome.ACCEPTED, "", f"{fault}: {name} {code}")
    if fault.startswith("ambiguous"):
        name = random.choice(ground.ambiguous)
        return f"{name}{road}", Plant(at + 1, 27, Outcome.WARNING, SEVERAL, f"{fault}: {name}")
    return f"{UNKNOWN_ROAD}{at + 1}号", Plant(at + 1, 27, Outcome.WARNING, NAMELESS, fault)
