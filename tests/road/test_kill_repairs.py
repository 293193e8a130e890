"""A worker dies by SIGKILL within a repair or a bulk repair; the next one ends it, and every row has one outcome.

As in test_kill, what a run needs next is locked by this test; the product knows nothing of it. The delivery whose rows are
repaired is taken without the rules: a worker's start is what takes time here, and the repairs have all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from jishi.quality.quarantine_search import Entry, steps
from jishi.stewardship import bulk_repairs
from jishi.stewardship.bulk_repairs import Filter
from jishi.stewardship.cell_mapping import CellMapping
from kill_site import BY_NAME, CLOCK, Site, Stage, caught, caught_untold, end, kill
from sieve import by_check_character
from stewarding import officer, refused, repair

Make = dict[str, Callable[..., str]]

MORE = '[thresholds]\nmax_failure_share = "off"\n'
OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
LEFT, BAD, BY_HAND, IN_BULK = 1, 2, (3, 4), (5, 6, 7)
"""Rows of the delivery, the first of which is good: left as it is, repaired and still bad, and those that come right."""

LANDING = Stage("landing", "LOCK TABLE jishi.batch IN SHARE MODE", by="jishi-repair")
LANDED = Stage("landed", "LOCK TABLE jishi.repair IN SHARE MODE", by="jishi-repair")
SETTLING = Stage("settling", "LOCK TABLE jishi.quarantine IN SHARE MODE", via=CLOCK)
ENDING = Stage("ending", "SELECT FROM jishi.repair WHERE status = 'landed' FOR UPDATE", via=CLOCK)
ON_THE_ROAD = [BY_NAME[name] for name in ("taken", "reading", "clock", "contributions", "changes")]
REPAIR = [LANDING, LANDED, *ON_THE_ROAD, SETTLING, ENDING]
"""The bytes lie there and no batch does; the batch does; staged; and within the transaction that publishes."""

SEARCHING = Stage("searching", "LOCK TABLE jishi.quarantine IN ACCESS EXCLUSIVE MODE", by="jishi-bulk")
SENDING = Stage("sending", "LOCK TABLE jishi.repair IN SHARE MODE", by="jishi-bulk")


@pytest.fixture
async def site(city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Seven rows of one delivery were refused; no worker runs yet."""
    source = city.declare("tiny", more=MORE)
    codes = [invent["uscc"](n) for n in range(8)]
    sent = [
        {"key": f"K{n}", "name": f"测试企业{n}号", "code": wrong(code) if n else code, "city": "苏州"}
        for n, code in enumerate(codes)
    ]
    with monkeypatch.context() as patched:
        patched.setattr("jishi_ingest.pipeline.examine", by_check_character)
        receipt = await city.deliver(source, sent)
    assert (receipt["inserted"], receipt["quarantined"]) == (1, 7)
    await city.connection.execute("DELETE FROM jishi.job WHERE status = 'queued'")  # reports of it
    made = Site(city.settings, [])
    yield made
    end(made.workers)


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.soak)])
async def test_a_repair_and_a_bulk_repair_whose_worker_dies_come_about_once(
    city: Any, site: Site, invent: Make, kills: int
) -> None:
    """It dies when one has landed and the other sends its rows, and once one is published and its job does not know it."""
    await by_hand(city, invent)
    await in_bulk(city, invent)
    async with caught(site, LANDED, begin(site)):
        await site.until(
            "SELECT FROM pg_stat_activity WHERE application_name = 'jishi-bulk' AND wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        kill(site.workers[-1])
    site.start()
    if kills > 1:
        async with caught_untold(site, ENDING, None, "repair"):
            kill(site.workers[-1])
        site.start()
    await ended_well(city, site, BY_HAND, IN_BULK)


@pytest.mark.soak
@pytest.mark.parametrize("stage", REPAIR, ids=lambda stage: stage.name)
async def test_killing_the_worker_at_any_stage_of_a_repair_changes_nothing_of_the_end(
    city: Any, site: Site, invent: Make, stage: Stage
) -> None:
    await by_hand(city, invent)
    async with caught(site, stage, begin(site)):
        kill(site.workers[-1])
    site.start()
    await ended_well(city, site, BY_HAND, ())


@pytest.mark.soak
async def test_a_repair_whose_worker_dies_at_every_stage_is_seen_through_by_the_last(
    city: Any, site: Site, invent: Make
) -> None:
    await by_hand(city, invent)
    for stage in REPAIR:
        async with caught(site, stage, begin(site)):
            kill(site.workers[-1])
    site.start()
    await ended_well(city, site, BY_HAND, ())


@pytest.mark.soak
@pytest.mark.parametrize("stage", ["searching", "examining", "sending", "untold"])
async def test_killing_the_worker_at_any_stage_of_a_bulk_repair_changes_nothing_of_the_end(
    city: Any, site: Site, invent: Make, stage: str
) -> None:
    await in_bulk(city, invent)
    match stage:
        case "examining":
            site.start()
            await site.until("SELECT FROM pg_tables WHERE schemaname = 'stage' AND tablename LIKE 'bulk%'")
            kill(site.workers[-1])
        case "untold":
            async with caught_untold(site, SENDING, begin(site), "bulk"):
                kill(site.workers[-1])
        case _:
            async with caught(site, SEARCHING if stage == "searching" else SENDING, begin(site)):
                kill(site.workers[-1])
    site.start()
    await ended_well(city, site, (), IN_BULK)


def begin(site: Site) -> Callable[[], Awaitable[None]]:
    async def start() -> None:
        site.start()

    return start


async def by_hand(city: Any, invent: Make) -> None:
    """A repair of some rows, of which one stays bad."""
    rows = {row.row_number - 1: row for row in await refused(city)}
    await repair(city, *((rows[n], {"code": invent["uscc"](n)}) for n in BY_HAND), (rows[BAD], {"city": "常熟"}))


async def in_bulk(city: Any, invent: Make) -> None:
    """The codes of other rows are known."""
    mapping = CellMapping(values={"code": {wrong(invent["uscc"](n)): invent["uscc"](n) for n in IN_BULK}})
    async with city.connection.transaction():
        await bulk_repairs.ask(
            *(city.connection, city.road.keys, city.settings.cipher, officer(), Filter(source="tiny"), mapping),
            dry=False,
            reason="校验码有误",
            request_id=None,
        )


async def ended_well(city: Any, site: Site, hand: tuple[int, ...], bulk: tuple[int, ...]) -> None:
    """What was asked for came about once."""
    await site.until_over("ingest", "repair", "bulk")
    first, *again = await city.rows("SELECT * FROM jishi.batch ORDER BY batch_id")
    made = await city.rows("SELECT * FROM jishi.repair ORDER BY repair_batch")
    wanted = [(len(hand) + 1, len(hand), 1)] * bool(hand) + [(len(bulk), len(bulk), 0)] * bool(bulk)
    assert [(one["rows"], one["repaired"], one["refused"]) for one in made] == wanted
    assert [(one["received"], one["inserted"], one["quarantined"]) for one in again] == wanted
    assert {one["status"] for one in made} == {"done"}
    for batch, one in zip(again, made, strict=True):
        assert (batch["batch_id"], batch["repairs"]) == (one["repair_batch"], first["batch_id"])
        assert batch["status"] == "published" and batch["received"] == sum(batch[name] for name in OUTCOMES)
    bulks = await city.rows("SELECT status, passed FROM jishi.bulk_repair")
    assert bulks == [{"status": "done", "passed": len(bulk)}] * bool(bulk)

    rows = await refused(city)
    fate = {row.row_number - 1: row for row in rows if row.batch_id == first["batch_id"]}
    bad = "superseded" if hand else "open"
    wished = dict.fromkeys(range(1, 8), "open") | {BAD: bad} | dict.fromkeys((*hand, *bulk), "repaired")
    assert {number: row.status for number, row in fate.items()} == wished
    stand_in = [row for row in rows if row.batch_id != first["batch_id"]]
    assert [row.supersedes for row in stand_in] == [fate[BAD].quarantine_id] * bool(hand)
    assert all(row.is_open for row in rows if row.status == "open")
    for row in fate.values():
        assert await told(city, row) == {"open": [], "repaired": ["repair", "repaired"]}.get(
            row.status, ["repair", "refused"]
        )

    names = [(f"测试企业{n}号",) for n in (0, *hand, *bulk)]
    assert await city.served("legal_entity", "entity_name") == names
    assert await city.count("legal_entity", "contribution") == await city.count("legal_entity", "link") == len(names)
    assert await city.count("legal_entity", "version") == 0
    assert Counter(change["type"] for change in await city.changes("legal_entity")) == {"create": len(names)}
    carried = "SELECT count(*) FROM jishi.identifier WHERE element = 'uscc' AND valid_to IS NULL"
    assert await city.value(carried) == len(names)
    assert await city.value("SELECT count(*) FROM jishi.repair_row WHERE cells IS NOT NULL") == 0
    assert await city.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'stage'") == []


async def told(city: Any, row: Entry) -> list[str]:
    return [step.step for step in await steps(city.connection, row)]
