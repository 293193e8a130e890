"""Everything on one machine: database, API and worker brought up, watched and stopped in order (both roads)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from types import FrameType

from jishi import runfile
from jishi.address import choose_port, is_ready, url_of
from jishi.children import Child, command, end_orphans, is_alive
from jishi.demo_client import demo_client, demo_users
from jishi.errors import InternalError
from jishi.prepare import load_dictionaries, make_signing_keys, migrate
from jishi.runfile import Run
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.terminal import say

DOWN_TIMEOUT_S = 120.0
EXIT_HELD = 3
#: A child that died this often before the first answer will not come up by itself.
GIVE_UP_DEATHS = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``jishi up`` was asked for; None = not asked, the setting decides."""

    demo: bool = True
    host: str | None = None
    port: int | None = None


def up(settings: Settings, wish: Wish, announce: Callable[[dict[str, object]], None]) -> None:
    """Bring everything up, ``announce`` the document of the contract once ready, stay until SIGTERM or Ctrl-C.

    Raises ``RUN-UP`` (runs already), ``RUN-PORT``, ``RUN-DEMO``, ``RUN-CHILD``.
    Whatever ends it, what it started is stopped.
    """
    folder = settings.state_dir
    with runfile.only_one(folder):
        signal.signal(signal.SIGTERM, _interrupt)
        _end_last_run(settings)
        children: list[Child] = []
        try:
            _stand(settings, wish, children, announce)
        except KeyboardInterrupt:
            pass
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            say("RUN-STOPPING")
            _stop(settings, children)
            say("RUN-STOPPED")


def down(settings: Settings) -> bool:
    """Stop what ``up`` started, and what a killed one left; whether anything ran. Returns when it has ended."""
    folder = settings.state_dir
    if not folder.is_dir():
        return False
    run = runfile.read(folder)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    ran = runfile.is_up(folder)
    if ran and run is not None:
        _send(run.pid, signal.SIGTERM)
        while runfile.is_up(folder) or is_alive(run.pid):
            if time.monotonic() > deadline:
                _send(run.pid, signal.SIGKILL)
            time.sleep(0.1)
    _end_last_run(settings)
    return cluster.stop(settings) or ran


def document(url: str, client: dict[str, str], users: dict[str, dict[str, str]]) -> dict[str, object]:
    """What ``jishi up --json`` prints; the shape scripts rely on."""
    return {"url": url, "clients": {"demo": client}, "users": users}


def print_document(shown: dict[str, object], *, as_json: bool) -> None:
    """Tell a person where it runs; with ``as_json`` the document itself, alone on stdout."""
    say("RUN-READY", url=shown["url"])
    if as_json:
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _stand(
    settings: Settings, wish: Wish, children: list[Child], announce: Callable[[dict[str, object]], None]
) -> None:
    folder = settings.state_dir
    run = Run(os.getpid())
    runfile.write(folder, run)
    say("RUN-STEP-DATABASE")
    owner_url = cluster.start(settings)
    say("RUN-STEP-UPGRADE")
    migrate(owner_url)
    say("RUN-STEP-DICTIONARIES")
    load_dictionaries(owner_url, settings)
    make_signing_keys(owner_url, settings)
    client, users = demo_client(settings, owner_url), demo_users(settings, owner_url)
    host = wish.host or settings.host
    port = choose_port(host, wish.port, settings)
    environment = {**os.environ, "JISHI_HOST": host, "JISHI_PORT": str(port)}
    if wish.demo:
        _ingest_demo(environment)
    say("RUN-STEP-CHILDREN")
    children.append(Child("serve", ("serve", "--host", host, "--port", str(port)), environment))
    children.append(Child("work", ("work",), environment))
    url = url_of(host, port)
    _watch(settings, children, replace(run, url=url), lambda: announce(document(url, client, users)))


def _watch(settings: Settings, children: list[Child], run: Run, announce: Callable[[], None]) -> None:
    """Keep everything running; never returns by itself."""
    while True:
        started = [child.tend() for child in children]
        hopeless = [child.name for child in children if child.deaths >= GIVE_UP_DEATHS]
        if hopeless and not run.ready:
            raise InternalError("RUN-CHILD", name=", ".join(hopeless))
        if any(started):
            run = replace(run, children=tuple(child.process.pid for child in children if child.process is not None))
            runfile.write(settings.state_dir, run)
        if settings.database_url is None and not cluster.is_running(settings):
            say("RUN-DATABASE-DIED")
            cluster.start(settings)
        if not run.ready and run.url is not None and is_ready(run.url):
            announce()
            run = replace(run, ready=True)
            runfile.write(settings.state_dir, run)
        time.sleep(0.5 if run.ready else 0.1)


def _ingest_demo(environment: dict[str, str]) -> None:
    """The demo city takes the same command anybody would call; a held batch is no reason to stop."""
    say("RUN-STEP-DEMO")
    arguments = [*command(), "demo", "ingest"]
    with subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), env=environment, start_new_session=True
    ) as demo:
        try:
            exit_code = demo.wait()
        except KeyboardInterrupt:
            demo.terminate()
            raise
    if exit_code not in {0, EXIT_HELD}:
        raise InternalError("RUN-DEMO", exit_code=exit_code)


def _stop(settings: Settings, children: list[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait_stopped()
    cluster.stop(settings)
    runfile.forget(settings.state_dir)


def _end_last_run(settings: Settings) -> None:
    """A supervisor that was killed leaves its children behind."""
    last = runfile.read(settings.state_dir)
    if last is not None:
        end_orphans(list(last.children))
        runfile.forget(settings.state_dir)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
