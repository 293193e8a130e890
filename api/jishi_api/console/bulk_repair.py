"""Bulk repairs 批量修复: one mapping for many refused rows, tried first, then in earnest (query to respond, road out)."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from jishi.errors import CallerError
from jishi.quality import quarantine_search as store
from jishi.quality import quarantine_values
from jishi.quality.quarantine_values import Column
from jishi.registers.catalog import register_of
from jishi.stewardship import bulk_repairs
from jishi.stewardship.bulk_repairs import Filter
from jishi.stewardship.cell_mapping import TRANSFORMS, CellMapping
from jishi_api import quarantine_view as view
from jishi_api.console.quarantine import REPAIR_STATES
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

STEWARD = ("steward",)
PAGE = 50
SHOWN = 60
"""Values a page asks about; the others stay as they are."""

REASON = 1_000

STATES = {
    "queued": words("waiting"),
    "running": words("under way"),
    "done": words("done"),
    "failed": words("failed"),
    "cancelled": words("called off"),
}
TRANSFORM_NAMES = {
    "trim": words("without blanks at its ends"),
    "no_blanks": words("without blanks"),
    "half_width": words("half-width characters"),
    "upper": words("upper case"),
    "lower": words("lower case"),
    "identifier": words("as a number is compared"),
    "digits": words("digits alone"),
    "empty": words("empty"),
}


@section.page("/bulk-repairs", words("Bulk repairs"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await bulk_repairs.listed(visit.connection, visit.officer, before, PAGE + 1)
    following = visit.here(before=found[PAGE - 1].bulk_id) if len(found) > PAGE else None
    return visit.show("bulk_repairs.html", bulks=found[:PAGE], states=STATES, following=following, first=before is None)


@section.page("/bulk-repairs/new", words("Repair in bulk"), roles=STEWARD)
async def new(visit: Visit) -> Response:
    """Which rows, which column, then what its values shall become; what is typed is posted, never part of an address."""
    wanted = _filter(visit)
    visit.asked.check()
    headers: tuple[str, ...] = ()
    column: Column | None = None
    total = 0
    if _narrow(wanted):
        total = await store.count(visit.connection, visit.officer, wanted.wanted)
        found = await store.search(visit.connection, visit.officer, wanted.wanted, limit=quarantine_values.MOST_ROWS)
        headers = await asyncio.to_thread(quarantine_values.headers_of, found, visit.keys)
        if wanted.header in headers:
            column = await asyncio.to_thread(quarantine_values.column, visit.keys, visit.officer, found, wanted.header)
            for register in sorted({entry.register for entry in found}):
                await visit.look(
                    *("quarantine", register_of(register), [wanted.header, wanted.source, wanted.batch, wanted.rule]),
                    masked=column.elements if column.masked else (),
                    clear=() if column.masked else column.elements,
                )
    return visit.show(
        "bulk_repair_new.html",
        wanted=wanted,
        headers=headers,
        column=column,
        total=total,
        held=column.held[:SHOWN] if column else (),
        transforms=TRANSFORM_NAMES,
    )


@section.act("/bulk-repairs/new", roles=STEWARD, again=new)
async def make(visit: Visit) -> Response:
    form = visit.form
    wanted = Filter(
        batch=form.number("batch", least=1),
        source=form.text("source", most=200) or None,
        rule=form.text("rule", most=200) or None,
        header=None,
    )
    header = form.text("header", most=1_000)
    transform = form.choice("transform", TRANSFORMS)
    reason = form.text("reason", most=REASON)
    dry = form.choice("act", ("try", "repair"), required=True) == "try"
    digests = {
        form.text(f"digest-{place}", most=100): form.text(f"value-{place}", most=1_000)
        for place in range(SHOWN)
        if form.text(f"value-{place}", most=1_000)
    }
    form.check()
    mapping = CellMapping(
        digests={header: digests} if header and digests and not transform else {},
        transforms={header: transform} if header and transform else {},
    )
    if header and mapping.empty:
        raise CallerError("QLT-MAPPING-NOTHING")
    act = "quarantine.bulk.try" if dry else "quarantine.bulk"
    async with visit.doing(act, "") as told:
        made = await bulk_repairs.ask(
            *(visit.connection, visit.keys, visit.serving.sealer.cipher, visit.officer, wanted, mapping),
            dry=dry,
            reason=reason or None,
            request_id=visit.request_id,
        )
        told.target = str(made)
    return visit.see(f"/bulk-repairs/{made}")


@section.page("/bulk-repairs/{bulk}", words("Bulk repair"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    found = await bulk_repairs.find(visit.connection, visit.officer, visit.number("bulk"))
    made = await bulk_repairs.repairs_of(visit.connection, found.bulk_id)
    running = found.status in ("queued", "running") or any(one.status in ("queued", "landed") for one in made)
    return visit.show(
        "bulk_repair.html",
        bulk=found,
        repairs=made,
        running=running,
        states=STATES,
        repair_states=REPAIR_STATES,
        still=_still(visit, found),
    )


@section.act("/bulk-repairs/{bulk}/carry-out", roles=STEWARD, again=one)
async def carry_out(visit: Visit) -> Response:
    """What was tried, in earnest."""
    found = await bulk_repairs.find(visit.connection, visit.officer, visit.number("bulk"))
    async with visit.doing("quarantine.bulk", "") as told:
        made = await bulk_repairs.carry_out(
            *(visit.connection, visit.keys, visit.serving.sealer.cipher, visit.officer, found),
            request_id=visit.request_id,
        )
        told.target = str(made)
    return visit.see(f"/bulk-repairs/{made}")


@section.act("/bulk-repairs/{bulk}/cancel", roles=STEWARD, again=one)
async def cancel(visit: Visit) -> Response:
    found = await bulk_repairs.find(visit.connection, visit.officer, visit.number("bulk"))
    async with visit.doing("quarantine.bulk.cancel", str(found.bulk_id)):
        await bulk_repairs.cancel(visit.connection, found.bulk_id)
    return visit.see(f"/bulk-repairs/{found.bulk_id}", words("The bulk repair is called off."))


def _filter(visit: Visit) -> Filter:
    """As the address asks, or as the form that is shown again was posted."""
    asked = visit.form if "act" in visit.form else visit.asked
    return Filter(
        batch=asked.number("batch", least=1),
        source=asked.text("source", most=200) or None,
        rule=asked.text("rule", most=200) or None,
        header=asked.text("header", most=1_000) or None,
    )


def _narrow(wanted: Filter) -> bool:
    return wanted.batch is not None or wanted.source is not None or wanted.rule is not None


def _still(visit: Visit, bulk: bulk_repairs.Bulk) -> list[tuple[str, str, int]]:
    """Rule, its sentence and how many touched rows would still fail it."""
    return [
        (rule, view.sentence_of(rule, visit.language), rows)
        for rule, rows in sorted((bulk.reasons or {}).items(), key=lambda pair: -pair[1])
    ]
