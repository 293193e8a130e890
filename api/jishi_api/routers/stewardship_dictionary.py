"""``/stewardship/dictionary/…``: names nobody knew, and what stewards make of them (beside the road out).

Every change is an administrative act; the next question of any process is answered by it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jishi.dictionary import seen
from jishi.dictionary.resolve import LENGTH_LIMIT
from jishi.errors import CallerError, Fault
from jishi.stewardship import aliases, effect, learning
from jishi.stewardship.aliases import STATUSES, WORDS_LIMIT, Wanted
from jishi_api.acting import GREATEST, acting, number_of, private_json
from jishi_api.links import address, with_parameters
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.steward_documents import alias_json, effect_json, seen_json
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/stewardship/dictionary", tags=["stewardship"])


Word = Annotated[str, Field(min_length=1, max_length=LENGTH_LIMIT, pattern=r"^[^\x00]*$")]
Words = Annotated[tuple[Word, ...], Field(max_length=WORDS_LIMIT)]
Reason = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class Scope(BaseModel):
    """What an alias of a queued name says: the concept, who uses it and when; ``negative``: it does not mean the concept."""

    model_config = ConfigDict(extra="forbid")

    code: Word
    scheme: Word = "project-nodes"
    negative: bool = False
    places: Words = ()
    departments: Words = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def of(self, name: str) -> Wanted:
        return Wanted(
            self.scheme, self.code, name, self.negative, self.places, self.departments, self.valid_from, self.valid_to
        )


class AliasToTry(Scope):
    name: Word


class AliasToMake(AliasToTry):
    """``draft``: leave it to another to approve; where the city wants four eyes, it always is."""

    reason: Reason = ""
    draft: bool = False


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""


@router.get("/queue", summary="待处理名称 names without a sure answer, the most asked for first")
async def queue(
    request: Request,
    scheme: Annotated[str | None, Query(max_length=LENGTH_LIMIT, pattern=r"^[^\x00]*$")] = None,
    before: Annotated[str | None, Query(pattern=r"^\d{1,18}-\d{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """``scheme`` empty: asked in the project schemes. ``before`` is carried by the link ``next``."""
    place = tuple(map(int, before.split("-"))) if before else None
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
        found = await seen.queue(connection, scheme, (place[0], place[1]) if place else None, limit + 1)
        size = await seen.queue_size(connection)
    links = []
    if len(found) > limit:
        last = found[limit - 1]
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        following = [*asked, ("before", f"{last.times}-{last.name_id}")]
        here = address(request, "stewardship", "dictionary", "queue")
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"waiting": size, "names": [seen_json(entry) for entry in found[:limit]], "links": links})


@router.get("/queue/{number}", summary="一个待处理名称 one name")
async def one_name(request: Request, number: int) -> Response:
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
        return private_json(seen_json(await seen.one(connection, number_of(number))))


@router.post("/queue/{number}/preview", summary="试算 what an alias of this name would change")
async def preview_of_name(request: Request, number: int, wish: Scope) -> Response:
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
        found = await seen.one(connection, number_of(number))
        return await _previewed(request, connection, wish.of(found.name))


@router.post("/queue/{number}/discard", summary="不予采纳 not a name of the dictionary's")
async def discard(request: Request, number: int, given: Why) -> Response:
    async with acting(request, "dictionary.discard", str(number)) as (connection, officer, entry):
        found = await seen.discard(connection, number_of(number), officer.by, given.reason)
        entry.detail |= {"reason": given.reason}
        return private_json(seen_json(found))


@router.post("/aliases/preview", summary="试算 what an alias or a negative alias would change")
async def preview(request: Request, wish: AliasToTry) -> Response:
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
        return await _previewed(request, connection, wish.of(wish.name))


@router.post("/aliases", summary="设立别名 make an alias or a negative alias", status_code=201)
async def make(request: Request, wish: AliasToMake) -> Response:
    """Approved at once, unless it is to be a ``draft`` or the city wants four eyes."""
    four_eyes = serving_of(request).city.learning.four_eyes
    act = "dictionary.negative" if wish.negative else "dictionary.alias"
    async with acting(request, act, f"{wish.scheme}:{wish.code}") as (connection, officer, entry):
        wanted = wish.of(wish.name)
        made = await learning.make(connection, wanted, officer.by, wish.reason, draft=wish.draft or four_eyes)
        entry.detail |= {"alias": made.alias.alias_id, "status": made.alias.status, "left_queue": made.left}
        return private_json({**alias_json(made.alias), "left_queue": made.left}, status=201)


@router.get("/aliases", summary="治理员设立的别名 aliases of stewards, newest first")
async def listed(
    request: Request,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")] = None,
    before: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
        found = await aliases.listed(connection, status, before, limit + 1)
    links = []
    if len(found) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        here = address(request, "stewardship", "dictionary", "aliases")
        following = [*asked, ("before", str(found[limit - 1].alias_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"aliases": [alias_json(entry) for entry in found[:limit]], "links": links})


@router.post("/aliases/{number}/approve", summary="批准 a draft counts from now on")
async def approve(request: Request, number: int, given: Why) -> Response:
    four_eyes = serving_of(request).city.learning.four_eyes
    async with acting(request, "dictionary.approve", str(number)) as (connection, officer, entry):
        made = await learning.approve(connection, number_of(number), officer.by, given.reason, four_eyes=four_eyes)
        entry.detail |= {"left_queue": made.left}
        return private_json({**alias_json(made.alias), "left_queue": made.left})


@router.post("/aliases/{number}/reject", summary="驳回 a draft will not count")
async def reject(request: Request, number: int, given: Why) -> Response:
    async with acting(request, "dictionary.reject", str(number)) as (connection, officer, _):
        return private_json(alias_json(await aliases.reject(connection, number_of(number), officer.by, given.reason)))


@router.post("/aliases/{number}/end", summary="终止 an alias counts no more")
async def end(request: Request, number: int, given: Why) -> Response:
    async with acting(request, "dictionary.end", str(number)) as (connection, officer, _):
        made = await learning.end(connection, number_of(number), officer.by, given.reason)
        return private_json(alias_json(made.alias))


async def _previewed(request: Request, connection: Connection[Any], wanted: Wanted) -> Response:
    faults = await aliases.faults_of(connection, wanted)
    if any(fault.code != "DIC-ALIAS-TAKEN" for fault in faults):
        raise CallerError("DIC-ALIAS", faults=tuple(faults))
    found = await effect.effect_of(connection, wanted)
    language = request.state.language
    return private_json({**effect_json(found, language), "faults": [_fault(fault, language) for fault in faults]})


def _fault(fault: Fault, language: str) -> dict[str, str]:
    return {"name": fault.name, "code": fault.code, "reason": fault.text(language)}
