"""A client together with the grants it holds, in one query: what a request is answered by (authenticate, road out)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.access import grant_store
from jishi.access.clients import Client, client_of, hashed
from jishi.access.grants import Grant
from jishi.identifiers.keys import Keys

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Holder:
    """``grants``: register name → the grant that is not revoked, in force or not."""

    client: Client
    grants: Mapping[str, Grant]


async def by_key(connection: Connection[Any], keys: Keys, key: str) -> Holder | None:
    """Who holds this API key, also a disabled client; None = nobody."""
    given = hashed(keys, key)
    rows = await connection.fetch(_BY_KEY, given)
    return _holder(rows) if rows and hmac.compare_digest(rows[0]["key_hash"], given) else None


async def by_id(connection: Connection[Any], client_id: str) -> Holder | None:
    """The client of this id, also a disabled one."""
    rows = await connection.fetch(_BY_ID, client_id)
    return _holder(rows) if rows else None


def _holder(rows: list[Any]) -> Holder:
    grants = {row["register"]: grant_store.read(row) for row in rows if row["grant_id"] is not None}
    return Holder(client_of(rows[0]), grants)


_COLUMNS = """
SELECT c.client_id, c.name, c.department, c.roles, c.key_hash, c.disabled_at, c.tokens_from,
  g.grant_id, g.register, g.masked, g.clear, g.derived, g.rows, g.purposes, g.case_required, g.rate_per_minute,
  g.quota_per_day, g.rights, g.sharing, g.basis, g.valid_from, g.valid_until, g.application_id
FROM jishi.client c
LEFT JOIN jishi.access_grant g ON g.client_id = c.client_id AND g.revoked_at IS NULL
"""
_BY_KEY = f"-- The client of one API key with its grants.{_COLUMNS}WHERE c.key_hash = $1"
_BY_ID = f"-- A client with its grants.{_COLUMNS}WHERE c.client_id = $1"
