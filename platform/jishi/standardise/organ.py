"""What stands where an organ's name should stand: real files hold GUIDs, dates, numbers, addresses (step standardise)."""

from __future__ import annotations

import polars as pl

OK = "ok"

# The first form that fits decides; every one was seen in published credit reports.
FORMS = (
    ("guid", r"^[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}$"),
    ("date", r"^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?$"),
    ("with_date", r"日期[:：]|\d{4}年\d{1,2}月\d{1,2}日"),
    ("number", r"[〔\[（(](?:19|20)\d{2}[〕\])）]|\d号$"),
    ("system", r"系统(?:-?\d+)?$"),
    ("numbered", r"[(（]\d+[)）]$"),
    ("no_name", r"^[^\p{Han}]*$"),
)


def organ_forms(names: pl.Series) -> pl.Series:
    """``ok`` or the name of the first of :data:`FORMS`; null for nothing.

    >>> organ_forms(pl.Series(["某市住建局", "39f58a70-a952-4ab2-bf3f-f1aea2655584", "某局(2)", "某函〔2022〕13号"])).to_list()
    ['ok', 'guid', 'numbered', 'number']
    """
    fits = [pl.when(pl.col("name").str.contains(pattern)).then(pl.lit(form)) for form, pattern in FORMS]
    known = pl.when(pl.col("name").is_not_null()).then(pl.lit(OK))
    return pl.DataFrame({"name": names}).select(form=pl.coalesce(*fits, known))["form"]
