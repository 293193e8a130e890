"""The end of the road: publish a batch in one transaction, or hold it for a steward."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from jishi.golden import ledger
from jishi.golden.columns import Names
from jishi.golden.facts import name_pairs
from jishi.golden.ledger import Result
from jishi.golden.resolve import Merge, Merged, merge_batch
from jishi.golden.tables import COUNTS
from jishi.matching.similarity import similarity
from jishi.quality.bands import BatchCounts, HeldReason, PublishedBatch, Thresholds, bands
from jishi.quality.quarantine import Refused, close_repaired, open_keys, store
from jishi.storage import stage
from jishi_ingest.clock import Stopwatch
from jishi_ingest.delivery import Delivery
from jishi_ingest.examine import Examined
from jishi_ingest.refused import refused_rows
from jishi_ingest.road import Road
from jishi_ingest.source import Source
from jishi_ingest.staging import Staged


@dataclass(frozen=True)
class Prepared:
    """A validated delivery before its fate is decided."""

    delivery: Delivery
    staged: Staged
    examined: Examined
    absent: list[int]
    refused: list[Refused]
    scope: str
    held: Sequence[HeldReason]


async def prepare(
    road: Road, connection: asyncpg.Connection, delivery: Delivery, staged: Staged, examined: Examined
) -> Prepared:
    """Gather what publishing would end and refuse, and judge the batch by its source's bands."""
    source, batch, known = delivery.source, delivery.batch, staged.known
    absent = await known.absent(connection, delivery.register, batch.source_id) if source.absence == "end" else []
    refused = await asyncio.to_thread(lambda: list(refused_rows(road, delivery, examined)))
    scopes = sorted(known.scopes)
    scope = "|".join(scopes) if len(scopes) <= 3 else hashlib.sha256("|".join(scopes).encode()).hexdigest()[:16]
    named, misnamed = await _names(connection, delivery, staged, examined)
    endings = len(absent) + await ledger.staged_endings(
        connection, delivery.register, batch.source_id, staged.table, examined.bad
    )
    counts = BatchCounts(
        received=staged.received,
        refused=len(refused),
        endings=endings,
        live=await ledger.live_contributions(connection, delivery.register, batch.source_id, scopes) if endings else 0,
        named=named,
        misnamed=misnamed,
    )
    history = [PublishedBatch(rows) for rows in await ledger.volumes(connection, batch.source_id, scope)]
    held = bands(thresholds_of(source), history, counts)
    return Prepared(delivery, staged, examined, absent, refused, scope, held)


async def _names(
    connection: asyncpg.Connection, delivery: Delivery, staged: Staged, examined: Examined
) -> tuple[int, int]:
    """Rows whose entity the register knows, and those of them whose name has nothing of the one it has.

    Of a very long delivery both are estimated from every nth row.
    """
    rows = staged.received - (staged.settled.unchanged if staged.settled else 0)
    register, source_id = delivery.register, delivery.batch.source_id
    found = await name_pairs(connection, register, staged.table, staged.columns, examined.bad, source_id, rows)
    floor = register.contradiction.name_floor
    strange = await asyncio.to_thread(lambda: sum(similarity(*pair) <= floor for pair in found.pairs))
    return found.compared * found.step, strange * found.step


async def publish(connection: asyncpg.Connection, prepared: Prepared, ruleset: int, watch: Stopwatch) -> Result:
    """Match, merge, quarantine and close the ledger row in one transaction."""
    delivery, staged, examined = prepared.delivery, prepared.staged, prepared.examined
    source, batch = delivery.source, delivery.batch
    absent = await stage.keep_absent(connection, batch.batch_id, prepared.absent) if prepared.absent else None
    carried = await staged.known.warnings(connection, delivery.register, batch.source_id)
    merge = Merge(
        names=Names(delivery.register, staged.table, staged.columns),
        bad=examined.bad,
        absent=absent,
        source_id=batch.source_id,
        rank=source.rank_of(""),
        origin_ranks=source.origins.ranks if source.origins else {},
        batch_id=batch.batch_id,
        ruleset_id=ruleset,
        delivered_at=batch.delivered_at,
        timezone=delivery.road.city.timezone,
    )
    async with connection.transaction():
        with watch.time("merge"):
            merged = await merge_batch(connection, merge)
        watch.move("merge", "match", merged.match_s)
        refused = {row.source_key for row in prepared.refused}
        opened = await open_keys(connection, batch.batch_id, batch.source_id)
        repaired = [key for key in staged.known.holds(opened) if key not in refused]
        await close_repaired(connection, batch.batch_id, batch.source_id, repaired, merged.recorded_at)
        await store(connection, batch.batch_id, batch.source_id, prepared.refused, merged.recorded_at)
        result = watch.sign(_published(prepared, merged, carried))
        await ledger.finish(connection, batch.batch_id, result)
    return result


