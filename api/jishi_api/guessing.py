"""Slows down who tries credentials that are nobody's: so many wrong ones an address and minute (authenticate, road out).

An address that has used up its tries is refused before anything is looked up; callers already known to the process are
not asked about, so departments behind one address go on while one of them is wrong. Kept in memory, a process its own.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from jishi.errors import DeniedError

TRIES = 20
"""Wrong ones in a row before waiting begins; one more is allowed every :data:`REFILL_S`."""

REFILL_S = 3.0
LARGEST = 4096
"""Addresses remembered; the one not heard of for longest is forgotten first."""


class Guesses:
    """Wrong credentials by address (IPv6: by its /64), or by address and client."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, remote: str, client: str = "") -> None:
        """Raises DeniedError ``ACC-GUESSING`` with ``retry_after_s`` where the tries are used up."""
        left = self._left(_bucket(remote, client))
        if left < 1:
            raise DeniedError("ACC-GUESSING", retry_after_s=math.ceil((1 - left) * REFILL_S))

    def count(self, remote: str, client: str = "") -> bool:
        """Note a wrong one; whether it used up the last try."""
        name = _bucket(remote, client)
        left = self._left(name) - 1
        self._buckets[name] = (left, self._clock())
        self._buckets.move_to_end(name)
        if len(self._buckets) > LARGEST:
            self._buckets.popitem(last=False)
        return left < 1 <= left + 1

    def _left(self, name: str) -> float:
        left, at = self._buckets.get(name, (float(TRIES), 0.0))
        return min(float(TRIES), left + (self._clock() - at) / REFILL_S)


def _bucket(remote: str, client: str) -> str:
    if ":" in remote:
        try:
            remote = str(ipaddress.ip_network((remote.partition("%")[0], 64), strict=False))
        except ValueError:
            remote = "?"
    return f"{remote} {client[:100]}"
