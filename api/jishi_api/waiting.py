"""Answers that wait a little for a worker (respond, road out)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Found = TypeVar("_Found")

WAIT_S = 8.0
"""So long an answer waits for work to be done before it says where that will be."""

POLL_S = 0.05


async def waited(look: Callable[[], Awaitable[_Found]], is_over: Callable[[_Found], bool]) -> _Found:
    """What ``look`` finds when it is over, or as it stands after :data:`WAIT_S`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while True:
        found = await look()
        if is_over(found) or loop.time() > deadline:
            return found
        await asyncio.sleep(POLL_S)
