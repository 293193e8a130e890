"""Disputes 异议: a consuming department says that a served value is wrong; the department it came from answers (beside the
road out).

Until it is settled the value bears its flag in every answer. Acts are called inside the transaction of
:func:`jishi.access.acts.doing`. What people wrote is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.officer import Officer
from jishi.errors import CallerError, DeniedError, Fault, NotFoundError
from jishi.golden.whose import whose
from jishi.registers import derived
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.stewardship import dispute_statements as statements
from jishi.stewardship.sealed_text import Pen, demand_words
from jishi.stewardship.terms import Terms
from jishi.stewardship.ticket_opening import open_for_dispute

if TYPE_CHECKING:
    from asyncpg import Connection

VERDICTS = {"uphold": "upheld", "reject": "rejected"}
CASE_LIMIT = 200

Standing = Mapping[UUID, Mapping[str, date]]
"""uid → disputed element → since when."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who raises a dispute: ``client:…`` or ``user:…``, and the department, if it is one's."""

    by: str
    department: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A dispute as it is raised. ``element``: also a derived one, meant is then what it is first computed from."""

    register: Register
    uid: UUID
    element: str
    reason: str
    claimed: str | None
    case_no: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """``claimed`` is sealed; :func:`claim_of` opens it."""

    dispute_id: int
    register: Register
    uid: UUID
    element: str
    contribution_id: int
    source_id: int
    source: str
    department: str
    department_name: str | None
    batch_id: int
    row_number: int
    raised_by: str
    raised_department: str | None
    raised_department_name: str | None
    case_no: str
    claimed: bytes | None
    raised_at: datetime
    due: date
    status: str
    ticket_id: int | None
    resolved_at: datetime | None

    def is_of(self, party: Party) -> bool:
        """Whether a party to it asks: who raised it or his department, or the department that answers."""
        mine = (self.department, self.raised_department)
        return party.by == self.raised_by or (party.department is not None and party.department in mine)


@dataclass(frozen=True, slots=True)
class Step:
    act: str
    actor: str
    department: str | None
    words: str | None
    late_days: int
    taken_at: datetime


def pen_of(pen: Pen) -> Pen:
    """The same keys, for disputes."""
    return replace(pen, kind="dispute")


def element_of(register: Register, name: str) -> str:
    """The element a dispute is about; CallerError ``QLT-CASE`` where the register has none of that name."""
    if name in register.elements:
        return name
    asked = derived.read(register, name)
    if isinstance(asked, Fault):
        raise CallerError("QLT-CASE", faults=(Fault("element", "QRY-PROPERTY-UNKNOWN"),))
    return asked.element.needs[0]


async def raise_dispute(connection: Connection[Any], pen: Pen, terms: Terms, party: Party, wish: Wish) -> Dispute:
    """From its commit on the value is flagged, in every process within a second.

    Raises NotFoundError ``QRY-NO-SUCH-ITEM`` (nobody has the uid), CallerError ``QLT-CASE`` with every fault, among them
    ``QLT-DISPUTE-STANDING``: the party has one standing on this value.
    """
    pen = pen_of(pen)
    reason = demand_words(wish.reason)
    claimed = None if wish.claimed is None else demand_words(wish.claimed, "claimed")
    case_no = wish.case_no.strip()
    if not case_no or len(case_no) > CASE_LIMIT or not case_no.isprintable():
        raise CallerError("QLT-CASE", faults=(Fault("case_no", "QRY-VALUE-STATED", {"longest": CASE_LIMIT}),))
    element = element_of(wish.register, wish.element)
    word = (await whose(connection.fetch, wish.register, (wish.uid,), (element,))).of(wish.uid, element)
    if word is None:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    number = await connection.fetchval(statements.NUMBER)
    made = await connection.fetchval(
        statements.RAISE,
        number,
        wish.register.number,
        wish.uid,
        element,
        word.contribution_id,
        word.source_id,
        word.department,
        word.batch_id,
        word.row_number,
        party.by,
        party.department,
        case_no,
        None if claimed is None else pen.seal(number, claimed),
        terms.dispute_due(),
    )
    if made is None:
        raise CallerError("QLT-CASE", faults=(Fault("element", "QLT-DISPUTE-STANDING"),))
    await connection.execute(statements.STEP, number, "raise", party.by, party.department, pen.seal(number, reason), 0)
    return await one(connection, number)


async def answer(
    connection: Connection[Any], pen: Pen, terms: Terms, officer: Officer, number: int, verdict: str, reason: str
) -> Dispute:
    """The owning department upholds an open dispute, which leads to a ticket, or rejects it.

    Raises NotFoundError ``QLT-DISPUTE-UNKNOWN`` for whoever is no party to it, DeniedError ``QLT-DISPUTE-OWNER`` for who
    raised it, CallerError ``QLT-DISPUTE-STEP``.
    """
    words = demand_words(reason)
    found = await seen_by(connection, officer, number)
    if not officer.sees(found.department):
        raise DeniedError("QLT-DISPUTE-OWNER")
    after = await _step(connection, pen, terms, found, verdict, officer.by, officer.department, words)
    if after.status != "upheld":
        return after
    what = (number, after.contribution_id, after.register, after.batch_id, after.element)
    ticket = await open_for_dispute(connection, pen, terms, officer, what, words)
    await connection.execute(statements.MOVE, number, "upheld", ticket)
    return await one(connection, number)


async def withdraw(
    connection: Connection[Any], pen: Pen, terms: Terms, party: Party, number: int, reason: str
) -> Dispute:
    """Whoever raised it, or his department, takes it back. NotFoundError ``QLT-DISPUTE-UNKNOWN`` for all others."""
    words = demand_words(reason)
    found = await one(connection, number)
    own = party.by == found.raised_by or (party.department is not None and party.department == found.raised_department)
    if not own:
        raise NotFoundError("QLT-DISPUTE-UNKNOWN")
    return await _step(connection, pen, terms, found, "withdraw", party.by, party.department, words)


async def one(connection: Connection[Any], number: int) -> Dispute:
    """NotFoundError ``QLT-DISPUTE-UNKNOWN`` where there is none."""
    row = await connection.fetchrow(statements.ONE, number) if 0 < number < 2**63 else None
    if row is None:
        raise NotFoundError("QLT-DISPUTE-UNKNOWN")
    return _read(row)


async def seen_by(connection: Connection[Any], officer: Officer, number: int) -> Dispute:
    """As :func:`one`, for the city's officers and those of either department."""
    found = await one(connection, number)
    if officer.department is not None and not found.is_of(Party(officer.by, officer.department)):
        raise NotFoundError("QLT-DISPUTE-UNKNOWN")
    return found


