"""Data-sharing applications 共享申请 in the console: checked and answered by the owning department (beside the road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.access import application_store, clients
from jishi.access.applications import STATUSES, TRANSITIONS
from jishi_api import deciding
from jishi_api.applying import Answer
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import GREATEST, Visit
from jishi_api.departments import departments

section = Section()

ROLES = ("steward", "admin")
PAGE = 50
REASONS = 500

TITLES = {
    "applied": words("applied for"),
    "returned": words("returned"),
    "checked": words("checked"),
    "refused": words("refused by the owner"),
    "granted": words("granted"),
    "withdrawn": words("withdrawn"),
}
STEPS = {
    "apply": words("applied for"),
    "return": words("returned"),
    "check": words("checked"),
    "refuse": words("refused by the owner"),
    "grant": words("granted"),
    "withdraw": words("withdrawn"),
}
CHECKS = {
    "sharing": words("The register is shared"),
    "basis": words("A basis is named"),
    "purposes": words("Purposes are named"),
    "term": words("The term ends"),
    "named": words("Elements are named one by one"),
    "minimal": words("No more than needed"),
    "case": words("A case number for sensitive values"),
    "duplicate": words("Not granted already"),
}


@section.count(words("Applications to decide"), "/applications", roles=ROLES)
async def waiting(visit: Visit) -> int:
    found = await application_store.listed(visit.connection, _department(visit), None, GREATEST, 500)
    mine = [one for one in found if _is_owner(visit, one.owner)]
    return sum(one.status in ("applied", "checked") for one in mine)


@section.page("/applications", words("Applications"), roles=ROLES, menu=Menu.ACCESS)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", STATUSES)
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await application_store.listed(visit.connection, _department(visit), status, before or GREATEST, PAGE + 1)
    names = {one.uscc: one.name for one in await departments(visit.connection)}
    return visit.show(
        "applications.html",
        applications=found[:PAGE],
        titles=TITLES,
        names=names,
        today=deciding.today(visit.serving),
        following=visit.here(before=found[PAGE - 1].application_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/applications/{application}", words("Application"), roles=ROLES)
async def one(visit: Visit) -> Response:
    found = await deciding.visible(visit.connection, visit.officer, visit.number("application"))
    owner = _is_owner(visit, found.owner)
    return visit.show(
        "application.html",
        found=found,
        client=await clients.named(visit.connection, found.client_id),
        steps=await application_store.steps(visit.connection, found.application_id),
        titles=TITLES,
        step_titles=STEPS,
        names={known.uscc: known.name for known in await departments(visit.connection)},
        may_check=(found.status, "check") in TRANSITIONS and owner,
        may_answer=(found.status, "grant") in TRANSITIONS and owner and visit.has("steward"),
        sights=(found.terms.in_clear, found.terms.masked),
    )


@section.act("/applications/{application}/check", roles=ROLES, again=one)
async def check(visit: Visit) -> Response:
    number = visit.number("application")
    findings = await deciding.check(visit.connection, visit.serving, visit.officer, number, visit.request_id)
    found = await deciding.visible(visit.connection, visit.officer, number)
    return visit.show("application_checked.html", found=found, findings=findings, checks=CHECKS)


@section.act("/applications/{application}/answer", roles=("steward",), again=one)
async def answer(visit: Visit) -> Response:
    form = visit.form
    decided = form.choice("answer", ("grant", "refuse"), required=True)
    reasons = form.text("reasons", required=decided == "refuse", most=REASONS)
    until = form.day("until")
    form.check()
    given = Answer(answer="grant" if decided == "grant" else "refuse", reasons=reasons, until=until)
    number = visit.number("application")
    await deciding.answer(visit.connection, visit.serving, visit.officer, number, given, visit.request_id)
    return visit.see(f"/applications/{number}", words("Application %(number)s is answered."), number=number)


def _department(visit: Visit) -> str | None:
    """Whose applications are shown: an administrator's are all."""
    return None if visit.has("admin") else visit.officer.department or ""


def _is_owner(visit: Visit, owner: str) -> bool:
    return visit.officer.department == owner or visit.has("admin")
