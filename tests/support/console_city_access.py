"""Names, clients, grants, applications and jobs for the console of the browser tests."""

from __future__ import annotations

import json
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
