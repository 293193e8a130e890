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

from jishi.golden.bulk import Bulk
from jishi.golden.columns import Names
from jishi.golden.feed import publish_changes
from jishi.golden.lock import Clock, lock_register
from jishi.golden.numbers import carry_numbers
from jishi.golden.recompute import recompute
from jishi.golden.relations import relate
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
    timezone: str  # of the city: its days begin at local midnight
    repair: bool = False  # rows of an earlier delivery: the source may have said something else since


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
    """Match and merge the accepted rows of the stage table, append versions, number the changes. Inside a transaction.

    Most rows of a first delivery are *plain*: accepted, of an unknown key, in force at once, their number carried by no
    other row or entity. They are taken straight from the stage table, which holds a fresh uid a row; only the others are
    looked at one by one, in the temp table ``incoming``. ``settled`` holds the rows that are refused or say nothing new.
    """
    names, number = merge.names, merge.names.register.number
    clock = await lock_register(connection, names.register)
    await connection.execute("SET LOCAL work_mem = '256MB'")
    bulk = Bulk(connection, names)
    unchanged = await _sort_out(connection, merge, clock)
    begun = time.monotonic()
    await link_by_identifier(connection, names.register, names.stage, names.staged, names.golden, clock.recorded_at)
    match_s = time.monotonic() - begun
    rows = await connection.fetchrow(_rows(names))
    await bulk.begin(rows["inserted"])
    first, batch = clock.last_contribution_id, merge.batch_id
    await connection.execute(_contributions(names), first, clock.recorded_at, batch)
    absent = await _end_absent(connection, merge, clock)
    ranks = json.dumps(dict(merge.origin_ranks))
    await connection.execute(_new_links(merge), first, merge.source_id, merge.rank, ranks, merge.ruleset_id)
    for known in ("incoming", "settled"):
        await connection.execute(_known_links(merge, known), merge.ruleset_id, merge.rank, ranks)
    if merge.repair:
        await connection.execute(_overtaken_links(names))
    await carry_numbers(connection, names, clock, accepted(names))
    await connection.execute(_REVIEWS, number, first, batch, clock.recorded_at)
    await connection.execute(_TOUCHED)
    await connection.execute("ANALYZE touched")
    await recompute(connection, names, clock.recorded_at, batch, merge.timezone)
    created = await connection.execute(_golden_singles(names), clock.recorded_at, batch)
    counts, last_seq = await publish_changes(connection, names.register, clock, accepted(names))
    await bulk.end()
    await relate(connection, names, clock, batch, accepted(names))
    await connection.execute(_CLOCK, number, clock.recorded_at, last_seq, rows["highest"])
    return Merged(
        clock.recorded_at,
        last_seq,
        inserted=rows["inserted"],
        updated=rows["updated"],
        ended=rows["ended"],
        unchanged=unchanged,
        ended_by_absence=absent,
        created=counts["create"] + int(created.split()[-1]),
        changed=counts["change"] + counts["withhold"],
        golden_ended=counts["end"],
        review=await connection.fetchval("SELECT count(DISTINCT row_number) FROM conflict"),
        match_s=match_s,
    )


def accepted(names: Names) -> str:
    """The rows to merge as a FROM clause with alias s: stage columns, their entity, and how they stand to it."""
    return f"""(
  SELECT s.*, COALESCE(i.uid, s.uid) AS entity, i.known, COALESCE(i.method, 1::smallint) AS method,
    COALESCE(i.single, TRUE) AS single
  FROM {names.stage} s LEFT JOIN incoming i USING (row_number)
  WHERE NOT EXISTS (SELECT FROM settled e WHERE e.row_number = s.row_number)
) s"""


async def _sort_out(connection: asyncpg.Connection, merge: Merge, clock: Clock) -> int:
    """Fill ``settled`` and ``incoming``; how many examined rows say what their contribution already says."""
    names = merge.names
    refused = f"SELECT row_number FROM {merge.bad} WHERE reasons <> '{{}}'" if merge.bad else "SELECT 0::bigint LIMIT 0"
    await connection.execute("CREATE TEMP TABLE settled (row_number bigint, known bigint) ON COMMIT DROP")
    await connection.execute(f"INSERT INTO settled {refused}")
    await connection.execute("ANALYZE settled")
    await connection.execute(_incoming(names), merge.source_id, merge.rank, json.dumps(dict(merge.origin_ranks)))
    await connection.execute(_RERANKED)
    unchanged = await connection.execute(_SETTLE_UNCHANGED)
    await connection.execute(_late(names), *([] if names.register.clocks else [clock.recorded_at]))
    await connection.execute(
        "CREATE INDEX ON settled (row_number); CREATE INDEX ON incoming (row_number);"
        " ANALYZE settled (row_number); ANALYZE incoming (row_number, known, uid)"
    )
    return int(unchanged.split()[-1])


def _incoming(names: Names) -> str:
    """Accepted rows of known keys."""
    return f"""
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT s.row_number, l.contribution_id AS known, s.ended, s.effective_from, l.uid, 1::smallint AS method, FALSE AS single,
  l.digest = s.digest AS same, l.rank <> {RANK} AS reranked
FROM {names.stage} s JOIN {names.link} l ON l.source_id = $1 AND l.source_key = s.source_key
WHERE NOT EXISTS (SELECT FROM settled e WHERE e.row_number = s.row_number)"""


_RERANKED = "CREATE TEMP TABLE reranked ON COMMIT DROP AS SELECT DISTINCT uid FROM incoming WHERE reranked"
"""Entities of which a contribution is now trusted more or less than before: all their history is computed anew."""

_SETTLE_UNCHANGED = """
WITH said AS (DELETE FROM incoming WHERE same RETURNING row_number, known)
INSERT INTO settled SELECT row_number, known FROM said"""
"""Rows that say what their contribution already says."""


