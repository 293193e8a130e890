"""The private PostgreSQL under the state folder: made, started, stopped and found by all rooms (the road's floor).

Unix socket and loopback only; passwords are made once and kept in ``keys/``. With ``JISHI_DATABASE_URL`` set, that
database is checked and used and nothing is started. All functions are synchronous.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.storage import database, roles
from jishi.storage.account import Account, database_account
from jishi.storage.engine import as_role, connect, wait
from jishi.storage.postmaster import clear_remains, running_pid
from jishi.storage.programs import find_programs
from jishi.storage.tuning import configuration

ADMIN = "postgres"
SOCKET_PATH_BYTES = 107
START_TIMEOUT_S = 900
STOP_TIMEOUT_S = 120


def start(settings: Settings, *, overrides: Mapping[str, str] | None = None) -> str:
    """Make and start the cluster as far as that is still to do; the owner's URL.

    ``overrides`` replace single PostgreSQL settings for this start. Two processes may call it at once.
    """
    if settings.database_url is not None:
        separate = wait(database.ensure_foreign(settings.database_url))
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        _foreign_record(settings).write_text(json.dumps({"roles": separate}), encoding="utf-8")
        return settings.database_url
    place = _Place.under(settings.state_dir)
    place.state.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        account = database_account()
        passwords = _passwords(place)
        if not (place.data / "PG_VERSION").is_file():
            _make(place, account, passwords[ADMIN])
        if running_pid(place.data) is None:
            _launch(place, account, overrides)
        wait(database.ensure_private(_url(place, ADMIN), {role: passwords[role] for role in roles.ROLES}))
    return url(settings)


def stop(settings: Settings, *, immediate: bool = False) -> bool:
    """Stop the private cluster; whether one was running. ``immediate`` leaves recovery to the next start."""
    place = _Place.under(settings.state_dir)
    if settings.database_url is not None or not place.data.is_dir():
        return False
    with _locked(place):
        running = running_pid(place.data)
        if running is None:
            return False
        account = database_account()
        mode = "immediate" if immediate else "fast"
        control = find_programs(place.data) / "pg_ctl"
        done = account.run([str(control), "stop", "-w", "-t", str(STOP_TIMEOUT_S), "-D", str(place.data), "-m", mode])
        if done.returncode != 0 and running_pid(place.data) is not None:
            raise InternalError("STO-STOP", reason=done.stderr.strip())
        return True


def is_running(settings: Settings) -> bool:
    """Whether the database is there to be connected to; of the private one only its process is asked for."""
    if settings.database_url is None:
        return running_pid(_Place.under(settings.state_dir).data) is not None
    try:
        wait(_knock(settings.database_url))
    except InternalError:
        return False
    return True


def url(settings: Settings, role: str = roles.OWNER) -> str:
    """The URL of the library's database for one of the four roles, or for the private cluster's superuser ``postgres``.

    On a foreign database the sessions act as ``role`` where the roles exist there, else as who the URL names.
    """
    if role not in {*roles.ROLES, ADMIN}:
        raise InternalError("STO-ROLE", role=role)
    if settings.database_url is None:
        return _url(_Place.under(settings.state_dir), role)
    record = _foreign_record(settings)
    separate = record.is_file() and json.loads(record.read_text(encoding="utf-8"))["roles"]
    return as_role(settings.database_url, role) if separate and role in roles.ROLES[1:] else settings.database_url


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the parts of one private cluster lie."""

    state: Path
    data: Path
    keys: Path
    record: Path

    @classmethod
    def under(cls, state: Path) -> _Place:
        return cls(state, state / "postgres", state / "keys" / "database.json", state / "postgres.json")

    @property
    def socket_dir(self) -> Path:
        """Under the state folder; a short folder under /tmp where the path would be longer than a socket may have."""
        near = self.state / "run"
        if len(os.fsencode(near / ".s.PGSQL.65535")) <= SOCKET_PATH_BYTES:
            return near
        return Path("/tmp") / f"jishi-{hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]}"  # noqa: S108

    def port(self) -> int | None:
        if not self.record.is_file():
            return None
        return int(json.loads(self.record.read_text(encoding="utf-8"))["port"])


