"""The real defective files, each traced from its report to the raw row and on to repair or discard."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jishi.identifiers import uscc
from jishi.quality.batch_report import read_report
from jishi.quality.quarantine_search import Entry, opened, steps
from jishi.stewardship import repairs
from stewarding import officer, refused, repair, work

SOURCE = "enterprise-registration"
LOOSE = (
    '[thresholds]\nmax_failure_share = "off"\n\n[rules]\n"legal_entity.uscc.readable" = { severity = "refuse_row" }\n'
)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


async def deliver(city: Any, path: Path) -> dict[str, Any]:
    folder = city.settings.home_dir / "sources"
    folder.mkdir(exist_ok=True)
    (folder / f"{SOURCE}.toml").write_text(LOOSE, encoding="utf-8")
    city.opened = None
    receipt: dict[str, Any] = await city.deliver(SOURCE, path)
    assert receipt["status"] == "published", receipt
    return receipt


async def traced(city: Any, receipt: dict[str, Any], lines: list[list[str]]) -> list[Entry]:
    """Every row that the report names stands in the quarantine as it stands in the file, with what is wrong with it."""
    report = await read_report(city.connection, receipt["batch"], "en", page_size=10_000)
    named = {row.row for rule in report.rules if rule.kind == "refused" for row in rule.failing}
    assert {rule.rule: len(rule.failing) for rule in report.rules if rule.kind == "refused"} == receipt["reasons"]
    found = await refused(city, batch=receipt["batch"], status="open")
    assert {row.row_number for row in found} == named and len(found) == receipt["quarantined"]
    counted = Counter(reason for row in found for reason in row.reasons)
    assert counted == Counter(receipt["reasons"])
    header, body = lines[0], lines[1:]
    for row in found:
        raw, sent = opened(city.road.keys, row), body[row.row_number - 1]
        cells = [raw.cells[name] or "" for name in header]
        assert cells == (sent + [""] * len(header))[: len(header)]
        assert json.loads(raw.surplus or "[]") == sent[len(header) :]
        faults = {"ragged": len(sent) != len(header), "replaced": any("\ufffd" in cell for cell in sent)}
        assert (raw.fault or "") == ",".join(name for name, is_so in faults.items() if is_so)
    return found


async def fates(city: Any, batch: int) -> Counter[str]:
    """What has become of a batch's refused rows: the quarantine and the report say the same."""
    report = await read_report(city.connection, batch, "en", page_size=10_000)
    told = {row.row: row.status for rule in report.rules if rule.kind == "refused" for row in rule.failing}
    kept = {row.row_number: row.status for row in await refused(city, batch=batch)}
    assert told == kept
    return Counter(kept.values())


async def test_twenty_eight_codes_with_a_wrong_check_character(city: Any, shared_data: Path) -> None:
    path = shared_data / "03_legal_entities" / "uscc_invalid_real_A.csv"
    receipt = await deliver(city, path)
    assert (receipt["received"], receipt["quarantined"]) == (28, 28)
    found = await traced(city, receipt, rows_of(path))
    assert receipt["reasons"] == {"legal_entity.uscc.check_character": 28}
    # what the original says is typed in for some, the others are nobody's
    mended, given_up = found[:20], found[20:]
    codes = {row.quarantine_id: str(opened(city.road.keys, row).cells["code"]) for row in mended}
    good = {number: code[:17] + uscc.check_character(code[:17]) for number, code in codes.items()}
    await repair(city, *((row, {"code": good[row.quarantine_id]}) for row in mended))
    async with city.connection.transaction():
        await repairs.discard(
            city.connection, officer(), [row.quarantine_id for row in given_up], "查无此统一社会信用代码"
        )
    await work(city, SOURCE)
    served = {row[0] for row in await city.served("legal_entity", "uscc")}
    assert served == set(good.values()) and len(served) == 20
    assert await fates(city, receipt["batch"]) == {"repaired": 20, "discarded": 8}
    assert await refused(city, status="open") == []


async def test_a_hundred_and_sixty_five_rows_with_codes_used_twice(city: Any, shared_data: Path) -> None:
    path = shared_data / "03_legal_entities" / "duplicate_codes_real_A.csv"
    receipt = await deliver(city, path)
    assert {name: receipt[name] for name in ("received", "inserted", "duplicate", "quarantined")} == {
        "received": 165,
        "inserted": 66,
        "duplicate": 65,
        "quarantined": 34,
    }
    lines = rows_of(path)
    found = await traced(city, receipt, lines)
    assert receipt["reasons"] == {"ING-KEY-CONFLICT": 34}
    by_key: dict[Any, list[Entry]] = {}
    for row in found:
        by_key.setdefault(row.source_key, []).append(row)
    assert [len(rows) for rows in by_key.values()] == [2] * 17
    # a steward says which of the two rows of a code is right, and it is sent as it was received; the other is discarded,
    # or closed when the right one has passed
    chosen = [rows[0] for rows in by_key.values()]
    await repair(city, *((row, {}) for row in chosen), reason="以营业执照为准")
    others = [rows[1].quarantine_id for rows in by_key.values()]
    async with city.connection.transaction():
        await repairs.discard(city.connection, officer(), others[:10], "误归双鸭山市宝山区")
    await work(city, SOURCE)
    assert await refused(city, status="open") == []
    assert await fates(city, receipt["batch"]) == {"repaired": 17 + 7, "discarded": 10}
    after = {row.quarantine_id: row.status for row in await refused(city)}
    assert {after[row.quarantine_id] for row in chosen} == {"repaired"}
    assert {after[number] for number in others[:10]} == {"discarded"}
    served = dict(await city.served("legal_entity", "uscc", "province"))
    assert set(served) == {line[0] for line in lines[1:]} and len(served) == 83
    cells = [opened(city.road.keys, row).cells for row in chosen]
    assert [served[row["code"]] for row in cells] == [row["province"] for row in cells]


