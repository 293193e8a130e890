"""Protected persons 受保护人员: whose existence is hidden, or who are shown for some purposes only (query, road out).

The API keeps all protections in memory: :func:`load` at its start and whenever it hears of a change. There are few, and a
look-up must cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from jishi.access.grants import PURPOSE, PURPOSE_LIMIT, Grant
from jishi.errors import CallerError, Fault, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.registers.register import Register

Level = Literal["hidden", "purpose"]
LEVELS: tuple[Level, ...] = ("hidden", "purpose")
RIGHT = "protected"
"""The right that sees whom level ``hidden`` hides."""


@dataclass(frozen=True, slots=True)
class Protection:
    """``purposes``: those that see the entity nevertheless (level ``purpose``). ``reason``: a code, never a sentence."""

    uid: UUID
    register: str
    level: Level
    purposes: frozenset[str] = frozenset()
    reason: str = ""


class Visibility(StrEnum):
    """HIDDEN: to be answered exactly as if there were no such uid. PURPOSE: refused, another purpose is needed."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    PURPOSE = "purpose"


def visible(protection: Protection | None, grant: Grant, purpose: str | None) -> Visibility:
    """What a caller under ``grant`` who states ``purpose`` gets to see of an entity; None = it is not protected.

    The right ``protected`` opens what is hidden, never a purpose: who must say what for, must say so with it too.
    """
    if protection is None:
        return Visibility.VISIBLE
    if protection.level == "hidden":
        return Visibility.VISIBLE if RIGHT in grant.rights else Visibility.HIDDEN
    return Visibility.VISIBLE if purpose in protection.purposes else Visibility.PURPOSE


async def load(connection: Connection[Any]) -> Mapping[UUID, Protection]:
    """uid → protection, all of them. One whose entity was merged into another protects the survivor too; of two that
    meet there the stricter counts: hidden before purpose, fewer purposes before more.
    """
    from jishi.registers.catalog import registers

    found = {row["uid"]: _read(row) for row in await connection.fetch(_ALL)}
    moved = [protection for protection in found.values() if protection.register in registers()]
    while moved:
        following = []
        for register in {protection.register for protection in moved}:
            here = {protection.uid: protection for protection in moved if protection.register == register}
            for row in await connection.fetch(_SURVIVORS.format(register=register), list(here)):
                inherited = _moved(here[row["uid"]], row["survivor"])
                known = found.get(inherited.uid)
                if known is None or _stricter(known, inherited) != known:
                    found[inherited.uid] = inherited if known is None else _stricter(known, inherited)
                    following.append(found[inherited.uid])
        moved = following
    return found


async def put(
    connection: Connection[Any],
    register: Register,
    uid: UUID,
    level: Level,
    purposes: Iterable[str],
    reason: str,
    by: str,
) -> Protection:
    """Protect an entity, or protect it otherwise than before.

    Raises CallerError ``ACC-PROTECTION`` with every fault, NotFoundError ``ACC-PROTECTION-UID`` where nobody has the uid.
    """
    wanted = Protection(uid, register.name, level, frozenset(purposes), reason)
    faults = _faults(wanted)
    if faults:
        raise CallerError("ACC-PROTECTION", faults=faults)
    if not await connection.fetchval(_EXISTS.format(register=register.name), uid):
        raise NotFoundError("ACC-PROTECTION-UID", collection=register.collection)
    await connection.execute(_PUT, uid, register.name, level, sorted(wanted.purposes), reason, by)
    return wanted


async def lift(connection: Connection[Any], register: Register, uid: UUID) -> None:
    """End a protection. Raises NotFoundError ``ACC-PROTECTION-NONE`` where there is none."""
    if await connection.fetchval(_LIFT, uid, register.name) is None:
        raise NotFoundError("ACC-PROTECTION-NONE", collection=register.collection)


async def alert(connection: Connection[Any], uids: Iterable[UUID], caller: str, request_id: UUID | None) -> None:
    """Tell the auditors that somebody asked for protected entities, whatever was answered. Needs a writing transaction."""
    await connection.execute(_ALERT, list(uids), caller, request_id)


def _faults(wanted: Protection) -> tuple[Fault, ...]:
    faults = []
    if wanted.level not in LEVELS:
        faults.append(Fault("level", "ACC-PROTECTION-LEVEL", {"known": ", ".join(LEVELS)}))
    if (wanted.level == "purpose") != bool(wanted.purposes):
        faults.append(Fault("purposes", "ACC-PROTECTION-PURPOSES"))
    if any(not PURPOSE.fullmatch(code) for code in wanted.purposes):
        faults.append(Fault("purposes", "ACC-GRANT-PURPOSE", {"longest": PURPOSE_LIMIT}))
    if not _REASON.fullmatch(wanted.reason):
        faults.append(Fault("reason", "ACC-PROTECTION-REASON"))
    return tuple(faults)


_REASON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def _read(row: Any) -> Protection:
    return Protection(row["uid"], row["register"], row["level"], frozenset(row["purposes"]), row["reason"])


def _moved(protection: Protection, survivor: UUID) -> Protection:
    return Protection(survivor, protection.register, protection.level, protection.purposes, protection.reason)


def _stricter(one: Protection, other: Protection) -> Protection:
    if one.level == other.level:
        purposes = one.purposes & other.purposes
        return Protection(one.uid, one.register, one.level, purposes, one.reason)
    return one if one.level == "hidden" else other


_ALL = "SELECT uid, register, level, purposes, reason FROM jishi.protection"

_SURVIVORS = """
-- Entities that were merged into others.
SELECT DISTINCT ON (v.uid) v.uid, v."into" AS survivor
FROM jishi.{register}_version v
WHERE v.uid = ANY ($1) AND v."into" IS NOT NULL
  AND NOT EXISTS (SELECT FROM jishi.{register} g WHERE g.uid = v.uid)
ORDER BY v.uid, v.recorded_at DESC, v.effective_from DESC
"""

_EXISTS = """
-- Whether an entity has this uid now.
SELECT true FROM jishi.{register} WHERE uid = $1
"""

_PUT = """
-- A protection, new or changed.
INSERT INTO jishi.protection (uid, register, level, purposes, reason, set_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (uid) DO UPDATE
SET level = excluded.level, purposes = excluded.purposes, reason = excluded.reason, set_by = excluded.set_by, set_at = now()
"""

_LIFT = "DELETE FROM jishi.protection WHERE uid = $1 AND register = $2 RETURNING uid"

_ALERT = """
-- One alert an entity.
INSERT INTO jishi.access_alert (kind, uid, caller, request_id)
SELECT 'protected', uid, $2, $3
FROM unnest($1::uuid[]) uid
"""
