"""Clients of the API and their secrets: made once, kept only as hashes, found again by key (authenticate, road out).

Secrets are 256 random bits, so one SHA-256 is enough: there is nothing to guess that a slow hash would protect.
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

from jishi.errors import CallerError, Fault

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
    """Who asks. ``department`` is a USCC or None; ``disabled_at`` tells since when nothing is answered any more."""

    client_id: str
    name: str
    department: str | None
    roles: frozenset[str]
    disabled_at: datetime | None

    @property
    def disabled(self) -> bool:
        return self.disabled_at is not None


async def create(
    connection: Connection[Any], name: str, department: str | None = None, roles: Sequence[str] = ()
) -> NewClient:
    """Add a client; its secrets are in the result and nowhere else.

    Raises CallerError ``ACC-CLIENT`` with every fault of name, department and roles, or ``ACC-CLIENT-NAME-TAKEN``.
    """
    _check(name, department, roles)
    made = NewClient(f"c-{secrets.token_hex(8)}", secrets.token_urlsafe(32), _KEY_PREFIX + secrets.token_urlsafe(32))
    values = (made.client_id, name, department, sorted(set(roles)), hashed(made.client_secret), hashed(made.api_key))
    try:
        async with connection.transaction():
            await connection.execute(_INSERT, *values)
    except asyncpg.UniqueViolationError as error:
        raise CallerError("ACC-CLIENT-NAME-TAKEN", client=name) from error
    return made


async def authenticate_key(connection: Connection[Any], key: str) -> Client | None:
    """The client whose API key this is, also a disabled one; None where nobody's."""
    given = hashed(key)
    row = await connection.fetchrow(_BY_KEY, given)
    if row is None or not hmac.compare_digest(row["key_hash"], given):
        return None
    return Client(
        row["client_id"], row["name"], row["department"], frozenset(row["roles"]), disabled_at=row["disabled_at"]
    )


def hashed(secret: str) -> bytes:
    """SHA-256 of a high-entropy secret, as the table keeps it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _check(name: str, department: str | None, roles: Sequence[str]) -> None:
    faults = []
    if not _NAME.fullmatch(name) or not name.strip():
        faults.append(Fault("name", "ACC-CLIENT-NAME"))
    if department is not None and not _USCC.fullmatch(department):
        faults.append(Fault("department", "ACC-CLIENT-DEPARTMENT"))
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
SELECT client_id, name, department, roles, key_hash, disabled_at
FROM jishi.client
WHERE key_hash = $1
"""
