"""Invents the points of interest of the demo city, inside their county, and the tables of its divisions and borders."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import polars as pl

from jishi_ingest.demo.ground import Floats, Ground
from jishi_ingest.demo.writers import degrees, polygon

HEADERS = ("名称", "地址", "经度", "纬度", "类别", "区县代码")
ENGLISH = ("name", "address", "longitude", "latitude")
SOURCE, DIVISIONS, BOUNDARIES = "places", "divisions-nbs", "boundaries"

_KINDS = (
    ("花园", "住宅小区"),
    ("新村", "住宅小区"),
    ("实验小学", "学校"),
    ("幼儿园", "学校"),
    ("卫生服务站", "医疗卫生"),
    ("药店", "医疗卫生"),
    ("公园", "风景名胜"),
    ("菜场", "购物"),
    ("便利店", "购物"),
    ("公交站", "交通设施"),
    ("文化中心", "文化设施"),
    ("派出所", "政府机构"),
)
_FIRST, _SECOND = "锦绣和丰金玉明星东南春江", "华苑泰园桂水珠河升湖晖月"


@dataclass(frozen=True, slots=True)
class Poi:
    """A point of interest as it truly is; degrees of CGCS2000."""

    name: str
    address: str
    longitude: float
    latitude: float
    category: str
    county: int  # place in ``Ground.counties``


def pois(ground: Ground, count: int, seed: int) -> list[Poi]:
    """``count`` points, each with a name and address of its own, within about 500 m of the middle of a village."""
    random = Random(f"{seed}-places")
    found: dict[tuple[str, str], Poi] = {}
    while len(found) < count:
        village = random.choice(ground.villages)
        county = ground.counties[village.county]
        suffix, category = random.choice(_KINDS)
        name = random.choice(_FIRST) + random.choice(_SECOND) + suffix
        road = f"{random.choice(ground.roads)}{random.randrange(1, 400)}号"
        address = f"{ground.province}{ground.city.name}{county.name}{village.street_name}{road}"
        longitude = village.longitude + random.uniform(-0.005, 0.005)
        latitude = village.latitude + random.uniform(-0.005, 0.005)
        found[name, address] = Poi(name, address, round(longitude, 6), round(latitude, 6), category, village.county)
    return list(found.values())


def table(ground: Ground, points: list[Poi]) -> pl.DataFrame:
    """The points in the columns of the source ``places``, all text."""
    longitude, latitude = coordinates(points)
    rows = [(one.name, one.address, one.category, ground.counties[one.county].code) for one in points]
    frame = pl.DataFrame(rows, schema=["名称", "地址", "类别", "区县代码"], orient="row")
    return frame.with_columns(degrees(longitude).alias("经度"), degrees(latitude).alias("纬度")).select(HEADERS)


def coordinates(points: list[Poi]) -> tuple[Floats, Floats]:
    return np.array([one.longitude for one in points]), np.array([one.latitude for one in points])


def divisions(ground: Ground) -> dict[str, pl.DataFrame]:
    """The five tables of statistical divisions by file name, from province to village."""
    province, prefecture = ground.province_code[:2], ground.city_code[:4]
    streets = {one.street_code: one for one in ground.villages}.values()
    upper = {"provinceCode": province, "cityCode": prefecture}
    return {
        "divisions_provinces.csv": pl.DataFrame([{"code": province, "name": ground.province}]),
        "divisions_cities.csv": pl.DataFrame(
            [{"code": prefecture, "name": ground.city.name, "provinceCode": province}]
        ),
        "divisions_counties.csv": pl.DataFrame(
            [
                {"code": one.code, "name": one.name, "cityCode": prefecture, "provinceCode": province}
                for one in ground.counties
            ]
        ),
        "divisions_streets.csv": pl.DataFrame(
            [
                {"code": one.street_code, "name": one.street_name, "areaCode": one.street_code[:6], **upper}
                for one in streets
            ]
        ),
        "divisions_villages.csv": pl.DataFrame(
            [
                {"code": one.code, "name": one.name, "streetCode": one.street_code, **upper, "areaCode": one.code[:6]}
                for one in ground.villages
            ]
        ),
    }


def borders(ground: Ground) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The city and its counties as features of the source ``boundaries``: the counties tile the city."""
    west, south, east, north = ground.city.bbox
    around = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    features = [({"name": ground.city.name, "gb": f"156{ground.city_code}"}, polygon(around))]
    features += [({"name": one.name, "gb": f"156{one.code}"}, polygon(one.ring())) for one in ground.counties]
    return features
