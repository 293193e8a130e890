from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from disclosed import disclosure
from jishi.access import seal_files, sealer, seals, signing
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.seals import Seal
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection


async def _seal(settings: Settings) -> Seal | None:
    async with sealer.sealing(settings) as place:
        assert place is not None
        return await place.seal_now()


@pytest.mark.parametrize(("algorithm", "digest"), [("ed25519", "sha256"), ("sm2", "sm3")])
async def test_a_seal_says_where_all_chains_stand_and_anybody_can_check_it(
    settings: Settings, connection: Connection[Any], algorithm: str, digest: str
) -> None:
    settings = settings.model_copy(update={"seal_algorithm": algorithm, "digest": digest})
    async with DisclosureLog(settings) as one, DisclosureLog(settings) as other:
        for number in range(3):
            await one.write(disclosure(number))
        await other.write(disclosure(9))
        made = await _seal(settings)
        assert made is not None and made.number == 1 and made.rows == 4
        assert {writer: (head.number, head.hash) for writer, head in made.heads.items()} == {
            one.writer: (3, one.head),
            other.writer: (1, other.head),
        }
        assert made.hash[0] == {"sha256": 1, "sm3": 2}[digest] == one.head[0]
        (jwk,) = await signing.public_keys(connection, "seal")
        assert jwk["alg"] == {"ed25519": "Ed25519", "sm2": "SM2"}[algorithm]
        stored = seals.of_record(await connection.fetchrow(seals.LAST))
        assert stored == made and seals.is_whole(stored) and seals.is_signed(stored, jwk)
        assert not seals.is_whole(replace(stored, rows=5)) and not seals.is_signed(replace(stored, rows=5), jwk)
        await one.write(disclosure(4))
        second = await _seal(settings)
    assert second is not None and (second.number, second.rows, second.previous) == (2, 5, made.hash)
    assert set(second.heads) == {one.writer}
    assert list(seal_files.read(seal_files.extent(sealer.folder_of(settings)))) == [made, second]


async def test_no_new_row_no_seal_but_one_a_day(log: DisclosureLog, settings: Settings) -> None:
    await log.write(disclosure(1))
    async with sealer.sealing(settings) as place:
        assert place is not None
        first = await place.seal_if_due()
        assert first is not None and place.last == first
        await log.write(disclosure(2))
        assert await place.seal_if_due() is None  # not ten seconds yet
        place.last = replace(first, sealed_at=first.sealed_at - sealer.EVERY)
        second = await place.seal_if_due()
        assert second is not None and second.rows == 2
        place.last = replace(second, sealed_at=second.sealed_at - sealer.EVERY)
        assert await place.seal_if_due() is None
        place.last = replace(second, sealed_at=second.sealed_at - timedelta(days=1))
        idle = await place.seal_if_due()
        assert idle is not None and idle.heads == {} and idle.rows == 2


async def test_many_new_rows_are_sealed_before_the_time(
    log: DisclosureLog, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "EVERY_ROWS", 5)
    async with sealer.sealing(settings) as place:
        assert place is not None
        await place.seal_if_due()
        await asyncio.gather(*(log.write(disclosure(1)) for _ in range(4)))
        assert await place.seal_if_due() is None
        await log.write(disclosure(1))
        assert await place.seal_if_due() is not None


async def test_one_process_seals_and_another_takes_its_place(log: DisclosureLog, settings: Settings) -> None:
    await log.write(disclosure(1))
    async with sealer.sealing(settings) as place:
        assert place is not None
        await place.seal_now()
        async with sealer.sealing(settings) as second:
            assert second is None
    await log.write(disclosure(2))
    made = await _seal(settings)
    assert made is not None and (made.number, made.rows) == (2, 2)


async def test_who_takes_the_place_writes_the_lines_that_are_missing(log: DisclosureLog, settings: Settings) -> None:
    made = []
    for number in range(3):
        await log.write(disclosure(number))
        made.append(await _seal(settings))
    folder = sealer.folder_of(settings)
    (path,) = folder.glob("*.jsonl")
    whole = path.read_bytes()
    first = whole.splitlines(keepends=True)[0]
    path.write_bytes(first + b'{"number":2,"seal')  # killed while it wrote
    async with sealer.sealing(settings):
        pass
    assert list(seal_files.read(seal_files.extent(folder))) == made
    assert path.stat().st_mode & 0o077 == 0


async def test_the_sealer_seals_by_itself_and_what_came_last_when_it_is_stopped(
    log: DisclosureLog, settings: Settings, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "POLL_S", 0.02)
    async with sealer.beside(settings):
        await log.write(disclosure(1))
        for _ in range(200):
            if await connection.fetchval("SELECT count(*) FROM jishi.disclosure_seal"):
                break
            await asyncio.sleep(0.02)
        await log.write(disclosure(2))
    assert await connection.fetchval("SELECT max(rows) FROM jishi.disclosure_seal") == 2


async def test_a_chain_that_went_back_is_an_alert_and_not_sealed(
    log: DisclosureLog, settings: Settings, connection: Connection[Any]
) -> None:
    for number in range(3):
        await log.write(disclosure(number))
    async with sealer.sealing(settings) as place:
        assert place is not None
        await place.seal_now()
        await connection.execute("DELETE FROM jishi.disclosure WHERE number = 3")
        assert await place.seal_now() is None
        assert await place.seal_now() is None
    alerts = await connection.fetch("SELECT kind, caller FROM jishi.access_alert")
    assert [(row["kind"], row["caller"]) for row in alerts] == [("chain", str(log.writer))]


async def test_a_line_reads_as_the_seal_it_was_made_of(log: DisclosureLog, settings: Settings) -> None:
    await log.write(disclosure(1))
    made = await _seal(settings)
    assert made is not None
    assert seals.of_document(json.loads(seals.line_of(made))) == made
