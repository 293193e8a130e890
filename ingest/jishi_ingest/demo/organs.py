"""The city's organs as they sign decisions and certificates: names and codes of the shipped list of departments."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from jishi_ingest.demo.ground import Ground


@dataclass(frozen=True, slots=True)
class Organ:
    name: str
    uscc: str


def organs(ground: Ground, dictionaries: Path) -> dict[str, Organ]:
    """Short name (公安, 市场监管 …) → organ of the city."""
    with (dictionaries / "departments.csv").open(encoding="utf-8-sig", newline="") as file:
        return {
            row["short_name"]: Organ(ground.city.name + row["name"].removeprefix("市"), row["uscc"])
            for row in csv.DictReader(file)
        }
