"""``jishi users``: logins of the console, their roles and passwords (authenticate, road out)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from jishi.access import acts, users
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import say

if TYPE_CHECKING:
    from asyncpg import Connection

_Result = TypeVar("_Result")
Work = Callable[["Connection[Any]"], Awaitable[_Result]]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``users`` with its sub-commands."""
    parser = subparsers.add_parser("users", help="logins of the console")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="add a login; its password is shown once")
    create.add_argument("--department", metavar="USCC", help="the department the user belongs to")
    create.set_defaults(run=_create)
    role = actions.add_parser("role", help="give a login these roles instead of those before")
    role.set_defaults(run=_role)
    password = actions.add_parser("password", help="a new password, shown once; ends a lock")
    password.set_defaults(run=_password)
    disable = actions.add_parser("disable", help="take a login no more")
    disable.set_defaults(run=_disable)
    enable = actions.add_parser("enable", help="take a login again; ends a lock")
    enable.set_defaults(run=_enable)
    listing = actions.add_parser("list", help="all logins")
    listing.set_defaults(run=_list)
    for action in (create, role, password, disable, enable):
        action.add_argument("login", metavar="LOGIN")
    for action in (create, role):
        action.add_argument(
            "--role", action="append", required=True, dest="roles", choices=users.ROLES, help="repeatable"
        )
    for action in (create, password, listing):
        action.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _create(args: argparse.Namespace) -> int:
    detail = {"department": args.department, "roles": sorted(set(args.roles))}

    async def make(connection: Connection[Any]) -> users.NewUser:
        return await users.create(connection, args.login, args.roles, args.department)

    return _show(_act("user.create", args.login, make, detail), as_json=args.json)


def _role(args: argparse.Namespace) -> int:
    async def give(connection: Connection[Any]) -> None:
        await users.set_roles(connection, args.login, args.roles)

    _act("user.role", args.login, give, {"roles": sorted(set(args.roles))})
    return _done(args.login)


def _password(args: argparse.Namespace) -> int:
    async def renew(connection: Connection[Any]) -> users.NewUser:
        return await users.set_password(connection, args.login)

    return _show(_act("user.password", args.login, renew), as_json=args.json)


def _disable(args: argparse.Namespace) -> int:
    async def disable(connection: Connection[Any]) -> None:
        await users.disable(connection, args.login)

    _act("user.disable", args.login, disable)
    return _done(args.login)


def _enable(args: argparse.Namespace) -> int:
    async def enable(connection: Connection[Any]) -> None:
        await users.enable(connection, args.login)

    _act("user.enable", args.login, enable)
    return _done(args.login)


def _list(args: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = [
        {
            "login": user.login,
            "department": user.department,
            "roles": sorted(user.roles),
            "disabled_at": user.disabled_at.isoformat() if user.disabled_at else None,
            "locked_until": user.locked_until.isoformat() if user.locked_until else None,
        }
        for user in _run(users.everyone)
    ]
    if args.json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return 0
    for row in rows:
        state = f"disabled {row['disabled_at']}" if row["disabled_at"] else "enabled"
        words = (row["login"], row["department"] or "-", ",".join(row["roles"]), state)
        sys.stdout.write("  ".join(words) + "\n")
    return 0


def _act(act: str, login: str, work: Work[_Result], detail: dict[str, object] | None = None) -> _Result:
    async def done(connection: Connection[Any]) -> _Result:
        async with acts.doing(connection, acts.operator(), act, login, detail=detail):
            return await work(connection)

    return _run(done)


def _run(work: Work[_Result]) -> _Result:
    url = cluster.url(Settings())

    async def done() -> _Result:
        connection = await connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return wait(done())


def _show(made: users.NewUser, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(asdict(made)) + "\n")
    else:
        sys.stdout.write(f"login: {made.login}\npassword: {made.password}\n")
    return 0


def _done(login: str) -> int:
    say("ACC-DONE", target=login)
    return 0
