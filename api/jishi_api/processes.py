"""Several API processes on one socket: started, replaced when they die, stopped together (edge of the road out)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.terminal import say

STOP_TIMEOUT_S = 25.0
"""Longer than a process takes by its own limits; who has not stopped by then is killed."""

FAILURES = 4
"""So many deaths in a row, each within ``SETTLED_S`` of its start, and no process will come up by itself."""
SETTLED_S = 10.0


def serve_many(listener: socket.socket, settings: Settings, workers: int, *, program: str = "jishi_api.server") -> None:
    """Keep ``workers`` processes answering on ``listener`` until SIGTERM or SIGINT; none outlives this one.
    ``program``: the module each of them runs.

    Raises InternalError ``RUN-SERVE-FAILED`` where they die again and again.
    """
    with _metrics_folder(settings) as folder, _lifeline() as lifeline:
        group = _Group(program, [listener.fileno(), lifeline], folder)
        try:
            _tend(group, workers)
        except _StopAskedError:
            pass
        finally:
            listener.close()
            group.stop()


def _tend(group: _Group, workers: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _on_signal)
    group.start(workers)
    failures = 0
    while True:
        time.sleep(0.1)
        for process, age_s in group.take_dead():
            failures = failures + 1 if age_s < SETTLED_S else 1
            if failures >= FAILURES:
                raise InternalError("RUN-SERVE-FAILED")
            say("RUN-SERVE-WORKER", pid=process.pid, exit_code=process.returncode)
            group.start(1)


class _Group:
    """The running processes and when each was started."""

    def __init__(self, program: str, descriptors: list[int], metrics: Path) -> None:
        self._descriptors = descriptors
        self._arguments = [sys.executable, "-m", program, *map(str, descriptors), str(metrics)]
        self._running: dict[subprocess.Popen[bytes], float] = {}

    def start(self, number: int) -> None:
        for _ in range(number):
            # a session of its own: Ctrl-C at the terminal reaches the parent only, who asks the others
            process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                pass_fds=self._descriptors,
                start_new_session=True,
            )
            self._running[process] = time.monotonic()

    def take_dead(self) -> list[tuple[subprocess.Popen[bytes], float]]:
        """Those that have ended, and how many seconds they lived."""
        now = time.monotonic()
        dead = [(process, now - started) for process, started in self._running.items() if process.poll() is not None]
        for process, _ in dead:
            del self._running[process]
        return dead

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in self._running:
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in self._running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class _StopAskedError(Exception):
    """SIGTERM or SIGINT."""


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise _StopAskedError


@contextmanager
def _lifeline() -> Iterator[int]:
    """The end of a pipe that children watch; the other end stays here and closes with this process."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def _metrics_folder(settings: Settings) -> Iterator[Path]:
    """Where this run's processes write their numbers down; counts begin anew with each run."""
    folder = settings.state_dir / "metrics" / str(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
