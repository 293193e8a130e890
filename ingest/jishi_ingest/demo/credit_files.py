"""Writes the credit files of the demo city: what was decided in years before, this week's decisions, lists, repairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import polars as pl

from jishi_ingest.demo import credit_defects
from jishi_ingest.demo.credit import LICENCES, PENALTIES, Office, licence, penalty
from jishi_ingest.demo.credit_lists import LISTS, REPAIRS, listing, repairs
from jishi_ingest.demo.lines import Line, account
from jishi_ingest.demo.manifest import Delivery, deliver
from jishi_ingest.demo.tables import write_table
from jishi_ingest.demo.truth import Outcome, Plant, Truth

_STOCK, _FRESH, _LISTED = (0.6, 0.25), (0.08, 0.06), 0.14
_LEAST = 24
_YEARS = 6 * 365


def write_credit(office: Office, seed: int, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """Files in the order of ingest, sized by the number of enterprises. ``share`` of rows gets each defect, 0 = none."""
    random = Random(f"{seed}-credit")
    size = len(office.parties.enterprises)
    return [
        *_licences(office, random, size, out, truth, share),
        *_penalties(office, random, size, out, truth, share),
        _lists(office, random, size, out, truth, share),
    ]


def _licences(office: Office, random: Random, size: int, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """The stock in GB18030; this week's in UTF-8 with a byte order mark, and once more."""
    stock = [licence(office, random, n, office.days.settled(random)) for n in range(1, _count(size, _STOCK[0]))]
    first = len(stock) + 1
    fresh = [
        licence(office, random, n, office.days.fresh(random)) for n in range(first, first + _count(size, _FRESH[0]))
    ]
    found = [_write("licences_stock.csv", LICENCES, stock, [], out, truth, "gb18030")]
    plants = credit_defects.plant(fresh, office, random, licence, first + len(fresh), share) if share else []
    found.append(_write("licences.csv", LICENCES, fresh, plants, out, truth, "utf-8-sig"))
    if share:
        counts = truth.counts["licences.csv"]
        found.append(deliver("licences.csv", LICENCES, counts, "utf-8-sig", status="unchanged"))
        _said("licences.csv", 32, Outcome.UNCHANGED, "the same file again", truth)
        _said("licences_stock.csv", 31, Outcome.ACCEPTED, "gb18030", truth)
        _said("licences.csv", 31, Outcome.ACCEPTED, "byte order mark", truth)
    return found


def _penalties(office: Office, random: Random, size: int, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """The stock as a workbook with title and totals; this week's in GB18030; what was repaired of the stock."""
    stock = [
        penalty(office, random, n, office.days.settled(random, most=_YEARS)) for n in range(1, _count(size, _STOCK[1]))
    ]
    first = len(stock) + 1
    fresh = [
        penalty(office, random, n, office.days.fresh(random)) for n in range(first, first + _count(size, _FRESH[1]))
    ]
    ended = credit_defects.plant_ended(stock, office, random, share) if share else []
    touched = {plant.row - 1 for plant in ended}
    repaired = repairs(office, random, [line for at, line in enumerate(stock) if at not in touched])
    title = f"{office.ground.city.name}行政处罚信息汇总表（演示数据）"
    found = [_write("penalties_stock.xlsx", PENALTIES, stock, ended, out, truth, title=title)]
    plants = credit_defects.plant(fresh, office, random, penalty, first + len(fresh), share) if share else []
    found.append(_write("penalties.csv", PENALTIES, fresh, plants, out, truth, "gb18030"))
    if repaired:
        found.append(_write("credit_repairs.csv", REPAIRS, repaired, [], out, truth))
    if share:
        _said("penalties_stock.xlsx", 31, Outcome.ACCEPTED, "title row and totals", truth)
        _said("penalties.csv", 31, Outcome.ACCEPTED, "gb18030", truth)
    return found


def _lists(office: Office, random: Random, size: int, out: Path, truth: Truth, share: float) -> Delivery:
    entries = [listing(office, random, n) for n in range(1, _count(size, _LISTED))]
    ended = credit_defects.plant_ended(entries, office, random, share) if share else []
    return _write("credit_lists.csv", LISTS, entries, ended, out, truth, "utf-8-sig")


def _write(
    file: str,
    source: str,
    lines: Sequence[Line],
    plants: Sequence[Plant],
    out: Path,
    truth: Truth,
    encoding: str = "utf-8",
    title: str = "",
) -> Delivery:
    account(file, lines, plants, truth)
    return write_table(pl.DataFrame([line.row for line in lines]), file, source, out, truth, encoding, title=title)


def _said(file: str, defect: int, outcome: Outcome, detail: str, truth: Truth) -> None:
    truth.plant(file, [Plant(0, defect, outcome, "", detail)])


def _count(size: int, share: float) -> int:
    return max(_LEAST, round(size * share))
