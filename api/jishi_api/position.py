"""Places in the change feed 变更位置: one number a register, bound by a signature to the client and its grants (plan, road out).

A position is worth nothing under another grant: what the new one opens was never told as a change. So it names the grants
it was given under, and where one of them is another now, its holder has to begin again from a baseline.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

_TAG_BYTES = 16
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Of one register: all up to change ``seq`` is known, as grant ``grant_id`` tells it."""

    seq: int
    grant_id: int


Position = Mapping[int, Place]
"""Register number → place."""


def write(secret: bytes, client_id: str, position: Position) -> str:
    """The position as a caller carries it."""
    told = [[number, place.seq, place.grant_id] for number, place in sorted(position.items())]
    body = json.dumps(told, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(secret, client_id, body) + body).rstrip(b"=").decode("ascii")


def read(secret: bytes, client_id: str, text: str) -> Position | None:
    """What :func:`write` wrote for this client; None for anything else."""
    if len(text) > LONGEST:
        return None
    try:
        given = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    tag, body = given[:_TAG_BYTES], given[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(secret, client_id, body)):
        return None
    return {number: Place(seq, grant_id) for number, seq, grant_id in json.loads(body)}


def _tag(secret: bytes, client_id: str, body: bytes) -> bytes:
    message = b"position\0" + client_id.encode() + b"\0" + body
    return hmac.new(secret, message, hashlib.sha256).digest()[:_TAG_BYTES]
