"""A batch is told back to its department: every reason, every failing row, and the refused rows in its own columns."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import openpyxl
import pytest

from jishi.cli import main

Make = dict[str, Callable[..., str]]
CODE, NAME = "legal_entity.uscc.check_character", "legal_entity.entity_name.required"
DIVISION = "legal_entity.uscc.division_known"
#: The command, which tells its peak memory at its end.
PROGRAM = """
import sys
from jishi.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as left:
    code = left.code
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stderr.write(f"peak {int(peak) // 1024}\\n")
sys.exit(code)
"""
PLENTY = "[thresholds]\nmax_failure_share = 1.0"

#: A source whose department has headers of its own, two of them for one element.
OFFICE = """
id = "office"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = 10
key = ["档案号"]
mode = "delta"

[thresholds]
max_failure_share = 1.0

[map]
entity_name = { from = ["单位名称", "原名称"], as = "entity_name" }
uscc = { from = "信用代码", as = "uscc" }
establish_date = { from = "成立日" }
approve_date = { from = "核准日" }
"""


@dataclass(frozen=True)
class Shown:
    """What a command gave and said."""

    returncode: int
    stdout: str
    stderr: str


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


def _environment(city: Any, lang: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))},
        "JISHI_STATE": str(city.settings.state_dir),
        "JISHI_HOME": str(city.settings.home_dir),
        "JISHI_DATABASE_URL": city.settings.database_url,
        "LANG": lang,
    }


def report(city: Any, *arguments: object, lang: str = "zh_CN.UTF-8") -> Shown:
    """``jishi quality report`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, _environment(city, lang), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            code = main(["quality", "report", *map(str, arguments)])
        except SystemExit as left:
            code = int(left.code or 0)
    return Shown(code, out.getvalue(), err.getvalue())


def told(city: Any, *arguments: object) -> dict[str, Any]:
    done = report(city, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def office(city: Any) -> str:
    folder = city.settings.home_dir / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "office.toml").write_text(OFFICE, encoding="utf-8")
    city.opened = None
    return "office"


def row(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "备注": f"第{number}户",
        "档案号": f"D{number}",
        "单位名称": f"测试企业{number}号",
        "原名称": "",
        "信用代码": invent["uscc"](number),
        "成立日": "2001-02-03",
        "核准日": "2001-02-04",
        **values,
    }


async def test_every_rule_lists_all_its_rows_in_pages_and_at_once(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=PLENTY)
    rows = [
        {"key": f"K{n}", "name": "" if n % 3 == 0 else f"测试企业{n}号", "code": wrong(invent["uscc"](n))}
        for n in range(1, 31)
    ]
    batch = (await city.deliver(source, [*rows, {"key": "K99", "name": "好", "code": invent["uscc"](99)}]))["batch"]
    pages = [told(city, batch, "--page-size", 7, "--page", page) for page in range(1, 6)]
    by_rule = {rule: [entry for page in pages for entry in _rule(page, rule)["failing"]] for rule in (CODE, NAME)}
    assert [entry["row"] for entry in by_rule[CODE]] == list(range(1, 31))
    assert [entry["row"] for entry in by_rule[NAME]] == list(range(3, 31, 3))
    kept = await city.rows("SELECT row_number, source_key FROM jishi.quarantine WHERE batch_id = $1", batch)
    assert {(entry["row"], entry["key"]) for entry in by_rule[CODE]} == {
        (entry["row_number"], str(entry["source_key"])) for entry in kept
    }
    assert [(rule["rows"], rule["listed"], rule["pages"]) for rule in pages[0]["rules"]] == [(30, 30, 5), (10, 10, 2)]
    whole = told(city, batch, "--all")
    assert {rule["rule"]: rule["failing"] for rule in whole["rules"]} == by_rule
    only = told(city, batch, "--rule", NAME)
    assert [rule["rule"] for rule in only["rules"]] == [NAME]
    assert (only["received"], only["quarantined"], only["inserted"], only["reasons"]) == (
        31,
        30,
        1,
        {CODE: 30, NAME: 10},
    )


async def test_a_report_speaks_both_languages_and_shows_no_value_of_a_row(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=PLENTY)
    batch = (await city.deliver(source, [{"key": "机密主键", "name": "", "code": wrong(invent["uscc"](1))}]))["batch"]
    chinese, english = report(city, batch), report(city, batch, lang="en_GB.UTF-8")
    assert "名称为必填项，但没有值" in chinese.stdout
    assert "is required and has no value" in english.stdout
    assert not re.search("[\u4e00-\u9fff]", english.stdout)
    assert report(city, batch, "--lang", "en").stdout == english.stdout
    assert report(city, batch, "--lang", "zh", lang="en_GB.UTF-8").stdout == chinese.stdout
    for shown in (chinese, english, report(city, batch, "--json"), report(city, batch, "--all")):
        assert "机密主键" not in shown.stdout + shown.stderr
        assert wrong(invent["uscc"](1)) not in shown.stdout + shown.stderr


async def test_a_rule_names_the_departments_own_columns(city: Any, invent: Make) -> None:
    source = office(city)
    rows = [
        row(invent, 1, 单位名称="", 信用代码=wrong(invent["uscc"](1))),
        row(invent, 2, 成立日="2020-01-01", 核准日="2019-01-01"),
        row(invent, 3, 档案号=""),
        row(invent, 4),
        row(invent, 4, 备注="另", 单位名称="另一企业"),
    ]
    receipt = await city.deliver(source, rows)
    columns = {rule["rule"]: rule["columns"] for rule in told(city, receipt["batch"])["rules"]}
    order = next(rule for rule in columns if rule.startswith("legal_entity.approve_date.") or "establish" in rule)
    assert columns.pop(order) == ["成立日", "核准日"]
    assert columns == {
        NAME: ["单位名称", "原名称"],
        CODE: ["信用代码"],
        "ING-KEY-MISSING": ["档案号"],
        "ING-KEY-CONFLICT": ["档案号"],
    }
    assert "涉及列：单位名称、原名称" in report(city, receipt["batch"]).stdout


async def test_the_departments_file_holds_every_refused_row_as_it_was_sent(
    city: Any, invent: Make, tmp_path: Path
) -> None:
    source = office(city)
    bad = [
        row(invent, 1, 单位名称=" =HYPERLINK(1) ", 信用代码=wrong(invent["uscc"](1))),
        row(invent, 3, 单位名称="", 原名称="", 备注="-1+1", 信用代码="320505196001010015"),
    ]
    receipt = await city.deliver(source, [bad[0], row(invent, 2), bad[1]])
    path, book = tmp_path / "back.csv", tmp_path / "back.xlsx"
    done = report(city, receipt["batch"], "--csv", path, "--xlsx", book)
    assert (done.returncode, done.stdout) == (0, "")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert {file.stat().st_mode & 0o777 for file in (path, book)} == {0o600}
    with path.open(encoding="utf-8-sig", newline="") as text:
        header, *lines = csv.reader(text)
    assert header == ["行号", "原因代码", "原因", "涉及列", *bad[0], "多出的单元格"]
    assert [line[0] for line in lines] == ["1", "3"]
    assert lines[0][4:-1] == [
        "第1户",
        "D1",
        "' =HYPERLINK(1) ",
        "",
        wrong(invent["uscc"](1)),
        "2001-02-03",
        "2001-02-04",
    ]
    assert lines[1][4] == "'-1+1"
    assert lines[1][8] == "320505196001010015"
    codes, sentences, columns = (cell.split("；") for cell in lines[1][1:4])
    assert NAME in codes
    assert len(codes) == len(sentences) == len(columns) > 1
    assert columns[codes.index(NAME)] == "单位名称、原名称"
    sheet = openpyxl.load_workbook(book).active
    assert sheet is not None
    assert [[cell.value or "" for cell in line] for line in sheet.iter_rows()] == [header, *lines]
    log = done.stderr
    assert "2 refused rows handed back as csv" in log
    assert "HYPERLINK" not in log


async def test_an_existing_file_is_not_overwritten_and_faults_are_told(city: Any, invent: Make, tmp_path: Path) -> None:
    source = city.declare("tiny", more=PLENTY)
    batch = (await city.deliver(source, [{"key": "K1", "name": "", "code": invent["uscc"](1)}]))["batch"]
    clean = (await city.deliver(source, [{"key": "K2", "name": "测试企业", "code": invent["uscc"](2)}]))["batch"]
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    for arguments, code in (
        ((batch, "--csv", path), "QLT-REPORT-EXISTS"),
        ((batch, "--csv", tmp_path / "absent" / "a.csv"), "QLT-REPORT-FILE"),
        ((clean, "--csv", tmp_path / "none.csv"), "QLT-REPORT-NONE"),
        ((batch, "--rule", "no.such.rule"), "QLT-REPORT-RULE"),
        ((4711,), "ING-BATCH-UNKNOWN"),
    ):
        done = report(city, *arguments)
        assert (done.returncode, done.stderr.split()[0], done.stdout) == (2, code, "")
    for wrongly in ("0", "-1", "x", "9" * 30):
        assert report(city, batch, "--page", wrongly).returncode == 2
    assert path.read_text() == "mine"
    assert [name for name in os.listdir(tmp_path) if "none" in name] == []  # noqa: PTH208  nothing is read from it


async def test_warned_rows_are_listed_by_the_batch_that_examined_them(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    strange = [
        {"key": f"K{n}", "name": f"测试企业{n}号", "code": invent["uscc"](n, "999999"), "city": ""} for n in (1, 2)
    ]
    first = (await city.deliver(source, [*strange, {"key": "K9", "name": "好企业", "code": invent["uscc"](9)}]))[
        "batch"
    ]
    [rule] = told(city, first)["rules"]
    assert (rule["rule"], rule["kind"], rule["rows"], rule["listed"]) == (DIVISION, "warned", 2, 2)
    assert [(entry["row"], entry["status"]) for entry in rule["failing"]] == [(1, "accepted"), (2, "accepted")]
    second = (await city.deliver(source, [{**strange[0], "city": "苏州"}, strange[1]]))["batch"]
    [old], [new] = told(city, first)["rules"], told(city, second)["rules"]
    assert (old["rows"], [entry["row"] for entry in old["failing"]]) == (2, [1, 2])
    assert (new["rows"], [entry["row"] for entry in new["failing"]]) == (2, [1])
    tested = next(entry for entry in told(city, second)["tested"] if entry["rule"] == DIVISION)
    assert (tested["evaluated"], tested["failed"], tested["carried"]) == (1, 1, 1)
    assert "另有 1 行内容未变" in report(city, second).stdout


async def test_a_repeated_delivery_reports_the_rows_of_the_one_it_repeats(
    city: Any, invent: Make, tmp_path: Path
) -> None:
    source = city.declare("tiny", more=PLENTY)
    rows: list[dict[str, object]] = [{"key": "K1", "name": "", "code": invent["uscc"](1)}]
    first = (await city.deliver(source, rows))["batch"]
    again = await city.deliver(source, rows)
    assert again["status"] == "unchanged"
    document = told(city, again["batch"])
    assert (document["status"], document["rows_of"]) == ("unchanged", first)
    assert _rule(document, NAME)["failing"] == _rule(told(city, first), NAME)["failing"] != []
    assert report(city, again["batch"], "--csv", tmp_path / "a.csv").returncode == 0
    assert "K1" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")


async def test_held_refused_and_repaired_batches_say_so(city: Any, invent: Make, tmp_path: Path) -> None:
    source = city.declare("tiny")
    rows = [{"key": f"K{n}", "name": "" if n < 20 else f"测试企业{n}号", "code": invent["uscc"](n)} for n in range(40)]
    held = await city.deliver(source, rows)
    document = told(city, held["batch"])
    assert (document["status"], [why["code"] for why in document["why"]]) == ("held", ["QLT-HELD-FAILURES"])
    assert _rule(document, NAME)["listed"] == 20
    await city.release(held["batch"])
    await city.deliver(source, [{**rows[0], "name": "测试企业0号"}])
    states = [entry["status"] for entry in _rule(told(city, held["batch"]), NAME)["failing"]]
    assert states == ["repaired", *["open"] * 19]
    refused = await city.deliver(source, b"key,code\nK1,1\n")
    document = told(city, refused["batch"])
    assert (document["status"], document["rules"]) == ("refused", [])
    assert document["why"][0]["code"] == "ING-HEADER-MISSING"
    page = tmp_path / "report.html"
    assert report(city, held["batch"], "--html", page).returncode == 0
    html = page.read_text(encoding="utf-8")
    assert "名称为必填项，但没有值" in html
    assert "测试企业" not in html


async def test_thousands_of_refused_rows_are_reported_whole(city: Any, invent: Make, tmp_path: Path) -> None:
    await _many(city, tmp_path, 5_000)


@pytest.mark.soak
async def test_a_hundred_thousand_refused_rows_are_reported_in_bounded_memory(
    city: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = await _many(city, tmp_path, 100_000)
    with capsys.disabled():
        sys.stdout.write(json.dumps(figures) + "\n")
    assert max(entry["MB"] for entry in figures.values()) < 200


async def _many(city: Any, folder: Path, count: int) -> dict[str, dict[str, float]]:
    """Refuse ``count`` rows and report them in every form; seconds and peak memory of each command."""
    source = office(city)
    path = folder / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["备注", "档案号", "单位名称", "信用代码", "成立日", "核准日", "地址", "电话"])
        writer.writerows(
            (f"第{n}户", f"D{n}", "", "123", "2020-01-01", "2019-01-01", "苏州市姑苏区测试路1号", "0512-1234567")
            for n in range(count)
        )
    receipt = await city.deliver(source, path)
    assert (receipt["status"], receipt["quarantined"]) == ("published", count)
    batch, figures = receipt["batch"], {"ingest": {"s": receipt["seconds"]["total"], "MB": 0.0}}

    def timed(name: str, *arguments: object) -> str:
        begun = time.monotonic()
        command = [sys.executable, "-c", PROGRAM, "quality", "report", str(batch), *map(str, arguments)]
        environment = _environment(city, "zh_CN.UTF-8")
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        figures[name] = {"s": round(time.monotonic() - begun, 1), "MB": int(done.stderr.split()[-1])}
        return done.stdout

    timed("page", "--page", count // 100)
    document = json.loads(timed("json", "--all", "--json"))
    for rule in document["rules"]:
        assert rule["rows"] == rule["listed"] == count
        assert [entry["row"] for entry in rule["failing"]] == list(range(1, count + 1))
    timed("csv", "--csv", folder / "back.csv")
    with (folder / "back.csv").open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.DictReader(text))
    assert [line["档案号"] for line in lines] == [f"D{n}" for n in range(count)]
    timed("xlsx", "--xlsx", folder / "back.xlsx")
    book = openpyxl.load_workbook(folder / "back.xlsx", read_only=True)
    assert sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) == count + 1
    book.close()
    return figures


def _rule(document: dict[str, Any], rule: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in document["rules"] if entry["rule"] == rule)
    return found
