"""Validation of a staged delivery by Great Expectations, off the event loop (step *validate*)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from jishi.quality.validate import Validation, validate
from jishi.storage import sessions, stage
from jishi.storage.engine import psycopg_url
from jishi_ingest.delivery import Delivery
from jishi_ingest.road import Road
from jishi_ingest.staging import Staged


@dataclass(frozen=True, slots=True)
class Examined:
    """Verdicts of the rules, and the refused rows with every reason."""

    validation: Validation
    bad: str
    refused: dict[int, tuple[UUID | None, list[str]]]  # row number → source key and reasons


async def examine(road: Road, connection: asyncpg.Connection, delivery: Delivery, staged: Staged) -> Examined:
    """Evaluate every rule; a rule that could not run raises InternalError and the batch is abandoned."""
    validation = await asyncio.to_thread(
        validate,
        psycopg_url(road.url, application=sessions.name_of_run(delivery.batch.batch_id)),
        stage.stage_name(delivery.batch.batch_id),
        delivery.register,
        staged.columns,
        delivery.plan.today,
        overrides=delivery.source.rules,
        received=staged.received,
    )
    bad = validation.bad_table
    await connection.execute(f"CREATE UNIQUE INDEX ON {bad} (row_number); ANALYZE {bad}")
    rows = await connection.fetch(
        f"SELECT b.row_number, s.source_key, b.reasons FROM {bad} b JOIN {staged.table} s USING (row_number)"
        " WHERE b.reasons <> '{}' ORDER BY 1"
    )
    return Examined(validation, bad, {row["row_number"]: (row["source_key"], list(row["reasons"])) for row in rows})
