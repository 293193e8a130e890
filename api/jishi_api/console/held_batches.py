"""Held batches 暂存批次: why, what publishing would change, release or discard (query to respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.errors import CallerError, NotFoundError
from jishi.registers.catalog import registers
from jishi.stewardship import held
from jishi.stewardship.held import Preview
from jishi_api import held_view as view
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

STEWARD = ("steward",)
PAGE = 50
REASON = 1_000

STATES = {
    "queued": words("waiting"),
    "running": words("under way"),
    "done": words("done"),
    "failed": words("failed"),
    "cancelled": words("called off"),
}
BATCH_STATES = {
    "held": words("held"),
    "landed": words("released, waiting"),
    "running": words("under way"),
    "published": words("published"),
    "discarded": words("discarded"),
    "failed": words("failed"),
    "refused": words("refused whole"),
    "unchanged": words("unchanged"),
}
TYPES = {
    "create": words("new"),
    "change": words("changed"),
    "end": words("ended"),
    "withhold": words("withheld"),
}
ACTS = {"release": words("release"), "discard": words("discard")}
PARTS = {"read": words("reading"), "validate": words("validating"), "merge": words("merging")}


@section.count(words("Held batches"), "/held", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return len(await held.listed(visit.connection, visit.officer, None, 1_000))


@section.page("/held", words("Held batches"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await held.listed(visit.connection, visit.officer, before, PAGE + 1)
    return visit.show(
        "held.html",
        batches=[(one, view.reasons_of(one, visit.language)) for one in found[:PAGE]],
        registers={name: one.title for name, one in registers().items()},
        following=visit.here(before=found[PAGE - 1].batch_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/held/{batch}", words("Held batch"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    batch = await held.find(visit.connection, visit.officer, visit.number("batch"))
    preview: Preview | None = None
    try:
        preview = await held.preview(visit.connection, batch)
    except NotFoundError:
        pass
    else:
        await view.look_at_preview(visit.request, visit.serving, visit.officer, "console", batch, preview)
    elements = registers()[batch.register].elements
    titles = {
        name: (one.title_en or one.title) if visit.language == "en" else one.title for name, one in elements.items()
    }
    return visit.show(
        "held_batch.html",
        batch=batch,
        why=view.reasons_of(batch, visit.language),
        preview=preview,
        result=preview.result if preview else None,
        running=preview is not None and preview.status in ("queued", "running"),
        four_eyes=visit.serving.city.stewardship.four_eyes,
        own=batch.proposed_by == visit.officer.by,
        titles=titles,
        names={"states": STATES, "batch": BATCH_STATES, "types": TYPES, "acts": ACTS, "parts": PARTS},
    )


@section.act("/held/{batch}/preview", roles=STEWARD, again=one)
async def ask_preview(visit: Visit) -> Response:
    batch = await held.find(visit.connection, visit.officer, visit.number("batch"))
    async with visit.doing("batch.preview", str(batch.batch_id)) as told:
        told.detail |= {"preview": await held.ask_preview(visit.connection, visit.officer, batch)}
    return visit.see(f"/held/{batch.batch_id}")


@section.act("/held/{batch}/preview/cancel", roles=STEWARD, again=one)
async def cancel_preview(visit: Visit) -> Response:
    batch = await held.find(visit.connection, visit.officer, visit.number("batch"))
    async with visit.doing("batch.preview.cancel", str(batch.batch_id)):
        await held.cancel_preview(visit.connection, batch)
    return visit.see(f"/held/{batch.batch_id}", words("The preview is called off."))


@section.act("/held/{batch}/release", roles=STEWARD, again=one)
async def release(visit: Visit) -> Response:
    batch = await held.find(visit.connection, visit.officer, visit.number("batch"))
    reason = visit.form.text("reason", required=True, most=REASON)
    visit.form.check()
    four_eyes = visit.serving.city.stewardship.four_eyes
    async with visit.doing("batch.release", str(batch.batch_id), reason=reason) as told:
        done = await held.release(visit.connection, visit.officer, batch, reason, four_eyes=four_eyes)
        if not (visit.serving.settings.landing_dir / batch.landing).is_file():
            raise CallerError("ING-LANDED-GONE", file=batch.landing.rsplit("/", 1)[-1])
        told.detail |= {"carried_out": done}
    if not done:
        return visit.see(f"/held/{batch.batch_id}", words("The release is proposed; somebody else must say so too."))
    return visit.see(f"/held/{batch.batch_id}", words("Batch %(batch)s is released."), batch=batch.batch_id)


@section.act("/held/{batch}/discard", roles=STEWARD, again=one)
async def discard(visit: Visit) -> Response:
    batch = await held.find(visit.connection, visit.officer, visit.number("batch"))
    reason = visit.form.text("discard_reason", required=True, most=REASON)
    visit.form.check()
    async with visit.doing("batch.discard", str(batch.batch_id), reason=reason):
        await held.discard(visit.connection, visit.officer, batch, reason)
    return visit.see("/held", words("Batch %(batch)s is discarded."), batch=batch.batch_id)
