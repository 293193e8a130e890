"""The real defective files, each traced from its report to the raw row and on to repair or discard."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from jishi.identifiers import uscc
from jishi.quality.batch_report import read_report
from jishi.quality.quarantine_search import Entry, opened
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
    """Every row that the report names stands in the quarantine as it stands in the file."""
    report = await read_report(city.connection, receipt["batch"], "en", page_size=10_000)
    named = {row.row for rule in report.rules if rule.kind == "refused" for row in rule.failing}
    found = await refused(city, batch=receipt["batch"], status="open")
    assert {row.row_number for row in found} == named and len(found) == receipt["quarantined"]
    counted = Counter(reason for row in found for reason in row.reasons)
    assert counted == Counter(receipt["reasons"])
    header, body = lines[0], lines[1:]
    for row in found:
        raw = opened(city.road.keys, row)
        cells = [raw.cells[name] or "" for name in header]
        assert cells == (body[row.row_number - 1] + [""] * len(header))[: len(header)]
    return found


async def test_twenty_eight_codes_with_a_wrong_check_character(city: Any, shared_data: Path) -> None:
    path = shared_data / "03_legal_entities" / "uscc_invalid_real_A.csv"
    receipt = await deliver(city, path)
    assert (receipt["received"], receipt["quarantined"]) == (28, 28)
    found = await traced(city, receipt, rows_of(path))
    # what the original says is typed in for some, the others are nobody's
    mended, given_up = found[:20], found[20:]
    codes = {row.quarantine_id: str(opened(city.road.keys, row).cells["code"]) for row in mended}
    good = {number: code[:17] + uscc.check_character(code[:17]) for number, code in codes.items() if _shaped(code)}
    await repair(city, *((row, {"code": good[row.quarantine_id]}) for row in mended if row.quarantine_id in good))
    async with city.connection.transaction():
        rest = [row.quarantine_id for row in (*mended, *given_up) if row.quarantine_id not in good]
        await repairs.discard(city.connection, officer(), rest, "查无此统一社会信用代码")
    await work(city, SOURCE)
    served = {row[0] for row in await city.served("legal_entity", "uscc")}
    assert served == set(good.values()) and await refused(city, status="open") == []
    statuses = Counter(row.status for row in await refused(city))
    assert statuses == {"repaired": len(good), "discarded": 28 - len(good)} and len(good) > 10


def _shaped(code: str) -> bool:
    return len(code) == 18 and all(character in uscc.ALPHABET for character in code)


async def test_a_hundred_and_sixty_five_rows_with_codes_used_twice(city: Any, shared_data: Path) -> None:
    path = shared_data / "03_legal_entities" / "duplicate_codes_real_A.csv"
    receipt = await deliver(city, path)
    assert receipt["received"] == 165 and receipt["duplicate"] > 0
    found = [row for row in await traced(city, receipt, rows_of(path)) if "ING-KEY-CONFLICT" in row.reasons]
    by_key: dict[Any, list[Entry]] = {}
    for row in found:
        by_key.setdefault(row.source_key, []).append(row)
    assert by_key and all(len(rows) > 1 for rows in by_key.values())
    # a steward says which of the rows of a code is right; it is sent as it was received, and the others are closed
    chosen = {key: rows[0] for key, rows in by_key.items()}
    await repair(city, *((row, {}) for row in chosen.values()), reason="以营业执照为准")
    await work(city, SOURCE)
    left = await refused(city, status="open")
    assert [row for row in left if row.source_key in chosen and "ING-KEY-CONFLICT" in row.reasons] == []
    after = {row.quarantine_id: row for row in await refused(city)}
    assert {after[row.quarantine_id].status for row in chosen.values()} <= {"repaired", "superseded"}
    names = {row[0] for row in await city.served("legal_entity", "entity_name")}
    passed = [row for row in chosen.values() if after[row.quarantine_id].status == "repaired"]
    told = [str(opened(city.road.keys, row).cells["name"]).replace("(", "（").replace(")", "）") for row in passed]
    assert len(passed) > 10 and len([name for name in told if name in names]) > len(told) // 2


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
