"""Grants 授权 in the database: added, revoked, read back; never changed (authorise, road out).

A new grant for a client and register takes the place of the one in force in the same transaction, so that nobody is ever
without one in between, nor with two. Who calls records the act (:mod:`jishi.access.acts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.access.grants import Grant
from jishi.access.terms import Terms, faults_of_terms
from jishi.errors import CallerError, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Added:
    """A new grant, and the number of the one it took the place of."""

    grant: Grant
    replaced: int | None


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant with what is known about it: its client's name, who made it, when it was revoked."""

    grant: Grant
    client: str
    created_by: str
    revoked_at: datetime | None


async def of_client(connection: Connection[Any], client_id: str) -> dict[str, Grant]:
    """Register name → the client's grant that is not revoked, in force or not."""
    return {row["register"]: read(row) for row in await connection.fetch(_OF_CLIENT, client_id)}


async def add(
    connection: Connection[Any], client_id: str, terms: Terms, by: str, *, application_id: int | None = None
) -> Added:
    """Make the grant and revoke the one it replaces; ``by``: kind and name of who does.

    Raises CallerError ``ACC-GRANT`` with every fault of the terms.
    """
    faults = faults_of_terms(terms)
    if faults:
        raise CallerError("ACC-GRANT", faults=faults)
    values = (
        client_id,
        terms.register.name,
        sorted(terms.masked),
        sorted(terms.in_clear),
        sorted(terms.derived_names),
        terms.rows,
        sorted(set(terms.purposes)),
        terms.case_required,
        terms.rate_per_minute,
        terms.quota_per_day,
        sorted(set(terms.rights)),
        terms.sharing.value,
        terms.basis_stated,
        terms.valid_until,
        application_id,
        by,
    )
    async with connection.transaction():
        await connection.execute(_ALONE, f"{client_id} {terms.register.name}")
        replaced = await connection.fetchval(_REPLACE, client_id, terms.register.name, by)
        grant = read(await connection.fetchrow(_INSERT, *values))
    return Added(grant, replaced)


async def revoke(connection: Connection[Any], grant_id: int, by: str) -> Grant:
    """End a grant now. Raises NotFoundError ``ACC-GRANT-UNKNOWN`` or CallerError ``ACC-GRANT-REVOKED``."""
    row = await connection.fetchrow(_REVOKE, grant_id, by)
    if row is None:
        if await connection.fetchval(_EXISTS, grant_id):
            raise CallerError("ACC-GRANT-REVOKED", grant=grant_id)
        raise NotFoundError("ACC-GRANT-UNKNOWN", grant=grant_id)
    return read(row)


async def listed(
    connection: Connection[Any], *, client_id: str | None = None, revoked: bool = False
) -> list[ListedGrant]:
    """Grants of one client or of all, the newest last; with ``revoked`` those too."""
    rows = await connection.fetch(_LISTED, client_id, revoked)
    return [ListedGrant(read(row), row["client"], row["created_by"], row["revoked_at"]) for row in rows]


async def client_of(connection: Connection[Any], named: str) -> str:
    """The client_id of who is named by it or by name. Raises NotFoundError ``ACC-GRANT-CLIENT``."""
    client_id = None if "\0" in named else await connection.fetchval(_CLIENT, named)
    if client_id is None:
        raise NotFoundError("ACC-GRANT-CLIENT")
    return str(client_id)


def read(row: Any) -> Grant:
    """A row of ``access_grant`` as the value that authorise works on."""
    return Grant(
        grant_id=row["grant_id"],
        client_id=row["client_id"],
        register=row["register"],
        masked=frozenset(row["masked"]),
        clear=frozenset(row["clear"]),
        derived=frozenset(row["derived"]),
        rows=row["rows"],
        purposes=frozenset(row["purposes"]),
        case_required=row["case_required"],
        rate_per_minute=row["rate_per_minute"],
        quota_per_day=row["quota_per_day"],
        rights=frozenset(row["rights"]),
        sharing=row["sharing"],
        basis=row["basis"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        application_id=row["application_id"],
    )


_COLUMNS = """grant_id, client_id, register, masked, clear, derived, rows, purposes, case_required, rate_per_minute,
  quota_per_day, rights, sharing, basis, valid_from, valid_until, application_id"""

_OF_CLIENT = f"""
-- A client's grants that are not revoked.
SELECT {_COLUMNS}
FROM jishi.access_grant
WHERE client_id = $1 AND revoked_at IS NULL
"""  # noqa: S608  columns of ours

_LISTED = f"""
-- Grants with the names of their clients.
SELECT {_COLUMNS}, COALESCE(c.name, client_id) AS client, created_by, revoked_at
FROM jishi.access_grant g
LEFT JOIN (SELECT client_id, name FROM jishi.client) c USING (client_id)
WHERE ($1::text IS NULL OR client_id = $1) AND ($2 OR revoked_at IS NULL)
ORDER BY grant_id
"""  # noqa: S608  columns of ours

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('jishi grant ' || $1, 0))"

_REPLACE = """
-- The grant whose place is taken.
UPDATE jishi.access_grant
SET revoked_at = now(), revoked_by = $3
WHERE client_id = $1 AND register = $2 AND revoked_at IS NULL
RETURNING grant_id
"""

_INSERT = f"""
-- A new grant.
INSERT INTO jishi.access_grant (client_id, register, masked, clear, derived, rows, purposes, case_required, rate_per_minute,
  quota_per_day, rights, sharing, basis, valid_until, application_id, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
RETURNING {_COLUMNS}
"""  # noqa: S608  columns of ours

_REVOKE = f"""
-- End a grant.
UPDATE jishi.access_grant
SET revoked_at = now(), revoked_by = $2
WHERE grant_id = $1 AND revoked_at IS NULL
RETURNING {_COLUMNS}
"""  # noqa: S608  columns of ours

_EXISTS = "SELECT true FROM jishi.access_grant WHERE grant_id = $1"

_CLIENT = """
-- Who is meant: a client_id before a name.
SELECT client_id
FROM jishi.client
WHERE client_id = $1 OR name = $1
ORDER BY client_id = $1 DESC
LIMIT 1
"""
