"""Writes the population files of the demo city, one a department, chunk by chunk to keep memory small."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from jishi.settings import City, Settings
from jishi_ingest.demo import person_defects
from jishi_ingest.demo.citizens import Citizen, grown_ups
from jishi_ingest.demo.departments import (
    DEPARTMENTS,
    EDUCATION,
    HEADERS,
    HEALTH,
    POLICE,
    SOURCE,
    Department,
    number_records,
    records,
)
from jishi_ingest.demo.ground import Ground, lay_out
from jishi_ingest.demo.manifest import Delivery, deliver
from jishi_ingest.demo.people import people
from jishi_ingest.demo.person_defect_kinds import knows
from jishi_ingest.demo.truth import Outcome, Plant, Truth
from jishi_ingest.demo.writers import Delimited, Sheet, Table

SHORT = "population_police_short.csv"
_SHORT_SHARE = 0.58
_CHUNK = 100_000
_SHEET_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """What the population files hold."""

    deliveries: tuple[Delivery, ...]
    late: tuple[Delivery, ...]  # come after all other files
    citizens: tuple[Citizen, ...]  # grown-ups, for those who run enterprises, are parties, hold certificates


def population_frame(persons: int, seed: int, city: City | None = None) -> pl.DataFrame:
    """``persons`` records without defects in the nine columns of the source ``population``, all of one 来源."""
    dictionaries = Settings().dictionaries_dir
    ground = lay_out(city or City(), dictionaries, seed)
    names = ethnicities(dictionaries)
    frames = []
    for number, frame in enumerate(people(ground, persons, seed, _CHUNK)):
        written = records(POLICE, frame, ground, names, (seed, number))
        frames.append(number_records(written, POLICE, number * _CHUNK).select(HEADERS))
    return pl.concat(frames)


def ethnicities(dictionaries: Path) -> dict[str, str]:
    """Code → name of the code list ``ethnicity``."""
    with (dictionaries / "codes" / "ethnicity.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def write_population(
    ground: Ground, persons: int, seed: int, folder: Path, truth: Truth, share: float, names: dict[str, str]
) -> Written:
    """Write every department's file. ``share`` of its rows gets each defect, 0 = none at all."""
    citizens: tuple[Citizen, ...] = ()
    with ExitStack() as files:
        tables: dict[str, Table] = {one.file: files.enter_context(_open(folder, one, ground)) for one in DEPARTMENTS}
        if share:
            tables[SHORT] = files.enter_context(Delimited(folder / SHORT, POLICE.encoding))
        serials = dict.fromkeys(DEPARTMENTS, 0)
        for number, frame in enumerate(people(ground, persons, seed, _CHUNK)):
            known, choices = _prepare(frame, (seed, number), share)
            if not number:
                citizens = grown_ups(known, choices)
            for department in DEPARTMENTS:
                mine = known.filter(knows(department))
                written = number_records(
                    records(department, mine, ground, names, (seed, number)), department, serials[department]
                )
                serials[department] += written.height
                first = truth.counts[department.file].rows + 1
                written, plants = person_defects.write_down(written, department, choices, first, (seed, number))
                truth.plant(department.file, plants)
                truth.persons(department.file, first, _persons(written, plants, choices, persons, first))
                truth.counts[department.file].rows += written.height
                tables[department.file].write(written.drop("person"))
                if department is POLICE and share:
                    random = np.random.default_rng((seed, 6, number))
                    kept = random.permutation(written.height)[: int(written.height * _SHORT_SHARE)]
                    less = written.gather(np.sort(kept))
                    truth.counts[SHORT].rows += less.height
                    tables[SHORT].write(less.drop("person"))
    return Written(tuple(_deliveries(truth, share)), tuple(_late(truth, share)), citizens)


def _prepare(
    frame: pl.DataFrame, seed: tuple[int, int], share: float
) -> tuple[pl.DataFrame, list[person_defects.Choice]]:
    """Say which department knows whom, then who gets which defect."""
    random = np.random.default_rng((*seed, 7))
    known = frame.with_columns(one.knows(frame, random).alias(f"in_{one.prefix}") for one in DEPARTMENTS)
    return person_defects.choose(known, seed, share) if share else (known, [])


def _open(folder: Path, department: Department, ground: Ground) -> Table:
    if department.encoding == "xlsx":
        return Sheet(folder / department.file, f"{ground.city.name}居民健康档案（演示数据）", totals="人")
    return Delimited(folder / department.file, department.encoding)


def _persons(
    written: pl.DataFrame, plants: list[Plant], choices: list[person_defects.Choice], persons: int, first: int
) -> list[int]:
    """Person number of every row; a stranger's is above all others."""
    strangers = {one.person["person"] for one in choices if one.kind.stranger}
    numbers: list[int] = written["person"].to_list()
    for plant in plants:
        at = plant.row - first
        if numbers[at] in strangers and plant.expected is Outcome.IDENTIFIER_CONFLICT:
            numbers[at] += persons
    return numbers


def _deliveries(truth: Truth, share: float) -> Iterator[Delivery]:
    for one in DEPARTMENTS:
        counts = truth.counts[one.file]
        encoding = None if one.encoding == "xlsx" else one.encoding
        yield deliver(one.file, SOURCE, counts, encoding)
        if share:
            detail = {POLICE: "byte order mark", HEALTH: "title row and totals"}.get(one, one.encoding)
            truth.plant(one.file, [Plant(0, 31, Outcome.ACCEPTED, "", detail)])
            if one is EDUCATION:
                truth.plant(one.file, [Plant(0, 32, Outcome.UNCHANGED, "", "the same file again")])
                yield deliver(one.file, SOURCE, counts, encoding, status="unchanged")


def _late(truth: Truth, share: float) -> Iterator[Delivery]:
    if share:
        truth.plant(SHORT, [Plant(0, 32, Outcome.HELD, "", "two fifths of the rows are missing")])
        yield deliver(SHORT, SOURCE, truth.counts[SHORT], POLICE.encoding, status="held")
