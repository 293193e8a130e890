"""Every planted row of the demo city is judged as its truth file says, and no other row is refused."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from jishi.errors import InputRefusedError
from jishi.registers import element
from jishi.registers.catalog import registers
from jishi.registers.element import Rule, Severity
from jishi.settings import Settings
from jishi.standardise.batch import standardise
from jishi_ingest.connectors.read import read_delivery
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.lines import LATE
from jishi_ingest.demo.manifest import Delivery, Manifest
from jishi_ingest.demo.population import SHORT
from jishi_ingest.road import Road
from jishi_ingest.source import fit, read_options, source_plan

TODAY = datetime(2026, 7, 1, tzinfo=UTC)
PLANTED_LATER = {"ING-KEY-CONFLICT", "place.geom.offset_m", "certificate.cert_status.transition"}
"""Rules whose facts the road finds in the database."""
ALWAYS = {
    "natural_person.id_number.division_known",
    "natural_person.mobile.shape",
    "legal_entity.uscc.division_known",
    "credit_record.cp_uscc.division_known",
}
"""Warnings of nearly every row, because numbers and telephones are such that nobody can have them."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(1_200, 5, tmp_path_factory.mktemp("city"), today=TODAY.date())


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    folder = tmp_path_factory.mktemp("state")
    return Road.open(Settings(state=folder, home=folder / "home", database_url="postgresql:///none"))


@pytest.fixture(scope="module")
def verdicts(city: Manifest, road: Road) -> dict[str, dict[int, tuple[set[str], set[str]]]]:
    """File → row → (rules that refuse it, rules that warn), rows without either left out."""
    return {file: dict(_judge(city.folder / file, delivery, road)) for file, delivery in _readable(city).items()}


def test_every_planted_row_is_judged_as_the_truth_says(
    city: Manifest, verdicts: dict[str, dict[int, tuple[set[str], set[str]]]]
) -> None:
    wrong = []
    for plant in _truth(city.folder):
        row, rule = int(plant["row"]), plant["rule"]
        if not row or plant["file"] not in verdicts or rule in PLANTED_LATER:
            continue
        refused, warned = verdicts[plant["file"]].get(row, (set(), set()))
        fits = {
            "refused": rule in refused,
            "warning": not refused and rule in warned,
        }.get(plant["expected"], not refused)
        if not fits:
            wrong.append((plant["file"], row, plant["defect"], plant["detail"], rule, refused, warned - ALWAYS))
    assert not wrong


def test_the_manifest_counts_every_reason(
    city: Manifest, verdicts: dict[str, dict[int, tuple[set[str], set[str]]]]
) -> None:
    for delivery in city.deliveries:
        if delivery.expected.status == "published":
            reasons = Counter(rule for refused, _ in verdicts[delivery.file].values() for rule in refused)
            expected = {rule: rows for rule, rows in delivery.expected.reasons.items() if rule not in PLANTED_LATER}
            assert (delivery.file, dict(reasons)) == (delivery.file, expected)


def test_no_other_row_is_refused_or_warned_of(
    city: Manifest, verdicts: dict[str, dict[int, tuple[set[str], set[str]]]]
) -> None:
    planted = {(plant["file"], int(plant["row"])) for plant in _truth(city.folder)}
    found = [
        (file, row, refused | warned - ALWAYS)
        for file, rows in verdicts.items()
        for row, (refused, warned) in rows.items()
        if row and (file, row) not in planted and (refused or warned - ALWAYS - {LATE})
    ]
    assert not found


def test_what_comes_late_is_counted(city: Manifest, verdicts: dict[str, dict[int, tuple[set[str], set[str]]]]) -> None:
    late = {file: sum(LATE in warned for _, warned in rows.values()) for file, rows in verdicts.items()}
    expected = {file: delivery.expected.warnings.get(LATE, 0) for file, delivery in _readable(city).items()}
    repairs = "credit_repairs.csv"  # speak of decisions that the register knows to be late already
    assert late | {repairs: 0} == expected
    assert expected["penalties_stock.xlsx"] > expected["penalties.csv"] == 2


