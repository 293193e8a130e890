"""The failing rows of a batch as an officer may see them, page by page: refused ones as delivered, accepted ones by element.

Their department sees them as sent, the city's own officers under masks (:mod:`jishi.access.officer`). A page is found by the
number of the row before it, however many rows fail (behind the road in).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from jishi.access.officer import Officer
from jishi.errors import CallerError
from jishi.identifiers.masks import mask
from jishi.identifiers.sealing import Sealed, Sealer
from jishi.quality.failures import PART, BatchEntry
from jishi.quality.raw_row import RawRow, open_row, under_masks
from jishi.registers.catalog import register_of
from jishi.registers.element import Kind, Sensitivity
from jishi.registers.register import Register, element_columns

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FailingRow:
    """``cells`` are those of a refused row by the department's own headers, ``values`` those of an accepted one by element;
    neither is there while a batch is held, whose accepted rows lie in its delivery alone."""

    row: int
    key: UUID | None
    status: str
    rules: tuple[str, ...]
    cells: Mapping[str, str | None] | None = None
    surplus: str | None = None
    values: Values | None = None
    uid: UUID | None = None


@dataclass(frozen=True, slots=True)
class FailingPage:
    """``following``: ask for what comes after this row; None at the end. ``masked``, ``clear`` and ``subjects`` are what the
    disclosure of the page has to say."""

    rows: tuple[FailingRow, ...]
    following: int | None
    masked: tuple[str, ...]
    clear: tuple[str, ...]
    subjects: tuple[UUID, ...]


def failed_rules(entry: BatchEntry, rule: str | None = None) -> tuple[str, ...]:
    """The rules that rows of the batch failed, or the one asked for. Raises CallerError ``QLT-REPORT-RULE``."""
    known = [result.rule for result in entry.results if result.failed]
    if rule is None:
        return tuple(known)
    if rule not in known:
        raise CallerError("QLT-REPORT-RULE", rule=rule, batch=entry.batch, known=", ".join(known) or "-")
    return (rule,)


async def read_failing(
    connection: asyncpg.Connection,
    sealer: Sealer,
    entry: BatchEntry,
    officer: Officer,
    rules: Sequence[str],
    *,
    after: int = 0,
    limit: int = 100,
) -> FailingPage:
    """The next ``limit`` rows that failed one of ``rules``, after row ``after``, in the order of the delivery."""
    parts = limit // PART + 2  # a first part may hold but its last row, so many more hold all of a page
    found = await connection.fetch(_PAGE, entry.rows_of, list(rules), after, parts, limit + 1)
    shown = found[:limit]
    accepted = [row for row in shown if row["raw"] is None]
    said = await _said(connection, sealer, entry, officer, accepted) if accepted else {}
    rows = tuple(_row(sealer, entry, officer, row, said) for row in shown)
    told = _elements(entry, rows)
    in_clear = officer.in_clear(entry.department)
    return FailingPage(
        rows,
        following=shown[-1]["row_number"] if len(found) > limit else None,
        masked=() if in_clear else told,
        clear=told if in_clear else (),
        subjects=tuple(dict.fromkeys(row.uid for row in rows if row.uid is not None)),
    )


async def first_headers(connection: asyncpg.Connection, sealer: Sealer, entry: BatchEntry) -> tuple[str, ...]:
    """The department's headers, as the first refused row has them; none where nothing was refused."""
    row = await connection.fetchrow(
        "SELECT row_number, raw FROM jishi.quarantine WHERE batch_id = $1 ORDER BY row_number LIMIT 1", entry.rows_of
    )
    return tuple(open_row(sealer.keys, entry.rows_of, row["row_number"], row["raw"]).cells) if row else ()


_PAGE = """
-- A page of rows with all rules they fail: of each rule as many parts as may hold it.
WITH listed AS (
  SELECT u.row_number, (array_agg(u.key))[1] AS key, array_agg(f.rule) AS rules
  FROM unnest($2::text[]) AS wanted(rule)
  CROSS JOIN LATERAL (
    SELECT p.rule, p.rows, p.keys
    FROM jishi.failing_rows p
    WHERE p.batch_id = $1 AND p.rule = wanted.rule AND p.last_row > $3
    ORDER BY p.part
    LIMIT $4
  ) f
  CROSS JOIN LATERAL unnest(f.rows, f.keys) AS u(row_number, key)
  WHERE u.row_number > $3
  GROUP BY u.row_number
  ORDER BY u.row_number
  LIMIT $5
)
SELECT l.row_number, l.key, l.rules, q.status, q.raw, q.reasons
FROM listed l
LEFT JOIN jishi.quarantine q ON q.batch_id = $1 AND q.row_number = l.row_number
ORDER BY l.row_number"""


