"""The command ``jishi dictionary``, with ``handbook`` beside what the dictionary itself can do (road out, files).

The handbook joins dictionary and registers, so it stands above both; the dictionary knows nothing of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jishi.dictionary import cli as dictionary
from jishi.errors import CallerError
from jishi.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FORMS = ("html", "md")


def register(subparsers: Commands) -> None:
    """Add ``dictionary`` with all its sub-commands; each sets ``run``."""
    dictionary.register(subparsers, further=(_add_handbook,))


def _add_handbook(commands: Commands) -> None:
    parser = commands.add_parser(
        "handbook", help="数据字典: every element, rule, code list and node; needs no database"
    )
    parser.add_argument("--format", choices=FORMS, default="html")
    parser.add_argument("--out", type=Path, metavar="PATH", help="file to write; default: stdout")
    parser.set_defaults(run=_handbook)


def _handbook(args: argparse.Namespace) -> int:
    from jishi.delivery.document import to_html, to_markdown
    from jishi.delivery.handbook import handbook
    from jishi.dictionary.load import read_all
    from jishi.registers.catalog import registers

    write = to_html if args.format == "html" else to_markdown
    text = write(handbook(registers().values(), read_all(Settings())))
    if args.out is None:
        sys.stdout.buffer.write(text.encode())
    else:
        _write(args.out, text)
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CallerError("DIC-HANDBOOK-FILE", path=path, reason=error.strerror or "") from error
