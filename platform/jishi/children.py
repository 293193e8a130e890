"""The long-lived processes of one deployment: started, restarted when they die, stopped in order (both roads)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jishi.terminal import say

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SETTLED_AFTER_S = 60.0
STOP_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Child:
    """One ``jishi`` command kept running; after a death it pauses 1, 2, 4 … 30 s, anew once it settled."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    due: float = 0.0
    deaths: int = 0

    def tend(self) -> bool:
        """Look after it once; whether a new process was started."""
        now = time.monotonic()
        if self.process is None:
            if now < self.due:
                return False
            self._start()
            return True
        exit_code = self.process.poll()
        if exit_code is not None:
            if now - self.started > SETTLED_AFTER_S:
                self.pause_s = FIRST_PAUSE_S
            say("RUN-CHILD-DIED", name=self.name, exit_code=exit_code, seconds=round(self.pause_s))
            self.process = None
            self.deaths += 1
            self.due = now + self.pause_s
            self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
        return False

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait_stopped(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Wait for its end; past the timeout it is killed."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self) -> None:
        # A session of its own: Ctrl-C at the terminal reaches the supervisor only, who stops the others in order.
        self.process = subprocess.Popen(
            [*command(), *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            env=dict(self.environment),
            start_new_session=True,
        )
        self.started = time.monotonic()


def command() -> list[str]:
    """How this very ``jishi`` is called as a program."""
    return [sys.executable, "-m", "jishi.cli"]


def end_orphans(pids: list[int]) -> None:
    """End children that outlived a killed supervisor; a number that another program bears by now is left alone."""
    ours = [pid for pid in pids if _is_ours(pid)]
    for pid in ours:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while remaining := [pid for pid in ours if _is_ours(pid)]:
        if time.monotonic() > deadline:
            for pid in remaining:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _is_ours(pid: int) -> bool:
    try:
        return b"jishi.cli" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
