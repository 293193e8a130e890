"""What an operator decides of held batches at the command line, as stewards do in the console (before the road's end)."""

from __future__ import annotations

from jishi.access import acts
from jishi.access.officer import Officer
from jishi.errors import CallerError
from jishi.stewardship import held
from jishi.storage.engine import connect
from jishi_ingest.road import Road


async def release(road: Road, batch_id: int, reason: str) -> bool:
    """Release a held batch, or propose it where the city wants four eyes (False). Errors as of :func:`held.release`, and
    ``ING-LANDED-GONE`` when its bytes were purged."""
    officer = _operator()
    connection = await connect(road.url, application="jishi-submit")
    try:
        async with acts.doing(connection, officer.actor, "batch.release", str(batch_id)) as entry:
            batch = await held.find(connection, officer, batch_id)
            landed = road.settings.landing_dir / batch.landing
            carried_out = await held.release(
                connection, officer, batch, reason or "jishi ingest release", four_eyes=road.city.stewardship.four_eyes
            )
            if not landed.is_file():  # once released the batch is safe from the purge
                raise CallerError("ING-LANDED-GONE", file=landed.name)
            entry.detail |= {"carried_out": carried_out}
        return carried_out
    finally:
        await connection.close()


async def discard(road: Road, batch_id: int, reason: str) -> None:
    """Give a held or failed batch up. Errors as of :func:`held.discard`."""
    officer = _operator()
    connection = await connect(road.url, application="jishi-submit")
    try:
        async with acts.doing(connection, officer.actor, "batch.discard", str(batch_id)):
            await held.discard(connection, officer, await held.find(connection, officer, batch_id), reason)
    finally:
        await connection.close()


def _operator() -> Officer:
    return Officer(acts.operator(), None, frozenset())