@contextmanager
def _locked(place: _Place) -> Iterator[None]:
    """One process at a time makes, starts or stops this cluster."""
    with (place.state / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _passwords(place: _Place) -> dict[str, str]:
    """The passwords by role, made where they are missing; a made cluster without them is lost (``STO-KEYS``)."""
    known: dict[str, str] = {}
    if place.keys.is_file():
        known = json.loads(place.keys.read_text(encoding="utf-8"))
    if ADMIN not in known and (place.data / "PG_VERSION").is_file():
        raise InternalError("STO-KEYS", path=place.data, keys=place.keys)
    missing = [role for role in (ADMIN, *roles.ROLES) if role not in known]
    if missing:
        known |= {role: secrets.token_urlsafe(24) for role in missing}
        place.keys.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = place.keys.with_name(f".{place.keys.name}.new")
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(known, file)
        temporary.replace(place.keys)
    return known


def _make(place: _Place, account: Account, password: str) -> None:
    """initdb, into a folder that becomes the cluster's only when it is whole."""
    account.check_entry(place.state)
    growing = place.state / "postgres.new"
    if growing.exists():
        shutil.rmtree(growing)
    account.own_folder(growing)
    secret = place.state / ".postgres.password"
    account.own_file(secret, password)
    try:
        done = account.run(
            [
                str(find_programs() / "initdb"),
                f"--pgdata={growing}",
                f"--username={ADMIN}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
                "--data-checksums",
            ]
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode != 0:
        raise InternalError("STO-INIT", path=place.data, reason=done.stderr.strip())
    with (growing / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n# Settings for this machine; your own may follow below.\ninclude_if_exists = 'jishi.conf'\n")
    growing.rename(place.data)


def _launch(place: _Place, account: Account, overrides: Mapping[str, str] | None) -> None:
    """Start the server, on the port it had where that is still free; a lost race for a port is run again."""
    account.check_entry(place.state)
    account.own_folder(place.socket_dir)
    clear_remains(place.data, place.socket_dir)
    control = find_programs(place.data) / "pg_ctl"
    port = place.port()
    startup = place.data / "startup.log"
    for _ in range(3):
        if port is None or not _is_free(port):
            port = _free_port()
        wanted = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(place.socket_dir)}
        wanted["unix_socket_permissions"] = "0700"
        account.own_file(place.data / "jishi.conf", configuration({**wanted, **(overrides or {})}))
        account.own_file(startup, "")
        place.record.write_text(json.dumps({"port": port, "socket": str(place.socket_dir)}), encoding="utf-8")
        done = account.run(
            [str(control), "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(place.data), "-l", str(startup)]
        )
        if done.returncode == 0:
            return
        port = None
    raise InternalError("STO-START", reason=_last_words(place))


def _last_words(place: _Place) -> str:
    """The ends of the server's start-up log and of its newest log file; neither holds a value of a row."""
    logs = sorted((place.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (place.data / "startup.log", *logs[-1:])]
    return "\n".join("\n".join(text.splitlines()[-10:]) for text in texts)


def _free_port() -> int:
    """Below the range from which outgoing connections take theirs."""
    while not _is_free(port := random.SystemRandom().randint(15_000, 30_000)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _url(place: _Place, role: str) -> str:
    port = place.port()
    if port is None or not place.keys.is_file():
        raise InternalError("STO-CONNECT", reason="not started")
    password = json.loads(place.keys.read_text(encoding="utf-8"))[role]
    where = f"host={quote(str(place.socket_dir), safe='/')}&port={port}"
    return f"postgresql://{role}:{quote(password, safe='')}@/{database.DATABASE}?{where}"


async def _knock(address: str) -> None:
    connection = await connect(address)
    await connection.close()


def _foreign_record(settings: Settings) -> Path:
    return settings.state_dir / "database.json"
