"""How often a caller guessed wrong about one subject, and when that is enough (authorise, road out).

Kept in the process's memory: with several processes a caller has as many tries in each. What is kept of a subject is a
keyed digest, and of the callers and subjects seen longest ago nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MOST_WRONG = 5
WITHIN_S = 3600.0
MOST_KEPT = 100_000

Subject = tuple[str, bytes]
"""Client id and keyed digest of what names the subject."""


@dataclass
class Guesses:
    """Wrong guesses of the last hour by client and subject."""

    clock: Callable[[], float] = time.monotonic
    _wrong: OrderedDict[Subject, deque[float]] = field(default_factory=OrderedDict)

    def wait_s(self, subjects: Iterable[Subject]) -> int:
        """Seconds until another guess about all of ``subjects`` is answered; 0 = now."""
        return max((self._wait_s(subject) for subject in subjects), default=0)

    def note(self, subjects: Iterable[Subject]) -> None:
        """A wrong guess about each of ``subjects``."""
        for subject in subjects:
            self._wrong.setdefault(subject, deque(maxlen=MOST_WRONG)).append(self.clock())
            self._wrong.move_to_end(subject)
        while len(self._wrong) > MOST_KEPT:
            self._wrong.popitem(last=False)

    def _wait_s(self, subject: Subject) -> int:
        times = self._wrong.get(subject)
        if times is None or len(times) < MOST_WRONG:
            return 0
        left = times[0] + WITHIN_S - self.clock()
        return int(left) + 1 if left > 0 else 0
