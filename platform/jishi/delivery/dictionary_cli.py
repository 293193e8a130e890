"""``jishi dictionary export | import | status | history``: the dictionary out, in, and the life of a concept (road out).

What changes the dictionary is an administrative act: it is recorded, done or refused, with the login that answers for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jishi.errors import CallerError, NotFoundError
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import say

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.dictionary.forms import KeptScheme
    from jishi.dictionary.importing import ImportReport

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_Result = TypeVar("_Result")

FORMATS = ("skos-ttl", "jsonld", "csv")
SUFFIXES = {".ttl": "skos-ttl", ".jsonld": "jsonld", ".json": "jsonld", ".csv": "csv"}
STATUSES = ("review", "draft", "approved", "deprecated")
MOST_BYTES = 64 * 1024 * 1024


def register(commands: Commands) -> None:
    """Add the four sub-commands; each sets ``run``."""
    export = commands.add_parser("export", help="schemes and code lists as SKOS Turtle, JSON-LD or CSV")
    export.add_argument("path", nargs="?", type=Path, metavar="PATH", help="file to write; default: stdout")
    export.add_argument("--format", choices=FORMATS, default="skos-ttl")
    export.add_argument("--scheme", action="append", metavar="S", help="repeatable; default: every concept scheme")
    export.set_defaults(run=_export)
    taken = commands.add_parser("import", help="take schemes from an export; adds and changes, resets no status")
    taken.add_argument("file", type=Path, metavar="FILE")
    taken.add_argument("--format", choices=FORMATS, help="default: by the file's name")
    _add_by(taken)
    taken.set_defaults(run=_import)
    status = commands.add_parser("status", help="draft, review, approved, deprecated: a concept's next status")
    status.add_argument("code", metavar="CODE")
    status.add_argument("--to", required=True, choices=STATUSES)
    status.add_argument("--scheme", metavar="S", help="where more than one scheme has the code")
    status.add_argument(
        "--successor", action="append", default=[], metavar="CODE", help="repeatable; what stands instead"
    )
    status.add_argument("--reason", default="", metavar="TEXT")
    _add_by(status)
    status.set_defaults(run=_status)
    history = commands.add_parser("history", help="every version of a concept, newest first")
    history.add_argument("code", metavar="CODE")
    history.add_argument("--scheme", metavar="S", help="where more than one scheme has the code")
    history.add_argument("--json", action="store_true", help="one JSON document on stdout")
    history.set_defaults(run=_history)


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", required=True, metavar="LOGIN", help="the steward who answers for it")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _export(args: argparse.Namespace) -> int:
    text = _run(lambda connection: exported(connection, args.format, args.scheme))
    if args.path is None:
        sys.stdout.buffer.write(text.encode())
        return 0
    try:
        args.path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CallerError("DIC-EXPORT-FILE", path=args.path, reason=error.strerror or "") from error
    return 0


async def exported(connection: Connection[Any], form: str, wanted: list[str] | None = None) -> str:
    """Schemes of the edition in force as text; ``wanted`` None: every concept scheme. ``DIC-SCHEME-UNKNOWN``."""
    from jishi.dictionary.editions import current_edition
    from jishi.dictionary.entries import read_entries, read_heads, whole_scheme
    from jishi.dictionary.exchange_csv import codes_csv, scheme_csv
    from jishi.dictionary.graph import to_jsonld, to_turtle
    from jishi.dictionary.skos import list_nodes, scheme_nodes

    edition = await current_edition(connection)
    number = edition.number if edition else 0
    heads = {head.id: head for head in await read_heads(connection, number)}
    chosen = wanted or [name for name, head in heads.items() if head.scheme is not None]
    for name in chosen:
        if name not in heads:
            raise NotFoundError("DIC-SCHEME-UNKNOWN", scheme=name)
    lists = [name for name in dict.fromkeys(chosen) if heads[name].listed is not None]
    schemes = [
        whole_scheme(heads[name], await read_entries(connection, number, name))
        for name in dict.fromkeys(chosen)
        if name not in lists
    ]
    if form == "csv":
        if lists and (schemes or len(lists) > 1):
            raise CallerError("DIC-EXPORT-MIXED")
        return codes_csv(lists[0], await read_entries(connection, number, lists[0])) if lists else scheme_csv(schemes)
    nodes = [node for scheme in schemes for node in scheme_nodes(scheme)]
    for name in lists:
        listed = heads[name].listed
        if listed is not None:
            nodes += list_nodes(listed, await read_entries(connection, number, name))
    return to_turtle(nodes) if form == "skos-ttl" else to_jsonld(nodes)


def _import(args: argparse.Namespace) -> int:
    from jishi.dictionary.importing import counts, import_schemes

    schemes = read_file(args.file, args.format)

    async def work(connection: Connection[Any]) -> ImportReport:
        return await import_schemes(connection, schemes, args.by)

    target = ", ".join(scheme.id for scheme in schemes)
    report = _run(lambda connection: _act(connection, "dictionary.import", target, args.by, work))
    version = report.edition.version if report.edition else None
    if args.json:
        tables = {table: {"inserted": new, "updated": changed} for table, new, changed in counts(report)}
        _print({"version": version, "changed": version is not None, "tables": tables})
    elif version is None:
        say("DIC-IMPORT-SAME")
    else:
        for table, new, changed in counts(report):
            say("DIC-LOADED-TABLE", table=table, inserted=new, updated=changed, ended=0)
        say("DIC-IMPORTED", version=version)
    return 0


def read_file(path: Path, form: str | None) -> list[KeptScheme]:
    """The schemes of a file; ``DIC-IMPORT`` with every fault of it, ``DIC-IMPORT-FORMAT``, where its form is unknown."""
    from jishi.dictionary.csv_reading import read_table
    from jishi.dictionary.reading import Faults, read_text
    from jishi.dictionary.skos_reading import read_graph

    form = form or SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise CallerError("DIC-IMPORT-FORMAT", file=path.name)
    faults = Faults()
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        faults.add(path.name, "DIC-IMPORT-SIZE", most=MOST_BYTES // 1024 // 1024)
    text = read_text(path, faults) if not faults.found else None
    schemes: list[KeptScheme] = []
    if text is not None:
        schemes = read_table(text, path.name, faults) if form == "csv" else read_graph(text, form, faults)
    if faults.found:
        raise CallerError("DIC-IMPORT", faults=tuple(faults.found), count=len(faults.found))
    return schemes


def _status(args: argparse.Namespace) -> int:
    from jishi.dictionary.editions import Edition
    from jishi.dictionary.stepping import step

    async def work(connection: Connection[Any]) -> Edition | None:
        return await step(
            connection,
            args.code,
            args.to,
            args.by,
            scheme=args.scheme,
            successors=args.successor,
            reason=args.reason,
        )

    detail = {"to": args.to, "successors": sorted(set(args.successor)), "reason": args.reason}
    edition = _run(lambda connection: _act(connection, "dictionary.status", args.code, args.by, work, detail))
    if args.json:
        version = edition.version if edition else None
        _print({"code": args.code, "status": args.to, "changed": edition is not None, "version": version})
    elif edition is None:
        say("DIC-STAYS", given=args.code, status=args.to)
    else:
        say("DIC-STEPPED", given=args.code, status=args.to, version=edition.version)
    return 0


def _history(args: argparse.Namespace) -> int:
    from jishi.dictionary.entries import Entry, read_entry, read_history

    async def work(connection: Connection[Any]) -> list[Entry]:
        found = await read_entry(connection, 2**62, args.code, [args.scheme] if args.scheme else None)
        if not found:
            raise NotFoundError("DIC-CONCEPT", given=args.code[:40])
        if len(found) > 1:
            schemes = ", ".join(entry.scheme for entry in found)
            raise CallerError("DIC-CONCEPT-SCHEME", given=args.code, schemes=schemes)
        return await read_history(connection, args.code, found[0].scheme)

    entries = _run(work)
    told = [
        {
            "revision": entry.stamp.revision,
            "version": entry.stamp.version,
            "recorded_at": entry.stamp.recorded_at.isoformat(),
            "author": entry.stamp.author,
            "act": entry.stamp.act,
            "change": entry.stamp.change,
            "reason": entry.stamp.reason,
            "name": entry.concept.name if entry.concept else entry.periods[-1].name,
            "status": entry.concept.status if entry.concept else None,
            "successors": list(entry.concept.successors if entry.concept else entry.periods[-1].successors),
        }
        for entry in entries
    ]
    if args.json:
        _print({"code": args.code, "scheme": entries[0].scheme, "versions": told})
        return 0
    for item in told:
        words = ("revision", "recorded_at", "version", "author", "act", "change", "status", "name", "reason")
        sys.stdout.write("\t".join(str(item[word] or "-") for word in words) + "\n")
    return 0


async def _act(
    connection: Connection[Any],
    act: str,
    target: str,
    login: str,
    work: Callable[[Connection[Any]], Awaitable[_Result]],
    detail: dict[str, object] | None = None,
) -> _Result:
    """Do it as an act on record, if the login may."""
    from jishi.access import acts, users

    async with acts.doing(connection, acts.operator(), act, target, detail={**(detail or {}), "by": login}):
        named = next((user for user in await users.everyone(connection) if user.login == login), None)
        if named is None or named.disabled_at is not None or not named.roles & {"steward", "admin"}:
            raise CallerError("DIC-BY", login=login[:64])
        return await work(connection)


def _run(work: Callable[[Connection[Any]], Awaitable[_Result]]) -> _Result:
    async def run() -> _Result:
        from asyncpg import UndefinedTableError

        connection = await connect(cluster.start(Settings()))
        try:
            return await work(connection)
        except UndefinedTableError as error:
            raise CallerError("DIC-NO-TABLES") from error
        finally:
            await connection.close()

    return wait(run())


def _print(told: object) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
