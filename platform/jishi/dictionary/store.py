"""What the resolver asks of the dictionary's lists beside its index (query)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection


async def division_name(connection: Connection[Any], code: str, day: date) -> str | None:
    """The full name of a division code on ``day``."""
    name: str | None = await connection.fetchval(_DIVISION, code, day)
    return name


_DIVISION = """
-- A division's full name on a day.
SELECT coalesce(full_name, name)
FROM jishi.code_value
WHERE list = 'division' AND code = $1
  AND (valid_from IS NULL OR valid_from <= $2)
  AND (valid_to IS NULL OR $2 < valid_to)
"""
