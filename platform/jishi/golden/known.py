"""What the links of a source already know, compared in memory so that unchanged rows are settled before staging.

A row is settled only if its key and digest equal the newest revision of its contribution and that revision was examined
under the very ruleset in force; everything else takes the whole road. Keys and digests are keyed tags, no values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import numpy as np
import polars as pl

from jishi.registers.register import Register

KEY = ["k1", "k2"]
DIGEST = ["d1", "d2"]


@dataclass(frozen=True, slots=True)
class Settled:
    """How the keys of a whole delivery stand to each other and to the links."""

    unchanged: int
    duplicates: list[int]  # rows that repeat an earlier row
    conflicts: list[int]  # rows of one key with different values
    restage: list[int]  # conflicting rows that had been settled as unchanged


@dataclass
class Known:
    """Tags of one source's links, and of the rows of the delivery seen so far."""

    links: pl.DataFrame
    delivered: list[pl.DataFrame] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)

    @classmethod
    async def load(cls, connection: asyncpg.Connection, register: Register, source_id: int, ruleset_id: int) -> Known:
        """Read the links that were examined under ``ruleset_id``."""
        query = (
            f"SELECT source_key, digest FROM jishi.{register.name}_link"
            " WHERE source_id = $1 AND checked = $2 AND NOT (ended AND digest = '00000000-0000-0000-0000-000000000000')"
        )
        found = await _read_tags(connection, query, source_id, ruleset_id)
        return cls(pl.DataFrame({"k1": found["a1"], "k2": found["a2"], "d1": found["b1"], "d2": found["b2"]}))

    def split(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Note the frame's keys; the rows that are not settled by the links."""
        tags = _tags(frame)
        self.scopes.update(frame["scope"].unique().drop_nulls().to_list())
        if self.links.is_empty():
            self.delivered.append(tags.with_columns(same=pl.lit(False)))
            return frame
        same = tags.join(self.links, on=[*KEY, *DIGEST], how="semi")["row_number"]
        mark = pl.col("row_number").is_in(same.implode())
        self.delivered.append(tags.with_columns(same=mark))
        return frame.filter(~mark)

    def settle(self) -> Settled:
        """After the last chunk: duplicates and conflicts of the delivery, and how many rows are unchanged."""
        rows = pl.concat(self.delivered) if self.delivered else pl.DataFrame()
        if rows.is_empty():
            return Settled(0, [], [], [])
        keyed = rows.filter("clean")
        shared = keyed.filter(pl.struct(KEY).is_duplicated()) if keyed.height else keyed
        same = int(rows["same"].sum())
        if shared.is_empty():
            return Settled(same, [], [], [])
        groups = shared.with_columns(
            first=pl.col("row_number").min().over(KEY), values=pl.struct(DIGEST).n_unique().over(KEY)
        )
        duplicate = groups.filter((pl.col("values") == 1) & (pl.col("row_number") != pl.col("first")))
        conflict = groups.filter(pl.col("values") > 1)
        settled = int(duplicate["same"].sum()) + int(conflict["same"].sum())
        return Settled(
            same - settled,
            duplicate["row_number"].to_list(),
            conflict["row_number"].to_list(),
            conflict.filter("same")["row_number"].to_list(),
        )

    async def absent(self, connection: asyncpg.Connection, register: Register, source_id: int) -> list[int]:
        """Contributions within the delivered scopes whose keys the delivery does not hold."""
        query = (
            f"SELECT source_key, lpad(to_hex(contribution_id), 32, '0')::uuid FROM jishi.{register.name}_link"
            " WHERE source_id = $1 AND NOT ended AND scope = ANY($2::text[])"
        )
        found = await _read_tags(connection, query, source_id, sorted(self.scopes))
        links = pl.DataFrame({"k1": found["a1"], "k2": found["a2"], "contribution_id": found["b2"].astype(np.int64)})
        if not self.delivered or links.is_empty():
            return [int(number) for number in links["contribution_id"]]
        return links.join(pl.concat(self.delivered), on=KEY, how="anti")["contribution_id"].to_list()

    async def warnings(self, connection: asyncpg.Connection, register: Register, source_id: int) -> Mapping[str, int]:
        """Warnings that the unchanged rows carry, rule id → rows."""
        found = await connection.fetch(
            f"SELECT replace(source_key::text, '-', '') AS source_key, warnings FROM jishi.{register.name}_link"
            " WHERE source_id = $1 AND warnings IS NOT NULL",
            source_id,
        )
        if not found or not self.delivered:
            return {}
        warned = pl.DataFrame(
            {"source_key": [row["source_key"] for row in found], "warning": [row["warnings"] for row in found]}
        )
        tags = warned.with_columns(**_halves(warned["source_key"], KEY))
        rows = pl.concat(self.delivered).filter("same").unique(KEY)
        counted = tags.join(rows, on=KEY, how="semi")["warning"].explode().value_counts()
        return dict(zip(counted["warning"], counted["count"], strict=True))


def _tags(frame: pl.DataFrame) -> pl.DataFrame:
    """row_number, key, digest, and whether the row is fit to be compared by key."""
    clean = ~(frame["row__ragged"] | frame["row__replaced"]) & frame["source_key"].is_not_null()
    keys = frame["source_key"].fill_null("0" * 32)
    return pl.DataFrame(
        {
            "row_number": frame["row_number"],
            **_halves(keys, KEY),
            **_halves(frame["digest"], DIGEST),
            "clean": clean,
        }
    )


def _halves(tags: pl.Series, names: list[str]) -> dict[str, pl.Series]:
    """Hexadecimal 128-bit tags as two unsigned 64-bit columns."""
    packed = np.frombuffer(bytes.fromhex("".join(tags.to_list())), dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return {name: pl.Series(name, packed[:, position]) for position, name in enumerate(names)}


_RECORD = np.dtype(
    [("n", ">i2"), ("la", ">i4"), ("a1", ">u8"), ("a2", ">u8"), ("lb", ">i4"), ("b1", ">u8"), ("b2", ">u8")]
)


async def _read_tags(connection: asyncpg.Connection, query: str, *args: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """Two uuid columns by binary COPY as a structured array (header 19 bytes, trailer 2: PostgreSQL, COPY, binary format)."""
    parts: list[bytes] = []

    async def keep(data: bytes) -> None:
        parts.append(bytes(data))

    await connection.copy_from_query(query, *args, output=keep, format="binary")
    body = b"".join(parts)[19:-2]
    found = np.frombuffer(body, dtype=_RECORD)
    return found.astype(_RECORD.newbyteorder("="))
