"""A lane that may write: for what callers do to access itself, never for reading data (under the road out)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi_api.serving import Serving

if TYPE_CHECKING:
    from asyncpg import Connection


@asynccontextmanager
async def writing(serving: Serving) -> AsyncIterator[Connection[Any]]:
    """A lane as :meth:`Serving.connection` gives it, but for its sessions' being read-only; read-only again afterwards.

    What may be written is the database role's matter.
    """
    async with serving.connection() as connection:
        await connection.execute("SET default_transaction_read_only = off")
        try:
            yield connection
        finally:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # a lost lane is not given back
                await connection.execute("SET default_transaction_read_only = on")
