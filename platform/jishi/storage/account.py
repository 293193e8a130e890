"""The system user the private database runs as: PostgreSQL refuses root, so root lends the work (floor of the road)."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jishi.errors import InternalError

DATABASE_USER = "postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns the data folder and runs the server; ``lent`` = we are root and act as someone else."""

    name: str
    uid: int
    gid: int
    lent: bool

    def run(
        self, arguments: Sequence[str], *, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user to its end; output is captured, the exit code is the caller's to judge."""
        return subprocess.run(
            list(arguments),
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **(environment or {})},
            user=self.uid if self.lent else None,
            group=self.gid if self.lent else None,
            extra_groups=[] if self.lent else None,
        )

    def own_folder(self, path: Path) -> None:
        """Make ``path`` a folder of mode 0700 that belongs to this user; another's is refused (``STO-SOCKET``)."""
        path.mkdir(mode=0o700, parents=False, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self.uid}:
            raise InternalError("STO-SOCKET", path=path)
        if self.lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        path.chmod(0o700)

    def own_file(self, path: Path, text: str) -> None:
        """Write a file of mode 0600 that belongs to this user."""
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if self.lent:
                os.fchown(file.fileno(), self.uid, self.gid)
        temporary.replace(path)

    def check_entry(self, folder: Path) -> None:
        """Raises ``STO-ENTER`` where this user could not reach ``folder``."""
        if self.lent and self.run(["test", "-x", str(folder)]).returncode != 0:
            raise InternalError("STO-ENTER", user=self.name, path=folder)


def database_account() -> Account:
    """Ourselves; for root the distribution's ``postgres`` user (``STO-USER`` where it does not exist)."""
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid(), lent=False)
    try:
        entry = pwd.getpwnam(DATABASE_USER)
    except KeyError:
        raise InternalError("STO-USER", user=DATABASE_USER) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, lent=True)
