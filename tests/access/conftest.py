"""The disclosure log of a deployment of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from jishi.access.disclosure_log import DisclosureLog
from jishi.settings import Settings


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[DisclosureLog]:
    async with DisclosureLog(settings) as opened:
        yield opened
