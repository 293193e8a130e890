"""``jishi grants`` and ``jishi protection``: the operator's way to say who may ask for what (authorise, road out)."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from jishi.access import acts, grant_store, protection_cli
from jishi.access.grant_document import document, instant
from jishi.access.grants import RIGHTS
from jishi.access.terms import GREATEST_QUOTA, GREATEST_RATE, Terms, faults_of_terms
from jishi.errors import CallerError, Fault
from jishi.registers.catalog import register_of
from jishi.settings import Settings, load_city
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.terminal import say

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.access.grant_store import Added, ListedGrant

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_Result = TypeVar("_Result")

BASIS = "command line, operator"
"""What a grant made here rests on where nothing else is said."""

_ELEMENTS = (
    "elements granted, comma separated, or '*' for all the register has today; answered under their mask unless named in "
    "--clear. An element without a mask, which is not sealed either, is the same both ways and counts as clear 授予的数据元"
)


def register(subparsers: Commands) -> None:
    """Add ``grants`` and ``protection`` with their sub-commands."""
    parser = subparsers.add_parser("grants", help="授权 which client may ask for what")
    actions = parser.add_subparsers(dest="action", required=True)
    _register_add(actions)
    listing = actions.add_parser("list", help="授权清单 grants that are not revoked")
    listing.add_argument("client", nargs="?", metavar="CLIENT", help="only this client's, by client_id or name")
    listing.add_argument("--all", action="store_true", help="revoked ones too 含已撤销")
    listing.add_argument("--json", action="store_true", help="one JSON document on stdout")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="撤销授权 end a grant now")
    revoke.add_argument("grant", type=_number, metavar="GRANT", help="its number")
    revoke.set_defaults(run=_revoke)
    protection_cli.register(subparsers)


def _register_add(actions: Commands) -> None:
    add = actions.add_parser(
        "add", help="新建授权 make a grant; it takes the place of the client's grant on the same collection"
    )
    add.add_argument("client", metavar="CLIENT", help="client_id or name")
    add.add_argument("collection", metavar="COLLECTION", help="collection or register")
    add.add_argument("--elements", type=_words, default=(), metavar="A,B|*", help=_ELEMENTS)
    add.add_argument(
        "--clear",
        type=_words,
        default=(),
        metavar="A,B|*",
        help="of these the ones answered in clear; '*' = every element granted 明文数据元",
    )
    add.add_argument(
        "--derived",
        type=_words,
        default=(),
        metavar="D,E",
        help="derived elements, with their argument, or without it for any: age,resident_of(320505) 衍生数据元",
    )
    add.add_argument("--rows", metavar="CQL2", help="only rows that fulfil this CQL2 text 行筛选")
    add.add_argument("--purposes", type=_words, default=(), metavar="P,Q", help="one of these must be stated 用途")
    add.add_argument("--case-required", action="store_true", help="a case number must be stated 须说明案号")
    add.add_argument("--rate", metavar="N/min", help="requests a minute 每分钟请求数")
    add.add_argument("--quota", metavar="N/day", help="subjects delivered a day 每日披露数")
    add.add_argument("--rights", type=_words, default=(), metavar="R,S", help=f"of {', '.join(RIGHTS)} 权利")
    add.add_argument("--until", metavar="DATE", help="the last day of its validity 有效期止")
    add.add_argument("--basis", metavar="TEXT", help="what the sharing rests on 共享依据")
    add.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add.set_defaults(run=_add)


def _add(args: argparse.Namespace) -> int:
    settings = Settings()
    terms, faults = _terms(args, ZoneInfo(load_city(settings).timezone))
    added = _run(settings, lambda connection: _added(connection, args.client, terms, faults))
    grant = added.grant
    if args.json:
        sys.stdout.write(json.dumps({**document(grant), "replaced": added.replaced}, ensure_ascii=False) + "\n")
    else:
        collection = terms.register.collection
        say("ACC-GRANT-ADDED", grant=grant.grant_id, client=grant.client_id, collection=collection)
        sys.stdout.write(f"{grant.grant_id}\n")
    if added.replaced is not None:
        say("ACC-GRANT-REPLACED", grant=added.replaced)
    if grant.valid_until is not None and grant.valid_until <= datetime.now(UTC):
        say("ACC-GRANT-PAST", grant=grant.grant_id)
    return 0


async def _added(connection: Connection[Any], named: str, terms: Terms, faults: tuple[Fault, ...]) -> Added:
    who = acts.operator()
    told = {"register": terms.register.name}
    async with acts.doing(connection, who, "grant.add", named, detail=told) as entry:
        if faults:
            raise CallerError("ACC-GRANT", faults=faults)
        client_id = await grant_store.client_of(connection, named)
        added = await grant_store.add(connection, client_id, terms, f"{who.kind}:{who.name}")
        entry.target = str(added.grant.grant_id)
        entry.detail |= {"client": client_id, "replaced": added.replaced}
        return added


def _list(args: argparse.Namespace) -> int:
    found = _run(Settings(), lambda connection: _listed(connection, args.client, args.all))
    told = [{**document(item.grant), "name": item.client, "revoked_at": instant(item.revoked_at)} for item in found]
    if args.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    for grant in told:
        words = (f"{name}={_short(value)}" for name, value in grant.items() if name != "grant" and value not in _SILENT)
        sys.stdout.write(f"{grant['grant']}\t{' '.join(words)}\n")
    return 0


_SILENT: tuple[object, ...] = (None, [], False)


async def _listed(connection: Connection[Any], named: str | None, revoked: bool) -> list[ListedGrant]:
    client_id = None if named is None else await grant_store.client_of(connection, named)
    return await grant_store.listed(connection, client_id=client_id, revoked=revoked)


def _revoke(args: argparse.Namespace) -> int:
    async def revoked(connection: Connection[Any]) -> None:
        who = acts.operator()
        async with acts.doing(connection, who, "grant.revoke", str(args.grant)) as entry:
            grant = await grant_store.revoke(connection, args.grant, f"{who.kind}:{who.name}")
            entry.detail |= {"client": grant.client_id, "register": grant.register}

    _run(Settings(), revoked)
    say("ACC-GRANT-REVOKED-NOW", grant=args.grant)
    return 0


def _terms(args: argparse.Namespace, zone: ZoneInfo) -> tuple[Terms, tuple[Fault, ...]]:
    """What the options say, and every fault of the terms and of the options."""
    faults: list[Fault] = []
    terms = Terms(
        register_of(args.collection),
        elements=args.elements,
        clear=args.clear,
        derived=args.derived,
        rows=args.rows,
        purposes=args.purposes,
        case_required=args.case_required,
        rate_per_minute=_per("rate", args.rate, "min", GREATEST_RATE, faults),
        quota_per_day=_per("quota", args.quota, "day", GREATEST_QUOTA, faults),
        rights=args.rights,
        basis=BASIS if args.basis is None else args.basis,
    )
    terms = replace(terms, valid_until=_end_of(args.until, zone, faults))
    return terms, (*faults_of_terms(terms), *faults)


def _per(name: str, text: str | None, unit: str, greatest: int, faults: list[Fault]) -> int | None:
    if text is None:
        return None
    found = re.fullmatch(rf"([0-9]{{1,10}})(?:/{unit})?", text)
    if found is None:
        faults.append(Fault(name, "ACC-GRANT-NUMBER", {"greatest": greatest, "example": f"60/{unit}"}))
        return None
    return int(found[1])


def _end_of(text: str | None, zone: ZoneInfo, faults: list[Fault]) -> datetime | None:
    """The end of the day, in the city: the grant holds throughout it."""
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), zone)
    except (ValueError, OverflowError):
        faults.append(Fault("until", "ACC-GRANT-UNTIL"))
        return None


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))


def _number(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def _short(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _run(settings: Settings, work: Callable[[Connection[Any]], Awaitable[_Result]]) -> _Result:
    async def connected() -> _Result:
        connection = await connect(cluster.url(settings))
        try:
            return await work(connection)
        finally:
            await connection.close()

    return wait(connected())
