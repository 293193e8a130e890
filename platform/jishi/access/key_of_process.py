"""The key that signs seals or receipts, for a process that acts as the API's role and may only read keys (road out)."""

from __future__ import annotations

import asyncio

from jishi.access import signing
from jishi.access.signing import Purpose, SigningKey
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage import cluster, roles
from jishi.storage.engine import connect


async def signing_key(settings: Settings, use: Purpose) -> SigningKey:
    """The key of the setting's algorithm; only to make the first one the owner is asked."""
    keys = load_or_create(settings.key_path)
    algorithm = signing.ALGORITHMS[settings.seal_algorithm]
    reader = await connect(await asyncio.to_thread(cluster.url, settings, roles.API), application="jishi-keys")
    try:
        found = await signing.known(reader, keys, use, algorithm)
    finally:
        await reader.close()
    if found is not None:
        return found
    owner = await connect(await asyncio.to_thread(cluster.url, settings), application="jishi-keys")
    try:
        return await signing.current(owner, keys, use, algorithm)
    finally:
        await owner.close()
