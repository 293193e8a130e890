"""What the links of a source already know, compared in memory so that unchanged rows are settled before anything is made of them.

A row is settled only if its cells are, as delivered, those of the newest revision of a contribution, and that revision was
examined under the very ruleset in force; everything else takes the whole road and is compared by key and digest of its
standardised values. All of these are keyed tags, no values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import polars as pl

from jishi.identifiers.keys import Keys, Use
from jishi.registers.register import Register

KEY = ["k1", "k2"]
DIGEST = ["d1", "d2"]
RAW = ["r1", "r2"]
ROW_COLUMNS = ("row_number", "row_fault", "row_surplus")
ABSENT = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Settled:
    """How the keys of a whole delivery stand to each other and to the links."""

    unchanged: int
    duplicates: list[int]  # rows that repeat an earlier row
    conflicts: list[int]  # rows of one key with different values
    restage: list[int]  # conflicting rows that had been settled as unchanged


class Finder:
    """Places of 128-bit tags in a table, by binary search over their first halves; no hash table is built for a chunk."""

    def __init__(self, first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> None:
        self._order = np.argsort(first, kind="stable").astype(np.int32)
        self._first = first[self._order]
        self._second = second[self._order]

    def find(self, first: pl.Series, second: pl.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Place of each tag, -1 where the table has none. Two tags with one first half: only the first of them is found."""
        places = np.minimum(np.searchsorted(self._first, first.to_numpy()), len(self._first) - 1)
        hit = (self._first[places] == first.to_numpy()) & (self._second[places] == second.to_numpy())
        return np.where(hit, self._order[places], -1)


