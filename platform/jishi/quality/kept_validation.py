"""What Great Expectations said of each batch, as the database keeps it: the document, and its page once a worker made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg


@dataclass(frozen=True, slots=True)
class KeptValidation:
    """``page`` None: no worker has rendered it yet."""

    batch: int
    rules_version: str
    document: Mapping[str, Any]
    page: str | None


async def keep_validation(
    connection: asyncpg.Connection, batch_id: int, rules_version: str, document: Mapping[str, Any]
) -> None:
    """Keep the document of a batch in place of an earlier run's; its page is to be rendered anew."""
    await connection.execute(_KEEP, batch_id, rules_version, json.dumps(document))


async def kept_validation(connection: asyncpg.Connection, batch_id: int) -> KeptValidation | None:
    row = await connection.fetchrow("SELECT * FROM jishi.validation WHERE batch_id = $1", batch_id)
    if row is None:
        return None
    return KeptValidation(row["batch_id"], row["rules_version"], json.loads(row["document"]), row["page"])


async def unrendered(connection: asyncpg.Connection, most: int) -> list[int]:
    """Batches whose page is still to be made, newest first."""
    rows = await connection.fetch(
        "SELECT batch_id FROM jishi.validation WHERE page IS NULL ORDER BY batch_id DESC LIMIT $1", most
    )
    return [row["batch_id"] for row in rows]


async def keep_page(connection: asyncpg.Connection, kept: KeptValidation, page: str) -> None:
    """Keep the page of that very document; one that was replaced meanwhile is rendered anew."""
    await connection.execute(
        "UPDATE jishi.validation SET page = $2 WHERE batch_id = $1 AND document = $3::jsonb",
        kept.batch,
        page,
        json.dumps(kept.document),
    )


_KEEP = """
INSERT INTO jishi.validation (batch_id, rules_version, document) VALUES ($1, $2, $3)
ON CONFLICT (batch_id) DO UPDATE SET rules_version = excluded.rules_version, document = excluded.document,
  page = NULL, validated_at = clock_timestamp()"""
