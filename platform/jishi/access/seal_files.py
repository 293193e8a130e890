"""Seals outside the database: a line each in ``seals/YYYY-MM.jsonl`` under the state folder (behind the road out)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from jishi.access import seals
from jishi.access.seals import Seal

TAIL_BYTES = 1 << 20


def append(folder: Path, seal: Seal) -> None:
    """Add the line and see it on the disk. A line that a crash left half written is ended first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{seal.sealed_at:%Y-%m}.jsonl"
    fresh = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, ("\n" * torn + seals.line_of(seal) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    if fresh:
        _sync(folder)


def last(folder: Path) -> Seal | None:
    """The newest seal that stands in the files; None where there is none."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            for line in reversed(file.read().splitlines()):
                if (seal := _read(line)) is not None:
                    return seal
    return None


def extent(folder: Path) -> dict[Path, int]:
    """The files and how long they are now."""
    return {path: path.stat().st_size for path in sorted(folder.glob("*.jsonl"))}


def read(extent: Mapping[Path, int]) -> Iterator[Seal]:
    """All seals up to there, in the order they were written. A line that is none (torn by a crash) is passed over: its
    seal was written once more behind it, and if not, the database has one that the files lack.
    """
    for path, size in extent.items():
        with path.open("rb") as file:
            for line in file:
                if file.tell() <= size and (seal := _read(line)) is not None:
                    yield seal


def _read(line: bytes) -> Seal | None:
    try:
        return seals.of_document(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
