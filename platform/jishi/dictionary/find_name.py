"""Which concepts bear a standard name, those used no more included (query)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jishi.dictionary.spelling import fold

if TYPE_CHECKING:
    from asyncpg import Connection


async def codes_of_name(
    connection: Connection[Any], name: str, schemes: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Scheme and code of the concepts so called; where one of a scheme is in use, only that one of it."""
    rows = await connection.fetch(_NAMED, fold(name), schemes)
    return [(row["scheme"], row["code"]) for row in rows]


_NAMED = """
-- Concepts of a standard name, the one in use before those that were so called.
SELECT DISTINCT ON (scheme) scheme, code
FROM jishi.concept
WHERE name_normalised = $1
  AND ($2::text[] IS NULL OR scheme = ANY($2))
ORDER BY scheme, status = 'deprecated', removed_at IS NOT NULL, code
"""
