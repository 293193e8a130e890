"""Aliases and negative aliases that stewards make: proposed, approved, rejected, ended; each act changes what is answered next.

Beside the road. Every function is called inside the transaction of an administrative act (:func:`jishi.access.acts.doing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from jishi.dictionary import editions
from jishi.dictionary.resolve import LENGTH_LIMIT
from jishi.dictionary.spelling import fold
from jishi.errors import CallerError, DeniedError, Fault, NotFoundError
from jishi.stewardship import alias_statements as statements

if TYPE_CHECKING:
    from asyncpg import Connection

STATUSES = ("draft", "approved", "rejected", "ended")
WORDS_LIMIT = 20
"""Places or departments of one alias."""

_STEPS: Mapping[str, tuple[str, str]] = {
    "approve": ("draft", "approved"),
    "reject": ("draft", "rejected"),
    "end": ("approved", "ended"),
}
"""Act → the status it is done in, and the status after it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alias as it is wanted. ``places``, ``departments``: who uses it, none = everybody; ``valid_to``: first day no more."""

    scheme: str
    code: str
    name: str
    negative: bool = False
    places: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias with its concept's name and what was last decided of it; ``proposed_by`` None = a file's."""

    alias_id: int
    wanted: Wanted
    concept: str
    status: str
    origin: str
    proposed_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


async def lock(connection: Connection[Any]) -> None:
    """One change of the dictionary at a time, for a role that may not lock its tables itself; readers are not disturbed."""
    await connection.execute("SELECT jishi.lock_dictionary()")


async def propose(connection: Connection[Any], wanted: Wanted, by: str, reason: str) -> Alias:
    """A draft. Raises CallerError ``DIC-ALIAS`` with every fault."""
    await lock(connection)
    faults = await faults_of(connection, wanted)
    if faults:
        raise CallerError("DIC-ALIAS", faults=tuple(faults))
    alias_id = await connection.fetchval(statements.PROPOSE, *row_of(wanted))
    if alias_id is None:
        raise CallerError("DIC-ALIAS", faults=(Fault("name", "DIC-ALIAS-THERE"),))
    await connection.execute(statements.DECIDE, alias_id, "propose", by, reason)
    return await one(connection, alias_id)


async def approve(
    connection: Connection[Any], alias_id: int, by: str, reason: str = "", *, four_eyes: bool = False
) -> Alias:
    """From now on it counts, in every process. ``four_eyes``: not by whom it was proposed (DeniedError ``DIC-ALIAS-EYES``).

    Raises CallerError ``DIC-ALIAS-STEP`` where it is no draft, ``DIC-ALIAS`` where it became faulty meanwhile.
    """
    await lock(connection)
    found = await one(connection, alias_id)
    if four_eyes and found.proposed_by == by:
        raise DeniedError("DIC-ALIAS-EYES")
    if found.status == "draft" and (faults := await faults_of(connection, found.wanted)):
        raise CallerError("DIC-ALIAS", faults=tuple(faults))
    return await _step(connection, found, "approve", by, reason)


async def reject(connection: Connection[Any], alias_id: int, by: str, reason: str) -> Alias:
    """A draft that will not count. ``DIC-ALIAS-REASON`` without a reason, ``DIC-ALIAS-STEP``."""
    return await _undo(connection, alias_id, "reject", by, reason)


async def end(connection: Connection[Any], alias_id: int, by: str, reason: str) -> Alias:
    """An approved alias of stewards counts no more. ``DIC-ALIAS-REASON``, ``DIC-ALIAS-STEP``, ``DIC-ALIAS-FILES``."""
    return await _undo(connection, alias_id, "end", by, reason)


async def one(connection: Connection[Any], alias_id: int) -> Alias:
    """``DIC-ALIAS-UNKNOWN`` where there is none."""
    row = await connection.fetchrow(statements.ONE, alias_id)
    if row is None:
        raise NotFoundError("DIC-ALIAS-UNKNOWN")
    return _read(row)


