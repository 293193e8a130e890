"""The hashes of a delivery's rows: made from its bytes, kept in their place when these are purged (step *land*).

The file of hashes lies beside the landed one, sealed like it, ``<uuid>.rows``: eight bytes :data:`MAGIC`, then for each row
20 bytes, big-endian: its number (4) and its hash (16, see :mod:`jishi.identifiers.received`), in order of the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jishi.errors import InternalError
from jishi.golden.received import Kept
from jishi.identifiers.received import hash_rows
from jishi.identifiers.sealed_file import SealedWriter, open_sealed
from jishi_ingest.connectors.read import read_batch
from jishi_ingest.landing import open_landed
from jishi_ingest.road import Road
from jishi_ingest.source import Source, read_options

SUFFIX = ".rows"
MAGIC = b"jishirh1"
RECORD = np.dtype([("row", ">u4"), ("first", ">u8"), ("second", ">u8")])
BLOCK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Hashes:
    """Some rows of a delivery: their numbers, and their hashes as two halves."""

    rows: np.ndarray[Any, np.dtype[np.int64]]
    first: np.ndarray[Any, np.dtype[np.uint64]]
    second: np.ndarray[Any, np.dtype[np.uint64]]


def hashes_of(road: Road, source: Source, kept: Kept) -> Iterator[Hashes]:
    """The hashes of a delivery, from its bytes while they are there, else as they were kept.

    Raises ``ING-LANDED-GONE`` when there is neither; InputRefusedError when the bytes cannot be read.
    """
    path = road.settings.landing_dir / kept.landing
    if not path.is_file() and hashes_path(path).is_file():
        return read_hashes(hashes_path(path), road)
    return make_hashes(road, source, path, kept)


def make_hashes(road: Road, source: Source, landed: Path, kept: Kept) -> Iterator[Hashes]:
    """Read the landed bytes as the source would, a chunk at a time."""
    with open_landed(landed, road.keys) as stream:
        options = read_options(source, road.settings)
        for chunk in read_batch(stream, kept.file_name, options, repair=kept.repair).chunks:
            halves = hash_rows(road.keys, chunk).view(">u8").astype(np.uint64)
            yield Hashes(chunk["row_number"].to_numpy(), halves[:, 0], halves[:, 1])


def hashes_path(landed: Path) -> Path:
    return landed.with_suffix(SUFFIX)


def keep_hashes(road: Road, source: Source, kept: Kept) -> int:
    """Write the hashes of a landed delivery beside it, durable and whole or not at all; the number of rows.

    Raises ``ING-PURGE-ROWS`` when the bytes no longer read as so many rows as were received.
    """
    landed = road.settings.landing_dir / kept.landing
    count = 0
    with SealedWriter(hashes_path(landed), road.keys, road.settings.cipher) as writer:
        writer.write(MAGIC)
        for part in make_hashes(road, source, landed, kept):
            records = np.empty(len(part.rows), dtype=RECORD)
            records["row"], records["first"], records["second"] = part.rows, part.first, part.second
            writer.write(records.tobytes())
            count += len(records)
        if kept.received not in (None, count):
            raise InternalError("ING-PURGE-ROWS", found=count, received=kept.received)
    return count


def read_hashes(path: Path, road: Road) -> Iterator[Hashes]:
    """The kept hashes in blocks."""
    with open_sealed(path, road.keys) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise InternalError("STO-FILE-FORMAT", path=path.name)
        while block := file.read(BLOCK_ROWS * RECORD.itemsize):
            records = np.frombuffer(block, dtype=RECORD)
            yield Hashes(
                records["row"].astype(np.int64), records["first"].astype(np.uint64), records["second"].astype(np.uint64)
            )
