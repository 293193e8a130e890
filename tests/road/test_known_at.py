"""What was known at an instant stays so while others publish: two sources of one register, or of two, at the same time,
and a steward who merges.

Both runs are brought to the door of their registers and let go together; a reader goes on reading all the while.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import feeds
from feeds import FEEDS, Row
from jishi.golden.regrouping import carry_out
from jishi.storage import engine
from jishi_ingest.run import lane_of, worker
from oracle import VIEWS, View
from play import BY_NAME, Play
from sequence import Deliver
from sieve import by_check_character

PAIRS = st.sampled_from([("firms-a", "firms-b"), ("firms-a", "people"), ("firms-full", "people"), ("certs", "firms-a")])
ROWS = feeds.rows
ASK = (
    "INSERT INTO jishi.regrouping (register, act, uid, other_uid, words, requested_by)"
    " VALUES ($1, 'merge', $2, $3, '', 'user:test') RETURNING regrouping_id"
)
DAYS = (-25, -15, -5, 0, 15, 50)
PATIENCE_S = 60

LONG = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),
)
SHORT = settings(LONG, max_examples=3, derandomize=True)


@pytest.fixture
def quick(city: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    return city


@given(pair=PAIRS, before=ROWS, one=ROWS, other=ROWS, merging=st.booleans())
@SHORT
async def test_what_was_known_stays_known_while_two_publish(
    quick: Any,
    pair: tuple[str, str],
    before: tuple[Row, ...],
    one: tuple[Row, ...],
    other: tuple[Row, ...],
    merging: bool,
) -> None:
    await _together(quick, pair, before, (one, other), merging=merging)


@pytest.mark.soak
@given(pair=PAIRS, before=ROWS, one=ROWS, other=ROWS, merging=st.booleans())
@LONG
async def test_what_was_known_stays_known_while_two_publish_for_long(
    quick: Any,
    pair: tuple[str, str],
    before: tuple[Row, ...],
    one: tuple[Row, ...],
    other: tuple[Row, ...],
    merging: bool,
) -> None:
    await _together(quick, pair, before, (one, other), merging=merging)


async def _together(
    city: Any, pair: tuple[str, str], before: tuple[Row, ...], sent: tuple[tuple[Row, ...], ...], *, merging: bool
) -> None:
    """``merging``: where there are two entities then, a worker is told meanwhile that they are one."""
    play = Play(city)
    await play.start()
    for name in pair:
        await play.step(Deliver(name, before))
    batches = []
    for name, rows in zip(pair, sent, strict=True):
        batches.append(await city.submit(name, city.file([BY_NAME[name].cells(row) for row in rows])))
    views = [VIEWS[name] for name in sorted({BY_NAME[name].register for name in pair})]
    async with _reading(city, views) as reader:
        holder = await engine.connect(city.settings.database_url, application="test-lock")
        try:
            await holder.execute("BEGIN")
            await holder.execute("SELECT FROM jishi.register_state FOR UPDATE")
            runs = [asyncio.create_task(worker(city.road).run_lane(lane_of(name))) for name in pair]
            published = await _at_the_door(city, runs)
            if merging and (number := await _asked(city, views[0])) is not None:
                runs.append(asyncio.create_task(_merge(city, number)))
                await _waits(city, runs[-1])
            await holder.execute("ROLLBACK")
            ends = await asyncio.gather(*runs, return_exceptions=True)
            assert ends == [None] * len(runs)
        finally:
            await holder.close()
    receipts = [await city.finish(batch) for batch in batches]
    assert [receipt["status"] for receipt in receipts].count("published") >= published
    assert reader.readings > 0
    play.files = {}
    for view in views:
        await play.check_register(view)
    await _check_relations(city)


async def _asked(city: Any, view: View) -> int | None:
    """A steward's word that two entities are one; None where there are not two."""
    living = await city.rows(f"SELECT uid FROM jishi.{view.register} WHERE state = 'active' ORDER BY uid LIMIT 2")
    if len(living) < 2:
        return None
    return int(await city.value(ASK, view.number, *(row["uid"] for row in living)))


