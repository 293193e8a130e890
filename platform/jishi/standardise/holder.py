"""Holders of certificates 持证主体: whose number a code is, decided a row by the type that stands beside it (step
standardise)."""

from __future__ import annotations

import polars as pl

from jishi.identifiers.columns import person_documents, usccs
from jishi.standardise.code import map_codes
from jishi.standardise.delivery import Delivery
from jishi.standardise.plan import Take
from jishi.standardise.text import blank

HOLDERS = ("holder_code", "holder2_code")
CODE_TYPES = "holder_code_type"
ORGANISATION, OTHER_ORGANISATION = "001", "099"
"""Types of GB/T 36903-2018 appendix A that are no person's; every other one is."""

_FACTS = ("value", "read", "scheme", "check_expected", "check_actual", "type")


def read_holders(name: str, take: Take, delivery: Delivery) -> pl.DataFrame:
    """value, read, scheme, check_expected, check_actual, type (as the number's form tells it), public.

    Without a type a number is an organisation's if it is a right credit code of a known category, else a person's.
    ``public``: such a credit code, which names no person and is shown as it is; every other number has its mask.
    """
    plan, numbers = delivery.plan, delivery.numbers(take)
    codes = usccs(numbers, plan.known_divisions)
    right = (codes["check_expected"] == codes["check_actual"]) & codes["category_known"]
    stated = _stated(name, delivery)
    kind = pl.DataFrame({"stated": stated, "right": right.fill_null(False)}).select(
        organisation=pl.when(pl.col("stated").is_null()).then("right").otherwise(pl.col("stated") == ORGANISATION),
        other=(pl.col("stated") == OTHER_ORGANISATION).fill_null(False),
    )
    organisations = codes.with_columns(
        scheme=pl.lit("uscc"), type=pl.when(right.fill_null(False)).then(pl.lit(ORGANISATION))
    )
    others = pl.DataFrame({"value": numbers}).with_columns(
        pl.when(pl.col("value").is_not_null()).then(pl.lit("ok")).alias("read"),
        pl.lit("other_organisation").alias("scheme"),
        *(pl.lit(None, pl.String).alias(fact) for fact in ("check_expected", "check_actual", "type")),
    )
    of_persons = blank(numbers, kind["organisation"].fill_null(False) | kind["other"])
    persons = person_documents(of_persons, plan.known_divisions, plan.today)
    frame = pl.concat(
        [
            found.select(pl.col(*_FACTS).name.prefix(f"{which}_"))
            for which, found in (("organisation", organisations), ("other", others), ("person", persons))
        ]
        + [kind],
        how="horizontal",
    )
    chosen = frame.select(
        pl.when("organisation")
        .then(f"organisation_{fact}")
        .when("other")
        .then(f"other_{fact}")
        .otherwise(f"person_{fact}")
        .alias(fact)
        for fact in _FACTS
    )
    return chosen.with_columns(public=kind["organisation"].fill_null(False) & right.fill_null(False))


def _stated(name: str, delivery: Delivery) -> pl.Series:
    take, code_list = delivery.plan.mapped.get(f"{name}_type"), delivery.plan.code_lists.get(CODE_TYPES)
    if take is None or code_list is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, delivery.raw.height)
    return map_codes(delivery.take(take), code_list)["value"]
