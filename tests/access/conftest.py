"""The keys of a deployment of its own, beside the fresh database of ``connection``."""

from __future__ import annotations

import pytest

from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return load_or_create(settings.key_path)
