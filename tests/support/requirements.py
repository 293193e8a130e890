"""Requirements of a standard, each kept by one check under its id: what the tests of its classes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

Check = Callable[[httpx.Client], None]


class Checks(dict[str, Check]):
    """Requirement id → check."""

    def requirement(self, name: str) -> Callable[[Check], Check]:
        """Keep what follows under the id; no id is kept twice, for the second would hide the first."""

        def keep(check: Check) -> Check:
            assert name not in self, f"{name} is checked twice"
            self[name] = check
            return check

        return keep


def got(asker: httpx.Client, path: str, **parameters: str) -> Any:
    """The document of an answer that must succeed."""
    answer = asker.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()
