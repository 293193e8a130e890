"""A dozen files of the corpus through the real road: Great Expectations refuses what the fast test says, and no row is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus import CASES
from corpus_case import ENTERPRISES, Case
from corpus_texts import INJECTIONS
from jishi.settings import Settings
from jishi.storage import engine
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

ON_THE_ROAD = (
    "error-values.csv",
    "title-and-footer.csv",
    "dates.csv",
    "dates-ambiguous.csv",
    "every-month.xlsx",
    "merged-header.xlsx",
    "html-gbk.xls",
    "one-bad-line.ndjson",
    "member-twice.json",
    "crossing.geojson",
    "shp-gbk-without-cpg.zip",
    "points-swapped.csv",
    "capital-in-yuan.csv",
    "injections.csv",
    "half-utf8-half-gbk.csv",
    "formula-without-value.xlsx",
    "shp-no-prj.zip",
    "quote-never-closed.csv",
    "cut.csv.gz",
)
OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")


def of_name(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


async def deliver(settings: Settings, folder: Path, case: Case) -> dict[str, Any]:
    """Take the file down the whole road in this process; the receipt in English."""
    if case.declared:
        sources = settings.home_dir / "sources"
        sources.mkdir()
        members = "".join(f'{name} = "{value}"\n' for name, value in case.declared.items())
        (sources / f"{case.source}.toml").write_text(members, encoding="utf-8")
    file = folder / case.name
    file.write_bytes(case.make())
    road = Road.open(settings)
    return await finish(road, await submit(road, source_of(road, case.source), file), lambda _: None, "en")


@pytest.mark.parametrize("name", ON_THE_ROAD)
async def test_the_road_comes_to_the_stated_outcome(settings: Settings, tmp_path: Path, name: str) -> None:
    case = of_name(name)
    receipt = await deliver(settings, tmp_path, case)
    if case.fault is not None:
        assert receipt["status"] == "refused"
        assert receipt["fault"]["code"] == case.fault
        assert case.says in receipt["fault"]["message"]
        assert case.line in (None, receipt["fault"]["line"])
        return
    bad = sum(case.refused.values()) if case.bad is None else case.bad
    assert receipt["status"] in ("published", "held")
    assert receipt["received"] == case.received == sum(receipt[outcome] for outcome in OUTCOMES)
    assert receipt["quarantined"] == bad
    assert receipt["reasons"] == dict(case.refused)
    assert receipt["warnings"] == dict(case.warned)
    codes = {note["code"] for note in receipt["notes"]}
    assert {code for code in codes if code.startswith("ING-NOTE")} == set(case.notes)


async def test_text_that_would_be_a_formula_or_markup_is_stored_as_it_came(settings: Settings, tmp_path: Path) -> None:
    receipt = await deliver(settings, tmp_path, of_name("injections.csv"))
    assert (receipt["source"], receipt["inserted"]) == (ENTERPRISES, len(INJECTIONS))
    assert settings.database_url is not None
    connection = await engine.connect(settings.database_url)
    rows = await connection.fetch("SELECT entity_name FROM jishi.legal_entity")
    await connection.close()
    assert {row["entity_name"] for row in rows} == set(INJECTIONS)


async def test_a_refused_row_is_kept_whole_with_what_fits_no_column(settings: Settings, tmp_path: Path) -> None:
    await deliver(settings, tmp_path, of_name("one-bad-line.ndjson"))
    assert settings.database_url is not None
    connection = await engine.connect(settings.database_url)
    reasons = await connection.fetchval("SELECT reasons FROM jishi.quarantine WHERE row_number = 6")
    await connection.close()
    assert "ING-ROW-RAGGED" in reasons
