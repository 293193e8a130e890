"""PostgreSQL's settings: fit for the machine at hand, and no personal value in its logs (floor of the road)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

MIB = 1024 * 1024


def configuration(overrides: Mapping[str, str] | None = None, *, memory: int | None = None) -> str:
    """The text of ``jishi.conf``; ``memory`` in bytes, None = this machine's; ``overrides`` win."""
    memory = memory_bytes() if memory is None else memory
    chosen = {**_for_memory(memory), **_DURABILITY, **_PLANNER, **_LOGGING, **(overrides or {})}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in sorted(chosen.items())]
    return "\n".join(["# Written at every start; own settings go after the include in postgresql.conf.", *lines, ""])


def memory_bytes() -> int:
    """The machine's memory, or the control group's limit where that is lower."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.is_file() else "max"
    return min(installed, int(text)) if text.isdigit() else installed


def _for_memory(memory: int) -> dict[str, str]:
    mib = memory // MIB
    return {
        "shared_buffers": f"{max(128, min(2048, mib // 8))}MB",
        "effective_cache_size": f"{max(256, mib // 2)}MB",
        "work_mem": f"{max(8, min(64, mib // 64))}MB",
        "maintenance_work_mem": f"{max(64, min(512, mib // 16))}MB",
        "dynamic_shared_memory_type": "posix" if _shared_memory_serves() else "mmap",
    }


def _shared_memory_serves() -> bool:
    """Parallel queries share memory through /dev/shm, which containers often make tiny and chroots leave closed."""
    folder = Path("/dev/shm")  # noqa: S108
    open_to_all = folder.is_dir() and bool(folder.stat().st_mode & 0o002)
    return open_to_all and shutil.disk_usage(folder).total >= 512 * MIB


_DURABILITY = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "lz4",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}

_PLANNER = {
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
}

# Error messages and their details quote values ("invalid input syntax …", "Key (…)=(…) already exists"), so errors are
# reported to the client only; the log keeps what the server says about itself.
_LOGGING = {
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
