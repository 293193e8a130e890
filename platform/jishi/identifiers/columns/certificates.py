"""Electronic certificate identifiers in columns: how each reads and what its check character says (step standardise)."""

from __future__ import annotations

import numpy as np
import polars as pl

from jishi.identifiers import certificate_id
from jishi.identifiers.columns.text import lookup, matrix, normalise_column, spread
from jishi.identifiers.organisation_code import ALPHABET
from jishi.identifiers.reading import Reading

_SHAPE = f"^{certificate_id.SHAPE.pattern}$"
_PARTS = ("type_code", "issuer_code", "serial", "version", "check_actual")


def certificate_ids(raw: pl.Series) -> pl.DataFrame:
    """Facts of a column of raw certificate identifiers, as ``certificate_id.check`` gives them one by one.

    Columns: value (with the root), read, check_expected, check_actual, type_code, issuer_code, serial, version.
    """
    text = normalise_column(raw)
    frame = pl.DataFrame({"text": text}).with_columns(
        pl.col("text").str.extract_groups(_SHAPE).struct.rename_fields(list(_PARTS)).alias("part"),
        long=pl.col("text").str.len_chars() > certificate_id.LONGEST,
    )
    frame = frame.with_columns(fine=pl.col("part").struct["type_code"].is_not_null() & ~pl.col("long").fill_null(False))
    rooted = pl.col("text").str.starts_with(certificate_id.ROOT + ".")
    found = frame.select(
        value=pl.when("fine").then(pl.when(rooted).then("text").otherwise(certificate_id.ROOT + "." + pl.col("text"))),
        read=pl.when(pl.col("text").is_null())
        .then(None)
        .when("long")
        .then(pl.lit(Reading.LENGTH.value))
        .when("fine")
        .then(pl.lit(Reading.OK.value))
        .otherwise(pl.lit(Reading.CHARACTERS.value)),
        **{part: pl.when("fine").then(pl.col("part").struct[part]) for part in _PARTS},
    )
    fine = frame["fine"].fill_null(False)
    bodies = found.filter(fine).select(pl.concat_str(*_PARTS[:4])).to_series()
    expected = spread(pl.DataFrame({"check_expected": _check_characters(bodies)}), fine)
    facts = found.with_columns(expected["check_expected"])
    return facts.select("value", "read", "check_expected", "check_actual", *_PARTS[:4])


def _check_characters(bodies: pl.Series) -> pl.Series:
    """``certificate_id.check_character`` for bodies of all lengths; those of one length go together."""
    frame = pl.DataFrame({"body": bodies}).with_row_index("at").with_columns(size=pl.col("body").str.len_bytes())
    found = [pl.DataFrame(schema={"at": pl.UInt32, "check": pl.String})]
    for (size,), part in frame.group_by("size"):
        numbers = lookup(ALPHABET)[matrix(part["body"], int(str(size)))]
        carry = np.full(len(part), 36, dtype=np.int16)
        for place in range(numbers.shape[1]):
            total = (carry + numbers[:, place]) % 36
            carry = np.where(total == 0, 36, total).astype(np.int16) * 2 % 37
        check = pl.Series(list(ALPHABET)).gather(pl.Series(((37 - carry) % 36).astype(np.uint32)))
        found.append(pl.DataFrame({"at": part["at"], "check": check}))
    return pl.concat(found).sort("at")["check"]
