"""What the console of the browser tests shows: a little of everything, every person in it invented.

Each page needs something to show in the walk over all pages: whoever adds pages adds a function to :data:`PARTS`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from console_cases import add_cases
from console_city_access import add_access, add_jobs, add_names
from console_city_refused import add_preview, add_refused
from console_reports import add_reports
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

Part = Callable[[Settings, "Connection[Any]"], Awaitable[None]]

SOURCES = {
    "population": ("人口基础信息", "natural_person", "11320500000090018H", "full", "0 1 * * *"),
    "enterprise-registration": ("企业登记信息", "legal_entity", "113205000000900347", "delta", "0 2 * * *"),
    "penalties": ("行政处罚", "credit_record", "113205000000900347", "delta", None),
}
"""Name → title, register, department, mode, schedule."""

STATUSES = ("published", "unchanged", "held", "refused", "failed", "published")


async def fill(settings: Settings, connection: Connection[Any]) -> None:
    for part in PARTS:
        await part(settings, connection)


async def add_ledger(settings: Settings, connection: Connection[Any]) -> None:
    """Sources with a few batches in every state: figures alone, nothing stands behind them."""
    for number, (name, (title, register, department, mode, schedule)) in enumerate(SOURCES.items()):
        source = await connection.fetchval(
            "INSERT INTO jishi.source (name, title, register, department, mode, schedule, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'a1b2c3') RETURNING source_id",
            *(name, title, register, department, mode, schedule),
        )
        for days, status in enumerate(STATUSES):
            delivered = datetime.now(UTC) - timedelta(days=len(STATUSES) - 1 - days, minutes=10 * number)
            counted = status in ("published", "held")
            rows = 1200 + 10 * days
            counts = (rows, rows - 40, 20, 12, 0, 8, 0, 0) if status == "published" else (rows, 0, 0, 0, 0, 0, rows, 0)
            await connection.execute(
                """
                INSERT INTO jishi.batch (
                  source_id, status, file_name, landing, sha256, bytes, delivered_at, finished_at, columns,
                  received, unchanged, inserted, updated, ended, quarantined, held, duplicate
                ) VALUES ($1, $2, '', '', '', 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                """,
                *(source, status, delivered, delivered if status in ("published", "unchanged") else None),
                json.dumps({"姓名": ["full_name"]} if register == "natural_person" else {}),
                *(counts if counted else (None,) * len(counts)),
            )


PARTS: tuple[Part, ...] = (
    add_ledger,
    add_cases,
    add_names,
    add_access,
    add_jobs,
    add_refused,
    add_preview,
    add_reports,
)
"""Called one after the other with the owner's connection, once the users are there."""
