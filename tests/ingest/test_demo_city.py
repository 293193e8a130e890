"""The demo city is consistent, the same for the same seed, and nobody in it can exist."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from jishi.identifiers import citizen_id, registration_number, uscc
from jishi.registers.catalog import registers
from jishi.settings import City, Settings
from jishi_ingest.demo.citizens import stranger
from jishi_ingest.demo.cli import register
from jishi_ingest.demo.departments import HEADERS
from jishi_ingest.demo.entities import enterprises
from jishi_ingest.demo.entity_defects import CAPITALS, DATES
from jishi_ingest.demo.gcj02 import to_gcj02
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.ground import Ground, lay_out
from jishi_ingest.demo.ingest import plan_of
from jishi_ingest.demo.manifest import Manifest, read_manifest
from jishi_ingest.demo.names import SURNAMES
from jishi_ingest.demo.people import AS_OF, people
from jishi_ingest.demo.places import pois
from jishi_ingest.demo.population import population_frame

TODAY = date(2026, 7, 1)
DEFECTS = {*range(1, 33)}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(800, 5, tmp_path_factory.mktemp("city"), today=TODAY)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return lay_out(City(), Settings().dictionaries_dir, 3)


def test_the_same_seed_gives_the_same_bytes(city: Manifest, tmp_path: Path) -> None:
    again = generate(800, 5, tmp_path, today=TODAY)
    assert _digests(again) == _digests(city)
    other = generate(800, 6, tmp_path, today=TODAY)
    assert not set(_digests(other).values()) & {_digests(city)["population_police.csv"]}


def test_no_number_can_be_a_living_persons(ground: Ground) -> None:
    frame = next(people(ground, 5_000, 7))
    counties = {county.code for county in ground.counties}
    known = _known_divisions()
    assert ground.never_assigned == "320599"
    assert ground.never_assigned not in known
    for number, born in frame.select("number", "birth").iter_rows():
        assert citizen_id.describe(number).check_expected == citizen_id.describe(number).check_actual
        assert number[6:14] == f"{born:%Y%m%d}"
        assert number[:6] == ground.never_assigned or (number[:6] in counties and 1880 <= born.year <= 1899)
    assert frame["number"].n_unique() == frame.height
    assert frame.select(((pl.col("phone") == "") | pl.col("phone").str.contains(r"^100\d{8}$")).all()).item()


def test_numbers_stay_unique_over_chunks(ground: Ground) -> None:
    whole = pl.concat(list(people(ground, 6_000, 7, chunk=1_000)))
    assert whole["number"].n_unique() == 6_000
    assert whole["person"].to_list() == list(range(1, 6_001))


def test_ages_sexes_and_deaths_are_those_of_a_city(ground: Ground) -> None:
    frame = next(people(ground, 20_000, 7))
    living = frame.filter(~pl.col("is_dead") & (pl.col("birth").dt.year() >= 1900))
    assert 38 < float(str(living["age"].mean())) < 48
    assert 0.48 < float(str(frame["is_male"].mean())) < 0.54
    assert frame.filter("is_dead").select((pl.col("death") > pl.col("birth")).all()).item()
    assert frame.filter("is_dead").select((pl.col("death") < AS_OF).all()).item()
    assert frame.filter(~pl.col("is_dead"))["death"].null_count() == frame.filter(~pl.col("is_dead")).height
    assert len(set(SURNAMES)) == 100


def test_members_of_a_household_share_the_address_and_mostly_the_surname(ground: Ground) -> None:
    frame = next(people(ground, 5_000, 7)).with_columns(surname=pl.col("name").str.slice(0, 1))
    homes = frame.group_by("village", "road", "house", "building", "room").agg("surname", pl.len())
    assert max(homes["len"].to_list()) <= 6
    large = homes.filter(pl.col("len") >= 3)
    shared = [max(Counter(names).values()) >= 2 for names in large["surname"]]
    assert sum(shared) / len(shared) > 0.8


def test_counties_tile_the_city_and_places_lie_in_their_county(ground: Ground) -> None:
    shapes = [shapely.Polygon(county.ring()) for county in ground.counties]
    assert all(shape.is_valid and shape.exterior.is_ccw for shape in shapes)
    assert shapely.union_all(shapes).equals_exact(shapely.box(*ground.city.bbox), 1e-6, normalize=True) or (
        abs(shapely.union_all(shapes).area - sum(shape.area for shape in shapes)) < 1e-9
    )
    for point in pois(ground, 300, 3):
        assert shapes[point.county].contains(shapely.Point(point.longitude, point.latitude))


def test_another_city_can_be_laid_out() -> None:
    changde = City(name="常德市", division_prefix="4307", bbox=(110.5, 28.4, 112.3, 30.2))
    ground = lay_out(changde, Settings().dictionaries_dir, 3)
    assert ground.never_assigned == "430799"
    assert {county.name for county in ground.counties} >= {"武陵区", "石门县"}


def test_codes_of_enterprises_compute_and_belong_to_nobody(ground: Ground) -> None:
    known = enterprises(ground, 600, 3, [stranger(ground, 1)])
    assert len({one.uscc for one in known}) == len({one.name for one in known}) == 600
    for one in known:
        read = uscc.check(one.uscc)
        assert read.check_expected == read.check_actual
        assert read.inner_expected == read.inner_actual
        assert one.uscc[2:8] == ground.never_assigned


def test_gcj02_is_some_hundred_metres_off() -> None:
    east, north = to_gcj02(np.array([120.619907]), np.array([31.317987]))
    assert 0.003 < east[0] - 120.619907 < 0.006
    assert -0.004 < north[0] - 31.317987 < -0.001


def test_every_defect_is_planted_twice_at_least_and_names_a_rule_that_exists(city: Manifest) -> None:
    truth = _truth(city)
    assert set(truth[0]) == {"file", "row", "defect", "expected", "rule", "detail"}
    by_defect = Counter(int(plant["defect"]) for plant in truth)
    assert set(by_defect) == DEFECTS
    assert min(by_defect.values()) >= 2
    rules = {rule.id for register in registers().values() for rule in register.rules} | {"ING-READ-TRUNCATED"}
    assert {plant["rule"] for plant in truth} - {""} <= rules
    details = defaultdict(set)
    for plant in truth:
        details[int(plant["defect"])].add(plant["detail"])
    assert len([detail for detail in details[18] if detail.endswith("CNY")]) == 10
    assert len(CAPITALS) == 15
    assert len(DATES) == 12


def test_the_manifest_counts_what_the_truth_says(city: Manifest) -> None:
    truth = _truth(city)
    assert read_manifest(city.folder) == city
    for delivery in city.deliveries:
        mine = [plant for plant in truth if plant["file"] == delivery.file and plant["row"] != "0"]
        rows = {int(plant["row"]) for plant in mine}
        assert len(rows) == len(mine)
        assert not rows or max(rows) <= delivery.rows
        expected = delivery.expected
        if expected.status == "published":
            outcomes = Counter(plant["expected"] for plant in mine)
            assert expected.refused == outcomes["refused"]
            assert expected.conflicting == outcomes["quarantined"]
            assert expected.duplicate == outcomes["duplicate"]
            assert sum(expected.reasons.values()) >= expected.refused + expected.conflicting


def test_the_plan_names_files_that_lie_there_and_sources_of_the_contract(city: Manifest) -> None:
    plan = plan_of(city)
    assert all(path.is_file() for _, path in plan)
    assert {source for source, _ in plan} == {
        "divisions-nbs",
        "boundaries",
        "population",
        "enterprise-registration",
        "places",
        "licences",
        "penalties",
        "credit-lists",
        "credit-repairs",
        "certificates",
    }
    files = [path.name for _, path in plan]
    a = files.index("enterprises_a.csv")
    assert files[a : a + 3] == ["enterprises_a.csv", "enterprises_b.csv", "enterprises_a.csv"]
    again = files.index("population_education.txt")
    assert files[again + 1] == "population_education.txt"


def test_the_short_delivery_lacks_two_fifths(city: Manifest) -> None:
    rows = {delivery.file: delivery.rows for delivery in city.deliveries}
    assert 0.5 < rows["population_police_short.csv"] / rows["population_police.csv"] < 0.6001


def test_rows_of_one_person_agree_between_departments(city: Manifest) -> None:
    with (city.folder / "persons_truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [(line["file"], int(line["row"]), int(line["person"])) for line in csv.DictReader(file)]
    police = pl.read_csv(city.folder / "population_police.csv", infer_schema=False)
    social = pl.read_csv(city.folder / "population_social.csv", infer_schema=False, encoding="gb18030")
    numbers: dict[int, set[str | None]] = defaultdict(set)
    planted = {(plant["file"], int(plant["row"])) for plant in _truth(city)}
    for name, row, person in rows:
        frame = {"population_police.csv": police, "population_social.csv": social}.get(name)
        if frame is not None and (name, row) not in planted:
            numbers[person].add(frame["公民身份号码"][row - 1])
    assert max(map(len, numbers.values())) == 1
    assert sum(1 for name, _, _ in rows if name == "population_police.csv") == police.height


def test_a_frame_for_measuring_has_the_columns_of_the_source() -> None:
    frame = population_frame(3_000, 1)
    assert frame.columns == list(HEADERS)
    assert frame.height == frame["rec_id"].n_unique() == 3_000
    assert set(frame.dtypes) == {pl.String}


def test_the_command_writes_a_clean_city(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    words = ["--persons", "500", "--out", str(tmp_path / "city"), "--no-defects", "--today", "2026-08-03"]
    arguments = parser.parse_args(["demo", "generate", *words])
    assert arguments.run(arguments) == 0
    content = json.loads((tmp_path / "city" / "manifest.json").read_text(encoding="utf-8"))
    assert content["clean"]
    assert "population_police.csv" in capsys.readouterr().out
    assert not (tmp_path / "city" / "truncated.csv").exists()
    assert content["today"] == "2026-08-03"
    assert {delivery["expected"]["pending"] for delivery in content["deliveries"]} == {0}
    assert not any(delivery["expected"]["warnings"] for delivery in content["deliveries"])
    with pytest.raises(SystemExit):
        parser.parse_args(["demo", "generate", "--persons", "3", "--out", "."])


def test_a_registration_number_of_before_2015_computes(city: Manifest) -> None:
    frame = pl.read_csv(city.folder / "enterprises.csv", infer_schema=False, encoding="gb18030")
    rows = [
        int(plant["row"]) for plant in _truth(city) if plant["file"] == "enterprises.csv" and plant["defect"] == "17"
    ]
    assert rows
    for row in rows:
        read = registration_number.check(frame["统一社会信用代码"][row - 1])
        assert read.check_expected == read.check_actual


def _digests(manifest: Manifest) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(manifest.folder.iterdir())}


def _truth(manifest: Manifest) -> list[dict[str, str]]:
    with (manifest.folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _known_divisions() -> set[str]:
    with (Settings().dictionaries_dir / "codes" / "division.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}
