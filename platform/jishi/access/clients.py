"""Clients of the API and their secrets: made once, kept only as hashes, found again by key (authenticate, road out).

Secrets are 256 random bits, so one keyed hash is enough: there is nothing to guess that a slow hash would protect. The
hash is keyed (HMAC-SHA256 under the deployment's key file) so that a copy of the table alone proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.errors import CallerError, Fault, NotFoundError
from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    from asyncpg import Connection

ROLES = ("steward", "auditor", "admin", "counter")
"""Roles a client may have; none of them opens the data of a register by itself."""

_KEY_PREFIX = "jk_"
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_USCC = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}")


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is shown once: only hashes of secret and key are kept."""

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. ``department`` is a USCC or None; ``disabled_at`` tells since when nothing is answered any more.

    ``tokens_from``: tokens made before this change of the client's secrets are void; None = none was changed yet.
    """

    client_id: str
    name: str
    department: str | None
    roles: frozenset[str]
    disabled_at: datetime | None
    tokens_from: datetime | None = None

    @property
    def disabled(self) -> bool:
        return self.disabled_at is not None


async def create(
    connection: Connection[Any], keys: Keys, name: str, department: str | None = None, roles: Sequence[str] = ()
) -> NewClient:
    """Add a client; its secrets are in the result and nowhere else.

    Raises CallerError ``ACC-CLIENT`` with every fault of name, department and roles, or ``ACC-CLIENT-NAME-TAKEN``.
    """
    await _check(connection, name, department, roles)
    made = _new(f"c-{secrets.token_hex(8)}")
    hashes = hashed(keys, made.client_secret), hashed(keys, made.api_key)
    try:
        async with connection.transaction():
            await connection.execute(_INSERT, made.client_id, name, department, sorted(set(roles)), *hashes)
    except asyncpg.UniqueViolationError as error:
        raise CallerError("ACC-CLIENT-NAME-TAKEN", client=name) from error
    return made


async def rotate(connection: Connection[Any], keys: Keys, client_id: str) -> NewClient:
    """A new secret and a new key; the old ones, and every token made with them, are void. ``ACC-NO-CLIENT``."""
    made = _new(client_id)
    hashes = hashed(keys, made.client_secret), hashed(keys, made.api_key)
    _found(await connection.fetchval(_ROTATE, client_id, *hashes), client_id)
    return made


async def disable(connection: Connection[Any], client_id: str) -> None:
    """Nothing is answered to the client any more, and its tokens stay void when it is enabled. ``ACC-NO-CLIENT``."""
    _found(await connection.fetchval(_DISABLE, client_id), client_id)


async def enable(connection: Connection[Any], client_id: str) -> None:
    """The client's secret and key are taken again. ``ACC-NO-CLIENT``."""
    _found(await connection.fetchval(_ENABLE, client_id), client_id)


async def named(connection: Connection[Any], word: str) -> Client:
    """The client of this id or, failing that, of this name. Raises NotFoundError ``ACC-NO-CLIENT``."""
    row = await connection.fetchrow(_NAMED, word)
    _found(row, word)
    return client_of(row)


async def everyone(connection: Connection[Any]) -> list[Client]:
    """All clients, by name."""
    return [client_of(row) for row in await connection.fetch(_ALL)]


async def authenticate_key(connection: Connection[Any], keys: Keys, key: str) -> Client | None:
    """The client whose API key this is, also a disabled one; None where nobody's."""
    given = hashed(keys, key)
    row = await connection.fetchrow(_BY_KEY, given)
    if row is None or not hmac.compare_digest(row["key_hash"], given):
        return None
    return client_of(row)


async def authenticate_secret(connection: Connection[Any], keys: Keys, client_id: str, secret: str) -> Client | None:
    """The client of this id, also a disabled one, if the secret is its own; the same work for an id that is nobody's."""
    given = hashed(keys, secret)
    row = await connection.fetchrow(_BY_ID, client_id) if "\x00" not in client_id else None
    right = hmac.compare_digest(given if row is None else row["secret_hash"], given)
    return client_of(row) if row is not None and right else None


