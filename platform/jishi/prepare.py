"""Brings a database from nothing to ready, before any road is walked: start, migrate, grant, load dictionaries."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage import cluster, roles
from jishi.storage.engine import connect, wait
from jishi.storage.partitions import make_partitions


def prepare(settings: Settings) -> str:
    """Everything a start needs, each part idempotent; the owner's URL. Synchronous."""
    url = cluster.start(settings)
    migrate(url)
    load_dictionaries(url, settings)
    make_signing_keys(url, settings)
    return url


def migrate(url: str) -> None:
    """Bring the tables of ``url`` up to date, grant the roles their rights on them, and record which rules a new release
    changed; ``url`` is the owner's."""
    _finish(import_module("jishi.migrations").upgrade(url))
    wait(_grant(url))


def load_dictionaries(url: str, settings: Settings) -> None:
    """Load what ships and what the city's home overlays; unchanged files change nothing."""
    wait(_load(url, settings))


def make_signing_keys(url: str, settings: Settings) -> None:
    """Keys that sign access tokens, receipts and seals, where there are none: the API itself may only use them. ``url`` is
    the owner's."""
    wait(_sign(url, settings))


async def _grant(url: str) -> None:
    connection = await connect(url)
    try:
        await make_partitions(connection)
        await roles.grant_all(connection)
        await import_module("jishi.quality.rule_history").record_rules(connection)
    finally:
        await connection.close()


async def _load(url: str, settings: Settings) -> None:
    connection = await connect(url)
    try:
        await import_module("jishi.dictionary.load").load_all(connection, settings)
    finally:
        await connection.close()


async def _sign(url: str, settings: Settings) -> None:
    from jishi.access import signing, tokens

    keys = load_or_create(settings.key_path)
    connection = await connect(url)
    try:
        await tokens.make_signer(connection, keys)
        for use in ("receipt", "seal"):
            await signing.current(connection, keys, use, signing.ALGORITHMS[settings.seal_algorithm])
    finally:
        await connection.close()


def _finish(outcome: Any) -> None:
    if inspect.iscoroutine(outcome):
        wait(outcome)
