"""The columns of a standard batch: order, PostgreSQL types of the stage table, bytes for COPY (step standardise)."""

from __future__ import annotations

import io

import polars as pl

from jishi.registers.element import DataElement, Kind
from jishi.registers.register import READ_KINDS, element_columns
from jishi.standardise import certificate, credit
from jishi.standardise.facts import BIRTH, DIVISION, SEX
from jishi.standardise.identifier import facts_of
from jishi.standardise.plan import Plan

FIXED = {
    "row_number": "bigint",
    "effective_from": "timestamptz",
    "ended": "boolean",
    "row__ragged": "boolean",
    "row__replaced": "boolean",
    "row__error": "boolean",
    "row__key_missing": "boolean",
    "row__key_conflict": "boolean",
    "source_key": "uuid",
    "digest": "uuid",
    "origin": "text",
    "scope": "text",
}
"""Columns every batch has, in front of its elements; those of fixed width first, for a reader of
a few columns then need not walk through the others."""

_VALUE_TYPES = {
    Kind.DATE: "date",
    Kind.DECIMAL: "numeric",
    Kind.INTEGER: "bigint",
    Kind.BOOLEAN: "boolean",
}
_BOOLEAN_FACTS = frozenset({"zeros", "category_known", "division_known", "birth_real"})
_POLARS = {
    "bigint": pl.Int64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "double precision": pl.Float64(),
    "numeric": pl.Decimal(38, 6),
    "timestamptz": pl.Datetime("us", "UTC"),
}


def stage_columns(plan: Plan) -> dict[str, str]:
    """Column → PostgreSQL type, in the order of the frame: fixed columns, then each mapped element with its facts."""
    columns = dict(FIXED)
    for name, take in plan.mapped.items():
        columns |= _element_columns(name, plan.register.elements[name])
        if take.transform == "address":
            columns |= {f"{name}__county_named": "boolean", f"{name}__county_single": "boolean"}
    return columns


def polars_type(postgres: str) -> pl.DataType:
    """The type a column of that PostgreSQL type has in the frame (uuid and bytea travel as text)."""
    return _POLARS.get(postgres, pl.String())


def to_copy(frame: pl.DataFrame) -> bytes:
    """The frame as COPY input (FORMAT csv, no header): null is nothing; empty texts (origin, scope) are ``""``."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, null_value="", quote_style="necessary")
    return buffer.getvalue()


def _element_columns(name: str, element: DataElement) -> dict[str, str]:
    if element.kind is Kind.PARTIAL_DATE:
        low, high, precision = element_columns(name, element)
        columns = {low: "date", high: "date", precision: "text"}
    else:
        columns = {name: _VALUE_TYPES.get(element.kind, "text")}
    if element.kind in READ_KINDS:
        columns[f"{name}__read"] = "text"
    if element.kind is Kind.CODE:
        columns[f"{name}__known"] = "boolean"
    if element.kind is Kind.GEOMETRY:
        columns |= _geometry_facts(name, element)
    if element.kind is Kind.IDENTIFIER:
        columns |= _identifier_facts(name, element)
    return columns | _own_facts(name) | dict(credit.FACTS.get(name, {})) | dict(certificate.FACTS.get(name, {}))


def _geometry_facts(name: str, element: DataElement) -> dict[str, str]:
    present = {f"{name}__present": "boolean"} if element.required is not None else {}
    return present | {
        f"{name}__inside": "boolean",
        f"{name}__offset_m": "double precision",
        f"{name}__repaired": "boolean",
    }


def _identifier_facts(name: str, element: DataElement) -> dict[str, str]:
    columns = {f"{name}__scheme": "text", f"{name}__lookup": "uuid"}
    if element.sealed:
        columns[f"{name}__cipher"] = "bytea"
    return columns | {
        f"{name}__{fact}": "boolean" if fact in _BOOLEAN_FACTS else "text" for fact in facts_of(name, element)
    }


def _own_facts(name: str) -> dict[str, str]:
    """Facts that single elements have beside those of their kind; the last two are filled by a later step, in SQL."""
    return {
        SEX: {f"{SEX}__definite": "text"},
        BIRTH: {f"{BIRTH}__prefix": "text"},
        DIVISION: {
            f"{DIVISION}__expected": "boolean",
            f"{DIVISION}__known": "boolean",
            f"{DIVISION}__name": "text",
            f"{DIVISION}__other_name": "text",
        },
        "parent_code": {"parent_code__known": "boolean"},
    }.get(name, {})
