"""How long the steps of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from jishi.golden.ledger import Result


@dataclass
class Stopwatch:
    """Seconds by step; steps that overlap are counted each."""

    started: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - begun

    def move(self, step: str, part: str, seconds: float) -> None:
        """Count ``seconds`` of ``step`` as ``part`` instead."""
        self.seconds[step] = self.seconds.get(step, 0.0) - seconds
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds

    def sign(self, result: Result) -> Result:
        """``result`` with the seconds so far and their total."""
        return replace(result, seconds={**self.seconds, "total": time.monotonic() - self.started})
