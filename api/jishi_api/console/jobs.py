"""Jobs 作业 in the console: what is under way, how far it is, and ending it (query, respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.stewardship import jobs
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

ROLES = ("steward", "admin")
PAGE = 50

STATUSES = {
    "queued": words("waiting"),
    "running": words("running"),
    "done": words("done"),
    "failed": words("failed"),
}
KINDS = {
    "ingest": words("Delivery"),
    "fetch": words("Look for deliveries"),
    "turn": words("Dates that have come"),
    "purge": words("Clear away what is over"),
    "export": words("Export"),
}
STEPS = {"read": words("reading"), "validate": words("validating"), "merge": words("merging")}


@section.count(words("Jobs under way"), "/jobs", roles=ROLES)
async def under_way(visit: Visit) -> int:
    return await jobs.under_way(visit.connection, visit.officer)


@section.page("/jobs", words("Jobs"), roles=ROLES, menu=Menu.SYSTEM)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", STATUSES)
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await jobs.listed(visit.connection, visit.officer, status, before, PAGE + 1)
    return visit.show(
        "jobs.html",
        jobs=found[:PAGE],
        statuses=STATUSES,
        kinds=KINDS,
        following=visit.here(before=found[PAGE - 1].job) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/jobs/{job}", words("Job"), roles=ROLES)
async def one(visit: Visit) -> Response:
    found = await jobs.one(visit.connection, visit.officer, visit.number("job"))
    return visit.show("job.html", job=found, statuses=STATUSES, kinds=KINDS, steps=STEPS)


@section.act("/jobs/{job}/cancel", roles=ROLES, again=one)
async def cancel(visit: Visit) -> Response:
    number = visit.number("job")
    async with visit.doing("job.cancel", str(number)):
        await jobs.cancel(visit.connection, visit.officer, number)
    return visit.see(f"/jobs/{number}", words("The job ends as soon as it can."))
