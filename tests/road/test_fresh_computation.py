"""Whatever comes in whatever order: golden equals a fresh computation, the feed folds, the past as known stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jishi.golden.regrouping import carry_out
from jishi.quality.validate import Validation
from jishi_ingest.examine import Examined

DELTA = 'effective = "since"\ndeleted = { column = "gone", values = ["是"] }\n'
FULL = 'effective = "since"\nabsence = "end"\n'
LOOSE = "[thresholds]\nmax_endings_share = 1.0\nmax_failure_share = 1.0\nvolume_band = 99.0\n"
TODAY = datetime.now(UTC)
TABLES = ("", "_version", "_contribution", "_link")

rows = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["K1", "K2", "K3"]),
        "code": st.sampled_from([0, 0, 0, 1, 2]),
        "city": st.sampled_from(["", "甲", "乙"]),
        "rep": st.sampled_from(["", "严测甲", "严测乙"]),
        "phone": st.sampled_from(["", "13900000001"]),
        "since": st.sampled_from([-30, -20, -10, 0, 10, 20]),
        "gone": st.sampled_from(["", "", "", "是"]),
    }
)
deliveries = st.tuples(st.sampled_from(["delta-a", "delta-b", "full"]), st.lists(rows, min_size=1, max_size=3))
words = st.tuples(st.sampled_from(["merge", "merge", "unmerge", "split"]), st.integers(0, 5))
steps = st.lists(st.one_of(deliveries, deliveries, words), min_size=2, max_size=8)


async def _without_rules(road: object, connection: Any, delivery: Any, staged: Any) -> Examined:
    """Rules are another room's matter, and Great Expectations takes a second a batch: here nothing is refused."""
    bad = f"{staged.table}_bad"
    await connection.execute(
        f"CREATE UNLOGGED TABLE {bad} AS SELECT row_number, ARRAY['ING-KEY-CONFLICT'] AS reasons, '{{}}'::text[] AS"
        f" warnings FROM {staged.table} WHERE row__key_conflict"
    )
    refused = {
        row["row_number"]: (row["source_key"], ["ING-KEY-CONFLICT"])
        for row in await connection.fetch(f"SELECT row_number, source_key FROM {staged.table} WHERE row__key_conflict")
    }
    return Examined(Validation("legal_entity", "", bad, staged.received, len(refused), 0, ()), bad, refused)


async def _play(
    city: Any, watch: Callable[[Any], Any], code: Callable[[int], str], played: list[tuple[str, Any]]
) -> None:
    await city.connection.execute(
        f"TRUNCATE {', '.join(f'jishi.legal_entity{table}' for table in TABLES)}, jishi.identifier, jishi.change,"
        " jishi.review, jishi.quarantine, jishi.batch, jishi.job, jishi.register_state, jishi.judgement, jishi.regrouping"
    )
    watcher = watch(city)
    for source, delivered in played:
        if isinstance(delivered, int):
            if await _say(city, source, delivered) == "done":
                await watcher.look()
            continue
        sent = [
            {
                **row,
                "name": "测试企业一号",
                "code": code((int(row["key"][1]) + row["code"]) % 3),
                "since": (TODAY + timedelta(days=row["since"])).strftime("%Y-%m-%d"),
            }
            for row in delivered
        ]
        receipt = await city.deliver(source, sent)
        assert receipt["status"] in ("published", "unchanged"), receipt
        if receipt["status"] == "published" and await city.value(
            "SELECT count(*) FROM jishi.legal_entity_contribution"
        ):
            await watcher.look()
    if watcher.past:
        for days in (5, 12, 25):
            until = TODAY + timedelta(days=days)
            await city.turn("legal_entity", until)
            await watcher.look(now=until)


async def _say(city: Any, act: str, which: int) -> str:
    """A steward's word about what is there; what it becomes, nothing where there is nothing to say it of."""
    there = [row["uid"] for row in await city.rows("SELECT uid FROM jishi.legal_entity ORDER BY uid")]
    gone = await city.rows(
        "SELECT DISTINCT uid FROM jishi.legal_entity_version WHERE state = 'merged' AND uid <> ALL($1) ORDER BY uid",
        there,
    )
    links = await city.rows("SELECT contribution_id, uid FROM jishi.legal_entity_link ORDER BY 1")
    match act:
        case "merge" if len(there) > 1:
            said = (there[which % len(there)], there[(which + 1) % len(there)], None)
        case "unmerge" if gone:
            said = (gone[which % len(gone)]["uid"], None, None)
        case "split" if links:
            said = (links[which % len(links)]["uid"], None, links[which % len(links)]["contribution_id"])
        case _:
            return "nothing"
    number = await city.value(
        "INSERT INTO jishi.regrouping (register, act, uid, other_uid, contribution_id, words, requested_by)"
        " VALUES (2, $1, $2, $3, $4, '', 'user:test') RETURNING regrouping_id",
        act,
        *said,
    )
    return await carry_out(city.connection, number, "Asia/Shanghai")


def _declare(city: Any) -> None:
    city.declare("delta-a", rank=10, more=DELTA + LOOSE)
    city.declare("delta-b", rank=20, more=DELTA + LOOSE)
    city.declare("full", rank=15, mode="full", more=FULL + LOOSE)


@given(played=steps)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
async def test_golden_equals_a_fresh_computation(
    city: Any, watch: Any, invent: dict[str, Callable[..., str]], monkeypatch: pytest.MonkeyPatch, played: Any
) -> None:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", _without_rules)
    _declare(city)
    await _play(city, watch, invent["uscc"], played)


@pytest.mark.soak
@given(played=steps)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
async def test_golden_equals_a_fresh_computation_for_long(
    city: Any, watch: Any, invent: dict[str, Callable[..., str]], monkeypatch: pytest.MonkeyPatch, played: Any
) -> None:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", _without_rules)
    _declare(city)
    await _play(city, watch, invent["uscc"], played)