def _late(names: Names) -> str:
    """New keys that begin in the future or come with a delete mark; all of them where the calendar has a say."""
    late = "TRUE" if names.register.clocks else "(s.ended OR s.effective_from > $1)"
    return f"""
INSERT INTO incoming
SELECT s.row_number, NULL, s.ended, s.effective_from, s.uid, 1, FALSE, FALSE, FALSE
FROM {names.stage} s
WHERE {late}
  AND NOT EXISTS (SELECT FROM settled e WHERE e.row_number = s.row_number)
  AND NOT EXISTS (SELECT FROM incoming i WHERE i.row_number = s.row_number)"""


def _rows(names: Names) -> str:
    """Outcomes of the rows that say something new, and the highest row number."""
    return f"""
SELECT COALESCE(max(s.row_number), 0) AS highest,
  count(*) FILTER (WHERE s.ended AND s.is_new) AS ended,
  count(*) FILTER (WHERE NOT s.ended AND s.is_new AND s.known IS NULL) AS inserted,
  count(*) FILTER (WHERE NOT s.ended AND s.is_new AND s.known IS NOT NULL) AS updated
FROM (
  SELECT s.row_number, s.ended, i.known, e.row_number IS NULL AS is_new
  FROM {names.stage} s LEFT JOIN incoming i USING (row_number) LEFT JOIN settled e USING (row_number)
) s"""


def _contributions(names: Names) -> str:
    """Append what the source says."""
    return f"""
INSERT INTO {names.contribution}
  (contribution_id, {names.column_list()}, effective_from, recorded_at, ended, batch_id, row_number)
SELECT COALESCE(s.known, $1 + s.row_number), {names.staged_list("s")}, s.effective_from, $2, s.ended, $3, s.row_number
FROM {accepted(names)}"""


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
    warned = f"LEFT JOIN {merge.bad} b ON b.row_number = s.row_number" if merge.bad else ""
    return f"""
INSERT INTO {merge.names.link}
  (contribution_id, source_id, source_key, origin, rank, scope, uid, method, digest, raw_tag, ended, checked, warnings)
SELECT $1 + s.row_number, $2::smallint, s.source_key, s.origin,
  COALESCE(($4::jsonb ->> s.origin)::smallint, $3::smallint), s.scope, s.entity, s.method, s.digest, s.raw_tag, s.ended, $5::int,
  {"NULLIF(b.warnings, '{}')" if merge.bad else "NULL"}
FROM {accepted(merge.names)} {warned}
WHERE s.known IS NULL"""


RANK = "COALESCE(($3::jsonb ->> s.origin)::smallint, $2::smallint)"
"""Trust in a staged row: by its sub-source, else the source's own."""


def _known_links(merge: Merge, known: str) -> str:
    """What is now the newest revision of each known contribution, and under which ruleset it was examined."""
    return f"""
UPDATE {merge.names.link} l
SET digest = s.digest, raw_tag = s.raw_tag, ended = s.ended, scope = s.scope, origin = s.origin, checked = $1::int,
  rank = {RANK}, warnings = {"NULLIF(b.warnings, '{}')" if merge.bad else "NULL"}
FROM {known} i JOIN {merge.names.stage} s USING (row_number)
{f"LEFT JOIN {merge.bad} b ON b.row_number = i.row_number" if merge.bad else ""}
WHERE i.known = l.contribution_id{f" AND NOT {_OVERTAKEN.format(names=merge.names)}" if merge.repair else ""}"""


_OVERTAKEN = """EXISTS (
    SELECT FROM {names.contribution} c WHERE c.contribution_id = l.contribution_id AND c.effective_from > s.effective_from
  )"""
"""A repaired row of which the source has said something later."""


def _overtaken_links(names: Names) -> str:
    """What a repair says is not the newest word then: the next delivery is compared with nothing, and says which is."""
    return f"""
UPDATE {names.link} l SET digest = '00000000-0000-0000-0000-000000000000'
FROM incoming i JOIN {names.stage} s USING (row_number)
WHERE i.known = l.contribution_id AND {_OVERTAKEN.format(names=names)}"""


_REVIEWS = """
INSERT INTO jishi.review (register, kind, contribution_id, uid, other_uid, reason, batch_id, opened_at)
SELECT DISTINCT ON (x.row_number) $1::smallint, 'identifier-conflict', COALESCE(i.known, $2 + i.row_number), i.uid,
  x.other_uid, x.reason, $3, $4
FROM conflict x JOIN incoming i USING (row_number)
ORDER BY x.row_number, x.other_uid"""
"""Ask a steward about each conflict."""

_TOUCHED = """
CREATE TEMP TABLE touched ON COMMIT DROP AS
SELECT uid, min(t) AS from_point FROM (
  SELECT uid, effective_from AS t FROM incoming WHERE NOT single
  UNION ALL
  SELECT uid, t FROM gone
  UNION ALL
  SELECT uid, '-infinity' FROM reranked
) moved GROUP BY uid"""
"""Entities to recompute, and from which effective point on."""


def _golden_singles(names: Names) -> str:
    """New entities with one contribution: its values are the golden values, and the golden row is the first version."""
    return f"""
INSERT INTO {names.golden} (uid, {names.column_list()}, effective_from, recorded_at, state, in_version, batch_id)
SELECT s.entity, {names.staged_list("s")}, s.effective_from, $1, 'active', FALSE, $2
FROM {accepted(names)}
WHERE s.single"""


_CLOCK = """
UPDATE jishi.register_state
SET last_recorded_at = $2, last_seq = $3, last_contribution_id = last_contribution_id + $4
WHERE register = $1"""
