from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from disclosed import disclosure
from jishi.access import chain, disclosure_log
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.row_document import of_record
from jishi.access.who import who_saw
from jishi.errors import CallerError, InternalError
from jishi.settings import Settings
from jishi.storage import engine

if TYPE_CHECKING:
    from asyncpg import Connection

_ROWS = "SELECT * FROM jishi.disclosure ORDER BY number"
_END_LANES = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'jishi-disclosures' AND datname = current_database()
"""


_LANE_WAITS = """
SELECT true FROM pg_stat_activity
WHERE application_name = 'jishi-disclosures' AND datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_a_row_is_committed_when_write_returns_and_says_everything(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    derived = 'resident_of("320505", {x})\\'
    told = disclosure(
        3, 4, case_no="苏公〔2026〕1号", masked=("mobile", derived), register=None, purpose=None, misses=2
    )
    await log.write(told)
    row = await connection.fetchrow(_ROWS)
    assert row["writer"] == log.writer and row["number"] == 1 and row["previous"] == chain.FIRST
    assert row["hash"] == log.head and row["subjects"] == [UUID(int=3), UUID(int=4)]
    assert row["masked"] == ["mobile", derived] and row["case_no"] == "苏公〔2026〕1号" and row["misses"] == 2
    assert row["register"] is None and row["purpose"] is None and row["clear"] == ["name"]
    assert row["commitment"] == chain.commit(1, row["salt"], "苏公〔2026〕1号")


async def test_many_at_once_are_chained_in_the_order_of_their_numbers_by_few_inserts(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    await asyncio.gather(*(log.write(disclosure(number, case_no=f"案{number}")) for number in range(1, 501)))
    rows = await connection.fetch(_ROWS)
    assert [row["number"] for row in rows] == list(range(1, 501))
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert [row["subjects"][0].int for row in rows] == list(range(1, 501))
    assert len({row["disclosed_at"] for row in rows}) <= 3  # one instant an insert


async def test_a_thousand_subjects_or_none_stand_in_one_row(log: DisclosureLog, connection: Connection[Any]) -> None:
    await log.write(disclosure(*range(1, 1001)))
    await log.write(disclosure())
    rows = await connection.fetch(_ROWS)
    assert [len(row["subjects"]) for row in rows] == [1000, 0]


async def test_what_the_server_refuses_is_told_to_everybody_who_waits_and_burns_no_number(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    await log.write(disclosure(1))
    await connection.execute("ALTER TABLE jishi.disclosure RENAME TO gone")
    answers = await asyncio.gather(*(log.write(disclosure(2)) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {InternalError}
    assert {answer.code for answer in answers if isinstance(answer, InternalError)} == {"ACC-LOG"}
    await connection.execute("ALTER TABLE jishi.gone RENAME TO disclosure")
    writer = log.writer
    await log.write(disclosure(3))
    assert [(row["writer"], row["number"]) for row in await connection.fetch(_ROWS)] == [(writer, 1), (writer, 2)]


async def test_a_lost_connection_is_not_told_to_anybody_and_a_chain_under_a_new_name_begins(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    await log.write(disclosure(1))
    first = log.writer
    async with connection.transaction():
        await connection.execute("LOCK TABLE jishi.disclosure IN SHARE MODE")
        under_way = asyncio.create_task(log.write(disclosure(2)))
        for _ in range(500):
            if await connection.fetchval(_LANE_WAITS):
                break
            await asyncio.sleep(0.01)
        await connection.execute(_END_LANES)
    await under_way
    await log.write(disclosure(3))
    rows = await connection.fetch("SELECT writer, number, previous FROM jishi.disclosure ORDER BY disclosed_at")
    assert [(row["writer"] == first, row["number"]) for row in rows] == [(True, 1), (False, 1), (False, 2)]
    assert rows[1]["previous"] == chain.FIRST


async def test_a_connection_that_ended_while_nothing_was_under_way_costs_nothing(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    await log.write(disclosure(1))
    await connection.execute(_END_LANES)
    await asyncio.sleep(0.2)
    await log.write(disclosure(2))
    assert log.number == 2


async def test_a_commit_whose_answer_was_lost_is_found_and_not_written_twice(
    log: DisclosureLog, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The insert really commits; then the connection is gone before the answer is read."""
    insert = log._insert

    async def lose_the_answer(group: Any) -> None:
        await insert(group)
        monkeypatch.undo()
        assert log._connection is not None
        log._connection.terminate()
        raise ConnectionResetError

    await log.write(disclosure(1))
    monkeypatch.setattr(log, "_insert", lose_the_answer)
    await log.write(disclosure(2))
    await log.write(disclosure(3))
    rows = await connection.fetch(_ROWS)
    assert [(row["writer"], row["number"]) for row in rows] == [(log.writer, number) for number in (1, 2, 3)]


async def test_without_a_database_nothing_is_released_and_no_chain_is_forked(
    log: DisclosureLog, settings: Settings, connection: Connection[Any]
) -> None:
    await log.write(disclosure(1))
    before = log.writer
    real = log.settings
    log.settings = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nowhere"})
    await connection.execute(_END_LANES)
    for _ in range(2):
        with pytest.raises(InternalError) as told:
            await log.write(disclosure(2))
        assert told.value.code == "ACC-LOG"
    log.settings = real
    await log.write(disclosure(3))
    # whether the row of the second try was ever sent decides whether its chain may go on
    assert (log.writer, log.number) == (before, 2) or (log.writer != before and log.number == 1)
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure") == 2


async def test_too_many_that_wait_are_refused_at_once(log: DisclosureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure_log, "MOST_WAITING_ROWS", 3)
    answers = await asyncio.gather(*(log.write(disclosure(1)) for _ in range(5)), return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, InternalError)] == ["ACC-LOG-BUSY"] * 2
    await log.write(disclosure(1))


async def test_an_insert_carries_only_so_much(
    log: DisclosureLog, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure_log, "MOST_SUBJECTS", 10)
    await asyncio.gather(*(log.write(disclosure(*range(count))) for count in (4, 4, 4, 30, 1)))
    rows = await connection.fetch(_ROWS)
    assert [len(row["subjects"]) for row in rows] == [4, 4, 4, 30, 1]
    assert len({row["disclosed_at"] for row in rows}) == 4  # 4+4, 4, 30, 1


async def test_stopping_writes_what_waits_and_then_refuses(log: DisclosureLog, connection: Connection[Any]) -> None:
    waiting = [asyncio.create_task(log.write(disclosure(number))) for number in range(10)]
    await asyncio.sleep(0)
    await log.stop()
    await asyncio.gather(*waiting)
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure") == 10
    with pytest.raises(InternalError):
        await log.write(disclosure(1))


async def test_one_who_goes_away_while_waiting_holds_up_nobody(log: DisclosureLog, connection: Connection[Any]) -> None:
    gone = asyncio.create_task(log.write(disclosure(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await log.write(disclosure(2))
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure") == 2


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_no_database_can_hold_is_its_callers_fault_alone(log: DisclosureLog, text: str) -> None:
    other = asyncio.create_task(log.write(disclosure(1)))
    with pytest.raises(CallerError) as told:
        await log.write(disclosure(1, case_no=text))
    assert told.value.code == "ACC-LOG-TEXT"
    await other


async def test_the_api_can_add_rows_and_neither_change_nor_remove_them(log: DisclosureLog, settings: Settings) -> None:
    await log.write(disclosure(1))
    assert settings.database_url is not None
    lane = await engine.connect(settings.database_url, role="jishi_api")
    try:
        for statement in ("UPDATE jishi.disclosure SET act = 'x'", "DELETE FROM jishi.disclosure"):
            with pytest.raises(Exception, match="permission denied"):
                await lane.execute(statement)
    finally:
        await lane.close()


async def test_every_partition_keeps_subjects_on_a_list_until_they_are_filed(connection: Connection[Any]) -> None:
    indexes = await connection.fetch(
        "SELECT reloptions FROM pg_partition_tree('jishi.disclosure_subjects_idx') JOIN pg_class ON oid = relid"
    )
    assert len(indexes) > 12
    assert {tuple(row["reloptions"]) for row in indexes} == {("fastupdate=on", "gin_pending_list_limit=32768")}


async def test_who_saw_a_subject_is_complete_before_and_after_it_is_filed(
    log: DisclosureLog, settings: Settings, connection: Connection[Any]
) -> None:
    """Read through the index alone; filed by the API's own role, which does not own it."""
    await connection.execute("SET enable_seqscan = off")
    uids = [UUID(int=number) for number in range(1, 301)]
    await asyncio.gather(*(log.write(disclosure(number)) for number in range(1, 301)))
    await log.write(disclosure(*range(1, 301)))
    waiting = [len((await who_saw(connection, [uid])).rows) for uid in uids]
    assert settings.database_url is not None
    lane = await engine.connect(settings.database_url, role="jishi_api")
    try:
        filed = await lane.fetchval("SELECT jishi.file_subjects()")
        again = await lane.fetchval("SELECT jishi.file_subjects()")
    finally:
        await lane.close()
    assert filed > 0 and again == 0
    assert waiting == [len((await who_saw(connection, [uid])).rows) for uid in uids] == [2] * 300


async def test_rows_that_are_about_to_come_are_waited_for_and_go_with_the_others(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    await log.write(disclosure(1))
    late: list[asyncio.Task[None]] = []

    async def lull() -> None:
        await asyncio.sleep(0.05)
        log.lull = None
        late.append(asyncio.create_task(log.write(disclosure(3))))

    log.lull = lull
    await log.write(disclosure(2))
    await asyncio.gather(*late)
    rows = await connection.fetch(_ROWS)
    assert [row["subjects"][0].int for row in rows] == [1, 2, 3]
    assert rows[1]["disclosed_at"] == rows[2]["disclosed_at"]


async def test_frames_of_many_callers_in_one_group_are_not_mixed_up(
    log: DisclosureLog, connection: Connection[Any]
) -> None:
    told = [
        disclosure(
            *range(number % 4),
            caller=f"c-{number % 7}",
            department=None if number % 3 else "d",
            grant_id=None if number % 5 == 0 else number % 5,
            masked=tuple(f"m{item}" for item in range(number % 3)),
            clear=tuple(f'e,{item}"' for item in range(number % 4)),
            register=None if number % 2 else number % 6,
            case_no=None if number % 2 else f"案{number}",
            result="ok" if number % 3 else "none",
        )
        for number in range(60)
    ]
    await asyncio.gather(*(log.write(one) for one in told))
    rows = await connection.fetch(_ROWS)
    assert [of_record(row).told for row in rows] == told
    assert all(chain.hash_row(of_record(row)) == row["hash"] for row in rows)
    assert len({row["disclosed_at"] for row in rows}) == 1
