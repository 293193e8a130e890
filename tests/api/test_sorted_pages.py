"""Pages in any order: every row once, whatever directions and missing values, while others write."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from jishi.access.grants import standing
from jishi.registers.catalog import register_of
from jishi_api import sorted_pages, sql
from jishi_api.query import plan_items

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]

INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
ROWS = """
-- Places of few categories and roads, some without one.
INSERT INTO jishi.place (uid, place_type, place_name, category, addr_road, county_code, effective_from, recorded_at, state,
  in_version, batch_id)
SELECT gen_random_uuid(), 'poi', '地点' || n,
  CASE WHEN n % 7 > 0 THEN (ARRAY['教育', '餐饮', '医疗'])[n % 3 + 1] END,
  CASE WHEN n % 5 > 0 THEN '路' || n % 4 END,
  CASE WHEN n % 11 > 0 THEN (320500 + n % 3)::text END,
  $1, $1, 'active', false, 1
FROM generate_series(1, $2::int) n
"""


async def walk(client: httpx.AsyncClient, sortby: str, limit: int) -> list[dict[str, Any]]:
    asked = {"sortby": sortby, "limit": str(limit), "properties": "place_name,category,addr_road,county_code"}
    found: list[dict[str, Any]] = []
    following: str | None = f"/collections/places/items?{httpx.QueryParams(asked)}"
    while following:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        found += answer.json()["features"]
        following = next((link["href"] for link in answer.json()["links"] if link["rel"] == "next"), None)
    return found


@pytest.mark.parametrize(
    "sortby",
    [
        "category,addr_division_code",
        "-category,addr_division_code",
        "category,-county_code",
        "-category,-place_name",
        "county_code,-category,place_name",
        "-county_code,category,-place_name",
    ],
)
async def test_a_walk_in_any_order_meets_every_row_once(
    caller: httpx.AsyncClient, connection: Connection[Any], sortby: str
) -> None:
    await connection.execute(ROWS, INSTANT, 231)
    found = await walk(caller, sortby, 17)
    assert len({feature["id"] for feature in found}) == len(found) == 231
    keys = [(part.lstrip("-"), " DESC" if part.startswith("-") else "") for part in sortby.split(",")]
    order = ", ".join([*(f"{name}{way} NULLS LAST" for name, way in keys), f"uid{keys[0][1]}"])
    wanted = await connection.fetch(f"SELECT uid FROM jishi.place ORDER BY {order}")
    assert [feature["id"] for feature in found] == [str(row["uid"]) for row in wanted]


@pytest.mark.parametrize(
    "sortby", ["category,category", "category,county_code,addr_division_code,place_name", "uid,category", "x,category"]
)
async def test_an_order_that_is_none_is_refused(api: FastAPI, caller: httpx.AsyncClient, sortby: str) -> None:
    answer = await caller.get(f"/collections/places/items?sortby={sortby}")
    assert answer.status_code == 400 and {error["name"] for error in answer.json()["errors"]} == {"sortby"}


async def test_a_cursor_serves_no_other_order(caller: httpx.AsyncClient, connection: Connection[Any]) -> None:
    await connection.execute(ROWS, INSTANT, 30)
    page = (await caller.get("/collections/places/items?sortby=category,county_code&limit=5")).json()
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    for other in ("category,-county_code", "category", "county_code,category"):
        url = httpx.URL(following).copy_set_param("sortby", other)
        assert (await caller.get(url)).status_code == 400


@pytest.mark.parametrize("sortby", ["category", "-category", "category,-county_code"])
async def test_a_page_deep_inside_begins_in_an_index(
    api: FastAPI, caller: httpx.AsyncClient, connection: Connection[Any], sortby: str
) -> None:
    """No plan reads or sorts the whole collection."""
    await connection.execute(ROWS, INSTANT, 20_000)
    await connection.execute("ANALYZE jishi.place")
    register = register_of("places")
    grant = standing("anybody", register)
    secret = api.state.serving.cursor_secret
    asked = [("sortby", sortby), ("limit", "100"), ("properties", "place_name")]
    first = (await caller.get(f"/collections/places/items?{httpx.QueryParams(dict(asked))}")).json()
    assert len(first["features"]) == 100
    question = plan_items(register, grant, asked, secret)
    middle = await connection.fetchrow(
        "SELECT uid, category, county_code FROM jishi.place WHERE category = '教育' AND county_code IS NOT NULL"
        " ORDER BY uid OFFSET 1000 LIMIT 1"
    )
    many = bool(question.page.order.more)
    key: Any = (middle["category"], middle["county_code"]) if many else middle["category"]
    page = sql.Page(order=question.page.order, after=sql.Position(middle["uid"], key), limit=100)
    statement = (sorted_pages if many else sql).page(question.plan, page)
    plan = "\n".join(
        row[0]
        for row in await connection.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement.text}", *statement.values
        )
    )
    assert "place_poi_category_uid_idx" in plan, plan
    assert "Seq Scan on place_poi" not in plan, plan


async def _walk_while_writing(caller: httpx.AsyncClient, connection: Connection[Any], rows: int, sortby: str) -> None:
    """What existed throughout is met exactly once, though others are put in, changed and taken away all the time."""
    await connection.execute(ROWS, INSTANT, rows)
    uids = [row["uid"] for row in await connection.fetch("SELECT uid FROM jishi.place")]
    dice = random.Random(5)
    doomed = set(dice.sample(uids, rows // 20))
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        left = list(doomed)
        while not stop.is_set():
            await connection.execute(ROWS, INSTANT, 50)
            await connection.execute(
                "UPDATE jishi.place SET phone = $2, recorded_at = now() WHERE uid = ANY($1)",
                dice.sample(uids, 50),
                "0512",
            )
            await connection.execute(
                "DELETE FROM jishi.place WHERE uid = ANY($1)", [left.pop() for _ in range(min(5, len(left)))]
            )
            written += 1
            await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    found = [UUID(feature["id"]) for feature in await walk(caller, sortby, max(50, rows // 40))]
    stop.set()
    await writing
    assert written > 3
    assert len(set(found)) == len(found)
    assert set(uids) - doomed <= set(found)


@pytest.mark.parametrize("sortby", ["uid", "category", "-county_code,category"])
async def test_a_walk_during_writes_repeats_and_skips_nothing(
    caller: httpx.AsyncClient, connection: Connection[Any], sortby: str
) -> None:
    await _walk_while_writing(caller, connection, 3_000, sortby)


@pytest.mark.soak
@pytest.mark.parametrize("sortby", ["uid", "category", "-county_code,category"])
async def test_a_walk_of_200_000_during_writes_repeats_and_skips_nothing(
    caller: httpx.AsyncClient, connection: Connection[Any], sortby: str
) -> None:
    await _walk_while_writing(caller, connection, int(os.environ.get("JISHI_WALK_ROWS", "200000")), sortby)