async def listed(connection: Connection[Any], status: str | None, before: int | None, limit: int) -> list[Alias]:
    """Aliases that stewards made, newest first; ``before``: only those with a smaller id."""
    return [_read(row) for row in await connection.fetch(statements.LISTED, status, before, limit)]


async def faults_of(connection: Connection[Any], wanted: Wanted) -> list[Fault]:
    """Everything against this alias: no such concept, a name it has already, another concept's name or alias of the same
    scope, a decision to the contrary."""
    faults = list(_faults_of_words(wanted))
    concept = await connection.fetchrow(statements.CONCEPT, wanted.scheme, wanted.code)
    if concept is None or concept["status"] == "deprecated":
        return [*faults, Fault("code", "DIC-ALIAS-CONCEPT", {"scheme": wanted.scheme, "given": wanted.code})]
    folded = fold(wanted.name)
    if folded in (concept["name_normalised"], fold(wanted.code)):
        faults.append(Fault("name", "DIC-ALIAS-OWN"))
    scope = (wanted.scheme, wanted.code, folded, sorted(wanted.places), sorted(wanted.departments))
    if wanted.negative:
        return faults
    taken = await connection.fetch(statements.TAKEN, *scope)
    faults += [Fault("name", "DIC-ALIAS-TAKEN", {"given": row["code"], "name": row["preferred_name"]}) for row in taken]
    if await connection.fetchval(statements.REFUSED, *scope):
        faults.append(Fault("name", "DIC-ALIAS-REFUSED"))
    return faults


def row_of(wanted: Wanted) -> tuple[object, ...]:
    """What the alias is inserted with."""
    return (
        wanted.scheme,
        wanted.code,
        fold(wanted.name),
        wanted.name.strip(),
        sorted(set(wanted.places)),
        sorted(set(wanted.departments)),
        wanted.valid_from,
        wanted.valid_to,
        wanted.negative,
    )


def _faults_of_words(wanted: Wanted) -> Sequence[Fault]:
    faults = []
    if not fold(wanted.name):
        faults.append(Fault("name", "DIC-NAME-BLANK"))
    if len(wanted.name) > LENGTH_LIMIT:
        faults.append(Fault("name", "DIC-NAME-LONG", {"limit": LENGTH_LIMIT}))
    for name, words in (("places", wanted.places), ("departments", wanted.departments)):
        if len(words) > WORDS_LIMIT or not all(fold(word) and len(word) <= LENGTH_LIMIT for word in words):
            faults.append(Fault(name, "DIC-ALIAS-WORDS", {"most": WORDS_LIMIT}))
    if wanted.valid_from and wanted.valid_to and wanted.valid_from >= wanted.valid_to:
        faults.append(Fault("valid_to", "DIC-ALIAS-PERIOD"))
    return faults


async def _undo(connection: Connection[Any], alias_id: int, act: str, by: str, reason: str) -> Alias:
    if not reason.strip():
        raise CallerError("DIC-ALIAS-REASON")
    await lock(connection)
    found = await one(connection, alias_id)
    if found.origin != "steward":
        raise CallerError("DIC-ALIAS-FILES")
    return await _step(connection, found, act, by, reason)


async def _step(connection: Connection[Any], found: Alias, act: str, by: str, reason: str) -> Alias:
    before, after = _STEPS[act]
    if found.status != before:
        raise CallerError("DIC-ALIAS-STEP", status=found.status, needed=before)
    await connection.execute(statements.STATUS, found.alias_id, after)
    await connection.execute(statements.DECIDE, found.alias_id, act, by, reason)
    await editions.record_edition(connection, "alias", by, reason=reason)
    return await one(connection, found.alias_id)


def _read(row: Mapping[str, Any]) -> Alias:
    wanted = Wanted(
        row["scheme"],
        row["code"],
        row["alias"],
        row["negative"],
        tuple(row["places"]),
        tuple(row["departments"]),
        row["valid_from"],
        row["valid_to"],
    )
    return Alias(
        row["alias_id"],
        wanted,
        row["preferred_name"],
        row["status"],
        row["origin"],
        row["proposed_by"],
        row["decided_by"],
        row["decided_at"],
        row["reason"],
    )
