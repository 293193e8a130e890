"""What a row is, apart from its elements: key, origin, scope, effective date, faults, digest (step standardise)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from jishi.identifiers.digests import digest_rows, tag_key
from jishi.registers.element import Kind
from jishi.registers.register import element_columns
from jishi.standardise.delivery import Delivery
from jishi.standardise.identifier import Route, route_of
from jishi.standardise.instant import read_instants
from jishi.standardise.plan import ROW_HASH, Plan

ERRORS = (
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
)
"""What a spreadsheet writes where a formula came to nothing."""

NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""What programs write into JSON where a number came to nothing; JSON (RFC 8259) knows none of them."""

_ERROR_TEXTS = pl.Series([*ERRORS, *NOT_NUMBERS]).implode()


def add_row_columns(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """``frame`` of element columns with the fixed columns of a standard batch; a key conflict is not seen here."""
    raw, plan = delivery.raw, delivery.plan
    stated = _stated_effective(delivery)
    fault = raw["row_fault"].cast(pl.String).fill_null("")
    frame = frame.with_columns(
        raw["row_number"].cast(pl.Int64).alias("row_number"),
        _origin(delivery).alias("origin"),
        stated.fill_null(plan.delivered_at).alias("effective_from"),
        _ended(delivery).alias("ended"),
        fault.str.contains("ragged", literal=True).alias("row__ragged"),
        fault.str.contains("replaced", literal=True).alias("row__replaced"),
        _holds_error(delivery).alias("row__error"),
        pl.lit(False).alias("row__key_conflict"),
        stated.alias("stated"),
    )
    frame = frame.with_columns(_scope(frame, delivery).alias("scope"))
    frame = frame.with_columns(_digest(frame, plan), _source_key(frame, delivery))
    return frame.with_columns(row__key_missing=pl.col("source_key").is_null())


def _origin(delivery: Delivery) -> pl.Series:
    if delivery.plan.origin is None:
        return pl.Series([""]).new_from_index(0, delivery.raw.height)
    return delivery.text((delivery.plan.origin,)).fill_null("")


def _ended(delivery: Delivery) -> pl.Series:
    if delivery.plan.deleted is None:
        return pl.Series([False]).new_from_index(0, delivery.raw.height)
    column, marks = delivery.plan.deleted
    return delivery.text((column,)).is_in(list(marks)).fill_null(False)


def _holds_error(delivery: Delivery) -> pl.Series:
    """Rows with an error value in a column the source uses."""
    plan = delivery.plan
    named = [*plan.scope, plan.origin, plan.effective, plan.deleted[0] if plan.deleted else None, *plan.key]
    named += [column for take in plan.takes for column in take.columns]
    found = pl.Series([False]).new_from_index(0, delivery.raw.height)
    for column in {name for name in named if name is not None}.intersection(delivery.raw.columns):
        if delivery.raw[column].dtype == pl.String:
            found |= delivery.raw[column].is_in(_ERROR_TEXTS).fill_null(False)
    return found


def _scope(frame: pl.DataFrame, delivery: Delivery) -> pl.Series:
    """Parts joined by a colon, an unknown one empty; a part is a raw header or, where there is none, an element."""
    parts = []
    for place, name in enumerate(delivery.plan.scope):
        is_element = name in frame.columns and name not in delivery.raw.columns
        part = frame[name].cast(pl.String) if is_element else delivery.text((name,))
        parts.append(part.fill_null("").alias(str(place)))
    if not parts:
        return pl.Series([""]).new_from_index(0, frame.height)
    return pl.DataFrame(parts).select(scope=pl.concat_str(pl.all(), separator=":"))["scope"]


def _stated_effective(delivery: Delivery) -> pl.Series:
    """Instants (UTC) of the effective column, null where it says none."""
    plan = delivery.plan
    if plan.effective is None:
        return pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, delivery.raw.height)
    return read_instants(delivery.text((plan.effective,)), plan.date_order, ZoneInfo(plan.city.timezone))


def _digest(frame: pl.DataFrame, plan: Plan) -> pl.Series:
    """Over every element's value with how it read, the delete mark and the stated effective date.

    Identity numbers count by themselves, not by their lookup, which a key rotation changes.
    """
    columns = []
    for name in plan.mapped:
        element = plan.register.elements[name]
        values = (f"{name}__plain",) if element.kind is Kind.IDENTIFIER else element_columns(name, element)
        columns += [*values, *(f"{name}__{fact}" for fact in ("read", "known") if f"{name}__{fact}" in frame.columns)]
    return digest_rows(plan.sealer.keys, frame, [*columns, "ended", "stated"])


def _source_key(frame: pl.DataFrame, delivery: Delivery) -> pl.Series:
    """Keyed tag of the key columns; a column that gives an identifier counts by its normalised number."""
    plan = delivery.plan
    if plan.key == ROW_HASH:
        return tag_key(plan.sealer.keys, _digest(frame, plan).to_frame("row"), ["row"])
    parts = [_key_part(column, frame, delivery).alias(column) for column in plan.key]
    return tag_key(plan.sealer.keys, pl.DataFrame(parts), [part.name for part in parts])


def _key_part(column: str, frame: pl.DataFrame, delivery: Delivery) -> pl.Series:
    plan = delivery.plan
    numbers = [
        frame[f"{name}__plain"]
        for name, take in plan.mapped.items()
        if column in take.columns and _names_somebody(name, plan)
    ]
    parts = pl.DataFrame([part.alias(str(place)) for place, part in enumerate((*numbers, delivery.text((column,))))])
    return parts.select(part=pl.coalesce(pl.all()))["part"]


def _names_somebody(name: str, plan: Plan) -> bool:
    """Identifiers whose spellings vary; a division code as delivered also tells its level and counts as it stands."""
    element = plan.register.elements[name]
    return element.kind is Kind.IDENTIFIER and route_of(name, element) is not Route.DIVISION
