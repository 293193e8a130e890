"""The dictionary's queue 待处理名称: names nobody knew, what an alias would change, and what stewards decide (beside the road)."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.responses import Response

from jishi.dictionary import seen
from jishi.dictionary.resolve import LENGTH_LIMIT, PROJECT_SCHEMES, Context, resolve
from jishi.dictionary.seen import Seen
from jishi.errors import CallerError
from jishi.stewardship import aliases, effect, learning
from jishi.stewardship.aliases import STATUSES, Wanted
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

STEWARD = ("steward",)
PAGE = 50
_PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
REASON = 1000

OUTCOMES = {"doubtful": words("doubtful"), "nothing": words("nothing found"), "match": words("found")}
STANDINGS = {
    "draft": words("proposed"),
    "approved": words("approved"),
    "rejected": words("rejected"),
    "ended": words("ended"),
}
STEPS = {"approve": words("approved"), "reject": words("rejected"), "end": words("ended")}


@section.count(words("Names without an answer"), "/dictionary/queue", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return await seen.queue_size(visit.connection)


@section.page("/dictionary/queue", words("Unknown names"), roles=STEWARD, menu=Menu.DICTIONARY)
async def queue(visit: Visit) -> Response:
    before = _PLACE.fullmatch(visit.asked.text("before"))
    place = (int(before[1]), int(before[2])) if before else None
    found = await seen.queue(visit.connection, None, place, PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return visit.show(
        "queue.html",
        names=found[:PAGE],
        waiting=await seen.queue_size(visit.connection),
        outcomes=OUTCOMES,
        following=visit.here(before=f"{last.times}-{last.name_id}") if last else None,
        first=place is None,
    )


@section.page("/dictionary/queue/{name}", words("Unknown name"), roles=STEWARD)
async def one_name(visit: Visit) -> Response:
    return await _shown(visit, await seen.one(visit.connection, visit.number("name")), None)


@section.act("/dictionary/queue/{name}/preview", roles=STEWARD, again=one_name)
async def preview(visit: Visit) -> Response:
    """What the alias would change; nothing is made."""
    found = await seen.one(visit.connection, visit.number("name"))
    wanted = _wanted(visit, found)
    faults = await aliases.faults_of(visit.connection, wanted)
    if any(fault.code != "DIC-ALIAS-TAKEN" for fault in faults):
        raise CallerError("DIC-ALIAS", faults=tuple(faults))
    would = await effect.effect_of(visit.connection, wanted)
    if faults:
        visit = replace(visit, refused=CallerError("DIC-ALIAS", faults=tuple(faults)))
    return await _shown(visit, found, would)


@section.act("/dictionary/queue/{name}/alias", roles=STEWARD, again=one_name)
async def make(visit: Visit) -> Response:
    found = await seen.one(visit.connection, visit.number("name"))
    wanted = _wanted(visit, found)
    draft = visit.form.yes("draft") or visit.serving.city.learning.four_eyes
    reason = visit.form.text("reason", most=REASON)
    visit.form.check()
    act = "dictionary.negative" if wanted.negative else "dictionary.alias"
    async with visit.doing(act, f"{wanted.scheme}:{wanted.code}") as entry:
        made = await learning.make(visit.connection, wanted, visit.officer.by, reason, draft=draft)
        entry.detail |= {"alias": made.alias.alias_id, "status": made.alias.status, "left_queue": made.left}
    if draft:
        return visit.see("/dictionary/aliases", words("The alias is proposed; another steward approves it."))
    return visit.see(
        "/dictionary/queue", words("The alias counts from now on; %(left)s names left the queue."), left=made.left
    )


@section.act("/dictionary/queue/{name}/discard", roles=STEWARD, again=one_name)
async def discard(visit: Visit) -> Response:
    reason = visit.form.text("discard_reason", required=True, most=REASON)
    visit.form.check()
    number = visit.number("name")
    async with visit.doing("dictionary.discard", str(number), reason=reason):
        await seen.discard(visit.connection, number, visit.officer.by, reason)
    return visit.see("/dictionary/queue", words("The name waits no more."))


@section.page("/dictionary/aliases", words("Aliases by stewards"), roles=STEWARD, menu=Menu.DICTIONARY)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", STATUSES)
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await aliases.listed(visit.connection, status, before, PAGE + 1)
    following = visit.here(before=found[PAGE - 1].alias_id) if len(found) > PAGE else None
    four_eyes = visit.serving.city.learning.four_eyes
    return visit.show(
        "aliases.html",
        aliases=found[:PAGE],
        standings=STANDINGS,
        following=following,
        first=before is None,
        four_eyes=four_eyes,
    )


@section.act("/dictionary/aliases/{alias}/{step}", roles=STEWARD, again=listed)
async def decide(visit: Visit) -> Response:
    number, step = visit.number("alias"), visit.text("step")
    if step not in STEPS:
        visit.form.fault("step", "CON-CHOICE")
    reason = visit.form.text("reason", most=REASON)
    visit.form.check()
    by, connection = visit.officer.by, visit.connection
    async with visit.doing(f"dictionary.{step}", str(number)):
        if step == "approve":
            four_eyes = visit.serving.city.learning.four_eyes
            await learning.approve(connection, number, by, reason, four_eyes=four_eyes)
        elif step == "end":
            await learning.end(connection, number, by, reason)
        else:
            await aliases.reject(connection, number, by, reason)
    return visit.see("/dictionary/aliases", words("Alias %(alias)s: done."), alias=number)


async def _shown(visit: Visit, found: Seen, would: effect.Effect | None) -> Response:
    place, department, stage = found.contexts[0][0] if found.contexts else ("", "", "")
    context = Context(place=place or None, department=department or None, stage=stage or None)
    answer = await resolve(visit.connection, [found.name], found.scheme or None, context)
    return visit.show(
        "queue_name.html",
        found=found,
        answer=answer.results[0],
        would=would,
        outcomes=OUTCOMES,
        schemes=[found.scheme] if found.scheme else list(PROJECT_SCHEMES),
        four_eyes=visit.serving.city.learning.four_eyes,
    )


def _wanted(visit: Visit, found: Seen) -> Wanted:
    form = visit.form
    schemes = [found.scheme] if found.scheme else list(PROJECT_SCHEMES)
    wanted = Wanted(
        form.choice("scheme", schemes, required=True) or "",
        form.text("code", required=True, most=LENGTH_LIMIT),
        found.name,
        form.yes("negative"),
        form.several("places"),
        form.several("departments"),
        form.day("valid_from"),
        form.day("valid_to"),
    )
    form.check()
    return wanted
