"""Where the API listens: a free port, and whether it answers there yet (the road out's front door)."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException

from jishi.errors import CallerError
from jishi.settings import Settings
from jishi.terminal import say


def choose_port(host: str, asked: int | None, settings: Settings) -> int:
    """The port somebody asked for, or none (``RUN-PORT``); where nobody did, the next free one from the default on."""
    wanted = asked or settings.port
    if _is_free(host, wanted):
        return wanted
    if asked is not None or "port" in settings.model_fields_set:
        raise CallerError("RUN-PORT", port=wanted)
    chosen = next(port for port in range(wanted + 1, 65_536) if _is_free(host, port))
    say("RUN-PORT-NEXT", port=wanted, chosen=chosen)
    return chosen


def url_of(host: str, port: int) -> str:
    """The URL under which this machine reaches a server that listens on ``host``."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def is_ready(url: str) -> bool:
    """Whether ``GET /health/ready`` answers 200."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
