"""Strong identifiers: finds the entity each new contribution belongs to, or that it must stand alone (step 5 of the road).

Works on the publishing transaction's temp tables: brings the new rows whose number another row or entity carries into
``incoming``, sets ``uid``, ``method`` and ``single`` there, and leaves ``conflict(row_number, other_uid, reason)``. A
conflict of a known row changes no link: it asks a steward.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg

from jishi.matching.former import known_by
from jishi.matching.similarity import Person, contradicts
from jishi.registers.register import Register

NEW, STRONG = 1, 2


async def link_by_identifier(
    connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str], golden: str, now: datetime
) -> None:
    """Decide every row of ``incoming``; rows already known keep their entity. A number that an entity carries until a day
    after ``now`` is still its own."""
    await connection.execute(
        "CREATE TEMP TABLE conflict (row_number bigint, other_uid uuid, reason text) ON COMMIT DROP"
    )
    slots = [name for name in register.identifiers if register.elements[name].strong and name in staged]
    if not slots:
        return
    await connection.execute(_shared(stage, slots))
    await connection.execute("ANALYZE shared")
    await connection.execute(_met(stage, slots), register.number, now)
    await connection.execute("ANALYZE incoming")
    await connection.execute(_anchors(stage, slots, staged))
    await connection.execute("ANALYZE anchor")
    await connection.execute(_candidates(register, stage, golden, staged), register.number, now)
    await connection.execute("ANALYZE candidate")
    await connection.execute(_BRIDGES)
    await connection.execute(_groups(len(slots)))
    await connection.execute("ANALYZE grouped")
    await _contradictions(connection, register, stage, staged, golden)
    await connection.execute(_known_conflicts(), register.number, now)
    await connection.execute(_LINK_CANDIDATES)
    await connection.execute(_LINK_GROUPS)
    await connection.execute(_SPLIT_NUMBERS)
    await connection.execute(_met_conflicts(), register.number, now)
    await _others_names(connection, register, stage, staged, golden)
    await connection.execute(_DECIDED, register.number)


def _shared(stage: str, slots: list[str]) -> str:
    """Numbers that more than one row of the delivery carries."""
    numbers = " UNION ALL ".join(f"SELECT s.{name}__lookup AS lookup FROM {stage} s" for name in slots)
    return f"""
CREATE TEMP TABLE shared ON COMMIT DROP AS
SELECT lookup FROM ({numbers}) n WHERE lookup IS NOT NULL GROUP BY lookup HAVING count(*) > 1"""


def _met(stage: str, slots: list[str]) -> str:
    """New rows that share a number with another row, or whose number an entity of the register carries."""
    meeting = "\n  UNION ".join(
        f"""SELECT s.row_number FROM {stage} s JOIN shared h ON h.lookup = s.{name}__lookup
  UNION SELECT s.row_number FROM {stage} s
    JOIN jishi.identifier d ON d.lookup = s.{name}__lookup AND d.register = $1 AND d.strong AND {_carried("d")}"""
        for name in slots
    )
    return f"""
INSERT INTO incoming
SELECT s.row_number, NULL, s.ended, s.effective_from, s.uid, 1, TRUE, FALSE, FALSE
FROM ({meeting}) m JOIN {stage} s USING (row_number)
WHERE NOT EXISTS (SELECT FROM settled e WHERE e.row_number = m.row_number)
  AND NOT EXISTS (SELECT FROM incoming i WHERE i.row_number = m.row_number)"""


def _carried(alias: str) -> str:
    """Numbers that are carried now or will be."""
    return f"({alias}.valid_to IS NULL OR {alias}.valid_to > $2)"


def _anchors(stage: str, slots: list[str], staged: frozenset[str]) -> str:
    """One row for each strong identifier of an incoming row."""
    parts = []
    for number, name in enumerate(slots, start=1):
        alternative = f"s.{name}__scheme_alt" if f"{name}__scheme_alt" in staged else "NULL::text"
        parts.append(
            f"""SELECT i.row_number, {number} AS slot, s.{name}__lookup AS lookup, s.{name}__scheme AS scheme,
  {alternative} AS scheme_alt
FROM incoming i JOIN {stage} s USING (row_number)
WHERE s.{name}__lookup IS NOT NULL"""
        )
    return "CREATE TEMP TABLE anchor ON COMMIT DROP AS\n" + "\nUNION ALL\n".join(parts)


def _candidates(register: Register, stage: str, golden: str, staged: frozenset[str]) -> str:
    """The existing entity each anchor points to; among several, the one of the same name, then the oldest."""
    name = next((name for name in register.contradiction.names if name in staged), None)
    same_name = f"(g.{name} = s.{name}) DESC NULLS LAST, " if name else ""
    return f"""
