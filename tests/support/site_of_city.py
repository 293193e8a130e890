"""Where the API of the tests of tests/ogc answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    """``key``: an API key that may ask it; ``seen``: method and target of every request it got; ``folder``: scratch."""

    url: str
    key: str = field(repr=False)
    seen: list[str]
    folder: Path

    def since(self, mark: int) -> list[str]:
        """What was asked since ``seen`` was ``mark`` long."""
        return self.seen[mark:]
