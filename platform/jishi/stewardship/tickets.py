"""Tickets 校核纠错: an error goes back to the department that delivered it, in its own rows and columns (beside the road).

Acts are called inside the transaction of :func:`jishi.access.acts.doing`. How tickets are opened stands in
:mod:`jishi.stewardship.ticket_opening`, how they close by themselves in :mod:`jishi.stewardship.ticket_closing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from jishi.access.officer import Officer
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.stewardship import ticket_statements as statements
from jishi.stewardship.sealed_text import Pen, demand_words
from jishi.stewardship.terms import Terms

if TYPE_CHECKING:
    from asyncpg import Connection

ASSIGNEE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Ticket:
    """``row_number`` None: the delivery as a whole; ``note`` is sealed, :func:`note_of` opens it."""

    ticket_id: int
    origin: str
    register: Register
    source_id: int
    source: str
    source_title: str
    department: str
    department_name: str | None
    batch_id: int
    row_number: int | None
    source_key: UUID | None
    rule: str | None
    elements: tuple[str, ...]
    headers: tuple[str, ...]
    dispute_id: int | None
    note: bytes | None
    opened_by: str
    opened_at: datetime
    due: date
    assigned_to: str | None
    status: str
    closed_at: datetime | None
    closed_by_batch: int | None
    last_step: int


@dataclass(frozen=True, slots=True)
class Step:
    act: str
    actor: str
    department: str | None
    words: str | None
    assigned_to: str | None
    late_days: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which tickets; None: whatever it is. ``department``: that of an officer who sees its own alone."""

    department: str | None = None
    source: str | None = None
    status: str | None = None
    batch: int | None = None
    rule: str | None = None

    @property
    def values(self) -> tuple[object, ...]:
        return (self.department, self.source, self.status, self.batch, self.rule)


@dataclass(frozen=True, slots=True)
class Lateness:
    """Tickets of one department: not closed, of those late; all that are or were late, and the working days in sum."""

    department: str
    department_name: str | None
    tickets: int
    unclosed: int
    late_now: int
    late_ever: int
    late_days: int


async def assign(connection: Connection[Any], terms: Terms, officer: Officer, number: int, to: str) -> Ticket:
    """Say who in the department is to deal with it. ``QLT-TICKET-UNKNOWN``, ``QLT-TICKET-STEP``, ``QLT-CASE``."""
    name = to.strip()
    if not name or len(name) > ASSIGNEE_LIMIT or not name.isprintable():
        raise CallerError("QLT-CASE", faults=(Fault("to", "QLT-CASE-WORDS", {"longest": ASSIGNEE_LIMIT}),))
    found = await _locked(connection, officer, number, ("open", "replied"))
    await _note(connection, [number], "assign", officer, assigned_to=name, late=[terms.late(found.due)])
    return await one(connection, number)


async def reply(
    connection: Connection[Any], pen: Pen, terms: Terms, officer: Officer, number: int, words: str
) -> Ticket:
    """What the department says to it; whoever opened it reads it and closes it, or a delivery does."""
    return await _spoken(connection, pen, terms, officer, number, "reply", words, "replied", ("open", "replied"))


async def close(
    connection: Connection[Any], pen: Pen, terms: Terms, officer: Officer, number: int, words: str
) -> Ticket:
    """Close it by hand, with the reason. What a dispute is about is no longer flagged."""
    closed = await _spoken(connection, pen, terms, officer, number, "close", words, "closed", ("open", "replied"))
    await connection.execute(statements.SETTLE_DISPUTES, [number], officer.by)
    return closed


async def reopen(
    connection: Connection[Any], pen: Pen, terms: Terms, officer: Officer, number: int, words: str
) -> Ticket:
    """It is not right after all. ``QLT-TICKET-OPEN`` where another ticket took its place."""
    try:
        opened = await _spoken(connection, pen, terms, officer, number, "reopen", words, "open", ("closed",))
    except asyncpg.UniqueViolationError as error:
        raise CallerError("QLT-CASE", faults=(Fault("id", "QLT-TICKET-OPEN"),)) from error
    await connection.execute(statements.REVIVE_DISPUTES, number, officer.by)
    return opened


async def one(connection: Connection[Any], number: int) -> Ticket:
    """NotFoundError ``QLT-TICKET-UNKNOWN`` where there is none."""
    row = await connection.fetchrow(statements.ONE, number) if 0 < number < 2**63 else None
    if row is None:
        raise NotFoundError("QLT-TICKET-UNKNOWN")
    return read(row)


