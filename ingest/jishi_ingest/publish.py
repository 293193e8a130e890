"""The end of the road: publish a batch in one transaction, hold it for a steward, or refuse it whole."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from jishi.golden import ledger
from jishi.golden.columns import Names
from jishi.golden.facts import NamePair, name_pairs
from jishi.golden.ledger import Past, Result
from jishi.golden.resolve import Merge, Merged, merge_batch
from jishi.golden.tables import COUNTS
from jishi.jobs import queue
from jishi.matching.similarity import similarity
from jishi.messages import render
from jishi.quality.bands import BatchCounts, HeldReason, PublishedBatch, Thresholds, bands
from jishi.quality.block import Block, Strange, find_block
from jishi.quality.failures import keep_counties, keep_failing
from jishi.quality.kept_validation import keep_validation
from jishi.quality.learnt import MOST
from jishi.quality.quarantine import DECIDED, Refused, close_repaired, open_keys, store, store_discarded
from jishi.quality.report import EN, ZH, rule_text
from jishi.registers.element import Rule
from jishi.settings import City
from jishi.stewardship import repairs
from jishi.stewardship.terms import terms_of
from jishi.stewardship.ticket_closing import close_by_delivery
from jishi.storage import stage
from jishi_ingest.clock import Stopwatch
from jishi_ingest.delivery import Delivery
from jishi_ingest.examine import REPORT_JOB, Examined, told_rules
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

    @property
    def refusing(self) -> tuple[Rule, ...]:
        """The rules that refuse the delivery whole."""
        return self.examined.validation.refusing


async def prepare(
    road: Road, connection: asyncpg.Connection, delivery: Delivery, staged: Staged, examined: Examined
) -> Prepared:
    """Gather what publishing would end and refuse, and judge the batch by its source's bands."""
    source, batch, known = delivery.source, delivery.batch, staged.known
    ends_absent = source.absence == "end" and batch.repairs is None
    absent = await known.absent(connection, delivery.register, batch.source_id) if ends_absent else []
    refused = await asyncio.to_thread(lambda: list(refused_rows(road, delivery, examined)))
    scopes = sorted(known.scopes)
    scope = "|".join(scopes) if len(scopes) <= 3 else hashlib.sha256("|".join(scopes).encode()).hexdigest()[:16]
    if batch.repairs is not None:  # rows that a steward looked at one by one are not news to be wondered at
        return Prepared(delivery, staged, examined, absent, refused, scope, ())
    names = await _names(connection, delivery, staged, examined)
    endings = len(absent) + await ledger.staged_endings(
        connection, delivery.register, batch.source_id, staged.table, examined.bad
    )
    counts = BatchCounts(
        received=staged.received,
        refused=len(refused),
        endings=endings,
        live=await ledger.live_contributions(connection, delivery.register, batch.source_id, scopes) if endings else 0,
        named=names.named,
        misnamed=names.misnamed,
        block=names.block,
    )
    past = await ledger.history(connection, batch.source_id, scope, MOST)
    held = bands(thresholds_of(source, road.city), published_batches(past, counts.live), counts)
    return Prepared(delivery, staged, examined, absent, refused, scope, held)


@dataclass(frozen=True)
class _Names:
    """How many rows of a delivery the register knows by a name, how many bear a strange one, and a run of those."""

    named: int
    misnamed: int
    block: Block | None


async def _names(connection: asyncpg.Connection, delivery: Delivery, staged: Staged, examined: Examined) -> _Names:
    """Names against those of the register. Rows that say nothing new agree; of a very long delivery the rest is
    estimated from every nth stretch."""
    unchanged = staged.settled.unchanged if staged.settled else 0
    register, source_id = delivery.register, delivery.batch.source_id
    rows = staged.received - unchanged
    found = await name_pairs(connection, register, staged.table, staged.columns, examined.bad, source_id, rows)
    misnamed = await asyncio.to_thread(_strange, found.pairs, register.contradiction.name_floor)
    named = found.compared * found.step + (unchanged if found.compared else 0)
    return _Names(named, len(misnamed) * found.step, find_block(misnamed))


