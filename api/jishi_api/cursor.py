"""The opaque cursor of a page: the last row's place in the order, bound by a signature to the question it continues
(plan, road out)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from uuid import UUID

_TAG_BYTES = 16
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page: its uid and, where the page is sorted, its sort key as text (None = it has no value)."""

    uid: UUID
    key: str | None = None


def write(secret: bytes, question: str, last: Place) -> str:
    """A cursor after ``last``; ``question`` says everything but the page (collection, grant, filters, order, properties)."""
    place = json.dumps([last.uid.hex, last.key], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(secret, question, place) + place).rstrip(b"=").decode("ascii")


def read(secret: bytes, question: str, cursor: str) -> Place | None:
    """Where to go on after; None where the cursor was not written here for this question."""
    if len(cursor) > LONGEST:
        return None
    try:
        given = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    tag, place = given[:_TAG_BYTES], given[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(secret, question, place)):
        return None
    uid, key = json.loads(place)
    return Place(UUID(hex=uid), key)


def _tag(secret: bytes, question: str, place: bytes) -> bytes:
    return hmac.new(secret, place + b"\0" + question.encode("utf-8"), hashlib.sha256).digest()[:_TAG_BYTES]
