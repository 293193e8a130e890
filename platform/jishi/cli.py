"""The one command ``jishi``: packages hang their sub-commands in by entry point; errors become exit codes here.

Exit codes: 0 done; 1 our fault; 2 usage; 3 batch held; 4 input refused whole.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from jishi import detach, supervise
from jishi.demo_client import demo_client, demo_users
from jishi.errors import Blame, JishiError
from jishi.prepare import make_signing_keys, migrate
from jishi.settings import Settings
from jishi.storage import cluster, roles
from jishi.storage.backup import backup, restore
from jishi.terminal import language, say, text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

GROUP = "jishi.commands"
ROOMS = ("access", "delivery", "jobs", "stewardship")
EXIT_CODES = {Blame.CALLER: 2, Blame.DATA: 4, Blame.OURS: 1}
EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code. An error of the family is said in the terminal's language, without a trace."""
    try:
        args = build_parser().parse_args(arguments)
        code: int = args.run(args)
    except JishiError as error:
        sys.stderr.write(f"{error.code} {error.text(language())}\n")
        return EXIT_CODES[error.blame]
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for fault in error.errors():
            name = "JISHI_" + "_".join(map(str, fault["loc"])).upper()
            sys.stderr.write(f"{name}: {text('SET-VALUE', reason=fault['msg'])}\n")
        return EXIT_CODES[Blame.CALLER]
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def build_parser() -> argparse.ArgumentParser:
    """The whole command line: what stands here, then what the installed packages register."""
    parser = argparse.ArgumentParser(prog="jishi", description=text("RUN-HELP"), allow_abbrev=False)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_up(subparsers)
    _add_db(subparsers)
    for entry in _commands():
        _register(entry, subparsers)
    return parser


def _commands() -> list[EntryPoint]:
    """The platform's own rooms first, then the packages above it; each ``register`` function once."""
    own = [EntryPoint(room, f"jishi.{room}.cli:register", GROUP) for room in ROOMS if find_spec(f"jishi.{room}.cli")]
    others = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return list({entry.value: entry for entry in (*own, *others)}.values())


def _register(entry: EntryPoint, subparsers: Subparsers) -> None:
    """A package whose libraries are not installed must not take the other commands down with it."""
    try:
        register = entry.load()
    except ImportError as error:
        absent = subparsers.add_parser(entry.name, add_help=False, help=text("RUN-HELP-ABSENT"), prefix_chars="\0")
        absent.add_argument("rest", nargs="*")
        absent.set_defaults(run=partial(_unavailable, entry.name, error))
        return
    register(subparsers)


def _unavailable(command: str, error: ImportError, args: argparse.Namespace) -> int:
    say("RUN-UNAVAILABLE", command=command, module=error.name or error)
    return EXIT_CODES[Blame.OURS]


def _add_up(subparsers: Subparsers) -> None:
    up = subparsers.add_parser("up", help=text("RUN-HELP-UP"))
    up.add_argument("--demo", action=argparse.BooleanOptionalAction, default=True, help=text("RUN-HELP-DEMO"))
    up.add_argument("--port", type=int, help=text("RUN-HELP-PORT"))
    up.add_argument("--host", help=text("RUN-HELP-HOST"))
    up.add_argument("--detach", action="store_true", help=text("RUN-HELP-DETACH"))
    up.add_argument("--json", action="store_true", help=text("RUN-HELP-JSON"))
    up.set_defaults(run=_up)
    subparsers.add_parser("down", help=text("RUN-HELP-DOWN")).set_defaults(run=_down)


def _up(args: argparse.Namespace) -> int:
    settings = Settings()
    wish = supervise.Wish(demo=args.demo, host=args.host, port=args.port)
    announce = partial(supervise.print_document, as_json=args.json)
    if not args.detach:
        supervise.up(settings, wish, announce)
        return 0
    url = detach.up_detached(settings, wish)
    if args.json:
        owner_url = cluster.url(settings)
        announce(supervise.document(url, demo_client(settings, owner_url), demo_users(settings, owner_url)))
    return 0


def _down(args: argparse.Namespace) -> int:
    say("RUN-STOPPED" if supervise.down(Settings()) else "RUN-NOTHING")
    return 0


def _add_db(subparsers: Subparsers) -> None:
    actions = subparsers.add_parser("db", help=text("RUN-HELP-DB")).add_subparsers(required=True, metavar="ACTION")
    for name, run in (("start", _db_start), ("stop", _db_stop), ("upgrade", _db_upgrade)):
        actions.add_parser(name, help=text(f"RUN-HELP-DB-{name.upper()}")).set_defaults(run=run)
    url = actions.add_parser("url", help=text("RUN-HELP-DB-URL"))
    url.add_argument("--role", choices=roles.ROLES, default=roles.OWNER)
    url.set_defaults(run=_db_url)
    for name, run in (("backup", _db_backup), ("restore", _db_restore)):
        about = text(f"RUN-HELP-DB-{name.upper()}")
        action = actions.add_parser(name, help=about, description=about)
        action.add_argument("path", type=Path, metavar="PATH")
        action.set_defaults(run=run)


def _db_start(args: argparse.Namespace) -> int:
    settings = Settings()
    cluster.start(settings)
    say("RUN-DB-STARTED" if settings.database_url is None else "RUN-DB-FOREIGN")
    return 0


def _db_stop(args: argparse.Namespace) -> int:
    settings = Settings()
    cluster.stop(settings)
    say("RUN-DB-STOPPED" if settings.database_url is None else "RUN-DB-FOREIGN")
    return 0


def _db_upgrade(args: argparse.Namespace) -> int:
    settings = Settings()
    url = cluster.start(settings)
    migrate(url)
    make_signing_keys(url, settings)
    say("RUN-DB-UPGRADED")
    return 0


def _db_url(args: argparse.Namespace) -> int:
    print(cluster.url(Settings(), args.role))
    return 0


def _db_backup(args: argparse.Namespace) -> int:
    settings = Settings()
    size = backup(cluster.start(settings), args.path)
    say("RUN-BACKUP", path=args.path, bytes=size, keys=settings.key_path.parent)
    return 0


def _db_restore(args: argparse.Namespace) -> int:
    """An older backup is brought up to date at once, and the rights are granted anew."""
    url = cluster.start(Settings())
    restore(url, args.path)
    migrate(url)
    say("RUN-RESTORED", path=args.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