def _strange(pairs: Sequence[NamePair], floor: float) -> list[Strange]:
    """Rows whose name has nothing of the register's, or is what the register calls another of the rows that differ: names
    of one city and trade are alike, yet a shifted column gives each row its neighbour's."""
    bearers: dict[str, set[int]] = defaultdict(set)
    for pair in pairs:
        bearers[pair.golden].add(pair.row)
    return [
        Strange(pair.row, pair.place)
        for pair in pairs
        if bearers.get(pair.delivered, set()) - {pair.row} or similarity(pair.delivered, pair.golden) <= floor
    ]


async def publish(connection: asyncpg.Connection, prepared: Prepared, ruleset: int, watch: Stopwatch) -> Result:
    """Match, merge, quarantine and close the ledger row in one transaction."""
    delivery, staged, batch = prepared.delivery, prepared.staged, prepared.delivery.batch
    carried = await staged.known.warnings(connection, delivery.register, batch.source_id)
    merge = await merge_of(connection, prepared, ruleset)
    async with connection.transaction():
        with watch.time("merge"):
            merged = await merge_batch(connection, merge)
        watch.move("merge", "match", merged.match_s)
        refused = {row.source_key for row in prepared.refused}
        originals = await repairs.originals(connection, batch.batch_id)
        await repairs.settle(
            connection, batch.batch_id, originals, (row.row_number for row in prepared.refused), merged.recorded_at
        )
        opened = await open_keys(connection, batch.batch_id, batch.source_id)
        repaired = [key for key in staged.known.holds(opened) if key not in refused]
        await close_repaired(connection, batch.batch_id, batch.source_id, repaired, merged.recorded_at)
        await store(
            *(connection, batch.batch_id, batch.source_id, prepared.refused, merged.recorded_at),
            supersede=batch.repairs is None,
            supersedes=originals,
        )
        terms = terms_of(delivery.road.settings, delivery.road.city)
        of_batch = (delivery.register, batch.source_id, batch.batch_id, merged.recorded_at)
        await close_by_delivery(connection, *of_batch, staged.known.holds, terms)
        result = watch.sign(_published(prepared, merged, carried))
        await _close(connection, prepared, result)
    return result


async def merge_of(connection: asyncpg.Connection, prepared: Prepared, ruleset: int) -> Merge:
    """What the one door is told of a batch; the table of what it ends by absence is made here."""
    delivery, staged, examined = prepared.delivery, prepared.staged, prepared.examined
    source, batch = delivery.source, delivery.batch
    absent = await stage.keep_absent(connection, batch.batch_id, prepared.absent) if prepared.absent else None
    return Merge(
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
        repair=batch.repairs is not None,
    )


async def hold(connection: asyncpg.Connection, prepared: Prepared, watch: Stopwatch) -> Result:
    """Keep the refused rows, publish nothing, and say why."""
    batch = prepared.delivery.batch
    held = prepared.staged.received - len(prepared.refused) - _duplicates(prepared)
    counts = dict.fromkeys(COUNTS, 0) | {"held": held, "quarantined": len(prepared.refused)}
    notes = tuple({"code": reason.code, **reason.values} for reason in prepared.held)
    async with connection.transaction():
        now = await connection.fetchval("SELECT clock_timestamp()")
        await store(connection, batch.batch_id, batch.source_id, prepared.refused, now, supersede=False)
        result = watch.sign(_result(prepared, "held", counts, dict(prepared.examined.validation.warnings), notes))
        await _close(connection, prepared, result)
    return result


async def refuse(connection: asyncpg.Connection, prepared: Prepared, watch: Stopwatch) -> Result:
    """Publish nothing because a rule refuses the delivery whole, and say which.

    Every received row is refused with it; kept in the quarantine are those that have a fault of their own.
    """
    batch, staged = prepared.delivery.batch, prepared.staged
    quarantined = staged.received - _duplicates(prepared)
    counts = dict.fromkeys(COUNTS, 0) | {"quarantined": quarantined}
    others = {"ING-WITH-BATCH": quarantined - len(prepared.refused)} if quarantined > len(prepared.refused) else {}
    async with connection.transaction():
        now = await connection.fetchval("SELECT clock_timestamp()")
        await store_discarded(connection, batch.batch_id, batch.source_id, prepared.refused, now)
        await repairs.give_back(connection, batch.batch_id, "refused", "ING-BATCH-RULE")
        found = _result(prepared, "refused", counts, dict(prepared.examined.validation.warnings), ())
        result = watch.sign(replace(found, reasons={**found.reasons, **others}, fault=_fault(prepared)))
        await _close(connection, prepared, result)
    return result


