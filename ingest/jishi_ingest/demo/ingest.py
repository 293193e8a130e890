"""Takes a demo city down the road, delivery by delivery in the manifest's order; what a killed run left is taken up."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jishi.errors import CallerError
from jishi.settings import load_city
from jishi.storage.engine import connect
from jishi.terminal import language, say
from jishi_ingest.demo.manifest import FILE, Delivery, Manifest, read_manifest
from jishi_ingest.receipt import receipt
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit, submit_again

PERSONS, SEED = 20_000, 1
CLOSED = frozenset({"published", "held", "refused", "unchanged", "discarded"})
"""How a batch may have ended that is not to be run again."""

Step = Callable[[Delivery, Mapping[str, Any]], None]
"""Told how far a delivery is: ``rows`` and ``step`` of the running job, at its end ``receipt``."""


@dataclass(frozen=True, slots=True)
class Found:
    """A batch that the ledger holds of a delivery; one that neither ended nor waits for a worker must be queued again."""

    batch: int
    ended: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger holds of a city before it is ingested: a batch for each delivery, None where none was made."""

    batches: tuple[Found | None, ...]
    others: int  # batches that are not the city's

    @property
    def is_complete(self) -> bool:
        return all(found is not None and found.ended for found in self.batches)

    @property
    def is_begun(self) -> bool:
        return any(self.batches)


def plan_of(manifest: Manifest) -> list[tuple[str, Path]]:
    """(source id, file) of every delivery in the manifest's order; a file may come more than once."""
    return [(delivery.source, manifest.folder / delivery.file) for delivery in manifest.deliveries]


def city_in(road: Road, folder: Path, persons: int | None, seed: int | None) -> Manifest:
    """The city that lies in ``folder``, generated if there is none; CallerError where another one than asked for lies there."""
    if not (folder / FILE).is_file():
        from jishi_ingest.demo.generate import generate

        persons = PERSONS if persons is None else persons
        say("ING-DEMO-GENERATING", folder=folder, persons=f"{persons:,}")
        return generate(persons, SEED if seed is None else seed, folder, city=load_city(road.settings))
    manifest = read_manifest(folder)
    if persons not in (None, manifest.persons) or seed not in (None, manifest.seed):
        raise CallerError("ING-DEMO-OTHER", folder=str(folder), persons=manifest.persons, seed=manifest.seed)
    return manifest


async def standing(road: Road, manifest: Manifest) -> Standing:
    """Find the city's deliveries in the ledger by source and content; the same file twice has two batches."""
    connection = await connect(road.url, application="jishi-demo")
    try:
        rows = await connection.fetch(_BATCHES)
    finally:
        await connection.close()
    found: defaultdict[tuple[str, str], list[Found]] = defaultdict(list)
    for row in rows:
        found[row["name"], row["sha256"]].append(Found(row["batch_id"], row["status"] in CLOSED, row["waits"]))
    batches = []
    for source, file in plan_of(manifest):
        mine = found[source, _digest(file)]
        batches.append(mine.pop(0) if mine else None)
    return Standing(tuple(batches), len(rows) - sum(1 for batch in batches if batch))


async def ingest_city(road: Road, manifest: Manifest, known: Standing, step: Step) -> list[dict[str, Any]]:
    """The receipts of all deliveries in order; those that ended before are not run again."""
    receipts = []
    for delivery, found in zip(manifest.deliveries, known.batches, strict=True):
        if found is not None and found.ended:
            told = await _receipt(road, found.batch)
        else:
            if found is None:
                number = await submit(road, source_of(road, delivery.source), manifest.folder / delivery.file)
            else:
                number = found.batch
                if not found.waits:
                    await submit_again(road, number, release=False)
            told = await finish(road, number, partial(step, delivery), language())
        step(delivery, {"receipt": told})
        receipts.append(told)
    return receipts


async def _receipt(road: Road, batch_id: int) -> dict[str, Any]:
    connection = await connect(road.url, application="jishi-demo")
    try:
        return await receipt(connection, batch_id, language())
    finally:
        await connection.close()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_BATCHES = """
SELECT b.batch_id, s.name, encode(b.sha256, 'hex') AS sha256, b.status, EXISTS (
    SELECT FROM jishi.job j
    WHERE j.kind = 'ingest' AND (j.payload ->> 'batch')::bigint = b.batch_id AND j.status IN ('queued', 'running')
  ) AS waits
FROM jishi.batch b JOIN jishi.source s USING (source_id)
WHERE b.kind = 'delivery'
ORDER BY b.batch_id"""
"""Every delivered batch with its content, and whether its job is still to be done."""
