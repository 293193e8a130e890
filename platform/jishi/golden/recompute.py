"""Golden values of touched entities, recomputed from their contributions at every effective point from a given one on.

Works on temp tables of the publishing transaction: reads ``touched(uid, from_point)``, leaves ``appended`` (versions that
must be recorded) and applies them: superseded golden rows move to the version table, the version in force becomes golden.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg

from jishi.golden import clocks
from jishi.golden.columns import Names
from jishi.registers.register import element_columns


async def recompute(
    connection: asyncpg.Connection, names: Names, recorded_at: datetime, batch_id: int, timezone: str
) -> None:
    """Recompute every entity in ``touched``; afterwards ``delta(uid, type, effective_from, elements)`` says what changed."""
    await connection.execute(_fresh(names), recorded_at, *([timezone] if names.register.clocks else []))
    await connection.execute(_stored(names))
    await connection.execute(_voiceless(names))
    await connection.execute("ANALYZE fresh (uid, t, n); ANALYZE stored (uid, effective_from)")
    await connection.execute(_appended(names))
    await connection.execute("ANALYZE appended (uid, t)")
    await connection.execute(_in_force(names), recorded_at)
    await connection.execute("ANALYZE in_force (uid, t)")
    await connection.execute(change_of(names))
    await connection.execute(_keep_superseded(names))
    await connection.execute(_insert_versions(names), recorded_at, batch_id)
    await connection.execute(_drop_golden(names))
    await connection.execute(_insert_golden(names), recorded_at, batch_id)


def _fresh(names: Names) -> str:
    """The state of every touched entity at each effective point, by survivorship over what is in force there; where only one
    contribution has a voice, its values are taken as they are. Who has a voice is found without the values, which are
    wide."""
    values = ",\n  ".join(
        f"(array_agg(f.{column} ORDER BY {trust_order(names, columns)}) FILTER (WHERE {says_any(columns)}))[1] AS {column}"
        for columns, _ in names.groups()
        for column in columns
    )
    dates = "".join(f", c.{column}" for column in clocks.dates(names.register))
    said = f"""voice v JOIN {names.contribution} c
    ON c.contribution_id = v.contribution_id AND c.effective_from = v.effective_from AND c.recorded_at = v.recorded_at"""
    return f"""
CREATE TEMP TABLE fresh ON COMMIT DROP AS
WITH revision AS MATERIALIZED (
  SELECT l.uid, l.rank, c.contribution_id, c.effective_from, c.recorded_at, c.ended{dates}
  FROM touched t
  JOIN {names.link} l ON l.uid = t.uid
  JOIN {names.contribution} c ON c.contribution_id = l.contribution_id
  WHERE c.recorded_at <= $1
), point AS (
  SELECT DISTINCT r.uid, r.effective_from AS t
  FROM revision r JOIN touched t ON t.uid = r.uid AND r.effective_from >= t.from_point{_clock_points(names)}
), in_force AS (
  SELECT DISTINCT ON (p.uid, p.t, r.contribution_id) p.t, r.*
  FROM point p JOIN revision r ON r.uid = p.uid AND r.effective_from <= p.t
  ORDER BY p.uid, p.t, r.contribution_id, r.effective_from DESC, r.recorded_at DESC
), alive AS (
  SELECT f.*, bool_or(NOT f.ended) OVER (PARTITION BY f.uid, f.t) AS is_alive
  FROM in_force f
), voice AS MATERIALIZED (
  SELECT f.*, count(*) OVER (PARTITION BY f.uid, f.t) AS voices
  FROM alive f
  WHERE f.ended = NOT f.is_alive
), state AS (
  SELECT v.uid, v.t, CASE WHEN v.is_alive THEN 'active' ELSE 'ended' END AS state, {names.column_list("c")}
  FROM {said}
  WHERE v.voices = 1
  UNION ALL
  SELECT f.uid, f.t, CASE WHEN bool_or(f.is_alive) THEN 'active' ELSE 'ended' END AS state,
  {values}
  FROM (SELECT v.uid, v.t, v.is_alive, v.rank, c.* FROM {said} WHERE v.voices > 1) f
  GROUP BY f.uid, f.t
)
SELECT f.uid, f.t, {clocks.state(names.register, "f")},
  {", ".join(clocks.value(names.register, column, "f") for column in names.columns)},
  row_number() OVER (PARTITION BY f.uid ORDER BY f.t) AS n
