"""Writes the certificate files of the demo city: of enterprises, of persons, and what changed of them later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import polars as pl

from jishi_ingest.demo import certificate_defects
from jishi_ingest.demo.certificates import (
    BUSINESS,
    DRIVING,
    ESTATE,
    FOOD,
    IDENTITY,
    OPERATION,
    SOURCE,
    STATUS,
    certificate,
    renewal,
)
from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.credit import Office
from jishi_ingest.demo.lines import Line, account
from jishi_ingest.demo.manifest import Delivery
from jishi_ingest.demo.tables import write_table
from jishi_ingest.demo.truth import Outcome, Plant, Truth

_IDENTITY, _DRIVING, _ESTATE = 3, 4, 24
"""One citizen in three has an electronic identity card, and so on, of those who are old enough for the oldest one to be
issued to them."""
_EDIBLE = ("餐饮", "小吃", "水果", "果蔬")
"""Words of a scope of business that needs a food licence."""
_SUSPENSIBLE = (FOOD.name, DRIVING.name)
_FOUNDED, _FORTY, _THIRTY, _SEVENTY = 8, 40, 31, 70
_SUSPENDED = 0.01


def write_certificates(office: Office, seed: int, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """Files in the order of ingest. ``share`` of the rows gets each defect, 0 = none."""
    random = Random(f"{seed}-certificates")
    parts = {
        "certificates_entities.csv": (_of_enterprises(office, random), "utf-8-sig"),
        "certificates_persons.csv": (_of_persons(office, random), "gb18030"),
    }
    found: list[Delivery] = []
    later: list[Line] = []
    ended: list[Line] = []
    for file, (lines, encoding) in parts.items():
        kept: set[int] = set()
        plants: list[Plant] = []
        later += _suspended(lines, random, kept)
        if share:
            ended += certificate_defects.end(lines, random, share, kept)
            plants = certificate_defects.plant(lines, office, random, share, kept)
            truth.plant(file, [Plant(0, 31, Outcome.ACCEPTED, "", encoding)])
        found.append(_write(file, lines, plants, out, truth, encoding))
    revived, plants = certificate_defects.revive(ended, len(later) + 1)
    return [*found, _write("certificates_later.csv", [*later, *revived], plants, out, truth)]


def _of_enterprises(office: Office, random: Random) -> list[Line]:
    """A business licence each; food licences, each version of which is a row."""
    lines: list[Line] = []
    for number, one in enumerate(office.parties.enterprises, 1):
        lines.append(certificate(office, random, BUSINESS, number, (one,)))
        is_edible = any(word in one.scope for word in _EDIBLE)
        if is_edible and one.founded.year <= office.days.today.year - _FOUNDED:
            first = certificate(office, random, FOOD, number, (one,))
            lines.append(first)
            if first.expired and random.random() < 0.7:
                lines.append(renewal(office, random, FOOD, first, (one,)))
    return lines


def _of_persons(office: Office, random: Random) -> list[Line]:
    """Identity cards, driving licences with their versions, and titles to real estate, half of them of two persons."""
    lines: list[Line] = []
    citizens = office.parties.citizens
    for number, one in enumerate(citizens, 1):
        age = office.days.today.year - one.birth.year
        if number % _IDENTITY == 0 and age >= _FORTY:
            lines.append(certificate(office, random, IDENTITY, number, (one,)))
        if number % _DRIVING == 0 and _THIRTY <= age < _SEVENTY:
            lines += _driving(office, random, number, one)
        if number % _ESTATE == 0:
            owners = (one, citizens[number - 2]) if number % (2 * _ESTATE) == 0 else (one,)
            lines.append(certificate(office, random, ESTATE, number, owners))
    return lines


def _driving(office: Office, random: Random, number: int, holder: Citizen) -> list[Line]:
    first = certificate(office, random, DRIVING, number, (holder,))
    if not first.expired or random.random() < 0.3:
        return [first]
    return [first, renewal(office, random, DRIVING, first, (holder,))]


def _suspended(lines: Sequence[Line], random: Random, kept: set[int]) -> list[Line]:
    """Rows of a later file by which some certificates are suspended, as is lawful; their places go to ``kept``."""
    able = [at for at, line in enumerate(lines) if not line.expired and line.row["证照名称"] in _SUSPENSIBLE]
    chosen = random.sample(able, max(2, round(len(lines) * _SUSPENDED)))
    kept |= set(chosen)
    return [Line(lines[at].row | {STATUS: "暂扣", OPERATION: "暂扣"}) for at in chosen]


def _write(
    file: str, lines: Sequence[Line], plants: Sequence[Plant], out: Path, truth: Truth, encoding: str = "utf-8"
) -> Delivery:
    account(file, lines, plants, truth)
    return write_table(pl.DataFrame([line.row for line in lines]), file, SOURCE, out, truth, encoding)
