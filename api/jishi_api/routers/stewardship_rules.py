"""``/stewardship/rules…``: what each rule demands, with examples and history (query, road out)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access.officer import Officer
from jishi.quality.indicators import load_indicators
from jishi.quality.rule_documents import RuleDocument, rule_document, rule_summaries
from jishi.quality.rule_history import RuleChange
from jishi.registers.catalog import registers
from jishi.registers.element import Severity
from jishi_api.links import address
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship/rules", tags=["stewardship"])

PRIVATE = {"Cache-Control": "private, no-store"}
_NAMES = "|".join(name for register in registers().values() for name in (register.name, register.collection))

RegisterName = Annotated[str | None, Query(pattern=f"^({_NAMES})$")]


@router.get("", summary="规则 every rule of every register")
async def rules(
    request: Request,
    register: RegisterName = None,
    severity: Annotated[str | None, Query(pattern=f"^({'|'.join(Severity)})$")] = None,
) -> Response:
    async with writing(serving_of(request)) as connection:
        await steward_of(connection, request)
    found = rule_summaries(load_indicators(serving_of(request).settings), request.state.language, register, severity)
    told = [{**asdict(one), "href": address(request, "stewardship", "rules", one.rule)} for one in found]
    return JSONResponse({"rules": told}, headers=PRIVATE)


@router.get("/{rule}", summary="一条规则 one rule with examples and history")
async def one_rule(request: Request, rule: str, register: RegisterName = None) -> Response:
    """``register`` tells apart the rules of a row as such, which every register has."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        today = datetime.now(UTC).astimezone(ZoneInfo(serving.city.timezone)).date()
        indicators = load_indicators(serving.settings)
        found = await rule_document(connection, rule, indicators, request.state.language, today, register)
        departments = await departments_of_sources(connection)
    return JSONResponse(_told(found, officer, departments), headers=PRIVATE)


async def departments_of_sources(connection: Any) -> dict[str, str]:
    """Source → its department."""
    rows = await connection.fetch("SELECT name, department FROM jishi.source")
    return {row["name"]: row["department"] for row in rows}


def seen_history(found: RuleDocument, officer: Officer, departments: dict[str, str]) -> list[RuleChange]:
    """Changes of the register's rule, and those of sources that are there for the officer."""
    return [one for one in found.history if one.source is None or officer.sees(departments.get(one.source, ""))]


def _told(found: RuleDocument, officer: Officer, departments: dict[str, str]) -> dict[str, Any]:
    return {
        **asdict(found.summary),
        "passing": dict(found.passing),
        "failing": dict(found.failing) if found.failing is not None else None,
        "no_failing": found.no_failing,
        "overrides": {s: how for s, how in found.overrides.items() if officer.sees(departments.get(s, ""))},
        "history": [
            {**asdict(one), "changed_at": one.changed_at.isoformat()}
            for one in seen_history(found, officer, departments)
        ],
    }
