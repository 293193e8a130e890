"""The landing zone 落地区: a delivery's bytes as received, encrypted, before anything reads them (step *land*)."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from jishi.errors import InternalError
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import SealedWriter, open_sealed
from jishi.settings import Settings

PIECE_BYTES = 1 << 20
SUFFIX = ".sealed"
ABANDONED_S = 86_400
"""A half-written file this old belongs to no one any more."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A delivery in the landing zone; ``sha256`` (hex) and ``bytes`` are those of what was received."""

    path: Path
    sha256: str
    bytes: int
    name: str  # of the file as it was sent


def land(stream: BinaryIO, settings: Settings, keys: Keys, source_id: str, name: str) -> Landed:
    """Write everything from the stream's present position to ``landing/<source>/<yyyy>/<uuid>.sealed``.

    The file is there whole or not at all. Its name says nothing of what it holds.
    """
    folder = settings.landing_dir / source_id / f"{datetime.now(UTC):%Y}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4()}{SUFFIX}"
    with SealedWriter(path, keys, settings.cipher) as writer:
        while piece := stream.read(PIECE_BYTES):
            writer.write(piece)
    return Landed(path, writer.sha256, writer.size, name)


def open_landed(path: Path, keys: Keys) -> io.BufferedReader:
    """The plain bytes of a landed delivery, seekable. Raises InternalError ``ING-LANDED-GONE`` when it was purged."""
    if not path.is_file():
        raise InternalError("ING-LANDED-GONE", file=path.name)
    return open_sealed(path, keys)


def purge(settings: Settings, keep: Collection[Path] = ()) -> int:
    """Remove what is older than ``landing_days``, except ``keep`` (batches still open); the number of files removed.

    Half-written files that a killed run left behind go after a day.
    """
    kept = {path.resolve() for path in keep}
    removed = 0
    for path in settings.landing_dir.glob("*/*/*"):
        age_s = time.time() - path.stat().st_mtime
        if path.suffix == SUFFIX:
            is_old = age_s > timedelta(days=settings.landing_days).total_seconds() and path.resolve() not in kept
        else:
            is_old = path.name.startswith(".") and age_s > ABANDONED_S
        if is_old:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
