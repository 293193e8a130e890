"""The ledger: one row a delivery, from landing to its end; its counts are checked by the database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from jishi.errors import CallerError, NotFoundError
from jishi.golden.tables import COUNTS
from jishi.registers.register import Register

UNFINISHED = ("landed", "running")
"""States of a batch that still has its run before it."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A source as the ledger knows it."""

    name: str
    title: str
    register: str
    department: str
    mode: str
    schedule: str | None
    version: str
    key_columns: tuple[str, ...] = ()  # headers by which the department knows a row


@dataclass(frozen=True, slots=True)
class Landing:
    """A delivery's bytes as kept: path below the landing zone, SHA-256 of the plain bytes, their number."""

    path: str
    sha256: bytes
    size: int
    file_name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A ledger row as a run needs it."""

    batch_id: int
    source_id: int
    source: str
    status: str
    landing: Landing
    delivered_at: datetime
    ruleset_id: int | None
    repairs: int | None = None  # the batch whose refused rows this one takes down the road again


@dataclass(frozen=True, slots=True)
class Result:
    """How a batch ended; what ``finish`` writes."""

    status: str
    counts: Mapping[str, int | None] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # header → the elements taken from it
    notes: tuple[Mapping[str, Any], ...] = ()
    fault: Mapping[str, Any] | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    encoding: str | None = None
    format: str | None = None
    recorded_at: datetime | None = None
    last_seq: int | None = None
    same_as: int | None = None
    scope: str | None = None


async def register_source(connection: asyncpg.Connection, source: SourceEntry) -> int:
    """Write the source as declared now; its number."""
    number = await connection.fetchval(
        """
INSERT INTO jishi.source (name, title, register, department, mode, schedule, version, key_columns)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, register = excluded.register,
  department = excluded.department, mode = excluded.mode, schedule = excluded.schedule, version = excluded.version,
  key_columns = excluded.key_columns
RETURNING source_id""",
        *asdict(source).values(),
    )
    return int(number)


async def open_batch(
    connection: asyncpg.Connection, source_id: int, landing: Landing, *, repairs: int | None = None
) -> int:
    """A new delivery has landed; or rows of the batch ``repairs``, which count as delivered when that one was."""
    number = await connection.fetchval(
        """
INSERT INTO jishi.batch (source_id, status, file_name, landing, sha256, bytes, kind, repairs, delivered_at)
SELECT $1, 'landed', $2, $3, $4, $5, CASE WHEN $6::bigint IS NULL THEN 'delivery' ELSE 'repair' END, $6,
  COALESCE((SELECT delivered_at FROM jishi.batch WHERE batch_id = $6), now())
RETURNING batch_id""",
        source_id,
        landing.file_name,
        landing.path,
        landing.sha256,
        landing.size,
        repairs,
    )
    return int(number)


async def find_batch(connection: asyncpg.Connection, batch_id: int) -> Batch:
    row = await connection.fetchrow(
        "SELECT b.*, s.name AS source FROM jishi.batch b JOIN jishi.source s USING (source_id) WHERE batch_id = $1",
        batch_id,
    )
    if row is None:
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    return Batch(
        row["batch_id"],
        row["source_id"],
        row["source"],
        row["status"],
        Landing(row["landing"], row["sha256"], row["bytes"], row["file_name"]),
        row["delivered_at"],
        row["ruleset_id"],
        row["repairs"],
    )


async def ruleset(connection: asyncpg.Connection, source_id: int, mapping: str, rules: str, codes: str) -> int:
    """Number of this combination of mapping, rules and code lists."""
    number = await connection.fetchval(
        """
