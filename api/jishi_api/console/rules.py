"""Rules 规则 in the console: what each demands, examples, and who changed it when (query, respond, road out)."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from starlette.responses import Response

from jishi.quality.indicators import load_indicators
from jishi.quality.report import register_title
from jishi.quality.rule_documents import rule_document, rule_summaries
from jishi.registers.catalog import registers
from jishi.registers.element import Severity
from jishi_api.console.batches import SEVERITIES
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.routers.stewardship_rules import departments_of_sources, seen_history

section = Section()

ROLES = ("steward", "auditor", "admin")
ACTS = {"declare": words("declared"), "change": words("changed"), "withdraw": words("withdrawn")}


@section.page("/rules", words("Rules"), roles=ROLES, menu=Menu.QUALITY)
async def listed(visit: Visit) -> Response:
    register = visit.asked.choice("register", list(registers()))
    severity = visit.asked.choice("severity", [one.value for one in Severity])
    visit.asked.check()
    shown = register or next(iter(registers()))
    indicators = load_indicators(visit.serving.settings)
    found = list(rule_summaries(indicators, visit.language, shown, severity))
    return visit.show(
        "rules.html",
        groups=[(title, list(rules)) for title, rules in groupby(found, key=lambda rule: rule.title)],
        registers=[(name, register_title(name, visit.language)) for name in registers()],
        register=shown,
        severities=SEVERITIES,
        titles={code: one.told(visit.language) for code, one in indicators.indicators.items()},
    )


@section.page("/rules/{rule}", words("Rule"), roles=ROLES)
async def one(visit: Visit) -> Response:
    register = visit.asked.choice("register", list(registers()))
    visit.asked.check()
    indicators = load_indicators(visit.serving.settings)
    today = datetime.now(visit.zone).date()
    found = await rule_document(visit.connection, visit.text("rule"), indicators, visit.language, today, register)
    departments = await departments_of_sources(visit.connection)
    overrides = {s: how for s, how in found.overrides.items() if visit.officer.sees(departments.get(s, ""))}
    code = found.summary.indicator
    return visit.show(
        "rule.html",
        rule=found.summary,
        document=found,
        overrides=overrides,
        history=seen_history(found, visit.officer, departments),
        severities=SEVERITIES,
        acts=ACTS,
        indicator=indicators.indicators[code].told(visit.language) if code else None,
        dimension=indicators.dimensions[code[:2]].told(visit.language) if code else None,
    )
