"""Addresses of real enterprises and a hand-labelled set: what the benchmark measures stays above its targets."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from jishi.standardise.address.columns import compose, parse_addresses

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "address.py"
    spec = importlib.util.spec_from_file_location("benchmark_address", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_parts_agree_with_hand_labelled_ones(shared_data: Path, benchmark: ModuleType) -> None:
    gazetteer = benchmark.shipped().with_places(benchmark.place_rows(shared_data))
    assert benchmark.parts_f1(benchmark.labelled(shared_data)[::3], gazetteer) >= 0.90


def test_nine_in_ten_counties_of_real_enterprises_are_the_registrys(shared_data: Path, benchmark: ModuleType) -> None:
    """Divisions, towns and villages alone; the benchmark adds roads."""
    places = [one for one in benchmark.place_rows(shared_data) if one.code.startswith("3205")]
    base = benchmark.shipped()
    rows = _enterprises(shared_data)[::5]
    frame = parse_addresses(pl.Series([row["注册地址"] for row in rows]), base.with_places(places), "3205")
    registry = [benchmark._county(row["登记区划码"], base) for row in rows]
    judged = [(one, other) for one, other in zip(frame["division_code"], registry, strict=True) if other is not None]
    given = [(one, other) for one, other in judged if one is not None]
    assert sum(one == other for one, other in judged) / len(judged) >= 0.90
    assert sum(one == other for one, other in given) / len(given) >= 0.98


def test_every_real_address_comes_back_to_the_letter(shared_data: Path, benchmark: ModuleType) -> None:
    texts = pl.Series([row["注册地址"] for row in _enterprises(shared_data)])
    assert compose(parse_addresses(texts, benchmark.shipped(), "3205")).equals(texts, check_names=False)


def _enterprises(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "05_addresses" / "suzhou_real_enterprise_addresses.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
