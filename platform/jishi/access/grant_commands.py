"""What ``jishi grants`` does; apart from its parser, which every command builds (beside the road out)."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from jishi.access import acts, grant_store
from jishi.access.grant_document import document, instant
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

_Result = TypeVar("_Result")

BASIS = "command line, operator"
"""What a grant made here rests on where nothing else is said."""

ROW_FILTER = "jishi.row_filter"
"""Entry points ``(Register, str) -> faults`` of the packages that compile row filters."""


def add(args: argparse.Namespace) -> int:
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


def show(args: argparse.Namespace) -> int:
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


def revoke(args: argparse.Namespace) -> int:
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
    found = faults_of_terms(terms)
    unread = () if any(fault.name == "rows" for fault in found) else tuple(_unread(terms))
    return terms, (*found, *unread, *faults)


def _unread(terms: Terms) -> Iterator[Fault]:
    """What whoever will compile the row filter has against it; without such a package nothing reads grants either."""
    if terms.rows is not None:
        for entry in entry_points(group=ROW_FILTER):
            yield from entry.load()(terms.register, terms.rows)


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
