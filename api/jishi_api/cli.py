"""``jishi serve``: the API, in one process or several (edge of the road out)."""

from __future__ import annotations

import argparse

from jishi.settings import Settings


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``serve``."""
    parser = subparsers.add_parser("serve", help="only the API")
    parser.add_argument("--host", help="address to listen on (default: JISHI_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: JISHI_PORT, 8000)")
    parser.add_argument("--workers", type=_number, help="processes that share the port (default: JISHI_WORKERS, 2)")
    parser.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; requests under way are answered first."""
    from jishi_api.processes import serve_many
    from jishi_api.server import listen, serve
    from jishi_api.serving import prepare

    settings = Settings()
    prepare(settings)  # what is wrong with city or keys is said as of any command, not out of the server
    listener = listen(args.host or settings.host, settings.port if args.port is None else args.port)
    workers = args.workers or settings.workers
    if workers == 1:
        return 0 if serve(settings, listener) else 1
    serve_many(listener, settings, workers)
    return 0


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("1 to 64")
    return number
