"""Users of the console: logins, roles, passwords shown once, and the lock after failures in a row (authenticate, road out).

After :data:`FAILURES` failures in a row a login is locked for a minute, after each further one twice as long, an hour at
most; a success begins anew. Whoever is refused is not told whether the login exists, is locked or the password wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from jishi.access import acts, passwords
from jishi.access.clients import department_fault
from jishi.errors import CallerError, DeniedError, Fault, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection

ROLES = ("steward", "auditor", "admin", "counter")
FAILURES = 5
LOCK_MINUTES = 1
LONGEST_LOCK_MINUTES = 60

_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is shown once: only a hash of the password is kept."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """A console user. ``department`` is a USCC or None; ``locked_until`` None = not locked since the last success."""

    login: str
    department: str | None
    roles: frozenset[str]
    disabled_at: datetime | None
    locked_until: datetime | None


async def create(
    connection: Connection[Any], login: str, roles: Sequence[str], department: str | None = None
) -> NewUser:
    """Add a user; the password is in the result and nowhere else.

    Raises CallerError ``ACC-USER`` with every fault of login, roles and department, or ``ACC-USER-TAKEN``.
    """
    faults = [] if _LOGIN.fullmatch(login) else [Fault("login", "ACC-USER-LOGIN")]
    faults += _role_faults(roles)
    if fault := await department_fault(connection, department):
        faults.append(fault)
    if faults:
        raise CallerError("ACC-USER", faults=tuple(faults))
    made = NewUser(login, passwords.generate())
    values = (login, department, sorted(set(roles)), await passwords.hashed(made.password))
    try:
        async with connection.transaction():
            await connection.execute(_INSERT, *values)
    except asyncpg.UniqueViolationError as error:
        raise CallerError("ACC-USER-TAKEN", login=login) from error
    return made


async def set_roles(connection: Connection[Any], login: str, roles: Sequence[str]) -> None:
    """These roles instead of those before. ``ACC-USER`` with every fault, ``ACC-NO-USER``."""
    if faults := _role_faults(roles):
        raise CallerError("ACC-USER", faults=tuple(faults))
    _found(await connection.fetchval(_ROLES, login, sorted(set(roles))), login)


async def set_password(connection: Connection[Any], login: str) -> NewUser:
    """A new password, shown once; a lock ends with the old one. ``ACC-NO-USER``."""
    made = NewUser(login, passwords.generate())
    _found(await connection.fetchval(_RENEW, login, await passwords.hashed(made.password)), login)
    return made


async def disable(connection: Connection[Any], login: str) -> None:
    """Nobody logs in by this login any more. ``ACC-NO-USER``."""
    _found(await connection.fetchval(_DISABLE, login), login)


async def enable(connection: Connection[Any], login: str) -> None:
    """The login is taken again, and a lock is over. ``ACC-NO-USER``."""
    _found(await connection.fetchval(_ENABLE, login), login)


async def everyone(connection: Connection[Any]) -> list[User]:
    """All users, by login."""
    return [_user(row) for row in await connection.fetch(_ALL)]


async def authenticate(connection: Connection[Any], login: str, password: str, request_id: UUID | None = None) -> User:
    """The user of this login and password; an administrative act ``user.login``, done or refused.

    An attempt is counted before the password is looked at, so that many at once are no more than one after another.
    The connection must commit each statement (be in no transaction). Raises DeniedError ``ACC-LOGIN`` for whatever
    reason, after the same work.
    """
    if not _LOGIN.fullmatch(login):
        login = ""
    row = await connection.fetchrow(_ATTEMPT, login, FAILURES, LOCK_MINUTES, LONGEST_LOCK_MINUTES)
    right = await passwords.matches(None if row is None else row["password_hash"], password)
    if row is None or not right:
        state = await connection.fetchval(_STATE, login)
        actor = login if state else _UNKNOWN  # what was typed for a login may be a password
        detail = {"state": state or _UNKNOWN}
        await acts.record(connection, "user", actor, "user.login", actor, False, "ACC-LOGIN", detail, request_id)
        raise DeniedError("ACC-LOGIN")
    await connection.execute(_SUCCESS, login)
    await acts.record(connection, "user", login, "user.login", login, True, request_id=request_id)
    return _user(row, locked_until=None)


def _role_faults(roles: Sequence[str]) -> list[Fault]:
    unknown = ", ".join(sorted(set(roles) - set(ROLES)))
    if roles and not unknown:
        return []
    return [Fault("roles", "ACC-CLIENT-ROLE", {"given": unknown or "–", "known": ", ".join(ROLES)})]


def _found(what: object, login: str) -> None:
    if what is None:
        raise NotFoundError("ACC-NO-USER", login=login)


def _user(row: Any, **instead: datetime | None) -> User:
    locked_until = instead.get("locked_until", row["locked_until"])
    return User(row["login"], row["department"], frozenset(row["roles"]), row["disabled_at"], locked_until)


_INSERT = """
-- A new user of the console.
INSERT INTO jishi.user_account (login, department, roles, password_hash)
VALUES ($1, $2, $3, $4)
"""

_ATTEMPT = """
-- Count an attempt as failed until it is known to be none, where the login may try at all.
UPDATE jishi.user_account
SET failures = failures + 1,
  locked_until = CASE WHEN failures + 1 >= $2::int
    THEN clock_timestamp() + make_interval(mins => LEAST($4::int, ($3::int * power(2, LEAST(failures + 1 - $2::int, 20)))::int))
  END
WHERE login = $1 AND disabled_at IS NULL AND (locked_until IS NULL OR locked_until <= clock_timestamp())
RETURNING login, department, roles, password_hash, disabled_at, locked_until
"""

_SUCCESS = "UPDATE jishi.user_account SET failures = 0, locked_until = NULL WHERE login = $1"

_STATE = """
-- Why a login was refused, for the record only.
SELECT CASE WHEN disabled_at IS NOT NULL THEN 'disabled'
  WHEN locked_until > clock_timestamp() THEN 'locked' ELSE 'wrong' END
FROM jishi.user_account
WHERE login = $1
"""

_ROLES = "UPDATE jishi.user_account SET roles = $2 WHERE login = $1 RETURNING login"

_RENEW = """
-- A new password; what was counted against the old one is forgotten.
UPDATE jishi.user_account
SET password_hash = $2, failures = 0, locked_until = NULL
WHERE login = $1
RETURNING login
"""

_DISABLE = """
-- Since when nobody logs in by this login.
UPDATE jishi.user_account
SET disabled_at = COALESCE(disabled_at, clock_timestamp())
WHERE login = $1
RETURNING login
"""

_ENABLE = """
-- The login is taken again.
UPDATE jishi.user_account
SET disabled_at = NULL, failures = 0, locked_until = NULL
WHERE login = $1
RETURNING login
"""

_ALL = "SELECT login, department, roles, disabled_at, locked_until FROM jishi.user_account ORDER BY login"
