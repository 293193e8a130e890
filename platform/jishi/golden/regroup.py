"""Which contributions form which entity, changed by a steward's word: merge 合并, unmerge 拆分, split (by the one door, steps
*match* to *publish*).

A merge keeps the older uid; the contributions of the other go over to it, and its versions say from their own dates on
into whom it went. An unmerge gives an entity back the contributions it came with, and those that have joined since by its
numbers alone. Golden values are computed anew from the contributions, as ever; what was known before stays as it was.
The judgements are kept: no machine asks or decides again what a steward said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.errors import CallerError, NotFoundError
from jishi.golden.columns import Names
from jishi.golden.feed import publish_changes
from jishi.golden.lock import Clock, lock_register
from jishi.golden.recompute import recompute
from jishi.golden.relations_moved import move_relations
from jishi.registers.register import Register

if TYPE_CHECKING:
    from asyncpg import Connection

BY_STEWARD = 4
NO_BATCH = 0
RULE = "steward"


@dataclass(frozen=True, slots=True)
class Word:
    """Who decides, for the record of each judgement; ``timezone`` of the city, whose days begin at local midnight."""

    by: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Regrouped:
    """``survivor``: the uid that holds the contributions ``moved`` now; ``last_seq``: of the register's feed."""

    survivor: UUID
    moved: tuple[int, ...]
    last_seq: int


async def merge_entities(
    connection: Connection[Any], register: Register, one: UUID, other: UUID, word: Word
) -> Regrouped:
    """Two uids are one entity: the older uid stays, the other leads to it. Inside a transaction.

    Raises NotFoundError ``MAT-NO-ENTITY`` where one of them is no golden record (any more), CallerError ``MAT-SAME``.
    """
    names = Names(register, "", frozenset())
    clock = await lock_register(connection, register)
    survivor, gone = sorted((one, other))
    if survivor == gone:
        raise CallerError("MAT-SAME")
    found = await connection.fetch(f"SELECT uid FROM {names.golden} WHERE uid = ANY($1::uuid[])", [survivor, gone])
    if len(found) < 2:
        raise NotFoundError("MAT-NO-ENTITY", collection=register.collection)
    moved = await _contributions_of(connection, names, gone)
    await _judge(connection, register, moved, survivor, "same", word.by)
    await _reassign(connection, names, moved, gone, survivor)
    await connection.execute(_TOUCHED, [survivor])
    await recompute(connection, names, clock.recorded_at, NO_BATCH, word.timezone)
    for statement, *values in (
        (_tell_merge(names), gone, survivor),
        (_keep_gone(names), gone),
        (_versions_gone(names), gone, survivor, clock.recorded_at, NO_BATCH),
        (f"DELETE FROM {names.golden} WHERE uid = $1", gone),
        (_SETTLE_REVIEWS, register.number, gone, survivor),
    ):
        await connection.execute(statement, *values)
    return await _publish(connection, names, clock, (survivor, gone), survivor, moved)


async def unmerge_entity(
    connection: Connection[Any], register: Register, back: UUID, came_with: Sequence[int], word: Word
) -> Regrouped:
    """``back`` is an entity of its own again, with the contributions it ``came_with``. Inside a transaction.

    Raises NotFoundError ``MAT-NOT-MERGED`` where it is merged into nobody.
    """
    names = Names(register, "", frozenset())
    clock = await lock_register(connection, register)
    holder = await _holder_of(connection, names, back)
    if holder is None:
        raise NotFoundError("MAT-NOT-MERGED", collection=register.collection)
    joined = await connection.fetch(_joined_since(names), holder, list(came_with), register.number)
    own = await connection.fetch(
        f"SELECT contribution_id FROM {names.link} WHERE uid = $1 AND contribution_id = ANY($2::bigint[])",
        holder,
        list(came_with),
    )
    moved = [row["contribution_id"] for row in (*own, *joined)]
    return await _part(connection, names, clock, moved, holder, back, word)


async def split_contribution(
    connection: Connection[Any], register: Register, contribution: int, fresh: UUID, word: Word
) -> Regrouped:
    """A contribution that is not its entity's after all becomes the entity ``fresh``. Inside a transaction.

    Raises CallerError ``MAT-ALONE`` where the entity has no other.
    """
    names = Names(register, "", frozenset())
    clock = await lock_register(connection, register)
    holder = await connection.fetchval(
        f"SELECT uid FROM {names.link} WHERE contribution_id = $1",
        contribution,
    )
    if holder is None:
        raise NotFoundError("MAT-NO-ENTITY", collection=register.collection)
    return await _part(connection, names, clock, [contribution], holder, fresh, word)


