"""Validation of a staged delivery by Great Expectations, off the event loop (step *validate*)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from jishi.golden import ledger
from jishi.jobs import queue
from jishi.quality.kept_validation import keep_validation
from jishi.quality.quarantine import DECIDED, decided_rows
from jishi.quality.validate import Outcome, RulesRaisedError, Validation, validate
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
    decided: int = 0  # rows of which a steward decided when the batch took the road before


async def examine(road: Road, connection: asyncpg.Connection, delivery: Delivery, staged: Staged) -> Examined:
    """Evaluate every rule; a rule that could not run raises InternalError and the batch is abandoned, with what the rules
    said of it kept."""
    try:
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
    except RulesRaisedError as error:
        await _keep_raised(connection, delivery, error)
        raise
    bad = validation.bad_table
    await connection.execute(f"CREATE UNIQUE INDEX ON {bad} (row_number); ANALYZE {bad}")
    decided = await _leave_decided(connection, delivery.batch.batch_id, staged.table, bad)
    rows = await connection.fetch(
        f"SELECT b.row_number, s.source_key, b.reasons FROM {bad} b JOIN {staged.table} s USING (row_number)"
        " WHERE b.reasons <> '{}' ORDER BY 1"
    )
    refused = {row["row_number"]: (row["source_key"], list(row["reasons"])) for row in rows}
    return Examined(validation, bad, refused, decided)


async def verdicts(connection: asyncpg.Connection, bad: str) -> dict[int, tuple[list[str], list[str]]]:
    """Row number → the rules a row is refused and warned by, of every row that has any."""
    rows = await connection.fetch(f"SELECT row_number, reasons, warnings FROM {bad}")
    return {row["row_number"]: (list(row["reasons"]), list(row["warnings"])) for row in rows}


async def _leave_decided(connection: asyncpg.Connection, batch_id: int, table: str, bad: str) -> int:
    """Rows that were repaired, are under repair or were discarded keep out of a replay, whatever the rules say now; their
    number."""
    rows = await decided_rows(connection, batch_id)
    if not rows:
        return 0
    done = await connection.execute(
        f"INSERT INTO {bad} AS b (row_number, reasons, warnings)"
        f" SELECT s.row_number, ARRAY['{DECIDED}'], '{{}}' FROM {table} s WHERE s.row_number = ANY($1::bigint[])"
        f" ON CONFLICT (row_number) DO UPDATE SET reasons = b.reasons || '{DECIDED}'::text",
        rows,
    )
    return int(done.split()[-1])


REPORT_JOB = "report"
"""The job that makes of what batches left what people read: pages and scores."""


def told_rules(delivery: Delivery, outcomes: Sequence[Outcome]) -> tuple[dict[str, Any], ...]:
    """What the ledger keeps of each rule."""
    return tuple(_told(delivery, outcome) for outcome in outcomes)


def _told(delivery: Delivery, outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "rule": outcome.rule.id,
        "evaluated": outcome.evaluated,
        "failed": outcome.failed,
        "severity": outcome.rule.severity.value,
        "overridden": outcome.rule.id in delivery.source.rules,
        "columns": delivery.headers_of(outcome.rule),
    }
    return told if outcome.could_not_run is None else {**told, "could_not_run": outcome.could_not_run}


async def _keep_raised(connection: asyncpg.Connection, delivery: Delivery, error: RulesRaisedError) -> None:
    batch_id, said = delivery.batch.batch_id, error.verdicts
    async with connection.transaction():
        rules = told_rules(delivery, said.outcomes)
        if await ledger.keep_rules(connection, batch_id, rules, delivery.elements_by_header):
            await keep_validation(connection, batch_id, error.rules_version, said.document)
            await queue.enqueue_once(connection, REPORT_JOB)
