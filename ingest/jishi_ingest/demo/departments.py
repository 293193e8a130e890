"""How each department writes its people down: which it knows, in which words, in which file and encoding.

One file a department, because the source ``population`` is complete within its 来源. Beside the nine columns of the
contract a department sends what its own system holds: 人员状态 and 死亡日期 (police), 人员状态 (social insurance),
其他证件 (health).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from jishi_ingest.demo.check_digits import Ints
from jishi_ingest.demo.ground import Ground

HEADERS = ("rec_id", "来源", "姓名", "性别", "公民身份号码", "出生日期", "民族", "户籍地址", "联系电话")
SOURCE = "population"


@dataclass(frozen=True, slots=True)
class Department:
    """One sub-source 来源 of the population: its file and its manner of writing."""

    origin: str
    prefix: str  # of its record ids
    file: str
    encoding: str  # as ``jishi ingest`` names it
    knows: Callable[[pl.DataFrame, np.random.Generator], pl.Series]  # people → which of them it holds
    sexes: tuple[str, str]  # female, male
    date_format: str
    ethnicity: str  # code, name (汉族) or short (汉)
    address: int  # how many upper divisions it leaves out
    lacks_number: float  # share of records without a citizen number
    moved: float  # share of records with another address than the register of households has
    further: tuple[str, ...] = ()  # columns beside HEADERS


def _police(people: pl.DataFrame, random: np.random.Generator) -> pl.Series:
    return pl.Series(random.random(people.height) < 0.96)


def _social(people: pl.DataFrame, random: np.random.Generator) -> pl.Series:
    is_adult = people.select(~pl.col("is_dead") & (pl.col("age") >= 16)).to_series()
    return is_adult & pl.Series(random.random(people.height) < 0.62)


def _health(people: pl.DataFrame, random: np.random.Generator) -> pl.Series:
    likely = people.select(pl.when("is_dead").then(0.2).otherwise(0.64)).to_series()
    return pl.Series(random.random(people.height)) < likely


def _education(people: pl.DataFrame, random: np.random.Generator) -> pl.Series:
    is_pupil = people.select(~pl.col("is_dead") & pl.col("age").is_between(6, 22)).to_series()
    return is_pupil & pl.Series(random.random(people.height) < 0.92)


POLICE = Department(
    "公安户籍",
    "GA",
    "population_police.csv",
    "utf-8-sig",
    _police,
    ("2", "1"),
    "%Y-%m-%d",
    "code",
    0,
    0.0,
    0.0,
    ("人员状态", "死亡日期"),
)
SOCIAL = Department(
    "人社社保",
    "RS",
    "population_social.csv",
    "gb18030",
    _social,
    ("女", "男"),
    "%Y%m%d",
    "name",
    1,
    0.0,
    0.06,
    ("人员状态",),
)
HEALTH = Department(
    "卫健建档",
    "WJ",
    "population_health.xlsx",
    "xlsx",
    _health,
    ("女性", "男性"),
    "%Y/%-m/%-d",
    "short",
    1,
    0.10,
    0.12,
    ("其他证件类型", "其他证件号码"),
)
EDUCATION = Department(
    "教育学籍",
    "JY",
    "population_education.txt",
    "utf-16-le",
    _education,
    ("女", "男"),
    "%Y年%-m月%-d日",
    "name",
    2,
    0.05,
    0.08,
)
DEPARTMENTS = (POLICE, SOCIAL, HEALTH, EDUCATION)
"""In the order their files are ingested."""


def records(
    department: Department, people: pl.DataFrame, ground: Ground, ethnicities: dict[str, str], seed: tuple[int, int]
) -> pl.DataFrame:
    """What ``department`` has on ``people`` (all given are known to it), in its own words and order.

    ``ethnicities``: code → name. ``seed``: the city's seed and the chunk's number. All columns are text but the last,
    ``person``, which the file does not show. ``rec_id`` is left empty.
    """
    random = np.random.default_rng((*seed, 3, zlib.crc32(department.prefix.encode())))
    frame = people.gather(random.permutation(people.height))
    size = frame.height
    village = np.where(
        random.random(size) < department.moved,
        random.integers(0, len(ground.villages), size),
        frame["village"].to_numpy(),
    )
    lacks = pl.Series(random.random(size) < department.lacks_number)
    female, male = department.sexes
    names = {"code": {code: code for code in ethnicities}, "name": ethnicities}
    names["short"] = {code: name.removesuffix("族") for code, name in ethnicities.items()}
    written = frame.select(
        pl.lit("").alias("rec_id"),
        pl.lit(department.origin).alias("来源"),
        pl.col("name").alias("姓名"),
        pl.when("is_male").then(pl.lit(male)).otherwise(pl.lit(female)).alias("性别"),
        pl.when(lacks).then(pl.lit("")).otherwise("number").alias("公民身份号码"),
        pl.col("birth").dt.to_string(department.date_format).alias("出生日期"),
        pl.col("ethnicity").replace_strict(names[department.ethnicity], return_dtype=pl.String).alias("民族"),
        addresses(frame, village, ground, department.address).alias("户籍地址"),
        pl.col("phone").alias("联系电话"),
        pl.when("is_dead").then(pl.lit("2")).otherwise(pl.lit("1")).alias("人员状态"),
        pl.col("death").dt.to_string("%Y-%m-%d").fill_null("").alias("死亡日期"),
        pl.lit("").alias("其他证件类型"),
        pl.lit("").alias("其他证件号码"),
        pl.col("person"),
    )
    if department is SOCIAL:  # it pays the living and has been told of no death
        written = written.with_columns(pl.lit("正常").alias("人员状态"))
    return written.select(*HEADERS, *department.further, "person")


def addresses(frame: pl.DataFrame, village: Ints, ground: Ground, left_out: int) -> pl.Series:
    """Addresses 户籍地址 with road, house, building and room, the first ``left_out`` upper divisions left out."""
    uppers = (ground.province, ground.city.name)[left_out:]
    places = pl.Series(
        [
            "".join(uppers)
            + ground.counties[place.county].name
            + place.street_name
            + place.name.removesuffix("居委会").removesuffix("村委会")
            for place in ground.villages
        ]
    )
    return (
        frame.select("house", "building", "room", "road")
        .with_columns(
            places.gather(village).alias("place"), pl.Series(ground.roads).gather(frame["road"]).alias("road")
        )
        .select(pl.format("{}{}{}号{}幢{}室", "place", "road", "house", "building", "room"))
        .to_series()
    )


def number_records(frame: pl.DataFrame, department: Department, first: int) -> pl.DataFrame:
    """Fill ``rec_id`` with the department's running numbers from ``first`` (0-based) on."""
    serial = pl.int_range(first + 1, first + frame.height + 1, dtype=pl.Int64).cast(pl.String).str.zfill(8)
    return frame.with_columns((pl.lit(department.prefix) + serial).alias("rec_id"))
