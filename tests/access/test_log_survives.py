"""A process that is killed while it writes: whatever it was told is durable is there, and its chain is whole."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from disclosed import disclosure
from jishi.access import export, sealer
from jishi.access.disclosure_log import DisclosureLog
from jishi.errors import InternalError
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

_SUPPORT = str(Path(__file__).resolve().parents[1] / "support")
_WRITER = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from disclosed import disclosure
from jishi.access.disclosure_log import DisclosureLog
from jishi.settings import Settings

async def go_on(log):
    while True:
        told = disclosure(1, 2, case_no="A")
        await log.write(told)
        os.write(1, f"{told.request_id}\\n".encode())  # what a client was given

async def main():
    async with DisclosureLog(Settings(state=Path(sys.argv[1]), home=Path(sys.argv[2]), database_url=sys.argv[3])) as log:
        await asyncio.gather(*(go_on(log) for _ in range(32)))

asyncio.run(main())
"""


@pytest.mark.parametrize("rows", [1, 200, 1500])
async def test_after_kill_9_every_row_that_was_promised_is_there(
    settings: Settings, connection: Connection[Any], rows: int
) -> None:
    arguments = ["-c", _WRITER, str(settings.state), str(settings.home), str(settings.database_url), _SUPPORT]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    promised = [await process.stdout.readline() for _ in range(rows)]
    os.kill(process.pid, signal.SIGKILL)
    promised += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    told = {line.decode().strip() for line in promised if line.endswith(b"\n")}
    assert len(told) >= rows
    for _ in range(100):  # its session may still be committing
        if not await connection.fetchval(_LANES):
            break
        await asyncio.sleep(0.05)
    found = {str(row["request_id"]) for row in await connection.fetch("SELECT request_id FROM jishi.disclosure")}
    assert told <= found and len(found - told) <= 64
    async with sealer.sealing(settings) as place:
        assert place is not None
        await place.seal_now()
    report = await export.verify_database(connection, sealer.folder_of(settings))
    assert report.whole and report.unsealed == 0 and report.rows == len(found)


async def test_after_the_database_died_under_load_every_row_that_was_promised_is_there(
    settings: Settings, connection: Connection[Any]
) -> None:
    """Every session is ended again and again while 32 write; who was refused may have a row, who was not has one."""
    from jishi.access.disclosure_log import DisclosureLog

    promised: set[str] = set()
    stop = asyncio.Event()

    async def go_on(log: DisclosureLog) -> None:
        while not stop.is_set():
            told = disclosure(1)
            try:
                await log.write(told)
            except InternalError:
                continue
            promised.add(str(told.request_id))

    async with DisclosureLog(settings) as log:
        writing = [asyncio.create_task(go_on(log)) for _ in range(32)]
        for _ in range(8):
            await asyncio.sleep(0.15)
            await connection.execute(_END_LANES)
        stop.set()
        await asyncio.gather(*writing)
    rows = [str(row["request_id"]) for row in await connection.fetch("SELECT request_id FROM jishi.disclosure")]
    assert promised and promised <= set(rows)
    async with sealer.sealing(settings) as place:
        assert place is not None
        await place.seal_now()
    assert (await export.verify_database(connection, sealer.folder_of(settings))).whole


_LANES = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'jishi-disclosures' AND datname = current_database()
"""

_END_LANES = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'jishi-disclosures' AND datname = current_database()
"""
