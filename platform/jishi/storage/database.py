"""What a database must be before it is migrated: version, encoding, locale, extensions, schemas, roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.errors import InternalError
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection

EXTENSIONS = ("postgis", "pg_trgm", "btree_gin", "btree_gist")
NEEDED_VERSION = 150000
DATABASE = "jishi"


async def ensure_private(admin_url: str, passwords: dict[str, str]) -> None:
    """Make roles and database of the private cluster and equip it; ``admin_url`` is the superuser's, any database."""
    connection = await engine.connect(engine.to_database(admin_url, "postgres"))
    try:
        await roles.create_roles(connection, passwords)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(_CREATE)
    finally:
        await connection.close()
    await equip(engine.to_database(admin_url, DATABASE), owner=roles.OWNER)


async def ensure_foreign(url: str) -> bool:
    """Equip a database that is not ours; whether the separate roles can be acted as (False: one role serves)."""
    connection = await engine.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(_ONE_AT_A_TIME)
            separate = await roles.adopt_roles(connection)
        owner = await connection.fetchval("SELECT current_user")
    finally:
        await connection.close()
    await equip(url, owner=owner)
    return separate


async def equip(url: str, *, owner: str) -> None:
    """Check the server, then add extensions and the schemas ``jishi`` and ``stage`` of ``owner``; idempotent.

    Raises ``STO-VERSION``, ``STO-ENCODING``, ``STO-EXTENSION`` or ``STO-LOCALE``.
    """
    connection = await engine.connect(url)
    try:
        await _check_server(connection)
        async with connection.transaction():
            await connection.execute(_ONE_AT_A_TIME)
            await _add_extensions(connection)
            await _check_locale(connection)
            for schema in ("jishi", "stage"):
                if not await connection.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", schema):
                    statement = await connection.fetchval(
                        "SELECT format('CREATE SCHEMA %I AUTHORIZATION %I', $1::text, $2::text)", schema, owner
                    )
                    await connection.execute(statement)
    finally:
        await connection.close()


async def _check_server(connection: Connection[Any]) -> None:
    number = int(await connection.fetchval("SHOW server_version_num"))
    if number < NEEDED_VERSION:
        raise InternalError("STO-VERSION", found=await connection.fetchval("SHOW server_version"))
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise InternalError("STO-ENCODING", found=encoding)


async def _add_extensions(connection: Connection[Any]) -> None:
    present = {row["extname"] for row in await connection.fetch("SELECT extname FROM pg_extension")}
    for extension in EXTENSIONS:
        if extension in present:
            continue
        try:
            async with connection.transaction():
                await connection.execute(f'CREATE EXTENSION "{extension}" SCHEMA public')
        except asyncpg.PostgresError as error:
            raise InternalError("STO-EXTENSION", extension=extension) from error


async def _check_locale(connection: Connection[Any]) -> None:
    """pg_trgm takes a character for a letter only where LC_CTYPE does; under plain C a Chinese name has no trigram."""
    if not await connection.fetchval("SELECT public.show_trgm('中文') <> '{}'"):
        found = await connection.fetchval("SELECT datctype FROM pg_database WHERE datname = current_database()")
        raise InternalError("STO-LOCALE", found=found)


_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('jishi equip'))"

_CREATE = """
-- The library's database; template0 so that nothing put into template1 comes along.
CREATE DATABASE jishi
  OWNER jishi_owner
  TEMPLATE template0
  ENCODING 'UTF8'
  LOCALE 'C.UTF-8'
"""
