"""How many there are: exactly within a bound of time, or as the planner estimates it (query, road out)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jishi.errors import InternalError
from jishi_api import sql
from jishi_api.binding import bound
from jishi_api.limits import spend
from jishi_api.plan import Plan
from jishi_api.sql import Page, Statement

if TYPE_CHECKING:
    from jishi_api.asked import Asked
    from jishi_api.serving import Serving

COUNTS = ("none", "estimate", "exact")
HEAVIER = 9
"""An exact count or an aggregate is charged as so many requests more."""


@dataclass(frozen=True, slots=True)
class Matched:
    """How many features all pages hold; not ``exact`` = the planner's guess by its statistics."""

    number: int
    exact: bool


async def count(serving: Serving, asked: Asked, plan: Plan, page: Page, kind: str) -> Matched | None:
    """None for ``none``. An exact count that takes too long becomes an estimate and says so."""
    if kind == "none":
        return None
    if kind == "exact":
        spend(asked.request, serving.rates.take(asked.grant, HEAVIER))
        counting = sql.count(plan, page)
        try:
            number = await serving.counts.fetchval(counting.text, *bound(counting.values, serving.sealer))
            return Matched(number, exact=True)
        except InternalError as error:
            if error.code != "QRY-TIMEOUT":
                raise
    guess = estimate(plan, page)
    told = await serving.lanes.fetchval(guess.text, *bound(guess.values, serving.sealer))
    return Matched(round(json.loads(told)[0]["Plan"]["Plan Rows"]), exact=False)


def estimate(plan: Plan, page: Page) -> Statement:
    """What the planner expects of the very rows a page is cut from; nothing is read."""
    computed = f" CROSS JOIN LATERAL (SELECT {plan.computed}) p" if plan.computed else ""
    asked = sql.selected(plan, page, "1", computed)
    return Statement(f"EXPLAIN (FORMAT JSON) {asked.text}", asked.values)
