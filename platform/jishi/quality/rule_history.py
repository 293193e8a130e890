"""Who changed which rule when: rules as declared now are held against what was last recorded, and what differs is written down.

A release changes a register's rules, the operator of a city what a source says differently. Recorded when a deployment
migrates and when its scheduler begins; append-only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import asyncpg

from jishi.access.acts import operator
from jishi.quality.demand import demand_text
from jishi.quality.override import Override
from jishi.quality.report import EN, ZH
from jishi.registers.catalog import registers
from jishi.registers.element import Rule
from jishi.registers.register import Register

DECLARE, CHANGE, WITHDRAW = "declare", "change", "withdraw"

Overrides = Mapping[str, tuple[str, Mapping[str, Override]]]
"""Source → its register, and its severities by rule id."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """``source`` None: the register's own rule; else what that source says differently."""

    register: str
    rule: str
    source: str | None
    act: str
    severity: str
    demand: Mapping[str, str]  # by language; empty for an override
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Declared:
    register: str
    rule: str
    source: str | None
    digest: str
    severity: str
    told: Mapping[str, Any]


async def record_rules(connection: asyncpg.Connection, overrides: Overrides | None = None) -> int:
    """Write down what changed since the last time; how many changes. ``overrides`` None: sources are not known here, and
    their own severities stay as recorded."""
    declared = list(_of_registers())
    if overrides is not None:
        declared += _of_sources(overrides)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        known = {(row["register"], row["rule"], row["source"]): row for row in await connection.fetch(_LAST + _NEWEST)}
        changes = []
        for one in declared:
            last = known.pop((one.register, one.rule, one.source), None)
            if last is None or last["act"] == WITHDRAW:
                changes.append(_row(one, DECLARE))
            elif last["digest"] != one.digest:
                changes.append(_row(one, CHANGE))
        gone = [row for row in known.values() if overrides is not None or row["source"] is None]
        for row in gone:
            if row["act"] != WITHDRAW:
                last_said = _Declared(row["register"], row["rule"], row["source"], row["digest"], row["severity"], {})
                changes.append(_row(last_said, WITHDRAW))
        await connection.executemany(_INSERT, changes)
    return len(changes)


async def changes_of(connection: asyncpg.Connection, rule: str, register: str | None = None) -> list[RuleChange]:
    """Every change of a rule and of what sources say of it, newest first."""
    rows = await connection.fetch(_CHANGES, rule, register)
    return [
        RuleChange(
            row["register"],
            row["rule"],
            row["source"],
            row["act"],
            row["severity"],
            json.loads(row["told"]).get("demand", {}),
            row["changed_by"],
            row["changed_at"],
        )
        for row in rows
    ]


async def overrides_of(connection: asyncpg.Connection, rule: str, register: str) -> dict[str, str]:
    """Source → the severity it gives the rule now."""
    rows = await connection.fetch(_LAST + " WHERE rule = $1 AND register = $2" + _NEWEST, rule, register)
    return {row["source"]: row["severity"] for row in rows if row["source"] and row["act"] != WITHDRAW}


def _of_registers() -> Iterable[_Declared]:
    for register in registers().values():
        for rule in register.rules:
            demand = {language: demand_text(rule, language) for language in (ZH, EN)}
            told = {"demand": demand, "standard": standard_of(register, rule)}
            yield _Declared(register.name, rule.id, None, _digest(rule, told), rule.severity.value, told)


def _of_sources(overrides: Overrides) -> Iterable[_Declared]:
    for source, (register, rules) in overrides.items():
        for rule, override in rules.items():
            told = override.model_dump(mode="json")
            yield _Declared(register, rule, source, _digest(told), override.severity.value, told)


def standard_of(register: Register, rule: Rule) -> str:
    """Standard and clause of the element a rule stands under; ``P``: this project's own."""
    element = register.elements.get(rule.element)
    return element.standard if element else "P"


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _row(one: _Declared, act: str) -> tuple[object, ...]:
    by = f"release:{version('jishi')}" if one.source is None else f"operator:{operator().name}"
    told = json.dumps(dict(one.told), ensure_ascii=False)
    return (one.register, one.rule, one.source, act, one.digest, one.severity, told, by)


_LOCK = 7_307
"""Key of the advisory lock under which two starting workers do not both record the same change."""

_NEWEST = " ORDER BY register, rule, source, change_id DESC"
_LAST = "SELECT DISTINCT ON (register, rule, source) * FROM jishi.rule_change"

_INSERT = """
INSERT INTO jishi.rule_change (register, rule, source, act, digest, severity, told, changed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""

_CHANGES = """
SELECT * FROM jishi.rule_change
WHERE rule = $1 AND ($2::text IS NULL OR register = $2)
ORDER BY change_id DESC"""
