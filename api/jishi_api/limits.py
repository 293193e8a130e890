"""How much one process takes on, how much one grant may ask, and what is said of it (edge of the road out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from jishi.errors import CallerError, JishiError

BODY_LIMIT_BYTES = 1024 * 1024
BODY_TIMEOUT_S = 20.0
"""A body that is not here by then is not waited for (408)."""

HEAD_LIMIT_BYTES = 32 * 1024
HEADER_LIMIT = 64
"""Bytes of request line and headers together, and the number of headers (431)."""

HEAD_TIMEOUT_S = 10.0
"""Time for the whole head of a request, from its first byte or the connection's first moment."""

WRITE_TIMEOUT_S = 20.0
WRITE_RATE = 8 * 1024
"""A reader must take something like this many bytes a second; one that falls behind for this long is cut off."""

SHED_HOLD_S = 0.1
"""A refusal for want of room is held back for a moment, so that those who ask again at once do not crowd out the rest."""
BUSY_HOLD_S = 0.4
"""Likewise where a database lane was asked for in vain."""


class Allowance(Protocol):
    """What a bucket says after a request was charged to it: within the limit or over it.

    ``limit`` requests (or subjects) in ``window_s`` seconds, ``remaining`` of them now, full again in ``reset_s``.
    """

    @property
    def name(self) -> str: ...  # rate or quota
    @property
    def allowed(self) -> bool: ...
    @property
    def limit(self) -> int: ...
    @property
    def remaining(self) -> int: ...
    @property
    def window_s(self) -> int: ...
    @property
    def reset_s(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Charged:
    """The plainest allowance."""

    name: str
    allowed: bool
    limit: int
    remaining: int
    window_s: int
    reset_s: int


def spend(request: Request, allowance: Allowance | None) -> None:
    """Let the answer tell what is left; CallerError ``QRY-RATE`` or ``QRY-QUOTA`` (429) where it is used up.

    None = the grant has no such limit.
    """
    if allowance is None:
        return
    allowances: list[Allowance] = request.scope["state"].setdefault("allowances", [])
    allowances.append(allowance)
    if not allowance.allowed:
        code = "QRY-QUOTA" if allowance.name == "quota" else "QRY-RATE"
        raise CallerError(code, limit=allowance.limit, seconds=max(1, allowance.reset_s))


def rate_headers(allowances: list[Allowance]) -> list[tuple[bytes, bytes]]:
    """``RateLimit`` and its policy (draft-ietf-httpapi-ratelimit-headers-10, section 3), and the older three names of
    the tightest one; ``Retry-After`` where it is used up.

    >>> rate_headers([Charged("rate", True, 60, 12, 60, 31)])[0]
    (b'RateLimit-Policy', b'"rate";q=60;w=60')
    """
    if not allowances:
        return []
    tightest = min(allowances, key=lambda one: (one.allowed, one.remaining / max(1, one.limit)))
    policies = ", ".join(f'"{one.name}";q={one.limit};w={one.window_s}' for one in allowances)
    left = ", ".join(f'"{one.name}";r={one.remaining};t={one.reset_s}' for one in allowances)
    told = {
        "RateLimit-Policy": policies,
        "RateLimit": left,
        "RateLimit-Limit": str(tightest.limit),
        "RateLimit-Remaining": str(tightest.remaining),
        "RateLimit-Reset": str(tightest.reset_s),
    }
    if not tightest.allowed:
        told["Retry-After"] = str(max(1, tightest.reset_s))
    return [(name.encode(), text.encode()) for name, text in told.items()]


def fault_of_head(headers: list[tuple[bytes, bytes]], path: bytes, query: bytes) -> JishiError | None:
    """``QRY-HEADERS`` (431) where the head of a request is larger than anybody needs, ``QRY-BODY-SIZE`` (413) where it
    announces too long a body; else None.
    """
    size = len(path) + len(query)
    announced = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"content-length" and value.isdigit():
            announced = int(value) if len(value) < 20 else BODY_LIMIT_BYTES + 1
    if size > HEAD_LIMIT_BYTES or len(headers) > HEADER_LIMIT:
        return CallerError("QRY-HEADERS", limit=HEAD_LIMIT_BYTES, headers=HEADER_LIMIT)
    if announced > BODY_LIMIT_BYTES:
        return CallerError("QRY-BODY-SIZE", limit=BODY_LIMIT_BYTES)
    return None
