"""Generates the demo city 演示城市: every department's files, the truth about the planted defects, and the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from jishi.settings import City, Settings
from jishi_ingest.demo import entities, entity_defects, place_defects, places
from jishi_ingest.demo.entities import Enterprise
from jishi_ingest.demo.ground import Ground, lay_out
from jishi_ingest.demo.manifest import LEAST_PERSONS, Delivery, Manifest, deliver
from jishi_ingest.demo.population import ethnicities, write_population
from jishi_ingest.demo.truth import Outcome, Plant, Truth
from jishi_ingest.demo.writers import Delimited, Sheet, write_features

SHARE = 0.001
"""Default share of a file's rows that gets each defect."""
_TRIO, _CUT = 12, 40


def generate(
    persons: int, seed: int, out: Path, clean: bool = False, city: City | None = None, share: float = SHARE
) -> Manifest:
    """Write the files of a city of ``persons`` into ``out`` (made if need be; its own files are overwritten).

    The same arguments give the same bytes. ``share`` of each file's rows, and two at least, get each defect; ``clean``
    plants none and leaves out the files that exist for a defect. Raises ValueError for fewer than ``LEAST_PERSONS``.
    """
    if persons < LEAST_PERSONS:
        raise ValueError(f"a demo city has at least {LEAST_PERSONS} persons")
    dictionaries = Settings().dictionaries_dir
    ground = lay_out(city or City(), dictionaries, seed)
    share = 0.0 if clean else share
    out.mkdir(parents=True, exist_ok=True)
    with Truth(out) as truth:
        first = _ground_files(ground, out, truth, share)
        people = write_population(ground, persons, seed, out, truth, share, ethnicities(dictionaries))
        middle, later = _enterprise_files(
            ground, max(240, persons // 8), seed, out, truth, share, people.representatives
        )
        last, shifted = _place_files(ground, max(120, persons // 20), seed, out, truth, share)
    deliveries = (*first, *people.deliveries, *middle, *last, *shifted, *later, *people.late)
    manifest = Manifest(ground.city.name, ground.city.division_prefix, persons, seed, clean, deliveries, out)
    manifest.write()
    return manifest


def _ground_files(ground: Ground, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """Divisions and borders, and with defects the damaged borders of former counties."""
    found: list[Delivery] = []
    for file, frame in places.divisions(ground).items():
        found.append(_table(frame, file, places.DIVISIONS, out, truth))
    layers = {"boundaries.geojson": places.borders(ground)}
    if share:
        layers["boundaries_former.geojson"], plants = place_defects.damaged_borders(ground)
        truth.plant("boundaries_former.geojson", plants)
    for file, features in layers.items():
        truth.counts[file].rows = write_features(out / file, features)
        found.append(deliver(file, places.BOUNDARIES, truth.counts[file]))
    return found


def _enterprise_files(
    ground: Ground, count: int, seed: int, out: Path, truth: Truth, share: float, representatives: tuple[str, ...]
) -> tuple[list[Delivery], list[Delivery]]:
    """Six enterprises in ten as CSV, the others as JSON; then what is held, cut off, or delivered as A, B, A."""
    known = entities.enterprises(ground, count + _TRIO + _CUT, seed, representatives)
    first, second, spare = known[: count * 6 // 10], known[count * 6 // 10 : count], known[count:]
    records = [one.record(ground) for one in first]
    touched: set[int] = set()
    if share:
        plants = entity_defects.plant(records, first, ground, f"{seed}-csv", share, has_approved=True)
        truth.plant("enterprises.csv", plants)
        truth.plant("enterprises.csv", [Plant(0, 31, Outcome.ACCEPTED, "", "gb18030")])
        touched = {plant.row - 1 for plant in plants}
    found = [_table(pl.DataFrame(records), "enterprises.csv", entities.SOURCE, out, truth, "gb18030")]
    records = [one.record(ground) for one in second]
    if share:
        truth.plant(
            "enterprises_2.json",
            entity_defects.plant(records, second, ground, f"{seed}-json", share, has_approved=False),
        )
    rows = [dict(zip(entities.ENGLISH, record.values(), strict=False)) for record in records]
    (out / "enterprises_2.json").write_text(json.dumps({"erDataList": rows}, ensure_ascii=False), encoding="utf-8")
    truth.counts["enterprises_2.json"].rows = len(rows)
    found.append(deliver("enterprises_2.json", entities.SOURCE, truth.counts["enterprises_2.json"]))
    if not share:
        return found, []
    sound = [one for at, one in enumerate(first) if at not in touched]
    return found, _late_enterprises(ground, sound, spare, share, out, truth)


def _late_enterprises(
    ground: Ground, sound: list[Enterprise], spare: list[Enterprise], share: float, out: Path, truth: Truth
) -> list[Delivery]:
    size = max(30, round(len(sound) * share))
    companies = [one for one in sound if one.kind == entities.COMPANY][:size]
    names = [one.name for one in sound if one.kind == entities.SHOP]
    block = pl.DataFrame(entity_defects.block(companies, names, ground))
    file = "enterprises_block.csv"
    truth.plant(file, [Plant(row, 23, Outcome.HELD, "", "a block of names") for row in range(1, block.height + 1)])
    found = [_table(block, file, entities.SOURCE, out, truth, status="held")]
    trio, cut = spare[:_TRIO], pl.DataFrame([one.record(ground) for one in spare[_TRIO:]])
    first = pl.DataFrame([one.record(ground) for one in trio])
    raised = first.with_columns(pl.lit("3600万元人民币").alias(entities.HEADERS[5]))
    versions = {"enterprises_a.csv": first, "enterprises_b.csv": raised}
    for file, frame in versions.items():
        found.append(_table(frame, file, entities.SOURCE, out, truth))
    found.append(found[-2])
    truth.plant("enterprises_a.csv", [Plant(0, 32, Outcome.ACCEPTED, "", "A, B, A ends in A")])
    found.append(_table(cut, "truncated.csv", entities.SOURCE, out, truth, status="refused"))
    text = (out / "truncated.csv").read_bytes().decode()
    last = text.rstrip("\n").rindex("\n") + 1
    (out / "truncated.csv").write_bytes(text[: text.index(",", last) + 8].encode())
    truth.plant("truncated.csv", [Plant(0, 32, Outcome.REFUSED, "ING-READ-TRUNCATED", "cut in the last row")])
    return found


def _place_files(
    ground: Ground, count: int, seed: int, out: Path, truth: Truth, share: float
) -> tuple[list[Delivery], list[Delivery]]:
    """Six points in ten as CSV, the others as xlsx; with defects some of the former once more in GCJ-02."""
    known = places.pois(ground, count, seed)
    parts = {"places.csv": known[: count * 6 // 10], "places.xlsx": known[count * 6 // 10 :]}
    found: list[Delivery] = []
    untouched: list[places.Poi] = []
    for file, points in parts.items():
        frame = places.table(ground, points)
        plants: list[Plant] = []
        if share:
            frame, plants = place_defects.plant(frame, points, ground, f"{seed}-{file}", share)
            truth.plant(file, plants)
        if not untouched:
            touched = {plant.row - 1 for plant in plants}
            untouched = [one for at, one in enumerate(points) if at not in touched]
        found.append(_table(frame, file, places.SOURCE, out, truth))
    if not share:
        return found, []
    frame, plants = place_defects.shifted(untouched[: max(20, round(count * share))])
    truth.plant("places_gcj02.csv", plants)
    return found, [_table(frame, "places_gcj02.csv", places.SOURCE, out, truth)]


def _table(
    frame: pl.DataFrame,
    file: str,
    source: str,
    out: Path,
    truth: Truth,
    encoding: str = "utf-8",
    status: str = "published",
) -> Delivery:
    """Write a whole table and state its delivery; its plants must stand in ``truth`` already."""
    is_sheet = file.endswith(".xlsx")
    with Sheet(out / file) if is_sheet else Delimited(out / file, encoding) as table:
        table.write(frame)
    truth.counts[file].rows = frame.height
    return deliver(file, source, truth.counts[file], None if is_sheet else encoding, status=status)
