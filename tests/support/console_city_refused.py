"""Refused rows, repairs and a held batch for the console of the browser tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality import quarantine_search
from jishi.quality.quarantine import Refused, row_context, store
from jishi.quality.quarantine_search import Wanted
from jishi.settings import Settings
from jishi.stewardship import bulk_repairs, repairs
from jishi.stewardship.bulk_repairs import Filter
from jishi.stewardship.cell_mapping import CellMapping
from jishi.stewardship.repairs import Edit

if TYPE_CHECKING:
    from asyncpg import Connection


REFUSED = (
    (
        {"姓名": "陈试甲", "公民身份号码": "320505188605070259", "性别": "男"},
        ["natural_person.id_number.check_character"],
    ),
    (
        {"姓名": "陈试乙", "公民身份号码": "3.2E+17", "性别": "7"},
        ["natural_person.id_number.readable", "natural_person.sex_code.code"],
    ),
    ({"姓名": None, "公民身份号码": "320505188605070253", "性别": "女"}, ["natural_person.full_name.required"]),
)
MISPLACED = (
    ({"名称": "试验公园", "经度": "31.3", "纬度": "120.6"}, ["place.geom.inside_city"]),
    ({"名称": "试验广场", "经度": "121.9", "纬度": "31.4"}, ["place.geom.inside_city"]),
    ({"名称": "试验码头", "经度": "120.62", "纬度": "31.31"}, ["place.geom.offset_m"]),
)


async def add_refused(settings: Settings, connection: Connection[Any]) -> None:
    """Rows of persons and of places in the quarantine; one is under repair, and a bulk repair was asked for."""
    persons = await connection.fetchval(
        "SELECT max(batch_id) FROM jishi.batch JOIN jishi.source s USING (source_id)"
        " WHERE s.name = 'population' AND status = 'published'"
    )
    columns = {"姓名": ["full_name"], "公民身份号码": ["id_number"], "性别": ["sex_code"]}
    await connection.execute("UPDATE jishi.batch SET columns = $2 WHERE batch_id = $1", persons, json.dumps(columns))
    places = await connection.fetchval(
        """
        WITH s AS (
          INSERT INTO jishi.source (name, title, register, department, mode, version)
          VALUES ('places', '地点', 'place', '11320500000090077L', 'delta', 'a1b2c3') RETURNING source_id
        )
        INSERT INTO jishi.batch (source_id, status, file_name, landing, sha256, bytes, finished_at, columns)
        SELECT source_id, 'published', '', '', '', 0, now(), $1 FROM s RETURNING batch_id""",
        json.dumps({"名称": ["place_name"], "经度": ["geom"], "纬度": ["geom"]}),
    )
    keys = load_or_create(settings.key_path)
    for batch, rows in ((persons, REFUSED), (places, MISPLACED)):
        source = await connection.fetchval("SELECT source_id FROM jishi.batch WHERE batch_id = $1", batch)
        kept = [
            Refused(
                place,
                UUID(int=place),
                seal_bytes(json.dumps(cells).encode(), keys, context=row_context(batch, place)),
                reasons,
            )
            for place, (cells, reasons) in enumerate(rows, start=1)
        ]
        async with connection.transaction():
            await store(connection, batch, source, kept, datetime.now(UTC))
    everybody = Officer(Actor("user", "everything"), None, frozenset({"steward"}))
    found = await quarantine_search.search(connection, everybody, Wanted("open", batch=persons))
    async with connection.transaction():
        edit = Edit(found[0], {"姓名": "陈试丙"})
        await repairs.submit(connection, keys, settings.cipher, everybody, [edit], "核对原件")
        await bulk_repairs.ask(
            *(
                connection,
                keys,
                settings.cipher,
                everybody,
                Filter(batch=persons),
                CellMapping(transforms={"性别": "trim"}),
            ),
            dry=True,
            reason="去掉空白",
            request_id=None,
        )


async def add_preview(settings: Settings, connection: Connection[Any]) -> None:
    """Why a batch is held, and a finished preview of it."""
    held = await connection.fetch("SELECT batch_id FROM jishi.batch WHERE status = 'held' ORDER BY 1")
    note = json.dumps([{"code": "QLT-HELD-ENDINGS", "endings": 240, "live": 1200, "share": "20%", "limit": "5%"}])
    await connection.execute("UPDATE jishi.batch SET notes = $1, finished_at = now() WHERE status = 'held'", note)
    sample = [
        {
            "uid": "0192aaaa-0000-7000-8000-000000000001",
            "type": "change",
            "elements": ["mobile", "hukou_address"],
            "before": {"mobile": "139****0000", "hukou_address": "江苏省苏州市***"},
            "after": {"mobile": "139****2222", "hukou_address": "江苏省苏州市虎丘区***"},
        },
        {"uid": None, "type": "create", "elements": ["full_name"], "before": {}, "after": {"full_name": "陈**"}},
    ]
    result = {
        "rows": {
            "received": 1220,
            "unchanged": 900,
            "inserted": 60,
            "updated": 20,
            "ended": 0,
            "ended_by_absence": 240,
        },
        "entities": {"create": 60, "change": 20, "end": 240, "withhold": 0},
        "review": 1,
        "sample": sample,
        "holders": [{"department": "113205000000900347", "subjects": 12, "follows": True}],
    }
    preview = await connection.fetchval(
        "INSERT INTO jishi.batch_preview (batch_id, officer) VALUES ($1, 'user:everything') RETURNING preview_id",
        held[0]["batch_id"],
    )
    await connection.execute(
        "UPDATE jishi.batch_preview SET status = 'done', result = $2, finished_at = now() WHERE preview_id = $1",
        preview,
        json.dumps(result),
    )
    await connection.execute(
        "INSERT INTO jishi.batch_decision (batch_id, act, officer, reason, carried_out)"
        " VALUES ($1, 'release', 'user:hui', '已与部门核实', false)",
        held[0]["batch_id"],
    )
