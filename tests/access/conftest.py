"""Keys and the disclosure log of a deployment of its own, beside the fresh database of ``connection``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from jishi.access.disclosure_log import DisclosureLog
from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return load_or_create(settings.key_path)


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[DisclosureLog]:
    async with DisclosureLog(settings) as opened:
        yield opened
