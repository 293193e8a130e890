"""Disputes 异议 in the console: values that are said to be wrong, and the answer of the department they came from (query,
respond, road out)."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from jishi.errors import NotFoundError
from jishi.registers.catalog import registers
from jishi.stewardship import disputes
from jishi.stewardship.case_tables import DISPUTE_STATUSES
from jishi.stewardship.disputes import CASE_LIMIT, Party, Wish
from jishi.stewardship.sealed_text import LONGEST
from jishi_api.case_views import claim_for
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.tickets import pen, terms, titles
from jishi_api.console.visit import GREATEST, Visit

section = Section()

STEWARD = ("steward",)
PAGE = 50

STANDINGS = {
    "open": words("waits for an answer"),
    "upheld": words("upheld, being put right"),
    "resolved": words("put right"),
    "rejected": words("rejected"),
    "withdrawn": words("taken back"),
}
KINDS = {"open": "warn", "upheld": "warn", "resolved": "good", "rejected": "quiet", "withdrawn": "quiet"}
ACTS = {
    "raise": words("raised"),
    "uphold": words("upheld"),
    "reject": words("rejected"),
    "withdraw": words("taken back"),
    "resolve": words("put right"),
}
VERDICTS = {"uphold": words("Uphold: it is wrong"), "reject": words("Reject: it is right")}


@section.count(words("Disputes without an answer"), "/disputes", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return await disputes.waiting(visit.connection, visit.officer.department)


@section.page("/disputes", words("Disputes"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", DISPUTE_STATUSES)
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    department = visit.officer.department
    found = await disputes.listed(visit.connection, department, None, status, before or GREATEST, PAGE + 1)
    return visit.show(
        "disputes.html",
        disputes=[(one, titles(visit, one.register, (one.element,))[0]) for one in found[:PAGE]],
        terms=terms(visit),
        standings=STANDINGS,
        kinds=KINDS,
        following=visit.here(before=found[PAGE - 1].dispute_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/disputes/new", words("New dispute"), roles=STEWARD)
async def new(visit: Visit) -> Response:
    known = [(one.collection, one.title) for one in registers().values()]
    return visit.show("dispute_new.html", collections=known, most=LONGEST, case=CASE_LIMIT)


@section.act("/disputes/new", roles=STEWARD, again=new)
async def raise_one(visit: Visit) -> Response:
    form = visit.form
    known = {one.collection: one for one in registers().values()}
    collection = form.choice("collection", known, required=True)
    uid = _uid(visit)
    element, reason = form.text("element", required=True, most=100), form.text("reason", required=True, most=LONGEST)
    claimed, case_no = form.text("claimed", most=LONGEST) or None, form.text("case_no", required=True, most=CASE_LIMIT)
    form.check()
    register = known[collection or ""]
    if uid is None or uid in await visit.serving.protections.now():
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    wish = Wish(register, uid, element, reason, claimed, case_no)
    party = Party(visit.officer.by, visit.officer.department)
    async with visit.doing("dispute.raise", register.collection, element=element) as entry:
        made = await disputes.raise_dispute(visit.connection, pen(visit), terms(visit), party, wish)
        entry.target = str(made.dispute_id)
    return visit.see(
        f"/disputes/{made.dispute_id}", words("The dispute is raised; the value bears its flag from now on.")
    )


@section.page("/disputes/{dispute}", words("Dispute"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    found = await disputes.seen_by(visit.connection, visit.officer, visit.number("dispute"))
    claimed = await claim_for(visit.request, visit.serving, visit.officer, "console", found)
    officer = visit.officer
    return visit.show(
        "dispute.html",
        dispute=found,
        claimed=claimed,
        element=titles(visit, found.register, (found.element,))[0],
        steps=await disputes.steps(visit.connection, pen(visit), found.dispute_id),
        late=terms(visit).late(found.due) if found.status == "open" else 0,
        owns=officer.sees(found.department),
        raised=found.raised_by == officer.by
        or (officer.department is not None and officer.department == found.raised_department),
        standings=STANDINGS,
        kinds=KINDS,
        acts=ACTS,
        verdicts=VERDICTS,
        most=LONGEST,
    )


@section.act("/disputes/{dispute}/answer", roles=STEWARD, again=one)
async def answer(visit: Visit) -> Response:
    verdict = visit.form.choice("verdict", disputes.VERDICTS, required=True) or ""
    reason = visit.form.text("reason", required=True, most=LONGEST)
    visit.form.check()
    number = visit.number("dispute")
    async with visit.doing(f"dispute.{verdict}", str(number)) as entry:
        found = await disputes.answer(
            visit.connection, pen(visit), terms(visit), visit.officer, number, verdict, reason
        )
        entry.detail["ticket"] = found.ticket_id
    if found.ticket_id:
        return visit.see(f"/disputes/{number}", words("The dispute is upheld; a ticket went out."))
    return visit.see(f"/disputes/{number}", words("The dispute is rejected; the flag is gone."))


@section.act("/disputes/{dispute}/withdraw", roles=STEWARD, again=one)
async def withdraw(visit: Visit) -> Response:
    reason = visit.form.text("why", required=True, most=LONGEST)
    visit.form.check()
    number = visit.number("dispute")
    party = Party(visit.officer.by, visit.officer.department)
    async with visit.doing("dispute.withdraw", str(number)):
        await disputes.withdraw(visit.connection, pen(visit), terms(visit), party, number, reason)
    return visit.see(f"/disputes/{number}", words("The dispute is withdrawn; the flag is gone."))


def _uid(visit: Visit) -> UUID | None:
    given = visit.form.text("uid", required=True, most=40)
    try:
        return UUID(given) if given else None
    except ValueError:
        visit.form.fault("uid", "QRY-VALUE-UID")
        return None
