"""Whether a PostgreSQL server really works on a data folder, and what a killed one left behind (floor of the road).

A pid file alone proves nothing: after a kill or a reboot another process may bear its number.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def running_pid(data: Path) -> int | None:
    """The process id of the running server: the one in its pid file, if it does work in the folder."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _works_in(pid, data) else None


def clear_remains(data: Path, sockets: Path) -> None:
    """After a killed server: end the children that outlived it, and forget a pid another process may bear by now."""
    deadline = time.monotonic() + 10
    while orphans := [pid for pid in _processes() if _works_in(pid, data)]:
        if time.monotonic() > deadline:
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder) and _is_server(pid)
    except OSError:
        return False


def _is_server(pid: int) -> bool:
    """Named postgres and not a zombie; a shell somebody left standing in the data folder is none."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
    return name == "postgres" and rest.split()[0] != "Z"
