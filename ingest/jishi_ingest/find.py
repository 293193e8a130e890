"""Finding received rows again: in which deliveries of a source each row of a file stood, and what became of it.

The file's rows and the deliveries' are compared by their lasting hashes. The file is gone through in windows and every
delivery in blocks, so memory follows the window and the number of places told of a row, not the length of either.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import numpy as np

from jishi.errors import InputRefusedError, JishiError
from jishi.golden.received import Kept, deliveries_like, deliveries_of
from jishi.identifiers.received import hash_rows
from jishi.registers.catalog import register_of
from jishi.storage.engine import connect
from jishi_ingest.connectors.read import read_delivery
from jishi_ingest.hits import Hits, Numbers, Window
from jishi_ingest.places import Place, tell
from jishi_ingest.road import Road
from jishi_ingest.row_hashes import Hashes, hashes_of
from jishi_ingest.source import Source, read_options

WINDOW_ROWS = 500_000
"""Rows of the file that are looked for at once."""

PAGE_ROWS = 2_000
"""Rows of the file whose fates the database is asked for at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """One row of the file; ``places`` are the newest of all the ``times`` it was received."""

    row: int
    times: int
    places: tuple[Place, ...]


@dataclass
class Search:
    """One search; after :meth:`rows` is exhausted, ``read`` and ``found`` count the file's rows, ``blind`` names batches
    whose rows could not be compared, and ``fault`` says why the file itself could not be read to its end."""

    road: Road
    source: Source
    file: Path
    limit: int = 20
    read: int = 0
    found: int = 0
    blind: set[int] = field(default_factory=set)
    fault: InputRefusedError | None = None

    async def same_bytes(self) -> tuple[str, list[int]]:
        """SHA-256 of the file (hex), and the batches whose bytes were these: also those refused whole."""
        digest = await asyncio.to_thread(_sha256, self.file)
        connection = await connect(self.road.url, application="jishi-find")
        try:
            return digest.hex(), await deliveries_like(connection, self.source.id, digest)
        finally:
            await connection.close()

    async def rows(self) -> AsyncIterator[Found]:
        """The rows of the file in their order."""
        connection = await connect(self.road.url, application="jishi-find")
        try:
            deliveries = _grouped(await deliveries_of(connection, self.source.id))
            windows = self._windows()
            while (window := await asyncio.to_thread(next, windows, None)) is not None:
                hits = await asyncio.to_thread(self._look, window, deliveries)
                for start in range(0, len(window.rows), PAGE_ROWS):
                    for found in await self._page(connection, deliveries, window, hits, start):
                        self.read += 1
                        self.found += found.times > 0
                        yield found
        finally:
            await connection.close()

    def _windows(self) -> Iterator[Window]:
        """The file's hashes, so many rows at a time; reading stops at the first fault."""
        parts: list[Hashes] = []
        try:
            with self.file.open("rb") as stream:
                reading = read_delivery(stream, self.file.name, read_options(self.source, self.road.settings))
                for chunk in reading.chunks:
                    halves = hash_rows(self.road.keys, chunk).view(">u8").astype(np.uint64)
                    parts.append(Hashes(chunk["row_number"].to_numpy(), halves[:, 0], halves[:, 1]))
                    if sum(len(part.rows) for part in parts) >= WINDOW_ROWS:
                        yield Window(parts)
                        parts = []
        except InputRefusedError as error:
            self.fault = error
        if parts:
            yield Window(parts)

    def _look(self, window: Window, deliveries: Sequence[Sequence[Kept]]) -> Hits:
        """Where the window's rows stand."""
        hits = Hits(window, self.limit)
        for position, same in enumerate(deliveries):
            try:
                matches = list(self._matches(window, same[0]))
            except JishiError:
                self.blind.update(one.batch_id for one in same if one.received is not None)
                continue
            for places, rows in matches:
                hits.add(position, len(same), places, rows)
        return hits.close()

    def _matches(self, window: Window, kept: Kept) -> Iterator[tuple[Numbers, Numbers]]:
        for part in hashes_of(self.road, self.source, kept):
            places = window.find(part)
            hit = places >= 0
            if hit.any():
                yield places[hit], part.rows[hit]

    async def _page(
        self,
        connection: asyncpg.Connection,
        deliveries: Sequence[Sequence[Kept]],
        window: Window,
        hits: Hits,
        begin: int,
    ) -> list[Found]:
        """Some rows of the window with what the database knows of them."""
        rows, places = (part[begin : begin + PAGE_ROWS].tolist() for part in (window.rows, window.places))
        received = [
            sorted(
                ((kept, row) for position, row in hits.at(place) for kept in deliveries[position]),
                key=lambda entry: (-entry[0].batch_id, entry[1]),
            )[: self.limit]
            for place in places
        ]
        delivered = {kept.batch_id: kept.delivered_at for same in deliveries for kept in same}
        told = await tell(connection, register_of(self.source.register_name), received, delivered)
        return [Found(row, int(hits.times[place]), where) for row, place, where in zip(rows, places, told, strict=True)]


def _grouped(deliveries: Sequence[Kept]) -> list[list[Kept]]:
    """Deliveries that have rows, those of the same bytes together, ordered by the newest of each: they are gone through
    once, and the first places found of a row are the newest."""
    groups: dict[tuple[bytes, str], list[Kept]] = {}
    for kept in deliveries:
        if kept.status != "refused" or kept.received is not None:
            groups.setdefault((kept.sha256, kept.file_name), []).append(kept)
    return list(groups.values())


def _sha256(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
