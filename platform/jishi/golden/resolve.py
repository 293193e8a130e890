"""THE ONE DOOR by which golden records change: publishes a validated batch in one transaction (steps 5–7 of the road).

The caller holds the transaction; everything here is set-based SQL over the stage table and temp tables that end with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from jishi.golden.columns import Names
from jishi.golden.feed import publish_changes
from jishi.golden.lock import Clock, lock_register
from jishi.golden.recompute import recompute
from jishi.matching.anchors import link_by_identifier


@dataclass(frozen=True, slots=True)
class Merge:
    """What ``merge_batch`` needs to know of a validated delivery besides its stage table."""

    names: Names
    bad: str | None  # table (row_number, reasons, warnings); None when no rule fired
    absent: str | None  # table (contribution_id) of links to end by absence
    source_id: int
    rank: int
    origin_ranks: Mapping[str, int]
    batch_id: int
    ruleset_id: int
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """Counts of what a merge did; rows first, entities after."""

    recorded_at: datetime
    last_seq: int
    inserted: int
    updated: int
    ended: int
    unchanged: int
    ended_by_absence: int
    created: int
    changed: int
    golden_ended: int
    review: int
    match_s: float


async def merge_batch(connection: asyncpg.Connection, merge: Merge) -> Merged:
    """Match and merge the accepted rows of the stage table, append versions, number the changes. Inside a transaction."""
    names = merge.names
    clock = await lock_register(connection, names.register)
    await connection.execute("SET LOCAL work_mem = '256MB'")
    await connection.execute(_incoming(merge), merge.source_id, clock.millisecond)
    await connection.execute("ANALYZE incoming")
    begun = time.monotonic()
    await link_by_identifier(connection, names.register, names.stage, names.staged, names.golden)
    match_s = time.monotonic() - begun
    rows = await connection.fetchrow(_ROWS)
    unchanged = await connection.fetchval(_unchanged(merge), merge.source_id)
    await connection.execute(_FUTURE, clock.recorded_at)
    await connection.execute(_contributions(names), clock.last_contribution_id, clock.recorded_at, merge.batch_id)
    absent = await _end_absent(connection, merge, clock)
    await connection.execute(
        _new_links(merge),
        clock.last_contribution_id,
        merge.source_id,
        merge.rank,
        json.dumps(dict(merge.origin_ranks)),
        merge.ruleset_id,
    )
    await connection.execute(_changed_links(merge), merge.ruleset_id)
    await _identifiers(connection, merge, clock)
    await connection.execute(
        _reviews(names), names.register.number, clock.last_contribution_id, merge.batch_id, clock.recorded_at
    )
    await connection.execute(_touched(names))
    await connection.execute("ANALYZE touched")
    await recompute(connection, names, clock.recorded_at, merge.batch_id)
    created = await connection.execute(_golden_singles(names), clock.recorded_at, merge.batch_id)
    counts, last_seq = await publish_changes(connection, names.register, clock)
    highest = await connection.fetchval(f"SELECT COALESCE(max(row_number), 0) FROM {names.stage}")
    await connection.execute(_CLOCK, names.register.number, clock.recorded_at, last_seq, highest)
    return Merged(
        clock.recorded_at,
        last_seq,
        inserted=rows["inserted"],
        updated=rows["updated"],
        ended=rows["ended"],
        unchanged=unchanged,
        ended_by_absence=absent,
        created=counts["create"] + int(created.split()[-1]),
        changed=counts["change"],
        golden_ended=counts["end"],
        review=await connection.fetchval("SELECT count(DISTINCT row_number) FROM conflict"),
        match_s=match_s,
    )


def _good(merge: Merge) -> str:
    """Stage rows that no rule refuses, as a FROM clause with alias s."""
    if merge.bad is None:
        return f"{merge.names.stage} s"
    return f"(SELECT s.* FROM {merge.names.stage} s LEFT JOIN {merge.bad} b USING (row_number) WHERE COALESCE(b.reasons, '{{}}') = '{{}}') s"


def _incoming(merge: Merge) -> str:
    """Accepted rows that say something new: unknown keys with a fresh UUIDv7 (RFC 9562), and known ones that differ."""
    return f"""
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT s.row_number, l.contribution_id AS known, s.ended, s.effective_from,
  COALESCE(l.uid, (lpad(to_hex($2::bigint), 12, '0') || '7' || lpad(to_hex(s.row_number >> 18 & 4095), 3, '0')
    || to_hex(8 + (s.row_number >> 16 & 3)) || lpad(to_hex(s.row_number & 65535), 4, '0')
    || right(gen_random_uuid()::text, 11))::uuid) AS uid,
  1::smallint AS method, (l.uid IS NULL AND NOT s.ended) AS single
