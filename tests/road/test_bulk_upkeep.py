"""What is kept only for a time: changes and exports; and the worker that makes exports beside the road in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from jishi.access import clients
from jishi.access.grants import STANDING
from jishi.delivery import export_store
from jishi.delivery.export_store import Export
from jishi.golden.feed import prune_changes
from jishi.identifiers.keys import load_or_create
from jishi_ingest.purge import purge
from jishi_ingest.run import exporter, worker


async def test_changes_go_when_their_time_is_over_and_the_register_remembers_how_far(
    city: Any, invent: dict[str, Any]
) -> None:
    source = city.declare("firms")
    uscc = invent["uscc"]
    await city.deliver(
        source, [{"key": n, "name": f"苏州测试{n}有限公司", "code": uscc(n), "city": "甲"} for n in (1, 2, 3)]
    )
    await city.connection.execute("UPDATE jishi.change SET recorded_at = recorded_at - interval '401 days'")
    await city.deliver(source, [{"key": 1, "name": "苏州测试1有限公司", "code": uscc(1), "city": "乙"}])
    purged = await purge(city.road, datetime.now(UTC))
    assert purged.changes == 3
    assert await city.rows("SELECT seq FROM jishi.change") == [{"seq": 4}]
    assert await city.value("SELECT pruned_seq FROM jishi.register_state WHERE name = 'legal_entity'") == 3
    assert (await purge(city.road, datetime.now(UTC))).changes == 0
    await city.deliver(source, [{"key": 1, "name": "苏州测试1有限公司", "code": uscc(1), "city": "丙"}])
    assert await city.value("SELECT max(seq) FROM jishi.change") == 5


async def test_many_changes_go_a_little_at_a_time(city: Any) -> None:
    await city.connection.execute(
        "INSERT INTO jishi.register_state (register, name, last_seq, last_recorded_at, last_contribution_id, turned_to)"
        " VALUES (3, 'place', 25000, now(), 0, now())"
    )
    await city.connection.execute(
        "INSERT INTO jishi.change (register, seq, uid, type, recorded_at, effective_from)"
        " SELECT 3, n, gen_random_uuid(), 'create', now() - interval '500 days', now() FROM generate_series(1, 24000) n"
    )
    assert await prune_changes(city.connection, datetime.now(UTC) - timedelta(days=400)) == 24000
    assert await city.value("SELECT pruned_seq FROM jishi.register_state") == 24000


async def test_exports_are_taken_by_their_own_worker_and_leave_with_their_time(
    city: Any, invent: dict[str, Any]
) -> None:
    source = city.declare("firms")
    await city.deliver(source, [{"key": 1, "name": "苏州测试有限公司", "code": invent["uscc"](1), "city": "甲"}])
    made = await clients.create(city.connection, load_or_create(city.settings.key_path), "reader")
    wanted = Export(
        uuid4(), made.client_id, STANDING, 2, "ndjson", {"properties": ["entity_name"]}, None, None, request_id=uuid4()
    )
    assert await export_store.add(city.connection, wanted)
    lane = f"export:{made.client_id}"
    await worker(city.road).run_lane(lane)
    assert await city.value("SELECT status FROM jishi.job WHERE lane = $1", lane) == "queued", "no work of the road in"
    await exporter(city.road).run_lane(lane)
    job = (await city.rows("SELECT status, result FROM jishi.job WHERE lane = $1", lane))[0]
    assert job["status"] == "done" and json.loads(job["result"]) == {"status": "done"}
    found = await export_store.find(city.connection, wanted.export_id)
    assert found is not None and found.status == "done" and found.rows == 1 and found.seq == 1
    assert (await purge(city.road, datetime.now(UTC) + timedelta(hours=23))).exports == 0
    assert (await purge(city.road, datetime.now(UTC) + timedelta(hours=25))).exports == 1
    assert list(city.settings.exports_dir.iterdir()) == []