async def seen_by(connection: Connection[Any], officer: Officer, number: int) -> Ticket:
    """As :func:`one`; of another department's nobody is told that there is one."""
    found = await one(connection, number)
    if not officer.sees(found.department):
        raise NotFoundError("QLT-TICKET-UNKNOWN")
    return found


async def listed(connection: Connection[Any], chosen: Chosen, before: int, limit: int) -> list[Ticket]:
    """Newest first, below number ``before``."""
    return [read(row) for row in await connection.fetch(statements.LISTED, *chosen.values, before, limit)]


async def feed(connection: Connection[Any], chosen: Chosen, after: int, limit: int) -> list[Ticket]:
    """Those something was done with after step ``after``, the longest ago first; each once, as it is now."""
    return [read(row) for row in await connection.fetch(statements.FEED, *chosen.values, after, limit)]


async def steps(connection: Connection[Any], pen: Pen, number: int) -> list[Step]:
    """What was done with it, the first step first, in clear."""
    rows = await connection.fetch(statements.STEPS, number)
    return [Step(**{**dict(row), "words": pen_of(pen).open(number, row["words"])}) for row in rows]


async def lateness(connection: Connection[Any], terms: Terms, department: str | None) -> list[Lateness]:
    """How late departments are, by name; of ``department`` alone or (None) of all."""
    found: dict[str, Lateness] = {}
    for row in await connection.fetch(statements.COUNTS, department):
        late, number = terms.late(row["due"], row["closed_at"]), row["number"]
        old = found.get(row["department"], Lateness(row["department"], row["department_name"], 0, 0, 0, 0, 0))
        waits = row["closed_at"] is None
        found[row["department"]] = replace(
            old,
            tickets=old.tickets + number,
            unclosed=old.unclosed + number * waits,
            late_now=old.late_now + number * (waits and late > 0),
            late_ever=old.late_ever + number * (late > 0),
            late_days=old.late_days + number * late,
        )
    return sorted(found.values(), key=lambda one: one.department)


def note_of(pen: Pen, ticket: Ticket) -> str | None:
    """What is wrong, in words."""
    return pen_of(pen).open(ticket.ticket_id, ticket.note)


def pen_of(pen: Pen) -> Pen:
    """The same keys, for tickets."""
    return replace(pen, kind="ticket")


def read(row: Mapping[str, Any]) -> Ticket:
    register = next(item for item in registers().values() if item.number == row["register"])
    lists = {name: tuple(row[name]) for name in ("elements", "headers")}
    return Ticket(**{**dict(row), **lists, "register": register})


async def _spoken(
    connection: Connection[Any],
    pen: Pen,
    terms: Terms,
    officer: Officer,
    number: int,
    act: str,
    words: str,
    after: str,
    needed: tuple[str, ...],
) -> Ticket:
    """A step with words; CallerError ``QLT-TICKET-STEP`` where the ticket is not in a state that is needed."""
    said = demand_words(words)
    found = await _locked(connection, officer, number, needed)
    sealed = pen_of(pen).seal(number, said)
    await _note(connection, [number], act, officer, words=[sealed], late=[terms.late(found.due)], after=after)
    return await one(connection, number)


async def _locked(connection: Connection[Any], officer: Officer, number: int, needed: tuple[str, ...]) -> Ticket:
    found = await seen_by(connection, officer, number)
    status = await connection.fetchval(statements.LOCK, number)
    if status not in needed:
        raise CallerError("QLT-TICKET-STEP", status=status)
    return found


async def _note(
    connection: Connection[Any],
    numbers: Sequence[int],
    act: str,
    officer: Officer,
    *,
    words: Sequence[bytes | None] = (),
    late: Sequence[int] = (),
    assigned_to: str | None = None,
    after: str | None = None,
) -> None:
    await note_steps(
        connection,
        numbers,
        act,
        officer.by,
        officer.department,
        words=words,
        late=late,
        assigned_to=assigned_to,
        after=after,
    )


async def note_steps(
    connection: Connection[Any],
    numbers: Sequence[int],
    act: str,
    by: str,
    department: str | None,
    *,
    words: Sequence[bytes | None] = (),
    late: Sequence[int] = (),
    assigned_to: str | None = None,
    after: str | None = None,
    batch_id: int | None = None,
) -> None:
    """The same step of tickets; ``words`` and ``late`` one each, or none. ``after``: the status that follows."""
    if not numbers:
        return
    await connection.execute(statements.ALONE)
    await connection.execute(
        statements.STEP,
        list(numbers),
        act,
        by,
        department,
        list(words) or [None] * len(numbers),
        list(late) or [0] * len(numbers),
        assigned_to,
        after,
        batch_id,
    )
