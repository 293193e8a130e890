"""Backups of the registers as one file each, made and restored by PostgreSQL's own programs (floor of the road)."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from jishi.errors import CallerError, InternalError
from jishi.storage.programs import find_programs

SCHEMA = "jishi"


def backup(url: str, path: Path) -> int:
    """Write schema ``jishi`` to ``path`` (custom format, mode 0600); its size in bytes.

    An existing file is not overwritten (``STO-BACKUP-EXISTS``), a broken one is not left behind. The file is not
    encrypted: identity numbers in it are sealed, names and addresses are not.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CallerError("STO-BACKUP-EXISTS", path=path) from None
    program = find_programs() / "pg_dump"
    with os.fdopen(descriptor, "wb") as file:
        target, environment = _without_password(url)
        arguments = [str(program), "--format=custom", f"--schema={SCHEMA}", "--no-owner", f"--dbname={target}"]
        done = subprocess.run(arguments, check=False, stdout=file, stderr=subprocess.DEVNULL, env=environment)
        os.fsync(file.fileno())
    if done.returncode != 0:
        path.unlink()
        raise InternalError("STO-BACKUP", program=program.name, exit_code=done.returncode)
    return path.stat().st_size


def restore(url: str, path: Path) -> None:
    """Replace schema ``jishi`` by the one in ``path``, in one transaction: it succeeds whole or changes nothing."""
    if not path.is_file():
        raise CallerError("STO-BACKUP-MISSING", path=path)
    programs = find_programs()
    target, environment = _without_password(url)
    unpack = [str(programs / "pg_restore"), "--no-owner", "--exit-on-error", "--file=-", str(path)]
    # Only the state of an error would be printed: its text may quote a value of a row.
    apply = [str(programs / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate"]
    with (
        subprocess.Popen(unpack, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as reader,
        subprocess.Popen(
            [*apply, "--file=-", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as writer,
    ):
        _pass_on(reader, writer)
    for program, process in (("pg_restore", reader), ("psql", writer)):
        if process.returncode != 0:
            raise InternalError("STO-BACKUP", program=program, exit_code=process.returncode)


def _pass_on(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> None:
    """Hand the script over inside a transaction that is committed only when the whole backup has been read."""
    source, sink = reader.stdout, writer.stdin
    if source is None or sink is None:
        return
    with suppress(BrokenPipeError):
        sink.write(f"BEGIN;\nDROP SCHEMA IF EXISTS {SCHEMA} CASCADE;\n".encode())
        shutil.copyfileobj(source, sink)
        if reader.wait() == 0:
            sink.write(b"\nCOMMIT;\n")
        sink.flush()
    source.close()
    with suppress(BrokenPipeError):
        sink.close()


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """The URL as a program's argument, which everybody may read, and the password in its environment."""
    parts = urlsplit(url)
    user, _, where = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    environment = {**os.environ, "PGPASSWORD": unquote(password)} if password else dict(os.environ)
    return urlunsplit(parts._replace(netloc=f"{name}@{where}" if name else where)), environment