FROM state f"""


def _voiceless(names: Names) -> str:
    """Where nobody has a voice any more, because a steward parted contributions, the entity has ended there."""
    return f"""
INSERT INTO fresh (uid, t, state, {names.column_list()}, n)
SELECT s.uid, s.effective_from, 'ended', {names.column_list("s")},
  1 - row_number() OVER (PARTITION BY s.uid ORDER BY s.effective_from DESC)
FROM stored s
JOIN touched t ON t.uid = s.uid AND t.from_point = '-infinity'
WHERE s.uid IN ({_parted(names)}) AND NOT EXISTS (SELECT FROM fresh f WHERE f.uid = s.uid AND f.t <= s.effective_from)"""


def _parted(names: Names) -> str:
    """Entities whose contributions a steward regrouped: they may have versions at dates of which no contribution of theirs
    tells."""
    return f"SELECT j.uid FROM jishi.judgement j WHERE j.register = {names.register.number}"


def _stored_points(names: Names, whose: str) -> str:
    """The points of the versions known so far."""
    return "".join(
        f"""
  UNION
  SELECT v.uid, v.effective_from FROM {table} v JOIN touched t ON t.uid = v.uid AND v.effective_from >= t.from_point{whose}"""
        for table in (names.version, names.golden)
    )


def _clock_points(names: Names) -> str:
    """The points at which the calendar changes a record, and those at which it was thought to; those that are left of
    contributions which were taken away."""
    if not names.register.clocks:
        return _stored_points(names, f"\n    AND t.uid IN ({_parted(names)})")
    dated = "".join(
        f"""
  UNION
  SELECT r.uid, {moment}
  FROM revision r JOIN touched t ON t.uid = r.uid AND {moment} > greatest(r.effective_from, t.from_point)"""
        for moment in clocks.moments(names.register, "r")
    )
    return dated + _stored_points(names, "")


def trust_order(names: Names, columns: tuple[str, ...]) -> str:
    """Order of trust among contributions ``f`` for one group of columns; see ``registers.survivorship``."""
    sticky = dict(names.register.survivorship.sticky)
    first = [
        f"(f.{column} IN ({', '.join(repr(value) for value in sticky[column])})) DESC NULLS LAST"
        for column in columns
        if column in sticky
    ]
    return ", ".join(["f.rank", *first, "f.effective_from DESC", "f.recorded_at DESC", "f.contribution_id"])


def says_any(columns: tuple[str, ...]) -> str:
    """Whether contribution ``f`` says anything in a group of columns."""
    return " OR ".join(f"f.{column} IS NOT NULL" for column in columns)


def _stored(names: Names) -> str:
    """The versions known so far, the latest recorded at each effective point."""
    return f"""
CREATE TEMP TABLE stored ON COMMIT DROP AS
SELECT DISTINCT ON (uid, effective_from) * FROM (
  SELECT g.uid, g.effective_from, g.recorded_at, g.state, {names.column_list("g")}
  FROM touched t JOIN {names.golden} g ON g.uid = t.uid
  UNION ALL
  SELECT v.uid, v.effective_from, v.recorded_at, v.state, {names.column_list("v")}
  FROM touched t JOIN {names.version} v ON v.uid = t.uid
) known
ORDER BY uid, effective_from, recorded_at DESC"""


def _appended(names: Names) -> str:
    """Fresh states that differ from what is recorded at their point, or from the state that flows into it."""

    def differs(alias: str) -> str:
        return f"ROW(f.state, {names.column_list('f')}) IS DISTINCT FROM ROW({alias}.state, {names.column_list(alias)})"

    return f"""
