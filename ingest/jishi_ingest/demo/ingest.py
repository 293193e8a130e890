"""Which source takes which file of a demo city, in order; the running is done by ``jishi ingest run``."""

from __future__ import annotations

from pathlib import Path

from jishi_ingest.demo.manifest import Manifest


def plan_of(manifest: Manifest) -> list[tuple[str, Path]]:
    """(source id, file) of every delivery in the manifest's order; a file may come more than once."""
    return [(delivery.source, manifest.folder / delivery.file) for delivery in manifest.deliveries]
