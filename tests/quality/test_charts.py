"""Charts are drawn offline from what is kept, and hold what they show as text."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import asyncpg

from jishi.quality.charts import CHARTS, draw_charts, kept_chart
from jishi.quality.indicators import load_indicators
from jishi.settings import Settings

OURS, SQUARE = "113205000000900347", "POLYGON((120.4 31.2,120.6 31.2,120.6 31.4,120.4 31.4,120.4 31.2))"


async def test_charts_are_drawn_once_for_all_and_for_each_department(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO jishi.score VALUES ('2026-10-01', 'legal_entity', 'a', '0201', 'x', '1', $1, 9, 10, 1),"
        " ('2026-11-01', 'legal_entity', 'a', '0105', 'y', '1', $1, 95, 100, 1),"
        " ('2026-11-01', 'place', 'b', '0201', 'z', '1', '', 0, 0, 1)",
        OURS,
    )
    await connection.execute(
        "INSERT INTO jishi.source (source_id, name, title, register, department, mode, version)"
        " OVERRIDING SYSTEM VALUE VALUES (7, 'a', '', 'legal_entity', $1, 'full', '')",
        OURS,
    )
    batch = await connection.fetchval(
        "INSERT INTO jishi.batch (source_id, status, file_name, landing, sha256, bytes)"
        " VALUES (7, 'published', '', '', '', 0) RETURNING batch_id"
    )
    await connection.execute("INSERT INTO jishi.failing_county VALUES ($1, '320505', 100, 3)", batch)
    row = {"uid": "01920000-0000-7000-8000-000000000001", "place_type": "division", "place_name": "虎丘区"}
    row |= {"code_system": "mca", "division_code": "320505", "division_level_code": "county", "state": "active"}
    row |= {"geom": f"SRID=4490;{SQUARE}", "effective_from": "2026-01-01", "recorded_at": "2026-01-01"}
    names = ", ".join([*row, "in_version", "batch_id"])
    told = json.dumps({**row, "in_version": False, "batch_id": 1})
    await connection.execute(
        f"INSERT INTO jishi.place ({names}) SELECT {names} FROM jsonb_populate_record(NULL::jishi.place, $1)", told
    )
    indicators = load_indicators(Settings())

    assert await draw_charts(connection, indicators, "3205") == 2 * 2 * len(CHARTS)
    assert await draw_charts(connection, indicators, "3205") == 0
    for chart in CHARTS:
        for department in (None, OURS):
            svg = await kept_chart(connection, chart, department, "zh-CN")
            assert svg is not None
            root = ElementTree.fromstring(svg)  # noqa: S314  our own
            assert root.tag.endswith("svg") and "<script" not in svg and "href=" not in svg.replace("xmlns:xlink", "")
    trend = await kept_chart(connection, "trend", None, "zh-CN") or ""
    assert all(word in trend for word in ("2026-10", "2026-11", "完整性", "规范性"))
    assert "Completeness" in (await kept_chart(connection, "trend", None, "en") or "")
    assert "95.0%" in (await kept_chart(connection, "registers", None, "zh-CN") or "")
    assert await kept_chart(connection, "trend", "11320500000090093A", "en") is None
    assert await connection.fetchval("UPDATE jishi.score SET numerator = 8 WHERE measure = 'x' RETURNING 1") == 1
    assert await draw_charts(connection, indicators, "3205") == 4
