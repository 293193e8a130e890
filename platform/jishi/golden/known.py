"""What the links of a source already know, compared in memory so that unchanged rows are settled before anything is made of them.

A row is settled only if its cells are, as delivered, those of the newest revision of a contribution, and that revision was
examined under the very ruleset in force; everything else takes the whole road and is compared by key and digest of its
standardised values. All of these are keyed tags, no values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import polars as pl

from jishi.golden.newest import newest
from jishi.identifiers.keys import Keys, Use
from jishi.registers.register import Register

KEY = ["k1", "k2"]
DIGEST = ["d1", "d2"]
RAW = ["r1", "r2"]
ROW_COLUMNS = ("row_number", "row_fault", "row_surplus")
ABSENT = "00000000-0000-0000-0000-000000000000"
FEW = 8
"""A table is sorted when a delivery asks for more than one in so many of its tags."""

ReadOrder = Callable[[pl.Series], pl.DataFrame]
"""Row numbers → what tells the order of these rows (:func:`jishi.standardise.order.read_order`)."""


def _no_rows() -> pl.Series:
    return pl.Series("row_number", [], dtype=pl.Int64)


@dataclass(frozen=True, slots=True)
class Settled:
    """How the keys of a whole delivery stand to each other and to the links; rows by their numbers, ascending."""

    unchanged: int
    duplicates: pl.Series = field(default_factory=_no_rows)  # rows that repeat another one or are superseded by it
    conflicts: pl.Series = field(default_factory=_no_rows)  # rows of one key with other values, none the newest
    restage: pl.Series = field(default_factory=_no_rows)  # conflicting rows that had been settled as unchanged
    superseded: int = 0  # duplicates that had other values than the newest row


class Finder:
    """Places of 128-bit tags in a table. A few are looked for by one pass over their first halves; for many the table is
    sorted once and searched by halving, so that no hash table is built for a chunk."""

    def __init__(self, first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> None:
        self._tags = (first, second)
        self._sorted: Sorted | None = None
        self._asked = 0

    def find(self, first: pl.Series, second: pl.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Place of each tag, -1 where the table has none. Two tags with one first half: only the first of them is found."""
        self._asked += len(first)
        if self._sorted is None and self._asked * FEW > len(self._tags[0]):
            self._sorted = Sorted(*self._tags)
        if self._sorted is not None:
            return self._sorted.find(first, second)
        near = pl.Series(self._tags[0]).is_in(first.implode()).arg_true().to_numpy().astype(np.int64)
        if not len(near):
            return np.full(len(first), -1)
        places = Sorted(*(half[near] for half in self._tags)).find(first, second)
        return np.where(places >= 0, near[np.maximum(places, 0)], -1)


