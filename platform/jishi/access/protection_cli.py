"""``jishi protection``: who is protected and how, set by the operator (beside the road out)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access import acts, protection
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait

if TYPE_CHECKING:
    from asyncpg import Connection

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(subparsers: Commands) -> None:
    """Add ``protection`` with its sub-commands."""
    parser = subparsers.add_parser("protection", help="受保护人员 protected persons")
    actions = parser.add_subparsers(dest="action", required=True)
    setting = actions.add_parser("set", help="设置保护 protect an entity, or change how")
    lifting = actions.add_parser("lift", help="解除保护 end a protection")
    for action in (setting, lifting):
        action.add_argument("collection", metavar="COLLECTION", help="collection or register")
        action.add_argument("uid", type=UUID, metavar="UID")
    setting.add_argument(
        "--level",
        required=True,
        choices=protection.LEVELS,
        help="hidden: does not exist for who lacks the right 'protected'; purpose: shown for --purposes only 级别",
    )
    setting.add_argument("--purposes", default="", metavar="P,Q", help="that see the entity nevertheless 用途")
    setting.add_argument("--reason", required=True, metavar="CODE", help="why, as a code; no sentence 原因代码")
    setting.set_defaults(run=_set)
    lifting.set_defaults(run=_lift)
    listing = actions.add_parser("list", help="保护清单 all protections")
    listing.add_argument("--json", action="store_true", help="one JSON document on stdout")
    listing.set_defaults(run=_list)


def _set(args: argparse.Namespace) -> int:
    from jishi.registers.catalog import register_of

    register = register_of(args.collection)
    purposes = tuple(word for part in args.purposes.split(",") if (word := part.strip()))

    async def work(connection: Connection[Any]) -> None:
        who = acts.operator()
        told = {"register": register.name, "level": args.level, "reason": args.reason}
        async with acts.doing(connection, who, "protection.set", str(args.uid), detail=told):
            by = f"{who.kind}:{who.name}"
            await protection.put(connection, register, args.uid, args.level, purposes, args.reason, by)

    _run(work)
    return 0


def _lift(args: argparse.Namespace) -> int:
    from jishi.registers.catalog import register_of

    register = register_of(args.collection)

    async def work(connection: Connection[Any]) -> None:
        told = {"register": register.name}
        async with acts.doing(connection, acts.operator(), "protection.lift", str(args.uid), detail=told):
            await protection.lift(connection, register, args.uid)

    _run(work)
    return 0


def _list(args: argparse.Namespace) -> int:
    """All, those that follow from a merge included."""
    from jishi.registers.catalog import register_of

    found: list[dict[str, object]] = []

    async def work(connection: Connection[Any]) -> None:
        for uid, item in sorted((await protection.load(connection)).items()):
            told = {"level": item.level, "purposes": sorted(item.purposes), "reason": item.reason}
            found.append({"uid": str(uid), "collection": register_of(item.register).collection, **told})

    _run(work)
    if args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return 0
    for told in found:
        purposes = told["purposes"]
        shown = {**told, "purposes": ",".join(purposes) if isinstance(purposes, list) else ""}
        sys.stdout.write("\t".join(map(str, shown.values())) + "\n")
    return 0


def _run(work: Callable[[Connection[Any]], Awaitable[None]]) -> None:
    async def connected() -> None:
        connection = await connect(cluster.url(Settings()))
        try:
            await work(connection)
        finally:
            await connection.close()

    wait(connected())
