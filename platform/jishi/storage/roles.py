"""The database's roles and what each may do; rights are granted anew after every migration (floor of the road).

``jishi_owner`` migrates and owns, ``jishi_ingest`` writes the registers and stages deliveries in schema ``stage``,
``jishi_api`` reads and may only add disclosures, ``jishi_audit`` reads the disclosure log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection

OWNER = "jishi_owner"
INGEST = "jishi_ingest"
API = "jishi_api"
AUDIT = "jishi_audit"
ROLES = (OWNER, INGEST, API, AUDIT)

#: Tables the API may add rows to; it deletes nowhere.
API_INSERTS = (
    "disclosure",
    "disclosure_seal",
    "administrative_act",
    "access_alert",
    "access_grant",
    "application",
    "application_step",
    "quota_use",
    "export",
    "seen_name",
    "seen_context",
    "concept_alias",
    "alias_decision",
    "dictionary_edition",
    "dictionary_version",
    "dispute",
    "dispute_step",
    "ticket",
    "ticket_step",
    "regrouping",
    "quarantine_step",
    "repair",
    "repair_row",
    "repair_check",
    "row_reading",
    "bulk_repair",
    "batch_preview",
    "batch_decision",
    "console_session",
    "client",
    "user_account",
)
#: The only columns the API may update, by table.
API_UPDATES = {
    "access_grant": ("revoked_at", "revoked_by"),
    "application": ("status", "answer_due", "grant_id"),
    "export": (
        "status",
        "fault",
        "rows",
        "bytes",
        "sha256",
        "seq",
        "taken_at",
        "charged",
        "started_at",
        "finished_at",
        "expires_at",
    ),
    "quota_use": ("subjects",),
    "seen_name": (
        *("times", "last_seen", "outcome", "code_scheme", "code", "score", "version"),
        *("state", "decided_by", "decided_at", "reason"),
    ),
    "seen_context": ("times", "last_seen"),
    "concept_alias": ("status", "alias", "valid_to", "origin", "removed_at"),
    "dispute": ("status", "ticket_id", "resolved_at"),
    "ticket": ("status", "assigned_to", "closed_at", "closed_by_batch", "last_step"),
    "user_account": ("failures", "locked_until", "roles", "password_hash", "disabled_at"),
    "client": ("secret_hash", "key_hash", "disabled_at", "tokens_from"),
    "quarantine": ("status", "closed_at", "repair_id"),
    "repair": ("status", "finished_at"),
    "repair_row": ("cells",),
    "repair_check": ("status", "cells", "finished_at"),
    "bulk_repair": ("status", "mapping", "finished_at"),
    "batch_preview": ("status", "finished_at"),
    "console_session": ("seen_at", "ended_at"),
    "job": ("cancelled_at", "cancelled_by"),
}
#: Tables that are only ever added to, whoever writes.
APPEND_ONLY = (
    "disclosure",
    "disclosure_seal",
    "administrative_act",
    "application_step",
    "dictionary_edition",
    "dictionary_version",
    "alias_decision",
    "dispute_step",
    "ticket_step",
    "rule_change",
    "quarantine_step",
    "batch_decision",
)
#: Functions the API may call that do what its own rights do not allow.
API_FUNCTIONS = ("lock_dictionary()",)
#: Tables an auditor reads.
AUDIT_READS = (
    "disclosure",
    "disclosure_seal",
    "signing_key",
    "administrative_act",
    "access_alert",
    "access_grant",
    "alias_decision",
    "client",
    "user_account",
    "department",
)


async def create_roles(connection: Connection[Any], passwords: dict[str, str]) -> None:
    """Create or refresh the login roles of the private cluster; ``passwords`` by role. Needs a superuser."""
    for role, password in passwords.items():
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        await _run(connection, verb + " ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L", role, password)
        await _run(connection, "ALTER ROLE %I SET search_path = jishi, stage, public", role)
        await _run(connection, "ALTER ROLE %I SET timezone = 'UTC'", role)
    for role in (INGEST, API, AUDIT):
        await _run(connection, "GRANT %I TO %I", role, OWNER)


async def adopt_roles(connection: Connection[Any]) -> bool:
    """On a database that is not ours: make the roles without login where we may; whether all three can be acted as.

    False means one role serves, the one that connected.
    """
    may_create = await connection.fetchval(
        "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    for role in (INGEST, API, AUDIT):
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
            if not may_create:
                return False
            await _run(connection, "CREATE ROLE %I NOLOGIN", role)
        if not await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", role):
            if not may_create:
                return False
            await _run(connection, "GRANT %I TO %I", role, await connection.fetchval("SELECT current_user"))
    return True


async def grant_all(connection: Connection[Any]) -> None:
    """Give every role its rights on what the migrations made; idempotent, run as the owner of the tables.

    Roles that do not exist are passed over: on a foreign database one role may serve.
    """
    present = {row["rolname"] for row in await connection.fetch(_PRESENT, list(ROLES))}
    async with connection.transaction():
        for role in (INGEST, API, AUDIT):
            if role in present:
                await _run(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA jishi FROM %I", role)
                await _run(connection, "GRANT USAGE ON SCHEMA jishi TO %I", role)
        if INGEST in present:
            await _grant_ingest(connection)
        if API in present:
            await _run(connection, "GRANT SELECT ON ALL TABLES IN SCHEMA jishi TO %I", API)
            for table in await _existing(connection, API_INSERTS):
                await _run(connection, "GRANT INSERT ON jishi.%I TO %I", table, API)
            for table, columns in API_UPDATES.items():
                for column in columns if await _existing(connection, (table,)) else ():
                    await _run(connection, "GRANT UPDATE (%I) ON jishi.%I TO %I", column, table, API)
            await _run(connection, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA jishi TO %I", API)
            for function in API_FUNCTIONS:
                if await connection.fetchval("SELECT to_regprocedure($1) IS NOT NULL", f"jishi.{function}"):
                    await _run(connection, f"GRANT EXECUTE ON FUNCTION jishi.{function} TO %I", API)
        if AUDIT in present:
            for table in await _existing(connection, AUDIT_READS):
                await _run(connection, "GRANT SELECT ON jishi.%I TO %I", table, AUDIT)


async def _grant_ingest(connection: Connection[Any]) -> None:
    await _run(connection, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jishi TO %I", INGEST)
    await _run(connection, "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA jishi TO %I", INGEST)
    await _run(connection, "REVOKE ALL ON jishi.suspended_index FROM %I", INGEST)
    await _run(connection, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jishi TO %I", INGEST)
    await _run(connection, "GRANT USAGE, CREATE ON SCHEMA stage TO %I", INGEST)
    for table in await _existing(connection, APPEND_ONLY):
        for part in await connection.fetch(_WITH_PARTITIONS, f"jishi.{table}"):
            await _run(connection, "REVOKE UPDATE, DELETE ON jishi.%I FROM %I", part["name"], INGEST)


async def _existing(connection: Connection[Any], names: tuple[str, ...]) -> list[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'jishi' AND c.relkind IN ('r', 'p', 'v') AND c.relname = ANY($1)",
        list(names),
    )
    return [row["relname"] for row in rows]


async def _run(connection: Connection[Any], template: str, *words: str) -> None:
    """Utility statements take no bound values: the server itself quotes the words (``%I`` names, ``%L`` literals)."""
    statement = await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", template, list(words))
    await connection.execute(statement)


_PRESENT = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)"

_WITH_PARTITIONS = """
-- A table and, where it is partitioned, every part of it.
SELECT c.relname AS name
FROM pg_class c
WHERE c.oid = $1::text::regclass
  OR c.oid IN (SELECT relid FROM pg_partition_tree($1::text::regclass))
"""
