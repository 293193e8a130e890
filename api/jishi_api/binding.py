"""Values on their way into a statement (query, road out)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from jishi.identifiers.sealing import Sealer
from jishi_api.condition import Numbers


def bound(values: Sequence[object], sealer: Sealer) -> list[object]:
    """Values as the database takes them: numbers to be looked for become their keyed tags."""
    return [_tags(value, sealer) if isinstance(value, Numbers) else value for value in values]


def _tags(numbers: Numbers, sealer: Sealer) -> list[UUID]:
    return [tag for number in numbers.numbers for tag in sealer.tags(number)]