async def note_different(
    connection: Connection[Any], register: Register, contribution: int, other: UUID, word: Word
) -> None:
    """The contribution is not ``other``'s: kept, so that it is not asked again. Nothing moves."""
    await _judge(connection, register, [contribution], other, "different", word.by)


async def _part(
    connection: Connection[Any],
    names: Names,
    clock: Clock,
    moved: list[int],
    holder: UUID,
    apart: UUID,
    word: Word,
) -> Regrouped:
    """``moved`` leave ``holder`` for ``apart``."""
    if not set(await _contributions_of(connection, names, holder)) - set(moved):
        raise CallerError("MAT-ALONE")
    await _judge(connection, names.register, moved, holder, "different", word.by)
    await _judge(connection, names.register, moved, apart, "same", word.by)
    await _reassign(connection, names, moved, holder, apart)
    await connection.execute(_TOUCHED, [holder, apart])
    await recompute(connection, names, clock.recorded_at, NO_BATCH, word.timezone)
    await connection.execute(_tell_unmerge(names), apart)
    return await _publish(connection, names, clock, (holder, apart), apart, moved)


async def _publish(
    connection: Connection[Any],
    names: Names,
    clock: Clock,
    concerned: tuple[UUID, UUID],
    survivor: UUID,
    moved: list[int],
) -> Regrouped:
    """Number the changes, let relations follow, and tell whoever keeps protections and disputes by uid."""
    register = names.register
    _, last_seq = await publish_changes(connection, register, clock)
    before = concerned[1] if survivor == concerned[0] else concerned[0]
    await move_relations(connection, register, clock, moved, before, survivor)
    await connection.execute(
        "UPDATE jishi.register_state SET last_recorded_at = $2, last_seq = $3 WHERE register = $1",
        register.number,
        clock.recorded_at,
        last_seq,
    )
    for kept in ("protection", "dispute"):
        await connection.execute("SELECT pg_notify('jishi_access', $1)", kept)
    return Regrouped(survivor, tuple(moved), last_seq)


async def _holder_of(connection: Connection[Any], names: Names, uid: UUID) -> UUID | None:
    """Whom an entity that is no longer golden was merged into, in the end."""
    seen: set[UUID] = set()
    at: UUID | None = uid
    while at is not None and at not in seen:
        if await connection.fetchval(f"SELECT TRUE FROM {names.golden} WHERE uid = $1", at):
            return at if at != uid else None
        seen.add(at)
        at = await connection.fetchval(
            f"SELECT \"into\" FROM {names.version} WHERE uid = $1 AND state = 'merged'"
            " ORDER BY recorded_at DESC, effective_from DESC LIMIT 1",
            at,
        )
    return None


async def _contributions_of(connection: Connection[Any], names: Names, uid: UUID) -> list[int]:
    rows = await connection.fetch(
        f"SELECT contribution_id FROM {names.link} WHERE uid = $1 ORDER BY contribution_id",
        uid,
    )
    return [row["contribution_id"] for row in rows]


async def _judge(
    connection: Connection[Any], register: Register, contributions: Sequence[int], uid: UUID, verdict: str, by: str
) -> None:
    await connection.execute(_JUDGE, register.number, list(contributions), uid, verdict, by, RULE)


async def _reassign(connection: Connection[Any], names: Names, moved: list[int], before: UUID, after: UUID) -> None:
    """Contributions and their numbers are another entity's from now on; that the first one carried them stays to be found
    by whoever asks of an earlier knowledge."""
    await connection.execute(
        f"UPDATE {names.link} SET uid = $2, method = {BY_STEWARD} WHERE contribution_id = ANY($1::bigint[])",
        moved,
        after,
    )
    await connection.execute(_REMEMBER_NUMBERS, names.register.number, moved, before)
    await connection.execute(_MOVE_NUMBERS, names.register.number, moved, before, after)


_JUDGE = """
INSERT INTO jishi.judgement (register, contribution_id, uid, verdict, decided_by, rule_version)
SELECT $1, c, $3, $4, $5, $6 FROM unnest($2::bigint[]) c"""

_TOUCHED = """
CREATE TEMP TABLE touched ON COMMIT DROP AS
SELECT uid, '-infinity'::timestamptz AS from_point FROM unnest($1::uuid[]) uid"""

