"""Reviews 待判定 in the console: two entities side by side, the decision, and how far merging is (query, respond, road out)."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from jishi.messages import render
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.stewardship import reviews
from jishi.stewardship.reviews import STATUSES, Regrouping
from jishi.stewardship.sealed_text import LONGEST
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.tickets import pen
from jishi_api.console.visit import GREATEST, Visit
from jishi_api.side_by_side import Side, sides
from jishi_api.table import cell

section = Section()

STEWARD = ("steward",)
PAGE = 50

STANDINGS = {"open": words("to be decided"), "same": words("the same"), "different": words("different")}
PROGRESS = {"queued": words("waits for a worker"), "done": words("done"), "failed": words("not done")}
ACTS = {
    "merge": words("Merge"),
    "unmerge": words("Unmerge"),
    "split": words("Split off"),
    "same": words("Kept as it is"),
    "different": words("Kept apart"),
}
LINKS = {
    "new": words("first of its entity"),
    "identifier": words("by its number"),
    "model": words("by likeness"),
    "steward": words("by a steward"),
}


@section.count(words("Reviews to decide"), "/reviews", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return await reviews.waiting(visit.connection, visit.officer)


@section.page("/reviews", words("Reviews"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", STATUSES)
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await reviews.listed(visit.connection, visit.officer, None, status, None, before or GREATEST, PAGE + 1)
    return visit.show(
        "reviews.html",
        reviews=[(one, render(one.reason, visit.language)) for one in found[:PAGE]],
        standings=STANDINGS,
        following=visit.here(before=found[PAGE - 1].review_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/reviews/{review}", words("Review"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    found = await reviews.one(visit.connection, visit.officer, visit.number("review"))
    uids = tuple(dict.fromkeys((found.uid, found.other_uid)))
    shown = await sides(visit.request, visit.serving, visit.officer, "console", found.register, uids)
    return visit.show(
        "review.html",
        review=found,
        reason=render(found.reason, visit.language),
        sides=shown,
        rows=_rows(visit, found.register, shown),
        standings=STANDINGS,
        links=LINKS,
        most=LONGEST,
    )


@section.act("/reviews/{review}/decide", roles=STEWARD, again=one)
async def decide(visit: Visit) -> Response:
    verdict = visit.form.choice("verdict", ("same", "different"), required=True)
    reason = visit.form.text("reason", required=True, most=LONGEST)
    visit.form.check()
    number = visit.number("review")
    async with visit.doing("review.decide", str(number), verdict=verdict) as entry:
        made = await reviews.decide(
            visit.connection, pen(visit), visit.officer, number, "same" if verdict == "same" else "different", reason
        )
        entry.detail["regrouping"] = made.regrouping_id
    return visit.see(f"/regroupings/{made.regrouping_id}", words("The decision is taken; a worker carries it out."))


@section.page("/merges", words("Merge and unmerge"), roles=STEWARD, menu=Menu.WORK)
async def merges(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await reviews.regroupings(visit.connection, visit.officer, before or GREATEST, PAGE + 1)
    return visit.show(
        "merges.html",
        found=found[:PAGE],
        collections=[(one.collection, one.title) for one in registers().values()],
        acts=ACTS,
        progress=PROGRESS,
        following=visit.here(before=found[PAGE - 1].regrouping_id) if len(found) > PAGE else None,
        first=before is None,
        most=LONGEST,
    )


@section.act("/merges/{act}", roles=STEWARD, again=merges)
async def ask(visit: Visit) -> Response:
    """Ask for a merge of two, or for one to stand by itself again."""
    act, form = visit.text("act"), visit.form
    known = {one.collection: one for one in registers().values()}
    collection = form.choice("collection", known, required=True)
    uid = _uid(visit, "uid")
    other = _uid(visit, "other_uid") if act == "merge" else None
    reason = form.text("reason", required=True, most=LONGEST)
    if act not in ("merge", "unmerge"):
        form.fault("act", "CON-CHOICE")
    form.check()
    register = known[collection or ""]
    async with visit.doing(f"entity.{act}", f"{register.collection} {uid} {other or ''}") as entry:
        made = await _asked(visit, register, uid, other, reason)
        entry.detail["regrouping"] = made.regrouping_id
    return visit.see(f"/regroupings/{made.regrouping_id}", words("It is asked for; a worker carries it out."))


@section.page("/regroupings/{regrouping}", words("Merge or unmerge"), roles=STEWARD)
async def progress(visit: Visit) -> Response:
    found = await reviews.regrouping(visit.connection, visit.officer, visit.number("regrouping"))
    fault = None
    if found.fault is not None and found.fault.startswith("MAT-"):
        fault = render(found.fault, visit.language, collection=found.register.collection)
    return visit.show(
        "regrouping.html",
        found=found,
        fault=fault or found.fault,
        acts=ACTS,
        standings=PROGRESS,
        running=found.status == "queued",
    )


async def _asked(visit: Visit, register: Register, uid: UUID | None, other: UUID | None, reason: str) -> Regrouping:
    given = uid or UUID(int=0)
    if other is None:
        return await reviews.ask_unmerge(visit.connection, pen(visit), visit.officer, register, given, reason)
    return await reviews.ask_merge(visit.connection, pen(visit), visit.officer, register, given, other, reason)


def _rows(visit: Visit, register: Register, shown: list[Side]) -> list[tuple[str, list[str], bool]]:
    """Of each element that anybody says: its title, what each source says, and whether they differ."""
    sayings = [saying for side in shown for saying in side.sayings]
    rows = []
    for name, element in register.elements.items():
        label = element.code_label or ""
        told = [f"{cell(saying.values.get(name))} {cell(saying.values.get(label))}".strip() for saying in sayings]
        if any(told):
            title = element.title_en or element.title if visit.language == "en" else element.title
            rows.append((title, told, len({text for text in told if text}) > 1))
    return rows


def _uid(visit: Visit, name: str) -> UUID | None:
    given = visit.form.text(name, required=True, most=40)
    try:
        return UUID(given) if given else None
    except ValueError:
        visit.form.fault(name, "QRY-VALUE-UID")
        return None
