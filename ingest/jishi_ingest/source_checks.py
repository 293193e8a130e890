"""What is wrong with a declared source beyond its model: unknown registers, elements, rules and transforms (before the road)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from jishi.quality.override import must_refuse
from jishi.registers.catalog import registers
from jishi.registers.element import Severity
from jishi.registers.register import Register
from jishi.standardise.plan import TRANSFORMS

if TYPE_CHECKING:
    from jishi_ingest.source import Source

DECLARED_CRS: Mapping[str, frozenset[str]] = {
    "cgcs2000": frozenset({"EPSG:4490", "EPSG:4326", "OGC:CRS84"}),
    "wgs84": frozenset({"EPSG:4326", "OGC:CRS84"}),
    "gcj02": frozenset({"EPSG:4326", "OGC:CRS84"}),
    "bd09": frozenset({"EPSG:4326", "OGC:CRS84"}),
}
"""What a file may declare under each coordinate system of its source. Makers of GCJ-02 and BD-09 call theirs WGS 84."""


def faults_of(name: str, source: Source) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What the model alone cannot see: place, code and values of each fault."""
    if source.id != name:
        yield "id", "ING-SOURCE-ID", {"id": source.id}
    if source.mode == "delta" and (source.scope or source.absence == "end"):
        yield "mode", "ING-SOURCE-DELTA", {}
    if source.order_by and source.key == "row-hash":
        yield "order_by", "ING-SOURCE-ORDER", {}
    if source.schedule is not None and not re.fullmatch(r"\S+( \S+){4}", source.schedule):
        yield "schedule", "ING-SOURCE-CRON", {"schedule": source.schedule}
    if source.file_crs is not None and source.file_crs not in DECLARED_CRS[source.crs]:
        yield "file_crs", "ING-SOURCE-CRS", {"declared": source.file_crs, "expected": source.crs}
    if (source.connector.kind == "none") != (source.connector.pattern == ""):
        yield "connector", "ING-SOURCE-CONNECTOR", {}
    for element, entry in source.map.items():
        if entry.as_ is not None and entry.as_ not in TRANSFORMS:
            yield f"map.{element}", "ING-SOURCE-TRANSFORM", {"transform": entry.as_}
    register = registers().get(source.register_name)
    if register is None:
        yield "register", "ING-SOURCE-REGISTER", {"register": source.register_name}
        return
    yield from _check_elements(source, register)
    yield from _check_rules(source, register)


def _check_elements(source: Source, register: Register) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Elements that do not exist, that nobody may map, and that must be mapped."""
    for element in source.map.keys() - register.elements.keys():
        yield f"map.{element}", "ING-SOURCE-ELEMENT", {"element": element, "register": register.name}
    for element, declared in register.elements.items():
        if declared.derived and element in source.map:
            yield f"map.{element}", "ING-SOURCE-DERIVED", {"element": element}
        if declared.required is not None and element not in source.map:
            yield "map", "ING-SOURCE-REQUIRED", {"element": element, "title": declared.title}


def _check_rules(source: Source, register: Register) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Rules that do not exist, and those that no source may turn into a warning."""
    known = {rule.id: rule for rule in register.rules}
    for rule_id, override in source.rules.items():
        if rule_id not in known:
            yield f"rules.{rule_id}", "ING-SOURCE-RULE", {"register": register.name}
        elif override.severity is Severity.WARN and must_refuse(register, known[rule_id]):
            yield f"rules.{rule_id}", "ING-SOURCE-RULE-FLOOR", {}
