"""How tickets 校核纠错 are opened: by hand, of a refused row, by an upheld dispute, in bulk for a rule of a batch (beside the
road).

Called inside the transaction of :func:`jishi.access.acts.doing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.registers.catalog import register_of
from jishi.registers.register import Register
from jishi.stewardship import ticket_statements as statements
from jishi.stewardship.sealed_text import Pen, demand_words
from jishi.stewardship.terms import Terms
from jishi.stewardship.tickets import Ticket, note_steps, one, pen_of

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Wish:
    """A ticket made by hand: of a row or (None) the whole delivery; ``rule`` one of its reasons, or ``elements`` by name."""

    batch_id: int
    row_number: int | None
    rule: str | None
    elements: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class _Delivery:
    source_id: int
    department: str
    register: Register
    recorded_at: datetime | None
    columns: Mapping[str, Sequence[str]]
    rules: Mapping[str, Sequence[str]]

    def headers_of(self, elements: Iterable[str]) -> list[str]:
        """The department's columns from which any of the elements is taken."""
        wanted = set(elements)
        return [header for header, names in self.columns.items() if wanted & set(names)]


async def open_by_hand(connection: Connection[Any], pen: Pen, terms: Terms, officer: Officer, wish: Wish) -> Ticket:
    """A ticket of one row, refused or accepted, or of a delivery as a whole.

    Raises NotFoundError ``QRY-BATCH``, CallerError ``QLT-CASE`` with every fault.
    """
    note = demand_words(wish.note, "note")
    delivery = await _delivery(connection, officer, wish.batch_id)
    faults = [
        Fault("elements", "QRY-PROPERTY-UNKNOWN") for name in wish.elements if name not in delivery.register.elements
    ]
    key, origin = None, "hand"
    if wish.row_number is not None:
        row = await connection.fetchrow(statements.REFUSED_ROW, wish.batch_id, wish.row_number)
        if row is not None:
            key, origin = row["source_key"], "row"
        elif delivery.recorded_at is not None:
            accepted = statements.accepted_row(delivery.register)
            found = await connection.fetch(accepted, wish.batch_id, wish.row_number, delivery.recorded_at)
            key = found[0]["source_key"] if found else None
        if row is None and key is None:
            faults.append(Fault("row", "QLT-TICKET-ROW"))
        if wish.rule is not None and wish.rule not in (row["reasons"] if row else delivery.rules):
            faults.append(Fault("rule", "QLT-TICKET-RULE"))
    elif wish.rule is not None and wish.rule not in delivery.rules:
        faults.append(Fault("rule", "QLT-TICKET-RULE"))
    if faults:
        raise CallerError("QLT-CASE", faults=tuple(faults))
    elements = wish.elements or _elements_of(delivery.register, wish.rule)
    headers = list(delivery.rules.get(wish.rule or "", ())) or delivery.headers_of(elements)
    row_of = (wish.batch_id, wish.row_number, key, wish.rule, list(elements), headers, None)
    number = await _open(connection, pen, terms, (origin, *_of(delivery)), row_of, note, officer.by)
    if number is None:
        raise CallerError("QLT-CASE", faults=(Fault("rule", "QLT-TICKET-OPEN"),))
    return await _opened(connection, number, officer)


async def open_for_dispute(
    connection: Connection[Any],
    pen: Pen,
    terms: Terms,
    officer: Officer,
    dispute: tuple[int, int, Register, int, str],
    words: str,
) -> int:
    """The ticket an upheld dispute leads to. ``dispute``: its number, contribution, register, batch and element."""
    number, contribution, register, batch_id, element = dispute
    link = await connection.fetchrow(
        f"SELECT source_id, source_key FROM jishi.{register.name}_link WHERE contribution_id = $1",  # noqa: S608
        contribution,
    )
    delivery = await _delivery(connection, None, batch_id)
    row = await connection.fetchval(
        f"SELECT row_number FROM jishi.{register.name}_contribution"  # noqa: S608  identifiers of the declaration
        " WHERE contribution_id = $1 AND batch_id = $2 ORDER BY recorded_at DESC, effective_from DESC LIMIT 1",
        contribution,
        batch_id,
    )
    row_of = (batch_id, row, link["source_key"], None, [element], delivery.headers_of([element]), number)
    made = await _open(connection, pen, terms, ("dispute", *_of(delivery)), row_of, words, officer.by)
    if made is None:
        raise RuntimeError("a ticket without a rule stands beside others")
    await note_steps(connection, [made], "open", officer.by, officer.department)
    return made


async def open_for_rule(
    connection: Connection[Any], terms: Terms, officer: Officer, batch_id: int, rule: str
) -> list[int]:
    """A ticket for each row of a batch that the rule refuses or warns of; their numbers. Rows with one open get no other.

    Raises NotFoundError ``QRY-BATCH``, CallerError ``QLT-CASE`` where the batch was not examined by the rule.
    """
    delivery = await _delivery(connection, officer, batch_id)
    register = delivery.register
    elements = list(_elements_of(register, rule))
    headers = list(delivery.rules.get(rule, ())) or delivery.headers_of(elements)
    values = (batch_id, rule, register.number, delivery.department, elements, headers, officer.by, terms.ticket_due())
    made = [row["ticket_id"] for row in await connection.fetch(statements.OPEN_REFUSED, *values)]
    if delivery.recorded_at is not None:
        more = await connection.fetch(
            statements.open_warned(register), *values, delivery.recorded_at, delivery.source_id
        )
        made += [row["ticket_id"] for row in more]
    if not made and rule not in delivery.rules:
        raise CallerError("QLT-CASE", faults=(Fault("rule", "QLT-TICKET-RULE"),))
    await note_steps(connection, made, "open", officer.by, officer.department)
    return made


async def _delivery(connection: Connection[Any], officer: Officer | None, batch_id: int) -> _Delivery:
    row = await connection.fetchrow(statements.BATCH, batch_id) if 0 < batch_id < 2**63 else None
    if row is None or (officer is not None and not officer.sees(row["department"])):
        raise NotFoundError("QRY-BATCH")
    rules = {rule["rule"]: rule.get("columns") or () for rule in json.loads(row["rules"])}
    register = register_of(row["register"])
    return _Delivery(
        row["source_id"], row["department"], register, row["recorded_at"], json.loads(row["columns"]), rules
    )


def _elements_of(register: Register, rule: str | None) -> tuple[str, ...]:
    parts = (rule or "").split(".")
    return (parts[1],) if len(parts) == 3 and parts[0] == register.name and parts[1] in register.elements else ()


def _of(delivery: _Delivery) -> tuple[object, ...]:
    return (delivery.register.number, delivery.source_id, delivery.department)


async def _open(
    connection: Connection[Any],
    pen: Pen,
    terms: Terms,
    of: tuple[object, ...],
    row_of: tuple[object, ...],
    note: str,
    by: str,
) -> int | None:
    """Its number; None where one of this row and rule is open."""
    number = await connection.fetchval(statements.NUMBER)
    sealed = pen_of(pen).seal(number, note)
    made: int | None = await connection.fetchval(statements.OPEN, number, *of, *row_of, sealed, by, terms.ticket_due())
    return made


async def _opened(connection: Connection[Any], number: int, officer: Officer) -> Ticket:
    await note_steps(connection, [number], "open", officer.by, officer.department)
    return await one(connection, number)
