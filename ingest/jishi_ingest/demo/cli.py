"""``jishi demo``: writes the files of an invented city with its truth files and manifest, and ingests them."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jishi_ingest.demo.manifest import LEAST_PERSONS

if TYPE_CHECKING:
    from jishi_ingest.demo.ingest import Step
    from jishi_ingest.demo.manifest import Delivery, Manifest


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo generate`` and ``demo ingest``."""
    demo = subparsers.add_parser("demo", help="an invented city with known defects 演示城市")
    actions = demo.add_subparsers(dest="action", required=True)
    generate = actions.add_parser("generate", help="write the source files of an invented city 生成")
    generate.add_argument("--persons", type=_persons, default=20_000, metavar="N", help="how many persons live there")
    generate.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same files")
    generate.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    generate.add_argument("--clean", "--no-defects", action="store_true", help="plant no defects")
    generate.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="day on which it is reported (this)")
    generate.set_defaults(run=_generate)
    ingest = actions.add_parser("ingest", help="generate it where there is none, and ingest it 生成并导入")
    ingest.add_argument("--persons", type=_persons, metavar="N", help="how many persons live there (20000)")
    ingest.add_argument("--seed", type=int, metavar="S", help="the same seed gives the same files (1)")
    ingest.add_argument("--dir", type=Path, metavar="DIR", help="folder of the files (demo/ of the state folder)")
    ingest.add_argument("--anyway", action="store_true", help="even into a library that holds other deliveries")
    ingest.add_argument("--json", action="store_true", help="one JSON document on stdout: the receipts in order")
    ingest.set_defaults(run=_ingest)


def _generate(arguments: argparse.Namespace) -> int:
    from jishi.settings import Settings, load_city
    from jishi_ingest.demo.generate import generate

    city = load_city(Settings())
    manifest = generate(arguments.persons, arguments.seed, arguments.out, arguments.clean, city, today=arguments.today)
    for delivery in manifest.deliveries:
        print(f"{delivery.source:24} {delivery.file:28} {delivery.rows:>9,} {delivery.expected.status}")
    print(f"{manifest.city}: {len(manifest.deliveries)} deliveries in {arguments.out}", file=sys.stderr)
    return 0


def _ingest(arguments: argparse.Namespace) -> int:
    """Held and refused deliveries belong to the city: exit code 0."""
    from jishi.logs import configure
    from jishi.settings import Settings
    from jishi.terminal import say
    from jishi_ingest.demo.ingest import city_in, ingest_city, standing
    from jishi_ingest.road import Road

    configure(logging.WARNING)
    road = Road.open(Settings())
    begun = time.monotonic()
    manifest = city_in(road, arguments.dir or road.settings.state_dir / "demo", arguments.persons, arguments.seed)
    known = asyncio.run(standing(road, manifest))
    receipts: list[dict[str, Any]] = []
    if known.is_complete:
        say("ING-DEMO-THERE", city=manifest.city, deliveries=len(manifest.deliveries))
    elif known.others and not known.is_begun and not arguments.anyway:
        say("ING-DEMO-NOT-EMPTY", batches=known.others)
    else:
        with _Progress(manifest) as progress:
            receipts = asyncio.run(ingest_city(road, manifest, known, progress.step))
        if not arguments.json:
            _tell(manifest, receipts, time.monotonic() - begun)
    if arguments.json:
        print(json.dumps(receipts, ensure_ascii=False))
    return 0


class _Progress:
    """A bar over the rows of all deliveries on a terminal, a line a delivery otherwise."""

    def __init__(self, manifest: Manifest) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=sum(delivery.rows for delivery in manifest.deliveries),
            unit=" rows",
            unit_scale=True,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        )
        self._count, self._done, self._rows = len(manifest.deliveries), 0, 0

    @property
    def step(self) -> Step:
        return self._step

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def _step(self, delivery: Delivery, progress: Mapping[str, Any]) -> None:
        if "receipt" in progress:
            self._done += 1
            self._rows += delivery.rows
            self._bar.update(self._rows - self._bar.n)
            if self._bar.disable:
                self._say(delivery, progress["receipt"])
            return
        self._bar.set_description_str(f"{self._done + 1}/{self._count} {delivery.file}")
        self._bar.set_postfix_str(str(progress.get("step", "")))

    def _say(self, delivery: Delivery, receipt: Mapping[str, Any]) -> None:
        from jishi.terminal import say, text

        say(
            "ING-DEMO-DELIVERY",
            number=self._done,
            count=self._count,
            file=delivery.file,
            source=delivery.source,
            status=text(f"ING-STATUS-{receipt['status'].upper()}"),
            received=f"{receipt['received']:,}",
            seconds=f"{receipt['seconds'].get('total', 0):.1f}",
        )


def _tell(manifest: Manifest, receipts: list[dict[str, Any]], seconds: float) -> None:
    from jishi.terminal import language, text
    from jishi_ingest.demo.manifest import TRUTH
    from jishi_ingest.summary import accepted, table

    print(table(receipts, language()))
    total = {
        name: f"{sum(item[column] for item in receipts):,}"
        for name, column in (
            ("received", "received"),
            ("refused", "quarantined"),
            ("duplicate", "duplicate"),
            ("held", "held"),
        )
    }
    total["accepted"] = f"{sum(map(accepted, receipts)):,}"
    total["reviews"] = f"{sum(item['golden']['review'] for item in receipts):,}"
    print(text("ING-DEMO-TOTAL", city=manifest.city, seconds=f"{seconds:.0f}", **total))
    held = [item["batch"] for item in receipts if item["status"] == "held"]
    print(text("ING-DEMO-NEXT", batch=held[0] if held else receipts[-1]["batch"], truth=manifest.folder / TRUTH))


def _persons(text: str) -> int:
    count = int(text)
    if count < LEAST_PERSONS:
        raise argparse.ArgumentTypeError(f"at least {LEAST_PERSONS}")
    return count
