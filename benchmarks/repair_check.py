"""How long a steward waits: the Check of an edited row while the worker is idle and while a long batch runs, in one run.

A worker process of its own, as ``jishi work`` starts it; checks asked one after the other through the whole API. The peer is
the limit that was set, 3 s. Then the quarantine with 100,000 open rows: its first page of 100 rows under masks, and filters,
against one look-up of an entity. Exit code 1 where a target is missed.

    python benchmarks/repair_check.py [--checks 30] [--batch 400000] [--open 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import UUID, uuid4

import httpx

from jishi.access import clients
from jishi.identifiers import citizen_id
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.prepare import prepare
from jishi.quality.quarantine import Refused, row_context, store
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi_api.main import create_app
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

LIMIT_S = 3.0
TARGETS = {
    "check idle, p95 / limit": 1.0,
    "check busy, p95 / limit": 1.0,
    "first page / look-up": 10.0,
}
SOURCE = """
id = "bench"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "natural_person"
rank = 10
key = ["key"]
mode = "delta"
[thresholds]
max_failure_share = "off"
[map]
full_name = { from = "name", as = "person_name" }
id_number = { from = "number" }
sex_code = { from = "sex" }
hukou_address = { from = "address", as = "address" }
mobile = { from = "phone", as = "phone" }
"""


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=30)
    parser.add_argument("--batch", type=int, default=400_000)
    parser.add_argument("--open", type=int, default=100_000)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="jishi-bench-"))
    folder.chmod(0o755)
    settings = Settings(state=folder / "state", home=folder / "home")
    try:
        (folder / "home" / "sources").mkdir(parents=True)
        (folder / "home" / "sources" / "bench.toml").write_text(SOURCE, encoding="utf-8")
        prepare(settings)
        figures = asyncio.run(measure(settings, folder, args.checks, args.batch, args.open))
    finally:
        cluster.stop(settings)
        shutil.rmtree(folder, ignore_errors=True)
    missed = {name for name, target in TARGETS.items() if figures[name] > target}
    for name, value in figures.items():
        told = f"target {TARGETS[name]:g}  {'MISSED' if name in missed else 'met'}" if name in TARGETS else ""
        print(f"{name:<28} {value:10.4f}  {told}")
    return int(bool(missed))


def number_of(order: int) -> str:
    body = f"3205051880{order % 12 + 1:02d}01{order % 1000:03d}"
    return body + citizen_id.check_character(body)


def lines(rows: int, *, bad: bool) -> Iterator[str]:
    yield "key,name,number,sex,address,phone"
    for order in range(rows):
        body = f"32050518{order // 1000 % 100:02d}{order // 100_000 % 12 + 1:02d}{order // 1_200_000 + 1:02d}{order % 1000:03d}"
        number = "123" if bad else body + citizen_id.check_character(body)
        sex = "男" if int(body[16]) % 2 else "女"
        yield f"{'B' if bad else 'K'}{order},钱试{chr(0x4E00 + order % 5000)},{number},{sex},江苏省苏州市虎丘区枫桥街道{order}号,"


async def measure(settings: Settings, folder: Path, checks: int, batch: int, opened: int) -> dict[str, float]:
    road = Road.open(settings)
    connection = await connect(cluster.url(settings))
    environment = {**os.environ, "JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home_dir)}
    command = [str(Path(sys.executable).with_name("jishi")), "work"]
    with (folder / "work.log").open("w") as log:
        worker = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    figures: dict[str, float] = {}
    try:
        (folder / "bad.csv").write_text("\n".join(lines(checks * 2 + 5, bad=True)), encoding="utf-8")
        (folder / "good.csv").write_text("\n".join(lines(batch, bad=False)), encoding="utf-8")
        number = await submit(road, source_of(road, "bench"), folder / "bad.csv")
        await finish(road, number, lambda _: None)
        app = create_app(settings)
        made = await clients.create(connection, load_or_create(settings.key_path), "city", roles=("steward",))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            headers = {"X-API-Key": made.api_key}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://bench.test", headers=headers, timeout=60
            ) as client:
                rows = (await client.get("/stewardship/quarantine?limit=1000")).json()["rows"]
                await check(client, rows[:3])  # the first reads the places
                figures |= told("check idle", await check(client, rows[3 : 3 + checks]))
                begun = time.monotonic()
                long = await submit(road, source_of(road, "bench"), folder / "good.csv")
                await asyncio.sleep(1.0)
                busy, during = [], 0
                for row in rows[3 + checks :]:
                    busy += await check(client, [row])
                    if (
                        await connection.fetchval("SELECT status FROM jishi.batch WHERE batch_id = $1", long)
                        != "running"
                    ):
                        break
                    during += 1
                figures |= told("check busy", busy[: during or None])
                figures["checks while the batch ran"] = during
                await finish(road, long, lambda _: None)
                figures["batch, s"] = time.monotonic() - begun
                figures |= await pages(settings, connection, client, opened)
    finally:
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.wait(), 60)
        await connection.close()
    return figures


def told(name: str, seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=20)
    return {
        f"{name}, p50 s": cuts[9],
        f"{name}, p95 s": cuts[18],
        f"{name}, p95 / limit": cuts[18] / LIMIT_S,
        f"{name}, worst s": max(seconds),
    }


async def check(client: httpx.AsyncClient, rows: list[dict[str, object]]) -> list[float]:
    """Seconds until the answer, of each row in turn."""
    spent = []
    for place, row in enumerate(rows):
        begun = time.monotonic()
        cells = {"number": number_of(place), "name": "钱试真"}
        answer = await client.post(f"/stewardship/quarantine/{row['id']}/check", json={"cells": cells})
        while answer.status_code == 202 or answer.json()["status"] in (
            "queued",
            "running",
        ):  # took longer than it waits
            await asyncio.sleep(0.2)
            answer = await client.get(answer.json()["links"][0]["href"])
        assert answer.json()["status"] == "done", answer.text
        spent.append(time.monotonic() - begun)
    return spent


async def pages(settings: Settings, connection, client: httpx.AsyncClient, opened: int) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """The quarantine with many open rows, and a look-up beside it."""
    keys = load_or_create(settings.key_path)
    batch, source = await connection.fetchrow("SELECT batch_id, source_id FROM jishi.batch ORDER BY 1 LIMIT 1")
    cells = {"key": "K", "name": "钱试甲", "number": "123", "sex": "男", "address": "苏州市", "phone": None}
    rules = ("natural_person.id_number.readable", "natural_person.sex_code.code", "ING-ROW-RAGGED")
    raw = json.dumps(cells).encode()
    held = [
        Refused(
            10_000 + place,
            uuid4(),
            seal_bytes(raw, keys, context=row_context(batch, 10_000 + place)),
            [rules[place % 3]],
        )
        for place in range(opened)
    ]
    async with connection.transaction():
        await store(connection, batch, source, held, datetime.now(UTC))
    await connection.execute("ANALYZE jishi.quarantine")
    key = held[opened // 2].source_key
    found: dict[str, float] = {}
    for name, query in {
        "first page": "limit=100",
        "page by rule": f"limit=100&rule={rules[2]}",
        "page by element": "limit=100&element=sex_code",
        "page by key": f"key={key}",
        "page deep": f"limit=100&before={opened // 20}",
    }.items():
        found[f"{name}, s"] = await best(client, f"/stewardship/quarantine?{query}")
    uid = await connection.fetchval("SELECT uid FROM jishi.natural_person LIMIT 1")
    made = await clients.create(connection, keys, "reader")
    await connection.execute(
        "INSERT INTO jishi.access_grant (client_id, register, sharing, basis, created_by, masked)"
        " VALUES ($1, 'natural_person', 'conditional', 'b', 'b', '{full_name}')",
        made.client_id,
    )
    await asyncio.sleep(1.0)
    headers = {"X-API-Key": made.api_key}
    async with httpx.AsyncClient(transport=client._transport, base_url="http://bench.test", headers=headers) as reader:
        path = f"/collections/natural-persons/items/{UUID(str(uid))}?properties=full_name"
        found["look-up, s"] = await best(reader, path)
    found["first page / look-up"] = found["first page, s"] / found["look-up, s"]
    return found


async def best(client: httpx.AsyncClient, path: str) -> float:
    """The median of seven."""
    spent = []
    for _ in range(7):
        begun = time.monotonic()
        answer = await client.get(path)
        spent.append(time.monotonic() - begun)
        assert answer.status_code == 200, answer.text
    return sorted(spent)[3]


if __name__ == "__main__":
    sys.exit(main())