async def _close(connection: asyncpg.Connection, prepared: Prepared, result: Result) -> None:
    """Close the ledger row, and keep what people will ask of the batch: its failing rows and what was said of it."""
    batch_id, examined = prepared.delivery.batch.batch_id, prepared.examined
    validation = examined.validation
    staged = prepared.staged
    await keep_failing(connection, batch_id, staged.table, examined.bad)
    register = prepared.delivery.register.name
    await keep_counties(connection, batch_id, register, staged.columns, staged.table, examined.bad)
    await keep_validation(connection, batch_id, validation.rules_version, validation.document)
    await ledger.finish(connection, batch_id, result)
    await queue.enqueue_once(connection, REPORT_JOB)


def _fault(prepared: Prepared) -> dict[str, Any]:
    """The sentences of the rules that refuse the delivery, each with its rows."""
    failed, received = prepared.examined.validation.reasons, prepared.staged.received

    def told(language: str) -> str:
        rules = (
            render(
                "ING-BATCH-RULE-ROWS",
                language,
                rule=rule_text(rule, language),
                rows=failed[rule.id],
                received=received,
            )
            for rule in prepared.refusing
        )
        return render("ING-BATCH-RULE", language, rules=("; " if language == EN else "；").join(rules))

    return {"code": "ING-BATCH-RULE", "message": told(ZH), "message_en": told(EN), "line": None, "byte": None}


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
            "quarantined": len(prepared.refused),
            **counts,
            "received": prepared.staged.received,
            "duplicate": _duplicates(prepared),
        },
        dict(validation.reasons) | ({DECIDED: prepared.examined.decided} if prepared.examined.decided else {}),
        warnings,
        told_rules(delivery, validation.outcomes),
        delivery.elements_by_header,
        (*notes, *_notes(prepared)),
        encoding=delivery.reading.encoding,
        format=delivery.reading.format,
        recorded_at=merged.recorded_at if merged else None,
        last_seq=merged.last_seq if merged else None,
        scope=prepared.scope,
    )


def thresholds_of(source: Source, city: City) -> Thresholds:
    """What the source declares, or else the city for all sources; the rest is learnt."""
    declared = source.thresholds.over(city.thresholds)
    return Thresholds(
        mode=source.mode,
        volume_below=declared.volume_band,
        volume_above=declared.volume_band,
        failure_share=declared.max_failure_share,
        endings_share=declared.max_endings_share,
    )


def published_batches(past: Sequence[Past], live: int) -> list[PublishedBatch]:
    """The earlier deliveries with the records each found alive, counted back from the ``live`` ones of today."""
    found = []
    for batch in reversed(past):
        live = max(0, live - batch.inserted + batch.endings)
        found.append(PublishedBatch(batch.received, batch.refused, batch.endings, live))
    return found[::-1]


def _duplicates(prepared: Prepared) -> int:
    return len(prepared.staged.settled.duplicates) if prepared.staged.settled else 0


def _notes(prepared: Prepared) -> tuple[Mapping[str, Any], ...]:
    """Columns that the source does not map, what the reader left out, and rows a newer one took the place of."""
    delivery, settled = prepared.delivery, prepared.staged.settled
    ignored = [{"code": "ING-COLUMN-IGNORED", "name": name} for name in delivery.ignored_columns]
    left_out = ({"code": fault.code, "name": fault.name, **fault.values} for fault in delivery.reading.ignored)
    newer = settled.superseded if settled else 0
    columns = ", ".join(column for column, _ in delivery.plan.order)
    superseded = [{"code": "ING-SUPERSEDED", "name": columns, "rows": newer}] if newer else []
    return (*ignored, *left_out, *superseded)
