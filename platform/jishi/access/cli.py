"""``jishi clients``: the operator's way to let a client in (authenticate, road out)."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from jishi.access import audit_cli, clients
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``clients`` with its sub-commands."""
    parser = subparsers.add_parser("clients", help="clients of the API and their keys")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="add a client; its secrets are shown once")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--department", metavar="USCC", help="the department the client belongs to")
    create.add_argument("--role", action="append", default=[], dest="roles", choices=clients.ROLES, help="repeatable")
    create.add_argument("--json", action="store_true", help="one JSON document on stdout")
    create.set_defaults(run=_create)
    audit_cli.register(subparsers)


def _create(args: argparse.Namespace) -> int:
    made = wait(_made(cluster.url(Settings()), args))
    if args.json:
        sys.stdout.write(json.dumps(asdict(made)) + "\n")
    else:
        for name, value in asdict(made).items():
            sys.stdout.write(f"{name}: {value}\n")
    return 0


async def _made(url: str, args: argparse.Namespace) -> clients.NewClient:
    connection = await connect(url)
    try:
        return await clients.create(connection, args.name, args.department, args.roles)
    finally:
        await connection.close()