async def test_the_mojibake_and_shifted_rows_of_2002(city: Any, shared_data: Path) -> None:
    path = shared_data / "03_legal_entities" / "raw" / "湖南_2002.csv"
    lines = rows_of(path)
    receipt = await deliver(city, path)
    found = await traced(city, receipt, lines)
    damaged = {number for number, line in enumerate(lines[1:], start=1) if any("\ufffd" in cell for cell in line)}
    replaced = {row.row_number for row in found if "ING-ROW-REPLACED" in row.reasons}
    ragged = {row.row_number for row in found if "ING-ROW-RAGGED" in row.reasons}
    assert damaged and damaged <= replaced and ragged
    assert ragged == {number for number, line in enumerate(lines[1:], start=1) if len(line) != len(lines[0])}
    # one of them was found on paper, the others must be sent again
    first, *others = [row for row in found if row.row_number in damaged]
    body = "91430100MA4L2002X"
    code = body + uscc.check_character(body)
    typed = dict.fromkeys(lines[0], "") | {
        "企业名称": "长沙试验企业有限公司",
        "统一社会信用代码": code,
        "注册日期": "2002-05-06",
    }
    await repair(city, (first, typed), reason="据纸质档案")
    async with city.connection.transaction():
        await repairs.discard(
            city.connection, officer(), [row.quarantine_id for row in others], "字符已损坏，请重新报送"
        )
    await work(city, SOURCE)
    [row] = [row for row in await refused(city) if row.quarantine_id == first.quarantine_id]
    assert row.status == "repaired"
    assert "长沙试验企业有限公司" in {name for (name,) in await city.served("legal_entity", "entity_name")}
    left = await refused(city, status="open")
    assert not {row.row_number for row in left if row.batch_id == receipt["batch"]} & damaged


@pytest.mark.parametrize("intact", [42, pytest.param(4_941, marks=pytest.mark.soak)])
async def test_the_shifted_rows_of_jiangsu_are_put_where_they_belong(city: Any, shared_data: Path, intact: int) -> None:
    """The file ends in 71 damaged rows: of 58 every value stands one column off, 13 have a column more than the header."""
    whole = (shared_data / "03_legal_entities" / "raw" / "江苏_2002.csv").read_bytes().splitlines(keepends=True)
    path = city.folder / "江苏_2002.csv"
    path.write_bytes(whole[0] + b"".join(whole[-71 - intact :]))
    lines = rows_of(path)
    receipt = await deliver(city, path)
    assert receipt["received"] == len(lines) - 1 == intact + 71
    found = await traced(city, receipt, lines)
    assert (receipt["reasons"]["ING-ROW-REPLACED"], receipt["reasons"]["ING-ROW-RAGGED"]) == (71, 13)
    damaged = [row for row in found if "ING-ROW-REPLACED" in row.reasons]
    assert [row.row_number for row in damaged] == list(range(intact + 1, intact + 72))
    sent = {row.quarantine_id: opened(city.road.keys, row) for row in damaged}
    assert Counter(raw.fault for raw in sent.values()) == {"replaced": 58, "ragged,replaced": 13}
    before = dict(await city.served("legal_entity", "uscc", "entity_name"))

    # code and day of the ragged ones can be read still, under other headers; what they are called is known on paper
    typed: dict[int, dict[str, str | None]] = {}
    for row in damaged:
        cells = sent[row.quarantine_id].cells
        if "ING-ROW-RAGGED" in row.reasons:
            moved = {"统一社会信用代码": cells["注册日期"], "注册日期": cells["法人代表"]}
            name = f"江苏试验{len(typed) + 1}号有限公司"
            typed[row.quarantine_id] = dict.fromkeys(lines[0], "") | moved | {"企业名称": name}
    told = [(row, typed[row.quarantine_id]) for row in damaged if row.quarantine_id in typed]
    await repair(city, *told, reason="据纸质档案")
    lost = [row for row in damaged if row.quarantine_id not in typed]
    async with city.connection.transaction():
        await repairs.discard(city.connection, officer(), [row.quarantine_id for row in lost], "字符已损坏，请重新报送")
    await work(city, SOURCE)

    became = await fates(city, receipt["batch"])
    assert (became["repaired"], became["discarded"]) == (13, 58)
    assert became["open"] == receipt["quarantined"] - 71
    [batch] = await city.rows("SELECT * FROM jishi.batch WHERE kind = 'repair'")
    assert (batch["repairs"], batch["received"], batch["inserted"]) == (receipt["batch"], 13, 13)
    new = dict(await city.served("legal_entity", "uscc", "entity_name"))
    assert new == before | {cells["统一社会信用代码"]: cells["企业名称"] for cells in typed.values()}
    assert len(new) == len(before) + 13
    for row in lost:
        [step] = await steps(city.connection, row)
        assert (step.step, step.officer, step.reason) == ("discard", "user:hui", "字符已损坏，请重新报送")
