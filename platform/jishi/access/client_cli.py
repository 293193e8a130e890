"""``jishi clients``: the operator's way to let a client in and to turn it away (authenticate, road out)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jishi.access import acts, clients, signing
from jishi.errors import NotFoundError
from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import say

if TYPE_CHECKING:
    from asyncpg import Connection

Change = Callable[["Connection[Any]", str], Awaitable[None]]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``clients`` with its sub-commands."""
    parser = subparsers.add_parser("clients", help="clients of the API and their keys")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="add a client; its secrets are shown once")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--department", metavar="USCC", help="the department the client belongs to")
    create.add_argument("--role", action="append", default=[], dest="roles", choices=clients.ROLES, help="repeatable")
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="all clients")
    listing.set_defaults(run=_list)
    rotate = actions.add_parser(
        "rotate", help="new secrets, shown once; the old ones and their tokens are void at once"
    )
    rotate.set_defaults(run=_rotate)
    disable = actions.add_parser("disable", help="answer a client nothing any more; its tokens are void for good")
    disable.set_defaults(run=_disable)
    enable = actions.add_parser("enable", help="take a client's secret and key again")
    enable.set_defaults(run=_enable)
    for action in (rotate, disable, enable):
        action.add_argument("client", metavar="CLIENT", help="its id or its name")
    signer = actions.add_parser("rotate-signing-key", help="sign tokens by a new key; tokens under way stay valid")
    signer.add_argument("--withdraw", metavar="KID", help="void everything this key has signed, instead")
    signer.set_defaults(run=_rotate_signing_key)
    for action in (create, listing, rotate):
        action.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _create(args: argparse.Namespace) -> int:
    async def made(connection: Connection[Any], keys: Keys) -> clients.NewClient:
        detail = {"department": args.department, "roles": sorted(set(args.roles))}
        async with acts.doing(connection, acts.operator(), "client.create", args.name, detail=detail) as entry:
            new = await clients.create(connection, keys, args.name, args.department, args.roles)
            entry.target, entry.detail["name"] = new.client_id, args.name
        return new

    return _show(_run(made), as_json=args.json)


def _rotate(args: argparse.Namespace) -> int:
    async def made(connection: Connection[Any], keys: Keys) -> clients.NewClient:
        async with acts.doing(connection, acts.operator(), "client.rotate", args.client) as entry:
            entry.target = (await clients.named(connection, args.client)).client_id
            return await clients.rotate(connection, keys, entry.target)

    return _show(_run(made), as_json=args.json)


def _list(args: argparse.Namespace) -> int:
    async def found(connection: Connection[Any], keys: Keys) -> list[clients.Client]:
        return await clients.everyone(connection)

    rows: list[dict[str, Any]] = [
        {
            "client_id": client.client_id,
            "name": client.name,
            "department": client.department,
            "roles": sorted(client.roles),
            "disabled_at": client.disabled_at.isoformat() if client.disabled_at else None,
        }
        for client in _run(found)
    ]
    if args.json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return 0
    for row in rows:
        state = f"disabled {row['disabled_at']}" if row["disabled_at"] else "enabled"
        words = (row["client_id"], row["department"] or "-", ",".join(row["roles"]) or "-", state, row["name"])
        sys.stdout.write("  ".join(words) + "\n")
    return 0


def _disable(args: argparse.Namespace) -> int:
    return _change("client.disable", args.client, clients.disable)


def _enable(args: argparse.Namespace) -> int:
    return _change("client.enable", args.client, clients.enable)


def _change(act: str, word: str, change: Change) -> int:
    async def changed(connection: Connection[Any], keys: Keys) -> str:
        async with acts.doing(connection, acts.operator(), act, word) as entry:
            entry.target = (await clients.named(connection, word)).client_id
            await change(connection, entry.target)
            return entry.target

    say("ACC-DONE", target=_run(changed))
    return 0


def _rotate_signing_key(args: argparse.Namespace) -> int:
    async def rotated(connection: Connection[Any], keys: Keys) -> str:
        async with acts.doing(connection, acts.operator(), "signing-key.rotate", "token") as entry:
            entry.target = (await signing.rotate(connection, keys, "token")).kid
        return entry.target

    async def withdrawn(connection: Connection[Any], keys: Keys) -> str:
        async with acts.doing(connection, acts.operator(), "signing-key.withdraw", args.withdraw) as entry:
            if not await signing.withdraw(connection, args.withdraw):
                raise NotFoundError("ACC-NO-SIGNING-KEY", kid=args.withdraw)
            await signing.current(connection, keys, "token")  # somebody has to sign from now on
        return entry.target

    if args.withdraw is None:
        say("ACC-DONE", target=_run(rotated))
    else:
        say("ACC-WITHDRAWN", kid=_run(withdrawn))
    return 0


def _run(work: Callable[[Connection[Any], Keys], Awaitable[Any]]) -> Any:
    settings = Settings()
    keys = load_or_create(settings.key_path)
    url = cluster.url(settings)

    async def done() -> Any:
        connection = await connect(url)
        try:
            return await work(connection, keys)
        finally:
            await connection.close()

    return wait(done())


def _show(made: clients.NewClient, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(asdict(made)) + "\n")
    else:
        for name, value in asdict(made).items():
            sys.stdout.write(f"{name}: {value}\n")
    return 0