FROM {_good(merge)}
LEFT JOIN {merge.names.link} l ON l.source_id = $1 AND l.source_key = s.source_key
WHERE l.contribution_id IS NULL OR l.digest <> s.digest"""


_ROWS = """
SELECT count(*) FILTER (WHERE ended) AS ended,
  count(*) FILTER (WHERE NOT ended AND known IS NULL) AS inserted,
  count(*) FILTER (WHERE NOT ended AND known IS NOT NULL) AS updated
FROM incoming"""
"""Outcomes of the rows that say something new."""


def _unchanged(merge: Merge) -> str:
    """Rows examined again that say what their contribution already says."""
    return f"""
SELECT count(*) FROM {_good(merge)}
JOIN {merge.names.link} l ON l.source_id = $1 AND l.source_key = s.source_key AND l.digest = s.digest"""


_FUTURE = "UPDATE incoming SET single = FALSE WHERE single AND effective_from > $1"
"""Entities that begin in the future become golden when their time comes."""


def _contributions(names: Names) -> str:
    """Append what the source says."""
    return f"""
INSERT INTO {names.contribution} (contribution_id, {names.column_list()}, effective_from, recorded_at, ended, batch_id, row_number)
SELECT COALESCE(i.known, $1 + s.row_number), {names.staged_list("s")}, s.effective_from, $2, s.ended, $3, s.row_number
FROM incoming i JOIN {names.stage} s USING (row_number)"""


async def _end_absent(connection: asyncpg.Connection, merge: Merge, clock: Clock) -> int:
    """Append an ended revision, with the last values, for each contribution that a full delivery no longer holds."""
    await connection.execute("CREATE TEMP TABLE gone (uid uuid, contribution_id bigint, t timestamptz) ON COMMIT DROP")
    if merge.absent is None:
        return 0
    names = merge.names
    await connection.execute(
        f"""
WITH closed AS (
  UPDATE {names.link} l SET ended = TRUE, digest = '00000000-0000-0000-0000-000000000000'
  FROM {merge.absent} a WHERE a.contribution_id = l.contribution_id AND NOT l.ended
  RETURNING l.uid, l.contribution_id
)
INSERT INTO gone SELECT uid, contribution_id, $1 FROM closed""",
        merge.delivered_at,
    )
    await connection.execute(
        f"""
INSERT INTO {names.contribution} (contribution_id, {names.column_list()}, effective_from, recorded_at, ended, batch_id, row_number)
SELECT DISTINCT ON (c.contribution_id) c.contribution_id, {names.column_list("c")}, $1, $2, TRUE, $3, 0
FROM gone g JOIN {names.contribution} c USING (contribution_id)
ORDER BY c.contribution_id, c.effective_from DESC, c.recorded_at DESC""",
        merge.delivered_at,
        clock.recorded_at,
        merge.batch_id,
    )
    return int(await connection.fetchval("SELECT count(*) FROM gone"))


def _new_links(merge: Merge) -> str:
    """The judgement for each new contribution."""
    warnings = f"LEFT JOIN {merge.bad} b ON b.row_number = i.row_number" if merge.bad else ""
    return f"""
INSERT INTO {merge.names.link}
  (contribution_id, source_id, source_key, origin, rank, scope, uid, method, digest, ended, checked, warnings)
SELECT $1 + s.row_number, $2::smallint, s.source_key, s.origin, COALESCE(($4::jsonb ->> s.origin)::smallint, $3::smallint),
  s.scope, i.uid, i.method, s.digest, s.ended, $5::int, {"NULLIF(b.warnings, '{}')" if merge.bad else "NULL"}