CREATE TEMP TABLE candidate ON COMMIT DROP AS
SELECT DISTINCT ON (a.row_number, a.slot) a.row_number, a.slot, i.uid
FROM anchor a
JOIN jishi.identifier i ON i.lookup = a.lookup AND i.register = $1 AND i.strong AND {_carried("i")}
  AND (i.scheme = a.scheme OR i.scheme = a.scheme_alt)
JOIN {stage} s ON s.row_number = a.row_number
LEFT JOIN {golden} g ON g.uid = i.uid
ORDER BY a.row_number, a.slot, (i.scheme = a.scheme) DESC, {same_name}i.uid"""


_BRIDGES = """
INSERT INTO conflict
SELECT c.row_number, d.uid, 'MAT-TWO-ENTITIES'
FROM candidate c JOIN candidate d ON d.row_number = c.row_number AND d.slot > c.slot AND d.uid <> c.uid
JOIN incoming i ON i.row_number = c.row_number AND i.known IS NULL"""
"""New rows whose identifiers point to two different entities: never a merge, always a review."""


def _groups(slots: int) -> str:
    """New rows of one delivery that carry the same number: one entity, led by the first row. Of several numbers the first counts."""
    first = "DISTINCT ON (a.row_number)" if slots > 1 else ""
    order = "ORDER BY a.row_number, a.slot" if slots > 1 else ""
    return f"""
CREATE TEMP TABLE grouped ON COMMIT DROP AS
WITH free AS (
  SELECT {first} a.row_number, a.scheme, a.lookup
  FROM anchor a JOIN incoming i ON i.row_number = a.row_number AND i.known IS NULL
  WHERE NOT EXISTS (SELECT FROM candidate c WHERE c.row_number = a.row_number)
  {order}
), shared AS (
  SELECT scheme, lookup, min(row_number) AS leader FROM free GROUP BY scheme, lookup HAVING count(*) > 1
)
SELECT f.row_number, s.leader FROM free f JOIN shared s USING (scheme, lookup)"""


async def _contradictions(
    connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str], golden: str
) -> None:
    """Put rows whose name (and date) contradict the entity or leader they join, or belong to already, into ``conflict``.

    A name the entity bore before, or is told to have borne, contradicts nothing. A known row of quite another name than
    before stays where it is, and is asked about once.
    """
    name = next((name for name in register.contradiction.names if name in staged), None)
    if name is None:
        return
    dates = next((name for name in register.contradiction.dates if name in staged), None)
    compared = [name, *([dates, f"{dates}_high"] if dates else [])]

    def of(alias: str) -> str:
        return ", ".join(f"{alias}.{column}" for column in compared)

    known = known_by(register, staged, name, row="s", entity="c.uid", golden="g")

    pairs = await connection.fetch(
        f"""
SELECT c.row_number, c.uid AS other, i.known IS NOT NULL AS is_known, {of("s")}, {of("g")}
FROM candidate c
JOIN incoming i ON i.row_number = c.row_number AND (i.known IS NULL OR (i.uid = c.uid AND NOT i.ended))
JOIN {stage} s ON s.row_number = c.row_number
JOIN {golden} g ON g.uid = c.uid
WHERE s.{name} <> g.{name} AND NOT {known}
UNION ALL
SELECT m.row_number, l.uid AS other, FALSE, {of("s")}, {of("g")}
FROM grouped m JOIN incoming l ON l.row_number = m.leader
JOIN {stage} s ON s.row_number = m.row_number
JOIN {stage} g ON g.row_number = m.leader
WHERE s.{name} <> g.{name}"""
    )
    width = len(compared)
    wrong = [
        (pair[0], pair[1], "MAT-RENAMED" if pair[2] else "MAT-CONTRADICTION")
        for pair in pairs
        if contradicts(Person(*tuple(pair)[3 : 3 + width]), Person(*tuple(pair)[3 + width :]), register.contradiction)
    ]
    await connection.copy_records_to_table("conflict", records=wrong)
    if any(reason == "MAT-RENAMED" for _, _, reason in wrong):
        await connection.execute(_ASKED_ALREADY, register.number, "MAT-RENAMED")


async def _others_names(
    connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str], golden: str
) -> None:
    """Ask about linked rows whose name their entity was never called by and another entity is; people share names."""
    name = next((name for name in register.contradiction.names if name in staged), None)
    if name is None or register.personal:
        return
    known = known_by(register, staged, name, row="s", entity="c.uid", golden="g")
    found = await connection.execute(
        f"""
