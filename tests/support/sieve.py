"""A stand-in for the evaluation of rules in long runs, where Great Expectations' second a batch would be all there is.

It refuses from the staged facts what the rules refuse of the feeds in :mod:`feeds`, and touches nothing else of the road.
"""

from __future__ import annotations

from typing import Any

from jishi.quality.validate import Validation
from jishi_ingest.examine import Examined


async def by_check_character(road: Any, connection: Any, delivery: Any, staged: Any) -> Examined:
    """Refuses conflicting keys, and numbers with a wrong check character."""
    bad = f"{staged.table}_bad"
    actual = sorted(name for name in staged.columns if name.endswith("__check_actual"))
    wrong = " OR ".join(f"{name} <> {name.replace('actual', 'expected')}" for name in actual)
    await connection.execute(
        f"CREATE UNLOGGED TABLE {bad} AS SELECT row_number, ARRAY[CASE WHEN row__key_conflict THEN 'ING-KEY-CONFLICT'"
        f" ELSE 'check_character' END] AS reasons, '{{}}'::text[] AS warnings FROM {staged.table}"
        f" WHERE row__key_conflict OR {wrong}"
    )
    found = await connection.fetch(
        f"SELECT row_number, source_key, reasons FROM {bad} JOIN {staged.table} USING (row_number)"
    )
    refused = {row["row_number"]: (row["source_key"], list(row["reasons"])) for row in found}
    name = delivery.register.name
    return Examined(Validation(name, "", bad, staged.received, len(refused), 0, ()), bad, refused)