FROM incoming i JOIN {merge.names.stage} s USING (row_number) {warnings}
WHERE i.known IS NULL"""


def _changed_links(merge: Merge) -> str:
    """What is now the newest revision of each known contribution."""
    warnings = f"LEFT JOIN {merge.bad} b ON b.row_number = i.row_number" if merge.bad else ""
    return f"""
UPDATE {merge.names.link} l
SET digest = s.digest, ended = s.ended, scope = s.scope, checked = $1::int,
  warnings = {"NULLIF(b.warnings, '{}')" if merge.bad else "NULL"}
FROM incoming i JOIN {merge.names.stage} s USING (row_number) {warnings}
WHERE i.known = l.contribution_id"""


async def _identifiers(connection: asyncpg.Connection, merge: Merge, clock: Clock) -> None:
    """Close the numbers a changed contribution no longer carries and add those it carries now."""
    names = merge.names
    for element in names.staged_identifiers():
        declared = names.register.elements[element]
        cipher = f"s.{element}__cipher" if f"{element}__cipher" in names.staged else "NULL::bytea"
        await connection.execute(
            f"""
UPDATE jishi.identifier d SET valid_to = s.effective_from
FROM incoming i JOIN {names.stage} s USING (row_number)
WHERE d.contribution_id = i.known AND d.register = $1 AND d.element = $2 AND d.valid_to IS NULL
  AND (s.{element}__lookup IS NULL OR d.lookup <> s.{element}__lookup OR s.ended)""",
            names.register.number,
            element,
        )
        await connection.execute(
            f"""
INSERT INTO jishi.identifier
  (register, contribution_id, uid, element, scheme, lookup, cipher, masked, strong, valid_from)
SELECT $1::smallint, COALESCE(i.known, $2 + i.row_number), i.uid, $3::text, s.{element}__scheme, s.{element}__lookup, {cipher},
  s.{element}, $4::boolean, s.effective_from
FROM incoming i JOIN {names.stage} s USING (row_number)
WHERE s.{element}__lookup IS NOT NULL AND NOT s.ended AND (i.known IS NULL OR NOT EXISTS (
  SELECT FROM jishi.identifier d
  WHERE d.contribution_id = i.known AND d.register = $1 AND d.element = $3 AND d.valid_to IS NULL
    AND d.lookup = s.{element}__lookup))""",
            names.register.number,
            clock.last_contribution_id,
            element,
            declared.strong,
        )
    await connection.execute(
        "UPDATE jishi.identifier d SET valid_to = g.t FROM gone g"
        " WHERE d.contribution_id = g.contribution_id AND d.register = $1 AND d.valid_to IS NULL",
        names.register.number,
    )


def _reviews(names: Names) -> str:
    """Ask a steward about each conflict."""
    return """
INSERT INTO jishi.review (register, kind, contribution_id, uid, other_uid, reason, batch_id, opened_at)
SELECT DISTINCT ON (x.row_number) $1::smallint, 'identifier-conflict', COALESCE(i.known, $2 + i.row_number), i.uid,
  x.other_uid, x.reason, $3, $4
FROM conflict x JOIN incoming i USING (row_number)
ORDER BY x.row_number, x.other_uid"""


def _touched(names: Names) -> str:
    """Entities to recompute, and from which effective point on."""
    return """
CREATE TEMP TABLE touched ON COMMIT DROP AS
SELECT uid, min(t) AS from_point FROM (
  SELECT uid, effective_from AS t FROM incoming WHERE NOT single
  UNION ALL
  SELECT uid, t FROM gone
) moved GROUP BY uid"""


def _golden_singles(names: Names) -> str:
    """New entities with one contribution: its values are the golden values, and the golden row is the first version."""
    return f"""
INSERT INTO {names.golden} (uid, {names.column_list()}, effective_from, recorded_at, state, in_version, batch_id)
SELECT i.uid, {names.staged_list("s")}, s.effective_from, $1, 'active', FALSE, $2
FROM incoming i JOIN {names.stage} s USING (row_number)
WHERE i.single"""


_CLOCK = """
UPDATE jishi.register_state
SET last_recorded_at = $2, last_seq = $3, last_contribution_id = last_contribution_id + $4
WHERE register = $1"""