@dataclass
class Known:
    """Tags of one source's links, and of the rows of the delivery seen so far."""

    links: pl.DataFrame
    by_raw: Finder
    by_key: Finder
    seeds: tuple[int, int]
    scope_names: Mapping[int, str]
    delivered: list[pl.DataFrame] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)

    @classmethod
    async def load(
        cls, connection: asyncpg.Connection, register: Register, source_id: int, ruleset_id: int, keys: Keys
    ) -> Known:
        """Read the links that were examined under ``ruleset_id``."""
        table = f"jishi.{register.name}_link"
        found = await _read(
            connection,
            f"SELECT source_key, digest, raw_tag, hashtext(scope) FROM {table}"
            f" WHERE source_id = $1 AND checked = $2 AND digest <> '{ABSENT}'",
            _LINK,
            source_id,
            ruleset_id,
        )
        scopes = await connection.fetch(
            f"SELECT DISTINCT scope, hashtext(scope) AS short FROM {table} WHERE source_id = $1", source_id
        )
        secret = keys.key(Use.DIGEST, 16, detail="raw row")
        return cls(
            pl.DataFrame({name: found[name] for name in (*KEY, *DIGEST, "scope")}),
            Finder(found["r1"], found["r2"]),
            Finder(found["k1"], found["k2"]),
            (int.from_bytes(secret[:8], "big"), int.from_bytes(secret[8:], "big")),
            {row["short"]: row["scope"] for row in scopes},
        )

    def tag(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The delivered rows with their raw tags (columns ``r1``, ``r2``)."""
        return raw.with_columns(**self._raw_tags(raw))

    def split_raw(self, tagged: pl.DataFrame) -> pl.DataFrame:
        """Settle the tagged rows that the links know; the rest."""
        if self.links.is_empty():
            return tagged
        places = self.by_raw.find(tagged["r1"], tagged["r2"])
        same = pl.Series("same", places >= 0) & tagged["row_fault"].is_null()
        known = self.links[places[same.to_numpy()]]
        self.scopes.update(self.scope_names[short] for short in known["scope"].unique())
        rows = tagged.filter(same).select("row_number")
        settled = pl.concat([rows, known.select(*KEY, *DIGEST)], how="horizontal")
        self.delivered.append(settled.with_columns(clean=pl.lit(True), same=pl.lit(True)))
        return tagged.filter(~same)

    def split(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Note the keys of standardised rows; those that say something else than the links."""
        tags = _tags(frame)
        self.scopes.update(frame.filter(tags["clean"])["scope"].unique().drop_nulls().to_list())
        if self.links.is_empty():
            self.delivered.append(tags.with_columns(same=pl.lit(False)))
            return frame
        places = self.by_key.find(tags["k1"], tags["k2"])
        said = self.links[np.maximum(places, 0)]
        scope = frame["scope"].replace_strict({name: short for short, name in self.scope_names.items()}, default=None)
        same = (
            pl.Series("same", places >= 0)
            & (said["d1"] == tags["d1"])
            & (said["d2"] == tags["d2"])
            & (said["scope"] == scope.cast(pl.Int32)).fill_null(False)
            & tags["clean"]
        )
        self.delivered.append(tags.with_columns(same))
        return frame.filter(~same)

    def settle(self) -> Settled:
        """After the last chunk: duplicates and conflicts of the delivery, and how many rows are unchanged."""
        rows = pl.concat(self.delivered) if self.delivered else pl.DataFrame()
        if rows.is_empty():
            return Settled(0, [], [], [])
        same = int(rows["same"].sum())
        shared = rows[_repeated(rows["k1"])].filter("clean")
        shared = shared.filter(pl.struct(KEY).is_duplicated()) if shared.height else shared
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

    def holds(self, keys: list[UUID]) -> list[UUID]:
        """Those of the keys under which the delivery has an undamaged row."""
        if not keys or not self.delivered:
            return []
        rows = pl.concat(self.delivered).filter("clean")
        tags = pl.Series([key.hex for key in keys])
        asked = pl.DataFrame({"place": range(len(keys)), **_halves(tags, KEY)})
        return [keys[place] for place in asked.join(rows, on=KEY, how="semi")["place"]]

    async def absent(self, connection: asyncpg.Connection, register: Register, source_id: int) -> list[int]:
        """Contributions within the delivered scopes whose keys the delivery does not hold."""
        query = (
            f"SELECT source_key, contribution_id FROM jishi.{register.name}_link"
            " WHERE source_id = $1 AND NOT ended AND scope = ANY($2::text[])"
        )
        found = await _read(connection, query, _CONTRIBUTION, source_id, sorted(self.scopes))
        links = pl.DataFrame({name: found[name] for name in (*KEY, "contribution_id")})
        if not self.delivered or links.is_empty():
            return [int(number) for number in links["contribution_id"]]
        return links.join(pl.concat(self.delivered), on=KEY, how="anti")["contribution_id"].to_list()

    async def warnings(self, connection: asyncpg.Connection, register: Register, source_id: int) -> Mapping[str, int]:
        """Warnings that the unchanged rows carry, rule id → rows."""
        if self.links.is_empty():
            return {}
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

    def _raw_tags(self, raw: pl.DataFrame) -> dict[str, pl.Series]:
        """Two 64-bit hashes of all cells as delivered, built differently. Polars' hashing is the same in every process of
        one version; the version is part of the ruleset (:func:`hashing`), so that another one re-examines everything."""
        cells = sorted(set(raw.columns) - set(ROW_COLUMNS))
        texts = [pl.col(name) for name in cells if raw[name].dtype == pl.String]
        tags = raw.select(
            r1=pl.struct(cells).hash(self.seeds[0]),
            r2=pl.concat_str([text.fill_null("\x00") for text in texts], separator="\x1f").hash(self.seeds[1])
            if texts
            else pl.struct(cells[::-1]).hash(self.seeds[1]),
        )
        return {name: tags[name] for name in RAW}


def hashing() -> str:
    """What the raw tags depend on besides keys and cells."""
    return f"polars {pl.__version__}"


def _repeated(halves: pl.Series) -> np.ndarray[Any, np.dtype[Any]]:
    """Places of values that stand more than once; sorting needs a fraction of a hash table's memory."""
    values = halves.to_numpy()
    order = np.argsort(values).astype(np.int32)
    ordered = values[order]
    equal = ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(values), dtype=bool)
    repeated[order[1:][equal]] = True
    repeated[order[:-1][equal]] = True
    return np.flatnonzero(repeated)


def _tags(frame: pl.DataFrame) -> pl.DataFrame:
    """row_number, key, digest, and whether the row is fit to be compared by key."""
    clean = ~(frame["row__ragged"] | frame["row__replaced"] | frame["row__error"]) & frame["source_key"].is_not_null()
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


_KEY: list[tuple[str, str]] = [("l1", ">i4"), ("k1", ">u8"), ("k2", ">u8")]
_LINK = np.dtype(
    [
        ("n", ">i2"),
        *_KEY,
        *[("l2", ">i4"), ("d1", ">u8"), ("d2", ">u8")],
        *[("l3", ">i4"), ("r1", ">u8"), ("r2", ">u8")],
        *[("l4", ">i4"), ("scope", ">i4")],
    ]
)
_CONTRIBUTION = np.dtype([("n", ">i2"), *_KEY, ("l2", ">i4"), ("contribution_id", ">i8")])


async def _read(
    connection: asyncpg.Connection, query: str, record: np.dtype[Any], *args: Any
) -> np.ndarray[Any, np.dtype[Any]]:
    """Rows of fixed width by binary COPY as a structured array (PostgreSQL: header 19 bytes, trailer 2)."""
    parts: list[bytes] = []

    async def keep(data: bytes) -> None:
        parts.append(bytes(data))

    await connection.copy_from_query(query, *args, output=keep, format="binary")
    body = b"".join(parts)[19:-2]
    return np.frombuffer(body, dtype=record).astype(record.newbyteorder("="))
