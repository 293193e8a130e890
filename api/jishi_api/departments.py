"""The city's departments by name, for whoever chooses one (query, road out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Department:
    uscc: str
    name: str
    name_en: str


async def departments(connection: Connection[Any]) -> list[Department]:
    """Those of today, by name."""
    return [Department(row["uscc"], row["name"], row["name_en"]) for row in await connection.fetch(_DEPARTMENTS)]


_DEPARTMENTS = "SELECT uscc, name, name_en FROM jishi.department WHERE removed_at IS NULL ORDER BY name"
