"""The publish lock of a register and the instant a publication records: one at a time, clocks strictly increasing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class Clock:
    """State of a register under its lock; ``recorded_at`` is later than everything recorded before."""

    recorded_at: datetime
    last_seq: int
    last_contribution_id: int

    @property
    def millisecond(self) -> int:
        return int(self.recorded_at.timestamp() * 1000)


async def lock_register(connection: asyncpg.Connection, register: Register) -> Clock:
    """Take the register's publish lock until the transaction ends."""
    await connection.execute(
        "INSERT INTO jishi.register_state"
        " (register, name, last_seq, last_recorded_at, last_contribution_id, turned_to)"
        " VALUES ($1, $2, 0, '-infinity', 0, now()) ON CONFLICT DO NOTHING",
        register.number,
        register.name,
    )
    state = await connection.fetchrow(
        "SELECT clock_timestamp() AS now, last_seq, last_recorded_at, last_contribution_id"
        " FROM jishi.register_state WHERE register = $1 FOR UPDATE",
        register.number,
    )
    now = await connection.fetchval("SELECT clock_timestamp()")
    last: datetime = state["last_recorded_at"]
    recorded_at = now if last.year == 1 or now > last else last + timedelta(microseconds=1)
    return Clock(recorded_at, state["last_seq"], state["last_contribution_id"])
