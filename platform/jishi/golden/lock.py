"""The publish lock of a register and the instant a publication records: one at a time, clocks strictly increasing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class Clock:
    """State of a register under its lock; ``recorded_at`` is later than everything recorded before."""

    recorded_at: datetime
    last_seq: int
    last_contribution_id: int


async def lock_register(connection: asyncpg.Connection, register: Register) -> Clock:
    """Take the register's publish lock until the transaction ends."""
    await connection.execute(
        "INSERT INTO jishi.register_state"
        " (register, name, last_seq, last_recorded_at, last_contribution_id, turned_to)"
        " VALUES ($1, $2, 0, '-infinity', 0, now()) ON CONFLICT DO NOTHING",
        register.number,
        register.name,
    )
    await connection.execute("SELECT FROM jishi.register_state WHERE register = $1 FOR UPDATE", register.number)
    state = await connection.fetchrow(
        "SELECT greatest(clock_timestamp(), last_recorded_at + interval '1 microsecond') AS recorded_at,"
        " last_seq, last_contribution_id FROM jishi.register_state WHERE register = $1",
        register.number,
    )
    return Clock(state["recorded_at"], state["last_seq"], state["last_contribution_id"])
