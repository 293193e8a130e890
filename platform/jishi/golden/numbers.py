"""Identity numbers of contributions, each from when to when its revisions carry it (step *merge* of the road).

A revision holds from its effective date until that of the next one, whichever arrived first: what is late or announced
takes its number out of, or puts it into, just that time. Works on the publishing transaction's ``incoming`` and ``gone``.
"""

from __future__ import annotations

import asyncpg

from jishi.golden.columns import Names
from jishi.golden.lock import Clock


async def carry_numbers(connection: asyncpg.Connection, names: Names, clock: Clock, accepted: str) -> None:
    """Bring the identifier rows of all accepted rows, and of what ended by absence, to what their revisions say."""
    register = names.register
    await connection.execute(_revised(names))
    revised = await connection.fetchval("SELECT EXISTS (SELECT FROM revised)")
    if revised:
        await connection.execute("ANALYZE revised")
    for element in register.identifiers:
        staged = element in names.staged
        if revised:
            said = element if staged else None
            for cut in (_keep_what_follows(names, said), _cut(names, said)):
                await connection.execute(cut, register.number, element)
        inserts = [_first(names, element, accepted), *([_next(names, element, accepted)] if revised else [])]
        for statement in inserts if staged else []:
            await connection.execute(
                statement, register.number, clock.last_contribution_id, element, register.elements[element].strong
            )


def _revised(names: Names) -> str:
    """New revisions of known contributions, and how long each holds: until the next one, if it comes late."""
    return f"""
CREATE TEMP TABLE revised ON COMMIT DROP AS
SELECT n.*, (
  SELECT min(c.effective_from) FROM {names.contribution} c
  WHERE c.contribution_id = n.contribution_id AND c.effective_from > n.since
) AS until
FROM (
  SELECT row_number, known AS contribution_id, effective_from AS since FROM incoming WHERE known IS NOT NULL
  UNION ALL
  SELECT NULL, contribution_id, t FROM gone
) n"""


def _wrong(names: Names, element: str | None) -> str:
    """Numbers ``d`` carried at the instant from which revision ``v`` holds, and which it does not carry."""
    other = f"(s.row_number IS NULL OR s.ended OR s.{element}__lookup IS NULL OR s.{element}__lookup <> d.lookup)"
    return f"""FROM revised v LEFT JOIN {names.stage} s ON s.row_number = v.row_number, jishi.identifier d
WHERE d.contribution_id = v.contribution_id AND d.register = $1 AND d.element = $2
  AND d.valid_from <= v.since AND (d.valid_to IS NULL OR d.valid_to > v.since)
  AND {other if element else "TRUE"}"""


def _keep_what_follows(names: Names, element: str | None) -> str:
    """A number carried beyond the revision stands again from the next one on."""
    return f"""
INSERT INTO jishi.identifier
  (register, contribution_id, uid, element, scheme, lookup, cipher, masked, strong, valid_from, valid_to)
SELECT f.register, f.contribution_id, f.uid, f.element, f.scheme, f.lookup, f.cipher, f.masked, f.strong, f.until, f.valid_to
FROM (
  SELECT d.*, v.until
  {_wrong(names, element)}
) f
WHERE f.until < COALESCE(f.valid_to, 'infinity')"""


def _cut(names: Names, element: str | None) -> str:
    """It ends where the revision begins."""
    return f"""
UPDATE jishi.identifier e SET valid_to = f.since
FROM (
  SELECT d.ctid AS place, v.since
  {_wrong(names, element)}
) f
WHERE e.ctid = f.place"""


def _first(names: Names, element: str, accepted: str) -> str:
    """The numbers of new contributions."""
    return f"""{_insert(names, element, "NULL")}
FROM {accepted}
WHERE s.known IS NULL AND s.{element}__lookup IS NOT NULL AND NOT s.ended"""


def _next(names: Names, element: str, accepted: str) -> str:
    """The numbers of new revisions, unless they are carried already."""
    return f"""{_insert(names, element, "v.until")}
FROM {accepted} JOIN revised v ON v.row_number = s.row_number
WHERE s.{element}__lookup IS NOT NULL AND NOT s.ended
  AND NOT EXISTS (
    SELECT FROM jishi.identifier d
    WHERE d.contribution_id = s.known AND d.register = $1 AND d.element = $3 AND d.lookup = s.{element}__lookup
      AND d.valid_from <= s.effective_from AND (d.valid_to IS NULL OR d.valid_to > s.effective_from)
  )"""


def _insert(names: Names, element: str, until: str) -> str:
    cipher = f"s.{element}__cipher" if f"{element}__cipher" in names.staged else "NULL::bytea"
    return f"""
INSERT INTO jishi.identifier
  (register, contribution_id, uid, element, scheme, lookup, cipher, masked, strong, valid_from, valid_to)
SELECT $1::smallint, COALESCE(s.known, $2 + s.row_number), s.entity, $3::text, s.{element}__scheme, s.{element}__lookup,
  {cipher}, s.{element}, $4::boolean, s.effective_from, {until}::timestamptz"""
