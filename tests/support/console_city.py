"""What the console of the browser tests shows: a little of everything, every person in it invented.

Each page needs something to show in the walk over all pages: whoever adds pages adds a function to :data:`PARTS`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from console_site import MARKET, POLICE
from jishi.access import application_store, clients, grant_store
from jishi.access.terms import Terms
from jishi.identifiers.keys import load_or_create
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.stewardship import aliases
from jishi.stewardship.aliases import Wanted

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


async def add_names(settings: Settings, connection: Connection[Any]) -> None:
    """Names nobody knew, and an alias that waits for another pair of eyes."""
    for times, name in enumerate(("舢板摆渡", "云上巡检", "数字驾驶舱建设"), start=1):
        number = await connection.fetchval(
            "INSERT INTO jishi.seen_name (scheme, folded, name, outcome, version, times, first_seen, last_seen)"
            " VALUES ('', $1, $1, 'nothing', '', $2, now(), now()) RETURNING name_id",
            *(name, 10 * times),
        )
        await connection.execute(
            "INSERT INTO jishi.seen_context (name_id, place, department, stage, times, last_seen)"
            " VALUES ($1, '苏州市', '', '', $2, now())",
            *(number, 10 * times),
        )
    async with connection.transaction():
        await aliases.propose(connection, Wanted("project-nodes", "0101", "立项前谋划"), "user:market", "本局的说法")


async def add_access(settings: Settings, connection: Connection[Any]) -> None:
    """A client with a grant, and what a department applies for."""
    made = await clients.create(connection, load_or_create(settings.key_path), "审批平台", MARKET)
    terms = Terms(
        register_of("natural_person"),
        elements=("full_name", "birth_date"),
        clear=("full_name",),
        purposes=("approval",),
        basis="示例协议",
        valid_until=datetime.now(UTC) + timedelta(days=365),
    )
    await grant_store.add(connection, made.client_id, terms, "operator:test")
    due = (datetime.now(UTC) + timedelta(days=2)).date()
    for reason in ("核对申请人姓名", "办理依据"):
        await application_store.apply(
            connection, made.client_id, MARKET, POLICE, terms, reason, due, f"client:{made.client_id}"
        )


async def add_jobs(settings: Settings, connection: Connection[Any]) -> None:
    """A job that is over and one that waits; no worker runs."""
    batch = await connection.fetchval("SELECT max(batch_id) FROM jishi.batch")
    for status in ("done", "queued"):
        await connection.execute(
            "INSERT INTO jishi.job (kind, lane, payload, status) VALUES ('ingest', 'ingest:test', $1, $2)",
            *(json.dumps({"batch": batch}), status),
        )


PARTS: tuple[Part, ...] = (add_ledger, add_names, add_access, add_jobs)
"""Called one after the other with the owner's connection, once the users are there."""
