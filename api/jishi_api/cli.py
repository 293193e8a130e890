"""``jishi serve``: one API process (edge of the road out)."""

from __future__ import annotations

import argparse
import logging

from jishi.settings import Settings

SHUTDOWN_S = 20
"""How long open requests may take to end once the process is asked to stop."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``serve``."""
    parser = subparsers.add_parser("serve", help="only the API")
    parser.add_argument("--host", help="address to listen on (default: JISHI_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: JISHI_PORT, 8000)")
    parser.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; requests under way are answered first. No access log: URLs are the caller's."""
    import uvicorn

    from jishi_api.main import create_app
    from jishi_api.serving import prepare

    settings = Settings()
    prepare(settings)  # what is wrong with city or keys is said as of any command, not out of the server
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = uvicorn.Config(
        create_app(settings),
        host=args.host or settings.host,
        port=settings.port if args.port is None else args.port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1
