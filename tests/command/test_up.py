"""``jishi up`` as a person meets it: brings up, restarts, goes down and leaves nothing; children are stand-ins."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jishi import runfile
from jishi.address import choose_port, is_ready
from jishi.runfile import Run
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.postmaster import running_pid

#: The command with API and worker replaced by small programs: what is tested is who keeps them running.
STAND_IN = """
import http.server, sys, time

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass

words = sys.argv[2:]
if words[0] == "serve":
    http.server.HTTPServer((words[2], int(words[4])), Answer).serve_forever()
elif words[0] == "work":
    time.sleep(3600)
else:
    from jishi import children, cli, detach, supervise
    for module in (children, detach, supervise):
        module.command = lambda: [sys.executable, __file__, "jishi.cli"]
    sys.exit(cli.main(words))
"""


@dataclass(frozen=True)
class Deployment:
    script: Path
    settings: Settings
    port: int

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))}
        environment |= {"JISHI_STATE": str(self.settings.state_dir), "LANG": "en_GB.UTF-8"}
        if self.settings.database_url is not None:
            environment["JISHI_DATABASE_URL"] = self.settings.database_url
        arguments = [sys.executable, str(self.script), "jishi.cli", *words]
        return subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment, timeout=400)

    def up(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--no-demo", "--detach", "--port", str(self.port), *words)

    @property
    def record(self) -> Run:
        record = runfile.read(self.settings.state_dir)
        assert record is not None
        return record


@pytest.fixture
def deployment(tmp_path: Path, own_state: Path, settings: Settings) -> Deployment:
    """On a database of the test server, so that little time goes into making one."""
    return _deployment(tmp_path, settings.model_copy(update={"state": own_state}))


@pytest.fixture
def whole_deployment(tmp_path: Path, own_state: Path) -> Deployment:
    """With a private PostgreSQL of its own."""
    return _deployment(tmp_path, Settings(state=own_state))


def _deployment(tmp_path: Path, settings: Settings) -> Deployment:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return Deployment(script, settings, port)


def _until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_up_prints_one_document_when_ready_and_down_leaves_nothing(deployment: Deployment) -> None:
    done = deployment.up("--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["url"] == f"http://127.0.0.1:{deployment.port}"
    assert set(document["clients"]["demo"]) == {"client_id", "client_secret", "api_key"}
    assert is_ready(document["url"])
    second = deployment.up()
    assert second.returncode == 2
    assert "RUN-UP" in second.stderr
    running = deployment.record
    assert len(running.children) == 2
    assert deployment.run("down").returncode == 0
    assert not any(_alive(pid) for pid in (running.pid, *running.children))
    assert not is_ready(document["url"])
    assert runfile.read(deployment.settings.state_dir) is None
    assert "Nothing is running" in deployment.run("down").stderr


def test_a_child_that_died_is_started_again_and_no_orphan_outlives_the_next_up(deployment: Deployment) -> None:
    url = f"http://127.0.0.1:{deployment.port}"
    first = json.loads(deployment.up("--json").stdout)
    serve, work = deployment.record.children
    os.kill(serve, signal.SIGKILL)
    _until(lambda: len(deployment.record.children) == 2 and deployment.record.children[0] != serve and is_ready(url))
    assert deployment.record.children[1] == work
    killed = deployment.record
    os.kill(killed.pid, signal.SIGKILL)
    _until(lambda: not _alive(killed.pid))
    assert all(_alive(pid) for pid in killed.children)
    again = deployment.up("--json")
    assert again.returncode == 0, again.stderr
    assert not any(_alive(pid) for pid in killed.children)
    assert json.loads(again.stdout) == first


def test_a_taken_port_is_the_callers_fault_when_he_named_it(deployment: Deployment) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", deployment.port))
        taken.listen()
        done = deployment.up()
        assert done.returncode == 2
        assert "RUN-PORT" in done.stderr
        assert not runfile.is_up(deployment.settings.state_dir)


def test_a_taken_port_nobody_named_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JISHI_PORT", raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        settings = Settings().model_copy(update={"port": port})
        settings.model_fields_set.discard("port")
        assert choose_port("127.0.0.1", None, settings) > port


def test_the_private_database_is_watched_and_stopped_too(whole_deployment: Deployment) -> None:
    done = whole_deployment.up()
    assert done.returncode == 0, done.stderr
    data = whole_deployment.settings.state_dir / "postgres"
    first = running_pid(data)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    _until(lambda: running_pid(data) not in {None, first})
    assert whole_deployment.run("down").returncode == 0
    assert not cluster.is_running(whole_deployment.settings)
