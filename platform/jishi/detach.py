"""``jishi up --detach``: the supervisor in a session of its own, its log shown until it is ready (both roads)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from jishi import runfile
from jishi.address import is_ready
from jishi.children import command
from jishi.errors import CallerError, InternalError
from jishi.settings import Settings
from jishi.supervise import Wish, down

READY_TIMEOUT_S = 300.0
EXIT_USAGE = 2


def up_detached(settings: Settings, wish: Wish) -> str:
    """Start the supervisor and return the API's URL once ``/health/ready`` answers 200.

    The 300 s count from the start of API and worker: what comes before (migrations, demo city) takes what it takes.
    The log is shown on stderr as it grows. Raises ``RUN-UP``; ``RUN-ENDED`` or ``RUN-NOT-READY`` after stopping it all.
    """
    folder = settings.state_dir
    with runfile.only_one(folder):
        log = _fresh_log(folder)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command(), *_arguments(wish)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "JISHI_STATE": str(folder)},
            start_new_session=True,
        )
    try:
        url = _wait_ready(folder, log, process)
    except KeyboardInterrupt:
        down(settings)
        process.wait()
        raise
    if url is None:
        ended = process.poll()
        down(settings)
        process.wait()
        if ended is None:
            raise InternalError("RUN-NOT-READY", seconds=round(READY_TIMEOUT_S), log=log)
        raise (CallerError if ended == EXIT_USAGE else InternalError)("RUN-ENDED", exit_code=ended, log=log)
    process.returncode = 0  # it goes on without us: not ours to wait for any more
    return url


def _wait_ready(folder: Path, log: Path, process: subprocess.Popen[bytes]) -> str | None:
    """The URL once it answers; None when the supervisor ended or did not get ready in time."""
    deadline: float | None = None
    with log.open(encoding="utf-8", errors="replace") as lines:
        while process.poll() is None:
            sys.stderr.write(lines.read())
            sys.stderr.flush()
            run = runfile.read(folder)
            if run is not None and run.pid == process.pid and run.url is not None:
                deadline = deadline or time.monotonic() + READY_TIMEOUT_S
                if run.ready and is_ready(run.url):
                    sys.stderr.write(lines.read())
                    return run.url
            if deadline is not None and time.monotonic() > deadline:
                return None
            time.sleep(0.2)
        sys.stderr.write(lines.read())
    return None


def _arguments(wish: Wish) -> list[str]:
    arguments = ["up", "--demo" if wish.demo else "--no-demo"]
    if wish.host is not None:
        arguments += ["--host", wish.host]
    if wish.port is not None:
        arguments += ["--port", str(wish.port)]
    return arguments


def _fresh_log(folder: Path) -> Path:
    """``logs/up.log``, the last run's kept as ``up.log.1``."""
    log = folder / "logs" / "up.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    if log.exists():
        log.replace(log.with_name("up.log.1"))
    log.touch(mode=0o600)
    return log
