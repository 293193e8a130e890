"""Names that were asked for, kept with their last answer; those without a sure match are the stewards' queue (beside the road).

Written by whoever calls the resolver, after the answer has gone out. The number of names kept is limited: when there are as
many, new ones are no longer taken up, those known are still counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from jishi.dictionary import sieve
from jishi.dictionary.resolve import Context, Resolution
from jishi.dictionary.spelling import fold, tidy
from jishi.errors import CallerError, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection

SURE = 80
"""A match below this score is doubtful, and looked at."""

CONTEXTS = 20
"""Contexts kept of one name."""

Outcome = Literal["match", "doubtful", "nothing"]
Where = tuple[str, str, str]
"""Place, department, stage."""


@dataclass(slots=True)
class Note:
    """How often a name was asked for in one scheme (empty: the project schemes) since the last writing, and its last answer."""

    name: str
    outcome: Outcome
    code_scheme: str | None
    code: str | None
    score: int | None
    version: str
    times: int = 0
    contexts: dict[Where, int] = field(default_factory=dict)


Notes = dict[tuple[str, str], Note]
"""Scheme and folded name → note."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One name of the queue or of earlier answers. ``contexts``: where it was used, the most frequent first."""

    name_id: int
    scheme: str
    name: str
    outcome: Outcome
    code_scheme: str | None
    code: str | None
    score: int | None
    version: str
    times: int
    first_seen: datetime
    last_seen: datetime
    state: str
    reason: str | None
    contexts: tuple[tuple[Where, int], ...]


def note(notes: Notes, scheme: str | None, context: Context, version: str, result: Resolution, most: int) -> bool:
    """Add one answer to ``notes``; False where there is no room for one more name, or it could never be kept."""
    if result.fault is not None or len(result.name) > 2 * sieve.LONGEST:
        return False
    key = (scheme or "", fold(result.name))
    known = notes.get(key)
    if known is None:
        if len(notes) >= most:
            return False
        known = notes[key] = Note(result.name, "nothing", None, None, None, version)
    best = result.match or (result.candidates[0] if result.candidates else None)
    known.outcome = outcome_of(result)
    known.code_scheme, known.code, known.score = (best.scheme, best.code, best.score) if best else (None, None, None)
    known.version = version
    known.times += 1
    where = (context.place or "", context.department or "", context.stage or "")
    if where in known.contexts or len(known.contexts) < CONTEXTS:
        known.contexts[where] = known.contexts.get(where, 0) + 1
    return True


def outcome_of(result: Resolution) -> Outcome:
    if result.match is not None and result.match.score >= SURE:
        return "match"
    return "doubtful" if result.candidates else "nothing"


async def write(connection: Connection[Any], notes: Notes, limit: int) -> int:
    """Keep what may be kept of ``notes``; how many names were taken up or counted. ``limit``: of names kept, of those
    with a match and of those without."""
    known = await vocabulary(connection)
    schemes = {row["id"] for row in await connection.fetch(_SCHEMES)}
    names: list[dict[str, object]] = []
    contexts: list[dict[str, object]] = []
    for (scheme, folded), told in sorted(notes.items()):
        if (scheme and scheme not in schemes) or not sieve.may_be_kept(told.name, known):
            continue
        names.append(
            {
                "scheme": scheme,
                "folded": folded,
                "name": tidy(told.name),
                "outcome": told.outcome,
                "code_scheme": told.code_scheme,
                "code": told.code,
                "score": told.score,
                "version": told.version,
                "times": told.times,
            }
        )
        contexts += _contexts(scheme, folded, told.contexts)
    if not names:
        return 0
    async with connection.transaction():
        status = await connection.execute(_WRITE, json.dumps(names, ensure_ascii=False), limit)
        await connection.execute(_WRITE_CONTEXTS, json.dumps(contexts, ensure_ascii=False), CONTEXTS)
    return int(status.rsplit(" ", 1)[-1])


async def vocabulary(connection: Connection[Any]) -> frozenset[str]:
    """Pairs of characters that stand side by side in names of concepts."""
    return sieve.pairs_of(row["text"] for row in await connection.fetch(_VOCABULARY))


async def queue(
    connection: Connection[Any], scheme: str | None, before: tuple[int, int] | None, limit: int
) -> list[Seen]:
    """Open names without a sure match, the most often asked for first. ``before``: times and id of the last one shown."""
    times, name_id = before or (None, None)
    return [_seen(row) for row in await connection.fetch(_QUEUE, scheme, times, name_id, limit)]


