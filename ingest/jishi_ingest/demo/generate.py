"""Generates the demo city 演示城市: every department's files, the truth about the planted defects, and the manifest."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jishi.settings import City, Settings
from jishi_ingest.demo import place_defects, places
from jishi_ingest.demo.certificate_files import write_certificates
from jishi_ingest.demo.credit import Office
from jishi_ingest.demo.credit_files import write_credit
from jishi_ingest.demo.days import days_of
from jishi_ingest.demo.entity_files import write_enterprises
from jishi_ingest.demo.ground import Ground, lay_out
from jishi_ingest.demo.manifest import LEAST_PERSONS, Delivery, Manifest, deliver
from jishi_ingest.demo.organs import organs
from jishi_ingest.demo.parties import Parties
from jishi_ingest.demo.population import ethnicities, write_population
from jishi_ingest.demo.tables import write_table
from jishi_ingest.demo.truth import Plant, Truth
from jishi_ingest.demo.writers import write_features

SHARE = 0.001
"""Default share of a file's rows that gets each defect."""


def generate(
    persons: int,
    seed: int,
    out: Path,
    clean: bool = False,
    city: City | None = None,
    share: float = SHARE,
    today: date | None = None,
) -> Manifest:
    """Write the files of a city of ``persons`` into ``out`` (made if need be; its own files are overwritten).

    The same arguments give the same bytes. ``share`` of each file's rows, and two at least, get each defect; ``clean``
    plants none and leaves out the files that exist for a defect. ``today``: the day on which decisions and certificates
    are reported, None = this one; persons, enterprises and places do not depend on it. Raises ValueError for fewer than
    ``LEAST_PERSONS``.
    """
    if persons < LEAST_PERSONS:
        raise ValueError(f"a demo city has at least {LEAST_PERSONS} persons")
    dictionaries = Settings().dictionaries_dir
    ground = lay_out(city or City(), dictionaries, seed)
    share = 0.0 if clean else share
    out.mkdir(parents=True, exist_ok=True)
    today = today or datetime.now(ZoneInfo(ground.city.timezone)).date()
    with Truth(out) as truth:
        first = _ground_files(ground, out, truth, share)
        people = write_population(ground, persons, seed, out, truth, share, ethnicities(dictionaries))
        known = write_enterprises(ground, max(240, persons // 8), seed, out, truth, share, people.citizens)
        last, shifted = _place_files(ground, max(120, persons // 20), seed, out, truth, share)
        parties = Parties(known.arrived, known.coming, people.citizens)
        office = Office(ground, organs(ground, dictionaries), parties, days_of(today, dictionaries, clean))
        credit = write_credit(office, seed, out, truth, share)
        certificates = write_certificates(office, seed, out, truth, share)
    deliveries = (
        *first,
        *people.deliveries,
        *known.deliveries,
        *last,
        *shifted,
        *credit,
        *certificates,
        *known.late,
        *people.late,
    )
    day = today.isoformat()
    manifest = Manifest(ground.city.name, ground.city.division_prefix, persons, seed, clean, deliveries, out, day)
    manifest.write()
    return manifest


def _ground_files(ground: Ground, out: Path, truth: Truth, share: float) -> list[Delivery]:
    """Divisions and borders, and with defects the damaged borders of former counties."""
    found: list[Delivery] = []
    for file, frame in places.divisions(ground).items():
        found.append(write_table(frame, file, places.DIVISIONS, out, truth))
    layers = {"boundaries.geojson": places.borders(ground)}
    if share:
        layers["boundaries_former.geojson"], plants = place_defects.damaged_borders(ground)
        truth.plant("boundaries_former.geojson", plants)
    for file, features in layers.items():
        truth.counts[file].rows = write_features(out / file, features)
        found.append(deliver(file, places.BOUNDARIES, truth.counts[file]))
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
        found.append(write_table(frame, file, places.SOURCE, out, truth))
    if not share:
        return found, []
    frame, plants = place_defects.shifted(untouched[: max(20, round(count * share))])
    truth.plant("places_gcj02.csv", plants)
    return found, [write_table(frame, "places_gcj02.csv", places.SOURCE, out, truth)]