async def hold(connection: asyncpg.Connection, prepared: Prepared, watch: Stopwatch) -> Result:
    """Keep the refused rows, publish nothing, and say why."""
    batch = prepared.delivery.batch
    held = prepared.staged.received - len(prepared.refused) - _duplicates(prepared)
    counts = dict.fromkeys(COUNTS, 0) | {"held": held}
    notes = tuple({"code": reason.code, **reason.values} for reason in prepared.held)
    async with connection.transaction():
        now = await connection.fetchval("SELECT clock_timestamp()")
        await store(connection, batch.batch_id, batch.source_id, prepared.refused, now, supersede=False)
        result = watch.sign(_result(prepared, "held", counts, dict(prepared.examined.validation.warnings), notes))
        await ledger.finish(connection, batch.batch_id, result)
    return result


def _published(prepared: Prepared, merged: Merged, carried: Mapping[str, int]) -> Result:
    settled = prepared.staged.settled
    warnings = dict(prepared.examined.validation.warnings)
    for rule, rows in carried.items():
        warnings[rule] = warnings.get(rule, 0) + rows
    counts = {
        "unchanged": (settled.unchanged if settled else 0) + merged.unchanged,
        "inserted": merged.inserted,
        "updated": merged.updated,
        "ended": merged.ended,
        "held": 0,
        "ended_by_absence": merged.ended_by_absence,
        "golden_created": merged.created,
        "golden_changed": merged.changed,
        "golden_ended": merged.golden_ended,
        "golden_review": merged.review,
    }
    return _result(prepared, "published", counts, warnings, (), merged)


def _result(
    prepared: Prepared,
    status: str,
    counts: Mapping[str, int],
    warnings: Mapping[str, int],
    notes: tuple[Mapping[str, Any], ...],
    merged: Merged | None = None,
) -> Result:
    delivery, validation = prepared.delivery, prepared.examined.validation
    return Result(
        status,
        {
            **counts,
            "received": prepared.staged.received,
            "quarantined": len(prepared.refused),
            "duplicate": _duplicates(prepared),
        },
        dict(validation.reasons),
        warnings,
        tuple(
            {"rule": outcome.rule.id, "evaluated": outcome.evaluated, "failed": outcome.failed}
            for outcome in validation.outcomes
        ),
        (*notes, *_notes(delivery)),
        encoding=delivery.reading.encoding,
        format=delivery.reading.format,
        recorded_at=merged.recorded_at if merged else None,
        last_seq=merged.last_seq if merged else None,
        scope=prepared.scope,
    )


def thresholds_of(source: Source) -> Thresholds:
    """The source's declared bands in the form quality judges by; volume says something only of full deliveries."""
    declared = source.thresholds
    return Thresholds(
        mode=source.mode,
        volume_below=declared.volume_band if source.mode == "full" else None,
        volume_above=declared.volume_band if source.mode == "full" else None,
        failure_share=declared.max_failure_share,
        endings_share=declared.max_endings_share,
    )


def _duplicates(prepared: Prepared) -> int:
    return len(prepared.staged.settled.duplicates) if prepared.staged.settled else 0


def _notes(delivery: Delivery) -> tuple[Mapping[str, Any], ...]:
    """Columns that the source does not map, and what the reader left out; names only."""
    ignored = [{"code": "ING-COLUMN-IGNORED", "name": name} for name in delivery.ignored_columns]
    return (*ignored, *({"code": fault.code, "name": fault.name, **fault.values} for fault in delivery.reading.ignored))
