"""Relations 关系 between registers: dated rows from what contributions refer to, resolved when the target is there (merge).

A reference by number is a row of its contribution, from the day the source says it until the source says otherwise. A
reference by value follows the golden record. What finds no target, or more than one, is kept and looked for again when an
entity arrives that may be meant. Rows are only ever appended, closed and resolved, each with the instant it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg

from jishi.golden.columns import Names
from jishi.golden.lock import Clock
from jishi.registers.catalog import register_of, registers
from jishi.registers.reference import Reference
from jishi.registers.register import Register

LOCK = 0x6A69_7368
"""Advisory lock of the relations: a reference and its target may be published by two registers at once."""

MANY = 1_000


async def relate(connection: asyncpg.Connection, names: Names, clock: Clock, batch_id: int, accepted: str) -> None:
    """After the golden records of a publication stand: append, close and resolve. ``moved(uid)`` is left behind."""
    register = names.register
    if not concerns(register):
        return
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    numbered = [reference for reference in register.references if not reference.by_value]
    if numbered:
        elements = [reference.element for reference in numbered]
        await connection.execute(_CLOSE_NUMBERED, register.number, elements, clock.recorded_at)
        appended = await connection.execute(
            _APPEND_NUMBERED,
            register.number,
            elements,
            [reference.kind for reference in numbered],
            clock.last_contribution_id,
            clock.recorded_at,
            batch_id,
        )
        await _note_growth(connection, appended)
    await find_targets(connection, register, clock)
    if _by_value(register):
        await connection.execute(
            "CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT uid FROM touched"
            f" UNION SELECT s.entity FROM {accepted} WHERE s.single"
        )
        await follow_values(connection, register, clock, batch_id)


async def follow_values(connection: asyncpg.Connection, register: Register, clock: Clock, batch_id: int | None) -> None:
    """References by value of the golden records in ``moved``, and references of others that may mean one of them."""
    await connection.execute("CREATE INDEX ON moved (uid); ANALYZE moved")
    for reference in (reference for reference in register.references if reference.by_value):
        await connection.execute(_close_valued(register, reference), reference.kind, clock.recorded_at)
        appended = await connection.execute(
            _append_valued(register, reference), reference.kind, register.number, clock.recorded_at, batch_id
        )
        await _note_growth(connection, appended)
    for source, reference in _by_value(register):
        sides = ["from"] if source is register else []
        if register.name in reference.targets:
            sides.append("to")
        for moved in sides:
            statement = _resolve_valued(source, reference, moved)
            await connection.execute(statement, reference.kind, clock.recorded_at)


async def _note_growth(connection: asyncpg.Connection, appended: str) -> None:
    """Many rows appended at once must be known to the planner before they are joined."""
    if int(appended.rsplit(maxsplit=1)[-1]) >= MANY:
        await connection.execute("SELECT jishi.refresh_statistics('relation')")


async def find_targets(connection: asyncpg.Connection, register: Register, clock: Clock) -> None:
    """Look for the targets of what was appended just now by number, and for what meant an entity of this register."""
    numbered = [reference for reference in register.references if not reference.by_value]
    await _resolve_numbered(connection, numbered, register, clock, own=True)
    await _resolve_numbered(connection, list(_numbered_to(register)), register, clock, own=False)


def concerns(register: Register) -> bool:
    """Whether entities of the register refer to others or others to them."""
    return bool(register.references) or any(_numbered_to(register)) or bool(_by_value(register))


def _numbered_to(register: Register) -> Iterator[tuple[Register, Reference]]:
    """References by number of any register that may mean an entity of this one."""
    for source in registers().values():
        for reference in source.references:
            if not reference.by_value and register.name in reference.targets:
                yield source, reference


def _by_value(register: Register) -> list[tuple[Register, Reference]]:
    """References by value from or to this register."""
    return [
        (source, reference)
        for source in registers().values()
        for reference in source.references
        if reference.by_value and (source is register or register.name in reference.targets)
    ]


_SPOKEN = (
    "(SELECT known AS contribution_id FROM incoming WHERE known IS NOT NULL UNION SELECT contribution_id FROM gone)"
)
"""Known contributions of which this publication has a new revision."""

_CLOSE_NUMBERED = f"""
UPDATE jishi.relation r SET effective_to = d.valid_to, closed_at = $3
FROM {_SPOKEN} c
JOIN LATERAL (
  SELECT i.element, i.lookup, i.valid_from, max(i.valid_to) AS valid_to
  FROM jishi.identifier i
  WHERE i.contribution_id = c.contribution_id AND i.register = $1::smallint AND i.element = ANY($2::text[])
    AND i.valid_to IS NOT NULL
  GROUP BY 1, 2, 3
) d ON TRUE
WHERE r.contribution_id = c.contribution_id AND r.from_register = $1::smallint AND r.element = d.element
  AND r.to_lookup = d.lookup AND r.effective_from = d.valid_from
  AND NOT EXISTS (
    SELECT FROM jishi.identifier i
    WHERE i.contribution_id = r.contribution_id AND i.register = r.from_register AND i.element = r.element
      AND i.lookup = r.to_lookup AND i.valid_from = r.effective_from AND i.valid_to IS NOT DISTINCT FROM r.effective_to
  )"""
"""A contribution refers for as long as it carries the number, and no longer."""

_APPEND_NUMBERED = f"""
INSERT INTO jishi.relation (kind, from_register, from_uid, contribution_id, element, to_scheme, to_lookup, effective_from,
  effective_to, recorded_at, closed_at, batch_id)
