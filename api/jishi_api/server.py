"""One API process over a listening socket, from its first request to its last (edge of the road out).

Run as a program it is one of several that share the socket: ``python -m jishi_api.server SOCKET LIFELINE METRICS``, the
first two being inherited descriptors. Nothing is ever written to the lifeline; it ends when the process that holds its
other end does, however that came about, and then this one stops as if it had been asked to.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from jishi.errors import CallerError
from jishi.logs import configure_json
from jishi.settings import Settings
from jishi_api.connection import Connection, check_all
from jishi_api.main import Application, create_app
from jishi_api.request_log import RequestLog

SHUTDOWN_S = 18
"""How long requests under way may take to end once the process has stopped listening."""

KEEP_ALIVE_S = 65
"""Longer than the 60 s after which usual proxies close idle connections themselves, so that none is closed under them."""

BACKLOG = 2048
TICKS_A_SECOND = 10


class Server(uvicorn.Server):
    """Looks after its connections and numbers once a second, and goes on answering for a while once asked to stop."""

    def __init__(self, config: uvicorn.Config, app: Application, drain_s: float, lifeline: int | None) -> None:
        super().__init__(config)
        self._app = app
        self._drain_ticks = round(drain_s * TICKS_A_SECOND)
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._on_lifeline)
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            cut = check_all(self.server_state.connections)
            for _ in range(cut):
                self._app.state.serving.metrics.refused("slow")
            self._app.state.serving.metrics.publish()
        await super().on_tick(counter)
        if not self.should_exit:
            return False
        self._app.state.serving.draining = True
        self._drain_ticks -= 1
        return self._drain_ticks < 0 or self.force_exit

    def _on_lifeline(self) -> None:
        if self._lifeline is not None:
            asyncio.get_running_loop().remove_reader(self._lifeline)
        self.should_exit = True


def serve(
    settings: Settings, listener: socket.socket, *, lifeline: int | None = None, metrics: Path | None = None
) -> bool:
    """Answer on ``listener`` until SIGTERM, SIGINT or the end of ``lifeline``; whether it ever got that far.

    No access log of the server library: URLs are the caller's. ``metrics``: the folder the processes share.
    """
    configure_json()
    app = create_app(settings, RequestLog(), metrics)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = Server(config, app, settings.drain_s, lifeline)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return server.started


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that may be handed to child processes; CallerError ``RUN-PORT`` where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CallerError("RUN-PORT", port=port) from error
    listener.setblocking(False)
    return listener


def main(arguments: list[str]) -> int:
    """One of several processes; the exit code."""
    inherited, lifeline, metrics = int(arguments[0]), int(arguments[1]), Path(arguments[2])
    listener = socket.socket(fileno=inherited)
    return 0 if serve(Settings(), listener, lifeline=lifeline, metrics=metrics) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