INSERT INTO jishi.ruleset (source_id, mapping_version, rules_version, codes_version) VALUES ($1, $2, $3, $4)
ON CONFLICT (source_id, mapping_version, rules_version, codes_version) DO UPDATE SET codes_version = excluded.codes_version
RETURNING ruleset_id""",
        source_id,
        mapping,
        rules,
        codes,
    )
    return int(number)


async def reopen(connection: asyncpg.Connection, batch_id: int) -> None:
    """A finished batch is to be run once more."""
    await connection.execute("UPDATE jishi.batch SET status = 'landed' WHERE batch_id = $1", batch_id)


async def fail(connection: asyncpg.Connection, batch_id: int, fault: Mapping[str, Any]) -> None:
    """The batch could not be run, by our fault; nothing of this run was published.

    A batch published by an earlier run stays so, and a note tells of the replay that failed. One that has ended
    meanwhile (its run was killed before it could tell the queue) is left alone.
    """
    await connection.execute(
        """
UPDATE jishi.batch SET finished_at = clock_timestamp(),
  status = CASE WHEN recorded_at IS NULL THEN 'failed' ELSE 'published' END,
  fault = CASE WHEN recorded_at IS NULL THEN $2::jsonb END,
  notes = CASE WHEN recorded_at IS NULL THEN notes ELSE notes || jsonb_build_array(
    jsonb_build_object('code', 'ING-REPLAY-FAILED', 'name', 'replay', 'cause', $3::text)) END
WHERE batch_id = $1 AND status = ANY($4::text[])""",
        batch_id,
        json.dumps(dict(fault)),
        fault["code"],
        list(UNFINISHED),
    )


async def keep_rules(
    connection: asyncpg.Connection,
    batch_id: int,
    rules: Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str, ...]],
) -> bool:
    """What the rules said of a batch that is about to be abandoned; False where an earlier run of it was published, whose
    report stays."""
    kept = await connection.fetchval(
        "UPDATE jishi.batch SET rules = $2, columns = $3 WHERE batch_id = $1 AND recorded_at IS NULL RETURNING batch_id",
        batch_id,
        json.dumps([dict(rule) for rule in rules]),
        json.dumps(dict(columns), ensure_ascii=False),
    )
    return kept is not None


async def begin(connection: asyncpg.Connection, batch_id: int, ruleset_id: int) -> None:
    await connection.execute(
        "UPDATE jishi.batch SET status = 'running', ruleset_id = $2 WHERE batch_id = $1", batch_id, ruleset_id
    )


async def repeated(connection: asyncpg.Connection, batch: Batch, ruleset_id: int) -> int | None:
    """The latest published delivery of the source if it has the same bytes under the same ruleset (design: repeats);
    repairs are no deliveries."""
    found = await connection.fetchrow(
        """
SELECT batch_id, sha256, ruleset_id FROM jishi.batch
WHERE source_id = $1 AND status = 'published' AND batch_id <> $2 AND kind = 'delivery'
ORDER BY recorded_at DESC LIMIT 1""",
        batch.source_id,
        batch.batch_id,
    )
    same = (
        batch.repairs is None
        and found is not None
        and found["sha256"] == batch.landing.sha256
        and found["ruleset_id"] == ruleset_id
    )
    return int(found["batch_id"]) if same else None


async def repeat_counts(connection: asyncpg.Connection, batch_id: int) -> Result:
    """The result of a repeat of ``batch_id``: its counts with inserted and updated turned to unchanged."""
    row = await connection.fetchrow("SELECT * FROM jishi.batch WHERE batch_id = $1", batch_id)
    counts = {name: row[name] for name in COUNTS} | dict.fromkeys(
        ("ended_by_absence", "golden_created", "golden_changed", "golden_ended", "golden_review"), 0
    )
    counts["unchanged"] = row["unchanged"] + row["inserted"] + row["updated"] + row["ended"]
    counts["inserted"] = counts["updated"] = counts["ended"] = 0
    return Result(
        "unchanged",
        counts,
        json.loads(row["reasons"]),
        json.loads(row["warnings"]),
        tuple(json.loads(row["rules"])),
        json.loads(row["columns"]),
        encoding=row["encoding"],
        format=row["format"],
        same_as=batch_id,
    )


async def finish(connection: asyncpg.Connection, batch_id: int, result: Result) -> None:
    """Close the ledger row; raises CheckViolationError when the counts do not add up."""
    counts = {name: result.counts.get(name) for name in COUNTS}
    assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(counts, start=16))
    await connection.execute(
        f"""