SELECT e.kind, d.register, d.uid, d.contribution_id, d.element, d.scheme, d.lookup, d.valid_from, d.valid_to, $5::timestamptz,
  CASE WHEN d.valid_to IS NOT NULL THEN $5::timestamptz END, $6::bigint
FROM jishi.identifier d JOIN unnest($2::text[], $3::text[]) e (element, kind) ON e.element = d.element
WHERE d.register = $1::smallint
  AND (d.contribution_id > $4 OR d.contribution_id IN (SELECT contribution_id FROM {_SPOKEN} c))
  AND NOT EXISTS (
    SELECT FROM jishi.relation r
    WHERE r.contribution_id = d.contribution_id AND r.from_register = d.register AND r.element = d.element
      AND r.to_lookup = d.lookup AND r.effective_from = d.valid_from
      AND r.effective_to IS NOT DISTINCT FROM d.valid_to
  )"""
"""What the new revisions refer to."""


async def _resolve_numbered(
    connection: asyncpg.Connection,
    references: list[Reference] | list[tuple[Register, Reference]],
    register: Register,
    clock: Clock,
    *,
    own: bool,
) -> None:
    """Look for the targets of what was appended just now (``own``), or for what meant an entity of this register."""
    pairs = [(register, item) if isinstance(item, Reference) else item for item in references]
    meant = [
        (source.number, reference.element, target)
        for source, reference in pairs
        for target in ([register_of(name).number for name in reference.targets] if own else [register.number])
    ]
    if not meant:
        return
    await connection.execute(
        _RESOLVE_NUMBERED + ("AND r.recorded_at = $4" if own else "") + _ONE_TARGET,
        *([item[place] for item in meant] for place in range(3)),
        clock.recorded_at,
    )


_RESOLVE_NUMBERED = """
UPDATE jishi.relation r SET to_register = f.register, to_uid = f.uid, resolved_at = $4
FROM (
  SELECT r.relation_id, (array_agg(i.register))[1] AS register, (array_agg(i.uid))[1] AS uid
  FROM jishi.relation r
  JOIN unnest($1::smallint[], $2::text[], $3::smallint[]) m (source, element, target)
    ON m.source = r.from_register AND m.element = r.element
  JOIN jishi.identifier i ON i.lookup = r.to_lookup AND i.scheme = r.to_scheme AND i.register = m.target AND i.strong
    AND (i.valid_to IS NULL OR i.valid_to > $4 AND i.valid_to <> i.valid_from)
  WHERE r.to_uid IS NULL AND r.to_lookup IS NOT NULL """

_ONE_TARGET = """
  GROUP BY r.relation_id
  HAVING count(DISTINCT i.uid) = 1
) f
WHERE f.relation_id = r.relation_id"""
"""A number that two entities carry resolves nothing: which of them is meant is not known. One that is carried for no time at
all is remembered of an entity that was merged, and counts for nobody."""


def _close_valued(register: Register, reference: Reference) -> str:
    return f"""
UPDATE jishi.relation r SET effective_to = greatest(g.effective_from, r.effective_from), closed_at = $2
FROM moved m JOIN jishi.{register.name} g ON g.uid = m.uid
WHERE r.from_uid = g.uid AND r.kind = $1::text AND r.element = '{reference.element}' AND r.closed_at IS NULL
  AND (g.state = 'ended' OR g.{reference.element} IS DISTINCT FROM r.to_value)"""


def _append_valued(register: Register, reference: Reference) -> str:
    return f"""
INSERT INTO jishi.relation (kind, from_register, from_uid, element, to_value, effective_from, recorded_at, batch_id)
SELECT $1::text, $2::smallint, g.uid, '{reference.element}', g.{reference.element}, g.effective_from, $3,
  COALESCE($4::bigint, g.batch_id)
FROM moved m JOIN jishi.{register.name} g ON g.uid = m.uid
WHERE g.state <> 'ended' AND g.{reference.element} IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM jishi.relation r
    WHERE r.from_uid = g.uid AND r.kind = $1::text AND r.element = '{reference.element}' AND r.closed_at IS NULL
  )"""


def _resolve_valued(source: Register, reference: Reference, moved: str) -> str:
    """``moved``: the side of the relation that must be in the table of that name, from or to."""
    (name,) = reference.targets
    target = register_of(name)
    also = [f"t.{theirs} = g.{ours}" for ours, theirs in reference.same]
    also += [f"t.{element} = '{value}'" for element, value in reference.where]
    lowest = "t.uid"
    if reference.above:
        element, levels = reference.above
        order = f"ARRAY[{', '.join(repr(level) for level in levels)}]"
        lowest = f"array_position({order}, t.{element})"
        also.append(f"{lowest} < array_position({order}, g.{element})")
    also.append(f"EXISTS (SELECT FROM moved m WHERE m.uid = {'g' if moved == 'from' else 't'}.uid)")
    return f"""
UPDATE jishi.relation r SET to_register = {target.number}, to_uid = f.uid, resolved_at = $2
FROM (
  SELECT DISTINCT ON (r.relation_id) r.relation_id, t.uid
  FROM jishi.relation r
  JOIN jishi.{source.name} g ON g.uid = r.from_uid
  JOIN jishi.{target.name} t ON t.{reference.to_element} = r.to_value AND t.state <> 'ended' AND t.uid <> g.uid
    AND {" AND ".join(also)}
  WHERE r.kind = $1::text AND r.from_register = {source.number} AND r.element = '{reference.element}'
    AND r.to_uid IS NULL AND r.closed_at IS NULL
  ORDER BY r.relation_id, {lowest} DESC, t.uid
) f
WHERE f.relation_id = r.relation_id"""
