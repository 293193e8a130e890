from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jishi.access.grants import Grant
from jishi.access.quotas import Quotas, Rates, block
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection

GRANT = Grant(1, "c-1", "natural_person", rate_per_minute=6, quota_per_day=100)


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: datetime = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon in the city

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_bucket_holds_a_minutes_requests_and_fills_evenly() -> None:
    clock = Clock()
    rates = Rates(clock=clock.seconds)
    left = [(one.allowed, one.remaining) for _ in range(8) if (one := rates.take(GRANT)) is not None]
    assert left == [(True, 5), (True, 4), (True, 3), (True, 2), (True, 1), (True, 0), (False, 0), (False, 0)]
    refused = rates.take(GRANT)
    assert refused is not None and (refused.name, refused.limit, refused.window_s) == ("rate", 6, 60)
    assert refused.reset_s == 10  # when the next one is allowed
    clock.pass_(9)
    assert not (again := rates.take(GRANT)) or not again.allowed
    clock.pass_(1.01)
    assert (allowed := rates.take(GRANT)) and allowed.allowed
    clock.pass_(3600)
    assert (full := rates.take(GRANT)) and full.remaining == 5  # never more than a minute's worth


def test_buckets_are_each_grants_own_and_shared_by_the_processes() -> None:
    rates = Rates(processes=2, clock=Clock().seconds)
    other = replace(GRANT, grant_id=2)
    assert [one.allowed for _ in range(4) if (one := rates.take(GRANT))] == [True, True, True, False]
    assert (one := rates.take(other)) and one.allowed
    assert rates.take(replace(GRANT, rate_per_minute=None)) is None
    assert (single := Rates(processes=8).take(replace(GRANT, rate_per_minute=1))) and single.allowed
    rates.keep(frozenset({2}))
    assert (anew := rates.take(GRANT)) and anew.remaining == 2  # a revoked grant's bucket is forgotten


async def test_no_subject_above_the_quota_is_delivered(connection: Connection[Any]) -> None:
    quotas = Quotas(clock=Clock().seconds)
    delivered = 0
    for _ in range(60):
        allowance = await quotas.take(connection, GRANT, 3)
        assert allowance is not None
        delivered += 3 * allowance.allowed
    assert delivered == 99
    assert allowance is not None and not allowance.allowed and allowance.remaining == 1
    assert (allowance.limit, allowance.window_s, allowance.reset_s) == (100, 86_400, 43_200)
    last = await quotas.take(connection, GRANT, 1)
    assert last is not None and last.allowed and last.remaining == 0
    assert await quotas.left(connection, GRANT) == 0


async def test_two_processes_together_never_exceed_it_and_keep_back_at_most_a_block_each(
    connection: Connection[Any], database: str
) -> None:
    await roles.grant_all(connection)
    grant = replace(GRANT, quota_per_day=1_000)
    lanes = [await engine.connect(database, role=roles.API) for _ in range(2)]
    processes = [Quotas(clock=Clock().seconds) for _ in lanes]

    async def serve(number: int) -> int:
        delivered = 0
        for turn in range(300):
            subjects = 1 + (turn + number) % 7
            allowance = processes[number].take_now(grant, subjects)
            allowance = allowance or await processes[number].take(lanes[number], grant, subjects)
            delivered += subjects if allowance and allowance.allowed else 0
        return delivered

    try:
        delivered = sum(await asyncio.gather(serve(0), serve(1)))
        assert 1_000 - 2 * block(1_000) <= delivered <= 1_000
        for lane, process in zip(lanes, processes, strict=True):
            await process.give_back(lane)
        assert await connection.fetchval("SELECT subjects FROM jishi.quota_use") == delivered
        assert await processes[0].left(lanes[0], grant) == 1_000 - delivered
    finally:
        for lane in lanes:
            await lane.close()


async def test_the_hot_path_asks_the_database_once_a_block(connection: Connection[Any]) -> None:
    quotas, grant, asked = Quotas(clock=Clock().seconds), replace(GRANT, quota_per_day=100_000), 0
    for _ in range(5_000):
        if quotas.take_now(grant, 1) is None:
            asked += 1
            allowance = await quotas.take(connection, grant, 1)
            assert allowance is not None and allowance.allowed
    assert asked == 5 and block(100_000) == 1_000
    assert await quotas.left(connection, grant) == 95_000


async def test_requests_at_once_in_one_process_take_what_they_were_told(
    connection: Connection[Any], database: str
) -> None:
    quotas = Quotas(clock=Clock().seconds)
    pool = await engine.pool(database, 4)
    try:

        async def serve() -> bool:
            async with pool.acquire() as lane:
                allowance = await quotas.take(lane, GRANT, 7)
            return allowance is not None and allowance.allowed

        assert sum(await asyncio.gather(*(serve() for _ in range(40)))) == 14  # 14 x 7 = 98
    finally:
        await pool.close()


async def test_a_new_day_begins_at_midnight_in_the_city(connection: Connection[Any]) -> None:
    clock = Clock(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC))  # one second before midnight in the city
    quotas = Quotas(clock=clock.seconds)
    full = await quotas.take(connection, GRANT, 100)
    assert full is not None and full.allowed and full.reset_s == 1
    over = await quotas.take(connection, GRANT, 1)
    assert over is not None and not over.allowed
    clock.pass_(1)
    assert (fresh := await quotas.take(connection, GRANT, 1)) and fresh.allowed and fresh.remaining == 99
    days = await connection.fetch("SELECT day::text AS day, subjects FROM jishi.quota_use ORDER BY day")
    assert [tuple(row) for row in days] == [("2026-11-20", 100), ("2026-11-21", 2)]


async def test_what_is_asked_for_beyond_the_whole_quota_costs_nothing(connection: Connection[Any]) -> None:
    quotas = Quotas(clock=Clock().seconds)
    refused = await quotas.take(connection, GRANT, 101)
    assert refused is not None and not refused.allowed and refused.remaining == 100
    assert await quotas.left(connection, GRANT) == 100


async def test_a_quota_taken_in_a_transaction_that_fails_is_not_used_in_the_database(
    connection: Connection[Any],
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await Quotas(clock=Clock().seconds).take(connection, GRANT, 5)
    await transaction.rollback()
    assert await connection.fetchval("SELECT count(*) FROM jishi.quota_use") == 0


async def test_a_grant_without_a_quota_is_never_counted(connection: Connection[Any]) -> None:
    free = replace(GRANT, quota_per_day=None)
    quotas = Quotas(clock=Clock().seconds)
    assert await quotas.take(connection, free, 10**6) is None and await quotas.left(connection, free) is None
    assert await connection.fetchval("SELECT count(*) FROM jishi.quota_use") == 0
