"""The auditors' pages: the disclosure log 披露登记 to look through and to verify, and administrative acts (behind the road out)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from jishi.access import disclosure_search, sealer, who
from jishi.access.act_search import acts_done
from jishi.access.disclosure_search import Wanted
from jishi.access.export import verify_database
from jishi.access.findings import Report
from jishi.errors import CallerError
from jishi.messages import render as message
from jishi.registers.catalog import registers
from jishi.settings import Settings
from jishi.storage import cluster, roles
from jishi.storage.engine import connect, wait
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

AUDITOR = ("auditor",)
PAGE = 50
MOST_VERIFIED = 1_000_000
"""A longer log is verified by a command, which nobody waits for at a page."""

CHANNELS = {
    "api": words("interface"),
    "console": words("console"),
    "command": words("command line"),
    "export": words("export"),
}


@section.page("/disclosures", words("Disclosure log"), roles=AUDITOR, menu=Menu.AUDIT)
async def log(visit: Visit) -> Response:
    asked = visit.asked
    since, until = asked.day("since"), asked.day("until")
    named = asked.choice("register", registers())
    caller = asked.text("caller", most=100) or None
    act = asked.text("act", most=60) or None
    channel = asked.choice("channel", CHANNELS)
    before = _place(visit)
    asked.check()
    number = registers()[named].number if named else None
    wanted = Wanted(_midnight(visit, since), _midnight(visit, until, 1), caller, number, act, channel)
    page = await disclosure_search.search(visit.connection, wanted, before, PAGE)
    await visit.look("disclosure-log", None, [str(part) for part in (since, until, caller, named, act, channel)])
    return visit.show(
        "disclosures.html",
        rows=page.rows,
        following=visit.here(before=page.following.text()) if page.following else None,
        first=before is None,
        registers={register.number: register for register in registers().values()},
        register_pairs=[(register.name, register.title) for register in registers().values()],
        acts=await disclosure_search.acts_told(visit.connection),
        channels=CHANNELS,
        sealed=await disclosure_search.sealed(visit.connection),
    )


@section.act("/disclosures/verify", roles=AUDITOR, again=log)
async def verify(visit: Visit) -> Response:
    """From end to end, in a thread and on a connection of its own."""
    state = await disclosure_search.sealed(visit.connection)
    if state is not None and state.rows > MOST_VERIFIED:
        raise CallerError("ACC-VERIFY-LONG", rows=state.rows, most=MOST_VERIFIED)
    report = await asyncio.to_thread(wait, _verified(visit.serving.settings))
    kinds = {found.kind: message(f"ACC-VERIFY-{found.kind.upper()}", visit.language) for found in report.findings}
    return visit.show("verified.html", report=report, kinds=kinds)


@section.page("/acts", words("Administrative acts"), roles=AUDITOR, menu=Menu.AUDIT)
async def acts(visit: Visit) -> Response:
    asked = visit.asked
    actor, act, target = (asked.text(name, most=200) or None for name in ("actor", "act", "target"))
    before = asked.number("before", least=1)
    asked.check()
    found = await acts_done(visit.connection, actor, act, target, before, PAGE + 1)
    following = visit.here(before=found[PAGE - 1].number) if len(found) > PAGE else None
    return visit.show("acts.html", acts=found[:PAGE], following=following, first=before is None)


async def _verified(settings: Settings) -> Report:
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        return await verify_database(connection, sealer.folder_of(settings))
    finally:
        await connection.close()


def _midnight(visit: Visit, day: date | None, later: int = 0) -> datetime | None:
    """The beginning of a day in the city, or of the day after."""
    if day is None:
        return None
    return datetime.combine(min(day, date(9000, 1, 1)) + timedelta(days=later), time(), visit.zone)


def _place(visit: Visit) -> who.Place | None:
    text = visit.asked.text("before", most=200)
    if not text:
        return None
    try:
        return who.Place.of(text)
    except (ValueError, OverflowError):
        visit.asked.fault("before", "ACC-LOOK-BEFORE")
        return None
