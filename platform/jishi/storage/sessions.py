"""Sessions of a run, known to the server by the run's name, so that whoever takes its place can end what it left (storage).

The backend of a process that was killed goes on with its statement, and notices only afterwards that nobody reads it.
"""

from __future__ import annotations

import asyncpg

PATIENCE_MS = 10_000


def name_of_run(batch_id: int) -> str:
    """The application name of every session that works on a batch.

    >>> name_of_run(7)
    'jishi-batch-7'
    """
    return f"jishi-batch-{batch_id}"


async def end_others(connection: asyncpg.Connection, application: str) -> int:
    """End the login's other sessions of that name in this database, and wait until they are gone; how many there were."""
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE NONE")  # who may end a session is a matter of the login
        ended = await connection.fetch(_END, application, PATIENCE_MS)
    return len(ended)


_END = """
-- Other sessions of the same run.
SELECT pg_terminate_backend(pid, $2)
FROM pg_stat_activity
WHERE application_name = $1
  AND datname = current_database()
  AND usename = session_user
  AND pid <> pg_backend_pid()
"""
