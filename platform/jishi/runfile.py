"""What runs on a state folder: the lock one supervisor holds as long as it lives, and the record of what it started."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from jishi.errors import CallerError

_LOCK = "up.lock"
_RECORD = "up.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One supervisor's run: its process, its children's, where the API answers (None before that is known)."""

    pid: int
    children: tuple[int, ...] = ()
    url: str | None = None
    ready: bool = False


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; a second supervisor is refused (``RUN-UP``)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a+", encoding="utf-8") as file:
        if not _lock(file):
            run = read(folder)
            raise CallerError("RUN-UP", pid=run.pid if run else "?", url=(run and run.url) or "…")
        yield


def is_up(folder: Path) -> bool:
    """Whether a supervisor lives on this state folder."""
    path = folder / _LOCK
    if not path.is_file():
        return False
    with path.open("a+", encoding="utf-8") as file:
        return not _lock(file)


def read(folder: Path) -> Run | None:
    """The last run's record; None where there is none. A killed supervisor leaves its own behind."""
    try:
        known = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Run(**{**known, "children": tuple(known["children"])})


def write(folder: Path, run: Run) -> None:
    temporary = folder / f".{_RECORD}.new"
    temporary.write_text(json.dumps(asdict(run)), encoding="utf-8")
    temporary.replace(folder / _RECORD)


def forget(folder: Path) -> None:
    (folder / _RECORD).unlink(missing_ok=True)


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
