"""Invents the people of the demo city, chunk by chunk: households that share surname, address and telephone; real ages.

What is true of them stands here; how each department writes it down stands in ``departments``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from jishi_ingest.demo.check_digits import Ints, citizen_numbers
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.names import dotted_names, draw_surnames, full_names

Bools = npt.NDArray[np.bool_]

AS_OF = date(2026, 1, 1)
"""The day the city is described as of; fixed, so that the same seed gives the same files for ever."""
SERIALS = 497
"""Serials a day, sex and division; a city of more people than these hold is refused."""

_SIZES, _SIZE_SHARES = np.arange(1, 7), np.array([0.18, 0.25, 0.27, 0.16, 0.09, 0.05])
_DOTTED = ("05", "17")
_ETHNIC = np.array(["01", "03", "05", "08", "06", "11", "15", "17", "02", "04"])
_ETHNIC_SHARES = np.array([0.955, 0.012, 0.003, 0.005, 0.005, 0.007, 0.006, 0.002, 0.003, 0.002])
_EPOCH = np.datetime64(AS_OF, "D").astype(np.int64)
_OLD_FIRST, _OLD_LAST = (np.datetime64(day, "D").astype(np.int64) for day in ("1880-01-01", "1899-12-31"))
_YEAR = 365.25
_NEVER = -1_000_000


class Numbers:
    """Hands out citizen numbers, each once: a counter for every division, day of birth and sex."""

    def __init__(self, ground: Ground) -> None:
        self._codes = np.array(
            [int(ground.never_assigned), *(int(county.code) for county in ground.counties)], np.int64
        )
        self._days = int(_EPOCH - _OLD_FIRST) + 1
        self._given: dict[int, Ints] = {}

    def draw(self, place: Ints, day: Ints, is_male: Bools) -> pl.Series:
        """Numbers for births on ``day`` (days since 1970); ``place`` 0 = the never assigned code, n = county n - 1."""
        cell = (day - int(_OLD_FIRST)) * 2 + is_male
        rank = np.empty(len(cell), np.int64)
        for one in np.unique(place):
            given = self._given.setdefault(int(one), np.zeros(self._days * 2, np.int64))
            mine = np.flatnonzero(place == one)
            rank[mine] = _rank_within(cell[mine]) + given[cell[mine]]
            given += np.bincount(cell[mine], minlength=len(given))
        if rank.max(initial=0) >= SERIALS:
            raise ValueError("more people than the invented divisions have numbers for")
        serial = (rank * 137 + cell * 61) % SERIALS * 2 + np.where(is_male, 1, 2)
        return citizen_numbers(self._codes[place], _compact(day), serial)


def people(ground: Ground, persons: int, seed: int, chunk: int = 100_000) -> Iterator[pl.DataFrame]:
    """The city's people in frames of at most ``chunk`` rows.

    Columns: person (1-based), name, is_male, birth and death (Date), number, ethnicity (code), village (place in
    ``ground.villages``), road, house, building, room, phone ('' = none), is_dead, age
    (years; at death for the dead).
    """
    numbers = Numbers(ground)
    for first in range(0, persons, chunk):
        random = np.random.default_rng((seed, 2, first // chunk))
        size = min(chunk, persons - first)
        yield _chunk(ground, numbers, size, random).with_columns(
            pl.int_range(first + 1, first + size + 1, dtype=pl.Int64).alias("person")
        )


def _chunk(ground: Ground, numbers: Numbers, size: int, random: np.random.Generator) -> pl.DataFrame:
    house, role, head = _households(size, random)
    day, is_male, is_old = _births(role, head, house, random)
    death = _deaths(day, is_old, random)
    ethnicity = random.choice(_ETHNIC, len(head), p=_ETHNIC_SHARES)[house]
    surname = _surnames(house, role, head, is_male, random)
    names = pl.DataFrame({"plain": full_names(surname, is_male, random), "dotted": dotted_names(size, random)})
    village = random.integers(0, len(ground.villages), len(head))[house]
    county = np.array([village.county for village in ground.villages])[village]
    phone = _phones(house, role, len(head), random)
    return pl.DataFrame(
        {
            "name": names.select(
                pl.when(pl.Series(np.isin(ethnicity, _DOTTED))).then("dotted").otherwise("plain")
            ).to_series(),
            "is_male": is_male,
            "birth": pl.Series(day, dtype=pl.Int64).cast(pl.Int32).cast(pl.Date),
            "death": pl.Series(np.maximum(death, _OLD_FIRST), dtype=pl.Int64).cast(pl.Int32).cast(pl.Date),
            "is_dead": death > _NEVER,
            "number": numbers.draw(np.where(is_old, county + 1, 0), day, is_male),
            "ethnicity": pl.Series(ethnicity, dtype=pl.String),
            "village": village,
            "road": random.integers(0, len(ground.roads), len(head))[house],
            "house": random.integers(1, 300, len(head))[house],
            "building": random.integers(1, 40, len(head))[house],
            "room": (random.integers(1, 19, len(head)) * 100 + random.integers(1, 5, len(head)))[house],
            "phone": phone,
            "age": ((np.where(death > _NEVER, death, _EPOCH) - day) / _YEAR).astype(np.int64),
        }
    ).with_columns(pl.when("is_dead").then("death").alias("death"))


def _households(size: int, random: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Household of each person, place in it (0 head, 1 spouse, 2–3 children, 4–5 parents), and the row of each head."""
    sizes = random.choice(_SIZES, size, p=_SIZE_SHARES)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), size)) + 1]
    house = np.repeat(np.arange(len(sizes)), sizes)[:size]
    head = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return house, np.arange(size) - head[house], head