async def listed(
    connection: Connection[Any],
    department: str | None,
    raised_by: str | None,
    status: str | None,
    before: int,
    limit: int,
) -> list[Dispute]:
    """Newest first, below number ``before``. ``department``: that it owns or raised; ``raised_by``: of one party alone."""
    rows = await connection.fetch(statements.LISTED, before, status, department, raised_by, limit)
    return [_read(row) for row in rows]


async def waiting(connection: Connection[Any], department: str | None) -> int:
    """How many wait for an answer of a department, or (None) of any."""
    return int(await connection.fetchval(statements.WAITING, department))


async def steps(connection: Connection[Any], pen: Pen, number: int) -> list[Step]:
    """What was done with it, the first step first, in clear: for its parties and the city's officers."""
    pen = pen_of(pen)
    rows = await connection.fetch(statements.STEPS, number)
    return [Step(**{**dict(row), "words": pen.open(number, row["words"])}) for row in rows]


def claim_of(pen: Pen, dispute: Dispute) -> str | None:
    """The value that is said to be right."""
    return pen_of(pen).open(dispute.dispute_id, dispute.claimed)


async def standing(connection: Connection[Any], day: Callable[[datetime], date]) -> Standing:
    """All values that bear a flag. ``day``: of an instant in the city."""
    numbers = {row["register"] for row in await connection.fetch(statements.STANDING_REGISTERS)}
    found: dict[UUID, dict[str, date]] = {}
    for register in registers().values():
        if register.number in numbers:
            statement = statements.STANDING.format(register=register.name)
            for row in await connection.fetch(statement, register.number):
                found.setdefault(row["uid"], {})[row["element"]] = day(row["since"])
    return found


async def any_standing(connection: Connection[Any], register: Register) -> bool:
    """Whether any value of the register bears a flag."""
    return bool(await connection.fetchval(statements.ANY_STANDING, register.number))


async def _step(
    connection: Connection[Any],
    pen: Pen,
    terms: Terms,
    found: Dispute,
    act: str,
    by: str,
    department: str | None,
    words: str,
) -> Dispute:
    number = found.dispute_id
    status = await connection.fetchval(statements.LOCK, number)
    if status != "open":
        raise CallerError("QLT-DISPUTE-STEP", status=status)
    after = VERDICTS.get(act, "withdrawn")
    late = terms.late(found.due)
    await connection.execute(statements.STEP, number, act, by, department, pen_of(pen).seal(number, words), late)
    await connection.execute(statements.MOVE, number, after, None)
    return await one(connection, number)


def _read(row: Mapping[str, Any]) -> Dispute:
    register = next(item for item in registers().values() if item.number == row["register"])
    return Dispute(**{**dict(row), "register": register})