def hashed(keys: Keys, secret: str) -> bytes:
    """The keyed hash of a high-entropy secret, as the table keeps it."""
    return hmac.digest(keys.key(Use.API_KEY), secret.encode("utf-8", "surrogateescape"), hashlib.sha256)


def client_of(row: Any) -> Client:
    """The client of a row that has its columns."""
    return Client(
        row["client_id"],
        row["name"],
        row["department"],
        frozenset(row["roles"]),
        disabled_at=row["disabled_at"],
        tokens_from=row["tokens_from"],
    )


async def department_fault(connection: Connection[Any], department: str | None) -> Fault | None:
    """What is wrong with a department: no USCC, or unknown where the departments of the city are loaded."""
    if department is None:
        return None
    if not _USCC.fullmatch(department):
        return Fault("department", "ACC-CLIENT-DEPARTMENT")
    if not await connection.fetchval(_DEPARTMENT, department):
        return Fault("department", "ACC-DEPARTMENT-UNKNOWN")
    return None


def _new(client_id: str) -> NewClient:
    return NewClient(client_id, secrets.token_urlsafe(32), _KEY_PREFIX + secrets.token_urlsafe(32))


def _found(what: object, client: str) -> None:
    if what is None:
        raise NotFoundError("ACC-NO-CLIENT", client=client)


async def _check(connection: Connection[Any], name: str, department: str | None, roles: Sequence[str]) -> None:
    faults = []
    if not _NAME.fullmatch(name) or not name.strip():
        faults.append(Fault("name", "ACC-CLIENT-NAME"))
    if fault := await department_fault(connection, department):
        faults.append(fault)
    if unknown := sorted(set(roles) - set(ROLES)):
        faults.append(Fault("roles", "ACC-CLIENT-ROLE", {"given": ", ".join(unknown), "known": ", ".join(ROLES)}))
    if faults:
        raise CallerError("ACC-CLIENT", faults=tuple(faults))


_INSERT = """
-- A new client, by the hashes of its secrets.
INSERT INTO jishi.client (client_id, name, department, roles, secret_hash, key_hash)
VALUES ($1, $2, $3, $4, $5, $6)
"""

_BY_KEY = """
-- The client of one API key.
SELECT client_id, name, department, roles, key_hash, disabled_at, tokens_from
FROM jishi.client
WHERE key_hash = $1
"""

_BY_ID = """
-- One client, with the hash of its secret.
SELECT client_id, name, department, roles, secret_hash, disabled_at, tokens_from
FROM jishi.client
WHERE client_id = $1
"""

_NAMED = """
-- A client by its id before one by its name.
SELECT client_id, name, department, roles, disabled_at, tokens_from
FROM jishi.client
WHERE client_id = $1 OR name = $1
ORDER BY client_id <> $1
LIMIT 1
"""

_ALL = """
-- Every client.
SELECT client_id, name, department, roles, disabled_at, tokens_from
FROM jishi.client
ORDER BY name
"""

_ROTATE = """
-- New secrets; tokens made with the old one are void.
UPDATE jishi.client
SET secret_hash = $2, key_hash = $3, tokens_from = clock_timestamp()
WHERE client_id = $1
RETURNING client_id
"""

_DISABLE = """
-- Since when the client is answered nothing.
UPDATE jishi.client
SET disabled_at = COALESCE(disabled_at, clock_timestamp()), tokens_from = clock_timestamp()
WHERE client_id = $1
RETURNING client_id
"""

_ENABLE = "UPDATE jishi.client SET disabled_at = NULL WHERE client_id = $1 RETURNING client_id"

_DEPARTMENT = """
-- Whether the department is one of the city's; every one is, until the city's are loaded.
SELECT EXISTS (SELECT FROM jishi.department WHERE uscc = $1 AND removed_at IS NULL)
  OR NOT EXISTS (SELECT FROM jishi.department)
"""
