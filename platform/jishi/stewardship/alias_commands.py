"""What ``jishi dictionary queue|alias|negative|decide`` do; apart from their parser, which every command builds (beside the
road)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jishi.access import acts
from jishi.dictionary import seen
from jishi.settings import Settings, load_city
from jishi.stewardship import aliases, effect
from jishi.stewardship.aliases import Alias, Wanted
from jishi.stewardship.effect import Effect
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import say, text

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.dictionary.seen import Seen

SHOWN_CONTEXTS = 3


def queue(args: argparse.Namespace) -> int:
    if args.forget is not None:
        say("DIC-QUEUE-FORGOTTEN", count=wait(_forget(args.forget)))
        return 0
    if args.discard is not None:
        say("DIC-QUEUE-DISCARDED", name=wait(_discard(args.discard, args.reason)).name)
        return 0
    found = wait(_listed(args.scheme, args.limit))
    if args.json:
        _print(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, default=str))
        return 0
    _print(text("DIC-QUEUE-HEAD") if found else text("DIC-QUEUE-EMPTY"))
    for entry in found:
        answer = f"{entry.code} ({entry.score})" if entry.code else "-"
        used = "；".join(" ".join(filter(None, where)) for where, _ in entry.contexts[:SHOWN_CONTEXTS] if any(where))
        _print(f"{entry.name_id}\t{entry.times}\t{entry.name}\t{answer}\t{used or '-'}")
    return 0


def alias(args: argparse.Namespace) -> int:
    wanted = Wanted(
        args.scheme,
        args.code,
        args.name,
        args.negative,
        tuple(args.places),
        tuple(args.departments),
        args.valid_from,
        args.valid_to,
    )
    if args.preview:
        _show_effect(wait(_effect(wanted)), as_json=args.json)
        return 0
    made = wait(_make(wanted, args.reason, draft=args.draft))
    if args.json:
        _print(json.dumps(asdict(made), ensure_ascii=False, default=str))
    else:
        _show(made)
    return 0


def decide(args: argparse.Namespace) -> int:
    _show(wait(_decided(args.alias, args.act, args.reason)))
    return 0


def _show(made: Alias) -> None:
    values = {"id": made.alias_id, "name": made.wanted.name, "given": made.wanted.code, "concept": made.concept}
    _print(text("DIC-ALIAS-MADE-NOT" if made.wanted.negative else "DIC-ALIAS-MADE", **values, status=made.status))


def _show_effect(found: Effect, *, as_json: bool) -> None:
    changes = [
        {
            "name": change.name,
            "context": " ".join(filter(None, change.where)),
            "times": change.times,
            "queued": change.queued,
            "before": change.before.match.code if change.before.match else None,
            "after": change.after.match.code if change.after.match else None,
        }
        for change in found.changes
    ]
    if as_json:
        told = {"examined": found.examined, "known": found.known, "changes": changes}
        _print(json.dumps(told, ensure_ascii=False))
        return
    _print(text("DIC-EFFECT", examined=found.examined, known=found.known, changed=len(changes)))
    for change in changes:
        _print("\t".join(str(part) if part is not None else "-" for part in change.values()))


@asynccontextmanager
async def _connection() -> AsyncIterator[Connection[Any]]:
    connection = await connect(cluster.start(Settings()))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _acting(act: str, target: str) -> AsyncIterator[tuple[Connection[Any], str]]:
    actor = acts.operator()
    async with _connection() as connection, acts.doing(connection, actor, act, target):
        yield connection, f"{actor.kind}:{actor.name}"


async def _listed(scheme: str | None, limit: int) -> list[Seen]:
    async with _connection() as connection:
        return await seen.queue(connection, scheme, None, max(limit, 1))


async def _forget(days: int) -> int:
    async with _acting("dictionary.forget", f"{days} days") as (connection, _):
        return await seen.forget(connection, days)


async def _discard(name_id: int, reason: str) -> Seen:
    async with _acting("dictionary.discard", str(name_id)) as (connection, by):
        return await seen.discard(connection, name_id, by, reason)


async def _effect(wanted: Wanted) -> Effect:
    async with _connection() as connection:
        return await effect.effect_of(connection, wanted)


async def _make(wanted: Wanted, reason: str, *, draft: bool) -> Alias:
    act = "dictionary.negative" if wanted.negative else "dictionary.alias"
    four_eyes = load_city(Settings()).learning.four_eyes
    async with _acting(act, f"{wanted.scheme}:{wanted.code}") as (connection, by):
        made = await aliases.propose(connection, wanted, by, reason)
        if not draft and not four_eyes:
            made = await aliases.approve(connection, made.alias_id, by, reason)
            await effect.settle(connection, wanted.scheme)
        return made


async def _decided(alias_id: int, act: str, reason: str) -> Alias:
    four_eyes = load_city(Settings()).learning.four_eyes
    async with _acting(f"dictionary.{act}", str(alias_id)) as (connection, by):
        if act == "approve":
            made = await aliases.approve(connection, alias_id, by, reason, four_eyes=four_eyes)
        elif act == "reject":
            return await aliases.reject(connection, alias_id, by, reason)
        else:
            made = await aliases.end(connection, alias_id, by, reason)
        await effect.settle(connection, made.wanted.scheme)
        return made


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