def _row(
    sealer: Sealer, entry: BatchEntry, officer: Officer, row: asyncpg.Record, said: Mapping[int, tuple[UUID, Values]]
) -> FailingRow:
    number = row["row_number"]
    if row["raw"] is None:
        uid, values = said.get(number, (None, None))
        status = entry.status if entry.status in ("held", "refused", "discarded") else "accepted"
        return FailingRow(number, row["key"], status, tuple(sorted(row["rules"])), values=values, uid=uid)
    opened = _seen(open_row(sealer.keys, entry.rows_of, number, row["raw"]), entry, officer)
    rules = tuple(dict.fromkeys((*row["reasons"], *sorted(row["rules"]))))
    return FailingRow(number, row["key"], row["status"], rules, opened.cells, opened.surplus)


def _seen(row: RawRow, entry: BatchEntry, officer: Officer) -> RawRow:
    if officer.in_clear(entry.department):
        return row
    return under_masks(row, register_of(entry.register), entry.elements)


async def _said(
    connection: asyncpg.Connection,
    sealer: Sealer,
    entry: BatchEntry,
    officer: Officer,
    accepted: Iterable[asyncpg.Record],
) -> dict[int, tuple[UUID, Values]]:
    """Row number → entity and values of the contribution that came of it, as the officer may see them."""
    register = register_of(entry.register)
    keys = {row["row_number"]: row["key"] for row in accepted if row["key"] is not None}
    found = await connection.fetch(
        _CONTRIBUTED.format(register=register.name, geometry=register.geometry or ""),
        entry.source_id,
        list(keys.values()),
        entry.rows_of,
        list(keys),
    )
    in_clear = officer.in_clear(entry.department)
    sealed = [name for name in register.identifiers if register.elements[name].sealed] if in_clear else []
    clear = await _opened(connection, sealer, [row["contribution_id"] for row in found], sealed) if sealed else {}
    return {
        row["row_number"]: (
            row["uid"],
            dict(_shown(register, json.loads(row["said"]), clear.get(row["contribution_id"], {}), in_clear=in_clear)),
        )
        for row in found
    }


_CONTRIBUTED = """
-- What accepted rows of a batch say, without their geometry.
SELECT c.row_number, c.contribution_id, l.uid, (to_jsonb(c) - '{geometry}')::text AS said
FROM jishi.{register}_link l
JOIN jishi.{register}_contribution c USING (contribution_id)
WHERE l.source_id = $1 AND l.source_key = ANY($2::uuid[]) AND c.batch_id = $3 AND c.row_number = ANY($4::bigint[])"""


async def _opened(
    connection: asyncpg.Connection, sealer: Sealer, contributions: Sequence[int], elements: Sequence[str]
) -> dict[int, dict[tuple[str, str], str]]:
    """Contribution → (element, finished mask) → number in clear."""
    rows = await connection.fetch(_SEALED, list(contributions), list(elements))
    numbers = sealer.open_many(Sealed(row["lookup"], row["cipher"]) for row in rows)
    opened: dict[int, dict[tuple[str, str], str]] = {}
    for row, number in zip(rows, numbers, strict=True):
        opened.setdefault(row["contribution_id"], {})[row["element"], row["masked"]] = number
    return opened


_SEALED = """
SELECT contribution_id, element, masked, lookup, cipher
FROM jishi.identifier
WHERE contribution_id = ANY($1::bigint[]) AND element = ANY($2::text[]) AND cipher IS NOT NULL
ORDER BY valid_from"""


def _shown(
    register: Register, said: Mapping[str, Any], numbers: Mapping[tuple[str, str], str], *, in_clear: bool
) -> Iterable[tuple[str, object]]:
    """Element → value, those without one left out; a partial date as far as it is known."""
    for name, element in register.elements.items():
        value = said.get(name)
        if value is None:
            continue
        if element.kind is Kind.PARTIAL_DATE:
            value = value[: {"year": 4, "month": 7}.get(said[element_columns(name, element)[2]], 10)]
        if element.sealed:
            yield name, numbers.get((name, value), value)
        elif in_clear or element.sensitivity is Sensitivity.N:
            yield name, value
        else:
            yield name, None if element.kind is Kind.ITEMS else mask(str(value), element.mask.value)


def _elements(entry: BatchEntry, rows: Iterable[FailingRow]) -> tuple[str, ...]:
    """The elements whose values the rows show, in the order of the register."""
    headers = {header for row in rows for header, cell in (row.cells or {}).items() if cell is not None}
    shown = {name for header in headers for name in entry.elements.get(header, ())}
    shown |= {name for row in rows for name in row.values or ()}
    return tuple(name for name in register_of(entry.register).elements if name in shown)
