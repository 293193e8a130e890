"""What a rule demands, as a sentence in either language (behind the road in)."""

from __future__ import annotations

from jishi.messages import catalogue, render
from jishi.quality.report import ZH, element_title, limits_of
from jishi.registers.element import Rule


def demand_text(rule: Rule, language: str) -> str:
    """In plain words what a row has to satisfy; a rule with no end on one side says so in words that fit."""
    code = f"DEM-{rule.message}"
    lowest, highest = rule.param("min"), rule.param("max")
    if rule.message == "QLT-RANGE" and None in (lowest, highest):
        code += "-MIN" if highest is None else "-MAX"
    return render(code, language, title=element_title(rule, language), **limits_of(rule, language))


def has_demand(rule: Rule) -> bool:
    return demand_text(rule, ZH) != f"DEM-{rule.message}" and f"DEM-{rule.message}" in catalogue()
