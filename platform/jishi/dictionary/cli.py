"""The command ``jishi dictionary``: load the files, resolve names; the edge where arguments meet the dictionary."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from jishi.errors import CallerError
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import language, text

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.dictionary.load import LoadReport
    from jishi.dictionary.resolve import Answer

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(subparsers: Commands, further: Iterable[Callable[[Commands], None]] = ()) -> None:
    """Add ``dictionary`` and its sub-commands; each sets ``run``.

    ``further`` adds what rooms above this one do with the dictionary (``jishi.delivery.cli`` calls this).
    """
    parser = subparsers.add_parser("dictionary", help="字典 code lists, concepts, names")
    commands = parser.add_subparsers(dest="dictionary_command", required=True)
    for add in (_add_load, _add_resolve, *further):  # further sub-commands of this room: one function each, listed here
        add(commands)
    parser.set_defaults(dictionary_commands=commands)


def commands_of(subparsers: Commands) -> Commands:
    """The sub-commands of ``dictionary``, for a room above this one that adds its own."""
    commands: Commands = subparsers.choices["dictionary"].get_default("dictionary_commands")
    return commands


def _add_load(commands: Commands) -> None:
    parser = commands.add_parser("load", help="load the dictionary files; all faults are told, then nothing is loaded")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=_load)


def _add_resolve(commands: Commands) -> None:
    parser = commands.add_parser("resolve", help="standard names of the given names")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--scheme", help="a scheme or code list; default: the three project schemes")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=_resolve)


def _load(args: argparse.Namespace) -> int:
    settings = Settings()
    report = wait(_loaded(cluster.start(settings), settings))
    changes = {
        table: {"inserted": change.inserted, "updated": change.updated, "ended": change.ended}
        for table, change in report.changes.items()
    }
    if args.json:
        print(json.dumps({"version": report.version, "changed": report.changed, "tables": changes}))
        return 0
    for table, change in report.changes.items():
        print(text("DIC-LOADED-TABLE", table=table, **changes[table]) if change else text("DIC-SAME", table=table))
    print(text("DIC-LOADED", version=report.version))
    return 0


def _resolve(args: argparse.Namespace) -> int:
    settings = Settings()
    answer = wait(_resolved(cluster.start(settings), args.names, args.scheme))
    if args.json:
        print(json.dumps(answer.as_json(language()), ensure_ascii=False))
        return 0
    for result in answer.results:
        if result.fault is not None:
            print(f"{result.name}\t-\t{result.fault.text(language())}")
        elif not result.candidates:
            print("\t".join((result.name, "-", text("DIC-NOTHING"))))
        for candidate in result.candidates:
            mark = "*" if candidate.match else " "
            line = (
                result.name,
                f"{mark}{candidate.code}",
                candidate.name,
                candidate.score,
                candidate.reason(language()),
            )
            print("\t".join(map(str, line)))
    return 0


async def _loaded(url: str, settings: Settings) -> LoadReport:
    from jishi.dictionary.load import load_all

    async with _connected(url) as connection:
        return await load_all(connection, settings)


async def _resolved(url: str, names: list[str], scheme: str | None) -> Answer:
    from jishi.dictionary.resolve import resolve

    async with _connected(url) as connection:
        return await resolve(connection, names, scheme)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection[Any]]:
    """A connection, closed afterwards; a database without tables is said to be one (``DIC-NO-TABLES``)."""
    from asyncpg import UndefinedTableError

    connection = await connect(url)
    try:
        yield connection
    except UndefinedTableError as error:
        raise CallerError("DIC-NO-TABLES") from error
    finally:
        await connection.close()