async def queue_size(connection: Connection[Any]) -> int:
    size: int = await connection.fetchval(_QUEUE_SIZE)
    return size


async def one(connection: Connection[Any], name_id: int) -> Seen:
    """``DIC-SEEN-UNKNOWN`` where there is none."""
    row = await connection.fetchrow(_ONE, name_id)
    if row is None:
        raise NotFoundError("DIC-SEEN-UNKNOWN")
    return _seen(row)


async def most_asked(connection: Connection[Any], scheme: str, limit: int) -> tuple[list[Seen], int]:
    """Names asked for in ``scheme`` (empty: the project schemes) that are not discarded, most often first; how many there are."""
    rows = await connection.fetch(_MOST_ASKED, scheme, limit)
    return [_seen(row) for row in rows], rows[0]["all_of_them"] if rows else 0


async def discard(connection: Connection[Any], name_id: int, by: str, reason: str) -> Seen:
    """Take a name from the queue for good: it is nothing of the dictionary's. ``DIC-SEEN-UNKNOWN``, ``DIC-SEEN-REASON``."""
    if not reason.strip():
        raise CallerError("DIC-SEEN-REASON")
    if await connection.fetchval(_DISCARD, name_id, by, reason) is None:
        raise NotFoundError("DIC-SEEN-UNKNOWN")
    return await one(connection, name_id)


async def answered(connection: Connection[Any], answers: Iterable[tuple[int, Resolution]], version: str) -> None:
    """Names have other answers now than were kept: those that match leave the queue."""
    rows = []
    for name_id, result in answers:
        best = result.match or (result.candidates[0] if result.candidates else None)
        scheme, code, score = (best.scheme, best.code, best.score) if best else (None, None, None)
        rows.append(
            {"name_id": name_id, "outcome": outcome_of(result), "code_scheme": scheme, "code": code, "score": score}
        )
    if rows:
        await connection.execute(_ANSWERED, json.dumps(rows), version)


async def forget(connection: Connection[Any], days: int) -> int:
    """Remove names without a match that were asked for once only, longer ago than so many days; how many."""
    async with connection.transaction():
        gone = [row["name_id"] for row in await connection.fetch(_STALE, days)]
        await connection.execute("DELETE FROM jishi.seen_context WHERE name_id = ANY($1::bigint[])", gone)
        await connection.execute("DELETE FROM jishi.seen_name WHERE name_id = ANY($1::bigint[])", gone)
    return len(gone)


def _contexts(scheme: str, folded: str, given: Mapping[Where, int]) -> Sequence[dict[str, object]]:
    """Contexts of a name as they may be kept; what is left out makes several one."""
    counted: dict[Where, int] = {}
    for (place, department, stage), times in given.items():
        where = (sieve.kept_context(place), sieve.kept_context(department), sieve.kept_context(stage))
        counted[where] = counted.get(where, 0) + times
    return [
        {"scheme": scheme, "folded": folded, "place": place, "department": department, "stage": stage, "times": times}
        for (place, department, stage), times in sorted(counted.items())
    ]


def _seen(row: Mapping[str, Any]) -> Seen:
    told = json.loads(row["contexts"])
    contexts = tuple(((item["place"], item["department"], item["stage"]), item["times"]) for item in told)
    return Seen(
        row["name_id"],
        row["scheme"],
        row["name"],
        row["outcome"],
        row["code_scheme"],
        row["code"],
        row["score"],
        row["version"],
        row["times"],
        row["first_seen"],
        row["last_seen"],
        row["state"],
        row["reason"],
        contexts,
    )


_SCHEMES = "SELECT id FROM jishi.scheme WHERE removed_at IS NULL"

_VOCABULARY = """
-- Every name the concepts go by.
SELECT preferred_name AS text FROM jishi.concept
UNION ALL
SELECT alias FROM jishi.concept_alias WHERE NOT negative
"""