class Sorted:
    """Tags in the order of their first halves."""

    def __init__(self, first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> None:
        self._order = np.argsort(first, kind="stable").astype(np.int32)
        self._first = first[self._order]
        self._second = second[self._order]

    def find(self, first: pl.Series, second: pl.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
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
    ruleset_id: int
    delivered: list[pl.DataFrame] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.links.height, dtype=bool)  # links whose key the delivery holds
        self.said = np.zeros(self.links.height, dtype=bool)  # of those, links that say what it says

    @classmethod
    async def load(
        cls, connection: asyncpg.Connection, register: Register, source_id: int, ruleset_id: int, keys: Keys
    ) -> Known:
        """Read the links that were examined under ``ruleset_id``."""
        found = await _read(
            connection,
            f"SELECT source_key, digest, raw_tag, hashtext(scope) FROM jishi.{register.name}_link WHERE {_LOADED}",
            _LINK,
            source_id,
            ruleset_id,
        )
        secret = keys.key(Use.DIGEST, 16, detail="raw row")
        return cls(
            pl.DataFrame({name: found[name] for name in (*KEY, *DIGEST, "scope")}),
            Finder(found["r1"], found["r2"]),
            Finder(found["k1"], found["k2"]),
            (int.from_bytes(secret[:8], "big"), int.from_bytes(secret[8:], "big")),
            await _scope_names(connection, register, source_id, found),
            ruleset_id,
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
        met = places[same.to_numpy()]
        self.seen[met] = self.said[met] = True
        known = self.links[met]
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
        self.seen[places[places >= 0]] = True
        self.said[places[same.to_numpy()]] = True
        self.delivered.append(tags.with_columns(same))
        return frame.filter(~same)

    def settle(self, read_order: ReadOrder | None = None) -> Settled:
        """After the last chunk: duplicates and conflicts of the delivery, and how many rows are unchanged.

        With ``read_order`` the newest row of a key is taken; rows that were settled as unchanged take part.
        """
        rows = pl.concat(self.delivered) if self.delivered else pl.DataFrame()
        if rows.is_empty():
            return Settled(0)
        same = int(rows["same"].sum())
        shared = rows.filter(_repeated(rows["k1"]) & rows["clean"])
        shared = shared.filter(pl.struct(KEY).is_duplicated()) if shared.height else shared
        if shared.is_empty():
            return Settled(same)
        groups = shared.with_columns(
            first=pl.col("row_number").min().over(KEY), values=pl.struct(DIGEST).n_unique().over(KEY)
        )
        duplicates = groups.filter((pl.col("values") == 1) & (pl.col("row_number") != pl.col("first")))["row_number"]
        conflict = groups.filter(pl.col("values") > 1)
        conflicts, superseded = conflict["row_number"], 0
        if read_order is not None and len(conflicts):
            found = newest(conflict, read_order(conflicts.sort()), KEY, DIGEST)
            duplicates = pl.concat([duplicates, found.replaced])
            conflicts, superseded = found.conflicts, found.superseded
        dropped = groups.filter(
            pl.col("same") & pl.col("row_number").is_in(pl.concat([duplicates, conflicts]).implode())
        )
        self._unsay(groups, dropped)
        restage = dropped.filter(pl.col("row_number").is_in(conflicts.implode()))["row_number"]
        return Settled(same - dropped.height, duplicates.sort(), conflicts.sort(), restage.sort(), superseded)

    def _unsay(self, groups: pl.DataFrame, dropped: pl.DataFrame) -> None:
        """The links of keys whose settled rows are all dropped: their warnings are not those of this delivery."""
        if dropped.is_empty():
            return
        kept = groups.filter("same").join(dropped, on="row_number", how="anti")
        keys = dropped.join(kept, on=KEY, how="anti")
        places = self.by_key.find(keys["k1"], keys["k2"])
        self.said[places[places >= 0]] = False

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
        scopes = sorted(self.scopes)
        unseen = self.links.filter(~self.seen)
        found = [
            await _read(connection, f"{query} AND source_key = ANY($3::uuid[])", _CONTRIBUTION, source_id, scopes, keys)
            for keys in _pages(_uuids(unseen))
        ]
        others = f"{query} AND (checked <> $3 OR digest = '{ABSENT}')"
        found.append(await _read(connection, others, _CONTRIBUTION, source_id, scopes, self.ruleset_id))
        links = pl.concat([pl.DataFrame({name: part[name] for name in (*KEY, "contribution_id")}) for part in found])
        if self.delivered and not links.is_empty():
            links = links.join(pl.concat(self.delivered), on=KEY, how="anti")
        return links["contribution_id"].to_list()

    async def warnings(self, connection: asyncpg.Connection, register: Register, source_id: int) -> Mapping[str, int]:
        """Warnings that the unchanged rows carry, rule id → rows: counted over them, or over all links but the others."""
        if not self.said.any():
            return {}
        counted = f"SELECT w, count(*) FROM jishi.{register.name}_link, unnest(warnings) w WHERE"
        few = int(self.said.sum()) * 2 <= len(self.said)
        total: Counter[str] = Counter()
        if not few:
            total.update(dict(await connection.fetch(f"{counted} {_LOADED} GROUP BY w", source_id, self.ruleset_id)))
        for keys in _pages(_uuids(self.links.filter(self.said if few else ~self.said))):
            rows = await connection.fetch(
                f"{counted} {_LOADED} AND source_key = ANY($3::uuid[]) GROUP BY w", source_id, self.ruleset_id, keys
            )
            total.update(dict(rows)) if few else total.subtract(dict(rows))
        return {rule: rows for rule, rows in total.items() if rows}

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


def _repeated(halves: pl.Series) -> pl.Series:
    """Whether each value stands more than once; sorting in place needs a fraction of a hash table's memory."""
    ordered = halves.to_numpy(writable=True)
    ordered.sort()
    repeated = pl.Series(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
    return halves.is_in(repeated.implode())


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


def _uuids(rows: pl.DataFrame) -> list[UUID]:
    """The keys of links as the database has them."""
    return [UUID(int=(first << 64) | second) for first, second in rows.select(KEY).iter_rows()]


def _pages(keys: list[UUID], size: int = 100_000) -> Iterator[list[UUID]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


async def _scope_names(
    connection: asyncpg.Connection, register: Register, source_id: int, found: np.ndarray[Any, Any]
) -> Mapping[int, str]:
    """Hash of a scope → the scope, each read from one of its links."""
    _, places = np.unique(found["scope"], return_index=True)
    keys = _uuids(pl.DataFrame({name: found[name][places] for name in KEY}))
    rows = await connection.fetch(
        f"SELECT scope, hashtext(scope) AS short FROM jishi.{register.name}_link"
        " WHERE source_id = $1 AND source_key = ANY($2::uuid[])",
        source_id,
        keys,
    )
    return {row["short"]: row["scope"] for row in rows}


_LOADED = f"source_id = $1 AND checked = $2 AND digest <> '{ABSENT}'"
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
