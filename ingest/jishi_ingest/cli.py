"""The commands of the road in: ``jishi ingest …``, ``jishi work``, ``jishi demo …``."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jishi.errors import CallerError
from jishi.logs import configure
from jishi.settings import Settings
from jishi.terminal import language
from jishi_ingest.road import Road

if TYPE_CHECKING:
    from asyncpg import Connection

EXIT_CODES = {"held": 3, "refused": 4, "failed": 1}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    _ingest(subparsers.add_parser("ingest", help="run sources and look after batches 数源与批次"))
    work = subparsers.add_parser("work", help="only worker and scheduler 仅运行作业与调度")
    work.set_defaults(run=_work)
    from jishi_ingest.demo.cli import register as register_demo

    register_demo(subparsers)


def _ingest(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    listing = commands.add_parser("list", help="the sources 数源")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)
    run = commands.add_parser("run", help="run a source now 立即运行")
    run.add_argument("source", metavar="SOURCE")
    run.add_argument("--file", action="append", type=Path, default=[], metavar="PATH")
    run.add_argument("--json", action="store_true")
    run.set_defaults(run=_run)
    status = commands.add_parser("status", help="batches 批次")
    status.add_argument("batch", nargs="?", type=int)
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    for name, text in (("release", "publish a held batch 放行"), ("replay", "take a batch down the road again 重跑")):
        command = commands.add_parser(name, help=text)
        command.add_argument("batch", type=int)
        command.add_argument("--json", action="store_true")
        if name == "release":
            command.add_argument("--reason", default="")
        command.set_defaults(run=_release if name == "release" else _replay)
    find = commands.add_parser("find", help="in which batches the rows of a file were received 查找")
    find.add_argument("source", metavar="SOURCE")
    find.add_argument("--file", required=True, type=Path, metavar="PATH")
    find.add_argument("--limit", type=_positive, default=20, metavar="N", help="places told of a row, the newest first")
    find.add_argument("--json", action="store_true")
    find.set_defaults(run=_find)
    discard = commands.add_parser("discard", help="give a held or failed batch up 废弃")
    discard.add_argument("batch", type=int)
    discard.add_argument("--reason", required=True)
    discard.set_defaults(run=_discard)


def _list(args: argparse.Namespace) -> int:
    sources = Road.open(Settings()).sources.values()
    if args.json:
        print(
            json.dumps([{"id": s.id, "title": s.title, "register": s.register_name, "mode": s.mode} for s in sources])
        )
        return 0
    for source in sources:
        print(f"{source.id:<24} {source.register_name:<16} {source.mode:<6} {source.title} {source.title_en}")
    return 0


def _run(args: argparse.Namespace) -> int:
    from jishi_ingest.run import collect, source_of, submit

    configure()
    road = Road.open(Settings())
    source = source_of(road, args.source)
    missing = [file for file in args.file if not file.is_file()]
    if missing:
        raise CallerError("ING-FILE-MISSING", path=str(missing[0]))

    async def all_files() -> list[dict[str, Any]]:
        if not args.file:
            return [await _see_through(road, batch, str(batch)) for batch in await collect(road, source)]
        return [await _see_through(road, await submit(road, source, file), file.name) for file in args.file]

    receipts = asyncio.run(all_files())
    if not receipts:
        raise CallerError("ING-NOTHING-WAITING", source=source.id)
    return _tell(receipts, args.json)


async def _see_through(road: Road, batch_id: int, label: str) -> dict[str, Any]:
    """Wait for a batch with a bar on a terminal, with a line a step otherwise."""
    from tqdm import tqdm

    from jishi_ingest.run import finish

    bar = tqdm(desc=label, unit=" rows", file=sys.stderr, disable=not sys.stderr.isatty())
    seen: dict[str, Any] = {}

    def progress(now: Mapping[str, Any]) -> None:
        if now.get("step") and now.get("step") != seen.get("step"):
            bar.set_postfix_str(str(now["step"]))
            if bar.disable:
                print(f"{label}: {now['step']} {now.get('rows', '')}", file=sys.stderr)
        bar.update(int(now.get("rows", 0)) - bar.n)
        seen.update(now)

    try:
        return await finish(road, batch_id, progress, language())
    finally:
        bar.close()


def _tell(receipts: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        print(json.dumps(receipts[0] if len(receipts) == 1 else receipts, ensure_ascii=False))
    else:
        _print(receipts)
    return max(EXIT_CODES.get(item["status"], 0) for item in receipts)


def _print(receipts: list[dict[str, Any]]) -> None:
    from jishi_ingest.summary import summary

    for item in receipts:
        print(summary(item, language()))


def _status(args: argparse.Namespace) -> int:
    receipts = asyncio.run(_receipts(Road.open(Settings()), args.batch))
    if args.json:
        print(json.dumps(receipts[0] if args.batch is not None else receipts, ensure_ascii=False))
    else:
        _print(receipts)
    return 0


async def _receipts(road: Road, batch: int | None) -> list[dict[str, Any]]:
    """That of one batch, or those of the latest 50, the newest first."""
    from jishi.storage.engine import connect
    from jishi_ingest.receipt import receipt

    connection: Connection[Any] = await connect(road.url)
    try:
        if batch is not None:
            return [await receipt(connection, batch, language())]
        found = await connection.fetch("SELECT batch_id FROM jishi.batch ORDER BY 1 DESC LIMIT 50")
        return [await receipt(connection, row["batch_id"], language()) for row in found]
    finally:
        await connection.close()


def _replay(args: argparse.Namespace) -> int:
    from jishi_ingest.run import submit_again

    configure()
    road = Road.open(Settings())

    async def again() -> dict[str, Any]:
        await submit_again(road, args.batch, release=False)
        return await _see_through(road, args.batch, str(args.batch))

    return _tell([asyncio.run(again())], args.json)


def _release(args: argparse.Namespace) -> int:
    """The operator is one pair of eyes: where the city wants four, he proposes, or agrees to what a steward proposed."""
    from jishi.messages import render
    from jishi_ingest.deciding import release

    configure()
    road = Road.open(Settings())

    async def released() -> dict[str, Any]:
        carried_out = await release(road, args.batch, args.reason)
        if carried_out:
            return await _see_through(road, args.batch, str(args.batch))
        print(render("QLT-PROPOSED", language(), batch=args.batch), file=sys.stderr)
        return (await _receipts(road, args.batch))[0]

    return _tell([asyncio.run(released())], args.json)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _find(args: argparse.Namespace) -> int:
    from jishi_ingest.find import Search
    from jishi_ingest.find_told import document, lines
    from jishi_ingest.run import source_of

    road = Road.open(Settings())
    if not args.file.is_file():
        raise CallerError("ING-FILE-MISSING", path=str(args.file))
    search = Search(road, source_of(road, args.source), args.file, args.limit)

    async def tell() -> None:
        async for piece in document(search) if args.json else lines(search, language()):
            print(piece, end="" if args.json else "\n")

    asyncio.run(tell())
    if args.json:
        print()
    return EXIT_CODES["refused"] if search.fault else 0


def _discard(args: argparse.Namespace) -> int:
    from jishi_ingest.deciding import discard

    asyncio.run(discard(Road.open(Settings()), args.batch, args.reason))
    return 0


def _work(args: argparse.Namespace) -> int:
    configure()

    async def work() -> None:
        from jishi.access import sealer
        from jishi_ingest.run import bulk_repairer, checker, exporter, worker
        from jishi_ingest.scheduler import schedule

        settings = Settings()
        road = Road.open(settings).load()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await asyncio.to_thread(_warm)
        await asyncio.gather(
            *(each(road).run(stop) for each in (worker, exporter, checker, bulk_repairer)),
            schedule(road, stop),
            sealer.run(settings, stop),
        )

    asyncio.run(work())
    return 0


def _warm() -> None:
    """Import what takes seconds now, not in the first batch."""
    from jishi.quality.stage import warm
    from jishi_ingest import pipeline  # noqa: F401

    warm()
