"""The landing zone 落地区: a delivery's bytes as received, encrypted, before anything reads them (step *land*).

How long they stay and what stays of them is the business of :mod:`jishi_ingest.purge`.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
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


def landed_files(settings: Settings) -> list[Path]:
    """Every delivery whose bytes are still there."""
    return sorted(settings.landing_dir.glob(f"*/*/*{SUFFIX}"))


def sweep(settings: Settings, now: datetime) -> int:
    """Remove half-written files that a killed run left behind, after a day; their number."""
    removed = 0
    for path in settings.landing_dir.glob("*/*/.*"):
        if now.timestamp() - path.stat().st_mtime > ABANDONED_S:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
