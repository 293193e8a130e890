"""Standardise 标准化: one chunk of raw rows becomes one standard batch; the third step of the road, on one screen."""

from __future__ import annotations

import polars as pl

from jishi.standardise.certificate import certificate_facts
from jishi.standardise.credit import credit_facts
from jishi.standardise.delivery import Delivery
from jishi.standardise.elements import standardise_element
from jishi.standardise.facts import cross_facts
from jishi.standardise.plan import Plan
from jishi.standardise.row import add_row_columns
from jishi.standardise.stage import polars_type, stage_columns, to_copy

__all__ = ["stage_columns", "standardise", "to_copy"]


def standardise(raw: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Raw text columns by header, with ``row_number`` and ``row_fault`` → the frame of :func:`stage_columns`.

    Facts, never verdicts: no row is dropped and nothing is refused here; quality asserts over the facts. A Binary
    column holds geometry as WKB, longitude first. No column of the result holds a sealed element's clear number.
    """
    delivery = Delivery(raw, plan)
    columns: list[pl.Series] = []
    for name, take in plan.mapped.items():
        columns += standardise_element(name, plan.register.elements[name], take, delivery).get_columns()
    frame = cross_facts(pl.DataFrame(columns), plan.known_divisions)
    if plan.register.name in _REGISTER_FACTS:
        frame = _REGISTER_FACTS[plan.register.name](frame, delivery)
    frame = add_row_columns(frame, delivery)
    return frame.select(_stage_column(name, kind, frame) for name, kind in stage_columns(plan).items())


_REGISTER_FACTS = {"credit_record": credit_facts, "certificate": certificate_facts}
"""What single registers derive from several elements of a row."""


def _stage_column(name: str, kind: str, frame: pl.DataFrame) -> pl.Expr:
    """The column as the stage table has it; what a later step fills is null."""
    if name not in frame.columns:
        return pl.lit(None, polars_type(kind)).alias(name)
    return pl.col(name)
