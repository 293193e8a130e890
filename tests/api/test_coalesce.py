from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from jishi.errors import InternalError
from jishi_api.coalesce import IN_FLIGHT, KEYS, LULL_S, Coalescer
from jishi_api.lanes import Lanes
from jishi_api.serving import Serving

STATEMENT = "SELECT uid, place_name FROM jishi.place WHERE uid = ANY($1) ORDER BY uid"
TEXTS = "SELECT t AS key, length(t) AS length FROM unnest($1::text[]) t"

Put = Callable[..., Awaitable[UUID]]


class Watched(Lanes):
    """Lanes that keep count: how many keys each statement asked for, and how many ran at once."""

    batches: list[int]
    at_once: int = 0
    most_at_once: int = 0
    pause_s: float = 0.0

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        assert isinstance(values[0], list)
        self.batches.append(len(values[0]))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.pause_s)
            return await super().fetch(statement, *values)
        finally:
            self.at_once -= 1


@pytest.fixture
def lanes(api: FastAPI) -> Watched:
    serving: Serving = api.state.serving
    lanes = Watched(lambda: serving._connect("test"), 4, queue=100, wait_s=5)
    lanes.batches = []
    return lanes


async def test_look_ups_that_wait_together_are_one_statement(lanes: Watched, put: Put) -> None:
    uids = [await put("place", number, place_type="poi", place_name=f"地点{number}") for number in range(1, 101)]
    lanes.pause_s = 0.02
    coalescer = Coalescer(lanes)
    rows = await asyncio.gather(*(coalescer.get("plan", STATEMENT, uid) for uid in uids))
    assert [row and row["place_name"] for row in rows] == [f"地点{number}" for number in range(1, 101)]
    assert sum(lanes.batches) == 100 and len(lanes.batches) <= 2, lanes.batches
    await lanes.close()


async def test_two_statements_at_most_are_under_way_and_none_is_too_long(lanes: Watched) -> None:
    lanes.pause_s = 0.01
    coalescer = Coalescer(lanes)

    async def later(number: int) -> Any:
        await asyncio.sleep(number % 7 / 500)
        return await coalescer.get("plan", TEXTS, f"{number:>{number % 40 + 5}}")

    rows = await asyncio.gather(*(later(number) for number in range(2000)))
    assert [row["length"] for row in rows] == [max(number % 40 + 5, len(str(number))) for number in range(2000)]
    assert lanes.most_at_once == IN_FLIGHT and max(lanes.batches) == KEYS and sum(lanes.batches) == 2000
    await lanes.close()


async def test_what_waits_for_the_same_key_asks_once(lanes: Watched) -> None:
    lanes.pause_s = 0.01
    coalescer = Coalescer(lanes)
    rows = await asyncio.gather(*(coalescer.get("plan", TEXTS, "same") for _ in range(50)))
    assert {row["length"] for row in rows if row} == {4} and lanes.batches == [1]
    await lanes.close()


async def test_keys_of_two_plans_never_share_a_statement(lanes: Watched) -> None:
    lanes.pause_s = 0.01
    coalescer = Coalescer(lanes)
    other = TEXTS.replace("length(t)", "-length(t)")
    asked = [coalescer.get(plan, text, "key") for _ in range(20) for plan, text in (("a", TEXTS), ("b", other))]
    rows = await asyncio.gather(*asked)
    assert [row and row["length"] for row in rows] == [3, -3] * 20
    assert lanes.batches == [1, 1]
    with pytest.raises(ValueError, match="two statements"):
        await asyncio.gather(coalescer.get("a", TEXTS, "key"), coalescer.get("a", other, "key"))
    await lanes.close()


async def test_values_beyond_the_key_are_bound_for_all(lanes: Watched) -> None:
    coalescer = Coalescer(lanes)
    statement = f"{TEXTS} WHERE length(t) < $2"
    rows = await asyncio.gather(*(coalescer.get("plan", statement, "x" * size, 3) for size in range(1, 6)))
    assert [row and row["length"] for row in rows] == [1, 2, None, None, None]
    await lanes.close()


async def test_a_key_with_several_rows_gets_them_all(lanes: Watched) -> None:
    coalescer = Coalescer(lanes)
    statement = "SELECT t AS key, n FROM unnest($1::text[]) t, generate_series(1, 3) n ORDER BY t, n"
    first, second = await asyncio.gather(*(coalescer.find("plan", statement, key) for key in ("a", "b")))
    assert [row["n"] for row in first] == [row["n"] for row in second] == [1, 2, 3]
    await lanes.close()


async def test_a_bad_key_fails_alone(lanes: Watched) -> None:
    lanes.pause_s = 0.01
    coalescer = Coalescer(lanes)
    keys: list[object] = ["one", "nul\0", "three", 4, "fifth"]
    outcome = await asyncio.gather(*(coalescer.get("plan", TEXTS, key) for key in keys), return_exceptions=True)
    lengths = [one if isinstance(one, BaseException) or one is None else one["length"] for one in outcome]
    assert lengths[0] == 3 and lengths[2] == lengths[4] == 5
    assert all(isinstance(lengths[at], (asyncpg.DataError, ValueError)) for at in (1, 3)), lengths
    await lanes.close()


async def test_who_no_longer_waits_is_left_out(lanes: Watched) -> None:
    lanes.pause_s = 0.02
    coalescer = Coalescer(lanes)
    busy = [asyncio.create_task(coalescer.get("plan", TEXTS, f"busy{number}")) for number in range(2)]
    await asyncio.sleep(0)
    gone = [asyncio.create_task(coalescer.get("plan", TEXTS, f"gone{number}")) for number in range(5)]
    stays = asyncio.create_task(coalescer.get("plan", TEXTS, "stays"))
    await asyncio.sleep(0.005)
    for task in gone:
        task.cancel()
    row = await stays
    assert row is not None and row["length"] == 5
    await asyncio.gather(*busy, *gone, return_exceptions=True)
    assert sum(lanes.batches) <= 2 + 1 + 5 and not coalescer._groups
    await lanes.close()


async def test_a_lost_database_is_told_to_everybody_who_waits() -> None:
    async def refuse() -> Any:
        raise ConnectionRefusedError

    coalescer = Coalescer(Lanes(refuse, 2, queue=10, wait_s=1))
    asked = (coalescer.get("plan", TEXTS, str(number)) for number in range(10))
    outcome = await asyncio.gather(*asked, return_exceptions=True)
    assert {one.code for one in outcome if isinstance(one, InternalError)} == {"STO-CONNECT"} and len(outcome) == 10
    assert not coalescer._groups


async def test_the_lull_ends_with_the_look_up_under_way_and_never_keeps_anybody_long(lanes: Watched) -> None:
    coalescer = Coalescer(lanes)
    loop = asyncio.get_running_loop()
    await coalescer.get("plan", STATEMENT, UUID(int=1))

    async def lull() -> float:
        started = loop.time()
        await coalescer.lull()
        return loop.time() - started

    assert await lull() < LULL_S / 2, "nothing is under way"
    lanes.pause_s = LULL_S * 20
    slow = asyncio.create_task(coalescer.get("plan", STATEMENT, UUID(int=2)))
    await asyncio.sleep(0.01)
    assert LULL_S / 2 < await lull() < LULL_S * 15 and not slow.done()
    await slow
    lanes.pause_s = LULL_S / 5
    quick = asyncio.create_task(coalescer.get("plan", STATEMENT, UUID(int=3)))
    await asyncio.sleep(0)
    await coalescer.lull()
    await quick
    assert await lull() < LULL_S / 2
    await lanes.close()
