"""The daily job: applies what has come into force and clears the landing zone of what nobody needs any more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jishi.settings import Settings
from jishi_ingest.road import Road
from jishi_ingest.run import finish, handlers, source_of, submit

DAYS_S = 86_400


async def _report(_: object) -> None:
    """Nobody waits."""


@pytest.fixture
def road(loaded_settings: Settings) -> Road:
    return Road(loaded_settings, loaded_settings.database_url or "")


async def test_the_turn_removes_old_deliveries_but_keeps_those_with_open_refused_rows(
    road: Road, tmp_path: Path
) -> None:
    good = tmp_path / "good.csv"
    good.write_text("企业名称,统一社会信用代码\n甲有限公司,91320505MA1MXJ0G0X\n", encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text("企业名称,统一社会信用代码\n乙有限公司,000000000000000000\n", encoding="utf-8")
    source = source_of(road, "enterprise-registration")
    receipts = [await finish(road, await submit(road, source, file), lambda _: None) for file in (good, bad)]
    assert [receipt["quarantined"] for receipt in receipts][1] == 1
    landed = sorted(road.settings.landing_dir.rglob("*.sealed"), key=lambda path: path.stat().st_mtime_ns)
    for path in landed:
        old = time.time() - (road.settings.landing_days + 1) * DAYS_S
        os.utime(path, (old, old))
    outcome = await handlers(road)["turn"]({}, _report)
    open_rows = sum(receipt["quarantined"] > 0 for receipt in receipts)
    assert outcome["purged"] == len(landed) - open_rows
    assert landed[1].exists()
