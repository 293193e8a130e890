"""What the console's pages of quality show: batches with rules, failing rows, Great Expectations' page, scores, charts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality.indicators import load_indicators
from jishi.quality.quarantine import row_context
from jishi.quality.score_store import compute_months
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

NAME, CHECK, SHAPE = (
    f"natural_person.{rule}" for rule in ("full_name.required", "id_number.check_character", "mobile.shape")
)
SECRET = "甄姓名"
FAILING = 8
PAGE = '<!DOCTYPE html><html lang="en"><title>Data Docs</title><h1>Great Expectations Data Docs</h1></html>'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="560" height="280"><text x="20" y="40">规范性</text></svg>'


async def add_reports(settings: Settings, connection: Connection[Any]) -> None:
    """Rules in all published batches of the population, rows in the last one; what a worker makes of it."""
    keys = load_or_create(settings.key_path)
    await connection.execute(_NEWEST)
    batches = await connection.fetch(
        "SELECT b.batch_id, b.source_id, b.received FROM jishi.batch b JOIN jishi.source s USING (source_id)"
        " WHERE s.name = 'population' AND b.status IN ('published', 'held') ORDER BY batch_id"
    )
    for position, batch in enumerate(batches):
        rows = batch["received"]
        rules = [told(NAME, rows, 3 + position, "姓名"), told(CHECK, rows, FAILING, "身份证号")]
        rules += [told(SHAPE, rows, 2, "电话", "warn"), told("ING-ROW-RAGGED", rows, 0)]
        await connection.execute(
            "UPDATE jishi.batch SET rules = $2, reasons = $3, warnings = $4, columns = $5, finished_at = delivered_at"
            " WHERE batch_id = $1",
            batch["batch_id"],
            json.dumps(rules, ensure_ascii=False),
            json.dumps({NAME: 3 + position, CHECK: FAILING}),
            json.dumps({SHAPE: 2}),
            json.dumps({"姓名": ["full_name"], "身份证号": ["id_number"], "电话": ["mobile"]}, ensure_ascii=False),
        )
    last = batches[-1]["batch_id"]
    for number in range(1, FAILING + 1):
        cells = {"姓名": SECRET if number > 3 else None, "身份证号": f"32050519900307001{number}", "电话": "1380000"}
        raw = json.dumps({**cells, "备注": "=1+1", "row_number": number, "row_fault": None}, ensure_ascii=False)
        sealed = seal_bytes(raw.encode(), keys, settings.cipher, context=row_context(last, number))
        reasons = [CHECK, *([NAME] if number <= 3 else [])]
        await connection.execute(
            "INSERT INTO jishi.quarantine (batch_id, source_id, source_key, row_number, raw, reasons, opened_at)"
            " VALUES ($1, $2, gen_random_uuid(), $3, $4, $5, now())",
            *(last, batches[-1]["source_id"], number, sealed, reasons),
        )
    for rule, numbers in ((CHECK, range(1, FAILING + 1)), (NAME, range(1, 4))):
        await connection.execute(
            "INSERT INTO jishi.failing_rows SELECT $1, $2, 0, max(n), array_agg(n), array_agg(gen_random_uuid())"
            " FROM unnest($3::bigint[]) AS n",
            *(last, rule, list(numbers)),
        )
    await connection.execute(
        "INSERT INTO jishi.validation (batch_id, rules_version, document, page) VALUES ($1, '1', '{}', $2)", last, PAGE
    )
    await connection.execute(
        "INSERT INTO jishi.failing_county VALUES ($1, '320505', 900, 8), ($1, '320506', 90, 0)", last
    )
    await compute_months(connection, load_indicators(settings), "Asia/Shanghai")
    await connection.execute(_A_MONTH_BEFORE)
    for chart in ("trend", "registers", "counties"):
        for language in ("zh-CN", "en"):
            await connection.execute(
                "INSERT INTO jishi.quality_chart VALUES ($1, '', $2, 'x', $3, $4)",
                *(chart, language, SVG, datetime.now(UTC)),
            )


def told(rule: str, evaluated: int, failed: int, column: str = "", severity: str = "refuse_row") -> dict[str, Any]:
    """One rule as the ledger keeps it."""
    columns = [column] if column else []
    return {"rule": rule, "evaluated": evaluated, "failed": failed, "severity": severity, "columns": columns}


_A_MONTH_BEFORE = """
-- What was measured this month was measured the month before too, and half of it was worse.
INSERT INTO jishi.score (month, register, source, indicator, measure, rules_version, department, numerator, denominator, batches)
SELECT month - interval '1 month', register, source, indicator, measure, rules_version, department, numerator / 2, denominator,
  batches
FROM jishi.score WHERE register = 'natural_person'"""

_NEWEST = """
-- One more delivery of the population, the newest of all, so that lists lead to it.
INSERT INTO jishi.batch (
  source_id, status, file_name, landing, sha256, bytes, finished_at,
  received, unchanged, inserted, updated, ended, quarantined, held, duplicate
)
SELECT source_id, 'published', '', '', '', 0, now(), 1260, 1220, 20, 12, 0, 8, 0, 0
FROM jishi.source WHERE name = 'population'"""