INSERT INTO conflict
SELECT DISTINCT ON (c.row_number) c.row_number, o.uid, 'MAT-OTHERS-NAME'
FROM candidate c JOIN incoming i ON i.row_number = c.row_number AND i.uid = c.uid AND NOT i.ended
JOIN {stage} s ON s.row_number = c.row_number
JOIN {golden} g ON g.uid = c.uid
JOIN {golden} o ON o.{name} = s.{name} AND o.uid <> c.uid AND o.state = 'active'
WHERE s.{name} <> g.{name} AND NOT {known}
  AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = c.row_number)
ORDER BY c.row_number, o.uid"""
    )
    if not found.endswith(" 0"):
        await connection.execute(_ASKED_ALREADY, register.number, "MAT-OTHERS-NAME")


_ASKED_ALREADY = """
DELETE FROM conflict x
USING incoming i, jishi.review r
WHERE x.reason = $2 AND i.row_number = x.row_number AND r.register = $1::smallint AND r.status = 'open'
  AND r.contribution_id = i.known AND r.reason = x.reason"""
"""Known rows that a steward has still before him for the same reason."""


_DECIDED = """
DELETE FROM conflict x
USING incoming i
WHERE i.row_number = x.row_number AND i.known IS NOT NULL AND 'different' = (
  SELECT j.verdict FROM jishi.judgement j
  WHERE j.contribution_id = i.known AND j.register = $1 AND j.uid = x.other_uid
  ORDER BY j.judgement_id DESC
  LIMIT 1
)"""
"""Known rows of which a steward has said that they are not the other's: he is not asked again."""


def _new_to(row: str, anchor: str) -> str:
    """Whether a known row's entity does not carry the number of an anchor yet."""
    return f"""{row}.known IS NOT NULL AND NOT EXISTS (
    SELECT FROM jishi.identifier d
    WHERE d.lookup = {anchor}.lookup AND d.register = $1 AND d.strong AND {_carried("d")} AND d.uid = {row}.uid
  )"""


def _known_conflicts() -> str:
    """Known contributions whose number now points to another entity: they stay where they are, a steward decides."""
    return f"""
INSERT INTO conflict
SELECT i.row_number, c.uid, 'MAT-KNOWN-ELSEWHERE'
FROM incoming i JOIN candidate c USING (row_number) JOIN anchor a USING (row_number, slot)
WHERE c.uid <> i.uid AND {_new_to("i", "a")}"""


def _met_conflicts() -> str:
    """Likewise those that take, in this delivery, the number of a new row, or of another known row before them."""
    return f"""
INSERT INTO conflict
SELECT DISTINCT ON (i.row_number) i.row_number, o.uid, 'MAT-KNOWN-ELSEWHERE'
FROM anchor a JOIN incoming i ON i.row_number = a.row_number
JOIN anchor b ON b.lookup = a.lookup AND b.scheme = a.scheme AND b.row_number <> a.row_number
JOIN incoming o ON o.row_number = b.row_number
WHERE o.uid <> i.uid AND (o.known IS NULL OR o.row_number < i.row_number) AND NOT i.ended AND NOT o.ended
  AND {_new_to("i", "a")}
  AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = i.row_number)
ORDER BY i.row_number, b.row_number"""


_LINK_CANDIDATES = """
UPDATE incoming i SET uid = c.uid, method = 2, single = FALSE
FROM (SELECT DISTINCT ON (row_number) row_number, uid FROM candidate ORDER BY row_number, slot) c
WHERE c.row_number = i.row_number AND i.known IS NULL
  AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = i.row_number)"""

_LINK_GROUPS = """
UPDATE incoming i SET uid = l.uid, method = CASE WHEN m.leader = i.row_number THEN 1 ELSE 2 END, single = FALSE
FROM grouped m JOIN incoming l ON l.row_number = m.leader
WHERE m.row_number = i.row_number
  AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = i.row_number)"""

_SPLIT_NUMBERS = """
WITH bearer AS (
  SELECT DISTINCT a.lookup, a.scheme, i.uid
  FROM anchor a JOIN incoming i USING (row_number)
  WHERE i.known IS NULL AND NOT i.ended AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = a.row_number)
), split AS (
  SELECT lookup, scheme FROM bearer GROUP BY lookup, scheme HAVING count(*) > 1
)
INSERT INTO conflict
SELECT DISTINCT ON (i.uid, b.uid) a.row_number, b.uid, 'MAT-TWO-ENTITIES'
FROM split JOIN anchor a USING (lookup, scheme) JOIN bearer b USING (lookup, scheme)
JOIN incoming i ON i.row_number = a.row_number AND i.known IS NULL AND NOT i.ended
WHERE b.uid < i.uid AND NOT EXISTS (SELECT FROM conflict x WHERE x.row_number = a.row_number)
ORDER BY i.uid, b.uid, a.row_number"""
"""A number that new rows of one delivery carry who, by their other numbers, became different entities: the younger one asks."""
