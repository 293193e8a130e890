"""``jishi dictionary queue|alias|negative|decide``: what stewards do with names, for people at a terminal (beside the road)."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from jishi.access import acts
from jishi.dictionary import seen
from jishi.dictionary.cli import commands_of
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


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-commands to ``dictionary``, which its own room has registered before."""
    commands = commands_of(subparsers)
    queue = commands.add_parser("queue", help="names without a sure answer, the most asked for first")
    queue.add_argument("--scheme", help="asked in this scheme; empty: the project schemes")
    queue.add_argument("--limit", type=int, default=50)
    queue.add_argument("--discard", type=int, metavar="ID", help="take a name out of the queue for good")
    queue.add_argument("--reason", default="", help="why")
    queue.add_argument("--forget", type=int, metavar="DAYS", help="remove names that came once, longer ago than that")
    queue.add_argument("--json", action="store_true", help="one JSON document on stdout")
    queue.set_defaults(run=_queue)
    for name, told in (("alias", "another name of a concept"), ("negative", "a name that does not mean a concept")):
        parser = commands.add_parser(name, help=told)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("code", metavar="CODE")
        parser.add_argument("--scheme", default="project-nodes")
        parser.add_argument("--place", action="append", default=[], dest="places", help="who uses it; repeatable")
        parser.add_argument("--department", action="append", default=[], dest="departments", help="repeatable")
        parser.add_argument("--from", type=date.fromisoformat, dest="valid_from", metavar="DATE", help="first day")
        parser.add_argument("--to", type=date.fromisoformat, dest="valid_to", metavar="DATE", help="first day no more")
        parser.add_argument("--reason", default="", help="why")
        parser.add_argument("--draft", action="store_true", help="leave it to another to approve")
        parser.add_argument("--preview", action="store_true", help="only show which earlier answers would change")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.set_defaults(run=_alias, negative=name == "negative")
    decide = commands.add_parser("decide", help="approve, reject or end an alias of stewards")
    decide.add_argument("alias", type=int, metavar="ID")
    decide.add_argument("act", choices=("approve", "reject", "end"))
    decide.add_argument("--reason", default="", help="why; needed to reject and to end")
    decide.set_defaults(run=_decide)


def _queue(args: argparse.Namespace) -> int:
    if args.forget is not None:
        say("DIC-QUEUE-FORGOTTEN", count=wait(_forget(args.forget)))
        return 0
    if args.discard is not None:
        say("DIC-QUEUE-DISCARDED", name=wait(_discard(args.discard, args.reason)).name)
        return 0
    found = wait(_listed(args.scheme, args.limit))
    if args.json:
        print(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, default=str))
        return 0
    print(text("DIC-QUEUE-HEAD") if found else text("DIC-QUEUE-EMPTY"))
    for entry in found:
        answer = f"{entry.code} ({entry.score})" if entry.code else "-"
        used = "；".join(" ".join(filter(None, where)) for where, _ in entry.contexts[:SHOWN_CONTEXTS] if any(where))
        print(f"{entry.name_id}\t{entry.times}\t{entry.name}\t{answer}\t{used or '-'}")
    return 0


def _alias(args: argparse.Namespace) -> int:
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
        print(json.dumps(asdict(made), ensure_ascii=False, default=str))
    else:
        _show(made)
    return 0


def _decide(args: argparse.Namespace) -> int:
    _show(wait(_decided(args.alias, args.act, args.reason)))
    return 0


def _show(made: Alias) -> None:
    values = {"id": made.alias_id, "name": made.wanted.name, "given": made.wanted.code, "concept": made.concept}
    print(text("DIC-ALIAS-MADE-NOT" if made.wanted.negative else "DIC-ALIAS-MADE", **values, status=made.status))


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
        print(json.dumps(told, ensure_ascii=False))
        return
    print(text("DIC-EFFECT", examined=found.examined, known=found.known, changed=len(changes)))
    for change in changes:
        print("\t".join(str(part) if part is not None else "-" for part in change.values()))


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