_WRITE = """
-- Count names that are known, take up others while there is room, of those with a match and of those without.
WITH given AS (
  SELECT g.*, g.outcome = 'match' AS matched, s.name_id IS NOT NULL AS known
  FROM jsonb_to_recordset($1::jsonb) AS g (
    scheme text, folded text, name text, outcome text, code_scheme text, code text, score int, version text, times bigint
  )
  LEFT JOIN jishi.seen_name s USING (scheme, folded)
), numbered AS (
  SELECT *, row_number() OVER (PARTITION BY known, matched ORDER BY scheme, folded) AS place
  FROM given
), held AS (
  SELECT outcome = 'match' AS matched, count(*) AS names
  FROM jishi.seen_name
  GROUP BY 1
)
INSERT INTO jishi.seen_name AS s (scheme, folded, name, outcome, code_scheme, code, score, version, times)
SELECT n.scheme, n.folded, n.name, n.outcome, n.code_scheme, n.code, n.score, n.version, n.times
FROM numbered n
LEFT JOIN held USING (matched)
WHERE n.known OR n.place + coalesce(held.names, 0) <= $2
ORDER BY n.scheme, n.folded
ON CONFLICT (scheme, folded) DO UPDATE
SET times = s.times + EXCLUDED.times,
  last_seen = now(),
  outcome = EXCLUDED.outcome,
  code_scheme = EXCLUDED.code_scheme,
  code = EXCLUDED.code,
  score = EXCLUDED.score,
  version = EXCLUDED.version
"""

_WRITE_CONTEXTS = """
-- Where the names were used; of one name so many contexts at most.
INSERT INTO jishi.seen_context AS c (name_id, place, department, stage, times)
SELECT s.name_id, g.place, g.department, g.stage, g.times
FROM jsonb_to_recordset($1::jsonb) AS g (
  scheme text, folded text, place text, department text, stage text, times bigint
)
JOIN jishi.seen_name s USING (scheme, folded)
WHERE EXISTS (
    SELECT FROM jishi.seen_context k
    WHERE (k.name_id, k.place, k.department, k.stage) = (s.name_id, g.place, g.department, g.stage)
  )
  OR (SELECT count(*) FROM jishi.seen_context k WHERE k.name_id = s.name_id) < $2
ORDER BY s.name_id, g.place, g.department, g.stage
ON CONFLICT (name_id, place, department, stage) DO UPDATE
SET times = c.times + EXCLUDED.times, last_seen = now()
"""

_COLUMNS = """
  s.name_id, s.scheme, s.name, s.outcome, s.code_scheme, s.code, s.score, s.version, s.times, s.first_seen, s.last_seen,
  s.state, s.reason,
  (
    SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.times DESC, c.place, c.department, c.stage), '[]')
    FROM jishi.seen_context c
    WHERE c.name_id = s.name_id
  )::text AS contexts
"""

_QUEUE = f"""
-- A page of the queue.
SELECT {_COLUMNS}
FROM jishi.seen_name s
WHERE s.outcome <> 'match' AND s.state = 'open'
  AND ($1::text IS NULL OR s.scheme = $1)
  AND ($2::bigint IS NULL OR (s.times, s.name_id) < ($2, $3))
ORDER BY s.times DESC, s.name_id DESC
LIMIT $4
"""  # noqa: S608  fixed columns

_QUEUE_SIZE = "SELECT count(*) FROM jishi.seen_name WHERE outcome <> 'match' AND state = 'open'"

_ONE = f"""
-- One name.
SELECT {_COLUMNS}
FROM jishi.seen_name s
WHERE s.name_id = $1
"""  # noqa: S608  fixed columns

_MOST_ASKED = f"""
-- Names an alias of a scheme may be about.
SELECT {_COLUMNS}, count(*) OVER () AS all_of_them
FROM jishi.seen_name s
WHERE s.scheme = $1 AND s.state = 'open'
ORDER BY s.times DESC, s.name_id
LIMIT $2
"""  # noqa: S608  fixed columns

_DISCARD = """
-- Out of the queue, whoever asks for it again.
UPDATE jishi.seen_name
SET state = 'discarded', decided_by = $2, decided_at = now(), reason = $3
WHERE name_id = $1
RETURNING name_id
"""

_ANSWERED = """
-- The answers names have now.
UPDATE jishi.seen_name s
SET outcome = g.outcome, code_scheme = g.code_scheme, code = g.code, score = g.score, version = $2
FROM jsonb_to_recordset($1::jsonb) AS g (name_id bigint, outcome text, code_scheme text, code text, score int)
WHERE s.name_id = g.name_id
"""

_STALE = """
-- Names that came once and never again.
SELECT name_id
FROM jishi.seen_name
WHERE times = 1 AND outcome <> 'match' AND state = 'open' AND last_seen < now() - make_interval(days => $1::int)
"""
