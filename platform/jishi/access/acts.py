"""Administrative acts 管理行为: who changed what about access, done or refused (beside every step of the road out).

An act and its record stand or fall together; a refused one is recorded all the same, in a transaction of its own.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from jishi.errors import JishiError

if TYPE_CHECKING:
    from asyncpg import Connection

ActorKind = Literal["operator", "user", "client"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the account of the operating system behind a command, a console login, or a client's id."""

    kind: ActorKind
    name: str


@dataclass(slots=True)
class Entry:
    """What the record will say; ``target`` and ``detail`` may be completed while the act is carried out.

    ``detail`` holds no secret and no personal value: names of elements, roles, codes.
    """

    target: str
    detail: dict[str, object] = field(default_factory=dict)


def operator() -> Actor:
    """Whoever runs this command."""
    return Actor("operator", getpass.getuser())


@asynccontextmanager
async def doing(
    connection: Connection[Any],
    actor: Actor,
    act: str,
    target: str,
    *,
    request_id: UUID | None = None,
    detail: Mapping[str, object] | None = None,
) -> AsyncIterator[Entry]:
    """Carry out ``act`` (``client.create``, ``grant.add``, …) in one transaction with the record that it was done.

    What is raised inside undoes the act and is recorded as its refusal, by code. The connection must not be in a
    transaction already: the record of a refusal would be undone with it.
    """
    if connection.is_in_transaction():
        raise RuntimeError("an act opens its own transaction")
    entry = Entry(target, dict(detail or {}))
    try:
        async with connection.transaction():
            yield entry
            await record(connection, actor.kind, actor.name, act, entry.target, True, None, entry.detail, request_id)
    except Exception as error:
        if not connection.is_closed():
            code = error.code if isinstance(error, JishiError) else type(error).__name__
            await record(connection, actor.kind, actor.name, act, entry.target, False, code, entry.detail, request_id)
        raise


async def record(
    connection: Connection[Any],
    actor_kind: ActorKind,
    actor: str,
    act: str,
    target: str,
    succeeded: bool,
    code: str | None = None,
    detail: Mapping[str, object] | None = None,
    request_id: UUID | None = None,
) -> None:
    """Write down one act, in whatever transaction ``connection`` is in. ``code``: of the error that refused it."""
    told = json.dumps(detail or {}, ensure_ascii=False)
    target = "".join(letter for letter in target if letter.isprintable())[:200]
    await connection.execute(_INSERT, actor_kind, actor, act, target, succeeded, code, told, request_id)


_INSERT = """
-- One act, done or refused.
INSERT INTO jishi.administrative_act (actor_kind, actor, act, target, succeeded, code, detail, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
"""