UPDATE jishi.batch SET status = $2, reasons = $3, warnings = $4, rules = $5, notes = $6, fault = $7, seconds = $8,
  encoding = $9, format = $10, recorded_at = $11, last_seq = $12, same_as = $13, scope = $14, columns = $15,
  finished_at = clock_timestamp(),
  {assignments}
WHERE batch_id = $1""",
        batch_id,
        result.status,
        json.dumps(dict(result.reasons)),
        json.dumps(dict(result.warnings)),
        json.dumps([dict(rule) for rule in result.rules]),
        json.dumps([dict(note) for note in result.notes]),
        json.dumps(dict(result.fault)) if result.fault is not None else None,
        json.dumps({key: round(value, 3) for key, value in result.seconds.items()}),
        result.encoding,
        result.format,
        result.recorded_at,
        result.last_seq,
        result.same_as,
        result.scope,
        json.dumps(dict(result.columns), ensure_ascii=False),
        *counts.values(),
    )


@dataclass(frozen=True, slots=True)
class Past:
    """Counts of an earlier published delivery."""

    received: int
    refused: int
    inserted: int
    endings: int  # by mark and by absence


async def history(connection: asyncpg.Connection, source_id: int, scope: str, most: int) -> list[Past]:
    """The last published deliveries of the same source and scope, oldest first; repairs teach nothing."""
    rows = await connection.fetch(
        """
SELECT received, quarantined, inserted, ended + ended_by_absence FROM jishi.batch
WHERE source_id = $1 AND scope = $2 AND status = 'published' AND kind = 'delivery'
ORDER BY recorded_at DESC LIMIT $3""",
        source_id,
        scope,
        most,
    )
    return [Past(*row) for row in reversed(rows)]


async def live_contributions(
    connection: asyncpg.Connection, register: Register, source_id: int, scopes: list[str]
) -> int:
    """Contributions of the source in the given scopes that have not ended."""
    return int(
        await connection.fetchval(
            f"SELECT count(*) FROM jishi.{register.name}_link WHERE source_id = $1 AND NOT ended AND scope = ANY($2::text[])",
            source_id,
            scopes,
        )
    )


async def staged_endings(
    connection: asyncpg.Connection, register: Register, source_id: int, stage: str, bad: str
) -> int:
    """Live contributions of the source that accepted rows of a stage table end by a delete mark."""
    return int(
        await connection.fetchval(
            f"SELECT count(*) FROM {stage} s JOIN jishi.{register.name}_link l ON l.source_id = $1 AND"
            f" l.source_key = s.source_key AND NOT l.ended LEFT JOIN {bad} b ON b.row_number = s.row_number"
            " WHERE s.ended AND COALESCE(b.reasons, '{}') = '{}'",
            source_id,
        )
    )


async def decide(
    connection: asyncpg.Connection, batch_id: int, act: str, by: str, reason: str, *, carried_out: bool = True
) -> None:
    """What is to become of a held batch (``act``: release or discard; a failed one can be discarded too), by whom and why.

    What is decided is carried out with it: a released batch is queued, a discarded one is given up with its refused rows.
    Raises CallerError ``ING-NOT-HELD``.
    """
    try:
        await connection.execute(_DECIDE, batch_id, act, by, reason, carried_out)
    except asyncpg.ObjectNotInPrerequisiteStateError as error:
        raise CallerError("ING-NOT-HELD", batch=batch_id) from error


async def discard_batch(connection: asyncpg.Connection, batch_id: int, reason: str, by: str = "operator:-") -> None:
    """Give up a held batch, or one that we could not run; the reason stands in the ledger."""
    await decide(connection, batch_id, "discard", by, reason)


_DECIDE = """
-- A decision; what it says is done by the database itself.
INSERT INTO jishi.batch_decision (batch_id, act, officer, reason, carried_out) VALUES ($1, $2, $3, $4, $5)"""
