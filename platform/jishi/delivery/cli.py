"""The commands ``jishi dictionary`` and ``jishi quality`` with what only this room can do: files for others (road out).

The handbook joins dictionary and registers, a department's file joins quarantine, mapping and keys; the lower rooms know
nothing of either.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jishi.delivery import dictionary_cli
from jishi.dictionary import cli as dictionary
from jishi.errors import CallerError
from jishi.quality import cli as quality
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.quality.batch_report import BatchReport

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FORMS = ("html", "md")


def register(subparsers: Commands) -> None:
    """Add ``dictionary`` and ``quality`` with all their sub-commands; each sets ``run``."""
    dictionary.register(subparsers, further=(_add_handbook, dictionary_cli.register))
    quality.register(subparsers, _write_report)


async def _write_report(
    connection: Connection[Any], settings: Settings, report: BatchReport, form: str, path: Path
) -> int:
    """The report as a page, or the refused rows for their department; the rows written."""
    from jishi.delivery.document import to_html
    from jishi.delivery.refused_file import new_file, write_refused
    from jishi.delivery.report_page import report_page
    from jishi.identifiers.keys import load

    if form == "html":
        with new_file(path) as draft:
            draft.write_text(to_html(report_page(report)), encoding="utf-8")
        return sum(len(rule.failing) for rule in report.rules)
    return await write_refused(connection, load(settings.key_path), report.entry, form, path, report.language)


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
