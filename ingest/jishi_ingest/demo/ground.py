"""The ground the demo city stands on: real counties, and streets, villages, roads and borders that are invented.

County codes and names are facts, read from ``dictionaries/codes/division.csv``; everything below a county is made up,
with street serials from 60 (街道) and 160 (镇) on, which no real street of a county has.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jishi.settings import City

Floats = npt.NDArray[np.float64]

STREETS_A_COUNTY, VILLAGES_A_STREET = 6, 5
_FIRST, _SECOND = "云锦望泽栖临清枫柳澄碧映", "溪桥浦塘泾渡庭荷岸墅汀湾"
_ROAD_FIRST, _ROAD_SECOND, _ROAD_KIND = "星霞岚桐榆棠兰芷蘅莲", "明和安祥瑞宁康平晖远", ("路", "街", "巷")


@dataclass(frozen=True, slots=True)
class County:
    """A county 区县: real code and name, invented borders (degrees, EPSG:4490, longitude first)."""

    code: str
    name: str
    south: float
    north: float
    west: Floats  # longitudes of the western border at equal steps of latitude, from south to north
    east: Floats

    def ring(self) -> list[tuple[float, float]]:
        """The closed border, counter-clockwise."""
        latitudes = np.linspace(self.south, self.north, len(self.west)).round(6)
        upward = [(float(x), float(y)) for x, y in zip(self.east, latitudes, strict=True)]
        downward = [(float(x), float(y)) for x, y in zip(self.west[::-1], latitudes[::-1], strict=True)]
        return [downward[-1], *upward, *downward]


@dataclass(frozen=True, slots=True)
class Village:
    """A village or community 村居 with its street, its county and the middle of its houses."""

    code: str
    name: str
    street_code: str
    street_name: str
    county: int  # place in ``Ground.counties``
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything addresses are made of."""

    city: City
    province_code: str
    province: str
    city_code: str
    counties: tuple[County, ...]
    villages: tuple[Village, ...]
    roads: tuple[str, ...]
    never_assigned: str  # six digits under the city that GB/T 2260 never gave to a division
    former: tuple[tuple[str, str], ...]  # (code, name) of the city's retired counties
    renamed: tuple[tuple[str, str], ...]  # (name, county of today) of those whose whole ground lies in one county now
    ambiguous: tuple[str, ...]  # county names that stand for several counties of the nation


def lay_out(city: City, dictionaries: Path, seed: int) -> Ground:
    """The ground of ``city``, the same for the same seed; ``dictionaries`` holds ``codes/division.csv``."""
    random = np.random.default_rng((seed, 1))
    rows = _divisions(dictionaries)
    prefix = city.division_prefix
    inside = [row for row in rows if row["code"].startswith(prefix) and row["level"] == "county"]
    living = sorted(
        {(row["code"], row["name"]) for row in inside if row["kind"] == "statutory" and not row["valid_to"]}
    )
    if not living:
        raise ValueError(f"no county under the division prefix {prefix}")
    former = {(row["code"], row["name"]) for row in inside if row["valid_to"]} - set(living)
    current = [row["name"] for row in rows if row["level"] == "county" and not row["valid_to"]]
    shared = sorted(name for name, times in Counter(current).items() if times >= 3 and name not in ("市辖区", "郊区"))
    counties = _borders(living, city, random)
    provinces = [row["name"] for row in rows if row["code"] == f"{prefix[:2]}0000" and not row["valid_to"]]
    known = {row["code"] for row in rows}
    free = [f"{prefix[:4]:0<4}{serial:02}" for serial in range(99, 0, -1)]
    return Ground(
        city=city,
        province_code=f"{prefix[:2]}0000",
        province=provinces[0] if provinces else "",
        city_code=f"{prefix[:4]:0<4}00",
        counties=counties,
        villages=_villages(counties, random),
        roads=tuple(a + b + kind for a in _ROAD_FIRST for b in _ROAD_SECOND for kind in _ROAD_KIND),
        never_assigned=next(code for code in free if code not in known),
        former=tuple(sorted(former)),
        renamed=_renamed(inside, {code for code, _ in living}, current),
        ambiguous=tuple(name for name in shared if name not in {one.name for one in counties}) or ("鼓楼区",),
    )


def _divisions(dictionaries: Path) -> list[dict[str, str]]:
    with (dictionaries / "codes" / "division.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _renamed(rows: list[dict[str, str]], living: set[str], current: list[str]) -> tuple[tuple[str, str], ...]:
    """Retired counties with one successor, which is in force, and a name that no county bears any more."""
    found = {(row["name"], row["successors"]) for row in rows if row["valid_to"] and row["successors"] in living}
    times = Counter(name for name, _ in found)
    return tuple(sorted((name, code) for name, code in found if times[name] == 1 and name not in current))


def _borders(living: list[tuple[str, str]], city: City, random: np.random.Generator) -> tuple[County, ...]:
    """Tile the bounding box: rows of equal height, in each row counties side by side with a crooked border between."""
    west, south, east, north = city.bbox
    rows = max(1, round(len(living) ** 0.5))
    latitudes = np.linspace(south, north, rows + 1).round(6)
    counties: list[County] = []
    for row, members in enumerate(np.array_split(np.arange(len(living)), rows)):
        width = (east - west) / len(members)
        borders = [np.full(6, round(west + width * place, 6)) for place in range(len(members) + 1)]
        for place in range(1, len(members)):
            borders[place] += (random.uniform(-0.06, 0.06, 6) * width).round(6)
        for place, member in enumerate(members):
            code, name = living[member]
            span = float(latitudes[row]), float(latitudes[row + 1])
            counties.append(County(code, name, *span, borders[place].round(6), borders[place + 1].round(6)))
    return tuple(counties)


def _villages(counties: tuple[County, ...], random: np.random.Generator) -> tuple[Village, ...]:
    names = [a + b for a in _FIRST for b in _SECOND]
    villages: list[Village] = []
    for index, county in enumerate(counties):
        chosen = random.permutation(len(names))
        height = county.north - county.south
        for street in range(STREETS_A_COUNTY):
            is_town = street >= STREETS_A_COUNTY // 2
            street_code = f"{county.code}{(160 if is_town else 60) + street:03}"
            street_name = names[chosen[street]] + ("镇" if is_town else "街道")
            for place in range(VILLAGES_A_STREET):
                name = names[chosen[STREETS_A_COUNTY + street * VILLAGES_A_STREET + place]]
                latitude = county.south + height * float(random.uniform(0.08, 0.92))
                steps = np.linspace(county.south, county.north, len(county.west))
                left, right = (float(np.interp(latitude, steps, side)) for side in (county.west, county.east))
                longitude = left + (right - left) * float(random.uniform(0.1, 0.9))
                code = f"{street_code}{(240 if is_town else 40) + place:03}"
                full = name + ("村村委会" if is_town else "社区居委会")
                villages.append(
                    Village(code, full, street_code, street_name, index, round(longitude, 6), round(latitude, 6))
                )
    return tuple(villages)
