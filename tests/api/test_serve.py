from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import httpx

from jishi.access import clients
from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings
from jishi.storage.engine import connect, wait

PROGRAM = """
import argparse, sys
from jishi_api.cli import register
parser = argparse.ArgumentParser()
register(parser.add_subparsers())
args = parser.parse_args(sys.argv[1:])
sys.exit(args.run(args))
"""


def test_a_real_process_serves_logs_no_address_and_stops_when_asked(loaded_settings: Settings) -> None:
    assert loaded_settings.database_url is not None and loaded_settings.home is not None
    made = wait(_client(loaded_settings.database_url, load_or_create(loaded_settings.key_path)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "JISHI_DATABASE_URL": loaded_settings.database_url,
        "JISHI_STATE": str(loaded_settings.state_dir),
        "JISHI_HOME": str(loaded_settings.home),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": made.api_key}) as client:
            _wait_ready(client, process)
            assert client.get("/collections/places/items?place_name=somewhere").json()["features"] == []
            assert client.get("/collections/natural-persons/items").status_code == 403
            assert client.get("/").json()["links"][0]["href"] == f"http://127.0.0.1:{port}/"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode in (0, -signal.SIGTERM), output
    assert "somewhere" not in output and "natural-persons" not in output
    assert loaded_settings.key_path.is_file()


async def _client(url: str, keys: Keys) -> clients.NewClient:
    connection = await connect(url)
    try:
        return await clients.create(connection, keys, "caller")
    finally:
        await connection.close()


def _wait_ready(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready; exit code {process.poll()}")