def _births(role: Ints, head: Ints, house: Ints, random: np.random.Generator) -> tuple[Ints, Bools, Bools]:
    """Day of birth (days since 1970), sex, and who belongs to the years 1880–1899."""
    size = len(role)
    head_age = random.triangular(21, 44, 88, len(head))[house]
    child_age = np.maximum(head_age - random.uniform(22, 36, size), random.uniform(0, 3, size))
    parent_age = np.minimum(head_age + random.uniform(21, 34, size), random.uniform(86, 101, size))
    spouse_age = np.maximum(head_age + random.normal(-1.5, 3, size), random.uniform(20.5, 25, size))
    age = np.select([role == 0, role == 1, role <= 3], [head_age, spouse_age, child_age], parent_age)
    day = (_EPOCH - 30 - age * _YEAR).astype(np.int64)
    is_male = random.random(size) < 0.51
    is_male = np.where(role == 1, ~is_male[head[house]], is_male)
    is_alone = (role == 0) & (np.bincount(house)[house] == 1)
    is_old = (is_alone | (role >= 4)) & (random.random(size) < 0.5)
    old_day = random.integers(int(_OLD_FIRST), int(_OLD_LAST) + 1, size)
    return np.where(is_old, old_day, day), is_male, is_old


def _deaths(day: Ints, is_old: Bools, random: np.random.Generator) -> Ints:
    """Day of death, ``_NEVER`` for the living; of those born before 1900 one in twelve was never struck off."""
    size = len(day)
    age = (_EPOCH - day) / _YEAR
    is_dead = np.where(is_old, random.random(size) < 0.92, random.random(size) < np.clip((age - 55) / 500, 0, 1))
    lived = np.where(is_old, random.uniform(71, 96, size), age * random.uniform(0.9, 0.999, size))
    death = (day + lived * _YEAR).astype(np.int64)
    return np.where(is_dead, np.minimum(death, _EPOCH - 1), _NEVER)


def _surnames(house: Ints, role: Ints, head: Ints, is_male: Bools, random: np.random.Generator) -> Ints:
    """Children bear the father's surname, one in six the mother's; a head's parent in place 4 bears the head's."""
    own = draw_surnames(len(house), random)
    spouse = np.minimum(head + 1, len(house) - 1)
    is_father_head = is_male[head] ^ (random.random(len(head)) < 1 / 6)
    of_children = np.where(is_father_head, own[head], own[spouse])[house]
    return np.select([np.isin(role, (2, 3)), role == 4], [of_children, own[head][house]], own)


def _phones(house: Ints, role: Ints, households: int, random: np.random.Generator) -> pl.Series:
    """Eleven digits beginning with 100, which no operator gives out; dependants have the household's or none."""
    own = random.integers(0, 100_000_000, len(house))
    shared = random.integers(0, 100_000_000, households)[house]
    number = np.where((role >= 2) & (random.random(len(house)) < 0.6), shared, own)
    text = pl.Series(number).cast(pl.String).str.zfill(8)
    has_none = pl.Series(random.random(len(house)) < 0.08)
    return (
        pl.DataFrame({"n": text}).select(pl.when(has_none).then(pl.lit("")).otherwise("100" + pl.col("n"))).to_series()
    )


def _rank_within(cell: Ints) -> Ints:
    """How many earlier rows stand in the same cell."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    rank = np.empty(len(cell), np.int64)
    rank[order] = np.arange(len(cell)) - np.repeat(starts, np.diff(np.append(starts, len(cell))))
    return rank


def _compact(day: Ints) -> Ints:
    """Days since 1970 as the number yyyymmdd."""
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    month = months.astype(np.int64)
    inside = day - months.astype("datetime64[D]").astype(np.int64) + 1
    return np.asarray((month // 12 + 1970) * 10_000 + (month % 12 + 1) * 100 + inside)