def test_each_file_is_read_whole_in_its_encoding(city: Manifest, road: Road) -> None:
    for file, delivery in _readable(city).items():
        source = road.sources[delivery.source]
        with (city.folder / file).open("rb") as stream:
            reading = read_delivery(stream, file, read_options(source, road.settings))
            assert (file, reading.encoding) == (file, delivery.encoding)
            assert (file, sum(chunk.height for chunk in reading.chunks)) == (file, delivery.rows)


def test_the_truncated_file_is_refused_whole(city: Manifest, road: Road) -> None:
    delivery = next(one for one in city.deliveries if one.expected.status == "refused")
    with (city.folder / delivery.file).open("rb") as stream, pytest.raises(InputRefusedError) as refused:
        reading = read_delivery(stream, delivery.file, read_options(road.sources[delivery.source], road.settings))
        list(reading.chunks)
    assert refused.value.code == "ING-READ-TRUNCATED"


def test_a_clean_city_holds_nothing_to_refuse(road: Road, tmp_path: Path) -> None:
    clean = generate(600, 9, tmp_path, clean=True, today=TODAY.date())
    assert {delivery.expected.status for delivery in clean.deliveries} == {"published"}
    assert not _truth(tmp_path)
    for delivery in clean.deliveries:
        rows = dict(_judge(tmp_path / delivery.file, delivery, road))
        assert not {row: rules for row, (rules, warned) in rows.items() if rules or warned - ALWAYS}


def _readable(city: Manifest) -> dict[str, Delivery]:
    """By file; not what is refused whole, nor the short file, which repeats rows of another."""
    return {one.file: one for one in city.deliveries if one.expected.status != "refused" and one.file != SHORT}


def _truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _judge(file: Path, delivery: Delivery, road: Road) -> Iterator[tuple[int, tuple[set[str], set[str]]]]:
    source = road.sources[delivery.source]
    found: defaultdict[int, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    with file.open("rb") as stream:
        reading = read_delivery(stream, file.name, read_options(source, road.settings))
        plan = source_plan(
            source,
            fit(source, reading.columns, reading.crs),
            delivered_at=TODAY,
            code_lists=road.code_lists,
            known_divisions=road.known_divisions,
            sealer=road.sealer,
            city=road.city,
            gazetteer=road.gazetteer,
            calendar=road.calendar,
            credit=road.credit,
        )
        for chunk in reading.chunks:
            frame = standardise(chunk, plan)
            for rule in registers()[source.register_name].rules:
                if {rule.column, rule.other or rule.column} <= set(frame.columns):
                    for row in frame.filter(_fails(rule, frame)).get_column("row_number"):
                        found[row][rule.severity is Severity.WARN].add(rule.id)
    yield from found.items()


def _fails(rule: Rule, frame: pl.DataFrame) -> pl.Expr:
    column, other, kind = pl.col(rule.column), pl.col(rule.other or ""), element.Test
    if rule.test is kind.BETWEEN:
        return _outside(rule, column, is_date=frame.schema[rule.column] == pl.Date)
    tests: dict[element.Test, pl.Expr] = {
        kind.NOT_NULL: column.is_null(),
        kind.IN_SET: column.is_not_null() & ~column.is_in(list(rule.param("values", ()))),
        kind.PAIR_EQUAL: column != other,
        kind.PAIR_NOT_BEFORE: column < other,
    }
    if rule.test is kind.MAX_LENGTH:
        return column.str.len_chars() > int(rule.param("max"))
    return ~column.str.contains(rule.param("regex")) if rule.test is kind.REGEX else tests[rule.test]


def _outside(rule: Rule, column: pl.Expr, *, is_date: bool) -> pl.Expr:
    low, high = rule.param("min"), rule.param("max")
    if is_date:
        low, high = (TODAY.date() if bound == "today" else date.fromisoformat(bound) for bound in (low, high))
    below = pl.lit(False) if low is None else column < low
    above = pl.lit(False) if high is None else column > high
    return below | above
