"""A cell that a spreadsheet program would run is disarmed by the database as by Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jishi.delivery.escape import escape_formula
from jishi_api.export_sql import _disarmed

if TYPE_CHECKING:
    from asyncpg import Connection

CELLS = ["=1", "+1", "+86 512", "-12.5", "-a", "@x", "\tx", "\rx", "\nx", "|x", "＝x", "＠x", " =1", "\u3000=1", "\u200b+x", "\ufeff@",
         "1", "", " ", "苏州", "-1e5", "+1,5%", "=", " -5", "\u00a0=x", "x=1"]  # fmt: skip


async def test_the_database_disarms_a_cell_as_python_does(connection: Connection[Any]) -> None:
    found = await connection.fetch(f"SELECT {_disarmed('v')} AS cell FROM unnest($1::text[]) v", CELLS)
    assert [row["cell"] for row in found] == [escape_formula(cell) for cell in CELLS]
