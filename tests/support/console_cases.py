"""Tickets, disputes, reviews and merges for the console of the browser tests: two invented firms of one number, a refused row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality.quarantine import row_context
from jishi.registers.catalog import register_of
from jishi.settings import Settings, load_city
from jishi.stewardship import disputes, ticket_opening
from jishi.stewardship.disputes import Party, Wish
from jishi.stewardship.sealed_text import Pen
from jishi.stewardship.terms import terms_of

if TYPE_CHECKING:
    from asyncpg import Connection

FIRMS = {
    UUID(int=(0x0192 << 112) | (7 << 76) | (8 << 60) | 90_001): (90_001, "测试绿洲贸易有限公司", "平江路1号"),
    UUID(int=(0x0192 << 112) | (7 << 76) | (8 << 60) | 90_002): (90_002, "湖畔咖啡馆", "平江路2号"),
}
"""uid → contribution, name, address."""

RULE = "legal_entity.uscc.check_character"
KEY = UUID(int=90_003)
AT = datetime(2026, 11, 1, tzinfo=UTC)


async def add_cases(settings: Settings, connection: Connection[Any]) -> None:
    """A dispute that is open, tickets of a refused row and by hand, a review, and a merge that could not be done."""
    keys = load_or_create(settings.key_path)
    source, batch = await connection.fetchrow(
        "SELECT source_id, max(batch_id) FROM jishi.source JOIN jishi.batch USING (source_id)"
        " WHERE name = 'enterprise-registration' AND status = 'published' GROUP BY 1"
    )
    columns = {
        "企业名称": ["entity_name"],
        "统一社会信用代码": ["uscc"],
        "注册地址": ["domicile"],
        "联系电话": ["legal_rep_phone"],
    }
    await connection.execute(
        "UPDATE jishi.batch SET columns = $2, rules = $3 WHERE batch_id = $1",
        batch,
        json.dumps(columns),
        json.dumps([{"rule": RULE, "evaluated": 1250, "failed": 1, "columns": ["统一社会信用代码"]}]),
    )
    await connection.execute("UPDATE jishi.source SET key_columns = '{统一社会信用代码}' WHERE source_id = $1", source)
    for uid, (number, name, address) in FIRMS.items():
        await _firm(connection, uid, number, (name, address), source, batch)
    cells = {
        "企业名称": "测试蓝天有限公司",
        "统一社会信用代码": "91320505MA00000000",
        "注册地址": "十梓街3号",
        "联系电话": "13900000001",
    }
    sealed = seal_bytes(json.dumps(cells).encode(), keys, settings.cipher, context=row_context(batch, 7))
    await connection.execute(
        "INSERT INTO jishi.quarantine (batch_id, source_id, source_key, row_number, raw, reasons, status, opened_at)"
        " VALUES ($1, $2, $3, 7, $4, $5, 'open', $6)",
        *(batch, source, KEY, sealed, [RULE], AT),
    )
    one, other = FIRMS
    await connection.execute(
        "INSERT INTO jishi.review (review_id, register, kind, contribution_id, uid, other_uid, reason, batch_id, opened_at)"
        " VALUES (1, 2, 'identifier-conflict', 90002, $1, $2, 'MAT-CONTRADICTION', $3, $4)",
        *(other, one, batch, AT),
    )
    await connection.execute(
        "INSERT INTO jishi.regrouping (register, act, uid, words, requested_by, status, fault, finished_at)"
        " VALUES (2, 'unmerge', $1, '', 'user:city', 'failed', 'MAT-NOT-MERGED', $2)",
        *(one, AT),
    )
    await connection.execute("UPDATE jishi.job SET status = 'done' WHERE kind = 'regroup'")
    city, terms, pen = Officer(Actor("user", "city"), None, frozenset({"steward"})), _terms(settings), Pen(keys, "")
    made = await ticket_opening.open_for_rule(connection, terms, city, batch, RULE)
    await connection.execute("UPDATE jishi.ticket SET due = '2026-11-10' WHERE ticket_id = ANY($1::bigint[])", made)
    wish = Wish(register_of("legal_entity"), one, "domicile", "现场无此门牌", "平江路10号", "苏政〔2026〕1号")
    await disputes.raise_dispute(connection, pen, terms, Party("user:market", "113205000000900347"), wish)


def _terms(settings: Settings) -> Any:
    return terms_of(settings, load_city(settings))


async def _firm(
    connection: Connection[Any], uid: UUID, number: int, said: tuple[str, str], source: int, batch: int
) -> None:
    values = (uid, *said, "91320505MA00090001", AT, batch)
    named = "entity_name, domicile, uscc, effective_from, recorded_at, batch_id"
    await connection.execute(
        f"INSERT INTO jishi.legal_entity (uid, {named}, state, in_version)"
        " VALUES ($1, $2, $3, $4, $5, $5, $6, 'active', FALSE)",
        *values,
    )
    await connection.execute(
        f"INSERT INTO jishi.legal_entity_contribution (contribution_id, {named}, ended, row_number)"
        " VALUES ($1, $2, $3, $4, $5, $5, $6, FALSE, 3)",
        number,
        *values[1:],
    )
    await connection.execute(
        "INSERT INTO jishi.legal_entity_link (contribution_id, source_id, source_key, origin, rank, scope, uid, method, digest,"
        " raw_tag, ended, checked) VALUES ($1, $2, $3, '', 10, '', $4, 1, $3, $3, FALSE, 1)",
        *(number, source, UUID(int=number), uid),
    )