_REMEMBER_NUMBERS = """
INSERT INTO jishi.identifier
  (register, contribution_id, uid, element, scheme, lookup, cipher, masked, strong, valid_from, valid_to)
SELECT DISTINCT ON (d.contribution_id, d.element, d.lookup)
  d.register, d.contribution_id, d.uid, d.element, d.scheme, d.lookup, d.cipher, d.masked, d.strong, d.valid_from, d.valid_from
FROM jishi.identifier d
WHERE d.register = $1 AND d.contribution_id = ANY($2::bigint[]) AND d.uid = $3 AND d.valid_to IS DISTINCT FROM d.valid_from
  AND NOT EXISTS (
    SELECT FROM jishi.identifier e
    WHERE e.contribution_id = d.contribution_id AND e.register = d.register AND e.uid = d.uid AND e.element = d.element
      AND e.lookup = d.lookup AND e.valid_to = e.valid_from
  )
ORDER BY d.contribution_id, d.element, d.lookup, d.valid_from"""
"""For no time at all: found by the number, and no longer carried."""

_MOVE_NUMBERS = """
UPDATE jishi.identifier SET uid = $4
WHERE register = $1 AND contribution_id = ANY($2::bigint[]) AND uid = $3 AND valid_to IS DISTINCT FROM valid_from"""


def _joined_since(names: Names) -> str:
    """Contributions that joined the merged entity later, by numbers that only those who leave carry."""
    return f"""
SELECT l.contribution_id FROM {names.link} l
WHERE l.uid = $1 AND l.method = 2 AND l.contribution_id <> ALL($2::bigint[])
  AND l.contribution_id > (SELECT max(c) FROM unnest($2::bigint[]) c)
  AND EXISTS (
    SELECT FROM jishi.identifier d
    JOIN jishi.identifier m ON m.lookup = d.lookup AND m.register = d.register AND m.contribution_id = ANY($2::bigint[])
    WHERE d.contribution_id = l.contribution_id AND d.register = $3 AND d.strong
  )
  AND NOT EXISTS (
    SELECT FROM jishi.identifier d
    JOIN jishi.identifier o ON o.lookup = d.lookup AND o.register = d.register AND o.contribution_id < l.contribution_id
      AND o.contribution_id <> ALL($2::bigint[]) AND o.uid = l.uid
    WHERE d.contribution_id = l.contribution_id AND d.register = $3 AND d.strong
  )"""


def _tell_merge(names: Names) -> str:
    """That one entity went into another, where it was served."""
    return f"""
INSERT INTO delta (uid, effective_from, type, before_from, before_known, "into")
SELECT g.uid, g.effective_from, 'merge', g.effective_from, g.recorded_at, $2
FROM {names.golden} g
WHERE g.uid = $1 AND g.state = 'active'"""


def _tell_unmerge(names: Names) -> str:
    """Of an entity that was there before; one that is split off is created."""
    return f"""
UPDATE delta SET type = 'unmerge'
WHERE uid = $1 AND type = 'create' AND EXISTS (SELECT FROM {names.version} v WHERE v.uid = $1 AND v.state = 'merged')"""


def _keep_gone(names: Names) -> str:
    """The golden row that goes stands among the versions, where it stood before the merge."""
    return f"""
INSERT INTO {names.version} (uid, {names.column_list()}, effective_from, recorded_at, state, batch_id)
SELECT g.uid, {names.column_list("g")}, g.effective_from, g.recorded_at, g.state, g.batch_id
FROM {names.golden} g
WHERE g.uid = $1 AND NOT g.in_version"""


def _versions_gone(names: Names) -> str:
    """At each date from which it was in force, or was going to be, it is now known to be part of another."""
    return f"""
INSERT INTO {names.version} (uid, {names.column_list()}, effective_from, recorded_at, state, "into", batch_id)
SELECT DISTINCT ON (v.effective_from) v.uid, {names.column_list("v")}, v.effective_from, $3, 'merged', $2, $4
FROM {names.version} v
WHERE v.uid = $1
ORDER BY v.effective_from, v.recorded_at DESC"""


_SETTLE_REVIEWS = """
UPDATE jishi.review
SET uid = CASE uid WHEN $2 THEN $3 ELSE uid END, other_uid = CASE other_uid WHEN $2 THEN $3 ELSE other_uid END,
  status = CASE WHEN uid <> other_uid AND uid IN ($2, $3) AND other_uid IN ($2, $3) THEN 'same' ELSE status END
WHERE register = $1 AND status = 'open' AND $2 IN (uid, other_uid)"""
"""What was asked of the one that went is asked of the other; whether they are the same is answered."""
