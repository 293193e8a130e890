"""``jishi demo generate``: writes the files of an invented city, its truth files and its manifest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jishi_ingest.demo.manifest import LEAST_PERSONS


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo generate``."""
    demo = subparsers.add_parser("demo", help="an invented city with known defects")
    actions = demo.add_subparsers(dest="action", required=True)
    generate = actions.add_parser("generate", help="write the source files of an invented city")
    generate.add_argument("--persons", type=_persons, default=20_000, metavar="N", help="how many persons live there")
    generate.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same files")
    generate.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    generate.add_argument("--clean", action="store_true", help="plant no defects")
    generate.set_defaults(run=_generate)


def _generate(arguments: argparse.Namespace) -> int:
    from jishi.settings import Settings, load_city
    from jishi_ingest.demo.generate import generate

    city = load_city(Settings())
    manifest = generate(arguments.persons, arguments.seed, arguments.out, arguments.clean, city)
    for delivery in manifest.deliveries:
        print(f"{delivery.source:24} {delivery.file:28} {delivery.rows:>9,} {delivery.expected.status}")
    print(f"{manifest.city}: {len(manifest.deliveries)} deliveries in {arguments.out}", file=sys.stderr)
    return 0


def _persons(text: str) -> int:
    count = int(text)
    if count < LEAST_PERSONS:
        raise argparse.ArgumentTypeError(f"at least {LEAST_PERSONS}")
    return count
