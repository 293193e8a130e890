"""A real ``jishi serve`` of several processes, for tests of what happens to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

from jishi.settings import Settings


class Served:
    """``with Served(settings) as served``: started and ready; whatever is left of it is killed at the end."""

    def __init__(
        self, settings: Settings, *, workers: int = 2, knock: str = "/health/ready", **environment: str
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        assert settings.home is not None
        told = {"JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home), **environment}
        if settings.database_url is not None:
            told["JISHI_DATABASE_URL"] = settings.database_url
        self.log = settings.state_dir / "serve.log"
        self._arguments = [sys.executable, "-m", "jishi.cli", "serve", "--port", str(self.port)]
        self._arguments += ["--workers", str(workers)]
        self._environment = {**os.environ, **told}
        self._known: set[int] = set()
        self._knock = knock

    def __enter__(self) -> Served:
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(self._arguments, env=self._environment, stdout=file, stderr=file)
        self.wait_ready()
        self.workers()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            errors = [
                line
                for line in self.log.read_text(encoding="utf-8").splitlines()
                if "ERROR" in line and "STO-CONNECT" not in line
            ]
            sys.stderr.write("\n".join(["what it said:", *errors[-5:], ""]))
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 30
        while any(map(is_running, self._known)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in filter(is_running, self._known):
            os.kill(pid, signal.SIGKILL)

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}{self._knock}", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"not ready; exit code {self.process.poll()}: {self.log.read_text()[-2000:]}")

    def workers(self) -> list[int]:
        """Process ids of the workers that run now, oldest first."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = [int(pid) for pid in path.read_text(encoding="ascii").split()] if path.exists() else []
        self._known |= set(found)
        return found


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
