"""``jishi demo ingest``: what it tells, and when it does nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jishi.cli import main
from jishi.settings import Settings
from jishi_ingest.demo.manifest import Delivery, Expected, Manifest
from jishi_ingest.summary import table

POINTS = "名称,地址,经度,纬度\n甲,苏州市姑苏区一路1号,120.6,31.3\n乙,苏州市姑苏区二路2号,0,0\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A city of two files, one of which breaks off."""
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "points.csv").write_text(POINTS, encoding="utf-8")
    (folder / "cut.csv").write_text(POINTS + "丙,苏州", encoding="utf-8")
    deliveries = tuple(Delivery(f"{name}.csv", "places", "csv", "utf-8", 2, Expected()) for name in ("points", "cut"))
    Manifest("苏州市", "3205", 500, 1, False, deliveries, folder).write()
    return folder


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("JISHI_STATE", str(settings.state_dir))
    monkeypatch.setenv("JISHI_HOME", str(settings.home_dir))
    monkeypatch.setenv("JISHI_DATABASE_URL", str(settings.database_url))

    def call(*words: str, language: str = "en_GB.UTF-8") -> tuple[int, str, str]:
        monkeypatch.setenv("LC_ALL", language)
        code = main(["demo", "ingest", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_it_says_what_became_of_each_file_and_a_second_time_does_nothing(run: Run, city: Path) -> None:
    code, out, err = run("--dir", str(city))
    assert code == 0
    head, points, why, cut, broken, total, where = out.splitlines()
    assert " ".join(head.split()) == "file batch status received accepted refused warnings duplicate held reviews"
    assert points.split() == ["points.csv", "1", "published", "2", "1", "1", "0", "0", "0", "0"]
    assert why.split("  ")[-2:] == ["Geometry cannot be read as what it should be", "[place.geom.readable]"]
    assert cut.split()[2:5] == ["refused", "whole", "0"]
    assert "ING-READ-TRUNCATED" in broken
    assert "2 rows received, 1 accepted, 1 refused" in total
    assert "truth.csv" in where
    assert "[1/2] points.csv → places: published, 2 rows" in err
    assert run("--dir", str(city)) == (
        0,
        "",
        "The demo city 苏州市 is there already (2 deliveries); nothing was done\n",
    )
    code, out, err = run("--dir", str(city), language="zh_CN.UTF-8")
    assert (code, out) == (0, "")
    assert "已在库中" in err


def test_what_an_interrupted_run_left_is_taken_up(run: Run, city: Path) -> None:
    assert run("--dir", str(city))[0] == 0
    (city / "more.csv").write_text(POINTS.replace("甲", "丁"), encoding="utf-8")
    deliveries = tuple(
        Delivery(f"{name}.csv", "places", "csv", "utf-8", 2, Expected()) for name in ("points", "cut", "more")
    )
    Manifest("苏州市", "3205", 500, 1, False, deliveries, city).write()
    code, out, _ = run("--dir", str(city), language="zh_CN.UTF-8")
    assert code == 0
    batches = [line.split()[1] for line in out.splitlines() if line.split()[0].endswith(".csv")]
    assert batches == ["1", "2", "3"]
    assert "已发布" in out


def test_another_city_in_the_folder_is_the_callers_fault(run: Run, city: Path) -> None:
    code, _, err = run("--dir", str(city), "--persons", "600")
    assert code == 2
    assert "ING-DEMO-OTHER" in err


def test_invented_persons_do_not_get_among_real_data_unasked(
    run: Run, city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = tmp_path / "real.csv"
    real.write_text(POINTS.replace("一路", "三路"), encoding="utf-8")
    assert main(["ingest", "run", "places", "--file", str(real), "--json"]) == 0
    capsys.readouterr()
    code, out, err = run("--dir", str(city))
    assert (code, out) == (0, "")
    assert "1 other batches" in err
    code, out, _ = run("--dir", str(city), "--anyway")
    assert code == 0
    assert "points.csv" in out


def test_columns_of_chinese_and_latin_text_stand_below_each_other() -> None:
    receipt = {
        "batch": 7,
        "file": "places.csv",
        "register": "place",
        "status": "held",
        "notes": [],
        "reasons": {},
        "warnings": {},
        "fault": None,
        "golden": {"review": 0},
    } | dict.fromkeys(("received", "inserted", "updated", "unchanged", "ended", "quarantined", "held", "duplicate"), 0)
    head, line = table([receipt], "zh-CN").splitlines()
    assert head.startswith("文件        批次  状态      收到")
    assert line.startswith("places.csv     7  暂存待审     0")
