"""Grown-ups whom the register of households knows by their number: they run enterprises, are parties, hold certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from jishi_ingest.demo.check_digits import citizen_check
from jishi_ingest.demo.departments import POLICE
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.person_defect_kinds import knows
from jishi_ingest.demo.person_defects import Choice


@dataclass(frozen=True, slots=True)
class Citizen:
    name: str
    number: str
    birth: date


def grown_ups(known: pl.DataFrame, choices: list[Choice]) -> tuple[Citizen, ...]:
    """Of the people in ``known`` the living of 22 and more who have no defect and are no defect's other side.

    Whoever is among them is found by number, and nobody else bears it.
    """
    touched = [one["person"] for choice in choices for one in (choice.person, choice.partner)]
    sound = knows(POLICE) & ~pl.col("is_dead") & (pl.col("age") >= 22) & ~pl.col("person").is_in(touched)
    frame = known.filter(sound & ~pl.col("name").str.contains("·")).select("name", "number", "birth")
    return tuple(Citizen(*row) for row in frame.iter_rows())


def stranger(ground: Ground, place: int) -> Citizen:
    """Somebody no department knows: a serial that the city's people never get."""
    birth = date(1960 + place // 300 % 40, place // 25 % 12 + 1, place % 25 + 1)
    body = f"{ground.never_assigned}{birth:%Y%m%d}{997 + place % 2}"
    return Citizen("欧阳" + "安宁清和"[place % 4] + "远"[: place % 2], body + citizen_check(body), birth)
