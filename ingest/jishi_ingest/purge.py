"""``purge``: the daily job that lets go of deliveries' bytes when their time in the landing zone is over (step *land*).

For each batch that has been over for ``landing_days`` its rows' hashes are written beside the landed file and made durable,
then the bytes go: whatever happens, there is the one or the other. A batch that is held, not finished or failed keeps its
bytes, and so does one whose bytes no longer read as the rows its ledger row counts. Of a delivery that was refused before a
row of it was read the ledger's SHA-256 is all there is. Quarantined rows keep their cells while they are open; those of
closed ones go with the bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from jishi.access import console_sessions
from jishi.delivery.export_store import expire
from jishi.errors import InternalError, JishiError
from jishi.golden.feed import prune_changes
from jishi.golden.ledger import UNFINISHED
from jishi.golden.received import FINAL, Kept, deliveries_at, forget_closed, is_over
from jishi.logs import logger
from jishi.stewardship import bulk_repairs, row_readings
from jishi.storage import stage
from jishi.storage.engine import connect
from jishi_ingest.landing import landed_files, sweep
from jishi_ingest.road import Road
from jishi_ingest.row_hashes import keep_hashes

log = logger(__name__)

PAGE = 1_000


@dataclass
class Purged:
    """What a purge did: deliveries let go and rows hashed, files of no batch, quarantined rows emptied, half-written files
    cleared, stage tables of batches that are over, changes that left the feed, files of exports, login sessions; ``kept``
    counts, by code, deliveries whose time is over but whose bytes had to stay."""

    deliveries: int = 0
    rows: int = 0
    strays: int = 0
    emptied: int = 0
    abandoned: int = 0
    stages: int = 0
    changes: int = 0
    exports: int = 0
    sessions: int = 0
    kept: Counter[str] = field(default_factory=Counter)


async def purge(road: Road, now: datetime | None = None) -> Purged:
    """Let go of everything whose time is over at ``now`` (None: this instant); done again it finds nothing to do."""
    moment = now or datetime.now(UTC)
    before = moment - timedelta(days=road.settings.landing_days)
    purged = Purged()
    connection = await connect(road.url, application="jishi-purge")
    try:
        for page in _pages(landed_files(road.settings)):
            places = {str(path.relative_to(road.settings.landing_dir)): path for path in page}
            found = {kept.landing: kept for kept in await deliveries_at(connection, list(places))}
            for place, path in places.items():
                if place in found:
                    await _purge_one(road, connection, found[place], path, before, purged)
                elif path.stat().st_mtime < before.timestamp():
                    _remove(path)
                    purged.strays += 1
        purged.emptied = await forget_closed(connection, before)
        await bulk_repairs.forget(connection, moment - timedelta(days=1))
        await row_readings.forget(connection, moment - timedelta(days=1))
        for batch_id in await stage.leftovers(connection, UNFINISHED):
            await stage.drop(connection, batch_id)
            purged.stages += 1
        purged.changes = await prune_changes(connection, moment - timedelta(days=road.settings.change_days))
        purged.exports = await expire(connection, road.settings, moment)
        purged.sessions = await console_sessions.forget(connection, moment - console_sessions.KEPT)
    finally:
        await connection.close()
    purged.abandoned = sweep(road.settings, moment)
    return purged


async def _purge_one(
    road: Road, connection: asyncpg.Connection, kept: Kept, path: Path, before: datetime, purged: Purged
) -> None:
    """Hashes first, then the bytes; a fault of one delivery is told and does not stop the others."""
    if kept.status not in FINAL or kept.finished_at is None or kept.finished_at >= before:
        return
    try:
        rows = await asyncio.to_thread(_keep, road, kept)
    except JishiError as error:
        log.warning("batch %s keeps its bytes: %s", kept.batch_id, error.code)
        purged.kept[error.code] += 1
        return
    async with connection.transaction():
        # a replay asked for meanwhile needs the bytes
        if await is_over(connection, kept.batch_id, before):
            _remove(path)
            purged.deliveries += 1
            purged.rows += rows


def _keep(road: Road, kept: Kept) -> int:
    """Write the hashes; their number. A delivery that could not be read has no rows."""
    if kept.status == "refused" and kept.received is None:
        return 0
    if kept.source not in road.sources:
        raise InternalError("ING-PURGE-SOURCE", source=kept.source)
    return keep_hashes(road, road.sources[kept.source], kept)


def _remove(path: Path) -> None:
    """Remove the file for good."""
    path.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _pages(paths: list[Path]) -> Iterator[list[Path]]:
    return (paths[start : start + PAGE] for start in range(0, len(paths), PAGE))