async def _merge(city: Any, number: int) -> None:
    """On a connection of its own, as a worker does; one of the two may be no entity any more by then."""
    connection = await engine.connect(city.settings.database_url, application="test-merge")
    try:
        status = await carry_out(connection, number, "Asia/Shanghai")
        fault = await connection.fetchval("SELECT fault FROM jishi.regrouping")
        assert (status, fault) in (("done", None), ("failed", "MAT-NO-ENTITY"))
    finally:
        await connection.close()


async def _waits(city: Any, told: asyncio.Task[None]) -> None:
    """Until the merge waits for the register's clock too, or is over."""
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'test-merge' AND wait_event_type = 'Lock'"
        " AND datname = current_database())"
    )
    for _ in range(PATIENCE_S * 100):
        if told.done() or await city.value(waiting):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the merge never came to the register")


async def _at_the_door(city: Any, runs: list[asyncio.Task[None]]) -> int:
    """Until every run that has not ended otherwise waits for the publish lock; how many do."""
    for _ in range(PATIENCE_S * 100):
        # not by the holder's connection: within a transaction the server's statistics stand still
        waiting = await city.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'jishi-batch-%'"
            " AND datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting == sum(not run.done() for run in runs):
            return int(waiting)
        await asyncio.sleep(0.01)
    pytest.fail("the runs never came to publish")


class Reader:
    """Asks for states as known at instants that were recorded, again and again; every answer must be the first one."""

    def __init__(self, connection: Any, views: list[View]) -> None:
        self.connection, self.views = connection, views
        self.answers: dict[tuple[str, datetime, datetime], Any] = {}
        self.readings = 0
        self.today = datetime.now(UTC)

    async def read(self) -> None:
        for view in self.views:
            known = await self.connection.fetchval(
                "SELECT last_recorded_at FROM jishi.register_state WHERE register = $1", view.number
            )
            for days in DAYS:
                self.answers.setdefault((view.register, self.today + timedelta(days=days), known), None)
        for (register, at, known), answer in self.answers.items():
            columns = ", ".join(VIEWS[register].columns)
            versions = await self.connection.fetch(
                f"SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{register} UNION ALL"
                f" SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{register}_version"
            )
            found = VIEWS[register].read([dict(version) for version in versions], at, known)
            assert answer is None or found == answer, f"{register} at {at} as known at {known}"
            self.answers[register, at, known] = found
        self.readings += 1

    async def go_on(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.read()


@asynccontextmanager
async def _reading(city: Any, views: list[View]) -> AsyncIterator[Reader]:
    """A reader beside what happens, who reads once before it and once after it."""
    connection = await engine.connect(city.settings.database_url, application="test-reader")
    try:
        reader = Reader(connection, views)
        await reader.read()
        ended = asyncio.Event()
        task = asyncio.create_task(reader.go_on(ended))
        try:
            yield reader
        finally:
            ended.set()
            await task
        await reader.read()
    finally:
        await connection.close()


async def _check_relations(city: Any) -> None:
    """A reference whose target is there has found it, and none points to what never carried its number. Who is announced to
    give a number up carries it until then."""
    wrong = await city.rows(
        """
SELECT r.relation_id, r.to_uid, array_agg(DISTINCT i.uid) AS ever, array_agg(DISTINCT i.uid) FILTER (
    WHERE i.valid_to IS NULL OR i.valid_to > now() AND i.valid_to <> i.valid_from) AS carriers
FROM jishi.relation r JOIN jishi.identifier i ON i.lookup = r.to_lookup AND i.scheme = r.to_scheme AND i.strong
GROUP BY 1, 2"""
    )
    for row in wrong:
        assert row["to_uid"] in row["ever"] or (row["to_uid"] is None and len(row["carriers"] or ()) != 1), row