CREATE TEMP TABLE appended ON COMMIT DROP AS
WITH before AS (
  SELECT DISTINCT ON (f.uid) s.*
  FROM fresh f JOIN stored s ON s.uid = f.uid AND s.effective_from < f.t
  WHERE f.n = 1
  ORDER BY f.uid, s.effective_from DESC
)
SELECT f.*
FROM fresh f
LEFT JOIN stored x ON x.uid = f.uid AND x.effective_from = f.t
LEFT JOIN fresh p ON p.uid = f.uid AND p.n = f.n - 1
LEFT JOIN before b ON b.uid = f.uid AND f.n = 1
WHERE CASE
  WHEN x.uid IS NOT NULL THEN {differs("x")}
  WHEN p.uid IS NOT NULL THEN {differs("p")}
  WHEN b.uid IS NOT NULL THEN {differs("b")}
  ELSE TRUE END"""


def _in_force(names: Names) -> str:
    """Of the appended versions, the one that is in force now; null where a version recorded before stays in force."""
    return f"""
CREATE TEMP TABLE in_force ON COMMIT DROP AS
SELECT a.* FROM (
  SELECT DISTINCT ON (uid) * FROM appended WHERE t <= $1 ORDER BY uid, t DESC
) a
LEFT JOIN {names.golden} g ON g.uid = a.uid
WHERE g.uid IS NULL OR a.t >= g.effective_from"""


def change_of(names: Names, known_at: str = "NULL::timestamptz") -> str:
    """What the change feed says of each entity whose golden values or state differ; nothing of what was not there before
    and is not there now. Beside it the clocks of the version before, by which the feed tells whose rows it stood in;
    ``known_at``: SQL of when the version that comes into force was recorded, where that was earlier."""
    elements = ",\n    ".join(
        f"CASE WHEN ({', '.join(f'a.{c}' for c in columns)}) IS DISTINCT FROM "
        f"({', '.join(f'g.{c}' for c in columns)}) THEN '{element}' END"
        for element, columns in _element_columns(names)
    )
    return f"""
CREATE TEMP TABLE delta ON COMMIT DROP AS
SELECT * FROM (
  SELECT a.uid, a.t AS effective_from,
    CASE WHEN COALESCE(g.state, 'ended') = 'active'
         THEN CASE a.state WHEN 'active' THEN 'change' WHEN 'withheld' THEN 'withhold' ELSE 'end' END
         WHEN a.state = 'active' THEN 'create' END AS type,
    CASE WHEN g.uid IS NOT NULL AND g.state = 'active' AND a.state = 'active' THEN array_remove(ARRAY[
    {elements}], NULL) END AS elements,
    {known_at} AS known_at, g.effective_from AS before_from, g.recorded_at AS before_known,
    NULL::uuid AS "into"
  FROM in_force a LEFT JOIN {names.golden} g ON g.uid = a.uid
) d
WHERE d.type <> 'change' OR d.elements <> '{{}}'"""


def _element_columns(names: Names) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, element_columns(name, element)) for name, element in names.register.elements.items()]


def _keep_superseded(names: Names) -> str:
    """Golden rows about to be replaced go to the version table, unless they stand there already."""
    return f"""
INSERT INTO {names.version} (uid, {names.column_list()}, effective_from, recorded_at, state, batch_id)
SELECT g.uid, {names.column_list("g")}, g.effective_from, g.recorded_at, g.state, g.batch_id
FROM {names.golden} g JOIN in_force a ON a.uid = g.uid
WHERE NOT g.in_version"""


def _insert_versions(names: Names) -> str:
    """Appended versions that are not in force now: earlier corrections and what lies in the future."""
    return f"""
INSERT INTO {names.version} (uid, {names.column_list()}, effective_from, recorded_at, state, batch_id)
SELECT a.uid, {names.column_list("a")}, a.t, $1, a.state, $2
FROM appended a
WHERE NOT EXISTS (SELECT FROM in_force f WHERE f.uid = a.uid AND f.t = a.t)"""


def _drop_golden(names: Names) -> str:
    """Makes room for the version now in force (its predecessor stands in the version table)."""
    return f"DELETE FROM {names.golden} g USING in_force a WHERE a.uid = g.uid"


def _insert_golden(names: Names) -> str:
    """The versions now in force."""
    return f"""
INSERT INTO {names.golden} (uid, {names.column_list()}, effective_from, recorded_at, state, in_version, batch_id)
SELECT a.uid, {names.column_list("a")}, a.t, $1, a.state, FALSE, $2
FROM in_force a"""
