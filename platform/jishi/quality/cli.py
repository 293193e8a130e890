"""The command ``jishi quality``: what a batch's rules said, told to its department and its steward (behind the road in).

``jishi.delivery.cli`` calls :func:`register` and hands down what only a higher room can do: files for others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jishi.errors import CallerError
from jishi.logs import configure
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect, wait
from jishi.storage.roles import INGEST
from jishi.terminal import language, say

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.quality.batch_report import BatchReport, RuleFailures
    from jishi.quality.failures import Failing

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FORMS = ("csv", "xlsx", "html")
GROUPS = ("source", "department", "register", "city")
LANGUAGES = {"zh": "zh-CN", "zh-CN": "zh-CN", "en": "en"}

WriteFile = Callable[["Connection[Any]", Settings, "BatchReport", str, Path], Awaitable[int]]
"""Writes a batch's file of a form (one of ``FORMS``) to a path; the rows written."""


def register(subparsers: Commands, write_file: WriteFile) -> None:
    """Add ``quality`` and its sub-commands; each sets ``run``."""
    parser = subparsers.add_parser("quality", help="质量 what the rules said of a batch")
    commands = parser.add_subparsers(dest="quality_command", required=True)
    report = commands.add_parser("report", help="批次报告 every reason of a batch with its rows")
    report.add_argument("batch", type=_positive, metavar="BATCH")
    report.add_argument("--rule", metavar="ID", help="only this rule 只看一条规则")
    report.add_argument("--page", type=_positive, default=1, metavar="N", help="page of each rule's rows 第几页")
    report.add_argument("--page-size", type=_positive, default=100, metavar="N", help="rows of a page 每页行数")
    report.add_argument("--all", action="store_true", help="complete lists instead of pages 列出全部行")
    report.add_argument("--lang", choices=LANGUAGES, help="language of the report; default by LANG 报告语言")
    report.add_argument("--json", action="store_true", help="one JSON document on stdout")
    report.add_argument(
        "--csv", type=Path, metavar="PATH", help="write the refused rows for their department 退回部门的拒收行"
    )
    report.add_argument("--xlsx", type=Path, metavar="PATH", help="the same as a workbook 同上，工作簿")
    report.add_argument("--html", type=Path, metavar="PATH", help="write the report as a page 报告网页")
    report.set_defaults(run=lambda args: _report(args, write_file))
    scores = commands.add_parser("scores", help="质量评分 scores by register, source and month (GB/T 36344)")
    scores.add_argument("--register", metavar="R", help="only this register 只看一个基础库")
    scores.add_argument("--source", metavar="S", help="only this source 只看一个数源")
    scores.add_argument("--month", type=_month, metavar="MONTH", help="only this month, as 2026-11 只看一个月")
    scores.add_argument("--group", choices=GROUPS, default="source", help="what is added up in a line 汇总方式")
    scores.add_argument("--lang", choices=LANGUAGES, help="language; default by LANG 语言")
    scores.add_argument("--json", action="store_true", help="one JSON document on stdout, with all numbers")
    scores.set_defaults(run=_scores)


def _positive(text: str) -> int:
    """A number PostgreSQL can hold."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _scores(args: argparse.Namespace) -> int:
    configure()
    wait(_told_scores(Settings(), args))
    return 0


async def _told_scores(settings: Settings, args: argparse.Namespace) -> None:
    from jishi.quality.indicators import load_indicators
    from jishi.quality.score_text import scores_json, scores_text
    from jishi.quality.scores import Wanted, read_scores
    from jishi.registers.catalog import registers

    known = {name: one.name for one in registers().values() for name in (one.name, one.collection)}
    if args.register is not None and args.register not in known:
        raise CallerError("QLT-REGISTER-UNKNOWN", register=args.register, known=", ".join(registers()))
    tongue = LANGUAGES.get(args.lang, language())
    indicators = load_indicators(settings)
    connection = await connect(settings.database_url or cluster.url(settings, INGEST), application="jishi-scores")
    try:
        wanted = Wanted(known.get(args.register), args.source, None, args.month)
        found = await read_scores(connection, indicators, None, wanted, args.group)
    finally:
        await connection.close()
    if args.json:
        print(json.dumps(scores_json(found, indicators, tongue), ensure_ascii=False))
        return
    for line in scores_text(found, indicators, tongue):
        print(line)
    if not found:
        say("QLT-NO-SCORES")


def _report(args: argparse.Namespace, write_file: WriteFile) -> int:
    configure()
    settings = Settings()
    wait(_told(settings, args, write_file))
    return 0


async def _told(settings: Settings, args: argparse.Namespace, write_file: WriteFile) -> None:
    """Everything is read in one snapshot: a replay meanwhile changes nothing of it."""
    from jishi.quality.batch_report import read_report

    tongue = LANGUAGES.get(args.lang, language())
    url = settings.database_url or cluster.url(settings, INGEST)
    connection = await connect(url, application="jishi-report")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            files = {form: getattr(args, form) for form in FORMS if getattr(args, form) is not None}
            size = 0 if args.all or (files and "html" not in files) else args.page_size
            report = await read_report(connection, args.batch, tongue, rule=args.rule, page=args.page, page_size=size)
            if files:
                await _write_files(connection, settings, report, files, write_file, as_json=args.json)
            else:
                await _print(connection, report, whole=args.all, as_json=args.json)
    finally:
        await connection.close()


async def _write_files(
    connection: Connection[Any],
    settings: Settings,
    report: BatchReport,
    files: dict[str, Path],
    write_file: WriteFile,
    *,
    as_json: bool,
) -> None:
    written = []
    for form, path in files.items():
        rows = await write_file(connection, settings, report, form, path)
        written.append({"form": form, "path": str(path), "rows": rows})
        say("QLT-REPORT-PAGE-WRITTEN" if form == "html" else "QLT-REPORT-WRITTEN", path=path, rows=f"{rows:,}")
    if as_json:
        print(json.dumps({"batch": report.entry.batch, "files": written}, ensure_ascii=False))


async def _print(connection: Connection[Any], report: BatchReport, *, whole: bool, as_json: bool) -> None:
    from jishi.quality.failures import stream_failing
    from jishi.quality.report_text import as_json as in_json
    from jishi.quality.report_text import as_text

    async def rows(rule: RuleFailures) -> AsyncIterator[Failing]:
        if whole:
            async for row in stream_failing(connection, report.entry, rule.rule):
                yield row
        else:
            for row in rule.failing:
                yield row

    async for piece in (in_json if as_json else as_text)(report, rows, whole=whole):
        sys.stdout.write(piece)
