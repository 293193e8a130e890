"""Where the distribution keeps PostgreSQL's programs (floor of the road)."""

from __future__ import annotations

import shutil
from pathlib import Path

from jishi.errors import InternalError

NEEDED_MAJOR = 15
_DISTRIBUTION = Path("/usr/lib/postgresql")


def find_programs(data: Path | None = None) -> Path:
    """The folder of initdb, pg_ctl, pg_dump …: of the version that made ``data``, else the newest one found.

    Raises ``STO-BINARIES``.
    """
    wanted = (data / "PG_VERSION").read_text(encoding="ascii").strip() if data is not None else None
    for major, folder in sorted(_installed().items(), reverse=True):
        if wanted is None or wanted == str(major):
            return folder
    raise InternalError("STO-BINARIES", version=wanted or f">= {NEEDED_MAJOR}")


def _installed() -> dict[int, Path]:
    """Versions with PostGIS beside them are preferred to newer ones without, so only the former are listed if any."""
    found = {
        int(folder.name): folder / "bin"
        for folder in (_DISTRIBUTION.iterdir() if _DISTRIBUTION.is_dir() else ())
        if folder.name.isdigit() and int(folder.name) >= NEEDED_MAJOR and (folder / "bin" / "initdb").is_file()
    }
    equipped = {
        major: folder
        for major, folder in found.items()
        if Path(f"/usr/share/postgresql/{major}/extension/postgis.control").is_file()
    }
    if found:
        return equipped or found
    elsewhere = shutil.which("initdb")
    return {NEEDED_MAJOR: Path(elsewhere).resolve().parent} if elsewhere else {}
