"""Writes the enterprise files of the demo city: the register's lists, then what comes late, is held, or is cut off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from jishi_ingest.demo import entities, entity_defects
from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.credit_defects import NEWCOMERS
from jishi_ingest.demo.entities import Enterprise, Record
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.manifest import Delivery, deliver
from jishi_ingest.demo.tables import write_table
from jishi_ingest.demo.truth import Outcome, Plant, Truth

_TRIO, _CUT, _COMING = 12, 40, 16
_CODE, _CAPITAL = entities.HEADERS[1], entities.HEADERS[5]


@dataclass(frozen=True, slots=True)
class Enterprises:
    """What the enterprise files hold: whom the register has by their own code from the first files on, and who comes last."""

    deliveries: list[Delivery]
    late: list[Delivery]  # come after all files that speak of enterprises
    arrived: list[Enterprise]
    coming: list[Enterprise]


def write_enterprises(
    ground: Ground, count: int, seed: int, out: Path, truth: Truth, share: float, citizens: Sequence[Citizen]
) -> Enterprises:
    """Six enterprises in ten as CSV with their branches, the others as JSON; with defects the late files too."""
    known = entities.enterprises(ground, count + _TRIO + _CUT + _COMING, seed, citizens)
    first, second, spare = known[: count * 6 // 10], known[count * 6 // 10 : count], known[count:]
    first = entities.with_branches(first, seed)
    records, others = [one.record(ground) for one in first], [one.record(ground) for one in second]
    plants: dict[str, list[Plant]] = {"enterprises.csv": [], "enterprises_2.json": []}
    if share:
        plants["enterprises.csv"] = entity_defects.plant(
            records, first, ground, f"{seed}-csv", share, has_approved=True
        )
        plants["enterprises_2.json"] = entity_defects.plant(
            others, second, ground, f"{seed}-json", share, has_approved=False
        )
        truth.plant("enterprises.csv", [Plant(0, 31, Outcome.ACCEPTED, "", "gb18030")])
    for file, planted in plants.items():
        truth.plant(file, planted)
    sound = _arrived(first, records, plants["enterprises.csv"])
    arrived = [*sound, *_arrived(second, others, plants["enterprises_2.json"])]
    _count("enterprises.csv", records, arrived, plants["enterprises.csv"], truth)
    found = [write_table(pl.DataFrame(records), "enterprises.csv", entities.SOURCE, out, truth, "gb18030")]
    found.append(_json(others, "enterprises_2.json", out, truth))
    if not share:
        return Enterprises(found, [], arrived, [])
    touched = {plant.row - 1 for plant in plants["enterprises.csv"]}
    whole = [one for at, one in enumerate(first) if at not in touched]
    trio, cut, coming = spare[:_TRIO], spare[_TRIO : _TRIO + _CUT], spare[_TRIO + _CUT :]
    late = [_coming(ground, coming, out, truth), _block(ground, whole, share, out, truth)]
    late += [*_trio(ground, trio, out, truth), _cut(ground, cut, out, truth)]
    return Enterprises(found, late, arrived, coming)


def _arrived(known: list[Enterprise], records: list[Record], plants: list[Plant]) -> list[Enterprise]:
    """Those whose rows are accepted under their own code."""
    refused = {plant.row - 1 for plant in plants if plant.expected is Outcome.REFUSED}
    return [one for at, one in enumerate(known) if at not in refused and records[at][_CODE] == one.uscc]


def _count(
    file: str, records: Sequence[Record], arrived: Sequence[Enterprise], plants: Sequence[Plant], truth: Truth
) -> None:
    """How many representatives and superior entities the accepted rows refer to, and who of them is there."""
    codes = {one.uscc for one in arrived}
    refused = {plant.row - 1 for plant in plants if plant.expected is Outcome.REFUSED}
    counts = truth.counts[file]
    for at, record in enumerate(records):
        _, number, superior = (record[name] for name in entities.FURTHER)
        if at not in refused:
            counts.resolved += bool(number) + (superior in codes)
            counts.pending += bool(superior) and superior not in codes


def _json(records: list[Record], file: str, out: Path, truth: Truth) -> Delivery:
    rows = [dict(zip(entities.ENGLISH, record.values(), strict=False)) for record in records]
    (out / file).write_text(json.dumps({"erDataList": rows}, ensure_ascii=False), encoding="utf-8")
    truth.counts[file].rows = len(rows)
    return deliver(file, entities.SOURCE, truth.counts[file])


def _coming(ground: Ground, known: list[Enterprise], out: Path, truth: Truth) -> Delivery:
    """Enterprises of which decisions spoke before (29)."""
    records = [one.record(ground) for one in known]
    _count(NEWCOMERS, records, [], [], truth)
    return write_table(pl.DataFrame(records), NEWCOMERS, entities.SOURCE, out, truth)


def _block(ground: Ground, sound: list[Enterprise], share: float, out: Path, truth: Truth) -> Delivery:
    size = max(30, round(len(sound) * share))
    companies = [one for one in sound if one.kind == entities.COMPANY][:size]
    names = [one.name for one in sound if one.kind == entities.SHOP]
    block = pl.DataFrame(entity_defects.block(companies, names, ground))
    file = "enterprises_block.csv"
    truth.plant(file, [Plant(row, 23, Outcome.HELD, "", "a block of names") for row in range(1, block.height + 1)])
    return write_table(block, file, entities.SOURCE, out, truth, status="held")


def _trio(ground: Ground, known: list[Enterprise], out: Path, truth: Truth) -> list[Delivery]:
    """A, B, A: B says another capital."""
    records = [one.record(ground) for one in known]
    raised = [record | {_CAPITAL: "3600万元人民币"} for record in records]
    _count("enterprises_a.csv", records, [], [], truth)
    versions = {"enterprises_a.csv": records, "enterprises_b.csv": raised}
    found = [write_table(pl.DataFrame(rows), file, entities.SOURCE, out, truth) for file, rows in versions.items()]
    truth.plant("enterprises_a.csv", [Plant(0, 32, Outcome.ACCEPTED, "", "A, B, A ends in A")])
    return [*found, found[0]]


def _cut(ground: Ground, known: list[Enterprise], out: Path, truth: Truth) -> Delivery:
    """A file that breaks off in its last row."""
    frame = pl.DataFrame([one.record(ground) for one in known])
    delivery = write_table(frame, "truncated.csv", entities.SOURCE, out, truth, status="refused")
    text = (out / "truncated.csv").read_bytes().decode()
    last = text.rstrip("\n").rindex("\n") + 1
    (out / "truncated.csv").write_bytes(text[: text.index(",", last) + 8].encode())
    truth.plant("truncated.csv", [Plant(0, 32, Outcome.REFUSED, "ING-READ-TRUNCATED", "cut in the last row")])
    return delivery
